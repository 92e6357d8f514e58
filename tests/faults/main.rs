//! Faults from outside (issue 2, acceptance 3): a store that does not answer, a process that is killed between decision
//! and commit, a database that drops its connections. What happens inside a process (an actor's panic) is tested in
//! `actors/tests`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

use drumroll_tests::api::{Client, Reply, new_key};
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::auditor::{self, bytes};
use drumroll_tests::chance::{self, Chance};
use drumroll_tests::database::{Database, connect};
use drumroll_tests::programs::{self, Said};
use drumroll_tests::server::Site;
use drumroll_tests::socket::{Heard, Socket};
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use drumroll_tests::{now_ms, skip};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Holds the one writer's place of a SQLite file, so that every commit waits.
struct Lock(rusqlite::Connection);

impl Lock {
    fn take(database: &Database) -> Self {
        let Database::Sqlite(path) = database else { panic!("only SQLite has one writer's place") };
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.busy_timeout(SOON).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        Self(connection)
    }

    fn release(self) {
        self.0.execute_batch("ROLLBACK").unwrap();
    }
}

/// A call in the background; its answer is what a caller would have seen.
fn call(client: &Client, path: &str, key: &str, body: &Value) -> JoinHandle<Option<Reply>> {
    let (client, path, key, body) = (client.clone(), path.to_owned(), key.to_owned(), body.clone());
    tokio::spawn(async move { client.try_call(reqwest::Method::POST, &path, Some(&key), Some(&body)).await.ok() })
}

/// The board of an operator: the only place where decisions that are not durable yet show, as a count.
async fn board(site: &Site, crew: &Crew, raffle: &str) -> Socket {
    let ticket = crew.manager.client.act("/auth/socket-ticket").await.expect(200);
    let path = format!("/ws/operator?ticket={}&raffle_id={raffle}&facts_from=0", ticket["ticket"].as_str().unwrap());
    Socket::connect(&site.base, &path).await.unwrap()
}

/// I1, I2, B-01: killed between decision and commit, twenty times. Nobody was told a lie, nothing promised is lost, and
/// every order is sold once after its retry.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i2_kill_9_between_decision_and_commit_twenty_times() {
    let name = "kill-9";
    let mut chance = Chance::new(chance::seed(name));
    let mut site = Site::sqlite(name);
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
            Some((Lock::take(&site.database), board))
        } else {
            None
        };
        let calls: Vec<_> = orders.iter().map(|(client, path, key, body)| call(client, path, key, body)).collect();
        let locked = lock.is_some();
        let lock = match lock {
            Some((lock, mut board)) => {
                let decided = |frame: &Value| {
                    frame["t"] == "board" && frame["decided_seq"].as_u64() > frame["durable_seq"].as_u64()
                };
                board.hear_until("a decision that is not durable", decided).await;
                Some(lock)
            }
            None => {
                tokio::time::sleep(Duration::from_millis(chance.below(25))).await;
                None
            }
        };
        site.kill();
        for (call, (_, _, key, _)) in calls.into_iter().zip(&orders) {
            if let Some(reply) = call.await.unwrap() {
                let ticket = if reply.body["ticket"].is_object() { &reply.body["ticket"] } else { &reply.body };
                let success = matches!(reply.status, 200 | 201);
                assert!(!(locked && success), "round {round}: success before the commit: {}", reply.text);
                if success {
                    told += 1;
                    evidence.ticket(&format!("round {round}, before the kill, {key}"), ticket);
                }
            }
        }
        if let Some(lock) = lock {
            held_back += orders.len();
            lock.release();
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
                    let ticket = if reply.body["ticket"].is_object() { &reply.body["ticket"] } else { &reply.body };
                    evidence.ticket(&format!("round {round}, after the restart"), ticket);
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
    let keys: std::collections::BTreeSet<_> = evidence.sales.iter().map(|sale| sale.order).collect();
    assert_eq!(
        account.tickets.keys().copied().collect::<std::collections::BTreeSet<_>>(),
        keys,
        "sold once each, and nothing else"
    );
    site.close().await;
}

fn rsu(data: &Path, arguments: &[&str]) -> Said {
    programs::run(programs::command("rsu").arg("--data").arg(data).args(arguments))
}

