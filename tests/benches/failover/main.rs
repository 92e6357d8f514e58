//! `make bench ONLY=failover`: three servers, one of them is killed again and again while everybody sells. How long
//! each of its raffles waits for its next sale, from the moment of the kill.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

/// Sellers who ask any server, as the tests have them.
#[path = "../../cluster/trade.rs"]
#[allow(dead_code, reason = "the tests use the rest of it")]
mod trade;

use drumroll_tests::figures::{Figures, percentile};
use drumroll_tests::league::LEASE_MS;
use std::time::Duration;
use trade::Trade;

const KILLS: usize = 12;
const RAFFLES: usize = 8;

fn main() {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(run());
}

async fn run() {
    let redis = std::env::var("DRUMROLL_TEST_REDIS").ok();
    let Some(mut trade) = Trade::open("bench-failover", RAFFLES, redis.as_deref()).await else { return };
    let mut times = Vec::new();
    for kill in 1..=KILLS {
        let at = trade.league.busiest().await;
        let ran: Vec<bool> = trade.owners().await.into_iter().map(|owner| owner == Some(at)).collect();
        tokio::time::sleep(Duration::from_millis(trade.chance.below(1_000))).await;
        trade.league.members[at].kill();
        let waited = trade.sells().await;
        let of_the_dead =
            waited.iter().zip(&ran).filter(|(_, ran)| **ran).map(|(waited, _)| waited.as_secs_f64() * 1_000.0);
        let of_the_dead: Vec<f64> = of_the_dead.collect();
        println!("kill {kill}: {} raffles, {of_the_dead:.0?} ms", of_the_dead.len());
        times.extend(of_the_dead);
        trade.league.start().await;
    }
    times.sort_by(f64::total_cmp);
    let mut figures = Figures::default();
    figures.note("failover_lease_ms", LEASE_MS as f64, "ms");
    figures.note("failover_ms_median", percentile(&times, 0.5), "ms");
    figures.note("failover_ms_p99", percentile(&times, 0.99), "ms");
    figures.save();
    trade.settle().await;
}
