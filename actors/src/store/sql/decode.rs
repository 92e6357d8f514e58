//! Rows of either database as the types of the contract.

use crate::store::{
    AccountRow, CredentialRow, CurvePoint, DeviceRow, DrawRow, EnrolmentCodeRow, FactRow, NodeId, OrderRow,
    OrderStatus, OutboxCursor, OutboxDue, OutboxEvent, OutboxLag, OutboxRefused, Peer, RaffleRow, SecretRow,
    SessionRow, SignificantRow, SocketTicketRow, StoreError, StreamHead, StreamId, TicketRow, TicketState,
};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{DeviceId, DrawId, OrderKey, OrganisationId, RaffleId, UserId};
use drumroll_engine::journal::{Actor, Cause, Head, Record};
use drumroll_engine::organisation::Role;
use drumroll_engine::raffle::{Channel, HoldEnd, Kind, RefundReason, Status};
use drumroll_engine::ticket::ValidationNumber;
use drumroll_engine::time::Timestamp;
use serde::de::DeserializeOwned;

/// One row as a database gives it.
pub(in crate::store) trait Cells {
    /// An integer of any width, as its bits.
    fn int(&self, column: usize) -> Result<Option<u64>, StoreError>;
    /// A flag.
    fn flag(&self, column: usize) -> Result<bool, StoreError>;
    /// An identifier.
    fn id(&self, column: usize) -> Result<Option<[u8; 16]>, StoreError>;
    /// Text.
    fn text(&self, column: usize) -> Result<Option<String>, StoreError>;
    /// Bytes.
    fn bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StoreError>;
}

/// Reads a row's cells from left to right.
struct Reader<'a> {
    cells: &'a dyn Cells,
    next: usize,
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(format!("a stored {what} cannot be read"))
}

fn present<T>(value: Option<T>, what: &str) -> Result<T, StoreError> {
    value.ok_or_else(|| damaged(what))
}

impl<'a> Reader<'a> {
    fn new(cells: &'a dyn Cells) -> Self {
        Self { cells, next: 0 }
    }

    fn column(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    fn maybe_int(&mut self) -> Result<Option<u64>, StoreError> {
        let column = self.column();
        self.cells.int(column)
    }

    fn int(&mut self) -> Result<u64, StoreError> {
        present(self.maybe_int()?, "number")
    }

    fn small<T: TryFrom<u64>>(&mut self) -> Result<T, StoreError> {
        T::try_from(self.int()?).map_err(|_| damaged("number"))
    }

    fn flag(&mut self) -> Result<bool, StoreError> {
        let column = self.column();
        self.cells.flag(column)
    }

    fn maybe_id(&mut self) -> Result<Option<[u8; 16]>, StoreError> {
        let column = self.column();
        self.cells.id(column)
    }

    fn id(&mut self) -> Result<[u8; 16], StoreError> {
        present(self.maybe_id()?, "identifier")
    }

    fn maybe_text(&mut self) -> Result<Option<String>, StoreError> {
        let column = self.column();
        self.cells.text(column)
    }

    fn text(&mut self) -> Result<String, StoreError> {
        present(self.maybe_text()?, "text")
    }

    fn json<T: DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        serde_json::from_str(&self.text()?).map_err(|_| damaged("list"))
    }

    fn maybe_bytes(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let column = self.column();
        self.cells.bytes(column)
    }

    fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        present(self.maybe_bytes()?, "byte string")
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        self.bytes()?.try_into().map_err(|_| damaged("byte string"))
    }

    fn at(&mut self) -> Result<Timestamp, StoreError> {
        self.int().map(Timestamp)
    }

    fn maybe_at(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.maybe_int()?.map(Timestamp))
    }

    fn organisation(&mut self) -> Result<OrganisationId, StoreError> {
        self.id().map(OrganisationId)
    }

    fn raffle(&mut self) -> Result<RaffleId, StoreError> {
        self.id().map(RaffleId)
    }

    /// A word of a closed list.
    fn word<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        present(parse(&self.text()?), "word")
    }
}

