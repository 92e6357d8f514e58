//! Another process that takes the file's one place for a writer: a backup, a tool, somebody who looks.

use crate::call;
use crate::lock::Lock;
use drumroll_tests::api::{Client, Reply, new_key};
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::auditor::{self, bytes};
use drumroll_tests::chance::{self, Chance};
use drumroll_tests::now_ms;
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a caller may wait for an answer, whatever the store does, with room for a slow machine. The server's own
/// bound is 5 s.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// A sale that is not durable: the caller is told to ask again, in time, and nothing else.
#[track_caller]
pub(crate) fn asked_to_come_back(reply: &Reply) {
    assert_eq!(reply.status, 503, "{}", reply.text);
    assert!(matches!(reply.code(), "busy" | "outcome_unknown" | "store_unavailable"), "{}", reply.text);
    let seconds: u64 = reply.retry_after.as_deref().and_then(|text| text.parse().ok()).expect("when to ask again");
    assert!((1..=30).contains(&seconds), "{seconds}");
}

/// I1, I3: a lock that outlasts the server's patience with it, so that commits fail and do not only wait. Every caller has
/// an answer in time, whichever way he came; nobody is promised anything; and afterwards everything drains.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i3_a_lock_that_outlasts_the_servers_patience_keeps_nobody_hanging() {
    let name = "locked-file";
    let mut site = Site::sqlite(name);
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = crew.open_raffle("Locked", now_ms() + 3_600_000).await;
    let (seller, public) = (&crew.seller.client, Client::new(&site.base));
    let order = json!({"raffle_id": raffle, "lines": [{"package_id": 2, "quantity": 1}]});
    let online = json!({"lines": [{"package_id": 1, "quantity": 1}], "payment": {"outcome": "pay"}});
    let purchase = format!("/raffles/{raffle}/purchase");
    let mut evidence = Evidence::default();
    let sold = seller.post_once("/tickets/generate", &new_key(), &order).await.expect(201);
    evidence.ticket("before the lock", &sold);

    let lock = Lock::take(&site.database).await;
    // While the first commit waits for its turn, and when it has failed and is repeated.
    let mut asked: Vec<(Client, &str, String, &Value)> = Vec::new();
    let mut ready = None;
    for wave in 0..2 {
        let began = Instant::now();
        let mut calls = Vec::new();
        for index in 0..6 {
            let (client, path, body) =
                if index % 3 == 2 { (&public, &purchase[..], &online) } else { (seller, "/tickets/generate", &order) };
            let key = new_key();
            calls.push(call(client, path, &key, body));
            asked.push((client.clone(), path, key, body));
        }
        for call in calls {
            asked_to_come_back(&call.await.unwrap().expect("an answer"));
        }
        let took = began.elapsed();
        println!("wave {wave} was answered in {:.1} s", took.as_secs_f32());
        assert!(took < PATIENCE, "{took:?}");
        let failing = until("readiness names the journal", SOON, async || {
            let ready = public.get("/health/ready").await;
            let journal = ready.body["checks"].as_array()?.iter().find(|check| check["name"] == "journal")?;
            (journal["ok"] == false).then_some(ready)
        });
        ready = Some(failing.await);
    }
    let ready = ready.expect("a last look");
    assert_eq!((ready.status, &ready.body["ready"]), (503, &json!(false)), "{}", ready.text);
    assert!(ready.retry_after.is_some());
    assert_eq!(public.get("/health/live").await.status, 200, "a restart would help nobody");
    assert_eq!(site.database.books().await.tickets.len(), 1, "nothing is committed");

    lock.release().await;
    for (client, path, key, body) in &asked {
        let (reply, _) = client.insist(path, key, body).await;
        if *path == purchase {
            assert!(matches!(reply.status, 200..=202), "{}", reply.text);
            if reply.status != 202 {
                evidence.ticket("an insisting buyer", &reply.body["ticket"]);
            }
        } else {
            evidence.ticket("an insisting counter", &reply.expect_one_of(&[200, 201]));
        }
    }
    until("the server is ready again", SOON, async || {
        public.try_get("/health/ready").await.filter(|reply| reply.status == 200)
    })
    .await;
    // A payment that was on its way is booked by and by.
    for (_, _, key, _) in asked.iter().filter(|(_, path, ..)| *path == purchase) {
        until("the order is accepted", SOON, async || {
            let order = public.get(&format!("/raffles/{raffle}/orders/{key}")).await.expect(200);
            (order["answer"] == "accepted").then_some(())
        })
        .await;
    }
    assert_eq!(site.stop().await, Some(0));
    let audit = auditor::audit(&site.database.books().await, &evidence);
    audit.expect_clean(name);
    assert_eq!(audit.raffle(bytes::id(&raffle).unwrap()).tickets.len(), 1 + asked.len(), "each order once");
    site.close().await;
}

/// Short locks under load, again and again, as a tool makes them that copies table by table: nobody is refused for them,
/// everybody only waits a moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i12_short_locks_under_load_refuse_nobody() {
    let name = "short-locks";
    let mut chance = Chance::new(chance::seed(name));
    let mut site = Site::sqlite(name);
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = crew.open_raffle("Nibbled", now_ms() + 3_600_000).await;
    let order = json!({"raffle_id": raffle, "lines": [{"package_id": 1, "quantity": 1}]});
    let sold = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let sellers: Vec<_> = (0..4)
        .map(|_| {
            let (client, order, sold, stop) = (crew.seller.client.clone(), order.clone(), sold.clone(), stop.clone());
            tokio::spawn(async move {
                let mut evidence = Evidence::default();
                while !stop.load(Ordering::Relaxed) {
                    let ticket = client.post_once("/tickets/generate", &new_key(), &order).await.expect(201);
                    evidence.ticket("a counter", &ticket);
                    sold.fetch_add(1, Ordering::Relaxed);
                }
                evidence
            })
        })
        .collect();
    let locks = if std::env::var("DRUMROLL_SCALE").is_ok_and(|scale| scale == "full") { 300 } else { 40 };
    for _ in 0..locks {
        let before = sold.load(Ordering::Relaxed);
        until("sales go on between two locks", SOON, async || (sold.load(Ordering::Relaxed) > before).then_some(()))
            .await;
        let lock = Lock::take(&site.database).await;
        let under = site.database.books().await.tickets.len();
        // Not to wait for something: this is how long the other process takes.
        tokio::time::sleep(Duration::from_millis(chance.below(80))).await;
        assert_eq!(site.database.books().await.tickets.len(), under, "committed past the lock");
        lock.release().await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut evidence = Evidence::default();
    for seller in sellers {
        evidence.add(seller.await.unwrap());
    }
    println!("{locks} locks under {} sales", evidence.sales.len());
    assert_eq!(site.stop().await, Some(0));
    let audit = auditor::audit(&site.database.books().await, &evidence);
    audit.expect_clean(name);
    assert_eq!(audit.raffle(bytes::id(&raffle).unwrap()).tickets.len(), evidence.sales.len());
    site.close().await;
}
