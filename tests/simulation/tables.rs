//! The read models of the simulated store, and what the auditor reads of them.

use drumroll_actors::store::{
    CurvePoint, DeviceRow, DrawRow, FactRow, OrderRow, OrderStatus, RaffleRow, Row, SignificantRow, StreamId,
    TicketFilter, TicketRef, TicketRow, TicketState,
};
use drumroll_engine::id::{DeviceId, DrawId, OrderKey, OrganisationId, RaffleId};
use drumroll_engine::raffle::HoldEnd;
use drumroll_engine::ticket::NumberRange;
use drumroll_engine::time::Timestamp;
use drumroll_tests::auditor::books;
use serde_json::json;
use std::collections::BTreeMap;

/// Every row.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    raffles: BTreeMap<RaffleId, RaffleRow>,
    tickets: BTreeMap<(RaffleId, OrderKey), TicketRow>,
    /// By first number: the last one and the order (T-05).
    numbers: BTreeMap<(RaffleId, u64), (u64, OrderKey)>,
    orders: BTreeMap<(RaffleId, OrderKey), OrderRow>,
    facts: BTreeMap<(RaffleId, u64), FactRow>,
    draws: BTreeMap<DrawId, DrawRow>,
    devices: BTreeMap<DeviceId, DeviceRow>,
    organisations: BTreeMap<OrganisationId, String>,
    significant: Vec<SignificantRow>,
}

/// A row that may not come in.
pub(crate) struct Conflict(pub(crate) String);

impl Tables {
    /// Applies rows in order, all or none.
    pub(crate) fn apply(&mut self, rows: &[Row]) -> Result<(), Conflict> {
        // Among themselves first, then with what is here.
        let mut alone = Self::default();
        rows.iter().try_for_each(|row| alone.row(row))?;
        rows.iter().try_for_each(|row| self.fits(row))?;
        rows.iter().try_for_each(|row| self.row(row))
    }

    fn fits(&self, row: &Row) -> Result<(), Conflict> {
        let taken = match row {
            Row::Ticket(row) => {
                let sold = |range| self.is_sold(row.raffle, range);
                self.tickets.contains_key(&(row.raffle, row.order)) || row.ranges.iter().any(sold)
            }
            Row::Order(row) => self.orders.contains_key(&(row.raffle, row.order)),
            Row::Fact(row) => self.facts.contains_key(&(row.raffle, row.position)),
            _ => false,
        };
        if taken { Err(Conflict(format!("its place is taken: {row:?}"))) } else { Ok(()) }
    }

    fn is_sold(&self, raffle: RaffleId, range: &NumberRange) -> bool {
        let before = self.numbers.range((raffle, 0)..=(raffle, range.last())).next_back();
        before.is_some_and(|(_, (last, _))| *last >= range.first())
    }

    fn row(&mut self, row: &Row) -> Result<(), Conflict> {
        match row {
            Row::Raffle(row) => drop(self.raffles.insert(row.raffle, (**row).clone())),
            Row::Ticket(row) => self.ticket_sold(row)?,
            Row::TicketState { raffle, order, state, reason, at } => {
                if let Some(row) = self.tickets.get_mut(&(*raffle, *order)) {
                    (row.state, row.changed_at) = (*state, Some(*at));
                    row.reason.clone_from(reason);
                }
            }
            Row::VoidAll { raffle, reason, at } => {
                let of_raffle = self.tickets.values_mut().filter(|row| row.raffle == *raffle);
                for row in of_raffle.filter(|row| row.state != TicketState::Voided) {
                    (row.state, row.changed_at) = (TicketState::Voided, Some(*at));
                    row.reason = Some(reason.clone());
                }
            }
            Row::Order(row) => {
                if self.orders.insert((row.raffle, row.order), (**row).clone()).is_some() {
                    return Err(Conflict("an order stands there already".to_owned()));
                }
            }
            Row::OrderStatus { raffle, order, status, payment } => {
                if let Some(row) = self.orders.get_mut(&(*raffle, *order)) {
                    row.status = *status;
                    row.payment = payment.clone().or(row.payment.take());
                }
            }
            Row::RefundDue { raffle, order, reason, payment, at } => {
                if let Some(row) = self.orders.get_mut(&(*raffle, *order)) {
                    (row.refund_reason, row.refund_due_at) = (Some(*reason), Some(*at));
                    row.payment = payment.clone().or(row.payment.take());
                }
            }
            Row::Refunded { raffle, order, reference } => {
                if let Some(row) = self.orders.get_mut(&(*raffle, *order)) {
                    row.refund_reference = Some(reference.clone());
                }
            }
            Row::Fact(row) => {
                if self.facts.insert((row.raffle, row.position), row.clone()).is_some() {
                    return Err(Conflict("a fact stands at this position".to_owned()));
                }
            }
            Row::Draw(row) => drop(self.draws.insert(row.draw, *row)),
            Row::Organisation { organisation, name } => {
                drop(self.organisations.insert(*organisation, name.clone()));
            }
            Row::Device(row) => drop(self.devices.insert(row.device, row.clone())),
            Row::Significant(row) => self.significant.push(row.clone()),
            // Nobody logs in here.
            Row::Account(_) => {}
        }
        Ok(())
    }

