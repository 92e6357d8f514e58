//! Starts actors on demand, puts idle ones to sleep, and revives an actor after a panic by rebuilding it
//! from the store, which actix's supervisor does not.

mod remote;

use crate::aggregate::{Aggregate, Live, LoadError, Origin, snapshot_readable};
use crate::aggregate_actor::{AggregateActor, Gauges, Wake, Watcher};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::cluster::follower::Follower;
use crate::crew::{Crew, Interrupted};
use crate::guard;
use crate::intake::{Intake, Judged, Lane, Look, Refused, Work};
use crate::store::{Claim, Peer, Store, StoreError, StreamId};
use crate::write_behind::{Journal, Loss};
use actix::prelude::SendError;
use actix::{Actor, Addr};
use drumroll_engine::journal::Cause;
use drumroll_engine::time::Timestamp;
use metrics::{counter, gauge, histogram};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{OnceCell, oneshot, watch};
use tokio::time::Instant;
use tracing::{error, info, warn};

/// Why a request has no answer. Nothing here is a refusal of the engine.
#[derive(Debug, Error)]
pub enum ExecuteError {
    /// Too much waits already; nothing was decided. Ask again a little later.
    #[error("too many requests wait")]
    Busy,
    /// No answer in time. The outcome is unknown: ask again under the same key.
    #[error("no answer in time; the outcome is unknown")]
    Uncertain,
    /// The actor stopped on the way. The outcome is unknown: ask again under the same key.
    #[error("interrupted; the outcome is unknown")]
    Interrupted,
    /// The actor failed again and again, or the store refused what it decided, and it was set aside. A person
    /// must look.
    #[error("set aside after repeated failures")]
    SetAside,
    /// The store did not answer while the actor was to be started.
    #[error("the store is unavailable")]
    Store(#[source] Arc<StoreError>),
    /// The journal cannot be read back.
    #[error("the journal is damaged")]
    Damaged(#[source] Arc<LoadError>),
    /// Another node runs the actor. The registry sends the request there; a caller sees this only when the
    /// journal changed hands on the way. Nothing was decided here.
    #[error("another node runs it")]
    Elsewhere(Peer),
}

impl ExecuteError {
    /// Seconds after which asking again makes sense; `None` when it does not.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Busy | Self::Interrupted | Self::Elsewhere(_) => Some(1),
            Self::Uncertain => Some(2),
            Self::Store(error) if error.retry() => Some(5),
            Self::Store(_) | Self::SetAside | Self::Damaged(_) => None,
        }
    }
}

/// Why a snapshot was not made beside an actor.
#[derive(Debug, Error)]
enum CopyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("interrupted")]
    Interrupted(#[from] Interrupted),
}

/// An answered request: everything it says is durable.
#[derive(Debug)]
pub struct Done<A: Aggregate> {
    /// One answer per command; fewer when a refusal stopped the rest.
    pub answers: Vec<Judged<A>>,
    /// The end of the journal after it.
    pub seq: u64,
    /// When it was decided.
    pub at: Timestamp,
}

/// A journal grows by at least this share before its next snapshot: each costs as much as everything before
/// it, and must not cost more than what it saves.
const SNAPSHOT_SHARE: u64 = 8;

/// Events read at a time while a snapshot is made.
const PAGE: u32 = 10_000;

/// What an actor holds in memory, durable or not. For boards and metrics; no answer rests on it.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// The end of the journal.
    pub decided_seq: u64,
    /// Money on record, in minor units.
    pub decided_net_minor: u64,
    /// Work that waits in the intake.
    pub waiting: usize,
}

/// How a registry treats its actors.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The longest a caller waits.
    pub deadline: Duration,
    /// Panics, and refusals by the store, within [`Options::failures_window`] after which an actor is set
    /// aside.
    pub failures_max: usize,
    /// See [`Options::failures_max`].
    pub failures_window: Duration,
    /// Actors without work for so long are put to sleep, if nothing is due.
    pub idle: Duration,
    /// Starts at the same time.
    pub starts_max: usize,
    /// Events after which a new snapshot is made; later ones when the journal has grown by an eighth.
    pub snapshot_every: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            failures_max: 3,
            failures_window: Duration::from_secs(60),
            idle: Duration::from_secs(600),
            starts_max: 8,
            snapshot_every: 50_000,
        }
    }
}

