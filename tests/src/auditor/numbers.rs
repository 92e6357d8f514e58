//! Who has which draw number. The range is kept as a partition, so that every number stands in exactly one place
//! at every event (I4); a move from a place where it does not stand is a finding (I2).

use super::bytes::Id;
use std::collections::BTreeMap;

/// Where a number stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In no pool.
    Unassigned,
    /// In the pool of handhelds, online orders or the house.
    Free(Pool),
    /// Leased to a handheld, of unknown fate.
    Leased(Id),
    /// On a ticket that was set aside, from this handheld, under this number of its series.
    SetAside(Id, u64, Before),
    /// Given back by a handheld's final report.
    Returned(Id),
    /// On a valid ticket.
    Sold(Id),
    /// On a voided ticket.
    Voided(Id),
    /// Can no longer be sold or drawn.
    OutOfPlay,
}

/// Where a number that was set aside counts until somebody decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// As reserved.
    Leased,
    /// As unsold.
    Returned,
    /// As out of play.
    OutOfPlay,
}

/// A pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pool {
    /// Leased to handhelds.
    Rsu,
    /// Held and sold online.
    Online,
    /// Counter and integrated systems.
    Internal,
}

impl Pool {
    /// Reads either name of a pool.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "rsu" => Some(Self::Rsu),
            "online" => Some(Self::Online),
            "internal" | "counter" => Some(Self::Internal),
            _ => None,
        }
    }
}

/// The six counts of I4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// On valid tickets.
    pub sold: u64,
    /// On voided tickets.
    pub voided: u64,
    /// Promised to unpaid orders.
    pub held: u64,
    /// With handhelds.
    pub reserved: u64,
    /// Gone.
    pub out_of_play: u64,
    /// Never sold.
    pub unsold: u64,
}

impl Identity {
    /// The sum.
    pub fn total(&self) -> u64 {
        self.sold + self.voided + self.held + self.reserved + self.out_of_play + self.unsold
    }
}

/// The whole range.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    /// By first number: the last one and the place.
    spans: BTreeMap<u64, (u64, Place)>,
}

impl Numbers {
    /// A range nobody has anything of.
    pub fn new(first: u64, last: u64) -> Self {
        Self { spans: BTreeMap::from([(first, (last, Place::Unassigned))]) }
    }

    /// Moves a range to `to`. Answers the places it stood in that `from` does not allow, and `None` for numbers that
    /// do not exist; it is moved all the same, so that one fault is reported once.
    pub fn move_to(
        &mut self,
        (first, last): (u64, u64),
        to: Place,
        from: impl Fn(Place) -> bool,
    ) -> Vec<(u64, u64, Option<Place>)> {
        let mut wrong = Vec::new();
        if last < first {
            return vec![(first, last, None)];
        }
        self.split(first);
        if let Some(next) = last.checked_add(1) {
            self.split(next);
        }
        let touched: Vec<(u64, (u64, Place))> = self.spans.range(first..=last).map(|(at, span)| (*at, *span)).collect();
        let covered: u64 = touched.iter().map(|(at, (end, _))| end - at + 1).sum();
        if covered != last - first + 1 {
            wrong.push((first, last, None));
        }
        for (at, (end, place)) in touched {
            if !from(place) {
                wrong.push((at, end, Some(place)));
            }
            self.spans.insert(at, (end, to));
        }
        wrong
    }

    fn split(&mut self, at: u64) {
        let Some((first, (last, place))) = self.spans.range(..at).next_back().map(|(first, span)| (*first, *span))
        else {
            return;
        };
        if last >= at {
            self.spans.insert(first, (at - 1, place));
            self.spans.insert(at, (last, place));
        }
    }

    /// The spans in a place, ascending.
    pub fn spans(&self) -> impl Iterator<Item = (u64, u64, Place)> {
        self.spans.iter().map(|(first, (last, place))| (*first, *last, *place))
    }

    /// How many numbers stand where `wanted` says.
    pub fn count(&self, wanted: impl Fn(Place) -> bool) -> u64 {
        self.spans().filter(|(_, _, place)| wanted(*place)).map(|(first, last, _)| last - first + 1).sum()
    }

    /// Where a number stands.
    pub fn place(&self, number: u64) -> Option<Place> {
        let (_, (last, place)) = self.spans.range(..=number).next_back()?;
        (*last >= number).then_some(*place)
    }

    /// The six counts; `held` numbers of those that are free wait for a payment.
    pub fn identity(&self, held: u64, mut wanted: impl FnMut(u64, u64) -> bool) -> Identity {
        let mut identity = Identity::default();
        for (first, last, place) in self.spans().filter(|(first, last, _)| wanted(*first, *last)) {
            let count = last - first + 1;
            let part = match place {
                Place::Sold(_) => &mut identity.sold,
                Place::Voided(_) => &mut identity.voided,
                Place::Leased(_) | Place::SetAside(_, _, Before::Leased) => &mut identity.reserved,
                Place::OutOfPlay | Place::SetAside(_, _, Before::OutOfPlay) => &mut identity.out_of_play,
                Place::Unassigned | Place::Free(_) | Place::Returned(_) | Place::SetAside(_, _, Before::Returned) => {
                    &mut identity.unsold
                }
            };
            *part += count;
        }
        identity.unsold = identity.unsold.saturating_sub(held);
        identity.held = held;
        identity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_in_one_place_and_a_second_sale_of_it_shows_i2() {
        let (a, b) = ([1; 16], [2; 16]);
        let free = |place| place == Place::Unassigned;
        let mut numbers = Numbers::new(1, 100);
        assert_eq!(numbers.move_to((10, 19), Place::Sold(a), free), vec![]);
        assert_eq!(numbers.move_to((19, 25), Place::Sold(b), free), vec![(19, 19, Some(Place::Sold(a)))]);
        assert_eq!(numbers.move_to((100, 101), Place::Sold(b), free), vec![(100, 101, None)]);
        assert_eq!(numbers.move_to((9, 8), Place::Sold(b), free), vec![(9, 8, None)]);
        assert_eq!(numbers.place(10), Some(Place::Sold(a)));
        assert_eq!(numbers.place(19), Some(Place::Sold(b)));
        assert_eq!(numbers.place(101), None);
        let identity = numbers.identity(3, |_, _| true);
        assert_eq!((identity.sold, identity.unsold, identity.held, identity.total()), (17, 80, 3, 100));
    }
}
