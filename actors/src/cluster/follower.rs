//! A journal of another node, read along: its state for looks, its view for screens. The store is the truth;
//! news from the bus only saves the way there.

use super::bus::News;
use crate::aggregate::{Aggregate, Live, LoadError};
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

/// Why a journal cannot be read along.
#[derive(Debug, Error)]
pub(crate) enum FollowError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("interrupted")]
    Interrupted,
}

enum Told<A: Aggregate> {
    /// Be at the store's end, then let somebody look.
    Look { look: Look<A>, done: oneshot::Sender<Result<(), FollowError>> },
    /// Have this event, and show it.
    Reach { seq: u64, done: oneshot::Sender<Result<(), FollowError>> },
    /// The journal grew.
    News(Arc<News>),
    /// Somebody watches.
    Watched,
}

/// The way to a follower. When all of them are gone it ends.
pub(crate) struct Follower<A: Aggregate> {
    way: mpsc::Sender<Told<A>>,
}

/// What a follower needs.
pub(crate) struct Parts<A> {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) stream: StreamId,
    /// Shows a state that is durable.
    pub(crate) show: Box<dyn Fn(&Live<A>) + Send>,
    /// How often the store is looked at without news.
    pub(crate) poll: Box<dyn Fn() -> Duration + Send>,
}

impl<A: Aggregate> Follower<A> {
    /// Starts one on the current runtime.
    pub(crate) fn start(parts: Parts<A>) -> Arc<Self> {
        let (way, told) = mpsc::channel(ROOM);
        tokio::spawn(run(parts, told));
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

    /// Returns once the state has an event; with 0, once there is a state at all.
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
                Some(Told::Look { look, done }) => {
                    used = Instant::now();
                    // Everybody who waits already is served by the same reading, which has the news as well.
                    let mut looks = vec![(look, done)];
                    let mut reaches = Vec::new();
                    while let Ok(next) = told.try_recv() {
                        match next {
                            Told::Look { look, done } => looks.push((look, done)),
                            Told::Reach { seq, done } => reaches.push((seq, done)),
                            Told::News(_) | Told::Watched => {}
                        }
                    }
                    mirror.serve(looks).await;
                    for (seq, done) in reaches {
                        let _ = done.send(mirror.reach(seq).await);
                    }
                }
                Some(Told::Reach { seq, done }) => {
                    used = Instant::now();
                    let _ = done.send(mirror.reach(seq).await);
                }
                Some(Told::News(news)) => {
                    if let Err(error) = mirror.hear(&news).await {
                        warn!(raffle.id = %news.stream().raffle, %error, "news could not be followed; the next look tries again");
                    }
                }
                Some(Told::Watched) => used = Instant::now(),
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

    async fn serve(&mut self, looks: Vec<(Look<A>, oneshot::Sender<Result<(), FollowError>>)>) {
        let mut outcome = self.catch_up().await;
        if self.shown == 0 {
            // Whoever asked for the first time finds the view in place.
            self.show();
        }
        for (look, done) in looks {
            let answer = match (&outcome, &self.live) {
                (Ok(()), Some(live)) => {
                    look(live);
                    Ok(())
                }
                (Ok(()), None) => Err(FollowError::Interrupted),
                (Err(_), _) => std::mem::replace(&mut outcome, Err(FollowError::Interrupted)),
            };
            // A caller that gave up asks again.
            let _ = done.send(answer);
        }
    }

    async fn reach(&mut self, seq: u64) -> Result<(), FollowError> {
        if self.live.as_ref().is_none_or(|live| live.head.seq < seq) {
            self.catch_up().await?;
        }
        if self.shown == 0 || self.shown < seq {
            self.show();
        }
        Ok(())
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
