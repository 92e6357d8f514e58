//! Counter, batch and integrated sales, looking tickets up, voiding and marking them.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod house;

use actix_web::http::Method;
use drumroll_http::payment::worker;
use house::{House, key};
use serde_json::{Value, json};

async fn set_status(
    house: &House,
    who: &'static str,
    raffle: &str,
    id: &str,
    status: &str,
    reason: &str,
) -> house::Reply {
    let body = json!({ "raffle_id": raffle, "status": status, "reason": reason });
    house.call(who, Method::PUT, &format!("/tickets/{id}/status"), None, Some(body)).await
}

#[actix_web::test]
async fn a_counter_sale_is_made_once_under_its_key() {
    let house = House::build().await;
    let raffle = house.open().await;
    let ticket = house.sell(&raffle, 1, 1, 2).await.expect(201);
    assert_eq!((&ticket["channel"], &ticket["seller_name"]), (&json!("counter"), &json!("The seller")));
    assert_eq!((&ticket["price_minor"], &ticket["numbers_count"]), (&json!(1_000), &json!(10)));
    assert!(ticket["salt"].is_string(), "whoever made the sale prints it");
    assert_eq!(house.sell(&raffle, 1, 1, 2).await.expect(201), ticket);
    house.sell(&raffle, 1, 1, 3).await.refused(409, "idempotency_terms_differ");
    house.sell(&raffle, 2, 1, 0).await.refused(422, "validation_failed");
    house.sell(&raffle, 2, 9, 1).await.refused(422, "unknown_package");
    let body = json!({ "raffle_id": raffle, "lines": [{ "package_id": 1, "quantity": 1 }] });
    let sell = |who, body: Value| {
        house.call(who, Method::POST, "/tickets/generate", Some("00000000-0000-4000-8000-000000000002"), Some(body))
    };
    sell("auditor", body.clone()).await.refused(403, "forbidden");
    sell("", body.clone()).await.refused(401, "unauthenticated");
    sell("stranger", body.clone()).await.refused(404, "unknown_raffle");
    let mut more = body;
    more["tip_minor"] = json!(5);
    sell("seller", more).await.refused(422, "validation_failed");
    assert_eq!(house.tickets(&raffle, "").await.len(), 1);
}

#[actix_web::test]
async fn an_integrated_system_sells_one_to_a_hundred_packages() {
    let house = House::build().await;
    let raffle = house.open().await;
    let path = format!("/raffle/{raffle}/tickets/generate");
    let sell = |order: u8, quantity: i64| {
        let body = json!({ "package_id": 1, "quantity": quantity });
        let path = path.clone();
        let house = &house;
        async move { house.call("integration", Method::POST, &path, Some(&key(order)), Some(body)).await }
    };
    let ticket = sell(1, 100).await.expect(201);
    assert_eq!(
        (&ticket["channel"], &ticket["numbers_count"], &ticket["price_minor"]),
        (&json!("integration"), &json!(500), &json!(50_000))
    );
    assert_eq!(sell(1, 100).await.expect(201), ticket);
    for wrong in [0, 101, -1, 99_999_999_999] {
        let problem = sell(2, wrong).await.refused(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], "quantity");
    }
    let counter =
        house.call("seller", Method::POST, &path, Some(&key(3)), Some(json!({ "package_id": 1, "quantity": 1 }))).await;
    counter.refused(403, "forbidden");
    let records = house.app.node.store().records(house.stream(&raffle), 0, 1_000).await.unwrap();
    let sold =
        records.iter().find(|(record, _)| String::from_utf8_lossy(&record.payload).contains("ticket_sold")).unwrap();
    assert!(matches!(sold.0.actor, drumroll_engine::journal::Actor::Integration(_)));
}

