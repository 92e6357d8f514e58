//! The bounded intake in front of an actor, with a lane per kind of work (decisions: lanes). actix's own
//! mailbox is first in, first out and loses its messages when the actor dies; the intake outlives the
//! actor, so a rebuilt one goes on with the queue.

use crate::aggregate::{Aggregate, Live, Origin};
use crate::write_behind::Durable;
use drumroll_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

/// Kinds of work, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Close, suspend, reconcile, draw.
    Control,
    /// Uploads and requests of handhelds.
    Device,
    /// Sales at a counter or by an integrated system.
    Counter,
    /// Sales to the public.
    Online,
}

/// Work that may wait per lane. Control commands are few, and never refused by a crowd of buyers.
const ROOM: [usize; 4] = [1_024, 4_096, 2_048, 2_048];

/// One answer of a request.
pub type Judged<A> = Result<<A as Aggregate>::Answer, <A as Aggregate>::Rejection>;

/// What the actor says of a request before anything is durable. It stays inside the node.
#[derive(Debug)]
pub struct Decided<A: Aggregate> {
    /// One answer per command; fewer when a refusal stopped the rest.
    pub answers: Vec<Judged<A>>,
    /// The end of the journal after it.
    pub seq: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// Answers when everything the answers rest on is durable.
    pub durable: Durable,
}

/// The journal is full; nothing was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalFull;

/// A look at an aggregate's state.
pub type Look<A> = Box<dyn FnOnce(&Live<A>) + Send>;

/// A command, with its own cause if it has one.
pub type Caused<A> = (<A as Aggregate>::Command, Option<drumroll_engine::journal::Cause>);

/// Something for an actor to do.
pub enum Work<A: Aggregate> {
    /// Judge commands in order, with nothing in between.
    Execute {
        /// Who asks.
        origin: Origin,
        /// What, each with its own cause if it has one.
        commands: Vec<Caused<A>>,
        /// Stop at the first refusal.
        stop_at_refusal: bool,
        /// Where to answer. A dropped sender means that the actor died on the way.
        reply: oneshot::Sender<Result<Decided<A>, JournalFull>>,
    },
    /// Look at the state. What is seen may be ahead of the store; the caller waits for `Durable`.
    Read {
        /// What to look at; it answers by itself.
        look: Look<A>,
        /// Answers when what was seen is durable.
        reply: oneshot::Sender<Result<Durable, JournalFull>>,
    },
    /// Do what is due by now.
    PassTime,
    /// Stop when the queue is empty, answering when that is so.
    Sleep,
}

/// Why work was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The lane is full.
    Busy,
    /// The actor went to sleep; ask the registry for the next one.
    Asleep,
}

struct Queues<A: Aggregate> {
    lanes: [VecDeque<Work<A>>; 4],
    open: bool,
    /// Whether the actor has been told that there is work.
    woken: bool,
}

/// The intake of one actor.
pub struct Intake<A: Aggregate> {
    queues: Mutex<Queues<A>>,
}

impl<A: Aggregate> Default for Intake<A> {
    fn default() -> Self {
        Self { queues: Mutex::new(Queues { lanes: Default::default(), open: true, woken: false }) }
    }
}

impl<A: Aggregate> Intake<A> {
    fn queues(&self) -> std::sync::MutexGuard<'_, Queues<A>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Intake::offer`], dropping what was not taken.
    ///
    /// # Errors
    /// [`Refused`]; nothing was queued.
    pub fn push(&self, lane: Lane, work: Work<A>) -> Result<bool, Refused> {
        self.offer(lane, work).map_err(|(refused, _)| refused)
    }

    /// Queues work; `true` when the actor must be woken.
    ///
    /// # Errors
    /// [`Refused`], with the work back: nothing was queued.
    pub fn offer(&self, lane: Lane, work: Work<A>) -> Result<bool, (Refused, Work<A>)> {
        let mut queues = self.queues();
        if !queues.open {
            return Err((Refused::Asleep, work));
        }
        let queue = &mut queues.lanes[lane as usize];
        if queue.len() >= ROOM[lane as usize] {
            return Err((Refused::Busy, work));
        }
        queue.push_back(work);
        Ok(!std::mem::replace(&mut queues.woken, true))
    }

    /// The most urgent work; with none left the next push wakes the actor again.
    pub fn pop(&self) -> Option<Work<A>> {
        let mut queues = self.queues();
        let work = queues.lanes.iter_mut().find_map(VecDeque::pop_front);
        if work.is_none() {
            queues.woken = false;
        }
        work
    }

    /// Whether it takes work.
    pub fn is_open(&self) -> bool {
        self.queues().open
    }

    /// How much waits.
    pub fn len(&self) -> usize {
        self.queues().lanes.iter().map(VecDeque::len).sum()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Closes the intake if nothing waits; `false` when something came in meanwhile.
    pub fn close_if_empty(&self) -> bool {
        let mut queues = self.queues();
        if queues.lanes.iter().all(VecDeque::is_empty) {
            queues.open = false;
        }
        !queues.open
    }

    /// Closes the intake and drops what waits: its callers learn that nothing was decided.
    pub fn close(&self) {
        let mut queues = self.queues();
        queues.open = false;
        queues.lanes = Default::default();
    }

    /// Makes the next push wake the actor, after it was replaced.
    pub fn rearm(&self) {
        self.queues().woken = false;
    }
}