pub(super) fn record(cells: &dyn Cells) -> Result<(Record, [u8; 32]), StoreError> {
    let mut row = Reader::new(cells);
    let record = Record {
        format: row.small()?,
        organisation: row.organisation()?,
        raffle: row.raffle()?,
        epoch: row.int()?,
        seq: row.int()?,
        at: row.at()?,
        actor: present(Actor::from_parts(row.small()?, row.id()?), "actor")?,
        approver: row.maybe_id()?.map(UserId),
        cause: present(Cause::from_parts(row.small()?, row.id()?), "cause")?,
        prev: Bytes(row.fixed()?),
        payload: row.bytes()?,
    };
    Ok((record, row.fixed()?))
}

pub(super) fn stream_head(cells: &dyn Cells) -> Result<StreamHead, StoreError> {
    let mut row = Reader::new(cells);
    Ok(StreamHead {
        stream: StreamId { organisation: row.organisation()?, raffle: row.raffle()? },
        epoch: row.int()?,
        head: Head { seq: row.int()?, hash: Bytes(row.fixed()?), at: row.at()? },
    })
}

pub(in crate::store) fn peer(cells: &dyn Cells) -> Result<Peer, StoreError> {
    let mut row = Reader::new(cells);
    Ok(Peer { node: NodeId(row.id()?), name: row.text()?, address: row.text()? })
}

/// The stream of a raffle that stands in a list.
pub(in crate::store) fn raffle_stream(cells: &dyn Cells) -> Result<StreamId, StoreError> {
    let mut row = Reader::new(cells);
    Ok(StreamId { organisation: row.organisation()?, raffle: row.raffle()? })
}

pub(super) fn snapshot(cells: &dyn Cells) -> Result<(u64, Vec<u8>), StoreError> {
    let mut row = Reader::new(cells);
    Ok((row.int()?, row.bytes()?))
}

pub(super) fn stored_hash(cells: &dyn Cells) -> Result<(u64, [u8; 32]), StoreError> {
    let mut row = Reader::new(cells);
    Ok((row.int()?, row.fixed()?))
}

pub(super) fn raffle(cells: &dyn Cells) -> Result<RaffleRow, StoreError> {
    let mut row = Reader::new(cells);
    Ok(RaffleRow {
        raffle: row.raffle()?,
        organisation: row.organisation()?,
        event_number: row.int()?,
        name: row.text()?,
        kind: row.word(parse_kind)?,
        status: row.word(|text| Status::ALL.into_iter().find(|status| status.as_str() == text))?,
        created_at: row.at()?,
        sales_start: row.maybe_at()?,
        closes_at: row.maybe_at()?,
        organisation_name: row.maybe_text()?,
        location: row.maybe_text()?,
        time_zone: row.maybe_text()?,
        currency: row.maybe_text()?,
        jackpot_minor: row.int()?,
        gross_minor: row.int()?,
        voided_minor: row.int()?,
        tickets: row.int()?,
        numbers_sold: row.int()?,
        seq: row.int()?,
    })
}

pub(super) fn ticket(cells: &dyn Cells) -> Result<TicketRow, StoreError> {
    let mut row = Reader::new(cells);
    Ok(TicketRow {
        raffle: row.raffle()?,
        order: OrderKey(row.id()?),
        seq: row.int()?,
        validation: present(ValidationNumber::from_bytes(row.fixed()?), "validation number")?,
        channel: present(Channel::from_code(row.small()?), "channel")?,
        device: row.maybe_id()?.map(DeviceId),
        seller: row.maybe_id()?.map(UserId),
        lines: row.json()?,
        ranges: row.json()?,
        numbers: row.int()?,
        price_minor: row.int()?,
        sold_at: row.at()?,
        sale_hash: Bytes(row.fixed()?),
        salt: Bytes(row.fixed()?),
        state: row.word(TicketState::parse)?,
        reason: row.maybe_text()?,
        changed_at: row.maybe_at()?,
    })
}

/// A range of the uniqueness index as a line of a dump.
pub(super) fn range_line(cells: &dyn Cells) -> Result<(u64, String), StoreError> {
    let mut row = Reader::new(cells);
    let (raffle, first, last) = (row.raffle()?, row.int()?, row.int()?);
    Ok((first, format!("range {raffle} {first} {last} {}", OrderKey(row.id()?))))
}

pub(super) fn curve_point(cells: &dyn Cells) -> Result<CurvePoint, StoreError> {
    let mut row = Reader::new(cells);
    Ok(CurvePoint { at: row.at()?, net_minor: row.int()?, orders: row.int()?, numbers: row.int()? })
}

