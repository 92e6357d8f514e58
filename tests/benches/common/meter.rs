//! Closed-loop load: so many clients, each asking again as soon as it has its answer.

use drumroll_tests::figures::percentile;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a window of load showed.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Answers per second.
    pub(crate) rate: f64,
    /// How long answers took, in milliseconds, sorted.
    pub(crate) latencies: Vec<f64>,
}

impl Meter {
    pub(crate) fn percentile(&self, of: f64) -> f64 {
        percentile(&self.latencies, of)
    }
}

/// Runs `ask` in so many clients for a window, after a tenth of it as a warm-up.
pub(crate) async fn run_clients<F, R>(clients: usize, window: Duration, ask: F) -> Meter
where
    F: Fn(usize) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send,
{
    let ask = Arc::new(ask);
    let start = Instant::now() + window / 10;
    let end = start + window;
    let mut tasks = tokio::task::JoinSet::new();
    for client in 0..clients {
        let ask = ask.clone();
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            loop {
                let began = Instant::now();
                if began >= end {
                    return latencies;
                }
                ask(client).await;
                let now = Instant::now();
                if began >= start && now < end {
                    latencies.push((now - began).as_secs_f64() * 1_000.0);
                }
            }
        });
    }
    let mut latencies = tasks.join_all().await.concat();
    latencies.sort_by(f64::total_cmp);
    Meter { rate: latencies.len() as f64 / window.as_secs_f64(), latencies }
}

/// Starts `ask` at an even pace, whether or not earlier ones have their answers: how long answers take when
/// the load does not wait for them.
pub(crate) async fn run_paced<F, R>(rate: f64, window: Duration, ask: F) -> Meter
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    let total = (rate * window.as_secs_f64()) as u64;
    for number in 0..total {
        let due = start + Duration::from_secs_f64(number as f64 / rate);
        if due > Instant::now() {
            tokio::time::sleep_until(due.into()).await;
        }
        let answer = ask();
        tasks.spawn(async move {
            answer.await;
            // Counted from when it was due: a late start is waiting too.
            due.elapsed().as_secs_f64() * 1_000.0
        });
    }
    let mut latencies = tasks.join_all().await;
    latencies.sort_by(f64::total_cmp);
    Meter { rate: latencies.len() as f64 / start.elapsed().as_secs_f64(), latencies }
}
