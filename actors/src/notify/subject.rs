//! One subject's messages, in order, until there are no more.

use super::Options;
use super::figures::Figures;
use super::notice::{Kind, Notice};
use super::pause::pause;
use super::target::{Target, TellError};
use crate::clock::Clock;
use crate::store::{OutboxCursor, OutboxDue, OutboxRefused, Store, StoreError, StreamId};
use metrics::counter;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::watch;
use tracing::error;

/// Events read at a time.
const PAGE: u32 = 64;

/// Messages between two moves of the cursor: after a kill at most so many are told again for each subject.
const STRIDE: u32 = 8;

/// Messages after which other subjects have their turn.
const TURN: u64 = 128;

/// What tells one target.
pub(super) struct Teller {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) target: Arc<dyn Target>,
    pub(super) kinds: BTreeSet<Kind>,
    pub(super) options: Options,
    pub(super) figures: Arc<Figures>,
    pub(super) stopped: watch::Receiver<bool>,
}

/// How a subject's turn ended.
#[derive(Debug)]
pub(super) enum End {
    /// There is no more, or others have their turn.
    Turn,
    /// Another node moved the cursor.
    Passed,
    /// The target is away.
    Away(String),
    /// The store failed. What was told since the last move of the cursor is told again.
    Store(StoreError),
}

/// A subject's turn.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) stream: StreamId,
    /// Messages the target confirmed, or refused for good.
    pub(super) answered: u64,
    pub(super) end: End,
}

/// Where a turn stands.
struct Place {
    stream: StreamId,
    /// The cursor as the store has it.
    kept: OutboxCursor,
    /// The cursor as it will be.
    at: OutboxCursor,
    /// Messages told since it was kept.
    unkept: u32,
    answered: u64,
}

/// Why a turn ends early.
enum Stop {
    Passed,
    Away(String),
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A message that was refused often enough.
struct Refused {
    tries: u32,
    problem: String,
}

impl Teller {
    /// Tells what a subject has to tell, one message after the other.
    pub(super) async fn turn(self: Arc<Self>, due: OutboxDue) -> Told {
        let mut place = Place { stream: due.stream, kept: due.cursor, at: due.cursor, unkept: 0, answered: 0 };
        let end = match self.tell_all(&mut place).await {
            Ok(()) => End::Turn,
            Err(Stop::Passed) => End::Passed,
            Err(Stop::Store(error)) => End::Store(error),
            // What came through before it went away need not be told again.
            Err(Stop::Away(problem)) => match self.keep(&mut place, None).await {
                Ok(()) | Err(Stop::Passed | Stop::Away(_)) => End::Away(problem),
                Err(Stop::Store(error)) => End::Store(error),
            },
        };
        Told { stream: place.stream, answered: place.answered, end }
    }

    async fn tell_all(&self, place: &mut Place) -> Result<(), Stop> {
        loop {
            let events = self.store.outbox_events(place.stream, place.at.seq, PAGE).await?;
            for event in &events {
                let notice = Notice::of(place.stream, event, place.at.told);
                if let Some(notice) = notice.filter(|notice| self.kinds.contains(&notice.kind)) {
                    let refused = self.tell(&notice).await.map_err(Stop::Away)?;
                    place.at = OutboxCursor { seq: event.seq, told: event.seq };
                    place.answered += 1;
                    match refused {
                        None => place.unkept += 1,
                        Some(refused) => self.keep(place, Some((&notice, refused))).await?,
                    }
                } else {
                    place.at.seq = event.seq;
                }
                if place.unkept >= STRIDE || *self.stopped.borrow() {
                    self.keep(place, None).await?;
                }
                if *self.stopped.borrow() {
                    return Ok(());
                }
            }
            self.keep(place, None).await?;
            if events.len() < PAGE as usize || place.answered >= TURN {
                return Ok(());
            }
        }
    }

    /// Tells of one thing. A refusal is tried again here, so that its subject waits and no other does.
    async fn tell(&self, notice: &Notice) -> Result<Option<Refused>, String> {
        let mut tries = 0;
        loop {
            let answer = tokio::time::timeout(self.options.deadline, self.target.tell(notice)).await;
            match answer.unwrap_or_else(|_| Err(TellError::Away("no answer in time".to_owned()))) {
                Ok(()) => {
                    self.figures.confirmed();
                    counter!("drumroll_notify_told_total", "target" => self.target.name().to_owned()).increment(1);
                    return Ok(None);
                }
                Err(TellError::Away(problem)) => {
                    self.failed();
                    return Err(problem);
                }
                Err(TellError::Refused(problem)) => {
                    self.failed();
                    tries += 1;
                    if tries >= self.options.refusals_max {
                        return Ok(Some(Refused { tries, problem }));
                    }
                    tokio::time::sleep(pause(tries, self.options.pause, self.options.pause_max)).await;
                }
            }
        }
    }

    fn failed(&self) {
        self.figures.failed();
        counter!("drumroll_notify_failures_total", "target" => self.target.name().to_owned()).increment(1);
    }

    /// Moves the cursor to where the turn stands, with the message that was set aside, if one was.
    async fn keep(&self, place: &mut Place, refused: Option<(&Notice, Refused)>) -> Result<(), Stop> {
        if place.at == place.kept {
            return Ok(());
        }
        let name = self.target.name();
        let record = refused.as_ref().map(|(notice, refused)| OutboxRefused {
            stream: place.stream,
            seq: notice.position,
            at: self.clock.now(),
            kind: notice.kind.as_str().to_owned(),
            tries: refused.tries,
            problem: refused.problem.clone(),
        });
        if !self.store.move_outbox(name, place.stream, place.kept, place.at, record).await? {
            return Err(Stop::Passed);
        }
        (place.kept, place.unkept) = (place.at, 0);
        if let Some((notice, refused)) = refused {
            error!(
                target = name, subject = notice.subject, position = notice.position, kind = notice.kind.as_str(),
                tries = refused.tries, error = %refused.problem,
                "a notification was refused again and again and is set aside; a person must look"
            );
            counter!("drumroll_notify_set_aside_total", "target" => name.to_owned()).increment(1);
        }
        Ok(())
    }
}
