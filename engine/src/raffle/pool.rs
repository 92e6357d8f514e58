//! A pool: the numbers of a channel, handed out sequentially.

use super::channel::PoolKind;
use super::event::Identity;
use crate::ticket::NumberRange;
use serde::{Deserialize, Serialize};

/// One pool's numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// Which.
    pub kind: PoolKind,
    /// Its share as configured.
    pub share: NumberRange,
    /// Never handed out, ascending.
    free: Vec<NumberRange>,
    /// How many of the free ones wait for a payment. A hold is a quantity: numbers are assigned when
    /// the money is there.
    pub held: u64,
    /// Numbers of valid tickets sold straight from the pool.
    pub sold: u64,
    /// Numbers of voided tickets sold straight from the pool.
    pub voided: u64,
}

impl Pool {
    /// A pool nothing was taken from.
    pub fn new(kind: PoolKind, share: NumberRange) -> Self {
        Self { kind, share, free: vec![share], held: 0, sold: 0, voided: 0 }
    }

    /// Numbers never handed out.
    pub fn free_count(&self) -> u64 {
        self.free.iter().map(NumberRange::count).sum()
    }

    /// Numbers that can be promised now: free and not held.
    pub fn available(&self) -> u64 {
        self.free_count() - self.held
    }

    /// The next `count` numbers in order, as one or more ranges. This function is the mapping from
    /// position to number (T-06 would replace it with a permutation).
    ///
    /// `None` when fewer are free. Holds are the caller's business.
    pub fn next(&self, count: u64) -> Option<Vec<NumberRange>> {
        let mut wanted = count;
        let mut taken = Vec::with_capacity(1);
        for range in &self.free {
            if wanted == 0 {
                break;
            }
            let part = NumberRange::starting_at(range.first(), wanted.min(range.count()))?;
            wanted -= part.count();
            taken.push(part);
        }
        (wanted == 0 && count > 0).then_some(taken)
    }

    /// Takes ranges that [`Pool::next`] named.
    ///
    /// # Panics
    /// When they are not the next ones: then the log holds two owners for a number.
    pub fn take(&mut self, ranges: &[NumberRange]) {
        for range in ranges {
            let front = self.free.first().copied().expect("a pool gave numbers it does not have");
            assert!(
                front.first() == range.first() && front.last() >= range.last(),
                "numbers {range} were not next in their pool"
            );
            if front.last() == range.last() {
                self.free.remove(0);
            } else {
                self.free[0] =
                    NumberRange::new(range.last() + 1, front.last()).expect("the rest of a range is a range");
            }
        }
    }

    /// The count of this pool's numbers, without those leased to devices.
    pub fn identity(&self) -> Identity {
        Identity {
            sold: self.sold,
            voided: self.voided,
            held: self.held,
            unsold: self.available(),
            ..Identity::default()
        }
    }
}
