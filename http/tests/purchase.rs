//! Buying online: hold, then pay, whatever the provider does and however often anybody asks.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod house;

use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::hold_order::HoldOrder;
use drumroll_engine::time::{Span, Timestamp};
use drumroll_http::api::error::ApiError;
use drumroll_http::payment::{
    Bill, Charge, Notice, Payment, PaymentInstruction, PaymentKey, PaymentProvider, ProviderError, ProviderFuture,
    Room, simulated, worker,
};
use futures_util::future::join_all;
use house::{House, impatient, key};
use serde_json::{Value, json};

/// Looks at pending orders and refunds as the worker does, after a wait longer than any buyer's.
async fn work(house: &House) {
    house.clock.advance(Span::seconds(5));
    worker::look(&house.app).await;
}

fn paid() -> Payment {
    Payment::Paid { reference: "test".into() }
}

async fn events(house: &House, raffle: &str, kind: &str) -> usize {
    let records = house.app.node.store().records(house.stream(raffle), 0, 10_000).await.unwrap();
    let wanted = format!("\"{kind}/1\"");
    records.iter().filter(|(record, _)| String::from_utf8_lossy(&record.payload).contains(&wanted)).count()
}

#[actix_web::test]
async fn a_paid_order_gives_a_ticket_and_a_repeat_gives_the_same() {
    let house = House::build().await;
    let raffle = house.open().await;
    assert_eq!(house.order(&raffle, 1).await["answer"], "not_seen");
    let order = house.purchase(&raffle, 1, 2, "pay").await.expect(201);
    assert_eq!((&order["answer"], &order["state"]), (&json!("accepted"), &json!("paid")));
    assert_eq!((&order["amount_minor"], &order["expires_at_ms"]), (&json!(1_000), &Value::Null));
    let ticket = &order["ticket"];
    assert_eq!(ticket["order_key"], key(1));
    assert_eq!(ticket["ranges"], json!([{ "first": 10_001, "last": 10_020 }]));
    assert_eq!(ticket["lines"], json!([{ "package_id": 2, "label": "20 for $10", "quantity": 1 }]));
    assert_eq!(
        (&ticket["channel"], &ticket["state"], &ticket["test"]),
        (&json!("online"), &json!("valid"), &json!(false))
    );
    assert_eq!((&ticket["event_name"], &ticket["licence"]), (&json!("Hawks vs. Kodiaks"), &json!("ON-2026-0042")));
    assert_eq!(ticket["salt"].as_str().unwrap().len(), 64, "the holder may open the leaf");
    assert_eq!(ticket["validation_number"].as_str().unwrap().len(), 19);
    let again = house.purchase(&raffle, 1, 2, "pay").await.expect(201);
    assert_eq!(again, order);
    assert_eq!(house.order(&raffle, 1).await, order);
    let view = house.get("", &format!("/raffles/{raffle}")).await.expect(200);
    assert_eq!((&view["numbers_sold"], &view["tickets_sold"]), (&json!(20), &json!(1)));
    assert_eq!((&view["jackpot_minor"], &view["jackpot"]["value_minor"]), (&json!(500), &json!(500)));
    assert_eq!(view["payment_provider"], json!({ "name": "simulated", "test": true }));
}

#[actix_web::test]
async fn ten_clicks_at_once_are_one_order_one_charge_and_one_ticket_i3() {
    let house = House::build().await;
    let raffle = house.open().await;
    let replies = join_all((0..10).map(|_| house.purchase(&raffle, 1, 1, "pay"))).await;
    let orders: Vec<Value> = replies.into_iter().map(|reply| reply.expect(201)).collect();
    assert!(orders.iter().all(|order| order == &orders[0]));
    assert_eq!((events(&house, &raffle, "order_held").await, events(&house, &raffle, "ticket_sold").await), (1, 1));
    // One payment, one webhook; delivering it after the fact changes nothing.
    let notice = house.webhook().await;
    house.deliver(&notice).await.expect(204);
    assert!(house.webhooks.lock().await.try_recv().is_err());
    assert_eq!(events(&house, &raffle, "ticket_sold").await, 1);
    let other = house.purchase(&raffle, 1, 2, "pay").await;
    other.refused(409, "idempotency_terms_differ");
}

