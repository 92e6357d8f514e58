//! Ids, events and rows to try a store with.

use crate::store::{
    Append, Appended, Loaded, OrderRow, OrderStatus, RaffleRow, Row, Store, StoreFuture, StreamId, TicketRow,
    TicketState,
};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::hash::sha256;
use drumroll_engine::id::{OrderKey, OrganisationId, RaffleId, UserId};
use drumroll_engine::journal::{Actor, Cause, FORMAT, Head, Record};
use drumroll_engine::money::Line;
use drumroll_engine::raffle::{Channel, Kind, Status};
use drumroll_engine::ticket::{IssuerSlot, NumberRange, ValidationNumber};
use drumroll_engine::time::Timestamp;

/// One case: a store, and ids that no other case and no other run uses.
pub struct Case<'a> {
    /// The store.
    pub store: &'a dyn Store,
    run: [u8; 8],
    number: u32,
}

impl<'a> Case<'a> {
    /// A case with this number.
    pub fn new(store: &'a dyn Store, number: u32) -> Self {
        let mut run = [0; 8];
        getrandom::fill(&mut run).expect("the system has random numbers");
        Self { store, run, number }
    }

    /// The case's id with this number; those of one case are in the order of their numbers.
    pub fn id(&self, number: u32) -> [u8; 16] {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.run);
        id[8..12].copy_from_slice(&self.number.to_be_bytes());
        id[12..].copy_from_slice(&number.to_be_bytes());
        id
    }

    /// A hash that no other number has.
    pub fn hash(&self, number: u32) -> [u8; 32] {
        sha256(&self.id(number))
    }

    /// The case's organisation.
    pub fn organisation(&self) -> OrganisationId {
        OrganisationId(self.id(0))
    }

    /// A raffle's journal.
    pub fn stream(&self, number: u32) -> StreamId {
        StreamId { organisation: self.organisation(), raffle: RaffleId(self.id(number)) }
    }

    /// Claims a raffle's journal that has no events yet.
    pub async fn owner(&self, number: u32) -> Owner {
        Owner::new(self.stream(number), &ok(self.store.claim(self.stream(number))).await)
    }

    /// Claims the organisation's own journal.
    pub async fn organisation_owner(&self) -> Owner {
        let stream = StreamId::organisation(self.organisation());
        Owner::new(stream, &ok(self.store.claim(stream)).await)
    }

    /// Appends and returns the outcomes.
    pub async fn append(&self, batch: &[Append]) -> Vec<Appended> {
        ok(self.store.append(batch)).await
    }

    /// Appends what must go in.
    pub async fn commit(&self, batch: &[Append]) {
        let outcomes = self.append(batch).await;
        assert!(outcomes.iter().all(|outcome| *outcome == Appended::Committed), "{outcomes:?}");
    }

    /// A ticket of a raffle: order `order`, `count` numbers from `first`, sold at the minute `order`.
    pub fn ticket(&self, raffle: RaffleId, order: u32, seq: u64, first: u64, count: u64) -> TicketRow {
        let slot = IssuerSlot::new(7).expect("slot 7 exists");
        let random = self.hash(order)[..8].try_into().expect("eight bytes");
        TicketRow {
            raffle,
            order: OrderKey(self.id(order)),
            seq,
            validation: ValidationNumber::new(slot, random),
            channel: Channel::Counter,
            device: None,
            seller: Some(UserId(self.id(9_999))),
            lines: vec![Line { package: 1, quantity: 2 }, Line { package: 3, quantity: 1 }],
            ranges: vec![range(first, count)],
            numbers: count,
            price_minor: 500,
            sold_at: Timestamp(u64::from(order) * 60_000_000 + 7),
            sale_hash: Bytes(self.hash(order)),
            salt: Bytes(self.hash(order + 1)),
            state: TicketState::Valid,
            reason: None,
            changed_at: None,
        }
    }

    /// An online order that waits for its payment.
    pub fn order(&self, raffle: RaffleId, order: u32) -> OrderRow {
        OrderRow {
            raffle,
            organisation: self.organisation(),
            order: OrderKey(self.id(order)),
            status: OrderStatus::Held,
            price_minor: 1_000,
            made_at: Timestamp(u64::from(order)),
            expires_at: Timestamp(u64::from(order) + 600_000_000),
            payment: None,
            refund_reason: None,
            refund_due_at: None,
            refund_reference: None,
        }
    }

    /// A raffle's summary.
    pub fn raffle(&self, number: u32, status: Status, created_at: u64) -> RaffleRow {
        RaffleRow {
            raffle: RaffleId(self.id(number)),
            organisation: self.organisation(),
            event_number: u64::from(number),
            name: format!("Raffle {number} – 50/50 ’…"),
            kind: Kind::Live,
            status,
            created_at: Timestamp(created_at),
            sales_start: Some(Timestamp(1)),
            closes_at: None,
            organisation_name: Some("Club".to_owned()),
            location: None,
            time_zone: Some("America/Toronto".to_owned()),
            currency: Some("CAD".to_owned()),
            jackpot_minor: 1,
            gross_minor: 2,
            voided_minor: 3,
            tickets: 4,
            numbers_sold: 5,
            seq: 1,
        }
    }
}

