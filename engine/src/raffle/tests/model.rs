//! A second opinion on money and ownership: it sees commands and answers only, knows every draw number by
//! itself, and shares no rule with the engine.

use super::world::{START, World};
use crate::device::{DevicePayload, Sale as DeviceSale};
use crate::id::{DeviceId, OrderKey};
use crate::money::Line;
use crate::raffle::{Answer, Channel, Command, Rejection, Resolution, Verdict};
use crate::ticket::NumberRange;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A ticket as the model knows it.
struct Ticket {
    numbers: Vec<u64>,
    cents: u64,
    valid: bool,
}

#[derive(Default)]
pub(super) struct Model {
    tickets: BTreeMap<OrderKey, Ticket>,
    /// Every number that was ever on a ticket.
    gone: BTreeMap<u64, OrderKey>,
    /// Orders that wait for a payment: what they buy, and until when.
    waiting: BTreeMap<OrderKey, (Vec<Line>, Timestamp)>,
    refunds: BTreeSet<OrderKey>,
    /// Uploaded sales that were set aside, and whether they were decided upon.
    aside: BTreeMap<(DeviceId, u64), (DeviceSale, bool)>,
    closes_at: Timestamp,
    over: bool,
    paused_since: Option<Timestamp>,
    pauses: Vec<(Timestamp, Timestamp)>,
}

/// The price list of the storm, by heart.
fn cost(lines: &[Line]) -> (u64, u64) {
    lines.iter().fold((0, 0), |(numbers, cents), line| {
        let (each, price) = [(1, 500), (20, 1_000), (5, 300)][line.package as usize - 1];
        (numbers + each * u64::from(line.quantity), cents + price * u64::from(line.quantity))
    })
}

/// The number ranges of the storm's pools, by heart.
fn pool(channel: Channel) -> (u64, u64) {
    match channel {
        Channel::Counter | Channel::Integration => (1, 3_000),
        Channel::Online => (3_001, 5_000),
        Channel::Rsu => (5_001, 9_000),
    }
}

impl Model {
    pub(super) fn new(closes_at: Timestamp) -> Self {
        Self { closes_at, ..Self::default() }
    }

    fn own(&mut self, key: OrderKey, channel: Channel, lines: &[Line], ranges: &[NumberRange], cents: u64) {
        let numbers: Vec<u64> = ranges.iter().flat_map(NumberRange::iter).collect();
        assert_eq!((numbers.len() as u64, cents), cost(lines), "numbers and price of {lines:?}");
        for number in &numbers {
            let (first, last) = pool(channel);
            assert!((first..=last).contains(number), "{number} is no number of {channel:?}");
            assert_eq!(self.gone.insert(*number, key), None, "I2: {number} was sold twice");
        }
        let before = self.tickets.insert(key, Ticket { numbers, cents, valid: true });
        assert!(before.is_none(), "I3: {key} was sold twice");
    }

    fn selling(&self, now: Timestamp) -> bool {
        !self.over && START <= now && now < self.closes_at
    }

