//! How often the worker asks about one order: soon, then less and less often, so that a provider that is
//! away is not hammered and its own limits are kept.

use super::PaymentKey;
use drumroll_engine::time::{Span, Timestamp};
use std::collections::{HashMap, HashSet};

/// The wait after the first time.
const FIRST: Span = Span::seconds(1);

/// The longest wait.
const LONGEST: Span = Span::seconds(60);

#[derive(Clone, Copy, Debug)]
struct Turn {
    next: Timestamp,
    wait: Span,
}

/// When each order of a list is next to be asked about.
#[derive(Debug, Default)]
pub(super) struct Patience {
    turns: HashMap<PaymentKey, Turn>,
    settled: HashSet<PaymentKey>,
}

impl Patience {
    /// Whether it is this order's turn.
    pub(super) fn is_due(&self, key: PaymentKey, now: Timestamp) -> bool {
        !self.settled.contains(&key) && self.turns.get(&key).is_none_or(|turn| turn.next <= now)
    }

    /// It was asked about in vain.
    pub(super) fn in_vain(&mut self, key: PaymentKey, now: Timestamp) {
        let turn = self.turns.entry(key).or_insert(Turn { next: now, wait: FIRST });
        turn.next = now + turn.wait;
        turn.wait = Span((turn.wait.0 * 2).min(LONGEST.0));
    }

    /// Nobody need ask about it again while it stays on the list.
    pub(super) fn settle(&mut self, key: PaymentKey) {
        self.turns.remove(&key);
        self.settled.insert(key);
    }

    /// Forgets what is no longer on the list.
    pub(super) fn keep(&mut self, listed: &HashSet<PaymentKey>) {
        self.turns.retain(|key, _| listed.contains(key));
        self.settled.retain(|key| listed.contains(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drumroll_engine::id::{OrderKey, RaffleId};

    #[test]
    fn waits_grow_to_their_bound_and_what_is_settled_rests() {
        let key = PaymentKey { raffle: RaffleId([1; 16]), order: OrderKey([2; 16]) };
        let (mut patience, mut now, mut waits) = (Patience::default(), Timestamp(1_000_000), Vec::new());
        for _ in 0..9 {
            assert!(patience.is_due(key, now));
            patience.in_vain(key, now);
            let began = now;
            while !patience.is_due(key, now) {
                now = now + Span::seconds(1);
            }
            waits.push(now.since(began).0 / 1_000_000);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        patience.settle(key);
        assert!(!patience.is_due(key, now + Span::seconds(86_400)));
        patience.keep(&HashSet::from([key]));
        assert!(!patience.is_due(key, now));
        patience.keep(&HashSet::new());
        assert!(patience.is_due(key, now), "forgotten with its list");
    }
}
