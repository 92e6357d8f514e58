//! Ranges of consecutive draw numbers, the unit in which tickets are sold and stored.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Consecutive draw numbers from `first` to `last`, both included, so never empty.
///
/// The fields are private because every holder relies on `first <= last` and on a count that fits
/// a `u64`. In JSON: `{"first":1,"last":100}`, as numbers; reading refuses what [`NumberRange::new`]
/// refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Ends", into = "Ends")]
pub struct NumberRange {
    first: u64,
    last: u64,
}

impl NumberRange {
    /// The range from `first` to `last`, both included.
    ///
    /// # Errors
    /// [`InvalidRange`] if `last < first`, or if the range is all 2^64 numbers, whose count no
    /// `u64` holds.
    pub const fn new(first: u64, last: u64) -> Result<Self, InvalidRange> {
        if last < first || last - first == u64::MAX {
            return Err(InvalidRange { first, last });
        }
        Ok(Self { first, last })
    }

    /// The `count` numbers that begin at `first`; `None` for a count of zero or an end beyond `u64`.
    pub const fn starting_at(first: u64, count: u64) -> Option<Self> {
        let Some(steps) = count.checked_sub(1) else { return None };
        match first.checked_add(steps) {
            Some(last) => Some(Self { first, last }),
            None => None,
        }
    }

    /// The lowest number.
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// The highest number, itself part of the range.
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// How many numbers there are, at least one.
    pub const fn count(&self) -> u64 {
        self.last - self.first + 1
    }

    /// Whether `number` lies in the range.
    pub const fn contains(&self, number: u64) -> bool {
        self.first <= number && number <= self.last
    }

    /// Whether all of `other` lies in this range.
    pub const fn contains_range(&self, other: &Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// Whether the two ranges share a number (T-05).
    pub const fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// The numbers, ascending.
    pub const fn iter(&self) -> std::ops::RangeInclusive<u64> {
        self.first..=self.last
    }
}

/// `5-9`, or `5` for a single number.
impl fmt::Display for NumberRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

/// The two numbers do not make a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRange {
    /// The lower end that was given.
    pub first: u64,
    /// The upper end that was given.
    pub last: u64,
}

impl fmt::Display for InvalidRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.last < self.first {
            write!(f, "a range cannot end at {} and start at {}", self.last, self.first)
        } else {
            write!(f, "a range of all 2^64 numbers has no count")
        }
    }
}

impl std::error::Error for InvalidRange {}

/// The serialised form, not yet judged.
#[derive(Serialize, Deserialize)]
struct Ends {
    first: u64,
    last: u64,
}

impl TryFrom<Ends> for NumberRange {
    type Error = InvalidRange;

    fn try_from(ends: Ends) -> Result<Self, InvalidRange> {
        Self::new(ends.first, ends.last)
    }
}

impl From<NumberRange> for Ends {
    fn from(range: NumberRange) -> Self {
        Self { first: range.first, last: range.last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u64, last: u64) -> NumberRange {
        NumberRange::new(first, last).unwrap()
    }

    #[test]
    fn a_range_is_never_empty_and_always_countable() {
        assert_eq!(range(7, 7).count(), 1);
        assert_eq!(range(1, u64::MAX).count(), u64::MAX);
        assert!(NumberRange::new(8, 7).is_err());
        assert!(NumberRange::new(0, u64::MAX).is_err());
        assert_eq!(NumberRange::starting_at(5, 3), Some(range(5, 7)));
        assert_eq!(NumberRange::starting_at(5, 0), None);
        assert_eq!(NumberRange::starting_at(u64::MAX, 2), None);
    }

    /// T-05 rests on this predicate.
    #[test]
    fn t05_overlap_means_sharing_a_number() {
        let small = 0..6u64;
        for (a, b) in small.clone().flat_map(|a| small.clone().map(move |b| (a, b))).filter(|(a, b)| a <= b) {
            for (c, d) in small.clone().flat_map(|c| small.clone().map(move |d| (c, d))).filter(|(c, d)| c <= d) {
                let shares = (a..=b).any(|n| (c..=d).contains(&n));
                assert_eq!(range(a, b).overlaps(&range(c, d)), shares, "{a}-{b} {c}-{d}");
                let within = (c..=d).all(|n| range(a, b).contains(n));
                assert_eq!(range(a, b).contains_range(&range(c, d)), within, "{a}-{b} {c}-{d}");
            }
        }
    }

    #[test]
    fn json_is_two_numbers_and_reading_refuses_an_inverted_range() {
        let text = serde_json::to_string(&range(1, 120)).unwrap();
        assert_eq!(text, r#"{"first":1,"last":120}"#);
        assert_eq!(serde_json::from_str::<NumberRange>(&text).unwrap(), range(1, 120));
        assert!(serde_json::from_str::<NumberRange>(r#"{"first":2,"last":1}"#).is_err());
        assert!(serde_json::from_str::<NumberRange>(r#"{"first":0,"last":18446744073709551615}"#).is_err());
    }
}