/// While the store does not answer, nothing leaves the node: no reply, no push, no device acknowledgement. When it
/// answers again everything comes out, once (design: the life of a sale).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leaves_before_it_is_durable() {
    let name = "silent-store";
    let mut site = Site::sqlite(name);
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = crew.open_raffle("Silent", now_ms() + 3_600_000).await;

    // A handheld with two sales that nobody has heard of.
    let data = site.scratch.path().join("handheld");
    let admin = &crew.admin.client;
    let made = admin.post_once("/devices", &new_key(), &json!({"label": "H-01"})).await.expect(201);
    let enrol = rsu(&data, &["enrol", "--server", &site.base, "--code", made["enrolment_code"].as_str().unwrap()]);
    assert_eq!(enrol.code, 0, "{enrol:?}");
    admin.act(&format!("/devices/{}/enable", made["device"]["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(rsu(&data, &["sync"]).code, 0);
    for _ in 0..2 {
        assert_eq!(rsu(&data, &["sell", "--package", "2", "--raffle", &raffle]).code, 0);
    }

    let mut watcher = Socket::connect(&site.base, &format!("/ws/public/raffles/{raffle}?facts_from=0")).await.unwrap();
    let before = watcher.hear_until("a state", |frame| frame["t"] == "state").await;
    let mut board = board(&site, &crew, &raffle).await;
    board.hear_until("the board", |frame| frame["t"] == "board").await;
    let lock = Lock::take(&site.database);

    // Three callers, a command and a handheld.
    let order = json!({"raffle_id": raffle, "lines": [{"package_id": 3, "quantity": 1}]});
    let online = json!({"lines": [{"package_id": 1, "quantity": 1}], "payment": {"outcome": "pay"}});
    let keys: Vec<String> = (0..3).map(|_| new_key()).collect();
    let mut calls = vec![
        call(&crew.seller.client, "/tickets/generate", &keys[0], &order),
        call(&crew.seller.client, "/tickets/generate", &keys[1], &order),
        call(&Client::new(&site.base), &format!("/raffles/{raffle}/purchase"), &keys[2], &online),
    ];
    let ahead = |by: u64| {
        move |frame: &Value| {
            let seq = |name: &str| frame[name].as_u64().unwrap_or(0);
            frame["t"] == "board" && seq("decided_seq") >= seq("durable_seq") + by
        }
    };
    // The sales first: a command of control overtakes what waits behind it, and rightly.
    board.hear_until("three decisions that are not durable", ahead(3)).await;
    let suspend = call(
        &crew.manager.client,
        &format!("/admin/raffles/{raffle}/suspend"),
        &new_key(),
        &json!({"reason": "a try-out"}),
    );
    board.hear_until("a fourth one", ahead(4)).await;
    let sync = rsu(&data, &["sync", "--timeout", "3"]);
    assert_ne!(sync.code, 0, "the handheld was told that its sales are durable: {sync:?}");
    assert!(sync.out.contains("record 0 of 2 acknowledged"), "{sync:?}");

    // Nothing came, for three seconds and on every way.
    for call in &calls {
        assert!(!call.is_finished(), "a caller was answered");
    }
    assert!(!suspend.is_finished(), "a command was answered");
    let shown = ["seq", "jackpot_minor", "numbers_sold", "tickets_sold", "status"];
    loop {
        match watcher.hear(Duration::from_millis(300)).await {
            Heard::Frame(frame) if frame["t"] == "state" => {
                for member in shown {
                    assert_eq!(frame[member], before[member], "a push escaped: {frame}");
                }
            }
            Heard::Frame(frame) => {
                assert_ne!((&frame["t"], &frame["kind"]), (&json!("fact"), &json!("suspended")), "a fact escaped")
            }
            Heard::Silence => break,
            Heard::Closed(code) => panic!("the socket was closed ({code:?})"),
        }
    }
    let view = Client::new(&site.base).get(&format!("/raffles/{raffle}")).await;
    if view.status == 200 {
        assert_eq!(view.body["numbers_sold"], before["numbers_sold"], "a view shows what is not durable");
    }
    let ready = Client::new(&site.base).get("/health/ready").await;
    assert_eq!(ready.status, 503, "{}", ready.text);
    assert!(ready.retry_after.is_some() && ready.body["ready"] == false, "{}", ready.text);
    let books = site.database.books().await;
    assert!(books.tickets.is_empty() && books.ranges.is_empty(), "the store holds nothing yet");

    // The store answers again: everything drains.
    lock.release();
    let mut evidence = Evidence::default();
    for call in calls.drain(..) {
        let reply = call.await.unwrap().expect("an answer");
        if matches!(reply.status, 200 | 201) {
            let ticket = if reply.body["ticket"].is_object() { &reply.body["ticket"] } else { &reply.body };
            evidence.ticket("a patient caller", ticket);
        } else {
            // The hold of an online order, or its caller's patience, may have ended on the way; never with a lie.
            assert!(matches!(reply.status, 202 | 409 | 503), "{}", reply.text);
        }
    }
    // Whoever was not told asks again under the same key.
    for key in &keys[..2] {
        let (reply, _) = crew.seller.client.insist("/tickets/generate", key, &order).await;
        evidence.ticket("a caller who asked again", &reply.expect_one_of(&[200, 201]));
    }
    let suspended = suspend.await.unwrap().expect("an answer");
    assert!(matches!(suspended.status, 200 | 503), "{}", suspended.text);
    watcher.hear_until("the suspension", |frame| frame["t"] == "fact" && frame["kind"] == "suspended").await;
    let sync = rsu(&data, &["sync"]);
    assert!(sync.code == 0 && sync.out.contains("record 2 of 2 acknowledged"), "{sync:?}");
    until("the server is ready again", SOON, async || {
        Client::new(&site.base).try_get("/health/ready").await.filter(|reply| reply.status == 200)
    })
    .await;
    assert_eq!(site.stop().await, Some(0));
    auditor::audit(&site.database.books().await, &evidence).expect_clean(name);
    site.close().await;
}

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
