//! Sold ranges, their validation, and the number that stands at a rank.

use std::fmt;

use super::tree::{self, SumTree};
use super::{Opening, Side, Step};
use crate::hash::Hasher;

/// The most tickets a ledger may hold: fewer than 2^63 (RDP-1 step 3).
pub const SOLD_COUNT_MAX: u64 = (1 << 63) - 1;

/// Consecutive sold draw numbers of one sale: a leaf of the ledger.
///
/// Plain data that anybody may have written; [`Ledger::new`] judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoldRange {
    /// The lowest number.
    pub first: u64,
    /// The highest number, itself sold.
    pub last: u64,
    /// Salted hash of the sale record; opaque here.
    pub sale_hash: [u8; 32],
}

impl SoldRange {
    /// How many tickets; `None` for an inverted range or one of all 2^64 numbers.
    pub const fn count(&self) -> Option<u64> {
        match self.last.checked_sub(self.first) {
            Some(steps) => steps.checked_add(1),
            None => None,
        }
    }

    /// The leaf's hash, `H("rdp1/leaf", u64 first ‖ u64 last ‖ sale_hash)`.
    pub fn leaf_hash(&self) -> [u8; 32] {
        Hasher::new("rdp1/leaf").u64(self.first).u64(self.last).bytes(&self.sale_hash).finish()
    }
}

/// The frozen, ordered set from which a draw picks (D-04): what is not in it cannot win.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    ranges: Vec<SoldRange>,
    /// For each range the number of tickets up to and including it: strictly ascending.
    ends: Vec<u64>,
}

impl Ledger {
    /// Judges ranges that claim to be a draw's eligible ledger; `number_first` and `number_last`
    /// are the plan's bounds, both included.
    ///
    /// Checked in this order, each over the whole list: strictly ascending without overlap, inside
    /// the bounds, neither empty nor 2^63 tickets or more.
    ///
    /// # Errors
    /// The first check that fails (RDP-1 step 3).
    pub fn new(ranges: Vec<SoldRange>, number_first: u64, number_last: u64) -> Result<Self, LedgerError> {
        let mut previous: Option<&SoldRange> = None;
        for (index, range) in ranges.iter().enumerate() {
            if range.last < range.first || previous.is_some_and(|previous| range.first <= previous.last) {
                return Err(LedgerError::Order { index });
            }
            previous = Some(range);
        }
        if let Some(index) = ranges.iter().position(|range| range.first < number_first || range.last > number_last) {
            return Err(LedgerError::Bounds { index });
        }
        if ranges.is_empty() {
            return Err(LedgerError::Empty);
        }
        let mut ends = Vec::with_capacity(ranges.len());
        let mut sold_count: u64 = 0;
        for range in &ranges {
            sold_count = range
                .count()
                .and_then(|count| sold_count.checked_add(count))
                .filter(|&sum| sum <= SOLD_COUNT_MAX)
                .ok_or(LedgerError::TooMany)?;
            ends.push(sold_count);
        }
        Ok(Self { ranges, ends })
    }

    /// The ranges, ascending.
    pub fn ranges(&self) -> &[SoldRange] {
        &self.ranges
    }

    /// How many ranges, i.e. leaves.
    pub fn range_count(&self) -> u64 {
        u64::try_from(self.ranges.len()).expect("no address space is wider than 64 bits")
    }

    /// How many tickets: from 1 to [`SOLD_COUNT_MAX`].
    pub fn sold_count(&self) -> u64 {
        *self.ends.last().expect("a ledger holds at least one range")
    }

    /// The sold number at `rank`, counted from 0 in ascending order; `None` from `sold_count` on
    /// (RDP-1 step 10).
    pub fn number_at(&self, rank: u64) -> Option<u64> {
        let (index, before) = self.locate(rank)?;
        Some(self.ranges[index].first + (rank - before))
    }

    /// The rank of a sold number; `None` if it is not in the ledger.
    pub fn rank_of(&self, number: u64) -> Option<u64> {
        let index = self.ranges.partition_point(|range| range.last < number);
        let range = self.ranges.get(index).filter(|range| range.first <= number)?;
        Some(self.before(index) + (number - range.first))
    }

    /// Root of the sum-Merkle tree over the ranges (RDP-1 step 3).
    pub fn root(&self) -> [u8; 32] {
        tree::root(&self.leaves()).hash
    }

    /// The whole tree, for many openings. About 80 bytes a range.
    pub fn tree(&self) -> SumTree {
        SumTree::new(self.leaves())
    }

    /// The proof that `rank` is its number. `tree` is [`Ledger::tree`] of this ledger; `None` if the
    /// rank is not sold or the tree is another ledger's by its number of leaves.
    pub fn opening(&self, tree: &SumTree, rank: u64) -> Option<Opening> {
        let (index, _) = self.locate(rank)?;
        if tree.leaf_count() != self.ranges.len() {
            return None;
        }
        let path = tree
            .path(index)
            .map(|(on_left, sibling)| Step {
                side: if on_left { Side::Left } else { Side::Right },
                count: sibling.count,
                hash: sibling.hash,
            })
            .collect();
        Some(Opening { leaf: self.ranges[index], path })
    }

