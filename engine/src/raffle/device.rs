//! A handheld as one raffle knows it.

use super::event::Identity;
use super::range_set::RangeSet;
use crate::bytes::Bytes;
use crate::ticket::{IssuerSlot, NumberRange};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a handheld stands in a raffle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceStatus {
    /// It takes part.
    Joined,
    /// Everything it sold is here and its unused numbers came back; it cannot sell in this raffle again.
    Final {
        /// When its final report was accepted.
        at: Timestamp,
    },
    /// It was written off.
    Lost {
        /// When.
        at: Timestamp,
        /// Who had it.
        operator: String,
        /// The money he handed in.
        money_collected_minor: u64,
        /// Why.
        reason: String,
    },
}

/// Sums over a device's uploaded records, accepted or quarantined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// Sale records.
    pub sales: u64,
    /// Their draw numbers.
    pub numbers: u64,
    /// Their money.
    pub amount_minor: u64,
    /// Misprint marks.
    pub misprints: u64,
    /// The last sale record's sequence number.
    pub last_sale_seq: u64,
}

/// What a handheld acknowledged, and when: from then on it was bound by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// When the acknowledgement arrived.
    pub at: Timestamp,
    /// The closing time.
    pub closes_at: Timestamp,
    /// Whether sales were suspended.
    pub suspended: bool,
}

/// One handheld's part in a raffle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its label.
    pub label: String,
    /// Its slot in validation numbers.
    pub slot: IssuerSlot,
    /// Where it stands.
    pub status: DeviceStatus,
    /// Every range it was given.
    pub leased: Vec<NumberRange>,
    /// Numbers it used, by accepted and by quarantined sales.
    pub used: RangeSet,
    /// Highest record known, 0 before the first: everything up to it is here.
    pub last_seq: u64,
    /// Hash of that record.
    pub head: Bytes<32>,
    /// Its stamp.
    pub last_at: Timestamp,
    /// The closing time it has acknowledged.
    pub closes_at: Option<Timestamp>,
    /// Whether it has acknowledged that sales are suspended.
    pub suspended: bool,
    /// Everything it acknowledged, oldest first.
    pub notices: Vec<Notice>,
    /// What it reported, whatever the verdicts: what its final report must agree with.
    pub reported: Reported,
    /// Tickets accepted.
    pub tickets: u64,
    /// Accepted sales in minor units.
    pub gross_minor: u64,
    /// Of these, voided.
    pub voided_minor: u64,
    /// Voided tickets.
    pub voided_tickets: u64,
    /// Tickets marked as misprinted, decided or not.
    pub misprinted: u64,
    /// Numbers of valid tickets.
    pub sold: u64,
    /// Numbers of voided tickets.
    pub voided: u64,
    /// Numbers returned by its final report.
    pub returned: u64,
    /// Numbers declared out of play.
    pub out_of_play: u64,
}

impl Device {
    /// A device that has just joined.
    pub fn new(label: String, slot: IssuerSlot) -> Self {
        Self {
            label,
            slot,
            status: DeviceStatus::Joined,
            leased: Vec::new(),
            used: RangeSet::default(),
            last_seq: 0,
            head: Bytes::default(),
            last_at: Timestamp::default(),
            closes_at: None,
            suspended: false,
            notices: Vec::new(),
            reported: Reported::default(),
            tickets: 0,
            gross_minor: 0,
            voided_minor: 0,
            voided_tickets: 0,
            misprinted: 0,
            sold: 0,
            voided: 0,
            returned: 0,
            out_of_play: 0,
        }
    }

    /// What it knew when it stamped something `at`: the latest notice it had acknowledged by then.
    pub fn knew_at(&self, at: Timestamp) -> Option<&Notice> {
        self.notices.iter().rev().find(|notice| notice.at <= at)
    }

    /// Numbers it was given in all.
    pub fn leased_count(&self) -> u64 {
        self.leased.iter().map(NumberRange::count).sum()
    }

    /// Its leased numbers that no record has used, ascending, joined where they touch.
    pub fn unused(&self) -> Vec<NumberRange> {
        let mut leased = self.leased.clone();
        leased.sort_unstable();
        let mut unused: Vec<NumberRange> = Vec::new();
        for gap in leased.iter().flat_map(|range| self.used.gaps_in(range)) {
            match unused.last_mut() {
                Some(last) if last.last() + 1 == gap.first() => {
                    *last = NumberRange::new(last.first(), gap.last()).expect("two neighbours make a range");
                }
                _ => unused.push(gap),
            }
        }
        unused
    }

    /// Whether `range` was given to it, possibly across neighbouring leases.
    pub fn holds(&self, range: &NumberRange) -> bool {
        let mut from = range.first();
        // Leases are few and mostly ascending; a range across k neighbours is found in k passes.
        while let Some(lease) = self.leased.iter().find(|lease| lease.contains(from)) {
            if lease.last() >= range.last() {
                return true;
            }
            from = lease.last() + 1;
        }
        false
    }

    /// Whether all of `ranges` were given to it, are disjoint, and no record has used them.
    pub fn may_use(&self, ranges: &[NumberRange]) -> bool {
        let disjoint =
            ranges.iter().enumerate().all(|(index, range)| ranges[..index].iter().all(|other| !other.overlaps(range)));
        disjoint && ranges.iter().all(|range| self.holds(range) && !self.used.overlaps(range))
    }

    /// Whether the reconciliation need not wait for it.
    pub fn settled(&self) -> bool {
        !matches!(self.status, DeviceStatus::Joined)
    }

    /// The count of its numbers: sums to what it was given (D-02).
    pub fn identity(&self) -> Identity {
        let reserved = self.leased_count() - self.sold - self.voided - self.returned - self.out_of_play;
        Identity {
            sold: self.sold,
            voided: self.voided,
            held: 0,
            reserved,
            out_of_play: self.out_of_play,
            unsold: self.returned,
        }
    }
}
