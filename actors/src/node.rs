//! One node: its store, journal, feed, clock, keys and actors, behind one handle.

use crate::aggregate::{Aggregate, Live, Origin};
use crate::clock::Clock;
use crate::cluster::bus::Told;
use crate::cluster::keeper::{self, Ward};
use crate::cluster::peers::Asked;
use crate::cluster::{Cluster, JoinError, Membership};
use crate::crew::Crew;
use crate::feed::{Bell, Feed, RaffleFeed};
use crate::guard;
use crate::intake::Lane;
use crate::keys::KeyStore;
use crate::presence::Presence;
use crate::registry::{Done, ExecuteError, Options, Registry};
use crate::store::{Store, StoreError, StreamId};
use crate::view::{DeviceView, Frame, RaffleView};
use crate::write_behind::{self, Journal};
use actix::Arbiter;
use drumroll_engine::id::{OrganisationId, RaffleId};
use drumroll_engine::journal::Cause;
use drumroll_engine::organisation::{self, Organisation};
use drumroll_engine::raffle::{Answer, Command, Raffle, Rejection, Status};
use drumroll_engine::time::Timestamp;
use serde_json::value::RawValue;
use std::sync::{Arc, Weak};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::mpsc;
use tracing::{debug, warn};

/// Why a single command has no answer: refused by the engine, or failed on the way.
#[derive(Debug, Error)]
pub enum Failure {
    /// The engine refused; nothing changed.
    #[error(transparent)]
    Refused(Rejection),
    /// The outcome is unknown, or nothing was decided; see [`ExecuteError`].
    #[error(transparent)]
    Failed(#[from] ExecuteError),
}

/// Why an organisation's command has no answer.
#[derive(Debug, Error)]
pub enum OrganisationFailure {
    /// The engine refused; nothing changed.
    #[error(transparent)]
    Refused(organisation::Rejection),
    /// As [`Failure::Failed`].
    #[error(transparent)]
    Failed(#[from] ExecuteError),
}

/// One answered command.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What the caller is told.
    pub answer: Answer,
    /// The end of the journal after it.
    pub seq: u64,
    /// When it was decided.
    pub at: Timestamp,
}

/// What a node is made of.
pub struct Parts {
    /// Its store.
    pub store: Arc<dyn Store>,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Its keys.
    pub keys: KeyStore,
    /// How its journal is sized.
    pub journal: write_behind::Options,
    /// How its actors are treated.
    pub actors: Options,
    /// Threads for actors; 0 runs actors and computations on the thread that starts the node (see [`Crew`]).
    pub threads: usize,
}

struct Inner {
    cluster: Option<Arc<Cluster>>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    keys: KeyStore,
    journal: Journal,
    feed: Arc<Feed>,
    raffles: Arc<Registry<Raffle>>,
    organisations: Arc<Registry<Organisation>>,
    crew: Crew,
    arbiters: Vec<Arbiter>,
}

/// The handle of a node; cheap to clone.
#[derive(Clone)]
pub struct Node(Arc<Inner>);

/// How often raffles that are watched here are looked after.
const ATTEND_EVERY: Duration = Duration::from_millis(500);

/// How often idle actors and due snapshots are looked after.
const TEND_EVERY: Duration = Duration::from_secs(15);

/// What a node's keeper does to its actors.
impl Ward for Inner {
    fn drop_all(&self) {
        self.raffles.drop_all();
        self.organisations.drop_all();
    }

    async fn take(&self, stream: StreamId) {
        if let Err(error) = self.raffles.take(stream).await {
            warn!(raffle.id = %stream.raffle, %error, "a raffle that nobody runs could not be taken over");
        }
    }
}

impl Node {
    /// Starts the only node of a store, within a tokio runtime and an actix system.
    pub fn start(parts: Parts) -> Self {
        Self::start_as(parts, None)
    }

