//! Starts actors on demand, puts idle ones to sleep, and revives an actor after a panic by rebuilding it
//! from the store, which actix's supervisor does not.

use crate::aggregate::{Aggregate, Live, LoadError, Origin, snapshot_readable};
use crate::aggregate_actor::{AggregateActor, Gauges, Wake, Watcher};
use crate::clock::Clock;
use crate::intake::{Intake, Judged, Lane, Refused, Work};
use crate::store::{Store, StoreError, StreamId};
use crate::write_behind::Journal;
use actix::{Actor, Addr, ArbiterHandle};
use drumroll_engine::journal::Cause;
use drumroll_engine::time::Timestamp;
use metrics::{counter, gauge};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::{OnceCell, oneshot, watch};
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
    /// The actor panicked again and again and was set aside. A person must look.
    #[error("set aside after repeated failures")]
    SetAside,
    /// The store did not answer while the actor was to be started.
    #[error("the store is unavailable")]
    Store(#[source] Arc<StoreError>),
    /// The journal cannot be read back.
    #[error("the journal is damaged")]
    Damaged(#[source] Arc<LoadError>),
}

impl ExecuteError {
    /// Seconds after which asking again makes sense; `None` when it does not.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Busy | Self::Interrupted => Some(1),
            Self::Uncertain => Some(2),
            Self::Store(error) if error.retry() => Some(5),
            Self::Store(_) | Self::SetAside | Self::Damaged(_) => None,
        }
    }
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

/// How a registry treats its actors.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The longest a caller waits.
    pub deadline: Duration,
    /// Panics within [`Options::panics_window`] after which an actor is set aside.
    pub panics_max: usize,
    /// See [`Options::panics_max`].
    pub panics_window: Duration,
    /// Actors without work for so long are put to sleep, if nothing is due.
    pub idle: Duration,
    /// Starts at the same time.
    pub starts_max: usize,
    /// Events after which a new snapshot is made.
    pub snapshot_every: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            panics_max: 3,
            panics_window: Duration::from_secs(60),
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
    epoch: u64,
    intake: Arc<Intake<A>>,
    address: Addr<AggregateActor<A>>,
    gauges: Arc<Gauges>,
    due: watch::Receiver<Option<Timestamp>>,
    snapshot_seq: std::sync::atomic::AtomicU64,
}

type Cell<A> = Arc<OnceCell<Arc<Handle<A>>>>;

