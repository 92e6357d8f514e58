//! Notifications from outside: a real server, a real topic with a queue behind it (moto), and what a receiver finds
//! there. `whole`: everything of a whole event, in order, and nothing that is nobody's business. `away`: the target
//! hangs, is killed and comes back while people buy. `kill`: the server is killed at random moments. `refused`: a
//! message that the target does not want, and a target that wants none for a while.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

mod away;
mod gate;
mod kill;
mod refused;
mod whole;

use drumroll_tests::api::new_key;
use drumroll_tests::auditor::bytes;
use drumroll_tests::moto::{MISSING, Moto};
use drumroll_tests::server::Site;
use drumroll_tests::skip;
use drumroll_tests::stage::Crew;
use gate::Try;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A place with moto, or why there is none: with SQLite, or with PostgreSQL.
pub(crate) async fn place(name: &str, postgres: bool) -> Option<(Site, Moto)> {
    let Some(moto) = Moto::start().await else {
        skip(name, MISSING);
        return None;
    };
    if !postgres {
        return Some((Site::sqlite(name), moto));
    }
    let site = Site::postgres(name).await;
    if site.is_none() {
        skip(name, "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it");
    }
    Some((site?, moto))
}

/// Has the server tell this topic, at this address.
pub(crate) fn tell(site: &mut Site, topic: &str, endpoint: &str) {
    site.set("NOTIFY__TARGETS", "log,sns");
    site.set("NOTIFY__SNS__TOPIC_ARN", topic);
    site.set("NOTIFY__SNS__ENDPOINT", endpoint);
    site.set("NOTIFY__RETRY_MAX_S", "1");
    for (name, value) in [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("NO_PROXY", "127.0.0.1")] {
        site.set_variable(name, value);
    }
}

/// First arrivals by subject, after a look at what every receiver may rely on: within a subject positions grow,
/// `previous` names the one before, and what comes again is the same.
pub(crate) fn firsts<'a>(messages: impl IntoIterator<Item = &'a Value>) -> BTreeMap<String, Vec<Value>> {
    let mut firsts = BTreeMap::<String, Vec<Value>>::new();
    for message in messages {
        let subject = message["subject"].as_str().unwrap();
        let known = firsts.entry(subject.to_owned()).or_default();
        match known.iter().find(|known| known["id"] == message["id"]) {
            Some(known) => assert_eq!(known, message, "another message under one id"),
            None => {
                let last = known.last().map_or(&Value::Null, |last| &last["position"]);
                assert_eq!(message["previous"].as_u64(), Some(last.as_u64().unwrap_or(0)), "{message}");
                assert!(message["position"].as_u64() > last.as_u64(), "{message}");
                known.push(message.clone());
            }
        }
    }
    firsts
}

/// The messages among tries that SNS took.
pub(crate) fn taken(tries: &[Try]) -> impl Iterator<Item = &Value> {
    tries.iter().filter(|told| told.taken).map(|told| &told.message)
}

/// The kinds of a raffle's messages, first arrivals in order.
pub(crate) fn kinds(firsts: &BTreeMap<String, Vec<Value>>, raffle: &str) -> Vec<String> {
    let messages = firsts.get(&format!("raffle:{raffle}")).map_or(&[][..], Vec::as_slice);
    messages.iter().map(|message| message["kind"].as_str().unwrap().to_owned()).collect()
}

/// The positions of a raffle's facts, as an auditor reads them.
pub(crate) async fn facts(site: &Site, raffle: &str) -> Vec<u64> {
    let (id, books) = (bytes::id(raffle).unwrap(), site.database.books().await);
    books.facts.iter().filter(|fact| fact.raffle == id).map(|fact| fact.seq).collect()
}

/// The positions of a raffle's messages that are facts.
pub(crate) fn told_facts(firsts: &BTreeMap<String, Vec<Value>>, raffle: &str) -> Vec<u64> {
    let messages = firsts.get(&format!("raffle:{raffle}")).map_or(&[][..], Vec::as_slice);
    let public = messages.iter().filter(|message| message["audience"] == "public");
    public.map(|message| message["position"].as_u64().unwrap()).collect()
}

/// One ticket at the counter. Answers it.
pub(crate) async fn sell(crew: &Crew, raffle: &str) -> Value {
    let order = json!({"raffle_id": raffle, "lines": [{"package_id": 1, "quantity": 1}]});
    crew.seller.client.post_once("/tickets/generate", &new_key(), &order).await.expect(201)
}

/// Suspends sales, or lets them go on.
pub(crate) async fn suspend(crew: &Crew, raffle: &str, suspended: bool) {
    let manager = &crew.manager.client;
    if suspended {
        let reason = json!({"reason": "The lights are out."});
        manager.post(&format!("/admin/raffles/{raffle}/suspend"), &reason).await.expect(200);
    } else {
        manager.act(&format!("/admin/raffles/{raffle}/resume")).await.expect(200);
    }
}

/// What `/health/ready` says of notifications; the server is ready.
pub(crate) async fn health(crew: &Crew) -> String {
    let ready = crew.admin.client.get("/health/ready").await.expect(200);
    let checks = ready["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == "notifications").unwrap();
    assert_eq!(check["ok"], true, "it keeps nobody from buying");
    check["detail"].as_str().unwrap().to_owned()
}
