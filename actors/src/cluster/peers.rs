//! A command for a journal of another node: sent there whole, judged there, answered from there once it is
//! durable. What is read stays here, see `follower`.

use crate::aggregate::{Aggregate, Origin};
use crate::intake::{Caused, Judged, Lane};
use crate::registry::{Done, ExecuteError};
use crate::store::{StoreError, StreamId};
use drumroll_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::pin::Pin;
use std::sync::Arc;
use thiserror::Error;

/// Why a peer gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PeerError {
    /// It was not reached: nothing was decided there.
    #[error("the node was not reached")]
    NotReached,
    /// It may have acted.
    #[error("the node did not answer")]
    NoAnswer,
}

/// A peer's answer on its way.
pub type PeerFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, PeerError>> + Send + 'a>>;

/// The way to other nodes. Both sides have proven to each other that they are of this installation.
pub trait Peers: Send + Sync + 'static {
    /// Sends what [`crate::node::Node::answer_peer`] understands, and brings its answer. The caller bounds
    /// the time.
    fn call<'a>(&'a self, address: &'a str, body: Vec<u8>) -> PeerFuture<'a>;
}

/// Commands for a journal, as they travel.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(bound = "")]
pub(crate) struct Call<A: Aggregate> {
    pub(crate) organisation: drumroll_engine::id::OrganisationId,
    pub(crate) raffle: drumroll_engine::id::RaffleId,
    pub(crate) lane: Lane,
    pub(crate) origin: Origin,
    pub(crate) commands: Vec<Caused<A>>,
    pub(crate) stop_at_refusal: bool,
}

impl<A: Aggregate> Call<A> {
    pub(crate) const fn stream(&self) -> StreamId {
        StreamId { organisation: self.organisation, raffle: self.raffle }
    }
}

/// What a node asks of another: the kind of journal, and the call.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked<T> {
    pub(crate) kind: String,
    pub(crate) call: T,
}

/// A node's answer to another.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
#[serde(bound = "")]
pub(crate) enum Reply<A: Aggregate> {
    /// Judged, and everything it says is durable.
    Done { answers: Vec<Judged<A>>, seq: u64, at: Timestamp },
    /// The journal is not this node's: nothing was decided.
    NotHere,
    /// As it would have failed here.
    Failed { why: Why },
}

impl<A: Aggregate> From<Result<Done<A>, ExecuteError>> for Reply<A> {
    fn from(outcome: Result<Done<A>, ExecuteError>) -> Self {
        match outcome {
            Ok(Done { answers, seq, at }) => Self::Done { answers, seq, at },
            Err(ExecuteError::Elsewhere(_)) => Self::NotHere,
            Err(error) => Self::Failed { why: Why::from(&error) },
        }
    }
}

/// [`ExecuteError`] as it travels.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Why {
    Busy,
    Uncertain,
    Interrupted,
    SetAside,
    Unavailable(String),
    Damaged(String),
}

impl From<&ExecuteError> for Why {
    fn from(error: &ExecuteError) -> Self {
        match error {
            ExecuteError::Busy => Self::Busy,
            ExecuteError::Uncertain => Self::Uncertain,
            ExecuteError::Interrupted | ExecuteError::Elsewhere(_) => Self::Interrupted,
            ExecuteError::SetAside => Self::SetAside,
            ExecuteError::Store(problem) if problem.retry() => Self::Unavailable(inner(problem)),
            ExecuteError::Store(problem) => Self::Damaged(inner(problem)),
            ExecuteError::Damaged(problem) => Self::Damaged(problem.to_string()),
        }
    }
}

/// A store's problem without the words its kind puts before it.
fn inner(problem: &StoreError) -> String {
    match problem {
        StoreError::Unavailable(text) | StoreError::Damaged(text) | StoreError::Migration(text) => text.clone(),
    }
}

impl From<Why> for ExecuteError {
    fn from(why: Why) -> Self {
        match why {
            Why::Busy => Self::Busy,
            Why::Uncertain => Self::Uncertain,
            Why::Interrupted => Self::Interrupted,
            Why::SetAside => Self::SetAside,
            Why::Unavailable(text) => Self::Store(Arc::new(StoreError::Unavailable(text))),
            Why::Damaged(text) => Self::Store(Arc::new(StoreError::Damaged(text))),
        }
    }
}
