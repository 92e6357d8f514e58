//! A database that drops its connections.

use drumroll_tests::api::new_key;
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::auditor::{self, bytes};
use drumroll_tests::database::connect;
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::{now_ms, skip};
use serde_json::json;
use std::time::Duration;
use tokio::task::JoinHandle;

/// A database that drops its connections costs nobody a sale (design: uncertain outcomes).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_a_database_that_drops_every_connection_loses_and_doubles_nothing() {
    let name = "dropped-connections";
    let Some(mut site) = Site::postgres(name).await else {
        return skip(name, "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it");
    };
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = crew.open_raffle("Dropped", now_ms() + 3_600_000).await;
    let order = json!({"raffle_id": raffle, "lines": [{"package_id": 1, "quantity": 2}]});
    let sellers: Vec<JoinHandle<Evidence>> = (0..4)
        .map(|_| {
            let (client, order) = (crew.seller.client.clone(), order.clone());
            tokio::spawn(async move {
                let mut evidence = Evidence::default();
                for _ in 0..40 {
                    let (reply, _) = client.insist("/tickets/generate", &new_key(), &order).await;
                    evidence.ticket("an insisting counter", &reply.body);
                }
                evidence
            })
        })
        .collect();
    let database = site.database.setting();
    let (base, database) = database.rsplit_once('/').unwrap();
    let killer = connect(&format!("{base}/postgres")).await;
    let mut dropped = 0;
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let rows = killer
            .query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", &[&database])
            .await
            .unwrap();
        dropped += rows.len();
    }
    let mut evidence = Evidence::default();
    for seller in sellers {
        evidence.add(seller.await.unwrap());
    }
    println!("{dropped} connections were dropped under {} sales", evidence.sales.len());
    assert!(dropped > 0);
    assert_eq!(site.stop().await, Some(0));
    let audit = auditor::audit(&site.database.books().await, &evidence);
    audit.expect_clean(name);
    assert_eq!(audit.raffle(bytes::id(&raffle).unwrap()).tickets.len(), 160);
    site.close().await;
}