#[actix_web::test]
async fn a_batch_judges_each_order_for_itself_and_may_be_repeated() {
    let house = House::build().await;
    let raffle = house.open().await;
    house.sell(&raffle, 1, 1, 1).await.expect(201);
    let orders = json!([
        { "key": key(1), "lines": [{ "package_id": 1, "quantity": 1 }] },
        { "key": key(2), "lines": [{ "package_id": 2, "quantity": 1 }] },
        { "key": key(3), "lines": [{ "package_id": 9, "quantity": 1 }] },
        { "key": key(4), "lines": [{ "package_id": 3, "quantity": 4 }] },
        { "key": key(5), "lines": [{ "package_id": 1, "quantity": 2 }] },
    ]);
    let body = json!({ "raffle_id": raffle, "orders": orders });
    let results = house.post("seller", "/tickets/batch-generate", body.clone()).await.expect(200)["results"].clone();
    let verdicts: Vec<(&str, Option<&str>)> = (results.as_array().unwrap().iter())
        .map(|result| (result["outcome"].as_str().unwrap(), result["code"].as_str()))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("sold", None),
            ("sold", None),
            ("refused", Some("unknown_package")),
            ("refused", Some("out_of_stock")),
            ("sold", None)
        ]
    );
    assert_eq!(results[1]["ticket"]["numbers_count"], 20);
    let again = house.post("seller", "/tickets/batch-generate", body).await.expect(200)["results"].clone();
    assert_eq!(again, results);
    assert_eq!(house.tickets(&raffle, "").await.len(), 3);
    let twice = json!({ "raffle_id": raffle, "orders": [
        { "key": key(6), "lines": [{ "package_id": 1, "quantity": 1 }] },
        { "key": key(6), "lines": [{ "package_id": 1, "quantity": 0 }] },
    ] });
    let problem = house.post("seller", "/tickets/batch-generate", twice).await.refused(422, "validation_failed");
    let fields: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["orders[1].key", "orders[1].lines[0].quantity"]);
    for orders in
        [json!([]), Value::Array(vec![json!({ "key": key(7), "lines": [{ "package_id": 1, "quantity": 1 }] }); 201])]
    {
        let body = json!({ "raffle_id": raffle, "orders": orders });
        house.post("seller", "/tickets/batch-generate", body).await.refused(422, "validation_failed");
    }
    assert_eq!(house.tickets(&raffle, "").await.len(), 3, "a batch that does not read sells nothing");
}

