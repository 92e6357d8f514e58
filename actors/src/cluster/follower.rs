//! A journal of another node, read along: its state for looks, its view for screens. The store is the truth;
//! news from the bus only saves the way there.

use super::bus::News;
use crate::aggregate::{Aggregate, Live, LoadError};
use crate::guard;
use crate::intake::Look;
use crate::store::{Store, StoreError, StreamId};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

/// Looks and news that may wait.
const ROOM: usize = 256;

/// Events read at a time.
const PAGE: u32 = 4_096;

/// Events replayed without leaving the thread.
const INLINE_MAX: usize = 64;

/// Least time between two views shown.
const SHOW_EVERY: Duration = Duration::from_millis(50);

/// Without a look for so long the follower ends; whoever needs it next starts another.
const IDLE: Duration = Duration::from_secs(60);

/// The store's end, wherever that is.
pub(crate) const END: u64 = u64::MAX;

/// Why a journal cannot be read along.
#[derive(Clone, Debug, Error)]
pub(crate) enum FollowError {
    #[error(transparent)]
    Store(Arc<StoreError>),
    #[error(transparent)]
    Load(Arc<LoadError>),
    #[error("interrupted")]
    Interrupted,
}

impl From<StoreError> for FollowError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<LoadError> for FollowError {
    fn from(error: LoadError) -> Self {
        Self::Load(Arc::new(error))
    }
}

enum Told<A: Aggregate> {
    /// Be at the store's end, then let somebody look.
    Look { look: Look<A>, done: Done },
    /// Have this event, and show it.
    Reach { seq: u64, done: Done },
    /// The journal grew.
    News(Arc<News>),
    /// Somebody watches.
    Watched,
}

/// The way to a follower. When all of them are gone it ends.
pub(crate) struct Follower<A: Aggregate> {
    way: mpsc::Sender<Told<A>>,
}

/// Shows a state to whoever watches.
pub(crate) type Show<A> = Box<dyn Fn(&Live<A>) + Send>;

/// Where somebody waits for an answer.
type Done = oneshot::Sender<Result<(), FollowError>>;

/// What a follower needs.
pub(crate) struct Parts<A> {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) stream: StreamId,
    /// Shows a state that is durable.
    pub(crate) show: Show<A>,
    /// How often the store is looked at without news.
    pub(crate) poll: Box<dyn Fn() -> Duration + Send>,
}

impl<A: Aggregate> Follower<A> {
    /// Starts one on the current runtime.
    pub(crate) fn start(parts: Parts<A>) -> Arc<Self> {
        let (way, told) = mpsc::channel(ROOM);
        // One that panics is gone; whoever needs it next starts another.
        tokio::spawn(guard::step("follower", run(parts, told)));
        Arc::new(Self { way })
    }

    /// Whether it still runs.
    pub(crate) fn lives(&self) -> bool {
        !self.way.is_closed()
    }

    /// Looks at the state as it is at the store's end: every answer anybody has had until now is in it.
    ///
    /// # Errors
    /// See [`FollowError`].
    pub(crate) async fn look(&self, look: Look<A>) -> Result<(), FollowError> {
        let (done, answer) = oneshot::channel();
        self.way.send(Told::Look { look, done }).await.map_err(|_| FollowError::Interrupted)?;
        answer.await.unwrap_or(Err(FollowError::Interrupted))
    }

    /// Returns once the state with this event is shown; with [`END`], once everything is that anybody has had an
    /// answer about until now.
    ///
    /// # Errors
    /// See [`FollowError`].
    pub(crate) async fn reach(&self, seq: u64) -> Result<(), FollowError> {
        let (done, answer) = oneshot::channel();
        self.way.send(Told::Reach { seq, done }).await.map_err(|_| FollowError::Interrupted)?;
        answer.await.unwrap_or(Err(FollowError::Interrupted))
    }

    /// Tells it what was committed. What finds no room is found in the store.
    pub(crate) fn tell(&self, news: &Arc<News>) {
        let _ = self.way.try_send(Told::News(news.clone()));
    }

    /// Keeps it from ending.
    pub(crate) fn watched(&self) {
        let _ = self.way.try_send(Told::Watched);
    }
}

async fn run<A: Aggregate>(parts: Parts<A>, mut told: mpsc::Receiver<Told<A>>) {
    let mut mirror = Mirror { parts, live: None, shown: 0 };
    let mut used = Instant::now();
    let mut poll_at = Instant::now();
    let mut show_at: Option<Instant> = None;
    loop {
        let wake = show_at.map_or(poll_at, |at| at.min(poll_at));
        tokio::select! {
            biased;
            next = told.recv() => match next {
                None => return,
                Some(first) => {
                    let mut batch = Batch::default();
                    batch.add(first);
                    while let Ok(next) = told.try_recv() {
                        batch.add(next);
                    }
                    if batch.used {
                        used = Instant::now();
                    }
                    mirror.work(batch).await;
                }
            },
            () = sleep_until(wake) => {}
        }
        let now = Instant::now();
        if now >= poll_at {
            if now - used > IDLE {
                return;
            }
            poll_at = now + (mirror.parts.poll)();
            if let Err(error) = mirror.catch_up().await {
                warn!(raffle.id = %mirror.parts.stream.raffle, %error, "a journal could not be read along; trying again");
            }
        }
        // The first view at once; then no more often than screens change.
        match show_at {
            None if mirror.has_news() => show_at = Some(if mirror.shown == 0 { now } else { now + SHOW_EVERY }),
            Some(at) if now >= at => {
                mirror.show();
                show_at = None;
            }
            _ => {}
        }
    }
}

