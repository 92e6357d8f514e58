//! A server is asked to stop, as for an upgrade.

use crate::trade::Trade;
use drumroll_tests::league::LEASE_MS;
use std::time::{Duration, Instant};

/// B-03, I1: one server after the other is stopped and started while everybody sells. What it ran is handed over at
/// once, and not when its lease has run out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b03_one_server_after_the_other_is_restarted_while_everybody_sells() {
    let name = "cluster-stopped";
    let redis = std::env::var("DRUMROLL_TEST_REDIS").ok();
    let Some(mut trade) = Trade::open(name, 4, redis.as_deref()).await else { return };
    for at in 0..3 {
        assert_eq!(trade.league.members[at].stop().await, Some(0));
        let stopped = Instant::now();
        let owners = trade.owners().await;
        assert!(owners.iter().all(|owner| *owner != Some(at)), "it was handed over before it ended: {owners:?}");
        trade.sells().await;
        println!("{name}: n{} stopped, all sell again after {} ms more", at + 1, stopped.elapsed().as_millis());
        trade.league.start().await;
    }
    // A lease that ran out would have been noticed by somebody.
    let log = trade.league.members[0].log.text();
    assert!(
        !log.contains("a node is gone"),
        "leases of {} were waited for",
        Duration::from_millis(LEASE_MS).as_millis()
    );
    trade.settle().await;
}
