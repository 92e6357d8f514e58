//! Light openings: that one rank is one number, in a few hundred bytes instead of the whole ledger.
//!
//! A light check does not see overlaps or the order of the ledger, so at least one party runs the
//! full verifier. A dishonest tree could count tickets that do not exist, but a rank that falls on
//! one of them cannot be opened.

use std::fmt;

use super::tree::Node;
use super::{SOLD_COUNT_MAX, SoldRange};

/// On which side of the path a sibling stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The sibling's tickets come before ours.
    Left,
    /// The sibling's tickets come after ours.
    Right,
}

/// One sibling on the way from the leaf to the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it stands.
    pub side: Side,
    /// Tickets under it.
    pub count: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// A leaf and its siblings, leaf upwards; made by [`super::Ledger::opening`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The range that holds the rank.
    pub leaf: SoldRange,
    /// The siblings, the leaf's own first.
    pub path: Vec<Step>,
}

impl Opening {
    /// Checks the opening of `rank` against a lock's root and sold count, and returns the number
    /// that stands at the rank.
    ///
    /// # Errors
    /// [`OpeningError`], the first that applies.
    pub fn check(&self, ledger_root: &[u8; 32], sold_count: u64, rank: u64) -> Result<u64, OpeningError> {
        let length = self.leaf.count().ok_or(OpeningError::Leaf)?;
        let mut node = Node { count: length, hash: self.leaf.leaf_hash() };
        let mut before: u64 = 0;
        for step in &self.path {
            if step.count == 0 {
                return Err(OpeningError::EmptySibling);
            }
            let sibling = Node { count: step.count, hash: step.hash };
            let parent = match step.side {
                Side::Left => {
                    before = before.checked_add(step.count).ok_or(OpeningError::Count)?;
                    Node::parent(&sibling, &node)
                }
                Side::Right => Node::parent(&node, &sibling),
            };
            node = parent.ok_or(OpeningError::Count)?;
        }
        if node.count != sold_count || sold_count > SOLD_COUNT_MAX {
            return Err(OpeningError::Count);
        }
        if node.hash != *ledger_root {
            return Err(OpeningError::Root);
        }
        let offset = rank.checked_sub(before).filter(|&offset| offset < length).ok_or(OpeningError::Rank)?;
        Ok(self.leaf.first + offset)
    }
}

/// Why an opening proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpeningError {
    /// The leaf's range is inverted or all of `u64`.
    Leaf,
    /// A sibling with no tickets: no honest tree has one, and it would hide the real shape.
    EmptySibling,
    /// The counts overflow or do not add up to the lock's sold count.
    Count,
    /// The path does not lead to the lock's root.
    Root,
    /// The rank is not in this leaf.
    Rank,
}

impl fmt::Display for OpeningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Leaf => "the leaf is not a range",
            Self::EmptySibling => "a sibling holds no tickets",
            Self::Count => "the counts do not add up to the number of tickets sold",
            Self::Root => "the path does not lead to the ledger's root",
            Self::Rank => "the rank does not fall into this range",
        })
    }
}

impl std::error::Error for OpeningError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;

    fn ledger(leaves: u64) -> Ledger {
        let ranges = (0..leaves).map(|i| SoldRange { first: 10 * i + 1, last: 11 * i + 1, sale_hash: [7; 32] });
        Ledger::new(ranges.collect(), 0, u64::MAX).unwrap()
    }

    /// I10: a player can check one winner without the ledger, for every shape of tree up to 10 leaves.
    #[test]
    fn i10_every_rank_opens_to_its_number_and_to_no_other() {
        for leaves in 1..=10 {
            let ledger = ledger(leaves);
            let (tree, root, sold_count) = (ledger.tree(), ledger.root(), ledger.sold_count());
            assert_eq!(tree.root(), Node { count: sold_count, hash: root });
            for rank in 0..sold_count {
                let opening = ledger.opening(&tree, rank).unwrap();
                assert_eq!(opening.check(&root, sold_count, rank).ok(), ledger.number_at(rank));
                for other in
                    (0..sold_count + 2).filter(|&other| ledger.opening(&tree, other).as_ref() != Some(&opening))
                {
                    assert_eq!(opening.check(&root, sold_count, other), Err(OpeningError::Rank));
                }
            }
            assert_eq!(ledger.opening(&tree, sold_count), None);
        }
        assert_eq!(ledger(3).opening(&ledger(4).tree(), 0), None);
    }

    #[test]
    fn i10_an_altered_opening_proves_nothing() {
        let ledger = ledger(6);
        let (root, sold_count) = (ledger.root(), ledger.sold_count());
        let good = ledger.opening(&ledger.tree(), 7).unwrap();
        let check = |change: fn(&mut Opening)| {
            let mut opening = good.clone();
            change(&mut opening);
            opening.check(&root, sold_count, 7)
        };
        assert_eq!(check(|_| ()), Ok(32));
        assert_eq!(check(|o| o.leaf.sale_hash[0] ^= 1), Err(OpeningError::Root));
        assert_eq!(
            check(|o| (o.leaf.first, o.leaf.last) = (o.leaf.first + 1, o.leaf.last + 1)),
            Err(OpeningError::Root)
        );
        assert_eq!(check(|o| o.leaf.last += 1), Err(OpeningError::Count));
        assert_eq!(check(|o| (o.leaf.first, o.leaf.last) = (2, 1)), Err(OpeningError::Leaf));
        assert_eq!(check(|o| o.path[0].side = Side::Right), Err(OpeningError::Root));
        assert_eq!(check(|o| o.path[0].count = 0), Err(OpeningError::EmptySibling));
        assert_eq!(check(|o| o.path[0].count = u64::MAX), Err(OpeningError::Count));
        assert_eq!(check(|o| o.path.truncate(1)), Err(OpeningError::Count));
        assert_eq!(good.check(&[0; 32], sold_count, 7), Err(OpeningError::Root));
        assert_eq!(good.check(&root, sold_count + 1, 7), Err(OpeningError::Count));
    }
}