/// What waited at the same time: one reading of the store serves them all.
struct Batch<A: Aggregate> {
    looks: Vec<(Look<A>, Done)>,
    reaches: Vec<(u64, Done)>,
    news: Vec<Arc<News>>,
    used: bool,
}

impl<A: Aggregate> Default for Batch<A> {
    fn default() -> Self {
        Self { looks: Vec::new(), reaches: Vec::new(), news: Vec::new(), used: false }
    }
}

impl<A: Aggregate> Batch<A> {
    fn add(&mut self, told: Told<A>) {
        self.used |= !matches!(told, Told::News(_));
        match told {
            Told::Look { look, done } => self.looks.push((look, done)),
            Told::Reach { seq, done } => self.reaches.push((seq, done)),
            Told::News(news) => self.news.push(news),
            Told::Watched => {}
        }
    }

    /// The event that must be there before anybody is answered. Who looks wants everything.
    fn needs(&self) -> Option<u64> {
        let reached = self.reaches.iter().map(|(seq, _)| *seq).max();
        if self.looks.is_empty() { reached } else { Some(END) }
    }
}

/// The state, as far as it was read.
struct Mirror<A: Aggregate> {
    parts: Parts<A>,
    live: Option<Live<A>>,
    /// The event that was last shown.
    shown: u64,
}

impl<A: Aggregate> Mirror<A> {
    fn has_news(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.head.seq > self.shown)
    }

    fn show(&mut self) {
        if let Some(live) = &self.live {
            (self.parts.show)(live);
            self.shown = live.head.seq;
        }
    }

    async fn work(&mut self, batch: Batch<A>) {
        let mut outcome = Ok(());
        for news in &batch.news {
            if let Err(error) = self.hear(news).await {
                warn!(raffle.id = %news.stream().raffle, %error, "news could not be followed; the next look tries again");
            }
        }
        if let Some(needed) = batch.needs() {
            if self.live.as_ref().is_none_or(|live| live.head.seq < needed) {
                outcome = self.catch_up().await;
            }
            // Whoever waited for an event finds it in what is shown; who asks for the first time finds a view.
            if self.shown == 0 || (!batch.reaches.is_empty() && self.has_news()) {
                self.show();
            }
        }
        for (look, done) in batch.looks {
            if let (Ok(()), Some(live)) = (&outcome, &self.live) {
                look(live);
            }
            // A caller that gave up asks again.
            let _ = done.send(outcome.clone());
        }
        for (_, done) in batch.reaches {
            let _ = done.send(outcome.clone());
        }
    }

    async fn hear(&mut self, news: &News) -> Result<(), FollowError> {
        let Some(live) = &mut self.live else { return self.catch_up().await };
        if news.last_seq <= live.head.seq {
            return Ok(());
        }
        let fresh = news.records.iter().position(|(record, _)| record.seq == live.head.seq + 1);
        match fresh {
            Some(at) => self.replay(news.records[at..].to_vec()).await,
            None => self.catch_up().await,
        }
    }

    /// Reads on to the store's end.
    async fn catch_up(&mut self) -> Result<(), FollowError> {
        if self.live.is_none() {
            let (store, stream) = (self.parts.store.clone(), self.parts.stream);
            let snapshot = store.snapshot(stream).await?;
            let work = move || Live::<A>::from_snapshot(stream, snapshot.as_ref());
            self.live = Some(tokio::task::spawn_blocking(work).await.map_err(|_| FollowError::Interrupted)?);
            info!(raffle.id = %stream.raffle, "another node's journal is read along");
        }
        loop {
            let seq = self.live.as_ref().map_or(0, |live| live.head.seq);
            let page = self.parts.store.records(self.parts.stream, seq, PAGE).await?;
            let last = page.len() < PAGE as usize;
            if !page.is_empty() {
                self.replay(page).await?;
            }
            if last {
                return Ok(());
            }
        }
    }

    /// On a journal that does not fit what was read before, everything is read again.
    async fn replay(&mut self, records: Vec<(drumroll_engine::journal::Record, [u8; 32])>) -> Result<(), FollowError> {
        let Some(mut live) = self.live.take() else { return Ok(()) };
        let epoch = records.last().map_or(live.epoch, |(record, _)| record.epoch);
        if records.len() <= INLINE_MAX {
            live.replay(&records)?;
        } else {
            let work = move || live.replay(&records).map(|()| live);
            live = tokio::task::spawn_blocking(work).await.map_err(|_| FollowError::Interrupted)??;
        }
        live.epoch = epoch;
        self.live = Some(live);
        Ok(())
    }
}