/// The actors of one kind on this node.
pub struct Registry<A: Aggregate + Unpin>
where
    A::Cache: Unpin,
{
    store: Arc<dyn Store>,
    journal: Journal,
    clock: Arc<dyn Clock>,
    arbiters: Vec<ArbiterHandle>,
    next_arbiter: AtomicUsize,
    options: Options,
    seed: Seed<A>,
    cells: Mutex<HashMap<StreamId, Cell<A>>>,
    panics: Mutex<HashMap<StreamId, VecDeque<Instant>>>,
    aside: Mutex<HashSet<StreamId>>,
    starts: tokio::sync::Semaphore,
    /// Whether the node is going down: actors that end then are not missed.
    settling: std::sync::atomic::AtomicBool,
    runtime: tokio::runtime::Handle,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells the registry when an actor is gone, without keeping it alive.
struct Gone<A: Aggregate + Unpin>(std::sync::Weak<Registry<A>>)
where
    A::Cache: Unpin;

impl<A: Aggregate + Unpin> Watcher for Gone<A>
where
    A::Cache: Unpin,
{
    fn gone(&self, stream: StreamId, epoch: u64, clean: bool) {
        if let Some(registry) = self.0.upgrade() {
            registry.actor_gone(stream, epoch, clean);
        }
    }
}

impl<A: Aggregate + Unpin> Registry<A>
where
    A::Cache: Unpin,
{
    /// A registry that spreads its actors over `arbiters`. Must be made within a tokio runtime.
    pub fn new(
        store: Arc<dyn Store>,
        journal: Journal,
        clock: Arc<dyn Clock>,
        arbiters: Vec<ArbiterHandle>,
        options: Options,
        seed: Seed<A>,
    ) -> Arc<Self> {
        assert!(!arbiters.is_empty(), "actors need a thread to run on");
        Arc::new(Self {
            store,
            journal,
            clock,
            arbiters,
            next_arbiter: AtomicUsize::new(0),
            starts: tokio::sync::Semaphore::new(options.starts_max),
            settling: false.into(),
            options,
            seed,
            cells: Mutex::default(),
            panics: Mutex::default(),
            aside: Mutex::default(),
            runtime: tokio::runtime::Handle::current(),
        })
    }

    /// Judges commands in order, with nothing in between, and answers once everything is durable.
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
            let (reply, decided) = oneshot::channel();
            self.push(stream, lane, Work::Execute { origin, commands, stop_at_refusal, reply }).await?;
            let decided = decided.await.map_err(|_| ExecuteError::Interrupted)?.map_err(|_| ExecuteError::Busy)?;
            // The decision is made; nobody hears of it before it is durable.
            match decided.durable.await {
                Ok(Ok(())) => Ok(Done { answers: decided.answers, seq: decided.seq, at: decided.at }),
                Ok(Err(_)) | Err(_) => Err(ExecuteError::Interrupted),
            }
        };
        tokio::time::timeout(self.options.deadline, run).await.unwrap_or(Err(ExecuteError::Uncertain))
    }

    /// Looks at the state and returns what it saw once that is durable.
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
            let (reply, durable) = oneshot::channel();
            let look = Box::new(move |live: &Live<A>| drop(seen_to.send(look(live))));
            self.push(stream, Lane::Control, Work::Read { look, reply }).await?;
            let durable = durable.await.map_err(|_| ExecuteError::Interrupted)?.map_err(|_| ExecuteError::Busy)?;
            let seen = seen.await.map_err(|_| ExecuteError::Interrupted)?;
            match durable.await {
                Ok(Ok(())) => Ok(seen),
                Ok(Err(_)) | Err(_) => Err(ExecuteError::Interrupted),
            }
        };
        tokio::time::timeout(self.options.deadline, run).await.unwrap_or(Err(ExecuteError::Uncertain))
    }

    async fn push(self: &Arc<Self>, stream: StreamId, lane: Lane, work: Work<A>) -> Result<(), ExecuteError> {
        let mut work = work;
        // An actor may fall asleep between finding and asking it; the next one is started at once.
        for _ in 0..8 {
            let handle = self.handle(stream).await?;
            match handle.intake.offer(lane, work) {
                Ok(wake) => {
                    if wake {
                        self.wake(&handle);
                    }
                    return Ok(());
                }
                Err((Refused::Busy, _)) => {
                    counter!("drumroll_refused_busy_total").increment(1);
                    return Err(ExecuteError::Busy);
                }
                Err((Refused::Asleep, back)) => {
                    self.forget(stream, handle.epoch);
                    work = back;
                }
            }
        }
        Err(ExecuteError::Interrupted)
    }

    fn wake(&self, handle: &Handle<A>) {
        // A full mailbox holds a wake-up already; a closed one means that the actor is gone, and its
        // successor looks into the intake first thing.
        if handle.address.try_send(Wake).is_err() {
            handle.intake.rearm();
        }
    }

    async fn handle(self: &Arc<Self>, stream: StreamId) -> Result<Arc<Handle<A>>, ExecuteError> {
        if lock(&self.aside).contains(&stream) {
            return Err(ExecuteError::SetAside);
        }
        let cell = lock(&self.cells).entry(stream).or_default().clone();
        let started = cell.get_or_try_init(|| self.start(stream, Arc::default())).await;
        started.cloned()
    }

    /// Loads an aggregate and starts its actor over `intake`.
    async fn start(self: &Arc<Self>, stream: StreamId, intake: Arc<Intake<A>>) -> Result<Arc<Handle<A>>, ExecuteError> {
        // A bound on simultaneous recoveries; the semaphore is never closed.
        let _turn = self.starts.acquire().await.map_err(|_| ExecuteError::Interrupted)?;
        // What an earlier owner on this node decided must stand before its successor looks.
        self.journal.drain().await.map_err(|_| ExecuteError::Interrupted)?;
        let began = Instant::now();
        let store = |error| ExecuteError::Store(Arc::new(error));
        let mut loaded = self.store.claim(stream).await.map_err(store)?;
        let unreadable = |(seq, bytes): &(u64, Vec<u8>)| !snapshot_readable::<A>(stream, *seq, bytes);
        if loaded.snapshot.as_ref().is_some_and(unreadable) {
            loaded.snapshot = None;
            loaded.tail = self.whole_journal(stream, loaded.head.seq).await.map_err(store)?;
        }
        let snapshot_seq = loaded.snapshot.as_ref().map_or(0, |(seq, _)| *seq);
        let replay = tokio::task::spawn_blocking(move || Live::<A>::load(stream, &loaded));
        let live = replay.await.map_err(|_| ExecuteError::Interrupted)?.map_err(|error| {
            error!(raffle.id = %stream.raffle, %error, "a journal cannot be read back; nothing is decided on it");
            ExecuteError::Damaged(Arc::new(error))
        })?;
        (self.seed)(&live);
        let (epoch, events) = (live.epoch, live.head.seq);
        let gauges = Arc::new(Gauges::default());
        gauges.worked_at.store(self.clock.now().0, Ordering::Relaxed);
        let (due_sender, due) = watch::channel(None);
        let watcher: Arc<dyn Watcher> = Arc::new(Gone(Arc::downgrade(self)));
        let parts = (intake.clone(), self.journal.clone(), self.clock.clone(), gauges.clone());
        let arbiter = &self.arbiters[self.next_arbiter.fetch_add(1, Ordering::Relaxed) % self.arbiters.len()];
        let address = AggregateActor::start_in_arbiter(arbiter, move |_| {
            let (intake, journal, clock, gauges) = parts;
            AggregateActor::new(live, intake, journal, clock, due_sender, gauges, watcher)
        });
        let handle = Arc::new(Handle { epoch, intake, address, gauges, due, snapshot_seq: snapshot_seq.into() });
        self.runtime.spawn(keep_time(self.clock.clone(), handle.due.clone(), Arc::downgrade(&handle)));
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

    fn forget(&self, stream: StreamId, epoch: u64) {
        let mut cells = lock(&self.cells);
        if cells.get(&stream).is_some_and(|cell| cell.get().is_some_and(|handle| handle.epoch == epoch)) {
            cells.remove(&stream);
        }
    }

    fn actor_gone(self: &Arc<Self>, stream: StreamId, epoch: u64, clean: bool) {
        gauge!("drumroll_actors_awake").decrement(1.0);
        let handle = lock(&self.cells).get(&stream).and_then(|cell| cell.get().cloned());
        let handle = handle.filter(|handle| handle.epoch == epoch);
        self.forget(stream, epoch);
        if clean || self.settling.load(Ordering::Acquire) {
            return;
        }
        counter!("drumroll_actor_panics_total").increment(1);
        let Some(handle) = handle else { return };
        let recent = {
            let mut panics = lock(&self.panics);
            let times = panics.entry(stream).or_default();
            times.push_back(Instant::now());
            while times.front().is_some_and(|first| first.elapsed() > self.options.panics_window) {
                times.pop_front();
            }
            times.len()
        };
        if recent > self.options.panics_max {
            error!(raffle.id = %stream.raffle, panics = recent, "an actor keeps failing and is set aside; a person must look");
            counter!("drumroll_set_aside_total").increment(1);
            lock(&self.aside).insert(stream);
            handle.intake.close();
            return;
        }
        warn!(raffle.id = %stream.raffle, panics = recent, "an actor failed and is rebuilt from the store");
        // The intake lives on: whoever waits in it is served by the successor.
        let (registry, intake) = (self.clone(), handle.intake.clone());
        self.runtime.spawn(async move {
            let cell = lock(&registry.cells).entry(stream).or_default().clone();
            intake.rearm();
            if let Err(error) = cell.get_or_try_init(|| registry.start(stream, intake.clone())).await {
                // The next request tries again; those that waited learn that nothing was decided.
                warn!(raffle.id = %stream.raffle, %error, "an actor could not be rebuilt yet");
                intake.close();
            }
        });
    }

    /// Another owner wrote to this journal: the memory here is worth nothing.
    pub fn fenced(&self, stream: StreamId) {
        let handle = lock(&self.cells).remove(&stream).and_then(|cell| cell.get().cloned());
        if let Some(handle) = handle {
            handle.intake.close();
            self.wake(&handle);
        }
    }

    /// Streams set aside, for alerts.
    pub fn set_aside(&self) -> Vec<StreamId> {
        lock(&self.aside).iter().copied().collect()
    }

    /// Gives a stream that was set aside another chance.
    pub fn take_back(&self, stream: StreamId) {
        lock(&self.aside).remove(&stream);
        lock(&self.panics).remove(&stream);
    }

    /// Wakes the actor of a stream, so that what is due there happens.
    ///
    /// # Errors
    /// See [`ExecuteError`].
    pub async fn rouse(self: &Arc<Self>, stream: StreamId) -> Result<(), ExecuteError> {
        self.handle(stream).await.map(drop)
    }

    /// The end of a journal in memory and how much waits in its intake, if its actor is awake.
    pub fn figures(&self, stream: StreamId) -> Option<(u64, usize)> {
        let handle = lock(&self.cells).get(&stream)?.get().cloned()?;
        Some((handle.gauges.decided_seq.load(Ordering::Acquire), handle.intake.len()))
    }

    /// Work that waits in all intakes.
    pub fn waiting(&self) -> usize {
        lock(&self.cells).values().filter_map(|cell| cell.get()).map(|handle| handle.intake.len()).sum()
    }

    /// Puts idle actors to sleep and makes due snapshots; called every now and then.
    pub async fn tend(self: &Arc<Self>) {
        let awake: Vec<(StreamId, Arc<Handle<A>>)> =
            lock(&self.cells).iter().filter_map(|(stream, cell)| Some((*stream, cell.get()?.clone()))).collect();
        for (stream, handle) in awake {
            let seq = handle.gauges.decided_seq.load(Ordering::Acquire);
            if seq.saturating_sub(handle.snapshot_seq.load(Ordering::Relaxed)) >= self.options.snapshot_every {
                self.snapshot(stream, &handle).await;
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
            self.wake(handle);
        }
    }

    /// Saves a snapshot of the durable state.
    async fn snapshot(self: &Arc<Self>, stream: StreamId, handle: &Arc<Handle<A>>) {
        let seq = handle.gauges.decided_seq.load(Ordering::Acquire);
        if seq == handle.snapshot_seq.load(Ordering::Relaxed) || seq == 0 {
            return;
        }
        let Ok(live) = self.read(stream, Live::clone).await else { return };
        let seq = live.head.seq;
        let Ok(bytes) = tokio::task::spawn_blocking(move || live.snapshot()).await else { return };
        match self.store.save_snapshot(stream, seq, bytes).await {
            Ok(()) => handle.snapshot_seq.store(seq, Ordering::Relaxed),
            Err(error) => {
                warn!(raffle.id = %stream.raffle, %error, "a snapshot was not saved; the next start replays more")
            }
        }
    }

    /// Snapshots everything and drains the journal, for a graceful shutdown (B-03).
    pub async fn settle(self: &Arc<Self>) {
        let awake: Vec<(StreamId, Arc<Handle<A>>)> =
            lock(&self.cells).iter().filter_map(|(stream, cell)| Some((*stream, cell.get()?.clone()))).collect();
        for (stream, handle) in awake {
            self.snapshot(stream, &handle).await;
        }
        self.settling.store(true, Ordering::Release);
        // The journal is going down with the node; there is nobody left to tell.
        let _ = self.journal.drain().await;
    }
}

/// Sends an actor what time makes due, to the moment.
async fn keep_time<A: Aggregate + Unpin>(
    clock: Arc<dyn Clock>,
    mut due: watch::Receiver<Option<Timestamp>>,
    handle: std::sync::Weak<Handle<A>>,
) where
    A::Cache: Unpin,
{
    loop {
        let next = *due.borrow_and_update();
        let changed = match next {
            None => due.changed().await,
            Some(at) => tokio::select! {
                changed = due.changed() => changed,
                () = clock.sleep_until(at) => {
                    let Some(handle) = handle.upgrade() else { return };
                    if let Ok(true) = handle.intake.push(Lane::Control, Work::PassTime)
                        && handle.address.try_send(Wake).is_err()
                    {
                        handle.intake.rearm();
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
