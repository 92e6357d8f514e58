//! A store whose commits wait at a gate, in front of the real SQLite store. Everything else has a gate of its own,
//! which is open unless a test says otherwise.

use drumroll_actors::store::*;
use drumroll_engine::id::{DeviceId, DrawId, OrderKey, OrganisationId, RaffleId, UserId};
use drumroll_engine::journal::Record;
use drumroll_engine::time::Timestamp;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// What happens to a commit that comes to the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// It goes through.
    Open,
    /// It waits, maybe for ever.
    Shut,
    /// So many go through (see [`GatedStore::let_through`]), the next one waits.
    Counted,
    /// It fails before it is written.
    Failing,
    /// It is written, and the answer is lost.
    AnswerLost,
}

pub(crate) struct GatedStore {
    inner: Arc<dyn Store>,
    gate: watch::Sender<Gate>,
    queries: watch::Sender<Gate>,
    asked: AtomicUsize,
    panics: Mutex<HashMap<&'static str, usize>>,
    poison: Mutex<Option<RaffleId>>,
    arrived: AtomicUsize,
    passes: AtomicUsize,
    pings: AtomicUsize,
}

impl GatedStore {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            gate: watch::Sender::new(Gate::Open),
            queries: watch::Sender::new(Gate::Open),
            asked: AtomicUsize::new(0),
            panics: Mutex::default(),
            poison: Mutex::default(),
            arrived: AtomicUsize::new(0),
            passes: AtomicUsize::new(0),
            pings: AtomicUsize::new(0),
        })
    }

    pub(crate) fn set(&self, gate: Gate) {
        self.gate.send_replace(gate);
    }

    /// What happens to everything that is no commit.
    pub(crate) fn set_queries(&self, gate: Gate) {
        self.queries.send_replace(gate);
    }

    /// Calls that came so far and are no commits.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Lets the next so many calls of this name panic; `append` before anything is written, `appended` after it is.
    pub(crate) fn panic_in(&self, name: &'static str, times: usize) {
        self.panics.lock().unwrap().insert(name, times);
    }

    /// Panics that are still to come.
    pub(crate) fn panics_left(&self, name: &'static str) -> usize {
        self.panics.lock().unwrap().get(name).copied().unwrap_or(0)
    }

    /// Every batch with something of this raffle panics.
    pub(crate) fn poison(&self, raffle: Option<RaffleId>) {
        *self.poison.lock().unwrap() = raffle;
    }

    fn point(&self, name: &'static str) {
        let due = match self.panics.lock().unwrap().get_mut(name) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        };
        assert!(!due, "injected by a test in {name}");
    }

    async fn query<T>(&self, name: &'static str, call: StoreFuture<'_, T>) -> Result<T, StoreError> {
        self.point(name);
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut gate = self.queries.subscribe();
        let state = *gate.wait_for(|gate| *gate != Gate::Shut).await.expect("the gate outlives its store");
        match state {
            Gate::Failing => Err(StoreError::Unavailable("the gate fails".into())),
            _ => call.await,
        }
    }

    /// Lets so many commits through; what comes after them waits.
    pub(crate) fn let_through(&self, commits: usize) {
        self.passes.store(commits, Ordering::SeqCst);
        self.set(Gate::Counted);
    }

    fn opens(&self, gate: Gate) -> bool {
        let pass = |left: usize| left.checked_sub(1);
        match gate {
            Gate::Shut => false,
            Gate::Counted => self.passes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, pass).is_ok(),
            Gate::Open | Gate::Failing | Gate::AnswerLost => true,
        }
    }

    /// How often somebody asked whether a commit is possible.
    pub(crate) fn pings(&self) -> usize {
        self.pings.load(Ordering::SeqCst)
    }

    /// Small writes fail at a failing gate as commits do, and pass any other.
    fn fails(&self) -> Result<(), StoreError> {
        match *self.gate.borrow() {
            Gate::Failing => Err(StoreError::Unavailable("the gate fails".into())),
            _ => Ok(()),
        }
    }

    /// Commits that came to the gate so far.
    pub(crate) fn arrived(&self) -> usize {
        self.arrived.load(Ordering::SeqCst)
    }
}

macro_rules! pass {
    ($($name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($arg: $type),*) -> StoreFuture<'_, $answer> {
            Box::pin(self.query(stringify!($name), self.inner.$name($($arg),*)))
        })*
    };
}

impl Store for GatedStore {
    fn append<'a>(&'a self, batch: &'a [Append]) -> StoreFuture<'a, Vec<Appended>> {
        Box::pin(async move {
            self.arrived.fetch_add(1, Ordering::SeqCst);
            self.point("append");
            let poisoned = *self.poison.lock().unwrap();
            let poisoned = batch.iter().any(|append| Some(append.stream.raffle) == poisoned);
            assert!(!poisoned, "injected by a test: poison");
            let mut gate = self.gate.subscribe();
            let state = *gate.wait_for(|gate| self.opens(*gate)).await.expect("the gate outlives its store");
            match state {
                Gate::Failing => Err(StoreError::Unavailable("the gate fails".into())),
                Gate::AnswerLost => {
                    self.inner.append(batch).await?;
                    Err(StoreError::Unavailable("the answer is lost".into()))
                }
                Gate::Open | Gate::Counted | Gate::Shut => {
                    let answer = self.inner.append(batch).await;
                    self.point("appended");
                    answer
                }
            }
        })
    }

