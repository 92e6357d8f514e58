//! Whether calls of one kind go to the store at the moment.

use super::StoreError;
use metrics::{counter, gauge};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tracing::{debug, error, info, warn};

/// When calls are refused, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Calls in a row without an answer after which the next are refused.
    pub failures: u32,
    /// How long calls are refused before the store is asked again; doubled each time it does not answer.
    pub pause: Duration,
    /// The most that becomes of `pause`.
    pub pause_max: Duration,
    /// How long that question may take. A call whose caller gave up after so long counts as unanswered.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            failures: 5,
            pause: Duration::from_millis(250),
            pause_max: Duration::from_secs(2),
            patience: Duration::from_secs(2),
        }
    }
}

enum State {
    Closed { failures: u32 },
    Open { since: Instant, until: Instant, pause: Duration, asking: bool, problem: String },
}

/// What may be done with a call.
pub(super) enum Admission<'a> {
    /// It goes.
    Go,
    /// It goes if the store answers a question first, which this caller alone may ask now.
    Ask(Turn<'a>),
    /// It does not go.
    Refused,
}

/// One kind of calls.
pub(super) struct Circuit {
    kind: &'static str,
    options: Options,
    state: Mutex<State>,
}

impl Circuit {
    pub(super) fn new(kind: &'static str, options: Options) -> Self {
        gauge!("drumroll_store_refusing", "kind" => kind).set(0.0);
        Self { kind, options, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(*self.state(), State::Open { .. })
    }

    pub(super) fn admit(&self) -> Admission<'_> {
        match &mut *self.state() {
            State::Closed { .. } => Admission::Go,
            State::Open { until, asking, .. } if !*asking && *until <= Instant::now() => {
                *asking = true;
                Admission::Ask(Turn(self))
            }
            State::Open { .. } => Admission::Refused,
        }
    }

    /// The answer to a call that was not let in.
    pub(super) fn refusal(&self) -> StoreError {
        counter!("drumroll_store_refused_total", "kind" => self.kind).increment(1);
        let state = self.state();
        let problem = if let State::Open { problem, .. } = &*state { problem } else { "" };
        StoreError::Unavailable(format!("{} are refused until it answers: {problem}", self.kind))
    }

    /// Follows one call to its end.
    pub(super) fn watch(&self) -> Watch<'_> {
        Watch { circuit: self, began: Instant::now(), answered: false }
    }

    fn note<T>(&self, answer: &Result<T, StoreError>) {
        match answer {
            Err(StoreError::Unavailable(problem)) => self.failed(problem),
            // A store that complains is there.
            Ok(_) | Err(_) => self.answered(),
        }
    }

    fn answered(&self) {
        let mut state = self.state();
        if let State::Open { since, .. } = &*state {
            info!(kind = self.kind, ms = since.elapsed().as_millis() as u64, "the store answers again");
            gauge!("drumroll_store_refusing", "kind" => self.kind).set(0.0);
        }
        *state = State::Closed { failures: 0 };
    }

    fn failed(&self, problem: &str) {
        let mut state = self.state();
        match &mut *state {
            State::Closed { failures } => {
                *failures += 1;
                if *failures < self.options.failures {
                    warn!(kind = self.kind, error = problem, "the store did not answer a call");
                    return;
                }
                error!(kind = self.kind, error = problem, "the store is away; calls are refused until it answers");
                gauge!("drumroll_store_refusing", "kind" => self.kind).set(1.0);
                let (since, pause) = (Instant::now(), self.options.pause);
                *state = State::Open { since, until: since + pause, pause, asking: false, problem: problem.to_owned() };
            }
            // Calls that were under way, and the journal's commits, which nobody refuses.
            State::Open { .. } => debug!(kind = self.kind, error = problem, "the store still does not answer"),
        }
    }

    /// The question was not answered: it is asked again later.
    fn silent(&self) {
        if let State::Open { until, pause, asking, .. } = &mut *self.state() {
            *pause = (*pause * 2).min(self.options.pause_max);
            *until = Instant::now() + *pause;
            *asking = false;
        }
    }
}

/// The one question that is asked while calls are refused. Dropped without an end, somebody else may ask.
pub(super) struct Turn<'a>(&'a Circuit);

impl Turn<'_> {
    /// Asks, and says whether the store is there.
    pub(super) async fn ask(self, question: impl Future<Output = Result<(), StoreError>>) -> bool {
        match tokio::time::timeout(self.0.options.patience, question).await {
            Ok(Ok(()) | Err(StoreError::Damaged(_) | StoreError::Migration(_))) => {
                self.0.answered();
                true
            }
            Ok(Err(StoreError::Unavailable(_))) | Err(_) => {
                self.0.silent();
                false
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let State::Open { asking, .. } = &mut *self.0.state() {
            *asking = false;
        }
    }
}

/// A call under way.
pub(super) struct Watch<'a> {
    circuit: &'a Circuit,
    began: Instant,
    answered: bool,
}

impl Watch<'_> {
    /// It ended.
    pub(super) fn end<T>(mut self, answer: &Result<T, StoreError>) {
        self.answered = true;
        self.circuit.note(answer);
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        // Whoever goes away at once says nothing about the store; whoever waited and got nothing does.
        if !self.answered && self.began.elapsed() >= self.circuit.options.patience {
            self.circuit.failed("its caller waited in vain");
        }
    }
}
