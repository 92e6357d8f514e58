//! `make bench ONLY=sales`: sales a second of one hot raffle and of fifty, in process to PostgreSQL and SQLite,
//! beside what people would build instead, in one run on one machine with the same PostgreSQL.
//!
//! Every round measures everything once, in turn, so that a slow minute of the machine falls on all alike;
//! medians over the rounds are compared.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

mod baseline;
#[path = "../common/mod.rs"]
mod common;
mod limit;

use baseline::Way;
use common::house::House;
use drumroll_actors::store::postgres::{PostgresConfig, PostgresStore};
use drumroll_actors::store::sqlite::SqliteStore;
use drumroll_tests::database::Database;
use drumroll_tests::figures::{Figures, median};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Rounds, and how long each measurement of one takes.
const ROUNDS: usize = 3;
const WINDOW: Duration = Duration::from_secs(3);

/// Connections of the baselines.
const CONNECTIONS: [usize; 3] = [1, 16, 64];

/// Sellers that wait for their answers at the same time.
const SELLERS: usize = 1_024;

#[derive(Default)]
struct Rounds(BTreeMap<String, Vec<f64>>);

impl Rounds {
    fn add(&mut self, name: impl Into<String>, value: f64) {
        let name = name.into();
        println!("  {name:<40} {value:>10.1}");
        self.0.entry(name).or_default().push(value);
    }

    fn median(&self, name: &str) -> f64 {
        median(&self.0[name])
    }
}

#[actix::main]
async fn main() {
    let Some(database) = Database::postgres().await else {
        println!("without PostgreSQL there is nothing to compare");
        return;
    };
    let url = database.setting();
    let folder = tempfile::tempdir().unwrap();
    let mut rounds = Rounds::default();
    let (mut p99_half, mut commits) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        println!("round {round} of {ROUNDS}");
        let event = baseline::prepare(&url).await;
        for way in Way::ALL {
            for connections in CONNECTIONS {
                let meter = baseline::measure(&url, event, way, connections, WINDOW).await;
                rounds.add(format!("{}_{connections}", way.name()), meter.rate);
            }
        }
        let store = Arc::new(PostgresStore::connect(PostgresConfig::new(url.clone())).await.unwrap());
        let hot = Arc::new(House::open(store.clone(), 1).await);
        let meter = hot.measure(SELLERS, WINDOW).await;
        rounds.add("ours_postgres_hot", meter.rate);
        rounds.add("ours_postgres_hot_ms_median", meter.percentile(0.5));
        rounds.add("ours_postgres_hot_ms_p99", meter.percentile(0.99));
        let raffle = Uuid::from_bytes(hot.raffles[0].0);
        hot.node.shut_down().await;
        let calm = Arc::new(House::open(store.clone(), 1).await);
        let half = calm.measure_paced(meter.rate / 2.0, WINDOW).await;
        rounds.add("half_load_rate", half.rate);
        p99_half.push(half.percentile(0.99));
        rounds.add("half_load_ms_p99", half.percentile(0.99));
        calm.node.shut_down().await;
        let many = Arc::new(House::open(store, 50).await);
        rounds.add("ours_postgres_50", many.measure(SELLERS, WINDOW).await.rate);
        many.node.shut_down().await;
        let batches = limit::batches(&url, raffle).await;
        let size: usize = batches.iter().map(Vec::len).sum();
        println!("  {} batches, {:.0} events each", batches.len(), size as f64 / batches.len() as f64);
        rounds.add("limit", limit::measure(&url, &batches).await);
        commits.push(limit::commit_ms(&url).await);
        let file = folder.path().join(format!("hot-{round}.sqlite"));
        let hot = Arc::new(House::open(Arc::new(SqliteStore::open(file).unwrap()), 1).await);
        rounds.add("ours_sqlite_hot", hot.measure(SELLERS, WINDOW).await.rate);
        hot.node.shut_down().await;
    }
    let best = Way::ALL
        .iter()
        .flat_map(|way| CONNECTIONS.map(|connections| rounds.median(&format!("{}_{connections}", way.name()))))
        .fold(0.0, f64::max);
    let mut figures = Figures::default();
    for (name, values) in &rounds.0 {
        let unit = if name.contains("_ms_") { "ms" } else { "1/s" };
        figures.note(&format!("sale_{name}"), median(values), unit);
    }
    figures.note("sale_baseline_best", best, "1/s");
    figures.note("sale_ratio_in_process_postgres", rounds.median("ours_postgres_hot") / best, "x");
    figures.note("sale_ratio_in_process_sqlite", rounds.median("ours_sqlite_hot") / best, "x");
    figures.note("sale_share_of_limit", rounds.median("ours_postgres_hot") / rounds.median("limit"), "x");
    figures.note("sale_p99_ms_half_load", median(&p99_half), "ms");
    figures.note("commit_ms_median", median(&commits), "ms");
    figures.save();
    database.remove().await;
}
