//! `make bench ONLY=growth`: what grows with the number of sales and of raffles, and what must not: memory,
//! snapshots, the time from a start to serving.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

#[path = "../common/mod.rs"]
mod common;

use common::house::{House, origin};
use drumroll_actors::aggregate::{Aggregate, Live, Origin};
use drumroll_actors::store::sqlite::SqliteStore;
use drumroll_actors::store::{Append, Store, StreamId};
use drumroll_engine::id::OrderKey;
use drumroll_engine::money::Line;
use drumroll_engine::raffle::sell_tickets::SellTickets;
use drumroll_engine::raffle::{Channel, Command, Raffle};
use drumroll_tests::figures::{Figures, median};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[global_allocator]
static SCALES: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

/// Starts timed per size.
const STARTS: usize = 3;

#[actix::main]
async fn main() {
    let mut figures = Figures::default();
    oilers(&mut figures).await;
    let full = std::env::var("DRUMROLL_SCALE").is_ok_and(|scale| scale == "full");
    let mut sizes = vec![("10k", 10_000), ("100k", 100_000), ("1m", 1_000_000)];
    if full {
        sizes.push(("10m", 10_000_000));
    }
    for (name, sales) in sizes {
        grow(&mut figures, name, sales).await;
    }
    figures.save();
}

/// The night that broke the best-known system: 300,000 orders that cover 49 million draw numbers.
async fn oilers(figures: &mut Figures) {
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(Arc::new(SqliteStore::open(folder.path().join("oilers.sqlite")).unwrap()), 1).await;
    let stream = house.stream(house.raffles[0]);
    let mut live = house.node.read(stream, Live::clone).await.unwrap();
    let before = SCALES.current_usage();
    // 163 or 164 numbers an order: 32 or 33 packages of five, over the counter, and one in three in two lines.
    for order in 0..300_000u64 {
        let quantity = if order % 3 == 0 { 32 } else { 33 };
        sell(&mut live, order, quantity);
    }
    let numbers = live.state.total().numbers;
    figures.note("actor_mb_300k_orders", mb(SCALES.current_usage() - before), "MB");
    figures.note("actor_numbers_300k_orders", numbers as f64, "numbers");
    house.node.shut_down().await;
}

/// Sales in one raffle: memory, snapshot, and the way back from the disk.
async fn grow(figures: &mut Figures, name: &str, sales: u64) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("growth.sqlite");
    let store = Arc::new(SqliteStore::open(&file).unwrap());
    let house = House::open(store.clone(), 1).await;
    let stream = house.stream(house.raffles[0]);
    let mut live = house.node.read(stream, Live::clone).await.unwrap();
    // The journal alone: read models are what they are, and no start reads them.
    let before = SCALES.current_usage();
    let mut records = Vec::new();
    let (mut decided, mut order) = (Duration::ZERO, 0);
    while order < sales {
        let began = Instant::now();
        while order < sales && records.len() < 10_000 {
            records.extend(sell(&mut live, order, 1));
            order += 1;
        }
        decided += began.elapsed();
        let append = Append { stream, epoch: live.epoch, records: std::mem::take(&mut records), rows: Vec::new() };
        store.append(&[append]).await.unwrap();
    }
    drop(records);
    figures.note(&format!("engine_sales_per_second_{name}"), sales as f64 / decided.as_secs_f64(), "1/s");
    figures.note(&format!("actor_mb_{name}_sales"), mb(SCALES.current_usage() - before), "MB");
    let began = Instant::now();
    let bytes = live.snapshot();
    figures.note(&format!("snapshot_ms_{name}_sales"), began.elapsed().as_secs_f64() * 1_000.0, "ms");
    figures.note(&format!("snapshot_mb_{name}_sales"), mb(bytes.len()), "MB");
    let began = Instant::now();
    store.save_snapshot(stream, live.head.seq, bytes).await.unwrap();
    figures.note(&format!("snapshot_save_ms_{name}_sales"), began.elapsed().as_secs_f64() * 1_000.0, "ms");
    let total = live.state.total().count;
    drop(live);
    house.node.shut_down().await;
    drop(house);
    drop(store);
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(restart(&file, stream, total).await);
    }
    figures.note(&format!("restart_ms_{name}_sales"), median(&starts), "ms");
}

/// From nothing to the first answer about the raffle, in milliseconds.
async fn restart(file: &Path, stream: StreamId, total: u64) -> f64 {
    let began = Instant::now();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(file).unwrap());
    let node = House::node(store);
    let count = node.read(stream, |live| live.state.total().count).await.unwrap();
    let took = began.elapsed().as_secs_f64() * 1_000.0;
    assert_eq!(count, total);
    node.shut_down().await;
    took
}

type Sealed = (drumroll_engine::journal::Record, [u8; 32]);

fn sell(live: &mut Live<Raffle>, order: u64, quantity: u32) -> Vec<Sealed> {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&(order + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    key[8..].copy_from_slice(&(order + 1).to_be_bytes());
    let mut random = [0; 8];
    random.copy_from_slice(&key[..8]);
    let command = Command::SellTickets(SellTickets {
        order: OrderKey(key),
        channel: Channel::Counter,
        seller: None,
        lines: vec![Line { package: 1, quantity }],
        random,
        salt: [order as u8; 32],
    });
    let (at, origin): (_, Origin) = (live.head.at, origin());
    let (events, _) = Aggregate::decide(&live.state, live.head, at, &origin, command).unwrap();
    let mut rows = Vec::new();
    events.iter().map(|event| live.record(at, &origin, event, &mut rows)).collect()
}

fn mb(bytes: usize) -> f64 {
    bytes as f64 / 1_048_576.0
}