    fn ticket_sold(&mut self, row: &TicketRow) -> Result<(), Conflict> {
        for range in &row.ranges {
            if self.is_sold(row.raffle, range) {
                return Err(Conflict(format!("numbers {range} are sold")));
            }
            self.numbers.insert((row.raffle, range.first()), (range.last(), row.order));
        }
        match self.tickets.insert((row.raffle, row.order), row.clone()) {
            Some(_) => Err(Conflict("an order has a ticket already".to_owned())),
            None => Ok(()),
        }
    }

    /// Takes every row of a journal away.
    pub(crate) fn clear(&mut self, stream: StreamId) {
        let raffle = stream.raffle;
        self.raffles.remove(&raffle);
        self.tickets.retain(|(of, _), _| *of != raffle);
        self.numbers.retain(|(of, _), _| *of != raffle);
        self.orders.retain(|(of, _), _| *of != raffle);
        self.facts.retain(|(of, _), _| *of != raffle);
        self.draws.retain(|_, row| row.raffle != raffle);
        self.significant.retain(|row| (row.organisation, row.raffle) != (stream.organisation, raffle));
        if raffle == RaffleId::NIL {
            self.organisations.remove(&stream.organisation);
            self.devices.retain(|_, row| row.organisation != stream.organisation);
        }
    }

    /// Every row of a journal.
    pub(crate) fn dump(&self, stream: StreamId) -> Vec<String> {
        let raffle = stream.raffle;
        let mut lines: Vec<String> = Vec::new();
        lines.extend(self.raffles.get(&raffle).map(|row| format!("{row:?}")));
        lines.extend(self.tickets.values().filter(|row| row.raffle == raffle).map(|row| format!("{row:?}")));
        lines.extend(self.numbers.iter().filter(|((of, _), _)| *of == raffle).map(|row| format!("{row:?}")));
        lines.extend(self.orders.values().filter(|row| row.raffle == raffle).map(|row| format!("{row:?}")));
        lines.extend(self.facts.values().filter(|row| row.raffle == raffle).map(|row| format!("{row:?}")));
        lines.extend(self.draws.values().filter(|row| row.raffle == raffle).map(|row| format!("{row:?}")));
        let own = |row: &&SignificantRow| (row.organisation, row.raffle) == (stream.organisation, raffle);
        lines.extend(self.significant.iter().filter(own).map(|row| format!("{row:?}")));
        if raffle == RaffleId::NIL {
            let own = |row: &&DeviceRow| row.organisation == stream.organisation;
            lines.extend(self.organisations.get(&stream.organisation).cloned());
            lines.extend(self.devices.values().filter(own).map(|row| format!("{row:?}")));
        }
        lines
    }

    pub(crate) fn raffle(&self, raffle: RaffleId) -> Option<RaffleRow> {
        self.raffles.get(&raffle).cloned()
    }

