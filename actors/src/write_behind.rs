//! Write-behind with group commit: many decisions of many raffles in one transaction, and nothing shown
//! before it. While one batch commits, the next gathers in the queue.

use crate::feed::{Feed, Publication};
use crate::guard;
use crate::store::{Append, Appended, Row, Store, StoreError, StreamId};
use metrics::{counter, gauge, histogram};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

/// How the journal of a node is sized.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Decisions that may wait for their commit. Beyond that new ones are refused.
    pub room: usize,
    /// Decisions in one transaction.
    pub batch_max: usize,
    /// When a commit that has not answered is tried again.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { room: 8_192, batch_max: 1_024, patience: Duration::from_secs(30) }
    }
}

/// There is no room: the store is behind. Nothing was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the journal is full")]
pub struct Full;

/// The decision was not recorded: another owner wrote to this journal, the store's rules forbid it, or the
/// node is going down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the decision was fenced off")]
pub struct Fenced;

/// Why an actor's memory is worth nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Another owner wrote to its journal.
    Fenced,
    /// The store's own rules forbid what it decided, and would again.
    Refused,
}

/// Answers when a decision is durable. A dropped sender counts as [`Fenced`].
pub type Durable = oneshot::Receiver<Result<(), Fenced>>;

struct Entry {
    append: Append,
    summary: Option<Row>,
    publication: Publication,
    done: oneshot::Sender<Result<(), Fenced>>,
    sent: Instant,
}

/// Figures of the journal, for boards, metrics and readiness.
#[derive(Debug, Default)]
pub struct Figures {
    /// Microseconds the oldest uncommitted decision has waited at the last look.
    lag_us: AtomicU64,
    /// Whether the last commit failed.
    failing: AtomicBool,
    /// Why the last commit failed, if it did.
    problem: Mutex<Option<String>>,
    /// Decisions committed since the start.
    committed: AtomicU64,
}

impl Figures {
    /// How long the last batch, or the one that is stuck, has waited.
    pub fn lag(&self) -> Duration {
        Duration::from_micros(self.lag_us.load(Ordering::Relaxed))
    }

    /// Whether the store refuses commits at the moment.
    pub fn failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Why the store refuses commits at the moment, for logs: the text may hold an address.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, problem: Option<String>) {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    /// Decisions committed since the start.
    pub fn committed(&self) -> u64 {
        self.committed.load(Ordering::Relaxed)
    }
}

/// The way into the journal.
#[derive(Clone)]
pub struct Journal {
    queue: mpsc::Sender<Entry>,
    figures: Arc<Figures>,
}

/// Room for one decision, claimed before it is applied: after `apply` there is no way back.
pub struct Slot(mpsc::OwnedPermit<Entry>);

impl Slot {
    /// Hands a decision over. The answer comes when it is durable.
    pub fn send(self, append: Append, summary: Option<Row>, publication: Publication) -> Durable {
        let (done, durable) = oneshot::channel();
        self.0.send(Entry { append, summary, publication, done, sent: Instant::now() });
        durable
    }
}

impl Journal {
    /// Starts the writer on the current tokio runtime. `lost` is called for each journal whose decisions did
    /// not get in.
    pub fn start(
        store: Arc<dyn Store>,
        feed: Arc<Feed>,
        options: Options,
        lost: impl Fn(StreamId, Loss) + Send + Sync + 'static,
    ) -> Self {
        let (queue, entries) = mpsc::channel(options.room);
        let figures = Arc::new(Figures::default());
        let (figures_too, lost) = (figures.clone(), Box::new(lost));
        let writer = Writer { store, feed, options, figures: figures_too, lost, worthless: HashMap::new() };
        tokio::spawn(writer.run(entries));
        Self { queue, figures }
    }

    /// Claims room for one decision.
    ///
    /// # Errors
    /// [`Full`]: refuse the command, the caller may retry.
    pub fn reserve(&self) -> Result<Slot, Full> {
        self.queue.clone().try_reserve_owned().map(Slot).map_err(|_| Full)
    }