pub(super) fn order(cells: &dyn Cells) -> Result<OrderRow, StoreError> {
    let mut row = Reader::new(cells);
    Ok(OrderRow {
        raffle: row.raffle()?,
        order: OrderKey(row.id()?),
        organisation: row.organisation()?,
        status: row.word(parse_order_status)?,
        price_minor: row.int()?,
        made_at: row.at()?,
        expires_at: row.at()?,
        payment: row.maybe_text()?,
        refund_reason: match row.maybe_text()? {
            Some(text) => Some(present(parse_refund_reason(&text), "word")?),
            None => None,
        },
        refund_due_at: row.maybe_at()?,
        refund_reference: row.maybe_text()?,
    })
}

pub(super) fn fact(cells: &dyn Cells) -> Result<FactRow, StoreError> {
    let mut row = Reader::new(cells);
    Ok(FactRow {
        raffle: row.raffle()?,
        position: row.int()?,
        seq: row.int()?,
        at: row.at()?,
        kind: row.text()?,
        data: row.text()?,
    })
}

pub(super) fn draw(cells: &dyn Cells) -> Result<DrawRow, StoreError> {
    let mut row = Reader::new(cells);
    Ok(DrawRow {
        draw: DrawId(row.id()?),
        raffle: row.raffle()?,
        organisation: row.organisation()?,
        draw_no: row.small()?,
    })
}

pub(super) fn organisation(cells: &dyn Cells) -> Result<(OrganisationId, String), StoreError> {
    let mut row = Reader::new(cells);
    Ok((row.organisation()?, row.text()?))
}

pub(super) fn account(cells: &dyn Cells) -> Result<AccountRow, StoreError> {
    let mut row = Reader::new(cells);
    Ok(AccountRow {
        user: UserId(row.id()?),
        organisation: row.organisation()?,
        login: row.text()?,
        name: row.text()?,
        role: row.word(|text| Role::ALL.into_iter().find(|role| role.as_str() == text))?,
        enabled: row.flag()?,
    })
}

pub(super) fn account_ordinal(cells: &dyn Cells) -> Result<([u8; 16], u64), StoreError> {
    let mut row = Reader::new(cells);
    Ok((row.id()?, row.int()?))
}

pub(super) fn device(cells: &dyn Cells) -> Result<DeviceRow, StoreError> {
    let mut row = Reader::new(cells);
    let (device, organisation, label) = (DeviceId(row.id()?), row.organisation()?, row.text()?);
    let public_key = match row.maybe_bytes()? {
        Some(key) => Some(Bytes(key.try_into().map_err(|_| damaged("key"))?)),
        None => None,
    };
    let (enabled, registered_at, enrolled_at) = (row.flag()?, row.at()?, row.maybe_at()?);
    Ok(DeviceRow { device, organisation, label, public_key, enabled, registered_at, enrolled_at })
}

pub(super) fn significant(cells: &dyn Cells) -> Result<SignificantRow, StoreError> {
    let mut row = Reader::new(cells);
    Ok(SignificantRow {
        organisation: row.organisation()?,
        raffle: row.raffle()?,
        seq: row.int()?,
        at: row.at()?,
        code: row.text()?,
        component: row.text()?,
        actor: row.text()?,
        detail: row.text()?,
    })
}

pub(super) fn credential(cells: &dyn Cells) -> Result<CredentialRow, StoreError> {
    let mut row = Reader::new(cells);
    Ok(CredentialRow {
        user: UserId(row.id()?),
        password_hash: row.text()?,
        must_change: row.flag()?,
        failures: row.small()?,
        locked_until: row.maybe_at()?,
    })
}

pub(super) fn session(cells: &dyn Cells) -> Result<SessionRow, StoreError> {
    let mut row = Reader::new(cells);
    Ok(SessionRow {
        family: row.id()?,
        user: UserId(row.id()?),
        token_hash: row.fixed()?,
        expires_at: row.at()?,
        revoked: row.flag()?,
    })
}

pub(super) fn enrolment_code(cells: &dyn Cells) -> Result<EnrolmentCodeRow, StoreError> {
    let mut row = Reader::new(cells);
    Ok(EnrolmentCodeRow {
        device: DeviceId(row.id()?),
        organisation: row.organisation()?,
        code_hash: row.fixed()?,
        expires_at: row.at()?,
    })
}

