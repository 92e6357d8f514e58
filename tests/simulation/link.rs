//! A node's way to the store: late answers, lost answers, calls that arrive long after they were given up,
//! outages, cuts, and the end of a node with calls under way.

use crate::mutation::Mutation;
use crate::store::SimStore;
use crate::world::{Lane, World, lock};
use drumroll_actors::store::*;
use drumroll_engine::id::{DeviceId, DrawId, OrderKey, OrganisationId, RaffleId, UserId};
use drumroll_engine::journal::Record;
use drumroll_engine::time::Timestamp;
use drumroll_tests::chance::Chance;
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

/// One node's connection.
pub(crate) struct Link {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<SimStore>,
    /// Without a world every call arrives at once.
    way: Option<Way>,
}

struct Way {
    world: Arc<World>,
    node: u32,
    chance: Mutex<Chance>,
    dead: AtomicBool,
    /// Nothing passes before this millisecond.
    cut_until: AtomicU64,
}

/// What becomes of one write, drawn when it is sent.
#[derive(Clone, Copy, Debug)]
struct Fate {
    there_ms: u64,
    back_ms: u64,
    trouble: Trouble,
    /// It arrives although its sender dies on the way.
    outlives: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    /// It fails before anything is written.
    Refused,
    /// It is written, and the answer is an error.
    AnswerLost,
    /// It is written, and nobody answers.
    Silence,
    /// It is written long after its sender gave up and tried again.
    Late,
}

fn away(why: &str) -> StoreError {
    StoreError::Unavailable(why.to_owned())
}

fn unknown<T>() -> Result<T, StoreError> {
    Err(StoreError::Damaged("the simulated store keeps no such thing".to_owned()))
}

impl Way {
    fn fate(&self) -> Fate {
        let mut chance = lock(&self.chance);
        let faults = self.world.plan.store_faults;
        let strikes = self.world.strikes(&mut chance, faults);
        let kind = chance.below(4);
        let trouble = match (strikes, kind) {
            (false, _) => Trouble::None,
            (true, 0) => Trouble::Refused,
            (true, 1) => Trouble::AnswerLost,
            (true, 2) => Trouble::Silence,
            (true, _) => Trouble::Late,
        };
        let there_ms = 1 + chance.below(30);
        let back_ms = 1 + chance.below(30);
        let late_ms = 2_000 + chance.below(2_500);
        let outlives = chance.below(2) == 0;
        let there_ms = if trouble == Trouble::Late { late_ms } else { there_ms };
        Fate { there_ms, back_ms, trouble, outlives }
    }

    fn is_cut(&self) -> bool {
        self.world.ms() < self.cut_until.load(Ordering::Relaxed)
    }

    /// Waits until what is sent now arrives. The dead send nothing.
    async fn arrive(&self, ms: u64) -> Result<(), StoreError> {
        self.world.pass(Lane::Store, ms).await;
        if self.dead.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
        if self.is_cut() { Err(away("cut off")) } else { Ok(()) }
    }
}

impl Inner {
    /// Answers reads after the same time always: several may be asked in one instant, in an order that
    /// nobody knows.
    async fn reach(&self) -> Result<(), StoreError> {
        match &self.way {
            Some(way) => way.arrive(1).await,
            None => Ok(()),
        }
    }