    /// Returns once everything sent so far is durable or fenced.
    ///
    /// # Errors
    /// The node is going down.
    pub async fn drain(&self) -> Result<(), Fenced> {
        let permit = self.queue.clone().reserve_owned().await.map_err(|_| Fenced)?;
        let nothing = Append { stream: NOTHING, epoch: 0, records: Vec::new(), rows: Vec::new() };
        Slot(permit).send(nothing, None, Publication::default()).await.unwrap_or(Err(Fenced))
    }

    /// Its figures.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Decisions that wait.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

const NOTHING: StreamId =
    StreamId { organisation: drumroll_engine::id::OrganisationId::NIL, raffle: drumroll_engine::id::RaffleId::NIL };

struct Writer {
    store: Arc<dyn Store>,
    feed: Arc<Feed>,
    options: Options,
    figures: Arc<Figures>,
    lost: Box<dyn Fn(StreamId, Loss) + Send + Sync>,
    /// The newest epoch of each journal whose decisions did not get in: whatever still comes under it, or an
    /// older one, rests on memory that is worth nothing.
    worthless: HashMap<StreamId, u64>,
}

/// Panics of the store over one batch, after which its journals are tried one by one.
const PANICS_MAX: u32 = 2;

/// Everything of one journal in one batch.
#[derive(Default)]
struct Gathered {
    publication: Publication,
    done: Vec<oneshot::Sender<Result<(), Fenced>>>,
}

impl Writer {
    async fn run(mut self, mut entries: mpsc::Receiver<Entry>) {
        let mut gathered = Vec::with_capacity(self.options.batch_max);
        while entries.recv_many(&mut gathered, self.options.batch_max).await > 0 {
            let decisions = gathered.len() as u64;
            let mut streams: Vec<(StreamId, u64)> =
                gathered.iter().map(|entry| (entry.append.stream, entry.append.epoch)).collect();
            streams.dedup();
            if guard::step("journal", self.write(gathered.drain(..))).await.is_none() {
                // What of the batch stands is not known here, and its callers hear nothing: whoever decided it looks
                // into the store.
                for (stream, epoch) in streams.into_iter().filter(|(stream, _)| *stream != NOTHING) {
                    self.lose(stream, epoch, Loss::Fenced);
                }
            }
            self.figures.committed.fetch_add(decisions, Ordering::Relaxed);
        }
    }