pub(super) fn socket_ticket(cells: &dyn Cells) -> Result<SocketTicketRow, StoreError> {
    let mut row = Reader::new(cells);
    Ok(SocketTicketRow {
        ticket_hash: row.fixed()?,
        user: UserId(row.id()?),
        organisation: row.organisation()?,
        everywhere: row.flag()?,
        expires_at: row.at()?,
    })
}

pub(super) fn secret(cells: &dyn Cells) -> Result<SecretRow, StoreError> {
    let mut row = Reader::new(cells);
    Ok(SecretRow { name: row.text()?, sealed: row.bytes()? })
}

pub(super) fn outbox_due(cells: &dyn Cells) -> Result<OutboxDue, StoreError> {
    let mut row = Reader::new(cells);
    Ok(OutboxDue {
        stream: StreamId { organisation: row.organisation()?, raffle: row.raffle()? },
        cursor: OutboxCursor { seq: row.int()?, told: row.int()? },
    })
}

pub(super) fn outbox_event(cells: &dyn Cells) -> Result<OutboxEvent, StoreError> {
    let mut row = Reader::new(cells);
    let (seq, at) = (row.int()?, row.at()?);
    let (event_number, kind) = (row.maybe_int()?, row.maybe_text()?);
    let kind = match kind {
        Some(kind) => Some(present(parse_kind(&kind), "word")?),
        None => None,
    };
    let raffle = event_number.zip(kind);
    let fact = row.maybe_text()?.zip(row.maybe_text()?);
    let significant = row.maybe_text()?.zip(row.maybe_text()?);
    Ok(OutboxEvent { seq, at, raffle, fact, significant })
}

pub(super) fn outbox_refused(cells: &dyn Cells) -> Result<OutboxRefused, StoreError> {
    let mut row = Reader::new(cells);
    Ok(OutboxRefused {
        stream: StreamId { organisation: row.organisation()?, raffle: row.raffle()? },
        seq: row.int()?,
        at: row.at()?,
        kind: row.text()?,
        tries: row.small()?,
        problem: row.text()?,
    })
}

pub(super) fn outbox_lag(cells: &dyn Cells) -> Result<OutboxLag, StoreError> {
    let mut row = Reader::new(cells);
    Ok(OutboxLag { events: row.int()?, oldest_at: row.maybe_at()?, refused: row.int()? })
}

/// The word for a kind of raffle.
pub(super) const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Live => "live",
        Kind::Test => "test",
    }
}

fn parse_kind(text: &str) -> Option<Kind> {
    [Kind::Live, Kind::Test].into_iter().find(|kind| kind_word(*kind) == text)
}

/// The word for where an order stands.
pub(super) const fn order_status_word(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Held => "held",
        OrderStatus::Paid => "paid",
        OrderStatus::Ended(HoldEnd::Expired) => "expired",
        OrderStatus::Ended(HoldEnd::Declined) => "declined",
        OrderStatus::Ended(HoldEnd::Closed) => "closed",
        OrderStatus::Ended(HoldEnd::Cancelled) => "cancelled",
    }
}

fn parse_order_status(text: &str) -> Option<OrderStatus> {
    use OrderStatus::Ended;
    [
        OrderStatus::Held,
        OrderStatus::Paid,
        Ended(HoldEnd::Expired),
        Ended(HoldEnd::Declined),
        Ended(HoldEnd::Closed),
        Ended(HoldEnd::Cancelled),
    ]
    .into_iter()
    .find(|status| order_status_word(*status) == text)
}

/// The word for why money is owed back.
pub(super) const fn refund_reason_word(reason: RefundReason) -> &'static str {
    match reason {
        RefundReason::NoHold => "no_hold",
        RefundReason::Voided => "voided",
        RefundReason::Cancelled => "cancelled",
        RefundReason::Quarantine => "quarantine",
    }
}

fn parse_refund_reason(text: &str) -> Option<RefundReason> {
    use RefundReason::{Cancelled, NoHold, Quarantine, Voided};
    [NoHold, Voided, Cancelled, Quarantine].into_iter().find(|reason| refund_reason_word(*reason) == text)
}
