//! Read-model rows as set-based writes.

use super::decode::{kind_word, order_status_word, refund_reason_word};
use super::tables::{
    ACCOUNT_ORDINALS, ACCOUNTS, ADVANCE, DEVICES, DRAWS, EVENTS, FACTS, Fold, ORDER_CHANGES, ORDERS, ORGANISATIONS,
    RAFFLES, SIGNIFICANT, TICKET_RANGES, TICKET_STATES, TICKETS, Table, VOID_ALL,
};
use super::value::{Value, exact};
use crate::store::{Append, OrderRow, RaffleRow, Row, StreamId, TicketRow};
use drumroll_engine::journal::Record;
use std::collections::HashMap;

/// The rows of one kind of write.
pub(in crate::store) struct Rows<'a> {
    /// The kind.
    pub table: &'static Table,
    /// The rows, each as wide as the table.
    pub rows: Vec<Vec<Value<'a>>>,
    index: HashMap<Vec<[u8; 16]>, usize>,
}

impl<'a> Rows<'a> {
    pub(in crate::store) fn new(table: &'static Table) -> Self {
        Self { table, rows: Vec::new(), index: HashMap::new() }
    }

    pub(in crate::store) fn push(&mut self, row: Vec<Value<'a>>) {
        debug_assert_eq!(row.len(), self.table.width(), "a value for each column");
        if self.table.fold == Fold::Plain {
            self.rows.push(row);
            return;
        }
        let key = row[..self.table.key].iter().filter_map(|value| match value {
            Value::Id(id) => Some(*id),
            _ => None,
        });
        let at = *self.index.entry(key.collect()).or_insert(self.rows.len());
        match self.rows.get_mut(at) {
            None => self.rows.push(row),
            Some(earlier) if self.table.fold == Fold::Replace => *earlier = row,
            Some(earlier) => {
                for (old, new) in earlier.iter_mut().zip(row) {
                    if new != Value::Null {
                        *old = new;
                    }
                }
            }
        }
    }
}

/// Writes that may be made kind by kind, in the order given here, with the same result as row by row:
/// what is inserted is inserted before it changes, later changes of one row override earlier ones, and
/// no write of one kind reads another's rows.
pub(in crate::store) struct Phase<'a>(Vec<Rows<'a>>);

const ORDER: [&Table; 12] = [
    &TICKETS,
    &TICKET_RANGES,
    &TICKET_STATES,
    &ORDERS,
    &ORDER_CHANGES,
    &FACTS,
    &DRAWS,
    &SIGNIFICANT,
    &RAFFLES,
    &ORGANISATIONS,
    &ACCOUNTS,
    &DEVICES,
];

impl<'a> Phase<'a> {
    fn new() -> Self {
        Self(ORDER.into_iter().map(Rows::new).collect())
    }

    fn push(&mut self, table: &'static Table, row: Vec<Value<'a>>) {
        let rows = self.0.iter_mut().find(|rows| std::ptr::eq(rows.table, table)).expect("every table is in ORDER");
        rows.push(row);
    }

    /// What there is to write, in order.
    pub(in crate::store) fn writes(&self) -> impl Iterator<Item = &Rows<'a>> {
        self.0.iter().filter(|rows| !rows.rows.is_empty())
    }
}

/// The writes of any number of rows, phase after phase. Only voiding a whole raffle ends a phase: it
/// looks at rows that were written before it and must not see later ones.
pub(in crate::store) struct Plan<'a> {
    phases: Vec<Phase<'a>>,
    accounts: i64,
}

impl<'a> Plan<'a> {
    pub(in crate::store) fn new() -> Self {
        Self { phases: vec![Phase::new()], accounts: 0 }
    }

    /// The phases, in order.
    pub(in crate::store) fn phases(&self) -> &[Phase<'a>] {
        &self.phases
    }

    fn push(&mut self, table: &'static Table, row: Vec<Value<'a>>) {
        self.phases.last_mut().expect("a plan has a phase").push(table, row);
    }

