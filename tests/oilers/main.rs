//! The Oilers test (issue 3): what happened on 7 August 2020, when people were charged up to fourteen times and the clean-up
//! took weeks, must not be possible here.
//!
//! | file | idea |
//! |---|---|
//! | `night` | one raffle, hostile retrying buyers, a payment provider with moods, a server that is killed |
//! | `saturation` | a provider with as much under way as it is to have |
//! | `void` | 12,800 voids among 297,000 purchases, reconciled |
//!
//! `make test` runs scaled copies; `make e2e-oilers` runs it whole, which is too long for `make e2e`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

mod night;
mod saturation;
mod void;

use drumroll_tests::api::{Client, new_key};
use drumroll_tests::now_ms;
use drumroll_tests::provider::{Moods, Provider, SECRET_KEY, WEBHOOK_SECRET};
use drumroll_tests::server::Site;
use drumroll_tests::stage::{Crew, Person};
use serde_json::{Value, json};

/// Whether this is `make e2e-oilers`.
fn whole() -> bool {
    std::env::var("DRUMROLL_TEST_OILERS").is_ok_and(|how| how == "whole")
}

/// A provider outside the server, and a server that is configured for it.
async fn with_provider(site: &mut Site, moods: Moods, charges_max: usize) -> Provider {
    let deadline_ms = moods.deadline.as_millis();
    let provider = Provider::start(moods, &format!("{}/api/v1/payments/stripe/webhook", site.base)).await;
    site.set("PAYMENT", "stripe");
    site.set("STRIPE__BASE_URL", &provider.base);
    let secret = site.scratch.path().join("stripe.key");
    std::fs::write(&secret, SECRET_KEY).unwrap();
    site.set("STRIPE__SECRET_KEY_FILE", &secret.to_string_lossy());
    site.set("STRIPE__WEBHOOK_SECRET", WEBHOOK_SECRET);
    site.set("STRIPE__DEADLINE_MS", &deadline_ms.to_string());
    site.set("STRIPE__CHARGES_MAX", &charges_max.to_string());
    // One line an order would be the longest part of the run.
    site.set("LOG_FILTER", "warn");
    provider
}

/// A raffle of tens of millions of numbers that sells for hours. Answers its id.
async fn open(crew: &Crew, name: &str, hold_s: u64) -> String {
    let admin = &crew.admin.client;
    let made = admin.post_once("/admin/raffles", &new_key(), &json!({"name": name, "kind": "live"})).await.expect(201);
    let id = made["id"].as_str().unwrap().to_owned();
    let mut configuration = crew.configuration(name, now_ms() + 6 * 3_600_000);
    configuration["numbers"] = json!({"first": 1, "last": 120_000_000});
    configuration["pools"] = json!([
        {"channel": "online", "range": {"first": 1, "last": 60_000_000}},
        {"channel": "counter", "range": {"first": 60_000_001, "last": 120_000_000}}]);
    configuration["hold_s"] = json!(hold_s);
    admin.put(&format!("/admin/raffles/{id}/configuration"), &configuration).await.expect(200);
    admin.act(&format!("/admin/raffles/{id}/open")).await.expect(200);
    id
}

/// Somebody anew: tokens do not last as long as such a night.
async fn again(site: &Site, person: &Person) -> Client {
    Client::login(&site.base, &person.login, &person.password).await
}

/// Ends sales now, with a reason.
async fn close(manager: &Client, raffle: &str) {
    let why = json!({"closes_at_ms": null, "reason": "The draw is tonight."});
    manager.post(&format!("/admin/raffles/{raffle}/close"), &why).await.expect(200);
}

/// Acknowledges what the report says. Answers the report.
async fn acknowledge(manager: &Client, raffle: &str) -> Value {
    let path = format!("/admin/raffles/{raffle}/reconciliation");
    let report = manager.get(&path).await.expect(200);
    let counts = &report["identity"];
    let body = json!({"statement": report["statement"], "sold": counts["sold"], "voided": counts["voided"],
        "unsold": counts["unsold"]});
    let acknowledged = manager.post(&format!("/admin/raffles/{raffle}/acknowledge"), &body).await.expect(200);
    assert_eq!(acknowledged["status"], "reconciled", "{acknowledged}");
    report
}
