//! A process that is killed between decision and commit.

use crate::lock::Lock;
use crate::{board, call};
use drumroll_tests::api::{Client, new_key};
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::auditor::{self, bytes};
use drumroll_tests::chance::{self, Chance};
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use drumroll_tests::{now_ms, skip};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// I1, I2, B-01 over a file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i2_kill_9_between_decision_and_commit_twenty_times_on_sqlite() {
    let name = "kill-9-sqlite";
    killed_twenty_times(name, Site::sqlite(name)).await;
}

/// I1, I2, B-01 over a server, whose sessions outlive the process that was killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i2_kill_9_between_decision_and_commit_twenty_times_on_postgres() {
    let name = "kill-9-postgres";
    match Site::postgres(name).await {
        Some(site) => killed_twenty_times(name, site).await,
        None => skip(name, "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it"),
    }
}

/// What an order's answer says of its ticket: at the counter it is the ticket, online it holds one.
fn ticket_in(answer: &Value) -> &Value {
    if answer["ticket"].is_object() { &answer["ticket"] } else { answer }
}

/// Nobody was told a lie, nothing promised is lost, and every order is sold once after its retry.
async fn killed_twenty_times(name: &str, mut site: Site) {
    let mut chance = Chance::new(chance::seed(name));
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = crew.open_raffle("Killed", now_ms() + 3_600_000).await;
    let (seller, public) = (crew.seller.client.clone(), Client::new(&site.base));
    let mut evidence = Evidence::default();
    let (mut held_back, mut told) = (0, 0);
    for round in 0..20 {
        let counter = json!({"raffle_id": raffle, "lines": [{"package_id": chance.below(3) + 1, "quantity": 1}]});
        let online = json!({"lines": [{"package_id": 1, "quantity": 1}], "payment": {"outcome": "pay"}});
        let purchase = format!("/raffles/{raffle}/purchase");
        let orders: Vec<(Client, String, String, Value)> = (0..=chance.below(4))
            .map(|index| {
                if index == 3 {
                    (public.clone(), purchase.clone(), new_key(), online.clone())
                } else {
                    (seller.clone(), "/tickets/generate".to_owned(), new_key(), counter.clone())
                }
            })
            .collect();
        // Every other round the commit cannot happen before the kill; in the others it may, or may not.
        let lock = if round % 2 == 0 {
            let mut board = board(&site, &crew, &raffle).await;
            board.hear_until("the board", |frame| frame["t"] == "board").await;
            let lock = Lock::take(&site.database).await;
            Some((lock, board, site.database.books().await.events.len()))
        } else {
            None
        };
        let calls: Vec<_> = orders.iter().map(|(client, path, key, body)| call(client, path, key, body)).collect();
        let lock = match lock {
            Some((lock, mut board, events)) => {
                let decided = |frame: &Value| {
                    frame["t"] == "board" && frame["decided_seq"].as_u64() > frame["durable_seq"].as_u64()
                };
                board.hear_until("a decision that is not durable", decided).await;
                Some((lock, events))
            }
            None => {
                // Any moment will do: the seed chooses it.
                tokio::time::sleep(Duration::from_millis(chance.below(25))).await;
                None
            }
        };
        site.kill();
        for (call, (_, _, key, _)) in calls.into_iter().zip(&orders) {
            if let Some(reply) = call.await.unwrap() {
                let success = matches!(reply.status, 200 | 201);
                assert!(!(lock.is_some() && success), "round {round}: success before the commit: {}", reply.text);
                if success {
                    told += 1;
                    evidence.ticket(&format!("round {round}, before the kill, {key}"), ticket_in(&reply.body));
                }
            }
        }
        if let Some((lock, events)) = lock {
            held_back += orders.len();
            lock.release_after_a_kill().await;
            let now = site.database.books().await.events.len();
            assert_eq!(now, events, "round {round}: what was decided was committed after its server's death");
        }
        site.start().await;
        for (client, path, key, body) in &orders {
            for _ in 0..2 {
                let (reply, _) = client.insist(path, key, body).await;
                assert!(matches!(reply.status, 200..=202), "round {round}: {}", reply.text);
                let order = until("the order is accepted", SOON, async || {
                    let order = public.get(&format!("/raffles/{raffle}/orders/{key}")).await.expect(200);
                    (order["answer"] == "accepted").then_some(order)
                })
                .await;
                if reply.status != 202 {
                    evidence.ticket(&format!("round {round}, after the restart"), ticket_in(&reply.body));
                }
                assert_eq!(order["key"], json!(key));
            }
        }
    }
    println!("{held_back} callers were held back by the lock and told nothing, {told} were told before a kill");
    assert_eq!(site.stop().await, Some(0));
    let audit = auditor::audit(&site.database.books().await, &evidence);
    audit.expect_clean(name);
    let account = audit.raffle(bytes::id(&raffle).unwrap());
    let keys: BTreeSet<_> = evidence.sales.iter().map(|sale| sale.order).collect();
    let sold: BTreeSet<_> = account.tickets.keys().copied().collect();
    assert_eq!(sold, keys, "sold once each, and nothing else");
    site.close().await;
}