    /// Takes note of one command and its answer.
    pub(super) fn observe(&mut self, now: Timestamp, command: &Command, answer: &Result<Answer, Rejection>) {
        let Ok(answer) = answer else { return };
        match (command, answer) {
            (Command::SellTickets(asked), Answer::Sold(sale)) => {
                assert!(self.selling(now) && self.paused_since.is_none(), "L-03: sold outside the window");
                self.own(asked.order, asked.channel, &asked.lines, &sale.ranges, sale.price_minor);
            }
            (Command::SellTickets(asked), Answer::OnRecord(key)) => {
                assert_eq!(*key, asked.order);
                assert_eq!(self.tickets[key].cents, cost(&asked.lines).1, "I3: the recorded sale is this one");
            }
            (Command::HoldOrder(asked), Answer::Held { expires_at, price_minor }) => {
                assert_eq!(*price_minor, cost(&asked.lines).1);
                if !self.waiting.contains_key(&asked.order) {
                    assert!(self.selling(now) && self.paused_since.is_none(), "L-03: held outside the window");
                    self.waiting.insert(asked.order, (asked.lines.clone(), *expires_at));
                }
            }
            (Command::ConfirmPayment(asked), Answer::Sold(sale)) => {
                let (lines, expires_at) = self.waiting.remove(&asked.order).expect("a payment finds its hold");
                assert!(self.selling(now) && now < expires_at, "a payment came too late and was taken");
                self.own(asked.order, Channel::Online, &lines, &sale.ranges, sale.price_minor);
            }
            (Command::ConfirmPayment(asked), Answer::RefundDue) => {
                assert!(!self.tickets.contains_key(&asked.order), "money for a ticket went back");
                self.refunds.insert(asked.order);
            }
            (Command::VoidTicket(asked), Answer::Done) => {
                let ticket = self.tickets.get_mut(&asked.order).expect("only tickets are voided");
                assert!(ticket.valid, "T-07: voided twice");
                ticket.valid = false;
            }
            (Command::CancelRaffle(_), Answer::Done) => {
                self.over = true;
                self.tickets.values_mut().for_each(|ticket| ticket.valid = false);
            }
            (Command::MoveClose(asked), Answer::Done) => {
                assert!(self.selling(now) || now < START, "a close that is due was moved");
                self.closes_at = asked.closes_at.max(now);
            }
            (Command::SuspendSales(_), Answer::Done) => self.paused_since = Some(now),
            (Command::ResumeSales(_), Answer::Done) => self.resume(now),
            (Command::PassTime(_), Answer::Done) if now >= self.closes_at => {
                self.resume(now);
                self.over = true;
            }
            (Command::RecordDevice(asked), Answer::Verdict(verdict)) => {
                let record = asked.record.record();
                let Ok(DevicePayload::Sale(sale)) = asked.record.payload() else { return };
                match verdict {
                    Verdict::Accepted => {
                        let stamp = record.server_at_us;
                        let latest = stamp.0 + u64::from(record.error_ms) * 1_000;
                        assert!(START <= stamp && latest < self.closes_at.0, "I8: accepted outside the window");
                        let paused = self.pauses.iter().any(|(from, until)| *from <= stamp && stamp < *until);
                        assert!(!paused && self.paused_since.is_none_or(|from| stamp < from), "sold in a pause");
                        self.own(sale.order_key, Channel::Rsu, &sale.lines, &sale.ranges, sale.price_minor);
                    }
                    Verdict::Quarantined(_) => {
                        self.aside.insert((record.device_id, record.seq), (sale.clone(), false));
                    }
                    Verdict::Known => {
                        let here = self.tickets.contains_key(&sale.order_key)
                            || self.aside.contains_key(&(record.device_id, record.seq));
                        assert!(here, "a sale was called known that is not on record");
                    }
                }
            }
            (Command::ResolveQuarantine(asked), Answer::Done) => {
                let (sale, decided) = self.aside.get_mut(&(asked.device, asked.seq)).expect("was set aside");
                assert!(!core::mem::replace(decided, true), "decided twice");
                let sale = sale.clone();
                if asked.resolution == Resolution::Accepted {
                    self.own(sale.order_key, Channel::Rsu, &sale.lines, &sale.ranges, sale.price_minor);
                }
            }
            _ => {}
        }
    }

    fn resume(&mut self, now: Timestamp) {
        if let Some(from) = self.paused_since.take() {
            self.pauses.push((from, now));
        }
    }

    /// Compares everything it knows with the raffle.
    pub(super) fn compare(&self, world: &World) {
        let raffle = &world.raffle;
        let (mut valid, mut gross, mut voided) = (BTreeSet::new(), 0, 0);
        for ticket in self.tickets.values() {
            gross += ticket.cents;
            if ticket.valid {
                valid.extend(&ticket.numbers);
            } else {
                voided += ticket.cents;
            }
        }
        let total = raffle.total();
        assert_eq!((total.gross_minor, total.voided_minor), (gross, voided), "I5");
        let sold: BTreeSet<u64> = raffle.sold_ledger().iter().flat_map(|range| range.first..=range.last).collect();
        assert_eq!(sold, valid, "I2: the sold numbers");
        let counts = raffle.identity();
        assert_eq!((counts.sold, counts.sold + counts.voided), (valid.len() as u64, self.gone.len() as u64), "I4");
        // Half of net sales, rounded down to the cent (D-09).
        assert_eq!(raffle.jackpot_minor(), ((gross - voided) / 2).min(1_000_000));
        for key in &self.refunds {
            assert!(raffle.orders[key].refund != crate::raffle::Refund::None, "money that came too late stays");
        }
    }
}