/// Unwraps a store's answer.
///
/// # Panics
/// If it is an error.
pub(super) async fn ok<T>(answer: StoreFuture<'_, T>) -> T {
    answer.await.unwrap_or_else(|problem| panic!("the store failed: {problem}"))
}

pub(super) fn range(first: u64, count: u64) -> NumberRange {
    NumberRange::starting_at(first, count).expect("a range")
}

pub(super) fn tickets(rows: impl IntoIterator<Item = TicketRow>) -> Vec<Row> {
    rows.into_iter().map(|row| Row::Ticket(Box::new(row))).collect()
}

/// Whoever writes a journal: its epoch and where it thinks the end is.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The journal.
    pub stream: StreamId,
    /// The epoch claimed.
    pub epoch: u64,
    /// The end.
    pub head: Head,
}

impl Owner {
    /// The owner after a claim.
    pub fn new(stream: StreamId, loaded: &Loaded) -> Self {
        Self { stream, epoch: loaded.epoch, head: loaded.head }
    }

    /// The next append: an event for each payload, and rows.
    pub fn next(&mut self, payloads: &[&[u8]], rows: Vec<Row>) -> Append {
        let records = payloads
            .iter()
            .map(|payload| {
                let record = Record {
                    format: FORMAT,
                    organisation: self.stream.organisation,
                    raffle: self.stream.raffle,
                    epoch: self.epoch,
                    seq: self.head.seq + 1,
                    at: Timestamp(self.head.at.0 + 1),
                    actor: Actor::User(UserId([3; 16])),
                    approver: None,
                    cause: Cause::DeviceRecord(self.head.seq + 1),
                    prev: self.head.hash,
                    payload: payload.to_vec(),
                };
                self.sign(record)
            })
            .collect();
        Append { stream: self.stream, epoch: self.epoch, records, rows }
    }

    /// Moves on to a record, however it was made.
    pub fn sign(&mut self, record: Record) -> (Record, [u8; 32]) {
        let hash = record.hash();
        self.head = Head { seq: record.seq, hash: Bytes(hash), at: record.at };
        (record, hash)
    }

    /// The next append with one event.
    pub fn one(&mut self, rows: Vec<Row>) -> Append {
        self.next(&[br#"{"type":"tried/1","body":{}}"#], rows)
    }
}

/// Checks that the records follow `head` without a break, and moves it on.
pub(super) fn follow(head: &mut Head, records: &[(Record, [u8; 32])]) {
    for (record, hash) in records {
        head.follow(record, hash).unwrap_or_else(|problem| panic!("the chain is broken: {problem}"));
    }
}
