//! Keeps a node's lease, notices who is gone, and takes over what nobody runs.

use super::{Cluster, fresh_id, lock};
use crate::store::{StoreError, StreamId};
use futures_util::{StreamExt, stream};
use metrics::{counter, gauge};
use std::sync::Weak;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, info, warn};

/// What the keeper does to the node's actors.
pub(crate) trait Ward: Send + Sync + 'static {
    /// Drops every actor: others may own their journals by now.
    fn drop_all(&self);

    /// Runs this raffle's actor here, unless another node was faster.
    fn take(&self, stream: StreamId) -> impl Future<Output = ()> + Send;
}

/// Raffles taken over at the same time.
const ABREAST: usize = 8;

/// Renews the lease until the node leaves.
pub(crate) async fn keep<W: Ward>(cluster: Weak<Cluster>, ward: Weak<W>) {
    // Whoever was cut off from the store does not judge others by what it finds there first: they may have
    // been cut off as well, and get the time to renew.
    let mut steady_since = Instant::now();
    loop {
        let Some(every) = cluster.upgrade().map(|cluster| cluster.options.renew_every) else { return };
        sleep(every).await;
        let (Some(cluster), Some(ward)) = (cluster.upgrade(), ward.upgrade()) else { return };
        if cluster.leaving() {
            return;
        }
        match cluster.renew(&*ward).await {
            Ok(()) => {}
            Err(error) => {
                if cluster.holds() {
                    warn!(%error, "this node's lease was not renewed; trying again");
                } else {
                    warn!(%error, "this node's lease ran out and it answers nothing until it is renewed");
                }
                steady_since = Instant::now();
                continue;
            }
        }
        if steady_since.elapsed() > cluster.options.ttl
            && let Err(error) = cluster.bury().await
        {
            warn!(%error, "nobody could be declared gone; trying again");
        }
        if let Err(error) = cluster.look_around().await {
            warn!(%error, "the other nodes could not be looked at; trying again");
        }
        gauge!("drumroll_cluster_holds").set(if cluster.holds() { 1.0 } else { 0.0 });
    }
}

/// Takes over what nobody runs, until the node leaves.
pub(crate) async fn recover<W: Ward>(cluster: Weak<Cluster>, ward: Weak<W>) {
    loop {
        let Some(every) = cluster.upgrade().map(|cluster| cluster.options.look_every) else { return };
        // All nodes see the same gap at the same time; who looks first differs each time.
        sleep(jittered(every)).await;
        let (Some(cluster), Some(ward)) = (cluster.upgrade(), ward.upgrade()) else { return };
        if cluster.leaving() {
            return;
        }
        if cluster.holds()
            && let Err(error) = cluster.take_over(&*ward).await
        {
            warn!(%error, "raffles that nobody runs could not be looked for; trying again");
        }
    }
}

/// Between a half and one and a half of a span.
fn jittered(span: Duration) -> Duration {
    let mut byte = [128; 1];
    // Without randomness all wait alike, which costs a few useless claims.
    let _ = getrandom::fill(&mut byte);
    span.mul_f64(0.5 + f64::from(byte[0]) / 255.0)
}

impl Cluster {
    /// Renews the lease. A node that was declared gone drops what it holds and enters as a new one.
    async fn renew<W: Ward>(&self, ward: &W) -> Result<(), StoreError> {
        let (asked, me) = (Instant::now(), self.me().node);
        let renew = self.leases().renew(me, self.options.ttl);
        let renewed = timeout(self.options.ttl, renew).await;
        let renewed =
            renewed.unwrap_or_else(|_| Err(StoreError::Unavailable("a renewal did not answer".to_owned())))?;
        if renewed {
            self.extend(asked);
            return Ok(());
        }
        counter!("drumroll_cluster_lost_total").increment(1);
        error!(node.id = %me, "this node was declared gone: it drops what it holds and enters anew");
        *lock(&self.held_until) = None;
        ward.drop_all();
        lock(&self.me).node = fresh_id();
        self.enter().await
    }

    async fn bury(&self) -> Result<(), StoreError> {
        for gone in self.leases().reap().await? {
            counter!("drumroll_cluster_reaped_total").increment(1);
            warn!(node.id = %gone.node, address = %gone.address, "a node is gone: what it ran is taken over");
        }
        Ok(())
    }

    async fn take_over<W: Ward>(&self, ward: &W) -> Result<(), StoreError> {
        let free = self.leases().unowned(self.options.take_max).await?;
        // The registry bounds how many start at the same time; between nodes the claim decides.
        stream::iter(free)
            .for_each_concurrent(ABREAST, |stream| async move {
                if !self.leaving() {
                    info!(raffle.id = %stream.raffle, "nobody runs this raffle");
                    ward.take(stream).await;
                }
            })
            .await;
        Ok(())
    }
}
