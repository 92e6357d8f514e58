//! A set of draw numbers as merged ranges.

use crate::ticket::NumberRange;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Disjoint, merged ranges. A handheld sells sequentially, so its used numbers are one or two ranges
/// however many tickets it sold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeSet {
    /// First number → last number.
    ranges: BTreeMap<u64, u64>,
}

impl RangeSet {
    /// Whether any number of `range` is in the set.
    pub fn overlaps(&self, range: &NumberRange) -> bool {
        self.ranges.range(..=range.last()).next_back().is_some_and(|(_, last)| *last >= range.first())
    }

    /// Adds a range that does not overlap the set.
    ///
    /// # Panics
    /// When it does: the caller has judged before.
    pub fn insert(&mut self, range: NumberRange) {
        assert!(!self.overlaps(&range), "numbers {range} are used twice");
        let (mut first, mut last) = (range.first(), range.last());
        if let Some((before_first, before_last)) = self.ranges.range(..first).next_back().map(|(f, l)| (*f, *l))
            && before_last + 1 == first
        {
            self.ranges.remove(&before_first);
            first = before_first;
        }
        if let Some(after_last) = self.ranges.remove(&(last + 1)) {
            last = after_last;
        }
        self.ranges.insert(first, last);
    }

    /// Numbers in the set.
    pub fn count(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// What is left of `range` after taking the set out, ascending.
    pub fn gaps_in(&self, range: &NumberRange) -> Vec<NumberRange> {
        let mut gaps = Vec::new();
        let mut from = range.first();
        let start = self.ranges.range(..=range.first()).next_back().map_or(range.first(), |(first, _)| *first);
        for (first, last) in self.ranges.range(start..=range.last()) {
            if *last < from {
                continue;
            }
            if let Some(before) = first.checked_sub(1)
                && let Ok(gap) = NumberRange::new(from, before)
                && before >= from
            {
                gaps.push(gap);
            }
            from = last + 1;
        }
        if from <= range.last() {
            gaps.extend(NumberRange::new(from, range.last()));
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u64, last: u64) -> NumberRange {
        NumberRange::new(first, last).unwrap()
    }

    #[test]
    fn neighbours_merge_and_gaps_are_what_is_left() {
        let mut set = RangeSet::default();
        for part in [range(1, 3), range(7, 9), range(4, 6), range(20, 20)] {
            set.insert(part);
        }
        assert_eq!(set.ranges.len(), 2);
        assert_eq!(set.count(), 10);
        assert_eq!(set.gaps_in(&range(1, 30)), [range(10, 19), range(21, 30)]);
        assert_eq!(set.gaps_in(&range(5, 8)), []);
        assert_eq!(set.gaps_in(&range(0, 0)), [range(0, 0)]);
        assert_eq!(set.gaps_in(&range(9, 20)), [range(10, 19)]);
        for (probe, hit) in [(range(0, 0), false), (range(9, 12), true), (range(10, 19), false), (range(0, 40), true)] {
            assert_eq!(set.overlaps(&probe), hit, "{probe}");
        }
    }
}