/// Called with each aggregate that came into memory, before its actor takes work.
pub type Seed<A> = Box<dyn Fn(&Live<A>) + Send + Sync>;

struct Handle<A: Aggregate + Unpin>
where
    A::Cache: Unpin,
{
    intake: Arc<Intake<A>>,
    address: Addr<AggregateActor<A>>,
    gauges: Arc<Gauges>,
    due: watch::Receiver<Option<Timestamp>>,
    snapshot_seq: std::sync::atomic::AtomicU64,
}

/// The place of one life of an actor. After a panic its successor gets a place of its own over the same
/// intake, so that whoever waits is served, and nobody can start a second actor beside it.
struct Place<A: Aggregate + Unpin>
where
    A::Cache: Unpin,
{
    intake: Arc<Intake<A>>,
    handle: OnceCell<Arc<Handle<A>>>,
}

impl<A: Aggregate + Unpin> Place<A>
where
    A::Cache: Unpin,
{
    fn over(intake: Arc<Intake<A>>) -> Arc<Self> {
        Arc::new(Self { intake, handle: OnceCell::new() })
    }
}

type Places<A> = HashMap<StreamId, Arc<Place<A>>>;

/// The actors of one kind on this node.
pub struct Registry<A: Aggregate + Unpin>
where
    A::Cache: Unpin,
{
    store: Arc<dyn Store>,
    journal: Journal,
    clock: Arc<dyn Clock>,
    crew: Crew,
    options: Options,
    seed: Seed<A>,
    places: Mutex<Places<A>>,
    failures: Mutex<HashMap<StreamId, VecDeque<Instant>>>,
    aside: Mutex<HashSet<StreamId>>,
    starts: tokio::sync::Semaphore,
    /// One snapshot at a time is made beside the actors.
    copies: tokio::sync::Semaphore,
    /// Whether the node is going down: actors that end then are not missed.
    settling: std::sync::atomic::AtomicBool,
    runtime: tokio::runtime::Handle,
    /// Set once on a node that is one of several.
    cluster: OnceLock<Arc<Cluster>>,
    /// Journals that another node ran when it was last asked.
    elsewhere: Mutex<HashMap<StreamId, Peer>>,
    /// Journals of other nodes that are read along.
    followers: Mutex<HashMap<StreamId, Arc<Follower<A>>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells the registry when the actor of a place is gone, without keeping either alive.
struct Gone<A: Aggregate + Unpin>
where
    A::Cache: Unpin,
{
    registry: Weak<Registry<A>>,
    stream: StreamId,
    place: Weak<Place<A>>,
}

impl<A: Aggregate + Unpin> Watcher for Gone<A>
where
    A::Cache: Unpin,
{
    fn gone(&self, clean: bool) {
        if let Some(registry) = self.registry.upgrade() {
            registry.actor_gone(self.stream, &self.place, clean);
        }
    }
}

impl<A: Aggregate + Unpin> Registry<A>
where
    A::Cache: Unpin,
{
    /// A registry whose actors run on `crew`'s threads. Must be made within a tokio runtime.
    pub fn new(
        store: Arc<dyn Store>,
        journal: Journal,
        clock: Arc<dyn Clock>,
        crew: Crew,
        options: Options,
        seed: Seed<A>,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            journal,
            clock,
            crew,
            starts: tokio::sync::Semaphore::new(options.starts_max),
            copies: tokio::sync::Semaphore::new(1),
            settling: false.into(),
            options,
            seed,
            places: Mutex::default(),
            failures: Mutex::default(),
            aside: Mutex::default(),
            runtime: tokio::runtime::Handle::current(),
            cluster: OnceLock::new(),
            elsewhere: Mutex::default(),
            followers: Mutex::default(),
        })
    }

    /// Judges commands in order, with nothing in between, and answers once everything is durable; on
    /// whichever node runs the actor.
    ///
    /// # Errors
    /// See [`ExecuteError`]; after an uncertain one the caller asks again under the same keys.
    pub async fn execute(
        self: &Arc<Self>,
        stream: StreamId,
        lane: Lane,
        origin: Origin,
        commands: Vec<(A::Command, Option<Cause>)>,
        stop_at_refusal: bool,
    ) -> Result<Done<A>, ExecuteError> {
        let run = async {
            match self.cluster.get() {
                None => self.execute_here(stream, lane, origin, commands, stop_at_refusal).await,
                Some(cluster) => self.execute_anywhere(cluster, stream, lane, origin, commands, stop_at_refusal).await,
            }
        };
        tokio::time::timeout(self.options.deadline, run).await.unwrap_or(Err(ExecuteError::Uncertain))
    }

    async fn execute_here(
        self: &Arc<Self>,
        stream: StreamId,
        lane: Lane,
        origin: Origin,
        commands: Vec<(A::Command, Option<Cause>)>,
        stop_at_refusal: bool,
    ) -> Result<Done<A>, ExecuteError> {
        let (reply, decided) = oneshot::channel();
        self.push(stream, lane, Work::Execute { origin, commands, stop_at_refusal, reply }).await?;
        let decided = decided.await.map_err(|_| ExecuteError::Interrupted)?.map_err(|_| ExecuteError::Busy)?;
        // The decision is made; nobody hears of it before it is durable.
        match decided.durable.await {
            Ok(Ok(())) if self.answers() => Ok(Done { answers: decided.answers, seq: decided.seq, at: decided.at }),
            Ok(_) | Err(_) => Err(ExecuteError::Interrupted),
        }
    }

    /// Looks at the state and returns what it saw once that is durable. What another node runs is read along
    /// here, up to the store's end.
    ///
    /// # Errors
    /// See [`ExecuteError`].
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        stream: StreamId,
        look: impl FnOnce(&Live<A>) -> T + Send + 'static,
    ) -> Result<T, ExecuteError> {
        let run = async {
            let (seen_to, seen) = oneshot::channel();
            let look = Box::new(move |live: &Live<A>| drop(seen_to.send(look(live))));
            match self.cluster.get() {
                None => self.read_here(stream, look).await?,
                Some(cluster) => self.read_anywhere(cluster, stream, look).await?,
            }
            seen.await.map_err(|_| ExecuteError::Interrupted)
        };
        tokio::time::timeout(self.options.deadline, run).await.unwrap_or(Err(ExecuteError::Uncertain))
    }

    async fn read_here(self: &Arc<Self>, stream: StreamId, look: Look<A>) -> Result<(), ExecuteError> {
        let (reply, durable) = oneshot::channel();
        self.push(stream, Lane::Control, Work::Read { look, reply }).await?;
        let durable = durable.await.map_err(|_| ExecuteError::Interrupted)?.map_err(|_| ExecuteError::Busy)?;
        match durable.await {
            Ok(Ok(())) if self.answers() => Ok(()),
            Ok(_) | Err(_) => Err(ExecuteError::Interrupted),
        }
    }

    /// Whether what is in memory here may be answered for: a node whose lease ran out might be the last to
    /// hear what another decided since.
    fn answers(&self) -> bool {
        self.cluster.get().is_none_or(|cluster| cluster.holds())
    }

    async fn push(self: &Arc<Self>, stream: StreamId, lane: Lane, work: Work<A>) -> Result<(), ExecuteError> {
        let mut work = work;
        // An actor may fall asleep between finding and asking it; the next one is started at once.
        for _ in 0..8 {
            let place = self.place(stream)?;
            let handle = self.handle(stream, &place).await?;
            match place.intake.offer(lane, work) {
                Ok(wake) => {
                    if wake && !nudge(&handle) {
                        self.nudge_successor(stream, &place).await?;
                    }
                    return Ok(());
                }
                Err((Refused::Busy, _)) => {
                    counter!("drumroll_refused_busy_total").increment(1);
                    return Err(ExecuteError::Busy);
                }
                Err((Refused::Asleep, back)) => {
                    self.forget(stream, &place);
                    work = back;
                }
            }
        }
        Err(ExecuteError::Interrupted)
    }

    /// Work was queued in the intake of an actor that is gone. If its successor began before, it may have
    /// found the intake empty and must be told; one that begins later looks into the intake first thing.
    async fn nudge_successor(self: &Arc<Self>, stream: StreamId, gone: &Arc<Place<A>>) -> Result<(), ExecuteError> {
        let place = self.place(stream)?;
        if !Arc::ptr_eq(&place, gone) && Arc::ptr_eq(&place.intake, &gone.intake) {
            nudge(self.handle(stream, &place).await?.as_ref());
        }
        Ok(())
    }

    fn place(&self, stream: StreamId) -> Result<Arc<Place<A>>, ExecuteError> {
        let mut places = lock(&self.places);
        // Looked at under the lock under which a failed place is taken away, or a late caller would make
        // a new one.
        if lock(&self.aside).contains(&stream) {
            return Err(ExecuteError::SetAside);
        }
        Ok(places.entry(stream).or_insert_with(|| Place::over(Arc::default())).clone())
    }

    async fn handle(self: &Arc<Self>, stream: StreamId, place: &Arc<Place<A>>) -> Result<Arc<Handle<A>>, ExecuteError> {
        place.handle.get_or_try_init(|| self.start_guarded(stream, place)).await.cloned()
    }

    /// A start that panics is no caller's fault, and not tried for ever.
    async fn start_guarded(
        self: &Arc<Self>,
        stream: StreamId,
        place: &Arc<Place<A>>,
    ) -> Result<Arc<Handle<A>>, ExecuteError> {
        if let Some(started) = guard::step("start", self.start(stream, place)).await {
            return started;
        }
        let recent = self.count_failure(stream);
        if recent > self.options.failures_max {
            self.put_aside(stream, recent);
        }
        Err(ExecuteError::Interrupted)
    }

    /// Loads an aggregate and starts its actor over the intake of `place`.
    async fn start(self: &Arc<Self>, stream: StreamId, place: &Arc<Place<A>>) -> Result<Arc<Handle<A>>, ExecuteError> {
        // A bound on simultaneous recoveries; the semaphore is never closed.
        let _turn = self.starts.acquire().await.map_err(|_| ExecuteError::Interrupted)?;
        // What an earlier owner on this node decided must stand before its successor looks.
        self.journal.drain().await.map_err(|_| ExecuteError::Interrupted)?;
        let began = Instant::now();
        let store = |error| ExecuteError::Store(Arc::new(error));
        let mut loaded = match self.cluster.get() {
            None => self.store.claim(stream).await.map_err(store)?,
            Some(cluster) => match cluster.claim(stream).await.map_err(store)? {
                Claim::Loaded(loaded) => loaded,
                Claim::Held(peer) => return Err(ExecuteError::Elsewhere(peer)),
            },
        };
        let unreadable = |(seq, bytes): &(u64, Vec<u8>)| !snapshot_readable::<A>(stream, *seq, bytes);
        if loaded.snapshot.as_ref().is_some_and(unreadable) {
            loaded.snapshot = None;
            loaded.tail = self.whole_journal(stream, loaded.head.seq).await.map_err(store)?;
        }
        let snapshot_seq = loaded.snapshot.as_ref().map_or(0, |(seq, _)| *seq);
        let replayed = match self.crew.compute(move || Live::<A>::load(stream, &loaded)).await {
            Ok(replayed) => replayed,
            // Counted where every start that panics is.
            Err(gone) if gone.panicked => std::panic::resume_unwind(Box::new("a replay panicked")),
            Err(_) => return Err(ExecuteError::Interrupted),
        };
        let live = replayed.map_err(|error| {
            error!(raffle.id = %stream.raffle, %error, "a journal cannot be read back; nothing is decided on it");
            ExecuteError::Damaged(Arc::new(error))
        })?;
        // From here on it is shown from here.
        lock(&self.followers).remove(&stream);
        (self.seed)(&live);
        let (epoch, events) = (live.epoch, live.head.seq);
        let gauges = Arc::new(Gauges::default());
        gauges.worked_at.store(self.clock.now().0, Ordering::Relaxed);
        let (due_sender, due) = watch::channel(None);
        let watcher: Arc<dyn Watcher> =
            Arc::new(Gone { registry: Arc::downgrade(self), stream, place: Arc::downgrade(place) });
        let intake = place.intake.clone();
        let parts = (intake.clone(), self.journal.clone(), self.clock.clone(), gauges.clone());
        let address = AggregateActor::start_in_arbiter(self.crew.arbiter(), move |_| {
            let (intake, journal, clock, gauges) = parts;
            AggregateActor::new(live, intake, journal, clock, due_sender, gauges, watcher)
        });
        let handle = Arc::new(Handle { intake, address, gauges, due, snapshot_seq: snapshot_seq.into() });
        let (clock, due, kept) = (self.clock.clone(), handle.due.clone(), Arc::downgrade(&handle));
        let begin = move || keep_time(clock.clone(), due.clone(), kept.clone());
        self.runtime.spawn(guard::task("keep_time", begin));
        gauge!("drumroll_actors_awake").increment(1.0);
        info!(raffle.id = %stream.raffle, epoch, seq = events, ms = began.elapsed().as_millis() as u64, "an actor is awake");
        Ok(handle)
    }

    async fn whole_journal(
        &self,
        stream: StreamId,
        last: u64,
    ) -> Result<Vec<(drumroll_engine::journal::Record, [u8; 32])>, StoreError> {
        let mut records: Vec<(drumroll_engine::journal::Record, [u8; 32])> = Vec::new();
        loop {
            let after = records.last().map_or(0, |(record, _)| record.seq);
            let page = self.store.records(stream, after, 10_000).await?;
            if page.is_empty() || after >= last {
                return Ok(records);
            }
            records.extend(page);
        }
    }

    /// Takes a place out of use, unless another has taken its turn already.
    fn forget(&self, stream: StreamId, place: &Arc<Place<A>>) {
        let mut places = lock(&self.places);
        if places.get(&stream).is_some_and(|current| Arc::ptr_eq(current, place)) {
            places.remove(&stream);
        }
    }

    fn actor_gone(self: &Arc<Self>, stream: StreamId, place: &Weak<Place<A>>, clean: bool) {
        gauge!("drumroll_actors_awake").decrement(1.0);
        let settling = self.settling.load(Ordering::Acquire);
        if clean || settling {
            if let Some(place) = place.upgrade() {
                self.forget(stream, &place);
            }
            return;
        }
        counter!("drumroll_actor_panics_total").increment(1);
        let recent = self.count_failure(stream);
        if recent > self.options.failures_max {
            return self.put_aside(stream, recent);
        }
        warn!(raffle.id = %stream.raffle, failures = recent, "an actor failed and is rebuilt from the store");
        let Some(successor) = self.succeed(stream, place) else { return };
        let registry = self.clone();
        self.runtime.spawn(async move {
            if let Err(error) = registry.handle(stream, &successor).await {
                // The next request tries again; those that waited learn that nothing was decided.
                warn!(raffle.id = %stream.raffle, %error, "an actor could not be rebuilt yet");
                registry.forget(stream, &successor);
                successor.intake.close();
            }
        });
    }

    /// Puts the successor's place where the failed actor's was, under one lock, with the intake and
    /// everyone who waits in it. `None` when the failed one was out of use already.
    fn succeed(&self, stream: StreamId, failed: &Weak<Place<A>>) -> Option<Arc<Place<A>>> {
        let mut places = lock(&self.places);
        let current = places.get_mut(&stream).filter(|current| Arc::as_ptr(current) == failed.as_ptr())?;
        *current = Place::over(current.intake.clone());
        Some(current.clone())
    }

    /// Takes a stream out of use until a person has looked.
    fn put_aside(&self, stream: StreamId, failures: usize) {
        error!(raffle.id = %stream.raffle, failures, "an actor keeps failing and is set aside; a person must look");
        counter!("drumroll_set_aside_total").increment(1);
        lock(&self.aside).insert(stream);
        // Whoever still finds the closed intake comes back here and learns that it is set aside.
        self.discard(stream);
    }

    /// Failures of late, with this one.
    fn count_failure(&self, stream: StreamId) -> usize {
        let mut failures = lock(&self.failures);
        let times = failures.entry(stream).or_default();
        times.push_back(Instant::now());
        while times.front().is_some_and(|first| first.elapsed() > self.options.failures_window) {
            times.pop_front();
        }
        times.len()
    }

    /// What was decided on this journal did not get in: the memory here is worth nothing. A store that
    /// refuses it once will do so again: after a few times nobody is sent there any more.
    pub fn lost(&self, stream: StreamId, loss: Loss) {
        if loss == Loss::Refused {
            let recent = self.count_failure(stream);
            if recent > self.options.failures_max {
                return self.put_aside(stream, recent);
            }
            warn!(raffle.id = %stream.raffle, failures = recent, "the store refused a decision; its actor is rebuilt");
        }
        self.discard(stream);
    }

    fn discard(&self, stream: StreamId) {
        let Some(place) = lock(&self.places).remove(&stream) else { return };
        place.intake.close();
        // One that is only starting finds its intake closed.
        if let Some(handle) = place.handle.get() {
            nudge(handle);
        }
    }

    /// Streams set aside, for alerts.
    pub fn set_aside(&self) -> Vec<StreamId> {
        lock(&self.aside).iter().copied().collect()
    }

    /// Gives a stream that was set aside another chance.
    pub fn take_back(&self, stream: StreamId) {
        lock(&self.aside).remove(&stream);
        lock(&self.failures).remove(&stream);
    }

    /// Wakes the actor of a stream, so that what is due there happens, unless another node runs it.
    ///
    /// # Errors
    /// See [`ExecuteError`].
    pub async fn rouse(self: &Arc<Self>, stream: StreamId) -> Result<(), ExecuteError> {
        match self.awaken(stream).await {
            Ok(()) | Err(ExecuteError::Elsewhere(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn awaken(self: &Arc<Self>, stream: StreamId) -> Result<(), ExecuteError> {
        let place = self.place(stream)?;
        let handle = self.handle(stream, &place).await;
        if matches!(handle, Err(ExecuteError::Elsewhere(_))) {
            self.forget(stream, &place);
        }
        handle.map(drop)
    }

    /// What an actor holds and the store may not yet, if it is awake.
    pub fn figures(&self, stream: StreamId) -> Option<Figures> {
        let handle = lock(&self.places).get(&stream)?.handle.get().cloned()?;
        Some(Figures {
            decided_seq: handle.gauges.decided_seq.load(Ordering::Acquire),
            decided_net_minor: handle.gauges.decided_net_minor.load(Ordering::Relaxed),
            waiting: handle.intake.len(),
        })
    }

    /// Work that waits in all intakes.
    pub fn waiting(&self) -> usize {
        lock(&self.places).values().map(|place| place.intake.len()).sum()
    }

    /// In the order of their ids, so that what is done for one after the other does not depend on a hash.
    fn awake(&self) -> Vec<(StreamId, Arc<Handle<A>>)> {
        let places = lock(&self.places);
        let handles = places.iter().filter_map(|(stream, place)| Some((*stream, place.handle.get()?.clone())));
        let mut awake: Vec<_> = handles.collect();
        awake.sort_unstable_by_key(|(stream, _)| *stream);
        awake
    }

    /// Puts idle actors to sleep and makes due snapshots; called every now and then.
    pub async fn tend(self: &Arc<Self>) {
        let awake = self.awake();
        for (stream, handle) in awake {
            let seq = handle.gauges.decided_seq.load(Ordering::Acquire);
            let last = handle.snapshot_seq.load(Ordering::Relaxed);
            if seq.saturating_sub(last) >= self.options.snapshot_every.max(last / SNAPSHOT_SHARE) {
                let (registry, handle) = (self.clone(), handle.clone());
                self.runtime.spawn(async move {
                    // The next look finds it still due.
                    guard::step("snapshot", registry.snapshot_beside(stream, &handle)).await;
                });
            }
            let idle = self.clock.now().since(Timestamp(handle.gauges.worked_at.load(Ordering::Relaxed))).0;
            if u128::from(idle) >= self.options.idle.as_micros() && handle.due.borrow().is_none() {
                self.put_to_sleep(stream, &handle).await;
            }
        }
    }

    async fn put_to_sleep(self: &Arc<Self>, stream: StreamId, handle: &Arc<Handle<A>>) {
        self.snapshot(stream, handle).await;
        if let Ok(true) = handle.intake.push(Lane::Online, Work::Sleep) {
            nudge(handle);
        }
    }

    /// Makes a snapshot from the last one and what the store has since, while the actor goes on: copying a
    /// large state in it would keep its callers waiting. It reads the journal's chain on the way.
    async fn snapshot_beside(&self, stream: StreamId, handle: &Handle<A>) {
        // Somebody else's turn: the next look finds this one still due.
        let Ok(_turn) = self.copies.try_acquire() else { return };
        let began = Instant::now();
        match self.copy(stream, handle.gauges.decided_seq.load(Ordering::Acquire)).await {
            Ok(seq) => {
                handle.snapshot_seq.store(seq, Ordering::Relaxed);
                histogram!("drumroll_snapshot_seconds").record(began.elapsed().as_secs_f64());
            }
            Err(error) => {
                warn!(raffle.id = %stream.raffle, %error, "a snapshot was not made; the next start replays more");
            }
        }
    }

    async fn copy(&self, stream: StreamId, until: u64) -> Result<u64, CopyError> {
        let snapshot = self.store.snapshot(stream).await?;
        let work = move || Live::<A>::from_snapshot(stream, snapshot.as_ref());
        let mut live = self.crew.compute(work).await?;
        // The beginning, where the snapshot is of another version: then a new one is due in any case.
        let last = live.head.seq;
        while live.head.seq < until {
            let page = self.store.records(stream, live.head.seq, PAGE).await?;
            if page.is_empty() {
                // What was decided is not durable yet: the snapshot ends where the store does.
                break;
            }
            live = self.crew.compute(move || live.replay(&page).map(|()| live)).await??;
        }
        let seq = live.head.seq;
        if seq == last {
            // Nothing became durable since; there is nothing to save again.
            return Ok(seq);
        }
        let bytes = self.crew.compute(move || live.snapshot()).await?;
        self.store.save_snapshot(stream, seq, bytes).await?;
        Ok(seq)
    }

    /// Saves a snapshot of the durable state, copied in the actor: for one that is idle or about to end.
    async fn snapshot(self: &Arc<Self>, stream: StreamId, handle: &Arc<Handle<A>>) {
        let seq = handle.gauges.decided_seq.load(Ordering::Acquire);
        if seq == handle.snapshot_seq.load(Ordering::Relaxed) || seq == 0 {
            return;
        }
        let Ok(live) = self.read(stream, Live::clone).await else { return };
        let seq = live.head.seq;
        let Ok(bytes) = self.crew.compute(move || live.snapshot()).await else { return };
        match self.store.save_snapshot(stream, seq, bytes).await {
            Ok(()) => handle.snapshot_seq.store(seq, Ordering::Relaxed),
            Err(error) => {
                warn!(raffle.id = %stream.raffle, %error, "a snapshot was not saved; the next start replays more")
            }
        }
    }

    /// Snapshots everything and drains the journal, for a graceful shutdown (B-03).
    pub async fn settle(self: &Arc<Self>) {
        let awake = self.awake();
        for (stream, handle) in awake {
            self.snapshot(stream, &handle).await;
        }
        self.settling.store(true, Ordering::Release);
        // The journal is going down with the node; there is nobody left to tell.
        let _ = self.journal.drain().await;
    }
}

/// Tells an actor to look into its intake; `false` when it is gone. A full mailbox holds that message
/// already.
fn nudge<A: Aggregate + Unpin>(handle: &Handle<A>) -> bool
where
    A::Cache: Unpin,
{
    let gone = matches!(handle.address.try_send(Wake), Err(SendError::Closed(_)));
    if gone {
        handle.intake.rearm();
    }
    !gone
}

/// Sends an actor what time makes due, to the moment.
async fn keep_time<A: Aggregate + Unpin>(
    clock: Arc<dyn Clock>,
    mut due: watch::Receiver<Option<Timestamp>>,
    handle: Weak<Handle<A>>,
) where
    A::Cache: Unpin,
{
    loop {
        let next = *due.borrow_and_update();
        let changed = match next {
            None => due.changed().await,
            Some(at) => tokio::select! {
                // What is due may have changed in the moment it came.
                biased;
                changed = due.changed() => changed,
                () = clock.sleep_until(at) => {
                    let Some(handle) = handle.upgrade() else { return };
                    if let Ok(true) = handle.intake.push(Lane::Control, Work::PassTime) {
                        nudge(&handle);
                    }
                    drop(handle);
                    // Either the actor announces the next due time, or it had no room and is asked again.
                    tokio::time::timeout(Duration::from_millis(200), due.changed()).await.unwrap_or(Ok(()))
                }
            },
        };
        if changed.is_err() {
            return;
        }
    }
}
