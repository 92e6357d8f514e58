//! The contract over any backend.

use super::backend::{self, Backend};
use super::value::Query;
use super::{dump, queries, writes};
use crate::store::{
    AccountRow, Append, Appended, Claim, CredentialRow, CurvePoint, DeviceRow, DrawRow, EnrolmentCodeRow, FactRow,
    Leases, Loaded, OrderPlace, OrderRow, OutboxCursor, OutboxDue, OutboxEvent, OutboxLag, OutboxRefused, RaffleRow,
    Row, SecretRow, SessionRow, SignificantFilter, SignificantRow, SocketTicketRow, Store, StoreError, StoreFuture,
    StreamHead, StreamId, TicketFilter, TicketRef, TicketRow,
};
use drumroll_engine::id::{DeviceId, DrawId, OrderKey, OrganisationId, RaffleId, UserId};
use drumroll_engine::journal::Record;
use drumroll_engine::time::Timestamp;

fn all<B: Backend, T: Send + 'static>(store: &B, query: Query<T>) -> StoreFuture<'_, Vec<T>> {
    Box::pin(store.fetch(query))
}

fn one<B: Backend, T: Send + 'static>(store: &B, query: Query<T>) -> StoreFuture<'_, Option<T>> {
    Box::pin(async move { Ok(store.fetch(query).await?.into_iter().next()) })
}

fn done<B: Backend>(store: &B, write: writes::Write) -> StoreFuture<'_, ()> {
    Box::pin(async move { store.write(write).await.map(drop) })
}

impl<B: Backend> Store for B {
    fn append<'a>(&'a self, batch: &'a [Append]) -> StoreFuture<'a, Vec<Appended>> {
        Box::pin(Backend::append(self, batch))
    }