#[actix_web::test]
async fn a_declined_payment_sells_nothing_and_says_so_again() {
    let house = House::build().await;
    let raffle = house.open().await;
    house.purchase(&raffle, 1, 1, "decline").await.refused(402, "payment_declined");
    let order = house.order(&raffle, 1).await;
    assert_eq!(
        (&order["answer"], &order["state"], &order["ticket"]),
        (&json!("accepted"), &json!("declined"), &Value::Null)
    );
    house.purchase(&raffle, 1, 1, "pay").await.refused(402, "payment_declined");
    let view = house.get("auditor", &format!("/admin/raffles/{raffle}")).await.expect(200);
    assert_eq!((&view["held_orders"], &view["identity"]["held"]), (&json!(0), &json!(0)));
}

#[actix_web::test]
async fn a_silent_provider_leaves_the_order_pending_until_its_hold_ends() {
    let house = House::build_with(impatient()).await;
    let raffle = house.open().await;
    let order = house.purchase(&raffle, 1, 1, "timeout").await.expect(202);
    assert_eq!((&order["answer"], &order["state"]), (&json!("pending"), &json!("held")));
    assert_eq!(order["expires_at_ms"], json!((house::START + Span::seconds(600)).as_millis()));
    work(&house).await;
    assert_eq!(house.order(&raffle, 1).await["answer"], "pending");
    // A second try of the same order waits as the first did, and holds nothing twice.
    house.purchase(&raffle, 1, 1, "timeout").await.expect(202);
    assert_eq!(events(&house, &raffle, "order_held").await, 1);
    house.clock.advance(Span::seconds(600));
    let expired = house.purchase(&raffle, 1, 1, "pay").await;
    expired.refused(409, "hold_ended");
    assert_eq!(house.order(&raffle, 1).await["state"], "expired");
}

#[actix_web::test]
async fn a_late_webhook_settles_the_order_however_often_it_comes() {
    let house = House::build_with(impatient()).await;
    let raffle = house.open().await;
    house.purchase(&raffle, 1, 1, "late_webhook").await.expect(202);
    let notice = house.notice(&raffle, 1, 500, paid());
    for _ in 0..3 {
        house.deliver(&notice).await.expect(204);
    }
    let order = house.order(&raffle, 1).await;
    assert_eq!((&order["state"], &order["ticket"]["numbers_count"]), (&json!("paid"), &json!(5)));
    assert_eq!(events(&house, &raffle, "ticket_sold").await, 1);
}

#[actix_web::test]
async fn without_its_webhook_the_worker_asks_and_settles_the_order() {
    let house = House::build_with(simulated::Options { webhooks: false, ..impatient() }).await;
    let raffle = house.open().await;
    house.purchase(&raffle, 1, 1, "late_webhook").await.expect(202);
    work(&house).await;
    assert_eq!(house.order(&raffle, 1).await["answer"], "pending");
    house.provider.pay_now(PaymentKey { raffle: raffle.parse().unwrap(), order: key(1).parse().unwrap() });
    work(&house).await;
    assert_eq!(house.order(&raffle, 1).await["state"], "paid");
    work(&house).await;
    assert_eq!(events(&house, &raffle, "ticket_sold").await, 1);
}

#[actix_web::test]
async fn a_payment_that_finds_no_hold_goes_back_once() {
    let house = House::build_with(impatient()).await;
    let raffle = house.open().await;
    house.purchase(&raffle, 1, 1, "late_webhook").await.expect(202);
    let notice = house.notice(&raffle, 1, 500, paid());
    house.clock.advance(Span::seconds(601));
    house.deliver(&notice).await.expect(204);
    house.deliver(&notice).await.expect(204);
    assert_eq!(house.order(&raffle, 1).await["state"], "refund_due");
    // The buyer's own repeat hears the same.
    assert_eq!(house.purchase(&raffle, 1, 1, "pay").await.expect(200)["state"], "refund_due");
    worker::look(&house.app).await;
    worker::look(&house.app).await;
    assert_eq!(house.order(&raffle, 1).await["state"], "refunded");
    let counts = (
        events(&house, &raffle, "refund_due").await,
        events(&house, &raffle, "refunded").await,
        events(&house, &raffle, "ticket_sold").await,
    );
    assert_eq!(counts, (1, 1, 0));
}