    pass! {
        claim(stream: StreamId) -> Loaded;
        save_snapshot(stream: StreamId, seq: u64, bytes: Vec<u8>) -> ();
        snapshot(stream: StreamId) -> Option<(u64, Vec<u8>)>;
        heads() -> Vec<StreamHead>;
        records(stream: StreamId, after_seq: u64, limit: u32) -> Vec<(Record, [u8; 32])>;
        rebuild(stream: StreamId, rows: Vec<Row>) -> ();
        dump(stream: StreamId) -> Vec<String>;
        raffle(raffle: RaffleId) -> Option<RaffleRow>;
        raffles(organisation: Option<OrganisationId>, public: bool, after: Option<(Timestamp, RaffleId)>, limit: u32) -> Vec<RaffleRow>;
        ticket(raffle: Option<RaffleId>, ticket: TicketRef) -> Option<TicketRow>;
        ticket_of_number(raffle: RaffleId, number: u64) -> Option<TicketRow>;
        tickets(raffle: RaffleId, filter: TicketFilter) -> Vec<TicketRow>;
        curve(raffle: RaffleId) -> Vec<CurvePoint>;
        order(raffle: RaffleId, order: OrderKey) -> Option<OrderRow>;
        open_orders(limit: u32) -> Vec<OrderRow>;
        ended_orders(after: OrderPlace, limit: u32) -> Vec<OrderRow>;
        refunds_due(limit: u32) -> Vec<OrderRow>;
        facts(raffle: RaffleId, after: u64, limit: u32) -> Vec<FactRow>;
        draw(draw: DrawId) -> Option<DrawRow>;
        significant(organisation: OrganisationId, filter: SignificantFilter) -> Vec<SignificantRow>;
        organisations() -> Vec<(OrganisationId, String)>;
        account(user: UserId) -> Option<AccountRow>;
        device(device: DeviceId) -> Option<DeviceRow>;
        credential(user: UserId) -> Option<CredentialRow>;
        put_credential(row: CredentialRow) -> ();
        session_by_token(token_hash: [u8; 32]) -> Option<SessionRow>;
        rotate_session(row: SessionRow, expected: Option<[u8; 32]>) -> bool;
        revoke_sessions(user: UserId, family: Option<[u8; 16]>) -> ();
        put_enrolment_code(row: EnrolmentCodeRow) -> ();
        take_enrolment_code(code_hash: [u8; 32], now: Timestamp) -> Option<EnrolmentCodeRow>;
        put_socket_ticket(row: SocketTicketRow, now: Timestamp) -> ();
        take_socket_ticket(ticket_hash: [u8; 32], now: Timestamp) -> Option<SocketTicketRow>;
        put_secret(row: SecretRow) -> SecretRow;
        outbox_events(stream: StreamId, after_seq: u64, limit: u32) -> Vec<OutboxEvent>;
    }

    fn join_outbox(&self, target: &str, history: bool, now: Timestamp) -> StoreFuture<'_, bool> {
        self.inner.join_outbox(target, history, now)
    }

    fn outbox_due(&self, target: &str, after: Option<StreamId>, limit: u32) -> StoreFuture<'_, Vec<OutboxDue>> {
        self.inner.outbox_due(target, after, limit)
    }

    fn move_outbox(
        &self,
        target: &str,
        stream: StreamId,
        from: OutboxCursor,
        to: OutboxCursor,
        refused: Option<OutboxRefused>,
    ) -> StoreFuture<'_, bool> {
        match self.fails() {
            Ok(()) => self.inner.move_outbox(target, stream, from, to, refused),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn ping(&self) -> StoreFuture<'_, ()> {
        self.pings.fetch_add(1, Ordering::SeqCst);
        match self.fails() {
            Ok(()) => Box::pin(self.query("ping", self.inner.ping())),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn outbox_refused(&self, target: &str, limit: u32) -> StoreFuture<'_, Vec<OutboxRefused>> {
        self.inner.outbox_refused(target, limit)
    }

    fn outbox_lag(&self, target: &str) -> StoreFuture<'_, OutboxLag> {
        self.inner.outbox_lag(target)
    }

    fn account_by_login(&self, login: &str) -> StoreFuture<'_, Option<AccountRow>> {
        Box::pin(self.query("account_by_login", self.inner.account_by_login(login)))
    }

    fn secret(&self, name: &str) -> StoreFuture<'_, Option<SecretRow>> {
        Box::pin(self.query("secret", self.inner.secret(name)))
    }

    fn kind(&self) -> &'static str {
        self.inner.kind()
    }
}

impl GatedStore {
    /// Loads raffle 10's journal as a new owner would.
    pub(crate) async fn claim_again(&self) -> Loaded {
        self.inner.claim(super::stream(10)).await.expect("the store is there")
    }
}