    /// Index of the range that holds `rank`, and the tickets before that range.
    fn locate(&self, rank: u64) -> Option<(usize, u64)> {
        let index = self.ends.partition_point(|&end| end <= rank);
        (index < self.ends.len()).then(|| (index, self.before(index)))
    }

    /// Tickets before the range at `index`.
    fn before(&self, index: usize) -> u64 {
        index.checked_sub(1).map_or(0, |previous| self.ends[previous])
    }

    fn leaves(&self) -> Vec<tree::Node> {
        let mut before = 0;
        self.ranges
            .iter()
            .zip(&self.ends)
            .map(|(range, &end)| {
                let count = end - before;
                before = end;
                tree::Node { count, hash: range.leaf_hash() }
            })
            .collect()
    }
}

/// Why ranges are no ledger, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerError {
    /// The range at `index` is inverted, or does not begin above the one before it.
    Order {
        /// Position in the list, from 0.
        index: usize,
    },
    /// The range at `index` leaves the plan's number range.
    Bounds {
        /// Position in the list, from 0.
        index: usize,
    },
    /// Nothing is sold.
    Empty,
    /// 2^63 tickets or more.
    TooMany,
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order { index } => write!(f, "ledger range {index} is inverted or not above the range before it"),
            Self::Bounds { index } => write!(f, "ledger range {index} lies outside the plan's numbers"),
            Self::Empty => write!(f, "the ledger is empty"),
            Self::TooMany => write!(f, "the ledger holds 2^63 tickets or more"),
        }
    }
}

impl std::error::Error for LedgerError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn sold(first: u64, last: u64) -> SoldRange {
        SoldRange { first, last, sale_hash: [0; 32] }
    }

    fn judge(ranges: &[(u64, u64)], first: u64, last: u64) -> Result<u64, LedgerError> {
        Ledger::new(ranges.iter().map(|&(a, b)| sold(a, b)).collect(), first, last).map(|ledger| ledger.sold_count())
    }

    /// D-04: the pool is an ordered list of numbers sold inside the plan, and nothing else.
    #[test]
    fn d04_a_ledger_ascends_stays_inside_and_is_not_empty() {
        assert_eq!(judge(&[(1, 1), (2, 5), (9, 9)], 1, 9), Ok(6));
        for (ranges, error) in [
            (&[(2, 1)][..], LedgerError::Order { index: 0 }),
            (&[(1, 3), (3, 4)], LedgerError::Order { index: 1 }),
            (&[(5, 6), (1, 2)], LedgerError::Order { index: 1 }),
            (&[(1, 2), (1, 2)], LedgerError::Order { index: 1 }),
            (&[(0, 2)], LedgerError::Bounds { index: 0 }),
            (&[(1, 2), (9, 10)], LedgerError::Bounds { index: 1 }),
            // Order comes first, wherever it stands in the list.
            (&[(0, 2), (2, 3)], LedgerError::Order { index: 1 }),
            (&[], LedgerError::Empty),
        ] {
            assert_eq!(judge(ranges, 1, 9), Err(error), "{ranges:?}");
        }
    }

    #[test]
    fn counts_are_checked_up_to_the_edge_of_u64() {
        assert_eq!(judge(&[(0, u64::MAX)], 0, u64::MAX), Err(LedgerError::TooMany));
        assert_eq!(judge(&[(0, SOLD_COUNT_MAX)], 0, u64::MAX), Err(LedgerError::TooMany));
        assert_eq!(judge(&[(0, SOLD_COUNT_MAX - 1)], 0, u64::MAX), Ok(SOLD_COUNT_MAX));
        assert_eq!(judge(&[(1, SOLD_COUNT_MAX), (u64::MAX, u64::MAX)], 0, u64::MAX), Err(LedgerError::TooMany));
        let edge = Ledger::new(vec![sold(0, 0), sold(u64::MAX, u64::MAX)], 0, u64::MAX).unwrap();
        assert_eq!((edge.number_at(1), edge.number_at(2)), (Some(u64::MAX), None));
    }

    /// D-04: ranks are a bijection onto the sold numbers, so unsold and voided ones cannot occur.
    #[test]
    fn d04_ranks_enumerate_exactly_the_sold_numbers() {
        let ledger = Ledger::new(vec![sold(3, 5), sold(6, 6), sold(10, 12)], 1, 20).unwrap();
        let numbers: Vec<u64> = (0..).map_while(|rank| ledger.number_at(rank)).collect();
        assert_eq!(numbers, [3, 4, 5, 6, 10, 11, 12]);
        for number in 0..25 {
            let rank = numbers.iter().position(|&sold| sold == number).map(|rank| rank as u64);
            assert_eq!(ledger.rank_of(number), rank, "{number}");
        }
        assert_eq!(ledger.number_at(u64::MAX), None);
    }
}
