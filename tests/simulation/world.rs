//! What everybody in a run shares: one clock, one source of chance, what was written down, what is wrong.

use crate::mutation::Mutation;
use crate::store::SimStore;
use drumroll_engine::time::Timestamp;
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::auditor::{Audit, audit, bytes};
use drumroll_tests::chance::Chance;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// When every run begins.
pub(crate) const START: Timestamp = Timestamp(1_800_000_000_000_000);

/// Milliseconds are dealt out to those who act, so that no two of them act in the same one: tokio wakes the
/// waiters of a `watch` in an order of its own, which must not decide anything.
const LANES: u64 = 16;

/// Who may act in which milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Frames of a handheld reach the server.
    Up(usize),
    /// Frames of the server reach a handheld.
    Down(usize),
    /// The store.
    Store,
    /// Counters.
    Counter,
    /// Online buyers.
    Buyer,
    /// The operator.
    Operator,
    /// What goes wrong.
    Fate,
    /// People with handhelds.
    Hand,
}

impl Lane {
    const fn rest(self) -> u64 {
        match self {
            Self::Up(device) => device as u64 % 4,
            Self::Down(device) => 4 + device as u64 % 4,
            Self::Store => 8,
            Self::Counter => 9,
            Self::Buyer => 10,
            Self::Operator => 11,
            Self::Fate => 12,
            Self::Hand => 13,
        }
    }
}

/// How wild a run is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) handhelds: usize,
    pub(crate) counters: usize,
    pub(crate) buyers: usize,
    /// Seconds between the opening and the announced close.
    pub(crate) window_s: u64,
    /// Of a thousand calls of the store, so many go wrong.
    pub(crate) store_faults: u64,
    /// Of a thousand messages of clients, so many are lost.
    pub(crate) losses: u64,
    /// Of a thousand frames of handhelds, so many are lost, doubled or late.
    pub(crate) frame_faults: u64,
    /// Seconds between two blows of fate, on average.
    pub(crate) calm_s: u64,
    /// Whether nodes' clocks are set.
    pub(crate) clock_jumps: bool,
}

impl Plan {
    fn of(mut chance: Chance) -> Self {
        Self {
            handhelds: *chance.of(&[0, 1, 1, 2, 2, 3]),
            counters: *chance.of(&[1, 1, 2]),
            buyers: *chance.of(&[1, 1, 2]),
            window_s: 30 + chance.below(50),
            store_faults: *chance.of(&[0, 20, 60, 150]),
            losses: *chance.of(&[0, 30, 100, 300]),
            frame_faults: *chance.of(&[0, 10, 40]),
            calm_s: *chance.of(&[5, 8, 12, 25]),
            clock_jumps: chance.below(5) == 0,
        }
    }
}

/// Something that must not be.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) check: String,
    pub(crate) detail: String,
}

/// What an answered payment promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promised {
    Ticket,
    Refund,
}

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) plan: Plan,
    pub(crate) mutation: Option<Mutation>,
    pub(crate) store: Arc<SimStore>,
    start: Instant,
    lines: Mutex<Vec<String>>,
    found: Mutex<Vec<Found>>,
    pub(crate) evidence: Mutex<Evidence>,
    /// What buyers were told of their payments.
    pub(crate) payments: Mutex<BTreeMap<[u8; 16], Promised>>,
    /// Sales that were decided after they were asked for at this true time, in milliseconds.
    pub(crate) asked_at: Mutex<BTreeMap<[u8; 16], u64>>,
    /// Milliseconds from the start at which sales close, as far as the operator knows; 0 before the opening.
    pub(crate) closes_ms: AtomicU64,
    /// Nothing goes wrong from now on.
    calm: AtomicBool,
    /// The operator is done, one way or another.
    pub(crate) over: AtomicBool,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(crate) fn new(seed: u64, mutation: Option<Mutation>) -> Arc<Self> {
        Arc::new(Self {
            seed,
            plan: Plan::of(Chance::new(seed)),
            mutation,
            store: Arc::new(SimStore::new(mutation)),
            start: Instant::now(),
            lines: Mutex::default(),
            found: Mutex::default(),
            evidence: Mutex::default(),
            payments: Mutex::default(),
            asked_at: Mutex::default(),
            closes_ms: AtomicU64::new(0),
            calm: AtomicBool::new(true),
            over: AtomicBool::new(false),
        })
    }

    pub(crate) fn has(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// A stream of choices of one's own: who else chooses how often does not matter.
    pub(crate) fn chance(&self, name: u64) -> Chance {
        let mut mixed = Chance::new(self.seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ name.wrapping_mul(0x9e37_79b9));
        Chance::new(mixed.bits())
    }

    /// Virtual milliseconds since the start.
    pub(crate) fn ms(&self) -> u64 {
        u64::try_from((Instant::now() - self.start).as_millis()).unwrap_or(u64::MAX)
    }

    /// Virtual microseconds since the start.
    pub(crate) fn us(&self) -> u64 {
        u64::try_from((Instant::now() - self.start).as_micros()).unwrap_or(u64::MAX)
    }

    /// True time.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(START.0 + self.us())
    }

    /// The first millisecond of a lane at or after `ms`.
    pub(crate) const fn aligned(ms: u64, lane: Lane) -> u64 {
        ms + (LANES + lane.rest() - ms % LANES) % LANES
    }

    /// Waits at least `ms`, and then for the lane's next turn.
    pub(crate) async fn pass(&self, lane: Lane, ms: u64) {
        self.until(lane, self.ms() + ms.max(1)).await;
    }

    /// Waits until the lane's first turn at or after `ms`.
    pub(crate) async fn until(&self, lane: Lane, ms: u64) {
        tokio::time::sleep_until(self.start + Duration::from_millis(Self::aligned(ms, lane))).await;
    }

    /// Whether things may go wrong.
    pub(crate) fn rough(&self) -> bool {
        !self.calm.load(Ordering::Relaxed)
    }

    pub(crate) fn set_rough(&self, rough: bool) {
        self.calm.store(!rough, Ordering::Relaxed);
    }

    /// Whether this one of a thousand goes wrong.
    pub(crate) fn strikes(&self, chance: &mut Chance, of_thousand: u64) -> bool {
        // Drawn in any case, so that calm does not shift what comes later.
        chance.below(1_000) < of_thousand && self.rough()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Writes a line of the trace. Nothing of the operating system's chance may stand in it.
    pub(crate) fn note(&self, line: impl AsRef<str>) {
        lock(&self.lines).push(format!("{:>7} {}", self.ms(), line.as_ref()));
    }

    pub(crate) fn find(&self, check: impl Into<String>, detail: impl Into<String>) {
        let found = Found { check: check.into(), detail: detail.into() };
        self.note(format!("FOUND {}: {}", found.check, found.detail));
        lock(&self.found).push(found);
        // One fault brings others; the first is what counts.
        self.over.store(true, Ordering::Relaxed);
    }

    /// Looks at the store and at what clients were promised so far.
    pub(crate) fn inspect(&self) -> Audit {
        let audit = audit(&self.store.books(), &lock(&self.evidence));
        for finding in &audit.findings.0 {
            self.find(format!("{:?}", finding.check), &finding.detail);
        }
        audit
    }

    pub(crate) fn findings(&self) -> Vec<Found> {
        lock(&self.found).clone()
    }

    pub(crate) fn trace(&self) -> Vec<String> {
        lock(&self.lines).clone()
    }
}

/// The hash of a trace.
pub(crate) fn digest(trace: &[String]) -> String {
    bytes::hex(&bytes::sha256(trace.join("\n").as_bytes()))
}