    fn claim(&self, stream: StreamId) -> StoreFuture<'_, Loaded> {
        Box::pin(async move {
            match backend::claim(self, stream, None).await? {
                Claim::Loaded(loaded) => Ok(loaded),
                Claim::Held(_) => Err(StoreError::Unavailable("a node of a cluster runs this journal".to_owned())),
            }
        })
    }

    fn save_snapshot(&self, stream: StreamId, seq: u64, bytes: Vec<u8>) -> StoreFuture<'_, ()> {
        done(self, writes::save_snapshot(stream, seq, bytes))
    }

    fn snapshot(&self, stream: StreamId) -> StoreFuture<'_, Option<(u64, Vec<u8>)>> {
        Box::pin(backend::snapshot(self, stream))
    }

    fn heads(&self) -> StoreFuture<'_, Vec<StreamHead>> {
        all(self, queries::heads())
    }

    fn records(&self, stream: StreamId, after_seq: u64, limit: u32) -> StoreFuture<'_, Vec<(Record, [u8; 32])>> {
        all(self, queries::records(stream, after_seq, u64::MAX, limit))
    }

    fn rebuild(&self, stream: StreamId, rows: Vec<Row>) -> StoreFuture<'_, ()> {
        Box::pin(Backend::rebuild(self, stream, rows))
    }

    fn dump(&self, stream: StreamId) -> StoreFuture<'_, Vec<String>> {
        Box::pin(dump::dump(self, stream))
    }

    fn raffle(&self, raffle: RaffleId) -> StoreFuture<'_, Option<RaffleRow>> {
        one(self, queries::raffle(raffle))
    }

    fn raffles(
        &self,
        organisation: Option<OrganisationId>,
        public: bool,
        after: Option<(Timestamp, RaffleId)>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<RaffleRow>> {
        all(self, queries::raffles(organisation, public, after, limit))
    }

    fn ticket(&self, raffle: Option<RaffleId>, ticket: TicketRef) -> StoreFuture<'_, Option<TicketRow>> {
        match queries::ticket(raffle, ticket) {
            Some(query) => one(self, query),
            None => Box::pin(async { Ok(None) }),
        }
    }

    fn ticket_of_number(&self, raffle: RaffleId, number: u64) -> StoreFuture<'_, Option<TicketRow>> {
        one(self, queries::ticket_of_number(raffle, number))
    }

    fn tickets(&self, raffle: RaffleId, filter: TicketFilter) -> StoreFuture<'_, Vec<TicketRow>> {
        all(self, queries::tickets(raffle, filter))
    }

    fn curve(&self, raffle: RaffleId) -> StoreFuture<'_, Vec<CurvePoint>> {
        all(self, queries::curve(raffle))
    }

    fn order(&self, raffle: RaffleId, order: OrderKey) -> StoreFuture<'_, Option<OrderRow>> {
        one(self, queries::order(raffle, order))
    }

    fn open_orders(&self, limit: u32) -> StoreFuture<'_, Vec<OrderRow>> {
        all(self, queries::open_orders(limit))
    }

    fn ended_orders(&self, after: OrderPlace, limit: u32) -> StoreFuture<'_, Vec<OrderRow>> {
        all(self, queries::ended_orders(after, limit))
    }

    fn refunds_due(&self, limit: u32) -> StoreFuture<'_, Vec<OrderRow>> {
        all(self, queries::refunds_due(limit))
    }

    fn facts(&self, raffle: RaffleId, after: u64, limit: u32) -> StoreFuture<'_, Vec<FactRow>> {
        all(self, queries::facts(raffle, after, limit))
    }

    fn draw(&self, draw: DrawId) -> StoreFuture<'_, Option<DrawRow>> {
        one(self, queries::draw(draw))
    }

    fn significant(
        &self,
        organisation: OrganisationId,
        filter: SignificantFilter,
    ) -> StoreFuture<'_, Vec<SignificantRow>> {
        all(self, queries::significant(organisation, filter))
    }

    fn organisations(&self) -> StoreFuture<'_, Vec<(OrganisationId, String)>> {
        Box::pin(async move {
            // Sorted here, for the databases do not agree on the order of names.
            let mut rows = self.fetch(queries::organisations()).await?;
            rows.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
            Ok(rows)
        })
    }

    fn account_by_login(&self, login: &str) -> StoreFuture<'_, Option<AccountRow>> {
        one(self, queries::account_by_login(login))
    }

    fn account(&self, user: UserId) -> StoreFuture<'_, Option<AccountRow>> {
        one(self, queries::account(user))
    }

    fn device(&self, device: DeviceId) -> StoreFuture<'_, Option<DeviceRow>> {
        one(self, queries::device(device))
    }

    fn credential(&self, user: UserId) -> StoreFuture<'_, Option<CredentialRow>> {
        one(self, queries::credential(user))
    }

    fn put_credential(&self, row: CredentialRow) -> StoreFuture<'_, ()> {
        done(self, writes::put_credential(row))
    }

    fn session_by_token(&self, token_hash: [u8; 32]) -> StoreFuture<'_, Option<SessionRow>> {
        one(self, queries::session_by_token(token_hash))
    }

    fn rotate_session(&self, row: SessionRow, expected: Option<[u8; 32]>) -> StoreFuture<'_, bool> {
        Box::pin(async move { Ok(self.write(writes::rotate_session(row, expected)).await? == 1) })
    }

    fn revoke_sessions(&self, user: UserId, family: Option<[u8; 16]>) -> StoreFuture<'_, ()> {
        done(self, writes::revoke_sessions(user, family))
    }

    fn put_enrolment_code(&self, row: EnrolmentCodeRow) -> StoreFuture<'_, ()> {
        done(self, writes::put_enrolment_code(&row))
    }

    fn take_enrolment_code(&self, code_hash: [u8; 32], now: Timestamp) -> StoreFuture<'_, Option<EnrolmentCodeRow>> {
        Box::pin(async move {
            let taken = self.change(queries::take_enrolment_code(code_hash)).await?.pop();
            Ok(taken.filter(|code| now < code.expires_at))
        })
    }

    fn put_socket_ticket(&self, row: SocketTicketRow, now: Timestamp) -> StoreFuture<'_, ()> {
        done(self, writes::put_socket_ticket(&row, now))
    }

    fn take_socket_ticket(&self, ticket_hash: [u8; 32], now: Timestamp) -> StoreFuture<'_, Option<SocketTicketRow>> {
        Box::pin(async move {
            let taken = self.change(queries::take_socket_ticket(ticket_hash)).await?.pop();
            Ok(taken.filter(|ticket| now < ticket.expires_at))
        })
    }

    fn put_secret(&self, row: SecretRow) -> StoreFuture<'_, SecretRow> {
        Box::pin(async move {
            let name = row.name.clone();
            self.write(writes::put_secret(row)).await?;
            // Nothing removes a secret, so one stands now: ours or an earlier one.
            let stands = self.fetch(queries::secret(&name)).await?.pop();
            stands.ok_or_else(|| StoreError::Damaged("a secret that was kept is not there".to_owned()))
        })
    }

    fn secret(&self, name: &str) -> StoreFuture<'_, Option<SecretRow>> {
        one(self, queries::secret(name))
    }

    fn join_outbox(&self, target: &str, history: bool, now: Timestamp) -> StoreFuture<'_, bool> {
        let write = writes::join_outbox(target, history, now);
        Box::pin(async move { Ok(self.write(write).await? == 1) })
    }

    fn outbox_due(&self, target: &str, after: Option<StreamId>, limit: u32) -> StoreFuture<'_, Vec<OutboxDue>> {
        all(self, queries::outbox_due(target, after, limit))
    }

    fn outbox_events(&self, stream: StreamId, after_seq: u64, limit: u32) -> StoreFuture<'_, Vec<OutboxEvent>> {
        all(self, queries::outbox_events(stream, after_seq, limit))
    }

    fn move_outbox(
        &self,
        target: &str,
        stream: StreamId,
        from: OutboxCursor,
        to: OutboxCursor,
        refused: Option<OutboxRefused>,
    ) -> StoreFuture<'_, bool> {
        let write = writes::move_outbox(target, stream, from, to, refused);
        Box::pin(async move { Ok(self.write(write).await? == 1) })
    }

    fn outbox_refused(&self, target: &str, limit: u32) -> StoreFuture<'_, Vec<OutboxRefused>> {
        all(self, queries::outbox_refused(target, limit))
    }

    fn outbox_lag(&self, target: &str) -> StoreFuture<'_, OutboxLag> {
        let query = queries::outbox_lag(target);
        Box::pin(async move { Ok(self.fetch(query).await?.pop().unwrap_or_default()) })
    }

    fn ping(&self) -> StoreFuture<'_, ()> {
        done(self, writes::ping())
    }

    fn kind(&self) -> &'static str {
        B::KIND
    }

    fn leases(&self) -> Option<&dyn Leases> {
        Backend::leases(self)
    }
}
