//! The shell every aggregate's actor shares: take the most urgent work, judge, record, hand over. Its
//! handlers are synchronous, so nothing interleaves; the queue is the concurrency control.

use crate::aggregate::{Aggregate, Live, Origin};
use crate::clock::Clock;
use crate::intake::{Decided, Intake, JournalFull, Work};
use crate::store::Append;
use crate::write_behind::{Durable, Journal};
use actix::prelude::*;
use drumroll_engine::journal::{Actor as By, Cause};
use drumroll_engine::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

/// Tells an actor that its intake has work.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Wake;

/// Pieces of work taken before other actors of the same thread get their turn.
const TURN: usize = 64;

/// What an actor's owner can see of it without asking.
#[derive(Debug, Default)]
pub struct Gauges {
    /// When the actor last had work, microseconds since the epoch.
    pub worked_at: AtomicU64,
    /// The end of the journal in memory.
    pub decided_seq: AtomicU64,
    /// Money on record in memory, in minor units.
    pub decided_net_minor: AtomicU64,
}

impl Gauges {
    fn note<A: Aggregate>(&self, live: &Live<A>) {
        self.decided_net_minor.store(live.state.net_minor(), Ordering::Relaxed);
        self.decided_seq.store(live.head.seq, Ordering::Release);
    }
}

/// Told when an actor is gone, however it went.
pub trait Watcher: Send + Sync + 'static {
    /// The actor stopped; `clean` is false after a panic.
    fn gone(&self, clean: bool);
}

/// The actor of one aggregate.
pub struct AggregateActor<A: Aggregate> {
    live: Live<A>,
    cache: A::Cache,
    intake: Arc<Intake<A>>,
    journal: Journal,
    clock: Arc<dyn Clock>,
    due: watch::Sender<Option<Timestamp>>,
    gauges: Arc<Gauges>,
    watcher: Arc<dyn Watcher>,
    clean: bool,
}

