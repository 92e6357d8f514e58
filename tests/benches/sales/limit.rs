//! The limit: one writer that commits the very bytes of our journal, in the very batches they were committed
//! in, to a table without a second index, and does nothing else.

use super::baseline::connect;
use std::time::Instant;
use uuid::Uuid;

/// The journal of a raffle as it was committed: per transaction, each event's bytes.
pub(crate) async fn batches(url: &str, raffle: Uuid) -> Vec<Vec<Vec<u8>>> {
    let client = connect(url).await;
    // Rows of one transaction share xmin.
    let rows = client
        .query(
            "SELECT xmin::text, hash || prev || payload || uuid_send(organisation) || uuid_send(raffle) || uuid_send(stream) || uuid_send(actor)
                    || uuid_send(cause) || int8send(seq) || int8send(at) || int8send(epoch)
             FROM events WHERE raffle = $1 AND seq > 10 ORDER BY seq",
            &[&raffle],
        )
        .await
        .unwrap();
    let mut batches: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut last = String::new();
    for row in rows {
        let transaction: String = row.get(0);
        if transaction != last {
            batches.push(Vec::new());
            last = transaction;
        }
        if let Some(batch) = batches.last_mut() {
            batch.push(row.get(1));
        }
    }
    batches
}

/// Events a second when only their bytes are committed.
pub(crate) async fn measure(url: &str, batches: &[Vec<Vec<u8>>]) -> f64 {
    let client = connect(url).await;
    client
        .batch_execute(
            "CREATE SCHEMA IF NOT EXISTS baseline; DROP TABLE IF EXISTS baseline.bytes;
             CREATE TABLE baseline.bytes (stream UUID NOT NULL, seq BIGINT NOT NULL, bytes BYTEA NOT NULL, PRIMARY KEY (stream, seq))",
        )
        .await
        .unwrap();
    let statement =
        client.prepare("INSERT INTO baseline.bytes SELECT $1, * FROM unnest($2::bigint[], $3::bytea[])").await.unwrap();
    let stream = Uuid::new_v4();
    let mut seq = 0i64;
    let began = Instant::now();
    for batch in batches {
        let seqs: Vec<i64> = batch
            .iter()
            .map(|_| {
                seq += 1;
                seq
            })
            .collect();
        client.execute(&statement, &[&stream, &seqs, batch]).await.unwrap();
    }
    seq as f64 / began.elapsed().as_secs_f64()
}

/// How long one commit of one small row takes, in milliseconds: the machine's price of durability.
pub(crate) async fn commit_ms(url: &str) -> f64 {
    let client = connect(url).await;
    client.batch_execute("CREATE TABLE IF NOT EXISTS baseline.tick (n BIGINT NOT NULL)").await.unwrap();
    let statement = client.prepare("INSERT INTO baseline.tick VALUES ($1)").await.unwrap();
    let mut times = Vec::new();
    for n in 0..200i64 {
        let began = Instant::now();
        client.execute(&statement, &[&n]).await.unwrap();
        times.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    drumroll_tests::figures::median(&times)
}