    /// Carries a batch to the store, whatever its sender does meanwhile.
    async fn deliver(
        self: Arc<Self>,
        batch: Vec<Append>,
        fate: Fate,
        answer: oneshot::Sender<Result<Vec<Appended>, StoreError>>,
    ) {
        let Some(way) = &self.way else { return };
        let world = &way.world;
        let mut answer = Some(answer);
        let mut say = |outcome| drop(answer.take().map(|answer| answer.send(outcome)));
        let all = || vec![Appended::Committed; batch.len()];
        world.pass(Lane::Store, fate.there_ms).await;
        if world.has(Mutation::AckBeforeCommit) {
            say(Ok(all()));
            world.pass(Lane::Store, 60).await;
        }
        if fate.trouble == Trouble::Refused {
            say(if world.has(Mutation::ErrorIsSuccess) { Ok(all()) } else { Err(away("refused")) });
            return;
        }
        while way.is_cut() {
            // Packets wait in buffers, and arrive when the cut is mended.
            world.until(Lane::Store, way.cut_until.load(Ordering::Relaxed)).await;
        }
        if way.dead.load(Ordering::Relaxed) && !fate.outlives {
            return;
        }
        let outcomes = self.store.append(&batch, world.ms());
        for (append, outcome) in batch.iter().zip(&outcomes) {
            world.note(describe(way.node, append, *outcome, fate.trouble));
        }
        world.pass(Lane::Store, fate.back_ms).await;
        match fate.trouble {
            Trouble::None => say(Ok(outcomes)),
            Trouble::AnswerLost => say(Err(away("the answer is lost"))),
            // The sender runs out of patience.
            Trouble::Silence | Trouble::Late | Trouble::Refused => {}
        }
    }
}

/// A line of the trace: what was written, without what chance put into it.
fn describe(node: u32, append: &Append, outcome: Appended, trouble: Trouble) -> String {
    let kind = |record: &Record| {
        let text = String::from_utf8_lossy(&record.payload);
        text.split('"').nth(3).unwrap_or("?").to_owned()
    };
    let kinds: Vec<String> = append.records.iter().map(|(record, _)| kind(record)).collect();
    let name = if append.stream.raffle == RaffleId::NIL { "organisation" } else { "raffle" };
    let (first, last) = (append.first_seq(), append.last_seq());
    let at = append.records.last().map_or(0, |(record, _)| record.at.0.wrapping_sub(crate::world::START.0));
    let epoch = append.epoch;
    format!("node {node}, epoch {epoch}: {name} {first}-{last} at {at} {} -> {outcome:?} {trouble:?}", kinds.join(" "))
}

impl Link {
    /// A connection on which nothing goes wrong, for the suite that every store must pass.
    pub(crate) fn plain(store: Arc<SimStore>) -> Self {
        Self { inner: Arc::new(Inner { store, way: None }) }
    }

    pub(crate) fn new(world: Arc<World>, node: u32) -> Self {
        let chance = Mutex::new(world.chance(1_000 + u64::from(node)));
        let way = Way { node, chance, dead: false.into(), cut_until: 0.into(), world: world.clone() };
        Self { inner: Arc::new(Inner { store: world.store.clone(), way: Some(way) }) }
    }

    /// Its node is dead: from now on it sends and hears nothing.
    pub(crate) fn kill(&self) {
        if let Some(way) = &self.inner.way {
            way.dead.store(true, Ordering::Relaxed);
        }
    }

    /// Nothing passes before this millisecond.
    pub(crate) fn cut(&self, until_ms: u64) {
        if let Some(way) = &self.inner.way {
            way.cut_until.fetch_max(until_ms, Ordering::Relaxed);
        }
    }
}

macro_rules! reads {
    ($($name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($arg: $type),*) -> StoreFuture<'_, $answer> {
            Box::pin(async move {
                self.inner.reach().await?;
                self.inner.store.$name($($arg),*)
            })
        })*
    };
}

macro_rules! unknown {
    ($($name:ident($($type:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $(_: $type),*) -> StoreFuture<'_, $answer> {
            Box::pin(std::future::ready(unknown()))
        })*
    };
}

impl Store for Link {
    fn append<'a>(&'a self, batch: &'a [Append]) -> StoreFuture<'a, Vec<Appended>> {
        Box::pin(async move {
            let Some(way) = &self.inner.way else { return Ok(self.inner.store.append(batch, 0)) };
            if way.dead.load(Ordering::Relaxed) {
                pending::<()>().await;
            }
            let (answer, answered) = oneshot::channel();
            tokio::spawn(self.inner.clone().deliver(batch.to_vec(), way.fate(), answer));
            match answered.await {
                Ok(outcome) if !way.dead.load(Ordering::Relaxed) => outcome,
                _ => pending().await,
            }
        })
    }