impl<A: Aggregate + Unpin> AggregateActor<A>
where
    A::Cache: Unpin,
{
    /// An actor over a loaded aggregate.
    pub fn new(
        live: Live<A>,
        intake: Arc<Intake<A>>,
        journal: Journal,
        clock: Arc<dyn Clock>,
        due: watch::Sender<Option<Timestamp>>,
        gauges: Arc<Gauges>,
        watcher: Arc<dyn Watcher>,
    ) -> Self {
        gauges.note(&live);
        Self { live, cache: A::Cache::default(), intake, journal, clock, due, gauges, watcher, clean: false }
    }

    fn work(&mut self, context: &mut Context<Self>) {
        for _ in 0..TURN {
            match self.intake.pop() {
                None => {
                    // Closed from outside: another owner wrote, so this memory is worth nothing.
                    if !self.intake.is_open() {
                        self.clean = true;
                        context.stop();
                    }
                    return;
                }
                Some(Work::Execute { origin, commands, stop_at_refusal, reply }) => {
                    self.gauges.worked_at.store(self.clock.now().0, Ordering::Relaxed);
                    let decided = self.execute(&origin, commands, stop_at_refusal);
                    // A caller that gave up asks again under its key.
                    let _ = reply.send(decided);
                }
                Some(Work::Read { look, reply }) => {
                    look(&self.live);
                    let _ = reply.send(self.barrier());
                }
                Some(Work::PassTime) => self.pass_time(),
                Some(Work::Sleep) => {
                    if self.intake.close_if_empty() {
                        self.clean = true;
                        context.stop();
                        return;
                    }
                }
            }
            self.announce_due();
        }
        context.notify(Wake);
    }

    /// Answers when everything decided so far is durable.
    fn barrier(&self) -> Result<Durable, JournalFull> {
        let slot = self.journal.reserve().map_err(|_| JournalFull)?;
        let nothing =
            Append { stream: self.live.stream, epoch: self.live.epoch, records: Vec::new(), rows: Vec::new() };
        Ok(slot.send(nothing, None, crate::feed::Publication::default()))
    }

    fn execute(
        &mut self,
        origin: &Origin,
        commands: Vec<(A::Command, Option<Cause>)>,
        stop_at_refusal: bool,
    ) -> Result<Decided<A>, JournalFull> {
        // Room first: after `apply` there is no way back.
        let slot = self.journal.reserve().map_err(|_| JournalFull)?;
        let at = self.clock.now().max(self.live.head.at);
        let mut recorder = Recorder::default();
        self.record_due(at, &mut recorder);
        let mut answers = Vec::with_capacity(commands.len());
        for (command, cause) in commands {
            let origin = Origin { cause: cause.unwrap_or(origin.cause), ..*origin };
            match self.live.state.decide(self.live.head, at, &origin, command) {
                Ok((events, answer)) => {
                    recorder.record(&mut self.live, at, &origin, events);
                    answers.push(Ok(answer));
                }
                Err(rejection) => {
                    answers.push(Err(rejection));
                    if stop_at_refusal {
                        break;
                    }
                }
            }
        }
        let durable = self.hand_over(slot, recorder);
        Ok(Decided { answers, seq: self.live.head.seq, at, durable })
    }

    fn pass_time(&mut self) {
        let at = self.clock.now().max(self.live.head.at);
        if self.live.state.due().is_none_or(|(due, _)| due > at) {
            return;
        }
        // Without room the timekeeper asks again.
        let Ok(slot) = self.journal.reserve() else { return };
        let mut recorder = Recorder::default();
        self.record_due(at, &mut recorder);
        drop(self.hand_over(slot, recorder));
    }

    /// Records everything that is due by `at`, so that no command is judged on a state that time has
    /// overtaken (L-04).
    fn record_due(&mut self, at: Timestamp, recorder: &mut Recorder<A>) {
        let origin = Origin { actor: By::System, approver: None, cause: Cause::Internal };
        while let Some((due, command)) = self.live.state.due() {
            if due > at {
                return;
            }
            match self.live.state.decide(self.live.head, at, &origin, command) {
                Ok((events, _)) if !events.is_empty() => recorder.record(&mut self.live, at, &origin, events),
                _ => return,
            }
        }
    }

    fn hand_over(&mut self, slot: crate::write_behind::Slot, recorder: Recorder<A>) -> Durable {
        let Recorder { records, rows, events } = recorder;
        let append = Append { stream: self.live.stream, epoch: self.live.epoch, records, rows };
        if append.records.is_empty() {
            return slot.send(append, None, crate::feed::Publication::default());
        }
        self.gauges.note(&self.live);
        let publication = A::publication(&self.live, &mut self.cache, &events, &append.rows);
        slot.send(append, A::summary(&self.live), publication)
    }

    fn announce_due(&self) {
        let due = self.live.state.due().map(|(at, _)| at);
        self.due.send_if_modified(|known| {
            let changed = *known != due;
            *known = due;
            changed
        });
    }
}

/// Gathers the events of one piece of work.
struct Recorder<A: Aggregate> {
    records: Vec<(drumroll_engine::journal::Record, [u8; 32])>,
    rows: Vec<crate::store::Row>,
    events: Vec<A::Event>,
}

impl<A: Aggregate> Default for Recorder<A> {
    fn default() -> Self {
        Self { records: Vec::new(), rows: Vec::new(), events: Vec::new() }
    }
}

impl<A: Aggregate> Recorder<A> {
    fn record(&mut self, live: &mut Live<A>, at: Timestamp, origin: &Origin, events: Vec<A::Event>) {
        for event in events {
            self.records.push(live.record(at, origin, &event, &mut self.rows));
            self.events.push(event);
        }
    }
}

impl<A: Aggregate + Unpin> Actor for AggregateActor<A>
where
    A::Cache: Unpin,
{
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        // Only wake-ups come this way, and one at a time: the bound is in the intake.
        context.set_mailbox_capacity(8);
        self.announce_due();
        context.notify(Wake);
    }
}

impl<A: Aggregate + Unpin> Handler<Wake> for AggregateActor<A>
where
    A::Cache: Unpin,
{
    type Result = ();

    fn handle(&mut self, _: Wake, context: &mut Self::Context) {
        self.work(context);
    }
}

impl<A: Aggregate> Drop for AggregateActor<A> {
    fn drop(&mut self) {
        // Reached on a stop and on a panic alike; actix's supervisor does nothing after a panic.
        self.watcher.gone(self.clean);
    }
}
