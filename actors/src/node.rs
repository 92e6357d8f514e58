//! One node: its store, journal, feed, clock, keys and actors, behind one handle.

use crate::aggregate::{Live, Origin};
use crate::clock::Clock;
use crate::feed::{Feed, RaffleFeed};
use crate::guard;
use crate::intake::Lane;
use crate::keys::KeyStore;
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
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::mpsc;
use tracing::warn;

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
    /// Threads for actors.
    pub threads: usize,
}

struct Inner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    keys: KeyStore,
    journal: Journal,
    feed: Arc<Feed>,
    raffles: Arc<Registry<Raffle>>,
    organisations: Arc<Registry<Organisation>>,
    arbiters: Vec<Arbiter>,
}

/// The handle of a node; cheap to clone.
#[derive(Clone)]
pub struct Node(Arc<Inner>);

/// How often idle actors and due snapshots are looked after.
const TEND_EVERY: Duration = Duration::from_secs(15);

impl Node {
    /// Starts a node within a tokio runtime and an actix system.
    pub fn start(parts: Parts) -> Self {
        let Parts { store, clock, keys, journal, actors, threads } = parts;
        let feed = Arc::new(Feed::default());
        let (losses, mut lost) = mpsc::channel(1_024);
        let journal = Journal::start(store.clone(), feed.clone(), journal, move |stream, loss| {
            // Were this ever full, the actor would still find out with its next decision.
            let _ = losses.try_send((stream, loss));
        });
        let arbiters: Vec<Arbiter> = (0..threads.max(1)).map(|_| Arbiter::new()).collect();
        let handles = || arbiters.iter().map(Arbiter::handle).collect::<Vec<_>>();
        let seeds = feed.clone();
        let raffles = Registry::new(
            store.clone(),
            journal.clone(),
            clock.clone(),
            handles(),
            actors,
            Box::new(move |live| drop(seed(&seeds, live))),
        );
        let organisations =
            Registry::new(store.clone(), journal.clone(), clock.clone(), handles(), actors, Box::new(|_| ()));
        let node = Self(Arc::new(Inner { store, clock, keys, journal, feed, raffles, organisations, arbiters }));
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
    /// nothing (L-04).
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn wake_due(&self) -> Result<(), StoreError> {
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

    /// The journal, for its figures.
    pub fn journal(&self) -> &Journal {
        &self.0.journal
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

    /// The committed feed of a raffle, waking it if it sleeps.
    ///
    /// # Errors
    /// See [`ExecuteError`].
    pub async fn feed(&self, stream: StreamId) -> Result<Arc<RaffleFeed>, ExecuteError> {
        if let Some(feed) = self.0.feed.get(stream.raffle) {
            return Ok(feed);
        }
        self.0.raffles.rouse(stream).await?;
        self.0.feed.get(stream.raffle).ok_or(ExecuteError::Interrupted)
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

    /// Snapshots what is awake, drains the journal and stops the actors' threads (B-03).
    pub async fn shut_down(&self) {
        self.0.raffles.settle().await;
        self.0.organisations.settle().await;
        for arbiter in &self.0.arbiters {
            arbiter.stop();
        }
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
