//! Where events and read models live. Two implementations, one contract, one conformance suite.
//!
//! Contract of [`Store::append`]: one transaction for the whole batch; event rows and read-model rows
//! together; when it returns `Ok`, everything reported [`Appended::Committed`] survives `kill -9` and a
//! power cut. It may be repeated with the same batch after any error, as often as needed: what is there
//! already, with the same hash, counts as committed (design: uncertain outcomes).

pub mod breaker;
mod circuit;
pub mod conformance;
mod error;
mod leases;
pub mod migrations;
mod outbox;
pub mod postgres;
mod rows;
mod sql;
pub mod sqlite;

pub use error::StoreError;
pub use leases::{Claim, Leases, NodeId, Peer};
pub use outbox::{OutboxCursor, OutboxDue, OutboxEvent, OutboxLag, OutboxRefused};
pub use rows::{
    AccountRow, CredentialRow, DeviceRow, DrawRow, EnrolmentCodeRow, FactRow, OrderPlace, OrderRow, OrderStatus,
    RaffleRow, Row, SecretRow, SessionRow, SignificantRow, SocketTicketRow, TicketRow, TicketState,
};

use drumroll_engine::id::{DeviceId, DrawId, OrderKey, OrganisationId, RaffleId, UserId};
use drumroll_engine::journal::{Head, Record};
use drumroll_engine::raffle::Channel;
use drumroll_engine::ticket::ValidationNumber;
use drumroll_engine::time::Timestamp;
use std::pin::Pin;

/// A journal: a raffle's, or an organisation's own (then `raffle` is nil).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// The tenant.
    pub organisation: OrganisationId,
    /// The raffle, or [`RaffleId::NIL`].
    pub raffle: RaffleId,
}

impl StreamId {
    /// The journal of an organisation itself.
    pub const fn organisation(organisation: OrganisationId) -> Self {
        Self { organisation, raffle: RaffleId::NIL }
    }

    /// The id under which its events are stored: the raffle's, or the organisation's.
    pub fn key(&self) -> [u8; 16] {
        if self.raffle == RaffleId::NIL { self.organisation.0 } else { self.raffle.0 }
    }
}

/// Events of one decision with their rows: all or nothing.
#[derive(Clone, Debug)]
pub struct Append {
    /// The journal.
    pub stream: StreamId,
    /// The epoch under which the events were decided. A stale one is refused (I11).
    pub epoch: u64,
    /// The events with their hashes, dense from the journal's end.
    pub records: Vec<(Record, [u8; 32])>,
    /// The read-model rows they imply, to be applied in this order.
    pub rows: Vec<Row>,
}

impl Append {
    /// Sequence number of the first event.
    pub fn first_seq(&self) -> u64 {
        self.records.first().map_or(0, |(record, _)| record.seq)
    }

    /// Sequence number of the last event.
    pub fn last_seq(&self) -> u64 {
        self.records.last().map_or(0, |(record, _)| record.seq)
    }
}

/// What became of one [`Append`] of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is durable.
    Committed,
    /// Another owner wrote: the epoch is stale, or another event stands at the sequence number. The
    /// actor drops its memory and reloads. Neighbours in the batch are not harmed.
    Fenced,
    /// Nobody else wrote: the store's own rules forbid it (a number that is sold already, a value that does
    /// not fit), and would again. Nothing of it was written, and neighbours are not harmed. The actor drops
    /// its memory; deciding the same again leads here again.
    Refused,
}

/// A journal as loaded: the newest snapshot and the events after it.
#[derive(Debug)]
pub struct Loaded {
    /// The epoch this load claimed; every older owner is fenced from now on.
    pub epoch: u64,
    /// The newest snapshot: the sequence number it covers, and its bytes.
    pub snapshot: Option<(u64, Vec<u8>)>,
    /// The events after it, with their hashes.
    pub tail: Vec<(Record, [u8; 32])>,
    /// The journal's end as the store records it beside the events, so that truncation shows.
    pub head: Head,
}

/// A journal's end, for audits and screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamHead {
    /// Which.
    pub stream: StreamId,
    /// Its newest epoch.
    pub epoch: u64,
    /// Its end.
    pub head: Head,
}

/// How a ticket is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketRef {
    /// By its order.
    Order(OrderKey),
    /// By what is printed on it.
    Validation(ValidationNumber),
}

/// Which tickets to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TicketFilter {
    /// Only these.
    pub state: Option<TicketState>,
    /// Only of this way in.
    pub channel: Option<Channel>,
    /// Only with a sequence number above this; the cursor.
    pub after_seq: u64,
    /// At most so many.
    pub limit: u32,
}

