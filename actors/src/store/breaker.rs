//! A circuit breaker before a store: a database that is away is asked now and then, one question at a time,
//! instead of by every call that would wait for it in vain.
//!
//! Reads and writes break apart, since a full disk or a lock ends the one and not the other. Commits of the
//! journal are never refused: its writer repeats them with a pause of its own and is the judge of whether
//! they stand; what they find counts here.

use super::circuit::{Admission, Circuit};
use super::{
    AccountRow, Append, Appended, CredentialRow, CurvePoint, DeviceRow, DrawRow, EnrolmentCodeRow, FactRow, Leases,
    Loaded, OrderPlace, OrderRow, OutboxCursor, OutboxDue, OutboxEvent, OutboxLag, OutboxRefused, RaffleRow, Row,
    SecretRow, SessionRow, SignificantFilter, SignificantRow, SocketTicketRow, Store, StoreError, StoreFuture,
    StreamHead, StreamId, TicketFilter, TicketRef, TicketRow,
};
use drumroll_engine::id::{DeviceId, DrawId, OrderKey, OrganisationId, RaffleId, UserId};
use drumroll_engine::journal::Record;
use drumroll_engine::time::Timestamp;
use std::sync::Arc;

pub use super::circuit::Options;

/// The store behind it answers, or refuses at once with [`StoreError::Unavailable`].
pub struct Breaker {
    inner: Arc<dyn Store>,
    reads: Circuit,
    writes: Circuit,
}

impl Breaker {
    /// Before `inner`, with the usual options.
    pub fn over(inner: Arc<dyn Store>) -> Arc<Self> {
        Self::with(inner, Options::default())
    }

    /// Before `inner`.
    pub fn with(inner: Arc<dyn Store>, options: Options) -> Arc<Self> {
        Arc::new(Self { inner, reads: Circuit::new("reads", options), writes: Circuit::new("writes", options) })
    }

    async fn through<T>(
        &self,
        circuit: &Circuit,
        question: impl Future<Output = Result<(), StoreError>>,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let goes = match circuit.admit() {
            Admission::Go => true,
            Admission::Ask(turn) => turn.ask(question).await,
            Admission::Refused => false,
        };
        if !goes {
            return Err(circuit.refusal());
        }
        let watch = circuit.watch();
        let answer = call.await;
        watch.end(&answer);
        answer
    }

    fn read<'a, T: 'a>(&'a self, call: StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        // The cheapest there is: a raffle that nobody has.
        let question = async { self.inner.raffle(RaffleId::NIL).await.map(drop) };
        Box::pin(self.through(&self.reads, question, call))
    }

    fn write<'a, T: 'a>(&'a self, call: StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        Box::pin(self.through(&self.writes, async { self.inner.ping().await }, call))
    }
}

macro_rules! pass {
    ($($way:ident: $($name:ident($($arg:ident: $type:ty),*) -> $answer:ty),+;)+) => {
        $($(fn $name(&self, $($arg: $type),*) -> StoreFuture<'_, $answer> {
            self.$way(self.inner.$name($($arg),*))
        })+)+
    };
}

impl Store for Breaker {
    fn append<'a>(&'a self, batch: &'a [Append]) -> StoreFuture<'a, Vec<Appended>> {
        Box::pin(async move {
            let watch = self.writes.watch();
            let answer = self.inner.append(batch).await;
            watch.end(&answer);
            answer
        })
    }

