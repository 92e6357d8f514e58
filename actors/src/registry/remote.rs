//! Journals of other nodes: where they are, commands sent there, looks at what is read along here.

use super::{Done, ExecuteError, Registry, lock};
use crate::aggregate::{Aggregate, Origin};
use crate::cluster::Cluster;
use crate::cluster::bus::News;
use crate::cluster::follower::{self, END, FollowError, Follower};
use crate::cluster::peers::{Asked, Call, PeerError, Reply};
use crate::intake::{Caused, Lane, Look};
use crate::store::{Peer, StoreError, StreamId};
use metrics::counter;
use std::sync::Arc;
use std::time::Duration;

/// How often a request looks for the owner anew before its caller is asked to come again.
const TRIES: usize = 3;

/// How often a follower looks into the store when the bus tells it what is new, and when it does not.
const POLL_WELL: Duration = Duration::from_secs(5);
const POLL_ALONE: Duration = Duration::from_millis(500);

/// Where a journal's actor runs.
enum Site {
    Here,
    There(Peer),
}

impl From<FollowError> for ExecuteError {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Store(error) => Self::Store(error),
            FollowError::Load(error) => Self::Damaged(error),
            FollowError::Interrupted => Self::Interrupted,
        }
    }
}

impl<A: Aggregate + Unpin> Registry<A>
where
    A::Cache: Unpin,
{
    /// Makes this the registry of a node that is one of several. Called once, before anything is asked.
    pub(crate) fn enlist(&self, cluster: Arc<Cluster>) {
        // A second call would be of the same node.
        let _ = self.cluster.set(cluster);
    }

    /// Finds the owner; a journal that nobody runs is run here from now on.
    async fn locate(self: &Arc<Self>, cluster: &Cluster, stream: StreamId) -> Result<Site, ExecuteError> {
        if !cluster.holds() {
            return Err(ExecuteError::Interrupted);
        }
        let known = lock(&self.elsewhere).get(&stream).cloned();
        if let Some(peer) = known.filter(|peer| cluster.stands(peer.node)) {
            return Ok(Site::There(peer));
        }
        match self.awaken(stream).await {
            Ok(()) => {
                lock(&self.elsewhere).remove(&stream);
                Ok(Site::Here)
            }
            Err(ExecuteError::Elsewhere(peer)) => {
                lock(&self.elsewhere).insert(stream, peer.clone());
                Ok(Site::There(peer))
            }
            Err(error) => Err(error),
        }
    }

    /// The peer does not run it, or is not there: the next look asks the store.
    fn lost_sight(&self, stream: StreamId, peer: &Peer) {
        let mut elsewhere = lock(&self.elsewhere);
        if elsewhere.get(&stream).is_some_and(|known| known.node == peer.node) {
            elsewhere.remove(&stream);
        }
    }

    pub(super) async fn execute_anywhere(
        self: &Arc<Self>,
        cluster: &Cluster,
        stream: StreamId,
        lane: Lane,
        origin: Origin,
        commands: Vec<Caused<A>>,
        stop_at_refusal: bool,
    ) -> Result<Done<A>, ExecuteError> {
        let StreamId { organisation, raffle } = stream;
        let mut call = Call::<A> { organisation, raffle, lane, origin, commands, stop_at_refusal };
        for _ in 0..TRIES {
            let peer = match self.locate(cluster, stream).await? {
                Site::Here => {
                    return self.execute_here(stream, lane, origin, call.commands, stop_at_refusal).await;
                }
                Site::There(peer) => peer,
            };
            let asked = Asked { kind: A::KIND.to_owned(), call };
            let body = serde_json::to_vec(&asked).map_err(|_| ExecuteError::Interrupted)?;
            call = asked.call;
            counter!("drumroll_forwarded_total").increment(1);
            let reply = match cluster.peers.call(&peer.address, body).await {
                Ok(reply) => serde_json::from_slice::<Reply<A>>(&reply).map_err(|_| PeerError::NoAnswer),
                Err(error) => Err(error),
            };
            match reply {
                Ok(Reply::Done { answers, seq, at }) => {
                    self.have_seen(stream, seq).await;
                    return Ok(Done { answers, seq, at });
                }
                Ok(Reply::Failed { why }) => return Err(why.into()),
                Ok(Reply::NotHere) | Err(PeerError::NotReached) => self.lost_sight(stream, &peer),
                Err(PeerError::NoAnswer) => {
                    self.lost_sight(stream, &peer);
                    return Err(ExecuteError::Interrupted);
                }
            }
        }
        Err(ExecuteError::Interrupted)
    }

    /// Whoever got an answer here finds it in what is shown here.
    async fn have_seen(&self, stream: StreamId, seq: u64) {
        let follower = lock(&self.followers).get(&stream).cloned();
        if let Some(follower) = follower.filter(|follower| follower.lives()) {
            // Should it fail, the view is late by a moment; the answer stands.
            let _ = follower.reach(seq).await;
        }
    }

    /// Judges what a peer sent, if the journal is run here or by nobody.
    pub(crate) async fn answer(self: &Arc<Self>, cluster: &Cluster, call: Call<A>) -> Reply<A> {
        let stream = call.stream();
        let Call { lane, origin, commands, stop_at_refusal, .. } = call;
        let run = async {
            if cluster.leaving() {
                return Reply::NotHere;
            }
            match self.locate(cluster, stream).await {
                Ok(Site::There(_)) => Reply::NotHere,
                Ok(Site::Here) => Reply::from(self.execute_here(stream, lane, origin, commands, stop_at_refusal).await),
                Err(error) => Reply::from(Err(error)),
            }
        };
        let answer = tokio::time::timeout(self.options.deadline, run).await;
        answer.unwrap_or_else(|_| Reply::from(Err(ExecuteError::Uncertain)))
    }

    pub(super) async fn read_anywhere(
        self: &Arc<Self>,
        cluster: &Cluster,
        stream: StreamId,
        look: Look<A>,
    ) -> Result<(), ExecuteError> {
        match self.locate(cluster, stream).await? {
            Site::Here => self.read_here(stream, look).await,
            Site::There(_) => Ok(self.follower(stream).look(look).await?),
        }
    }

    /// The follower of another node's journal, started if there is none.
    fn follower(self: &Arc<Self>, stream: StreamId) -> Arc<Follower<A>> {
        let mut followers = lock(&self.followers);
        if let Some(follower) = followers.get(&stream).filter(|follower| follower.lives()) {
            return follower.clone();
        }
        followers.retain(|_, follower| follower.lives());
        let (shows, polls) = (Arc::downgrade(self), Arc::downgrade(self));
        let follower = Follower::start(follower::Parts {
            store: self.store.clone(),
            stream,
            show: Box::new(move |live| {
                if let Some(registry) = shows.upgrade() {
                    (registry.seed)(live);
                }
            }),
            poll: Box::new(move || {
                let well = polls.upgrade().and_then(|registry| Some(registry.cluster.get()?.bus_well()));
                if well == Some(true) { POLL_WELL } else { POLL_ALONE }
            }),
        });
        followers.insert(stream, follower.clone());
        follower
    }

    /// Sees to it that a journal's view is shown here, with everything that anybody has had an answer about
    /// until now: by its actor, or read along.
    ///
    /// # Errors
    /// See [`ExecuteError`].
    pub(crate) async fn show(self: &Arc<Self>, stream: StreamId) -> Result<(), ExecuteError> {
        let Some(cluster) = self.cluster.get() else { return self.rouse(stream).await };
        if self.runs(stream) && cluster.holds() {
            return Ok(());
        }
        match self.locate(cluster, stream).await? {
            Site::Here => Ok(()),
            Site::There(_) => {
                let follower = self.follower(stream);
                let reached = tokio::time::timeout(self.options.deadline, follower.reach(END)).await;
                Ok(reached.map_err(|_| ExecuteError::Uncertain)??)
            }
        }
    }

    /// Keeps a view that is watched here fresh, wherever its actor runs.
    ///
    /// # Errors
    /// See [`ExecuteError`].
    pub(crate) async fn attend(self: &Arc<Self>, stream: StreamId) -> Result<(), ExecuteError> {
        let Some(cluster) = self.cluster.get() else { return self.rouse(stream).await };
        let known = lock(&self.followers).get(&stream).cloned();
        if let Some(follower) = known.filter(|follower| follower.lives()) {
            follower.watched();
            return Ok(());
        }
        if self.runs(stream) {
            return Ok(());
        }
        match self.locate(cluster, stream).await? {
            Site::Here => Ok(()),
            Site::There(_) => Ok(self.follower(stream).reach(0).await?),
        }
    }

    /// Whether this node runs a journal, from now on if nobody did.
    pub(crate) async fn is_here(self: &Arc<Self>, stream: StreamId) -> bool {
        match self.cluster.get() {
            None => true,
            Some(cluster) => matches!(self.locate(cluster, stream).await, Ok(Site::Here)),
        }
    }

    /// The name of the node that runs a journal, as far as this one knows without asking.
    pub(crate) fn owner(&self, stream: StreamId) -> Option<String> {
        let cluster = self.cluster.get()?;
        if self.runs(stream) {
            return Some(cluster.me().name);
        }
        lock(&self.elsewhere).get(&stream).map(|peer| peer.name.clone())
    }

    /// Whether the actor is awake on this node.
    pub fn runs(&self, stream: StreamId) -> bool {
        lock(&self.places).get(&stream).is_some_and(|place| place.handle.initialized())
    }

    /// Hands news of another node to whoever reads along.
    pub(crate) fn hear(&self, news: &Arc<News>) {
        let follower = lock(&self.followers).get(&news.stream()).cloned();
        if let Some(follower) = follower {
            follower.tell(news);
        }
    }

    /// Drops every actor: others may own their journals by now.
    pub(crate) fn drop_all(&self) {
        let streams: Vec<StreamId> = lock(&self.places).keys().copied().collect();
        for stream in streams {
            self.discard(stream);
        }
    }

    /// The journal of a raffle, run here from now on, unless another node was faster.
    pub(crate) async fn take(self: &Arc<Self>, stream: StreamId) -> Result<bool, ExecuteError> {
        match self.awaken(stream).await {
            Ok(()) => Ok(true),
            Err(ExecuteError::Elsewhere(_)) => Ok(false),
            Err(ExecuteError::Store(error)) if matches!(*error, StoreError::Unavailable(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes everything decided durable before the journals change hands.
    pub(crate) async fn hand_over(&self) {
        self.settling.store(true, std::sync::atomic::Ordering::Release);
        // The journal is going down with the node; there is nobody left to tell.
        let _ = self.journal.drain().await;
    }
}
