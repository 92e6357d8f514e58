//! Everything of a whole event.

use crate::{facts, firsts, kinds, place, sell, suspend, tell, told_facts};
use drumroll_tests::api::{Client, new_key};
use drumroll_tests::moto::{Arrived, Moto};
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use drumroll_tests::{now_ms, programs};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// I9, D-06, B-01 over a file and a topic that keeps the order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i9_d06_a_whole_event_is_told_in_order_on_sqlite_by_fifo() {
    let name = "notify-whole-sqlite";
    let Some((site, moto)) = place(name, false).await else { return };
    whole_event(site, moto, "whole-event.fifo").await;
}

/// The same over a server and an ordinary topic.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i9_d06_a_whole_event_is_told_in_order_on_postgres() {
    let name = "notify-whole-postgres";
    let Some((site, moto)) = place(name, true).await else { return };
    whole_event(site, moto, "whole-event").await;
}

/// What lies in the queue, and everything that ever did.
struct Queue<'a> {
    moto: &'a Moto,
    address: String,
    all: Vec<Arrived>,
}

impl Queue<'_> {
    /// Waits until a raffle's messages end with this kind.
    async fn comes_to(&mut self, raffle: &str, kind: &str) {
        until(format!("{kind} is told"), SOON, async || {
            self.all.extend(self.moto.take(&self.address).await);
            (kinds(&firsts(self.all.iter().map(|arrived| &arrived.body)), raffle).last()? == kind).then_some(())
        })
        .await;
    }
}