    /// Adds a row of a journal.
    pub(in crate::store) fn add(&mut self, stream: StreamId, row: &'a Row) {
        let organisation = Value::Id(stream.organisation.0);
        match row {
            Row::Raffle(row) => self.push(&RAFFLES, raffle(row)),
            Row::Ticket(row) => {
                for range in &row.ranges {
                    let (first, last) = (exact(range.first()), exact(range.last()));
                    let order = Value::Id(row.order.0);
                    self.push(&TICKET_RANGES, vec![Value::Id(row.raffle.0), first, last, order, organisation.clone()]);
                }
                self.push(&TICKETS, ticket(row, organisation));
            }
            Row::TicketState { raffle, order, state, reason, at } => self.push(
                &TICKET_STATES,
                vec![
                    Value::Id(raffle.0),
                    Value::Id(order.0),
                    Value::text(state.as_str()),
                    Value::optional(reason.as_deref(), Value::text),
                    exact(at.0),
                ],
            ),
            Row::VoidAll { raffle, reason, at } => {
                let mut all = Rows::new(&VOID_ALL);
                all.push(vec![Value::Id(raffle.0), Value::text(reason.as_str()), exact(at.0)]);
                self.phases.push(Phase(vec![all]));
                self.phases.push(Phase::new());
            }
            Row::Order(row) => self.push(&ORDERS, order(row)),
            Row::OrderStatus { raffle, order, status, payment } => {
                let (status, payment) = (Value::text(order_status_word(*status)), optional_text(payment.as_ref()));
                let none = Value::Null;
                let ids = [Value::Id(raffle.0), Value::Id(order.0)];
                let [raffle, order] = ids;
                self.push(&ORDER_CHANGES, vec![raffle, order, status, payment, none.clone(), none.clone(), none]);
            }
            Row::RefundDue { raffle, order, reason, payment, at } => self.push(
                &ORDER_CHANGES,
                vec![
                    Value::Id(raffle.0),
                    Value::Id(order.0),
                    Value::Null,
                    optional_text(payment.as_ref()),
                    Value::text(refund_reason_word(*reason)),
                    exact(at.0),
                    Value::Null,
                ],
            ),
            Row::Refunded { raffle, order, reference } => {
                let mut row = vec![Value::Null; ORDER_CHANGES.width()];
                row[0] = Value::Id(raffle.0);
                row[1] = Value::Id(order.0);
                row[6] = Value::text(reference.as_str());
                self.push(&ORDER_CHANGES, row);
            }
            Row::Fact(row) => self.push(
                &FACTS,
                vec![
                    Value::Id(row.raffle.0),
                    exact(row.position),
                    exact(row.seq),
                    exact(row.at.0),
                    Value::text(row.kind.as_str()),
                    Value::text(row.data.as_str()),
                    organisation,
                ],
            ),
            Row::Draw(row) => self.push(
                &DRAWS,
                vec![
                    Value::Id(row.draw.0),
                    Value::Id(row.raffle.0),
                    Value::Id(row.organisation.0),
                    Value::Int(i64::from(row.draw_no)),
                ],
            ),
            Row::Organisation { organisation, name } => {
                self.push(&ORGANISATIONS, vec![Value::Id(organisation.0), Value::text(name.as_str())]);
            }
            Row::Account(row) => {
                self.accounts += 1;
                let position = self.accounts;
                self.push(
                    &ACCOUNTS,
                    vec![
                        Value::Id(row.user.0),
                        Value::Id(row.organisation.0),
                        Value::text(row.login.as_str()),
                        Value::text(login_key(&row.login)),
                        Value::text(row.name.as_str()),
                        Value::text(row.role.as_str()),
                        Value::Flag(row.enabled),
                        Value::Int(position),
                    ],
                );
            }
            Row::Device(row) => self.push(
                &DEVICES,
                vec![
                    Value::Id(row.device.0),
                    Value::Id(row.organisation.0),
                    Value::text(row.label.as_str()),
                    Value::optional(row.public_key.as_ref(), |key| Value::bytes(&key.0[..])),
                    Value::Flag(row.enabled),
                    exact(row.registered_at.0),
                    Value::optional(row.enrolled_at, |at| exact(at.0)),
                ],
            ),
            Row::Significant(row) => self.push(
                &SIGNIFICANT,
                vec![
                    Value::Id(row.organisation.0),
                    Value::Id(row.raffle.0),
                    exact(row.seq),
                    exact(row.at.0),
                    Value::text(row.code.as_str()),
                    Value::text(row.component.as_str()),
                    Value::text(row.actor.as_str()),
                    Value::text(row.detail.as_str()),
                ],
            ),
        }
    }
}

/// The form under which a login is found, in whatever case it is typed.
pub(super) fn login_key(login: &str) -> String {
    login.to_lowercase()
}

fn optional_text(text: Option<&String>) -> Value<'_> {
    Value::optional(text, |text| Value::text(text.as_str()))
}

fn optional_id(id: Option<[u8; 16]>) -> Value<'static> {
    Value::optional(id, Value::Id)
}