    pass! {
        read:
            snapshot(stream: StreamId) -> Option<(u64, Vec<u8>)>,
            heads() -> Vec<StreamHead>,
            records(stream: StreamId, after_seq: u64, limit: u32) -> Vec<(Record, [u8; 32])>,
            dump(stream: StreamId) -> Vec<String>,
            raffle(raffle: RaffleId) -> Option<RaffleRow>,
            raffles(organisation: Option<OrganisationId>, public: bool, after: Option<(Timestamp, RaffleId)>, limit: u32) -> Vec<RaffleRow>,
            ticket(raffle: Option<RaffleId>, ticket: TicketRef) -> Option<TicketRow>,
            ticket_of_number(raffle: RaffleId, number: u64) -> Option<TicketRow>,
            tickets(raffle: RaffleId, filter: TicketFilter) -> Vec<TicketRow>,
            curve(raffle: RaffleId) -> Vec<CurvePoint>,
            order(raffle: RaffleId, order: OrderKey) -> Option<OrderRow>,
            open_orders(limit: u32) -> Vec<OrderRow>,
            ended_orders(after: OrderPlace, limit: u32) -> Vec<OrderRow>,
            refunds_due(limit: u32) -> Vec<OrderRow>,
            outbox_events(stream: StreamId, after_seq: u64, limit: u32) -> Vec<OutboxEvent>,
            facts(raffle: RaffleId, after: u64, limit: u32) -> Vec<FactRow>,
            draw(draw: DrawId) -> Option<DrawRow>,
            significant(organisation: OrganisationId, filter: SignificantFilter) -> Vec<SignificantRow>,
            organisations() -> Vec<(OrganisationId, String)>,
            account(user: UserId) -> Option<AccountRow>,
            device(device: DeviceId) -> Option<DeviceRow>,
            credential(user: UserId) -> Option<CredentialRow>,
            session_by_token(token_hash: [u8; 32]) -> Option<SessionRow>;
        write:
            claim(stream: StreamId) -> Loaded,
            save_snapshot(stream: StreamId, seq: u64, bytes: Vec<u8>) -> (),
            rebuild(stream: StreamId, rows: Vec<Row>) -> (),
            put_credential(row: CredentialRow) -> (),
            rotate_session(row: SessionRow, expected: Option<[u8; 32]>) -> bool,
            revoke_sessions(user: UserId, family: Option<[u8; 16]>) -> (),
            put_enrolment_code(row: EnrolmentCodeRow) -> (),
            take_enrolment_code(code_hash: [u8; 32], now: Timestamp) -> Option<EnrolmentCodeRow>,
            put_socket_ticket(row: SocketTicketRow, now: Timestamp) -> (),
            take_socket_ticket(ticket_hash: [u8; 32], now: Timestamp) -> Option<SocketTicketRow>,
            put_secret(row: SecretRow) -> SecretRow,
            ping() -> ();
    }

    fn account_by_login(&self, login: &str) -> StoreFuture<'_, Option<AccountRow>> {
        self.read(self.inner.account_by_login(login))
    }

    fn secret(&self, name: &str) -> StoreFuture<'_, Option<SecretRow>> {
        self.read(self.inner.secret(name))
    }

    fn join_outbox(&self, target: &str, history: bool, now: Timestamp) -> StoreFuture<'_, bool> {
        self.write(self.inner.join_outbox(target, history, now))
    }

    fn outbox_due(&self, target: &str, after: Option<StreamId>, limit: u32) -> StoreFuture<'_, Vec<OutboxDue>> {
        self.read(self.inner.outbox_due(target, after, limit))
    }

    fn move_outbox(
        &self,
        target: &str,
        stream: StreamId,
        from: OutboxCursor,
        to: OutboxCursor,
        refused: Option<OutboxRefused>,
    ) -> StoreFuture<'_, bool> {
        self.write(self.inner.move_outbox(target, stream, from, to, refused))
    }

    fn outbox_refused(&self, target: &str, limit: u32) -> StoreFuture<'_, Vec<OutboxRefused>> {
        self.read(self.inner.outbox_refused(target, limit))
    }

    fn outbox_lag(&self, target: &str) -> StoreFuture<'_, OutboxLag> {
        self.read(self.inner.outbox_lag(target))
    }

    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    /// Past the breaker: a node's lease is renewed as often as it must be, and its renewals are few.
    fn leases(&self) -> Option<&dyn Leases> {
        self.inner.leases()
    }

    fn refusing(&self) -> Option<&'static str> {
        match (self.reads.is_open(), self.writes.is_open()) {
            (true, true) => Some("reads and writes"),
            (true, false) => Some("reads"),
            (false, true) => Some("writes"),
            (false, false) => None,
        }
    }
}
