//! What an actor keeps in memory: an aggregate of the engine and the end of its journal.

use crate::feed::Publication;
use crate::store::{Loaded, Row, StreamId};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::UserId;
use drumroll_engine::journal::{Actor, Cause, ChainError, FORMAT, Head, Record};
use drumroll_engine::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt::{Debug, Display};
use thiserror::Error;

/// Who asks, and what led to it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Origin {
    /// Who.
    pub actor: Actor,
    /// The authenticated second person of a two-person action.
    pub approver: Option<UserId>,
    /// What led to it.
    pub cause: Cause,
}

/// What a decision led to: what is to be recorded, and what the caller is told.
pub type Decision<A> = (Vec<<A as Aggregate>::Event>, <A as Aggregate>::Answer);

/// An aggregate of the engine as an actor sees it.
pub trait Aggregate: Clone + Debug + PartialEq + Send + Sized + 'static {
    /// What its kind is called between nodes.
    const KIND: &'static str;

    /// What can be asked of it, on any node.
    type Command: Debug + Send + Serialize + DeserializeOwned + 'static;
    /// What happened.
    type Event: Debug + Send;
    /// What the caller is told.
    type Answer: Debug + Send + Serialize + DeserializeOwned + 'static;
    /// Why not.
    type Rejection: Debug + Display + Send + Serialize + DeserializeOwned + 'static;
    /// What an actor keeps beside the state to make publications cheap.
    type Cache: Default + Send + 'static;

    /// The state of a journal without events.
    fn empty(stream: StreamId) -> Self;

    /// Judges a command; an empty list of events says that it repeats what is on record.
    ///
    /// # Errors
    /// The refusal.
    fn decide(
        &self,
        head: Head,
        at: Timestamp,
        origin: &Origin,
        command: Self::Command,
    ) -> Result<Decision<Self>, Self::Rejection>;

    /// Records an event.
    fn apply(&mut self, at: Timestamp, event: &Self::Event);

    /// The bytes that are stored and hashed.
    fn encode(event: &Self::Event) -> Vec<u8>;

    /// Reads a stored payload.
    ///
    /// # Errors
    /// It is not an event of this aggregate.
    fn decode(payload: &[u8]) -> Result<Self::Event, serde_json::Error>;

    /// The read-model rows of an event that was just applied.
    fn rows(&self, stream: StreamId, record: &Record, event: &Self::Event, rows: &mut Vec<Row>);

    /// The rows that only the last event of a batch needs to write.
    fn summary(live: &Live<Self>) -> Option<Row>;

    /// What may be shown to the outside once everything up to now is durable; `events` were just
    /// applied and gave `rows`. The cache is the actor's, to share what seldom changes.
    fn publication(live: &Live<Self>, cache: &mut Self::Cache, events: &[Self::Event], rows: &[Row]) -> Publication;

    /// Money on record in this state, in minor units: what the board calls pending is what of it is not
    /// durable yet.
    fn net_minor(&self) -> u64 {
        0
    }

    /// When something happens by itself, and the command that makes it so.
    fn due(&self) -> Option<(Timestamp, Self::Command)>;

    /// Snapshot bytes of this state, versioned.
    fn snapshot(&self) -> Vec<u8>;

    /// Reads snapshot bytes; `None` when they are of another version, and the journal is replayed whole.
    fn restore(bytes: &[u8]) -> Option<Self>;
}

/// An aggregate in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Live<A> {
    /// Its journal.
    pub stream: StreamId,
    /// The epoch under which this owner writes.
    pub epoch: u64,
    /// The end of the journal, which may be ahead of the store.
    pub head: Head,
    /// When the first event was.
    pub created_at: Timestamp,
    /// The state.
    pub state: A,
}

