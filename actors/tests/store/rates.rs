//! How many sales a second each store takes, by the size of the batch. One writer, as write-behind is.

use super::postgres::Database;
use drumroll_actors::store::conformance::Case;
use drumroll_actors::store::sqlite::SqliteStore;
use drumroll_actors::store::{Row, Store};
use drumroll_engine::raffle::Status;
use std::time::{Duration, Instant};

/// A sale is one event of 700 bytes, a ticket and its range; a batch is of ten raffles, each with its
/// summary.
async fn measure(store: &dyn Store, sales: u32, time: Duration) -> f64 {
    let case = Case::new(store, sales);
    let mut owners = Vec::new();
    for number in 1..=sales.min(10) {
        owners.push(case.owner(number).await);
    }
    let payload = [b'x'; 700];
    let (mut order, mut count, mut spent) = (1_000, 0, Duration::ZERO);
    while spent < time {
        let mut batch = Vec::new();
        for (number, owner) in (1..).zip(&mut owners) {
            let mut rows = Vec::new();
            let mut payloads: Vec<&[u8]> = Vec::new();
            for _ in 0..sales / sales.min(10) {
                order += 1;
                let seq = owner.head.seq + 1 + payloads.len() as u64;
                rows.push(Row::Ticket(Box::new(case.ticket(owner.stream.raffle, order, seq, seq * 10, 10))));
                payloads.push(&payload);
            }
            rows.push(Row::Raffle(Box::new(case.raffle(number, Status::Selling, 1))));
            batch.push(owner.next(&payloads, rows));
        }
        let began = Instant::now();
        case.commit(&batch).await;
        spent += began.elapsed();
        count += sales;
    }
    f64::from(count) / spent.as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn append_rates() {
    let full = std::env::var("DRUMROLL_SCALE").is_ok_and(|scale| scale == "full");
    let time = Duration::from_millis(if full { 4_000 } else { 100 });
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("drumroll.db")).unwrap();
    let database = Database::new().await;
    let postgres = match &database {
        Some(database) => Some(database.open().await),
        None => None,
    };
    for sales in [1, 10, 100, 500] {
        println!("sqlite: {sales} sales a batch: {:.0} sales/s", measure(&sqlite, sales, time).await);
        if let Some(postgres) = &postgres {
            println!("postgres: {sales} sales a batch: {:.0} sales/s", measure(postgres, sales, time).await);
        }
    }
    drop(postgres);
    if let Some(database) = database {
        database.end().await;
    }
}