/// Which significant events to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignificantFilter {
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
    /// Of this code.
    pub code: Option<String>,
    /// Of this component.
    pub component: Option<String>,
    /// At most so many, newest first.
    pub limit: u32,
}

/// One minute of a raffle's sales.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurvePoint {
    /// The start of the minute.
    pub at: Timestamp,
    /// Valid sales in it, minor units.
    pub net_minor: u64,
    /// Valid tickets in it.
    pub orders: u64,
    /// Their draw numbers.
    pub numbers: u64,
}

/// A rebuild may take so many times the deadline of other calls.
const REBUILD_DEADLINES: u32 = 60;

/// A future that a store returns.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The store. All times are bounded by the implementation's own deadline; an expired one is
/// [`StoreError::Unavailable`].
pub trait Store: Send + Sync + 'static {
    /// Appends a batch in one transaction; one answer per entry, in order.
    fn append<'a>(&'a self, batch: &'a [Append]) -> StoreFuture<'a, Vec<Appended>>;

    /// Claims the journal with a new epoch and loads it. A journal without events loads empty, with
    /// the first epoch.
    fn claim(&self, stream: StreamId) -> StoreFuture<'_, Loaded>;

    /// Keeps a snapshot. Older ones of the journal may go.
    fn save_snapshot(&self, stream: StreamId, seq: u64, bytes: Vec<u8>) -> StoreFuture<'_, ()>;

    /// The newest snapshot with the sequence number it covers, read without claiming the journal.
    fn snapshot(&self, stream: StreamId) -> StoreFuture<'_, Option<(u64, Vec<u8>)>>;

    /// Every journal's end.
    fn heads(&self) -> StoreFuture<'_, Vec<StreamHead>>;

    /// A page of a journal's events after `after_seq`, ascending.
    fn records(&self, stream: StreamId, after_seq: u64, limit: u32) -> StoreFuture<'_, Vec<(Record, [u8; 32])>>;

    /// Drops every read-model row of the journal and writes `rows` instead, in one transaction
    /// (`drumroll rebuild`).
    fn rebuild(&self, stream: StreamId, rows: Vec<Row>) -> StoreFuture<'_, ()>;

    /// Every read-model row of the journal, in a canonical order, to compare with a rebuild.
    fn dump(&self, stream: StreamId) -> StoreFuture<'_, Vec<String>>;

    /// A raffle's row.
    fn raffle(&self, raffle: RaffleId) -> StoreFuture<'_, Option<RaffleRow>>;

    /// Raffles of one organisation, or of all, newest event first, after a cursor of (event number, id).
    fn raffles(
        &self,
        organisation: Option<OrganisationId>,
        public: bool,
        after: Option<(Timestamp, RaffleId)>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<RaffleRow>>;

    /// A ticket of a raffle, or of any raffle when it is named by its validation number.
    fn ticket(&self, raffle: Option<RaffleId>, ticket: TicketRef) -> StoreFuture<'_, Option<TicketRow>>;

    /// The ticket that owns a draw number.
    fn ticket_of_number(&self, raffle: RaffleId, number: u64) -> StoreFuture<'_, Option<TicketRow>>;

    /// Tickets of a raffle in the order of their sequence numbers.
    fn tickets(&self, raffle: RaffleId, filter: TicketFilter) -> StoreFuture<'_, Vec<TicketRow>>;

    /// Valid sales per minute, ascending.
    fn curve(&self, raffle: RaffleId) -> StoreFuture<'_, Vec<CurvePoint>>;

    /// An online order.
    fn order(&self, raffle: RaffleId, order: OrderKey) -> StoreFuture<'_, Option<OrderRow>>;

    /// Online orders that wait for their payment, of all raffles, oldest first.
    fn open_orders(&self, limit: u32) -> StoreFuture<'_, Vec<OrderRow>>;

    /// Online orders that ended unpaid without a word of their provider (expired, closed, cancelled) and are owed
    /// nothing, of all raffles, in the order of [`OrderPlace`], after a place.
    fn ended_orders(&self, after: OrderPlace, limit: u32) -> StoreFuture<'_, Vec<OrderRow>>;

    /// Orders whose refund is due, of all raffles, oldest first.
    fn refunds_due(&self, limit: u32) -> StoreFuture<'_, Vec<OrderRow>>;

    /// Facts of a raffle after a position, ascending.
    fn facts(&self, raffle: RaffleId, after: u64, limit: u32) -> StoreFuture<'_, Vec<FactRow>>;

    /// The raffle of a draw.
    fn draw(&self, draw: DrawId) -> StoreFuture<'_, Option<DrawRow>>;

    /// Significant events of an organisation.
    fn significant(
        &self,
        organisation: OrganisationId,
        filter: SignificantFilter,
    ) -> StoreFuture<'_, Vec<SignificantRow>>;

    /// All organisations, by name.
    fn organisations(&self) -> StoreFuture<'_, Vec<(OrganisationId, String)>>;

    /// An account by its login, in whatever case it is typed.
    fn account_by_login(&self, login: &str) -> StoreFuture<'_, Option<AccountRow>>;

    /// An account.
    fn account(&self, user: UserId) -> StoreFuture<'_, Option<AccountRow>>;

    /// A handheld of any organisation.
    fn device(&self, device: DeviceId) -> StoreFuture<'_, Option<DeviceRow>>;

    /// An account's credential.
    fn credential(&self, user: UserId) -> StoreFuture<'_, Option<CredentialRow>>;

    /// Sets an account's credential.
    fn put_credential(&self, row: CredentialRow) -> StoreFuture<'_, ()>;

    /// A refresh token's family by the hash of any token it ever had.
    fn session_by_token(&self, token_hash: [u8; 32]) -> StoreFuture<'_, Option<SessionRow>>;

    /// Adds a token to a family, making it the current one, if `expected` (the hash it replaces) still
    /// is; `false` when somebody was faster. A new family has no `expected`.
    fn rotate_session(&self, row: SessionRow, expected: Option<[u8; 32]>) -> StoreFuture<'_, bool>;

    /// Revokes a family of tokens, or all of an account's.
    fn revoke_sessions(&self, user: UserId, family: Option<[u8; 16]>) -> StoreFuture<'_, ()>;

    /// Sets a handheld's one-time enrolment code, replacing an older one.
    fn put_enrolment_code(&self, row: EnrolmentCodeRow) -> StoreFuture<'_, ()>;

    /// Takes the code with this hash, once: whoever gets it owns it.
    fn take_enrolment_code(&self, code_hash: [u8; 32], now: Timestamp) -> StoreFuture<'_, Option<EnrolmentCodeRow>>;

    /// Keeps a socket ticket; those that ended by `now` go.
    fn put_socket_ticket(&self, row: SocketTicketRow, now: Timestamp) -> StoreFuture<'_, ()>;

    /// Takes the socket ticket with this hash, once: whoever gets it owns it. None after its end.
    fn take_socket_ticket(&self, ticket_hash: [u8; 32], now: Timestamp) -> StoreFuture<'_, Option<SocketTicketRow>>;

    /// Keeps a sealed secret if its name is free; returns the one that stands.
    fn put_secret(&self, row: SecretRow) -> StoreFuture<'_, SecretRow>;

    /// A sealed secret.
    fn secret(&self, name: &str) -> StoreFuture<'_, Option<SecretRow>>;

    /// Makes a notification target known; `false` when it was known before. A new one is told of what
    /// happens from now on, or with `history` of everything.
    fn join_outbox(&self, target: &str, history: bool, now: Timestamp) -> StoreFuture<'_, bool>;

    /// Journals with events that a known target was not told of, in the order of their keys, after one.
    fn outbox_due(&self, target: &str, after: Option<StreamId>, limit: u32) -> StoreFuture<'_, Vec<OutboxDue>>;

    /// Events of a journal that may be told of, after a sequence number, ascending.
    fn outbox_events(&self, stream: StreamId, after_seq: u64, limit: u32) -> StoreFuture<'_, Vec<OutboxEvent>>;

    /// Moves a target's cursor on, if it still stands at `from`, and keeps a message that was refused with
    /// it; `false` when somebody else moved it, and then nothing is written.
    fn move_outbox(
        &self,
        target: &str,
        stream: StreamId,
        from: OutboxCursor,
        to: OutboxCursor,
        refused: Option<OutboxRefused>,
    ) -> StoreFuture<'_, bool>;

    /// Messages that a target refused for good, newest first.
    fn outbox_refused(&self, target: &str, limit: u32) -> StoreFuture<'_, Vec<OutboxRefused>>;

    /// How far a known target is behind.
    fn outbox_lag(&self, target: &str) -> StoreFuture<'_, OutboxLag>;

    /// Answers when the store can commit, for `/health/ready`.
    fn ping(&self) -> StoreFuture<'_, ()>;

    /// `sqlite` or `postgres`.
    fn kind(&self) -> &'static str;

    /// How several nodes share this store; `None` where one server has it for itself.
    fn leases(&self) -> Option<&dyn Leases> {
        None
    }

    /// What is refused at the moment without being tried, because it was not answered before:
    /// [`breaker::Breaker`].
    fn refusing(&self) -> Option<&'static str> {
        None
    }
}