/// I5: no webhook came and nobody asked again; the hold is over, and so is the payment.
#[actix_web::test]
async fn what_ended_unpaid_is_closed_at_the_provider_and_what_was_paid_unheard_goes_back() {
    let house = House::build_with(simulated::Options { webhooks: false, ..impatient() }).await;
    let raffle = house.open().await;
    let paid = |order: u8| {
        let key = PaymentKey { raffle: raffle.parse().unwrap(), order: key(order).parse().unwrap() };
        house.provider.pay_now(key);
    };
    for order in [1, 2] {
        house.purchase(&raffle, order, 1, "late_webhook").await.expect(202);
    }
    house.clock.advance(Span::seconds(601));
    // The raffle learns of the time by whoever asks next.
    house.purchase(&raffle, 3, 1, "pay").await.expect(201);
    for order in [1, 2] {
        assert_eq!(house.order(&raffle, order).await["state"], "expired");
    }
    paid(1);
    worker::look(&house.app).await;
    paid(2);
    assert_eq!(house.order(&raffle, 1).await["state"], "refund_due");
    work(&house).await;
    assert_eq!(house.order(&raffle, 1).await["state"], "refunded");
    assert_eq!(house.order(&raffle, 2).await["state"], "expired", "nothing is taken once it is closed");
    assert_eq!((events(&house, &raffle, "refund_due").await, events(&house, &raffle, "refunded").await), (1, 1));
}

#[actix_web::test]
async fn a_webhook_out_of_order_of_another_amount_or_forged_means_nothing() {
    let house = House::build().await;
    let raffle = house.open().await;
    house.purchase(&raffle, 1, 1, "pay").await.expect(201);
    house.deliver(&house.notice(&raffle, 1, 500, Payment::Declined)).await.expect(204);
    assert_eq!(house.order(&raffle, 1).await["state"], "paid");
    let origin = drumroll_actors::aggregate::Origin {
        actor: drumroll_engine::journal::Actor::Public,
        approver: None,
        cause: drumroll_engine::journal::Cause::Internal,
    };
    let lines = vec![drumroll_engine::money::Line { package: 1, quantity: 1 }];
    let hold = Command::HoldOrder(HoldOrder { order: key(2).parse().unwrap(), lines });
    house.app.node.execute(house.stream(&raffle), drumroll_actors::intake::Lane::Online, origin, hold).await.unwrap();
    house.deliver(&house.notice(&raffle, 2, 1, paid())).await.expect(204);
    assert_eq!(house.order(&raffle, 2).await["state"], "held", "another amount than was asked for is nobody's payment");
    // An order nobody made, a raffle nobody has: taken, and nothing happens.
    house.deliver(&house.notice(&raffle, 9, 500, paid())).await.expect(204);
    house.deliver(&house.notice(&key(9), 9, 500, paid())).await.expect(204);
    assert_eq!(house.order(&raffle, 9).await["answer"], "not_seen");
    let mut forged = house.notice(&raffle, 2, 500, paid());
    forged.body[20] ^= 1;
    house.deliver(&forged).await.refused(401, "webhook_signature_invalid");
    house.deliver(&house.notice(&raffle, 2, 500, paid())).await.expect(204);
    assert_eq!(house.order(&raffle, 2).await["state"], "paid");
}