    /// Commits one batch, however long that takes, and lets its news out.
    async fn write(&mut self, entries: impl Iterator<Item = Entry>) {
        let mut oldest = Instant::now();
        let mut count = 0u32;
        // One append per journal, in the order of first appearance; barriers have no events.
        let mut appends: Vec<Append> = Vec::new();
        let mut summaries: Vec<Option<Row>> = Vec::new();
        let mut streams: Vec<Gathered> = Vec::new();
        let mut barriers = Vec::new();
        let mut index: HashMap<(StreamId, u64), usize> = HashMap::new();
        for entry in entries {
            oldest = oldest.min(entry.sent);
            count += 1;
            if entry.append.records.is_empty() {
                barriers.push((entry.append.stream, entry.append.epoch, entry.done));
                continue;
            }
            let at = *index.entry((entry.append.stream, entry.append.epoch)).or_insert_with(|| {
                appends.push(Append { records: Vec::new(), rows: Vec::new(), ..entry.append });
                summaries.push(None);
                streams.push(Gathered::default());
                appends.len() - 1
            });
            appends[at].records.extend(entry.append.records);
            appends[at].rows.extend(entry.append.rows);
            summaries[at] = entry.summary.or(summaries[at].take());
            streams[at].publication.merge(entry.publication);
            streams[at].done.push(entry.done);
        }
        for (append, summary) in appends.iter_mut().zip(summaries) {
            append.rows.extend(summary);
        }
        let outcomes = if appends.is_empty() { Vec::new() } else { self.commit(&appends, oldest).await };
        for ((append, gathered), outcome) in appends.into_iter().zip(streams).zip(outcomes) {
            let answer = match outcome {
                Appended::Committed => {
                    // It stands, whatever becomes of its news.
                    let show = async {
                        self.feed.publish(append.stream.raffle, gathered.publication);
                        if append.rows.iter().any(|row| matches!(row, Row::Fact(_) | Row::Significant(_))) {
                            self.feed.ring();
                        }
                        self.feed.tell(append);
                    };
                    guard::step("feed", show).await;
                    Ok(())
                }
                Appended::Fenced => {
                    warn!(raffle.id = %append.stream.raffle, epoch = append.epoch, seq = append.first_seq(), "another owner wrote; this one reloads");
                    counter!("drumroll_fenced_total").increment(1);
                    self.lose(append.stream, append.epoch, Loss::Fenced);
                    Err(Fenced)
                }
                // The store has said what stands in the way.
                Appended::Refused => {
                    counter!("drumroll_append_refused_total").increment(1);
                    self.lose(append.stream, append.epoch, Loss::Refused);
                    Err(Fenced)
                }
            };
            for done in gathered.done {
                // A caller that went away asks again under its key.
                let _ = done.send(answer);
            }
        }
        for (stream, epoch, done) in barriers {
            // What was seen or repeated behind a decision that was fenced off never was.
            let lost = self.worthless.get(&stream).is_some_and(|lost| epoch <= *lost);
            let _ = done.send(if lost { Err(Fenced) } else { Ok(()) });
        }
        let lag = oldest.elapsed();
        self.figures.lag_us.store(u64::try_from(lag.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        histogram!("drumroll_durable_lag_seconds").record(lag.as_secs_f64());
        histogram!("drumroll_batch_decisions").record(f64::from(count));
    }

    fn lose(&mut self, stream: StreamId, epoch: u64, loss: Loss) {
        let worthless = self.worthless.entry(stream).or_default();
        *worthless = epoch.max(*worthless);
        (self.lost)(stream, loss);
    }

    /// Something in the batch makes the store panic whenever it is tried. Whose it is must not keep the others
    /// from committing: alone it is refused, and what of it stands its actor finds in the store.
    async fn one_by_one(&self, appends: &[Append], oldest: Instant) -> Vec<Appended> {
        if let [append] = appends {
            error!(raffle.id = %append.stream.raffle, seq = append.first_seq(), "a batch makes the store panic and is given up");
            return vec![Appended::Refused];
        }
        let mut outcomes = Vec::with_capacity(appends.len());
        for append in appends {
            outcomes.extend(Box::pin(self.commit(std::slice::from_ref(append), oldest)).await);
        }
        outcomes
    }

    /// Repeats the same batch until the store has answered for it: its outcome is uncertain until then.
    async fn commit(&self, appends: &[Append], oldest: Instant) -> Vec<Appended> {
        let mut pause = Duration::from_millis(50);
        let mut panics = 0;
        loop {
            let began = Instant::now();
            let append = guard::step("commit", async { self.store.append(appends).await });
            let answer = tokio::time::timeout(self.options.patience, append).await;
            panics += u32::from(matches!(answer, Ok(None)));
            if panics > PANICS_MAX {
                return self.one_by_one(appends, oldest).await;
            }
            let answer = match answer {
                Ok(Some(answer)) => answer,
                Ok(None) => Err(StoreError::Unavailable("a commit panicked".to_owned())),
                Err(_) => Err(StoreError::Unavailable("a commit did not answer".to_owned())),
            };
            match answer {
                Ok(outcomes) => {
                    histogram!("drumroll_commit_seconds").record(began.elapsed().as_secs_f64());
                    gauge!("drumroll_store_failing").set(0.0);
                    if self.figures.failing.swap(false, Ordering::Relaxed) {
                        self.figures.note(None);
                        info!("the store commits again");
                    }
                    return outcomes;
                }
                Err(problem) => {
                    counter!("drumroll_commit_failures_total").increment(1);
                    self.figures.note(Some(problem.to_string()));
                    gauge!("drumroll_store_failing").set(1.0);
                    if !self.figures.failing.swap(true, Ordering::Relaxed) {
                        error!(error = %problem, "a commit failed; the same batch is repeated until it stands");
                    }
                    let lag = u64::try_from(oldest.elapsed().as_micros()).unwrap_or(u64::MAX);
                    self.figures.lag_us.store(lag, Ordering::Relaxed);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
            }
        }
    }
}