fn raffle(row: &RaffleRow) -> Vec<Value<'_>> {
    vec![
        Value::Id(row.raffle.0),
        Value::Id(row.organisation.0),
        exact(row.event_number),
        Value::text(row.name.as_str()),
        Value::text(kind_word(row.kind)),
        Value::text(row.status.as_str()),
        exact(row.created_at.0),
        Value::optional(row.sales_start, |at| exact(at.0)),
        Value::optional(row.closes_at, |at| exact(at.0)),
        optional_text(row.organisation_name.as_ref()),
        optional_text(row.location.as_ref()),
        optional_text(row.time_zone.as_ref()),
        optional_text(row.currency.as_ref()),
        exact(row.jackpot_minor),
        exact(row.gross_minor),
        exact(row.voided_minor),
        exact(row.tickets),
        exact(row.numbers_sold),
        exact(row.seq),
    ]
}

fn ticket<'a>(row: &'a TicketRow, organisation: Value<'a>) -> Vec<Value<'a>> {
    vec![
        Value::Id(row.raffle.0),
        Value::Id(row.order.0),
        exact(row.seq),
        Value::bytes(row.validation.to_bytes().to_vec()),
        Value::Int(i64::from(row.channel.code())),
        optional_id(row.device.map(|device| device.0)),
        optional_id(row.seller.map(|seller| seller.0)),
        Value::text(serde_json::to_string(&row.lines).expect("numbers are JSON")),
        Value::text(serde_json::to_string(&row.ranges).expect("numbers are JSON")),
        exact(row.numbers),
        exact(row.price_minor),
        exact(row.sold_at.0),
        Value::bytes(&row.sale_hash.0[..]),
        Value::bytes(&row.salt.0[..]),
        Value::text(row.state.as_str()),
        optional_text(row.reason.as_ref()),
        Value::optional(row.changed_at, |at| exact(at.0)),
        organisation,
    ]
}

fn order(row: &OrderRow) -> Vec<Value<'_>> {
    vec![
        Value::Id(row.raffle.0),
        Value::Id(row.order.0),
        Value::Id(row.organisation.0),
        Value::text(order_status_word(row.status)),
        exact(row.price_minor),
        exact(row.made_at.0),
        exact(row.expires_at.0),
        optional_text(row.payment.as_ref()),
        Value::optional(row.refund_reason, |reason| Value::text(refund_reason_word(reason))),
        Value::optional(row.refund_due_at, |at| exact(at.0)),
        optional_text(row.refund_reference.as_ref()),
    ]
}

/// The events of appends.
pub(in crate::store) fn events<'a>(appends: impl IntoIterator<Item = &'a Append>) -> Rows<'a> {
    let mut rows = Rows::new(&EVENTS);
    for append in appends {
        let key = append.stream.key();
        for (record, hash) in &append.records {
            rows.push(event(key, record, hash));
        }
    }
    rows
}

fn event<'a>(stream: [u8; 16], record: &'a Record, hash: &'a [u8; 32]) -> Vec<Value<'a>> {
    let (actor_kind, actor) = record.actor.parts();
    let (cause_kind, cause) = record.cause.parts();
    vec![
        Value::Id(stream),
        Value::Int(i64::from(record.format)),
        Value::Id(record.organisation.0),
        Value::Id(record.raffle.0),
        exact(record.epoch),
        exact(record.seq),
        exact(record.at.0),
        Value::Int(i64::from(actor_kind)),
        Value::Id(actor),
        optional_id(record.approver.map(|approver| approver.0)),
        Value::Int(i64::from(cause_kind)),
        Value::Id(cause),
        Value::bytes(&record.prev.0[..]),
        Value::bytes(&record.payload[..]),
        Value::bytes(&hash[..]),
    ]
}

/// Moves a journal from before the first of linked, well-formed appends to after the last.
pub(in crate::store) fn advance<'a>(rows: &mut Rows<'a>, first: &'a Append, last: &'a Append) {
    let ((begin, _), (end, hash)) = (&first.records[0], &last.records[last.records.len() - 1]);
    rows.push(vec![
        Value::Id(first.stream.key()),
        Value::Id(first.stream.organisation.0),
        Value::Id(first.stream.raffle.0),
        exact(first.epoch),
        exact(begin.seq - 1),
        Value::bytes(&begin.prev.0[..]),
        exact(end.seq),
        Value::bytes(&hash[..]),
        exact(end.at.0),
    ]);
}

/// An empty set of moves for [`advance`].
pub(in crate::store) fn moves<'a>() -> Rows<'a> {
    Rows::new(&ADVANCE)
}

/// Accounts with the order they had.
pub(in crate::store) fn ordinals(known: Vec<([u8; 16], u64)>) -> Rows<'static> {
    let mut rows = Rows::new(&ACCOUNT_ORDINALS);
    for (account, ordinal) in known {
        rows.push(vec![Value::Id(account), exact(ordinal)]);
    }
    rows
}
