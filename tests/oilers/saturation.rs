//! A provider that has as much under way as it is to have: who comes then is refused at once, and nothing is held for him.

use crate::{open, with_provider};
use drumroll_tests::api::{Client, new_key};
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::auditor::{self, bytes, payments};
use drumroll_tests::provider::Moods;
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use serde_json::{Value, json};
use std::time::Duration;

/// I3, I5, I12: refused before a hold; the one who waits is told that he waits, and pays once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_i12_a_saturated_provider_refuses_early_and_holds_nothing() {
    let name = "saturated-provider";
    let mut site = Site::sqlite(name);
    let moods = Moods { seed: 1, deadline: Duration::from_secs(3), longest: Duration::ZERO, good: true };
    let provider = with_provider(&mut site, moods, 1).await;
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = open(&crew, name, 600).await;
    let (public, path) = (Client::new(&site.base), format!("/raffles/{raffle}/purchase"));
    let order = |key: &str| format!("/raffles/{raffle}/orders/{key}");
    let card = json!({"lines": [{"package_id": 1, "quantity": 1}], "payment": {"payment_method": "pm_card_visa"}});
    let mut evidence = Evidence::default();

    // What is no card is refused by name, and costs nothing.
    let key = new_key();
    for payment in [json!({"outcome": "pay"}), json!({})] {
        let body = json!({"lines": card["lines"], "payment": payment});
        let reply = public.post_once(&path, &key, &body).await;
        reply.refused(422, "validation_failed");
        assert_eq!(reply.body["errors"][0]["field"], "payment.payment_method");
    }
    assert_eq!(public.get(&order(&key)).await.expect(200)["answer"], "not_seen");

    provider.hold_back(true);
    let (one, other) = (new_key(), new_key());
    let waiting = {
        let (public, path, one, card) = (public.clone(), path.clone(), one.clone(), card.clone());
        tokio::spawn(async move { public.post_once(&path, &one, &card).await })
    };
    until("the provider is asked", SOON, async || (provider.counts().calls > 0).then_some(())).await;
    let refused = public.post_once(&path, &other, &card).await;
    refused.refused(503, "payment_unavailable");
    assert_eq!(refused.retry_after.as_deref(), Some("1"));
    assert_eq!(public.get(&order(&other)).await.expect(200)["answer"], "not_seen", "nothing is held for him");
    let held = crew.admin.client.get(&format!("/admin/raffles/{raffle}")).await.expect(200);
    assert_eq!(held["held_orders"], 1, "{held}");
    // The counter does not pay by card.
    let counter = json!({"raffle_id": raffle, "lines": card["lines"]});
    let ticket = crew.seller.client.post_once("/tickets/generate", &new_key(), &counter).await.expect(201);
    evidence.ticket("the counter", &ticket);
    let told = waiting.await.unwrap();
    // Before anything could be taken, or with the answer still to come.
    assert!(matches!(told.status, 202 | 503), "{}", told.text);

    provider.hold_back(false);
    for key in [&one, &other] {
        let paid: Value = until("it is paid", SOON, async || {
            let (reply, _) = public.insist(&path, key, &card).await;
            (reply.status == 201).then_some(reply.body)
        })
        .await;
        evidence.ticket("an insisting buyer", &paid["ticket"]);
    }
    let metrics = public.get("/metrics").await.text;
    assert!(metrics.contains("drumroll_payments_refused_total 1"), "{metrics}");
    assert!(metrics.contains("drumroll_payment_calls_total{call=\"confirm\",outcome=\"answered\"}"), "{metrics}");
    assert_eq!(site.stop().await, Some(0));
    let id = bytes::id(&raffle).unwrap();
    let mut audit = auditor::audit(&site.database.books().await, &evidence);
    let kept_minor = payments::check(&provider.payments(), id, &audit.raffles[&id], &mut audit.findings);
    audit.expect_clean(name);
    assert_eq!(kept_minor, 2 * 500);
    site.close().await;
}