#[actix_web::test]
async fn t07_a_batch_of_voids_judges_each_ticket_for_itself_and_may_be_repeated() {
    let house = House::build().await;
    let raffle = house.open().await;
    let first = house.sell(&raffle, 1, 1, 1).await.expect(201);
    for order in 2..=4 {
        house.sell(&raffle, order, 1, 1).await.expect(201);
    }
    house.purchase(&raffle, 40, 2, "pay").await.expect(201);
    house.purchase(&raffle, 41, 1, "decline").await.refused(402, "payment_declined");
    set_status(&house, "supervisor", &raffle, &key(2), "voided", "before").await.expect(200);
    let number = first["validation_number"].as_str().unwrap();
    // By number and by order key, voided before, unknown, unpaid, online; a number nobody has.
    let nobody = "0000-0000-0000-0000";
    let tickets = json!([number, key(1), key(2), key(9), key(41), key(40), nobody]);
    let body = json!({ "raffle_id": raffle, "tickets": tickets, "reason": "charged twice" });
    house.post("seller", "/tickets/batch-void", body.clone()).await.refused(403, "forbidden");
    let verdicts = async || {
        let response = house.post("supervisor", "/tickets/batch-void", body.clone()).await.expect(200);
        let results = response["results"].as_array().unwrap().clone();
        let names: Vec<&Value> = results.iter().map(|result| &result["ticket"]).collect();
        assert_eq!(json!(names), tickets);
        assert_eq!((&results[0]["order_key"], &results[6]["order_key"]), (&json!(key(1)), &Value::Null));
        let verdict = |result: &Value| {
            let text = |name: &str| result[name].as_str().unwrap_or_default().to_owned();
            text("outcome") + " " + &text("code")
        };
        results.iter().map(verdict).collect::<Vec<_>>()
    };
    let expected = |first: &str, before: &str| {
        let of = |outcome: &str| format!("{outcome} ");
        let refused = ["refused unknown_order", "refused no_ticket"].map(str::to_owned);
        let [unknown, unpaid] = refused;
        vec![of(first), of(first), of(before), unknown.clone(), unpaid, of(first), unknown]
    };
    assert_eq!(verdicts().await, expected("voided", "already_voided"));
    assert_eq!(verdicts().await, expected("already_voided", "already_voided"));
    let voided = house.tickets(&raffle, "&state=voided").await;
    let reasons: Vec<_> = voided.iter().map(|ticket| ticket["void_reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["charged twice", "before", "charged twice"]);
    assert_eq!(house.order(&raffle, 40).await["state"], "refund_due", "money paid online goes back");
    // On record one by one, each with who did it and under its own order.
    let records = house.app.node.store().records(house.stream(&raffle), 0, 1_000).await.unwrap();
    let voids: Vec<_> = records
        .iter()
        .filter(|(record, _)| String::from_utf8_lossy(&record.payload).contains("ticket_voided"))
        .collect();
    assert_eq!(voids.len(), 3);
    for (record, _) in &voids {
        assert!(matches!(record.actor, drumroll_engine::journal::Actor::User(_)));
        assert!(matches!(record.cause, drumroll_engine::journal::Cause::Order(_)));
    }
    for (tickets, reason, field) in [
        (json!([]), "why", "tickets"),
        (json!(vec![key(3); 201]), "why", "tickets"),
        (json!([key(3), key(3)]), "why", "tickets[1]"),
        (json!([key(3), ""]), "why", "tickets[1]"),
        (json!([key(3), "nonsense"]), "why", "tickets[1]"),
        (json!([key(3), "0000-0000-0000-0001"]), "why", "tickets[1]"),
        (json!([key(3)]), " ", "reason"),
    ] {
        let body = json!({ "raffle_id": raffle, "tickets": tickets, "reason": reason });
        let problem = house.post("supervisor", "/tickets/batch-void", body).await.refused(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    let body = json!({ "raffle_id": raffle, "tickets": [key(3)], "reason": "x".repeat(501) });
    let results = house.post("supervisor", "/tickets/batch-void", body).await.expect(200);
    assert_eq!(results["results"][0]["code"], "reason_missing", "{results}");
    house.close(&raffle).await;
    worker::look(&house.app).await;
    house.acknowledge(&raffle).await;
    let body = json!({ "raffle_id": raffle, "tickets": [key(3)], "reason": "too late" });
    let results = house.post("supervisor", "/tickets/batch-void", body).await.expect(200);
    assert_eq!(results["results"][0]["code"], "reconciliation_acknowledged", "T-08: {results}");
    assert_eq!(house.tickets(&raffle, "&state=voided").await.len(), 3);
}

#[actix_web::test]
async fn tickets_are_paged_in_order_and_filtered() {
    let house = House::build().await;
    let raffle = house.open().await;
    for order in 1..=16 {
        house.sell(&raffle, order, 1, 1).await.expect(201);
    }
    house.purchase(&raffle, 40, 1, "pay").await.expect(201);
    set_status(&house, "supervisor", &raffle, &key(3), "voided", "test").await.expect(200);
    let all = house.tickets(&raffle, "").await;
    let keys: Vec<&str> = all.iter().map(|ticket| ticket["order_key"].as_str().unwrap()).collect();
    let expected: Vec<String> = (1..=16).chain([40]).map(key).collect();
    assert_eq!(keys, expected);
    assert!(all.iter().all(|ticket| ticket["salt"].is_null()), "a list never shows salts");
    assert_eq!(house.tickets(&raffle, "&state=voided").await.len(), 1);
    assert_eq!(house.tickets(&raffle, "&state=valid&channel=counter").await.len(), 15);
    assert_eq!(house.tickets(&raffle, "&channel=online").await.len(), 1);
    for query in ["limit=0", "limit=201", "limit=-1", "cursor=x", "state=lost", "channel=moon", "page=2"] {
        house.get("auditor", &format!("/tickets/raffle/{raffle}?{query}")).await.refused(422, "validation_failed");
    }
    house.get("stranger", &format!("/tickets/raffle/{raffle}")).await.refused(404, "unknown_raffle");
    house.get("integration", &format!("/tickets/raffle/{raffle}")).await.refused(403, "forbidden");
}

#[actix_web::test]
async fn a_ticket_is_found_by_its_number_by_anybody_and_by_its_key_by_the_staff() {
    let house = House::build().await;
    let raffle = house.open().await;
    let ticket = house.sell(&raffle, 1, 1, 1).await.expect(201);
    let number = ticket["validation_number"].as_str().unwrap();
    let typed = number.to_lowercase().replace('-', "");
    for id in [number, typed.as_str()] {
        let check = house.get("", &format!("/tickets/{id}/validate")).await.expect(200);
        assert_eq!((&check["valid"], &check["state"], &check["won"]), (&json!(true), &json!("valid"), &Value::Null));
        assert_eq!(check["ticket"]["ranges"], ticket["ranges"]);
        assert!(check["ticket"]["salt"].is_null() && check["ticket"]["seller_name"].is_null());
    }
    let by_key = format!("/tickets/{}/validate", key(1));
    let check = house.get("support", &by_key).await.expect(200);
    assert_eq!((&check["ticket"]["seller_name"], &check["ticket"]["salt"]), (&json!("The seller"), &Value::Null));
    house.get("", &by_key).await.refused(404, "not_found");
    house.get("stranger", &by_key).await.refused(404, "not_found");
    let stranger = house.get("stranger", &format!("/tickets/{number}/validate")).await.expect(200);
    assert!(stranger["ticket"]["seller_name"].is_null(), "another organisation's staff is the public");
    for nonsense in ["0000-0000-0000-0000", "0000-0000-0000-0001", "x", "00000000-0000-4000-8000-0000000000ff"] {
        house.get("", &format!("/tickets/{nonsense}/validate")).await.refused(404, "not_found");
        house.get("support", &format!("/tickets/{nonsense}/validate")).await.refused(404, "not_found");
    }
    let request = actix_web::test::TestRequest::get()
        .uri(&format!("/api/v1/tickets/{number}/validate"))
        .insert_header(("authorization", "Bearer forged"));
    house.raw(request).await.refused(401, "token_invalid");
    set_status(&house, "supervisor", &raffle, number, "voided", "lost").await.expect(200);
    let check = house.get("", &format!("/tickets/{number}/validate")).await.expect(200);
    assert_eq!((&check["valid"], &check["state"]), (&json!(false), &json!("voided")));
}

#[actix_web::test]
async fn a_seller_marks_and_a_supervisor_decides_t07_t09() {
    let house = House::build().await;
    let raffle = house.open().await;
    for order in 1..=3 {
        house.sell(&raffle, order, 1, 1).await.expect(201);
    }
    let set = |who, order: u8, status: &'static str, reason: &'static str| {
        let (house, raffle) = (&house, &raffle);
        async move { set_status(house, who, raffle, &key(order), status, reason).await }
    };
    set("seller", 1, "voided", "typo").await.refused(403, "forbidden");
    set("seller", 1, "misprinted", "torn").await.expect(200);
    set("seller", 1, "valid", "fine after all").await.refused(403, "forbidden");
    set("supervisor", 1, "valid", "fine after all").await.expect(200);
    set("supervisor", 1, "valid", "again").await.refused(409, "not_misprinted");
    set("supervisor", 2, "voided", " ").await.refused(422, "reason_missing");
    let voided = set("supervisor", 2, "voided", "typo").await.expect(200);
    assert_eq!(voided["state"], "voided");
    set("supervisor", 2, "voided", "typo").await.refused(409, "already_voided");
    set("supervisor", 9, "voided", "typo").await.refused(404, "unknown_order");
    set("auditor", 3, "misprinted", "torn").await.refused(403, "forbidden");
    set("stranger", 3, "voided", "typo").await.refused(404, "unknown_raffle");
    let log = house.get("auditor", "/admin/significant-events?code=access_denied").await.expect(200);
    assert_eq!(log["items"].as_array().unwrap().len(), 3, "{log:#}");
    house.close(&raffle).await;
    house.acknowledge(&raffle).await;
    set("supervisor", 3, "voided", "late").await.refused(409, "reconciliation_acknowledged");
}

#[actix_web::test]
async fn the_log_names_who_voided_and_why_t07() {
    let house = House::build().await;
    let raffle = house.open().await;
    let ticket = house.sell(&raffle, 1, 1, 1).await.expect(201);
    house.clock.advance(drumroll_engine::time::Span::seconds(90));
    set_status(&house, "supervisor", &raffle, &key(1), "voided", "sold twice by mistake").await.expect(200);
    let log = house.get("auditor", "/admin/significant-events?code=ticket_voided").await.expect(200);
    let [line] = &log["items"].as_array().unwrap()[..] else { panic!("one line: {log:#}") };
    let mut id = [0; 16];
    id[..10].copy_from_slice(b"supervisor");
    let supervisor = drumroll_engine::id::UserId(id);
    assert_eq!((&line["actor"], &line["actor_name"]), (&json!(format!("user:{supervisor}")), &json!("The supervisor")));
    let order = ticket["order_key"].as_str().unwrap();
    assert_eq!(line["detail"], format!("ticket {order}: sold twice by mistake"));
    assert_eq!(
        (&line["component"], &line["at_ms"]),
        (&json!(format!("raffle:{raffle}")), &json!(house.now().as_millis()))
    );
    // Its draw numbers and validation number stand on the ticket that the line names.
    let voided = house.tickets(&raffle, "&state=voided").await;
    assert_eq!((&voided[0]["order_key"], &voided[0]["void_reason"]), (&json!(order), &json!("sold twice by mistake")));
    for field in ["ranges", "validation_number"] {
        assert_eq!(voided[0][field], ticket[field]);
    }
}

#[actix_web::test]
async fn a_ticket_of_one_event_is_nothing_at_another_t15() {
    let house = House::build().await;
    let (here, there) = (house.open().await, house.open_as(201, "live").await);
    let ticket = house.sell(&here, 1, 1, 1).await.expect(201);
    let number = ticket["validation_number"].as_str().unwrap();
    for id in [number, &key(1)] {
        for status in ["voided", "misprinted"] {
            set_status(&house, "supervisor", &there, id, status, "wrong event").await.refused(404, "unknown_order");
        }
    }
    assert_eq!(house.tickets(&there, "").await, [Value::Null; 0]);
    // Whoever looks it up is told whose ticket it is, to compare with where he stands.
    let check = house.get("support", &format!("/tickets/{number}/validate")).await.expect(200);
    assert_eq!((&check["ticket"]["raffle_id"], &check["ticket"]["event_number"]), (&json!(here), &json!(1)));
    assert_eq!((&check["state"], &check["valid"]), (&json!("valid"), &json!(true)), "and nothing happened to it");
}