async fn whole_event(mut site: Site, moto: Moto, topic_name: &str) {
    let (topic, address) = moto.topic(topic_name).await;
    tell(&mut site, &topic, &moto.url());
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let mut queue = Queue { moto: &moto, address, all: Vec::new() };
    let raffle = crew.open_raffle("Told", now_ms() + 3_600_000).await;
    let other = crew.open_raffle("Also told", now_ms() + 3_600_000).await;
    let (manager, manage) = (&crew.manager.client, |what: &str| format!("/admin/raffles/{raffle}/{what}"));

    // Whatever of it might be taken for a secret.
    let mut private = crew.secrets();
    let mut ticket = Value::Null;
    for _ in 0..6 {
        ticket = sell(&crew, &raffle).await;
        private.extend(["order_key", "validation_number"].map(|name| ticket[name].as_str().unwrap().to_owned()));
    }
    let buy = json!({"lines": [{"package_id": 1, "quantity": 1}], "payment": {"outcome": "pay"}});
    let key = new_key();
    Client::new(&site.base).post_once(&format!("/raffles/{raffle}/purchase"), &key, &buy).await.expect(201);
    private.push(key);
    for person in [&crew.admin, &crew.manager, &crew.second, &crew.seller, &crew.auditor, &crew.integration] {
        private.extend([person.login.clone(), format!("The {}", person.login)]);
    }
    let users = crew.admin.client.get("/admin/users").await.expect(200);
    private.extend(users["items"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()));
    let path = format!("/tickets/{}/status", ticket["order_key"].as_str().unwrap());
    let void = json!({"raffle_id": raffle, "status": "voided", "reason": "Mx. Nobody changed their mind"});
    crew.seller.client.put(&path, &void).await.refused(403, "forbidden");
    manager.put(&path, &void).await.expect(200);
    private.push("Nobody".to_owned());
    suspend(&crew, &raffle, true).await;
    suspend(&crew, &raffle, false).await;
    queue.comes_to(&raffle, "resumed").await;

    let early = json!({"reason": "The game is over.", "closes_at_ms": null});
    let closed = manager.post(&manage("close"), &early).await;
    assert!(matches!(closed.status, 200), "{}", closed.text);
    queue.comes_to(&raffle, "reconciling").await;
    let report = manager.get(&manage("reconciliation")).await.expect(200);
    let counts = &report["identity"];
    let statement = json!({"statement": report["statement"], "sold": counts["sold"], "voided": counts["voided"], "unsold": counts["unsold"]});
    manager.post(&manage("acknowledge"), &statement).await.expect(200);
    let view = crew.auditor.client.get(&format!("/raffles/{raffle}")).await.expect(200);
    let draw = json!({"draw_id": view["draws"][0]["id"]});
    let locked = manager.post("/draw/initiate", &json!({"raffle_id": raffle, "draw_no": null})).await.expect(200);
    manager.post("/draw/execute", &draw).await.expect(200);
    queue.comes_to(&raffle, "drawn").await;
    let path = format!("/draw/{}", draw["draw_id"].as_str().unwrap());
    let results = manager.get(&format!("{path}/results")).await.expect(200);
    let winning: Vec<String> =
        results["winners"].as_array().unwrap().iter().map(|winner| winner["number"].to_string()).collect();
    assert_eq!(winning.len(), 3);
    for arrived in &queue.all {
        assert!(!arrived.text.contains("winner"), "before the publication: {}", arrived.text);
        let numbers: BTreeSet<&str> = arrived.text.split(|other: char| !other.is_ascii_digit()).collect();
        assert!(!winning.iter().any(|number| numbers.contains(number.as_str())), "{}", arrived.text);
    }
    manager.post(&format!("{path}/publish"), &json!({"lock_hash": locked["lock_hash"]})).await.expect(200);
    queue.comes_to(&raffle, "published").await;
    assert_eq!(site.stop().await, Some(0));
    queue.all.extend(moto.take(&queue.address).await);

    let firsts = firsts(queue.all.iter().map(|arrived| &arrived.body));
    let told: usize = firsts.values().map(Vec::len).sum();
    assert_eq!(told, queue.all.len(), "without a failure nothing is told twice");
    for raffle in [&raffle, &other] {
        assert_eq!(told_facts(&firsts, raffle), facts(&site, raffle).await, "every fact, in order");
    }
    let expected = [
        "opened",
        "draw_planned",
        "voided",
        "suspended",
        "resumed",
        "close_announced",
        "closed",
        "reconciling",
        "reconciled",
        "locked",
        "proven",
        "drawn",
        "published",
    ];
    assert_eq!(kinds(&firsts, &raffle), expected);
    let denied = firsts.values().flatten().find(|message| message["kind"] == "access_denied").unwrap();
    assert!(denied["subject"].as_str().unwrap().starts_with("organisation:"), "{denied}");
    let published = firsts[&format!("raffle:{raffle}")].last().unwrap();
    let told: Vec<String> =
        published["data"]["winners"].as_array().unwrap().iter().map(|winner| winner["number"].to_string()).collect();
    assert_eq!(told, winning);
    as_documented(&queue.all);
    for arrived in &queue.all {
        let leaks: Vec<&String> = private.iter().filter(|secret| arrived.text.contains(*secret)).collect();
        assert!(leaks.is_empty(), "{leaks:?} in {}", arrived.text);
        let attribute = |name: &str| arrived.attributes[name]["StringValue"].clone();
        for name in ["kind", "audience", "organisation_id"] {
            assert_eq!(attribute(name), arrived.body[name]);
        }
        assert_eq!(attribute("raffle_id"), arrived.body["raffle_id"]);
        assert_eq!(attribute("test"), "false");
        if topic_name.ends_with(".fifo") {
            assert_eq!(json!(arrived.group), arrived.body["subject"]);
        }
    }
    // The other target heard the same.
    let log = site.log.text();
    for message in firsts.values().flatten() {
        let position = message["position"].to_string();
        let line = log.lines().find(|line| {
            line.contains("INFO notification ")
                && line.contains(message["subject"].as_str().unwrap())
                && line.contains(&format!("position={position} "))
        });
        assert!(line.is_some(), "the log does not tell {message}:\n{}", site.log.tail(20));
    }
    site.close().await;
}

/// Every message has the members of its kind's example in the documents, and no others.
fn as_documented(all: &[Arrived]) {
    let docs = std::fs::read_to_string(programs::root().join("docs/notifications.md")).unwrap();
    let examples: BTreeMap<String, Value> = docs
        .split("\n### `")
        .skip(1)
        .map(|part| {
            let example = part.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
            (part.split('`').next().unwrap().to_owned(), serde_json::from_str(example).unwrap())
        })
        .collect();
    for arrived in all {
        let example = &examples[arrived.body["kind"].as_str().unwrap()];
        assert_eq!(shape(&arrived.body), shape(example), "{}", arrived.text);
    }
}

/// Members and types, whatever the values; of a list its first.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        Value::Array(list) => Value::Array(list.first().map(shape).into_iter().collect()),
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("string"),
    }
}