    pub(crate) fn raffles(
        &self,
        organisation: Option<OrganisationId>,
        after: Option<(Timestamp, RaffleId)>,
        limit: u32,
    ) -> Vec<RaffleRow> {
        let mut rows: Vec<_> = self.raffles.values().cloned().collect();
        rows.retain(|row| organisation.is_none_or(|organisation| row.organisation == organisation));
        rows.retain(|row| after.is_none_or(|after| (row.created_at, row.raffle) < after));
        rows.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.raffle)));
        rows.truncate(limit as usize);
        rows
    }

    pub(crate) fn ticket(&self, raffle: Option<RaffleId>, ticket: TicketRef) -> Option<TicketRow> {
        let mut rows = self.tickets.values().filter(|row| raffle.is_none_or(|raffle| row.raffle == raffle));
        let named = |row: &&TicketRow| match ticket {
            TicketRef::Order(order) => row.order == order,
            TicketRef::Validation(validation) => row.validation == validation,
        };
        rows.find(named).cloned()
    }

    pub(crate) fn ticket_of_number(&self, raffle: RaffleId, number: u64) -> Option<TicketRow> {
        let (_, (last, order)) = self.numbers.range((raffle, 0)..=(raffle, number)).next_back()?;
        if *last < number {
            return None;
        }
        self.tickets.get(&(raffle, *order)).cloned()
    }

    pub(crate) fn tickets(&self, raffle: RaffleId, filter: TicketFilter) -> Vec<TicketRow> {
        let mut rows: Vec<_> = self.tickets.values().filter(|row| row.raffle == raffle).cloned().collect();
        rows.retain(|row| row.seq > filter.after_seq);
        rows.retain(|row| filter.state.is_none_or(|state| row.state == state));
        rows.retain(|row| filter.channel.is_none_or(|channel| row.channel == channel));
        rows.sort_by_key(|row| row.seq);
        rows.truncate(filter.limit as usize);
        rows
    }

    pub(crate) fn curve(&self, raffle: RaffleId) -> Vec<CurvePoint> {
        let mut points: BTreeMap<u64, CurvePoint> = BTreeMap::new();
        let valid = |row: &&TicketRow| row.raffle == raffle && row.state != TicketState::Voided;
        for row in self.tickets.values().filter(valid) {
            let at = row.sold_at.0 - row.sold_at.0 % 60_000_000;
            let empty = CurvePoint { at: Timestamp(at), net_minor: 0, orders: 0, numbers: 0 };
            let point = points.entry(at).or_insert(empty);
            point.net_minor += row.price_minor;
            point.orders += 1;
            point.numbers += row.numbers;
        }
        points.into_values().collect()
    }

    pub(crate) fn order(&self, raffle: RaffleId, order: OrderKey) -> Option<OrderRow> {
        self.orders.get(&(raffle, order)).cloned()
    }

    pub(crate) fn open_orders(&self, limit: u32) -> Vec<OrderRow> {
        let mut rows: Vec<_> = self.orders.values().filter(|row| row.status == OrderStatus::Held).cloned().collect();
        rows.sort_by_key(|row| (row.made_at, row.order));
        rows.truncate(limit as usize);
        rows
    }

    pub(crate) fn refunds_due(&self, limit: u32) -> Vec<OrderRow> {
        let due = |row: &&OrderRow| row.refund_due_at.is_some() && row.refund_reference.is_none();
        let mut rows: Vec<_> = self.orders.values().filter(due).cloned().collect();
        rows.sort_by_key(|row| (row.refund_due_at, row.order));
        rows.truncate(limit as usize);
        rows
    }

    pub(crate) fn facts(&self, raffle: RaffleId, after: u64, limit: u32) -> Vec<FactRow> {
        let Some(first) = after.checked_add(1) else { return Vec::new() };
        let rows = self.facts.range((raffle, first)..=(raffle, u64::MAX)).take(limit as usize);
        rows.map(|(_, row)| row.clone()).collect()
    }

    pub(crate) fn draw(&self, draw: DrawId) -> Option<DrawRow> {
        self.draws.get(&draw).copied()
    }

    pub(crate) fn device(&self, device: DeviceId) -> Option<DeviceRow> {
        self.devices.get(&device).cloned()
    }

    pub(crate) fn organisations(&self) -> Vec<(OrganisationId, String)> {
        self.organisations.iter().map(|(id, name)| (*id, name.clone())).collect()
    }

    /// The rows as the auditor knows them.
    pub(crate) fn books(&self, books: &mut books::Books) {
        let ranges = self.numbers.iter().map(|((raffle, first), (last, order))| books::RangeRow {
            raffle: raffle.0,
            range: (*first, *last),
            order: order.0,
        });
        books.ranges = ranges.collect();
        books.tickets = self.tickets.values().map(ticket).collect();
        books.tickets.sort_by_key(|row| (row.raffle, row.seq));
        let raffles = self.raffles.values().map(|row| books::RaffleRow {
            raffle: row.raffle.0,
            event_number: row.event_number,
            status: row.status.as_str().to_owned(),
            jackpot_minor: row.jackpot_minor,
            gross_minor: row.gross_minor,
            voided_minor: row.voided_minor,
            tickets: row.tickets,
            numbers_sold: row.numbers_sold,
            seq: row.seq,
        });
        books.raffles = raffles.collect();
        let orders = self.orders.values().map(|row| books::OrderRow {
            raffle: row.raffle.0,
            order: row.order.0,
            status: status(row.status).to_owned(),
            price_minor: row.price_minor,
            refund: (row.refund_due_at.is_some(), row.refund_reference.is_some()),
        });
        books.orders = orders.collect();
        let facts = self.facts.values();
        books.facts =
            facts.map(|row| books::FactRow { raffle: row.raffle.0, position: row.position, seq: row.seq }).collect();
    }
}

fn ticket(row: &TicketRow) -> books::TicketRow {
    let ranges = row.ranges.iter().map(|range| json!({"first": range.first(), "last": range.last()}));
    books::TicketRow {
        raffle: row.raffle.0,
        order: row.order.0,
        seq: row.seq,
        validation: row.validation.to_bytes().to_vec(),
        channel: u64::from(row.channel.code()),
        device: row.device.map(|device| device.0),
        ranges: serde_json::Value::Array(ranges.collect()).to_string(),
        numbers: row.numbers,
        price_minor: row.price_minor,
        sold_at: row.sold_at.0,
        sale_hash: row.sale_hash.0.to_vec(),
        state: row.state.as_str().to_owned(),
    }
}

const fn status(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Held => "held",
        OrderStatus::Paid => "paid",
        OrderStatus::Ended(HoldEnd::Expired) => "expired",
        OrderStatus::Ended(HoldEnd::Declined) => "declined",
        OrderStatus::Ended(HoldEnd::Closed) => "closed",
        OrderStatus::Ended(HoldEnd::Cancelled) => "cancelled",
    }
}
