//! A store that does not answer.

use crate::lock::Lock;
use crate::{board, call};
use drumroll_tests::api::{Client, new_key};
use drumroll_tests::auditor;
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::programs::{self, Said};
use drumroll_tests::server::Site;
use drumroll_tests::socket::{Heard, Socket};
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use drumroll_tests::{now_ms, skip};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

fn rsu(data: &Path, arguments: &[&str]) -> Said {
    programs::run(programs::command("rsu").arg("--data").arg(data).args(arguments))
}

/// While the store does not answer, nothing leaves the node: no reply, no push, no device acknowledgement. When it
/// answers again everything comes out, once (design: the life of a sale).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leaves_before_it_is_durable_on_sqlite() {
    let name = "silent-sqlite";
    silent(name, Site::sqlite(name)).await;
}

/// The same, over a server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leaves_before_it_is_durable_on_postgres() {
    let name = "silent-postgres";
    match Site::postgres(name).await {
        Some(site) => silent(name, site).await,
        None => skip(name, "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it"),
    }
}

async fn silent(name: &str, mut site: Site) {
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
    let lock = Lock::take(&site.database).await;

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
    lock.release().await;
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