    /// Starts a node beside others over the same store. `news` is what its bus hears of them.
    ///
    /// # Errors
    /// See [`JoinError`].
    pub async fn join(
        parts: Parts,
        membership: Membership,
        news: Option<mpsc::Receiver<Told>>,
    ) -> Result<Self, JoinError> {
        let presence = membership.presence.clone();
        let cluster = Cluster::join(parts.store.clone(), membership).await?;
        let node = Self::start_as(parts, Some(cluster.clone()));
        let (kept, ward) = (Arc::downgrade(&cluster), Arc::downgrade(&node.0));
        tokio::spawn(guard::task("lease", {
            let (kept, ward) = (kept.clone(), ward.clone());
            move || keeper::keep(kept.clone(), ward.clone())
        }));
        let watched = ward.clone();
        tokio::spawn(guard::task("recovery", move || keeper::recover(kept.clone(), ward.clone())));
        tokio::spawn(guard::task("attend", move || attend(watched.clone())));
        if let Some(news) = news {
            tokio::spawn(hear(Arc::downgrade(&node.0), presence, news));
        }
        Ok(node)
    }

    fn start_as(parts: Parts, cluster: Option<Arc<Cluster>>) -> Self {
        let Parts { store, clock, keys, journal, actors, threads } = parts;
        let feed = Arc::new(Feed::default());
        let (losses, mut lost) = mpsc::channel(1_024);
        let journal = Journal::start(store.clone(), feed.clone(), journal, move |stream, loss| {
            // Were this ever full, the actor would still find out with its next decision.
            let _ = losses.try_send((stream, loss));
        });
        let arbiters: Vec<Arbiter> = (0..threads).map(|_| Arbiter::new()).collect();
        let crew = Crew::new(&arbiters);
        let seeds = feed.clone();
        let raffles = Registry::new(
            store.clone(),
            journal.clone(),
            clock.clone(),
            crew.clone(),
            actors,
            Box::new(move |live| drop(seed(&seeds, live))),
        );
        let organisations =
            Registry::new(store.clone(), journal.clone(), clock.clone(), crew.clone(), actors, Box::new(|_| ()));
        if let Some(cluster) = &cluster {
            raffles.enlist(cluster.clone());
            organisations.enlist(cluster.clone());
            if let Some(bus) = cluster.bus.clone() {
                feed.connect(bus);
            }
        }
        let inner = Inner { cluster, store, clock, keys, journal, feed, raffles, organisations, crew, arbiters };
        let node = Self(Arc::new(inner));
        let weak = Arc::downgrade(&node.0);
        tokio::spawn(async move {
            while let Some((stream, loss)) = lost.recv().await {
                let Some(inner) = weak.upgrade() else { return };
                let told = guard::step("losses", async {
                    if stream.raffle == RaffleId::NIL {
                        inner.organisations.lost(stream, loss);
                    } else {
                        inner.raffles.lost(stream, loss);
                    }
                });
                told.await;
            }
        });
        let weak = Arc::downgrade(&node.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(TEND_EVERY).await;
                let Some(inner) = weak.upgrade() else { return };
                guard::step("tend", inner.raffles.tend()).await;
                guard::step("tend", inner.organisations.tend()).await;
            }
        });
        node
    }

    /// Wakes every raffle in which something may be due, so that a restart across a close changes
    /// nothing (L-04). Among several nodes each takes over what nobody runs, all the time.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn wake_due(&self) -> Result<(), StoreError> {
        if self.0.cluster.is_some() {
            return Ok(());
        }
        let mut after = None;
        loop {
            let page = self.0.store.raffles(None, false, after, 500).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some((last.created_at, last.raffle));
            for row in page.iter().filter(|row| {
                !matches!(row.status, Status::Draft | Status::Configured | Status::Finalized | Status::Cancelled)
            }) {
                let stream = StreamId { organisation: row.organisation, raffle: row.raffle };
                if let Err(error) = self.0.raffles.rouse(stream).await {
                    warn!(raffle.id = %row.raffle, %error, "a raffle could not be woken at the start");
                }
            }
        }
    }

    /// The store, for queries.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The keys.
    pub fn keys(&self) -> &KeyStore {
        &self.0.keys
    }

    /// Who computes for it.
    pub(crate) fn crew(&self) -> &Crew {
        &self.0.crew
    }

    /// The journal, for its figures.
    pub fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// Rings when something is on record that notification targets may be told of.
    pub fn bell(&self) -> Bell {
        self.0.feed.bell()
    }

    /// The registry of raffles.
    pub fn raffles(&self) -> &Arc<Registry<Raffle>> {
        &self.0.raffles
    }

    /// The registry of organisations.
    pub fn organisations(&self) -> &Arc<Registry<Organisation>> {
        &self.0.organisations
    }

    /// The stream of a raffle; `None` for one nobody created.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn stream(&self, raffle: RaffleId) -> Result<Option<StreamId>, StoreError> {
        if let Some(feed) = self.0.feed.get(raffle) {
            return Ok(Some(StreamId { organisation: feed.view().organisation, raffle }));
        }
        let row = self.0.store.raffle(raffle).await?;
        Ok(row.map(|row| StreamId { organisation: row.organisation, raffle }))
    }

    /// The name of the node that runs a raffle, as far as this one knows without asking; balancers go by it.
    pub fn owner(&self, raffle: RaffleId) -> Option<String> {
        let feed = self.0.feed.get(raffle)?;
        self.0.raffles.owner(StreamId { organisation: feed.view().organisation, raffle })
    }

    /// Whether this node runs a raffle, from now on if nobody did: what one of several nodes is to do for it,
    /// this one does. The only node of a store runs them all.
    pub async fn runs_here(&self, stream: StreamId) -> bool {
        self.0.raffles.is_here(stream).await
    }

    /// The committed feed of a raffle, waking it if it sleeps.
    ///
    /// # Errors
    /// See [`ExecuteError`].
    pub async fn feed(&self, stream: StreamId) -> Result<Arc<RaffleFeed>, ExecuteError> {
        if let Some(feed) = self.0.feed.get(stream.raffle).filter(|_| self.0.cluster.is_none()) {
            return Ok(feed);
        }
        let shown = self.0.raffles.show(stream).await;
        match (shown, self.0.feed.get(stream.raffle)) {
            (Ok(()), Some(feed)) => Ok(feed),
            // Cut off from the store: the last view says itself of which moment it is.
            (Err(error), Some(feed)) if error.retry_after().is_some() => Ok(feed),
            (Err(error), _) => Err(error),
            (Ok(()), None) => Err(ExecuteError::Interrupted),
        }
    }

    /// Judges one command on a raffle and answers once it is durable.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn execute(
        &self,
        stream: StreamId,
        lane: Lane,
        origin: Origin,
        command: Command,
    ) -> Result<Answered, Failure> {
        let done = self.0.raffles.execute(stream, lane, origin, vec![(command, None)], true).await?;
        let (seq, at) = (done.seq, done.at);
        let answer = done.answers.into_iter().next().ok_or(Failure::Failed(ExecuteError::Interrupted))?;
        match answer.map_err(Failure::Refused)? {
            // On record, and still a refusal to the caller (L-02).
            Answer::Refused(rejection) => Err(Failure::Refused(rejection)),
            answer => Ok(Answered { answer, seq, at }),
        }
    }

    /// Judges several commands on a raffle in order, with nothing in between.
    ///
    /// # Errors
    /// See [`ExecuteError`].
    pub async fn execute_all(
        &self,
        stream: StreamId,
        lane: Lane,
        origin: Origin,
        commands: Vec<(Command, Option<Cause>)>,
        stop_at_refusal: bool,
    ) -> Result<Done<Raffle>, ExecuteError> {
        self.0.raffles.execute(stream, lane, origin, commands, stop_at_refusal).await
    }

    /// Looks at a raffle's state and answers once what was seen is durable.
    ///
    /// # Errors
    /// See [`ExecuteError`].
    pub async fn read<T: Send + 'static>(
        &self,
        stream: StreamId,
        look: impl FnOnce(&Live<Raffle>) -> T + Send + 'static,
    ) -> Result<T, ExecuteError> {
        self.0.raffles.read(stream, look).await
    }

    /// Judges one command on an organisation and answers once it is durable.
    ///
    /// # Errors
    /// See [`OrganisationFailure`].
    pub async fn organise(
        &self,
        organisation: OrganisationId,
        origin: Origin,
        command: organisation::Command,
    ) -> Result<(), OrganisationFailure> {
        let stream = StreamId::organisation(organisation);
        let done = self.0.organisations.execute(stream, Lane::Control, origin, vec![(command, None)], true).await?;
        let answer = done.answers.into_iter().next().ok_or(OrganisationFailure::Failed(ExecuteError::Interrupted))?;
        answer.map_err(OrganisationFailure::Refused)
    }

    /// Looks at an organisation's state and answers once what was seen is durable.
    ///
    /// # Errors
    /// See [`ExecuteError`].
    pub async fn read_organisation<T: Send + 'static>(
        &self,
        organisation: OrganisationId,
        look: impl FnOnce(&Organisation) -> T + Send + 'static,
    ) -> Result<T, ExecuteError> {
        self.0.organisations.read(StreamId::organisation(organisation), move |live| look(&live.state)).await
    }

    /// What this node knows of the others, if it is one of several.
    pub fn cluster(&self) -> Option<&Arc<Cluster>> {
        self.0.cluster.as_ref()
    }

    /// Judges what another node sent and answers it; `None` for bytes that no node of this build sends.
    pub async fn answer_peer(&self, body: &[u8]) -> Option<Vec<u8>> {
        let cluster = self.0.cluster.as_ref()?;
        let asked: Asked<Box<RawValue>> = serde_json::from_slice(body).ok()?;
        let call = asked.call.get();
        let answer = match asked.kind.as_str() {
            Raffle::KIND => serde_json::to_vec(&self.0.raffles.answer(cluster, serde_json::from_str(call).ok()?).await),
            Organisation::KIND => {
                serde_json::to_vec(&self.0.organisations.answer(cluster, serde_json::from_str(call).ok()?).await)
            }
            _ => return None,
        };
        answer.ok()
    }

    /// Makes everything decided durable and stops the actors' threads (B-03). The only node of a store leaves
    /// snapshots behind; one of several hands its journals over at once.
    pub async fn shut_down(&self) {
        match &self.0.cluster {
            Some(cluster) if cluster.standing() > 1 => {
                cluster.take_leave();
                self.0.raffles.hand_over().await;
                self.0.organisations.hand_over().await;
                cluster.leave().await;
            }
            cluster => {
                self.0.raffles.settle().await;
                self.0.organisations.settle().await;
                if let Some(cluster) = cluster {
                    cluster.take_leave();
                    cluster.leave().await;
                }
            }
        }
        for arbiter in &self.0.arbiters {
            arbiter.stop();
        }
    }
}

