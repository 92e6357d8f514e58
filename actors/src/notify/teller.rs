//! One target: finds the subjects that have something to tell, and gives them their turns.

use super::end;
use super::pause::pause;
use super::subject::{End, Teller, Told};
use crate::feed::Bell;
use crate::store::{OutboxDue, StoreError, StreamId};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

/// The least time between two looks into the store, whatever rings.
const GAP: Duration = Duration::from_millis(50);

/// How often the lag is looked at while there is one.
const LAG_EVERY: Duration = Duration::from_secs(5);

/// The longest pause after the store failed.
const STORE_PAUSE_MAX: Duration = Duration::from_secs(5);

type Turn = Pin<Box<dyn Future<Output = Told> + Send>>;

/// Everything of one target. Bounded: at most [`super::Options::abreast`] subjects are in memory.
struct Run {
    teller: Arc<Teller>,
    turns: FuturesUnordered<Turn>,
    busy: HashSet<StreamId>,
    /// Where the next look begins, so that each subject has its turn however many there are.
    after: Option<StreamId>,
    /// When the store is looked at next.
    look_at: Instant,
    looked_at: Instant,
    /// Failures in a row of the target, and when it may be tried again.
    away: u32,
    away_until: Instant,
    /// Failures in a row of the store.
    store_failures: u32,
    lag_at: Option<Instant>,
}

/// Tells the target until the node stops.
pub(super) async fn run(teller: Arc<Teller>, mut bell: Bell) {
    let mut stopped = teller.stopped.clone();
    let now = Instant::now();
    let mut run = Run {
        teller,
        turns: FuturesUnordered::new(),
        busy: HashSet::new(),
        after: None,
        look_at: now,
        looked_at: now,
        away: 0,
        away_until: now,
        store_failures: 0,
        lag_at: Some(now),
    };
    tokio::select! {
        () = run.join() => {}
        () = end(&mut stopped) => return,
    }
    let mut deaf = false;
    loop {
        tokio::select! {
            biased;
            () = end(&mut stopped) => break,
            Some(told) = run.turns.next(), if !run.turns.is_empty() => run.ended(told),
            () = sleep_until(run.look_at) => run.look().await,
            () = sleep_until(run.lag_at.unwrap_or(run.look_at)), if run.lag_at.is_some() => run.measure().await,
            rung = bell.changed(), if !deaf => match rung {
                Ok(()) => run.look_soon(),
                // The node is gone; what is on record is still told until the stop.
                Err(_) => deaf = true,
            },
        }
    }
    // Turns under way see the stop after their message.
    while run.turns.next().await.is_some() {}
}

impl Run {
    /// Makes the target known to the store, however long that takes.
    async fn join(&mut self) {
        let teller = self.teller.clone();
        let (name, history) = (teller.target.name(), teller.options.history);
        loop {
            match teller.store.join_outbox(name, history, teller.clock.now()).await {
                Ok(new) => {
                    self.store_answers();
                    if new {
                        info!(target = name, history, "a notification target is new");
                    }
                    return;
                }
                Err(error) => tokio::time::sleep(self.store_failed(&error)).await,
            }
        }
    }

    fn look_soon(&mut self) {
        self.look_at = self.look_at.min(self.looked_at + GAP);
    }

    /// Takes in the end of a turn.
    fn ended(&mut self, told: Told) {
        self.busy.remove(&told.stream);
        if told.answered > 0 {
            self.target_answers();
        }
        match told.end {
            // What came while it was busy is found now.
            End::Turn | End::Passed => self.look_soon(),
            End::Away(problem) => self.target_failed(&problem),
            End::Store(error) => self.look_at = Instant::now() + self.store_failed(&error),
        }
    }

    fn target_answers(&mut self) {
        self.away = 0;
        self.away_until = Instant::now();
        let teller = &self.teller;
        if teller.figures.set_away(false) {
            info!(target = teller.target.name(), "a notification target answers again");
        }
    }

    fn target_failed(&mut self, problem: &str) {
        let now = Instant::now();
        // Several subjects find it away at once; that is one failure.
        if self.away == 0 || self.away_until <= now {
            self.away = self.away.saturating_add(1);
            self.away_until = now + pause(self.away, self.teller.options.pause, self.teller.options.pause_max);
        }
        self.look_at = self.look_at.min(self.away_until);
        if self.teller.figures.set_away(true) {
            warn!(
                target = self.teller.target.name(),
                error = problem,
                "a notification target is away; it is tried again without end, and everything waits on record"
            );
        }
    }

    fn store_answers(&mut self) {
        if std::mem::take(&mut self.store_failures) > 0 {
            info!(target = self.teller.target.name(), "notifications can be read again");
        }
    }

    fn store_failed(&mut self, error: &StoreError) -> Duration {
        self.store_failures = self.store_failures.saturating_add(1);
        if self.store_failures == 1 {
            warn!(target = self.teller.target.name(), %error, "notifications cannot be read or noted; they wait");
        }
        pause(self.store_failures, self.teller.options.pause, STORE_PAUSE_MAX)
    }

    /// Starts turns while there is room. A target that is away is asked one thing at a time.
    async fn look(&mut self) {
        let now = Instant::now();
        self.looked_at = now;
        self.look_at = now + self.teller.options.sweep;
        if self.away > 0 && now < self.away_until {
            self.look_at = self.away_until;
            return;
        }
        let abreast = if self.away > 0 { 1 } else { self.teller.options.abreast };
        if self.busy.len() >= abreast {
            return;
        }
        match self.due(abreast).await {
            Ok(due) => {
                self.store_answers();
                if due.is_empty() && self.busy.is_empty() {
                    self.lag_at.get_or_insert(now);
                }
                let mut due = due.into_iter();
                let mut last = None;
                while self.busy.len() < abreast
                    && let Some(next) = due.next()
                {
                    if self.busy.insert(next.stream) {
                        last = Some(next.stream);
                        self.turns.push(Box::pin(self.teller.clone().turn(next)));
                        self.lag_at.get_or_insert(now + GAP);
                    }
                }
                self.after = last.filter(|_| due.next().is_some());
            }
            Err(error) => self.look_at = now + self.store_failed(&error),
        }
    }

    /// The next subjects in turn; one more than there is room for, if there are so many.
    async fn due(&mut self, abreast: usize) -> Result<Vec<OutboxDue>, StoreError> {
        // A store that reads and does not commit could not note what was told, and it would be told for ever.
        if self.store_failures > 0 {
            self.teller.store.ping().await?;
        }
        let name = self.teller.target.name();
        let limit = u32::try_from(abreast + self.busy.len() + 1).unwrap_or(u32::MAX);
        let mut due = self.teller.store.outbox_due(name, self.after, limit).await?;
        if due.len() < limit as usize && self.after.take().is_some() {
            let first = self.teller.store.outbox_due(name, None, limit).await?;
            due.extend(first);
        }
        due.retain(|due| !self.busy.contains(&due.stream));
        Ok(due)
    }

    /// Looks how far behind the target is; while it is, again and again.
    async fn measure(&mut self) {
        let teller = &self.teller;
        self.lag_at = match teller.store.outbox_lag(teller.target.name()).await {
            Ok(lag) => {
                teller.figures.set_lag(lag);
                (lag.events > 0).then(|| Instant::now() + LAG_EVERY)
            }
            Err(_) => Some(Instant::now() + LAG_EVERY),
        };
    }
}
