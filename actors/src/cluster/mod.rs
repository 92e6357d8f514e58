//! Several nodes over one PostgreSQL: each journal's actor runs on one of them, and any of them takes any
//! request.
//!
//! | file | idea |
//! |---|---|
//! | this one | what a node knows of itself and of the others |
//! | `keeper` | renews this node's lease, notices who is gone, takes over what nobody runs |
//! | `peers` | a command for a journal of another node, sent there and answered from there |
//! | `follower` | a journal of another node, read along for looks and views |
//! | `bus` | committed events on their way to followers: a doorbell, never the truth |
//! | `redis` | the bus over Redis |
//!
//! PostgreSQL decides everything: who owns a journal, whether a node stands, what is on record. A node that
//! cannot renew its lease stops answering before anybody else may take its journals; one that was frozen
//! meanwhile is fenced off by the epoch (I11).

pub mod bus;
pub(crate) mod follower;
pub(crate) mod keeper;
pub mod peers;
pub mod redis;

use crate::presence::Presence;
use crate::store::{Claim, Leases, NodeId, Peer, Store, StoreError, StreamId};
use bus::Bus;
use peers::Peers;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How patient nodes are with each other.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long a node's lease holds after its last renewal. What a dead node ran is without an owner for
    /// so long.
    pub ttl: Duration,
    /// How often it is renewed.
    pub renew_every: Duration,
    /// How often each node looks for raffles that nobody runs, give or take a half.
    pub look_every: Duration,
    /// Raffles a node takes over in one look.
    pub take_max: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(6),
            renew_every: Duration::from_secs(1),
            look_every: Duration::from_secs(1),
            take_max: 32,
        }
    }
}

/// What makes a node one of several.
pub struct Membership {
    /// What this node is called, towards balancers and people.
    pub name: String,
    /// Where the others reach this node.
    pub address: String,
    /// The way to the others.
    pub peers: Arc<dyn Peers>,
    /// Where committed events are told; none in a cluster without Redis.
    pub bus: Option<Arc<dyn Bus>>,
    /// Which handhelds are in touch, here and elsewhere.
    pub presence: Arc<Presence>,
    /// How patient it is.
    pub options: Options,
}

/// Why a node did not become one of several.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The store is one server's own.
    #[error("several nodes need PostgreSQL; this store is one server's own")]
    NotShared,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a node knows of itself and of the others.
pub struct Cluster {
    store: Arc<dyn Store>,
    me: Mutex<Peer>,
    /// Until when this node may answer for what it holds, by its own monotonic clock.
    held_until: Mutex<Option<Instant>>,
    standing: Mutex<HashSet<NodeId>>,
    leaving: AtomicBool,
    pub(crate) peers: Arc<dyn Peers>,
    pub(crate) bus: Option<Arc<dyn Bus>>,
    options: Options,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cluster {
    /// Enters this node among those that share the store.
    ///
    /// # Errors
    /// See [`JoinError`].
    pub async fn join(store: Arc<dyn Store>, membership: Membership) -> Result<Arc<Self>, JoinError> {
        if store.leases().is_none() {
            return Err(JoinError::NotShared);
        }
        let Membership { name, address, peers, bus, presence, options } = membership;
        if let Some(bus) = &bus {
            presence.tell(bus.clone());
        }
        let cluster = Self {
            store,
            me: Mutex::new(Peer { node: fresh_id(), name, address }),
            held_until: Mutex::new(None),
            standing: Mutex::default(),
            leaving: AtomicBool::new(false),
            peers,
            bus,
            options,
        };
        cluster.enter().await?;
        cluster.look_around().await?;
        Ok(Arc::new(cluster))
    }

    fn leases(&self) -> &dyn Leases {
        self.store.leases().expect("a cluster is only joined over a store with leases")
    }

    /// Enters the list of nodes under the id of the moment.
    async fn enter(&self) -> Result<(), StoreError> {
        let asked = Instant::now();
        let me = self.me();
        self.leases().join(&me, self.options.ttl).await?;
        lock(&self.standing).insert(me.node);
        self.extend(asked);
        Ok(())
    }

    /// The store's lease began after `asked`, so this one ends no later.
    fn extend(&self, asked: Instant) {
        *lock(&self.held_until) = Some(asked + self.options.ttl);
    }

    /// Learns which nodes stand.
    async fn look_around(&self) -> Result<(), StoreError> {
        let nodes = self.leases().nodes().await?;
        metrics::gauge!("drumroll_cluster_nodes").set(nodes.len() as f64);
        *lock(&self.standing) = nodes.into_iter().map(|peer| peer.node).collect();
        Ok(())
    }

    /// This node, as others see it.
    pub fn me(&self) -> Peer {
        lock(&self.me).clone()
    }

    /// Nodes that stood at the last look.
    pub fn standing(&self) -> usize {
        lock(&self.standing).len()
    }

    /// Whether this node may answer for what it holds: nobody else can have taken it yet.
    pub fn holds(&self) -> bool {
        lock(&self.held_until).is_some_and(|until| Instant::now() < until)
    }

    /// Whether a node stood at the last look.
    pub(crate) fn stands(&self, node: NodeId) -> bool {
        lock(&self.standing).contains(&node)
    }

    /// Whether this node is about to go: it takes nothing new from its peers.
    pub(crate) fn leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// Whether committed events reach the other nodes at once, and not by their polling alone.
    pub fn bus_well(&self) -> bool {
        self.bus.as_ref().is_some_and(|bus| bus.well())
    }

    pub(crate) async fn claim(&self, stream: StreamId) -> Result<Claim, StoreError> {
        if self.leaving() {
            return Err(StoreError::Unavailable("this node is going down".to_owned()));
        }
        self.leases().claim_for(stream, self.me().node).await
    }

    /// From now on nothing new is taken from peers.
    pub(crate) fn take_leave(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    /// Gives everything this node holds to whoever asks first.
    pub(crate) async fn leave(&self) {
        *lock(&self.held_until) = None;
        let me = self.me().node;
        if let Err(error) = self.leases().leave(me).await {
            tracing::warn!(node.id = %me, %error, "this node could not hand over what it held; its lease runs out by itself");
        }
    }
}

fn fresh_id() -> NodeId {
    NodeId(*uuid::Uuid::now_v7().as_bytes())
}