/// Why a journal cannot be brought back into memory.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The chain is broken.
    #[error("the journal is damaged: {0}")]
    Chain(#[from] ChainError),
    /// A payload cannot be read.
    #[error("event {seq} cannot be read")]
    Payload {
        /// The event.
        seq: u64,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The journal ends before, or not as, the store says.
    #[error("the journal was cut off: it ends at event {found}, not {expected}")]
    Truncated {
        /// Where it should end.
        expected: u64,
        /// Where it ends.
        found: u64,
    },
}

impl<A: Aggregate> Live<A> {
    /// An aggregate without events.
    pub fn empty(stream: StreamId, epoch: u64) -> Self {
        Self { stream, epoch, head: Head::default(), created_at: Timestamp::default(), state: A::empty(stream) }
    }

    /// Rebuilds from a snapshot and the events after it, checking the chain on the way (I6, I7).
    ///
    /// # Errors
    /// The journal is damaged; nothing may be decided on it.
    pub fn load(stream: StreamId, loaded: &Loaded) -> Result<Self, LoadError> {
        // Without a readable snapshot the caller has given the whole journal as the tail.
        let mut live = Self::from_snapshot(stream, loaded.snapshot.as_ref());
        live.epoch = loaded.epoch;
        live.replay(&loaded.tail)?;
        if live.head != loaded.head {
            return Err(LoadError::Truncated { expected: loaded.head.seq, found: live.head.seq });
        }
        Ok(live)
    }

    /// The state of a snapshot; without one, or with one that this build cannot read, that of the beginning.
    pub fn from_snapshot(stream: StreamId, snapshot: Option<&(u64, Vec<u8>)>) -> Self {
        let restored = snapshot.and_then(|(seq, bytes)| restore::<A>(stream, *seq, bytes));
        restored.unwrap_or_else(|| Self::empty(stream, 0))
    }

    /// Applies stored events.
    ///
    /// # Errors
    /// The first that does not fit.
    pub fn replay(&mut self, records: &[(Record, [u8; 32])]) -> Result<(), LoadError> {
        for (record, hash) in records {
            if record.raffle != self.stream.raffle || record.organisation != self.stream.organisation {
                return Err(ChainError::Stream { seq: record.seq }.into());
            }
            self.head.follow(record, hash)?;
            let event = A::decode(&record.payload).map_err(|source| LoadError::Payload { seq: record.seq, source })?;
            self.enter(record.at, record.seq, &event);
        }
        Ok(())
    }

    fn enter(&mut self, at: Timestamp, seq: u64, event: &A::Event) {
        if seq == 1 {
            self.created_at = at;
        }
        self.state.apply(at, event);
    }

    /// Applies a fresh event: seals it into the chain, applies it, derives its rows.
    pub fn record(
        &mut self,
        at: Timestamp,
        origin: &Origin,
        event: &A::Event,
        rows: &mut Vec<Row>,
    ) -> (Record, [u8; 32]) {
        let record = Record {
            format: FORMAT,
            organisation: self.stream.organisation,
            raffle: self.stream.raffle,
            epoch: self.epoch,
            seq: self.head.seq + 1,
            at,
            actor: origin.actor,
            approver: origin.approver,
            cause: origin.cause,
            prev: self.head.hash,
            payload: A::encode(event),
        };
        let hash = record.hash();
        self.head = Head { seq: record.seq, hash: Bytes(hash), at };
        self.enter(at, record.seq, event);
        self.state.rows(self.stream, &record, event, rows);
        (record, hash)
    }

    /// Snapshot bytes: the head, then the state.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut bytes = postcard::to_stdvec(&(&self.head, self.created_at)).unwrap_or_default();
        bytes.extend_from_slice(&self.state.snapshot());
        bytes
    }
}

fn restore<A: Aggregate>(stream: StreamId, seq: u64, bytes: &[u8]) -> Option<Live<A>> {
    let ((head, created_at), rest) = postcard::take_from_bytes::<(Head, Timestamp)>(bytes).ok()?;
    let state = A::restore(rest)?;
    (head.seq == seq).then_some(Live { stream, epoch: 0, head, created_at, state })
}

/// Whether snapshot bytes can be read by this build.
pub fn snapshot_readable<A: Aggregate>(stream: StreamId, seq: u64, bytes: &[u8]) -> bool {
    restore::<A>(stream, seq, bytes).is_some()
}
