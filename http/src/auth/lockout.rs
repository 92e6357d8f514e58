//! Failures on logins that nobody has. They lock like the others, or the lock would tell who exists.

use drumroll_engine::hash::sha256;
use drumroll_engine::time::{Span, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How many are remembered; beyond that all are forgotten, which only helps somebody guessing at nobody.
const KEPT: usize = 10_000;

#[derive(Clone, Copy, Default)]
struct Failures {
    count: u32,
    locked_until: Timestamp,
}

/// Failures by the hash of the login.
#[derive(Default)]
pub struct UnknownLogins {
    failures: Mutex<HashMap<[u8; 32], Failures>>,
}

impl UnknownLogins {
    /// Until when the login is locked.
    pub fn locked_until(&self, login: &str, now: Timestamp) -> Option<Timestamp> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(&sha256(login.as_bytes())).map(|known| known.locked_until).filter(|until| now < *until)
    }

    /// Counts a failure.
    pub fn failed(&self, login: &str, now: Timestamp, failures_max: u32, lock: Span) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= KEPT {
            failures.clear();
        }
        let known = failures.entry(sha256(login.as_bytes())).or_default();
        known.count += 1;
        if known.count >= failures_max {
            *known = Failures { count: 0, locked_until: now + lock };
        }
    }
}