    fn claim(&self, stream: StreamId) -> StoreFuture<'_, Loaded> {
        Box::pin(async move {
            let Some(way) = &self.inner.way else { return Ok(self.inner.store.claim(stream)) };
            let fate = way.fate();
            way.arrive(fate.there_ms.min(40)).await?;
            if fate.trouble == Trouble::Refused {
                return Err(away("refused"));
            }
            let loaded = self.inner.store.claim(stream);
            let name = if stream.raffle == RaffleId::NIL { "organisation" } else { "raffle" };
            way.world.note(format!("node {} claims {name}: epoch {}", way.node, loaded.epoch));
            way.arrive(fate.back_ms).await?;
            if fate.trouble != Trouble::None {
                // The epoch is claimed all the same.
                return Err(away("the answer is lost"));
            }
            Ok(crate::mutation::remember(way.world.mutation, stream, loaded))
        })
    }

    fn save_snapshot(&self, stream: StreamId, seq: u64, bytes: Vec<u8>) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.inner.reach().await?;
            if let Some(way) = &self.inner.way {
                way.world.note(format!("node {} keeps a snapshot of {seq} events", way.node));
            }
            self.inner.store.save_snapshot(stream, seq, bytes)
        })
    }

    reads! {
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
        refunds_due(limit: u32) -> Vec<OrderRow>;
        facts(raffle: RaffleId, after: u64, limit: u32) -> Vec<FactRow>;
        draw(draw: DrawId) -> Option<DrawRow>;
        organisations() -> Vec<(OrganisationId, String)>;
        device(device: DeviceId) -> Option<DeviceRow>;
        put_secret(row: SecretRow) -> SecretRow;
        ping() -> ();
    }

    unknown! {
        significant(OrganisationId, SignificantFilter) -> Vec<SignificantRow>;
        account(UserId) -> Option<AccountRow>;
        credential(UserId) -> Option<CredentialRow>;
        put_credential(CredentialRow) -> ();
        session_by_token([u8; 32]) -> Option<SessionRow>;
        rotate_session(SessionRow, Option<[u8; 32]>) -> bool;
        revoke_sessions(UserId, Option<[u8; 16]>) -> ();
        put_enrolment_code(EnrolmentCodeRow) -> ();
        take_enrolment_code([u8; 32], Timestamp) -> Option<EnrolmentCodeRow>;
        put_socket_ticket(SocketTicketRow, Timestamp) -> ();
        take_socket_ticket([u8; 32], Timestamp) -> Option<SocketTicketRow>;
        ended_orders(OrderPlace, u32) -> Vec<OrderRow>;
        outbox_events(StreamId, u64, u32) -> Vec<OutboxEvent>;
    }

    fn join_outbox(&self, _: &str, _: bool, _: Timestamp) -> StoreFuture<'_, bool> {
        Box::pin(std::future::ready(unknown()))
    }

    fn outbox_due(&self, _: &str, _: Option<StreamId>, _: u32) -> StoreFuture<'_, Vec<OutboxDue>> {
        Box::pin(std::future::ready(unknown()))
    }

    fn move_outbox(
        &self,
        _: &str,
        _: StreamId,
        _: OutboxCursor,
        _: OutboxCursor,
        _: Option<OutboxRefused>,
    ) -> StoreFuture<'_, bool> {
        Box::pin(std::future::ready(unknown()))
    }

    fn outbox_refused(&self, _: &str, _: u32) -> StoreFuture<'_, Vec<OutboxRefused>> {
        Box::pin(std::future::ready(unknown()))
    }

    fn outbox_lag(&self, _: &str) -> StoreFuture<'_, OutboxLag> {
        Box::pin(std::future::ready(unknown()))
    }

    fn account_by_login(&self, _: &str) -> StoreFuture<'_, Option<AccountRow>> {
        Box::pin(std::future::ready(unknown()))
    }

    fn secret(&self, name: &str) -> StoreFuture<'_, Option<SecretRow>> {
        let name = name.to_owned();
        Box::pin(async move {
            self.inner.reach().await?;
            self.inner.store.secret(&name)
        })
    }

    fn kind(&self) -> &'static str {
        "simulated"
    }
}
