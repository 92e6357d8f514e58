//! A server dies.

use crate::trade::Trade;
use drumroll_tests::full_scale;
use std::time::{Duration, Instant};

/// I1–I3, I11, B-01: the server that runs the most is killed, again and again; its raffles come back on the others by
/// themselves, and it comes back as an empty one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i2_i11_a_dead_servers_raffles_sell_again_on_the_others() {
    let name = "cluster-dead";
    let redis = std::env::var("DRUMROLL_TEST_REDIS").ok();
    let Some(mut trade) = Trade::open(name, 6, redis.as_deref()).await else { return };
    let mut times: Vec<Duration> = Vec::new();
    for round in 1..=if full_scale() { 40 } else { 3 } {
        let at = trade.league.busiest().await;
        // Any moment will do: the seed chooses it.
        tokio::time::sleep(Duration::from_millis(trade.chance.below(400))).await;
        let began = Instant::now();
        trade.league.members[at].kill();
        let again = trade.sells().await;
        let owners = trade.owners().await;
        println!("{name} round {round}: n{} killed, all sell again after {} ms", at + 1, began.elapsed().as_millis());
        assert!(owners.iter().all(|owner| owner.is_some() && *owner != Some(at)), "{owners:?}");
        times.extend(again);
        trade.league.start().await;
    }
    times.sort_unstable();
    println!(
        "{name}: from the death of a server to the next sale: median {} ms, slowest {} ms, lease {} ms",
        times[times.len() / 2].as_millis(),
        times[times.len() - 1].as_millis(),
        drumroll_tests::league::LEASE_MS
    );
    trade.settle().await;
}