/// Keeps what is watched here fresh, wherever its actor runs.
async fn attend(node: Weak<Inner>) {
    loop {
        tokio::time::sleep(ATTEND_EVERY).await;
        let Some(node) = node.upgrade() else { return };
        for stream in node.feed.watched() {
            if let Err(error) = node.raffles.attend(stream).await {
                debug!(raffle.id = %stream.raffle, %error, "what is watched here is not kept fresh at the moment");
            }
        }
    }
}

/// Hands on what the bus hears of other nodes.
async fn hear(node: Weak<Inner>, presence: Arc<Presence>, mut told: mpsc::Receiver<Told>) {
    while let Some(told) = told.recv().await {
        let Some(node) = node.upgrade() else { return };
        let hand_on = async {
            match told {
                Told::Heard(device, there) => presence.elsewhere(device, *there),
                Told::News(news) if news.stream().raffle == RaffleId::NIL => node.organisations.hear(&Arc::new(news)),
                Told::News(news) => node.raffles.hear(&Arc::new(news)),
            }
        };
        guard::step("news", hand_on).await;
    }
}

/// Shows a raffle as loaded: what comes from the store is durable.
fn seed(feed: &Feed, live: &Live<Raffle>) -> Arc<RaffleFeed> {
    let raffle = &live.state;
    let frame = Arc::new(Frame::of(raffle));
    let view = RaffleView::of(raffle, live.epoch, live.head.seq, live.head.at, frame);
    let devices = raffle.devices.iter().map(|(id, device)| DeviceView::of(*id, device)).collect();
    feed.seed(view, devices)
}