#[actix_web::test]
async fn a_voided_online_ticket_is_paid_back() {
    let house = House::build().await;
    let raffle = house.open().await;
    house.purchase(&raffle, 1, 2, "pay").await.expect(201);
    let body = json!({ "raffle_id": raffle, "status": "voided", "reason": "bought twice" });
    let path = format!("/tickets/{}/status", key(1));
    let voided = house.call("supervisor", actix_web::http::Method::PUT, &path, None, Some(body)).await.expect(200);
    assert_eq!((&voided["state"], &voided["void_reason"]), (&json!("voided"), &json!("bought twice")));
    assert_eq!(house.order(&raffle, 1).await["state"], "refund_due");
    worker::look(&house.app).await;
    let order = house.order(&raffle, 1).await;
    assert_eq!((&order["state"], &order["ticket"]["state"]), (&json!("refunded"), &json!("voided")));
    let view = house.get("", &format!("/raffles/{raffle}")).await.expect(200);
    assert_eq!(
        (&view["numbers_sold"], &view["tickets_sold"], &view["voided_minor"]),
        (&json!(0), &json!(0), &json!(1_000))
    );
}

#[actix_web::test]
async fn a_pending_order_survives_a_restart_and_ends_unpaid_when_the_provider_forgot() {
    let house = House::build_with(impatient()).await;
    let raffle = house.open().await;
    house.purchase(&raffle, 1, 1, "timeout").await.expect(202);
    let house = house.restart().await;
    assert_eq!(house.order(&raffle, 1).await["answer"], "pending");
    work(&house).await;
    assert_eq!(house.order(&raffle, 1).await["answer"], "pending", "a provider that forgot decides nothing");
    house.clock.advance(Span::seconds(600));
    house.app.node.read(house.stream(&raffle), |_| ()).await.unwrap();
    for _ in 0..200 {
        if house.order(&raffle, 1).await["state"] == "expired" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the hold did not end");
}

#[actix_web::test]
async fn a_refund_that_was_due_at_a_restart_is_made_after_it() {
    let house = House::build().await;
    let raffle = house.open().await;
    house.purchase(&raffle, 1, 1, "pay").await.expect(201);
    let cancel = json!({ "reason": "flood", "approver": { "login": "second", "password": house::PASSWORD } });
    house.get("second", &format!("/admin/raffles/{raffle}")).await.expect(200);
    house.post("supervisor", &format!("/admin/raffles/{raffle}/cancel"), cancel).await.expect(200);
    assert_eq!(house.order(&raffle, 1).await["state"], "refund_due");
    let house = house.restart().await;
    worker::look(&house.app).await;
    assert_eq!(house.order(&raffle, 1).await["state"], "refunded");
}

#[actix_web::test]
async fn what_cannot_be_bought_is_refused_by_name_and_costs_nothing() {
    let house = House::build().await;
    let draft = house.draft(1).await;
    house.purchase(&draft, 1, 1, "pay").await.refused(404, "unknown_raffle");
    let raffle = house.open().await;
    let path = format!("/raffles/{raffle}/purchase");
    let pay = json!({ "outcome": "pay" });
    let body = |lines: Value| json!({ "lines": lines, "payment": pay });
    for (lines, field) in [
        (json!([]), "lines"),
        (json!([{ "package_id": 1, "quantity": 0 }]), "lines[0].quantity"),
        (json!([{ "package_id": 1, "quantity": 101 }]), "lines[0].quantity"),
        (json!([{ "package_id": 1, "quantity": -1 }]), "lines[0].quantity"),
        (json!([{ "package_id": 1, "quantity": 1.5 }]), "lines[0].quantity"),
        (json!([{ "package_id": 1, "quantity": 99_999_999_999u64 }]), "lines[0].quantity"),
        (json!([{ "package_id": 1, "quantity": 1, "price_minor": 1 }]), "lines[0].price_minor"),
        (json!([{ "package_id": 1, "quantity": 1 }, { "package_id": 1, "quantity": 1 }]), "lines[1].package_id"),
    ] {
        let reply = house.call("", actix_web::http::Method::POST, &path, Some(&key(1)), Some(body(lines))).await;
        let problem = reply.refused(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    let unknown = body(json!([{ "package_id": 77, "quantity": 1 }]));
    house
        .call("", actix_web::http::Method::POST, &path, Some(&key(1)), Some(unknown))
        .await
        .refused(422, "unknown_package");
    let stock = body(json!([{ "package_id": 3, "quantity": 4 }]));
    house.call("", actix_web::http::Method::POST, &path, Some(&key(1)), Some(stock)).await.refused(409, "out_of_stock");
    let keyless = body(json!([{ "package_id": 1, "quantity": 1 }]));
    house.post("", &path, keyless).await.refused(400, "idempotency_key_missing");
    house.purchase("00000000-0000-4000-8000-0000000000aa", 1, 1, "pay").await.refused(404, "unknown_raffle");
    house.purchase("nonsense", 1, 1, "pay").await.refused(404, "not_found");
    assert_eq!(house.order(&raffle, 1).await["answer"], "not_seen", "a refusal leaves the key free");
    house
        .post("supervisor", &format!("/admin/raffles/{raffle}/suspend"), json!({ "reason": "smoke" }))
        .await
        .expect(200);
    house.purchase(&raffle, 1, 1, "pay").await.refused(409, "sales_suspended");
    house.act("supervisor", &format!("/admin/raffles/{raffle}/resume")).await.expect(200);
    house.purchase(&raffle, 1, 1, "pay").await.expect(201);
    house.clock.advance(house::WINDOW);
    house.purchase(&raffle, 2, 1, "pay").await.refused(409, "sales_closed");
}

/// A provider in whose code the worker panics the first times it asks.
struct Frail {
    provider: simulated::Simulated,
    left: std::sync::atomic::AtomicUsize,
}

impl Frail {
    fn point(&self) {
        use std::sync::atomic::Ordering::SeqCst;
        let due = self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
        assert!(!due, "injected by a test");
    }
}

impl PaymentProvider for Frail {
    fn name(&self) -> &'static str {
        self.provider.name()
    }

    fn is_test(&self) -> bool {
        true
    }

    fn deadline(&self) -> std::time::Duration {
        self.provider.deadline()
    }

    fn charge(&self, charge: Charge) -> ProviderFuture<'_, Payment> {
        self.provider.charge(charge)
    }

    fn check(&self, instruction: &PaymentInstruction) -> Result<(), ApiError> {
        self.provider.check(instruction)
    }

    fn admit(&self) -> Result<Room, ProviderError> {
        self.provider.admit()
    }

    fn status(&self, bill: Bill) -> ProviderFuture<'_, Payment> {
        self.point();
        self.provider.status(bill)
    }

    fn close(&self, bill: Bill) -> ProviderFuture<'_, Payment> {
        self.provider.close(bill)
    }

    fn refund(&self, bill: Bill, reference: Option<String>) -> ProviderFuture<'_, String> {
        self.provider.refund(bill, reference)
    }

    fn read(&self, body: &[u8], signature: &str, now: Timestamp) -> Result<Option<Notice>, ApiError> {
        self.point();
        self.provider.read(body, signature, now)
    }
}

/// The worker panics over a webhook and over its list, and goes on: the order is settled by itself.
#[actix_web::test]
async fn a_worker_that_panics_goes_on() {
    let house = House::build_with(impatient()).await;
    let raffle = house.open().await;
    house.purchase(&raffle, 1, 1, "late_webhook").await.expect(202);
    house.provider.pay_now(PaymentKey { raffle: raffle.parse().unwrap(), order: key(1).parse().unwrap() });
    let frail = Frail { provider: house.provider.clone(), left: 3.into() };
    let (webhooks, waiting) = tokio::sync::mpsc::channel(4);
    let app = drumroll_http::state::App { payment: std::sync::Arc::new(frail), ..house.app.clone() };
    let worker = worker::spawn(app, Some(waiting));
    // This one panics; the worker's other half, and the list's next look, are there all the same.
    webhooks.send(house.webhook().await).await.unwrap();
    house.clock.advance(Span::seconds(5));
    let mut looks = 0;
    while house.order(&raffle, 1).await["state"] != json!("paid") {
        looks += 1;
        assert!(looks < 600 && !worker.is_finished(), "the order is never settled");
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    worker.abort();
    assert_eq!(events(&house, &raffle, "ticket_sold").await, 1);
}
