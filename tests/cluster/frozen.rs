//! A server is frozen beyond its lease and wakes up as if nothing had happened.

use crate::trade::Trade;
use drumroll_tests::full_scale;
use drumroll_tests::league::signal;
use drumroll_tests::wait::{SOON, until};
use std::time::Instant;

/// I1–I3, I11: what a frozen server had decided and not committed is fenced off; it finds out, drops what it held, and
/// serves again as a new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i2_i11_a_server_that_was_frozen_beyond_its_lease_writes_nothing_old() {
    let name = "cluster-frozen";
    let redis = std::env::var("DRUMROLL_TEST_REDIS").ok();
    let Some(trade) = Trade::open(name, 4, redis.as_deref()).await else { return };
    for round in 1..=if full_scale() { 20 } else { 2 } {
        let at = trade.league.busiest().await;
        let pid = trade.league.members[at].pid();
        let began = Instant::now();
        signal(pid, "STOP");
        // Sales go on elsewhere while it knows nothing of it.
        trade.sells().await;
        let owners = trade.owners().await;
        assert!(owners.iter().all(|owner| owner.is_some() && *owner != Some(at)), "{owners:?}");
        println!("{name} round {round}: n{} frozen, all sell again after {} ms", at + 1, began.elapsed().as_millis());
        signal(pid, "CONT");
        trade.sells().await;
        // It serves again: under a new id, beside the others.
        let client = drumroll_tests::api::Client::new(&trade.league.members[at].base);
        until("the server that was frozen is ready", SOON, async || {
            client.try_get("/health/ready").await.filter(|reply| reply.status == 200)
        })
        .await;
        trade.sells().await;
    }
    let log = trade.league.members[0].log.text();
    assert!(log.contains("this node was declared gone"), "the frozen server never found out");
    trade.settle().await;
}
