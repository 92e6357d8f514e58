//! How several nodes share a store. A journal's lease is (node, epoch): the epoch fences off what an older
//! owner decided (I11), the node says who may ask for the next one. All times are the store's own clock.

use super::{Loaded, StoreFuture, StreamId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// One life of a node. Ids are made at the start of a process and never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(pub [u8; 16]);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", uuid::Uuid::from_bytes(self.0))
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A node as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Which.
    pub node: NodeId,
    /// What it is called, towards balancers and people.
    pub name: String,
    /// Where its peers reach it.
    pub address: String,
}

/// What became of a claim.
#[derive(Debug)]
pub enum Claim {
    /// The journal is the claimant's, under a new epoch.
    Loaded(Loaded),
    /// Another node that stands runs it; nothing changed.
    Held(Peer),
}

/// Leases in a store that several nodes share. Every call may be repeated after an error.
pub trait Leases: Send + Sync {
    /// As [`super::Store::claim`], for a node: a journal of another node that stands is not taken.
    fn claim_for(&self, stream: StreamId, node: NodeId) -> StoreFuture<'_, Claim>;

    /// Enters a node, with a lease that ends `ttl` from now.
    fn join(&self, peer: &Peer, ttl: Duration) -> StoreFuture<'_, ()>;

    /// Renews a node's lease; `false` when the node was declared gone and must drop what it holds. A lease
    /// that ran out unnoticed is renewed: nobody took anything.
    fn renew(&self, node: NodeId, ttl: Duration) -> StoreFuture<'_, bool>;

    /// Declares nodes gone whose lease ran out, and answers who they were. What they held is free from then on.
    fn reap(&self) -> StoreFuture<'_, Vec<Peer>>;

    /// Takes a node out. What it held is free from then on.
    fn leave(&self, node: NodeId) -> StoreFuture<'_, ()>;

    /// The nodes that stand, by id.
    fn nodes(&self) -> StoreFuture<'_, Vec<Peer>>;

    /// Raffles in which something may be due and that no standing node runs, the longest without first.
    fn unowned(&self, limit: u32) -> StoreFuture<'_, Vec<StreamId>>;
}
