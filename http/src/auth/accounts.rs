//! Accounts as last seen, so that not every request asks the store. Changes made on this node show at
//! once, those of another node within two seconds.

use super::Auth;
use crate::api::error::ApiError;
use drumroll_actors::store::AccountRow;
use drumroll_engine::id::UserId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long what was seen is believed.
const FRESH: Duration = Duration::from_secs(2);

/// How many are kept; the whole map is dropped beyond that, which only costs look-ups.
const KEPT: usize = 10_000;

/// An account and whether its password is for one use.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The account.
    pub account: AccountRow,
    /// Whether it must set a password of its own first.
    pub must_change: bool,
}

/// The accounts last seen.
#[derive(Default)]
pub struct Accounts {
    seen: Mutex<HashMap<UserId, (Instant, Arc<Seen>)>>,
}

impl Accounts {
    /// Forgets an account that was changed.
    pub fn forget(&self, user: UserId) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(&user);
    }

    fn get(&self, user: UserId) -> Option<Arc<Seen>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // What keeps somebody out is looked at again: he may just have mended it, on another node.
        let lets_in = |seen: &Seen| seen.account.enabled && !seen.must_change;
        seen.get(&user).filter(|(at, seen)| at.elapsed() < FRESH && lets_in(seen)).map(|(_, seen)| seen.clone())
    }

    fn put(&self, asked_at: Instant, one: &Arc<Seen>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= KEPT {
            seen.clear();
        }
        seen.insert(one.account.user, (asked_at, one.clone()));
    }
}

impl Auth {
    /// An account, as last seen or from the store.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn account(&self, user: UserId) -> Result<Option<Arc<Seen>>, ApiError> {
        if let Some(seen) = self.accounts.get(user) {
            return Ok(Some(seen));
        }
        let asked_at = Instant::now();
        let store = self.node.store();
        let Some(account) = store.account(user).await? else { return Ok(None) };
        let must_change = store.credential(user).await?.is_none_or(|credential| credential.must_change);
        let seen = Arc::new(Seen { account, must_change });
        self.accounts.put(asked_at, &seen);
        Ok(Some(seen))
    }
}
