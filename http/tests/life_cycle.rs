//! An event from draft to cancelled or finalized, as its organisers drive it.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod house;

use actix_web::http::Method;
use drumroll_engine::raffle::{QuarantineReason, Verdict};
use drumroll_engine::time::{Span, Timestamp};
use house::handheld::Handheld;
use house::{House, key};
use serde_json::{Value, json};

async fn admin(house: &House, raffle: &str) -> Value {
    house.get("auditor", &format!("/admin/raffles/{raffle}")).await.expect(200)
}

fn reason_of(raffle: &Value, action: &str) -> Option<String> {
    let actions = raffle["actions"].as_array().unwrap();
    let state = actions.iter().find(|state| state["action"] == action).unwrap();
    assert_eq!(state["allowed"].as_bool().unwrap(), state["reason"].is_null());
    state["reason"].as_str().map(str::to_owned)
}

#[actix_web::test]
async fn a_draft_takes_its_number_once_and_is_nobodys_business_yet_l05() {
    let house = House::build().await;
    let first = house.draft(1).await;
    assert_eq!(house.draft(1).await, first, "a repeat gives the same raffle");
    let second = house.draft(2).await;
    assert_eq!(
        (admin(&house, &first).await["event_number"].clone(), admin(&house, &second).await["event_number"].clone()),
        (json!(1), json!(2))
    );
    let other = json!({ "name": "Night", "kind": "test" });
    let reply = house.call("administrator", Method::POST, "/admin/raffles", Some(&key(1)), Some(other.clone())).await;
    reply.refused(409, "idempotency_terms_differ");
    // Another organisation's key of the same bytes makes another raffle.
    let theirs =
        house.call("stranger", Method::POST, "/admin/raffles", Some(&key(1)), Some(other.clone())).await.expect(201);
    assert_ne!(theirs["id"], json!(first));
    for (body, field) in [
        (json!({ "name": "x" }), ""),
        (json!({ "name": "x", "kind": "serious" }), "kind"),
        (json!({ "name": "x", "kind": "live", "id": 4 }), "id"),
        (json!({ "name": 4, "kind": "live" }), "name"),
    ] {
        let problem = house
            .call("administrator", Method::POST, "/admin/raffles", Some(&key(3)), Some(body))
            .await
            .refused(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    let blank = json!({ "name": "  ", "kind": "live" });
    house
        .call("administrator", Method::POST, "/admin/raffles", Some(&key(3)), Some(blank))
        .await
        .refused(422, "bad_name");
    house
        .call("supervisor", Method::POST, "/admin/raffles", Some(&key(3)), Some(other))
        .await
        .refused(403, "forbidden");
    house.get("", &format!("/raffles/{first}")).await.refused(404, "unknown_raffle");
    house.get("stranger", &format!("/admin/raffles/{first}")).await.refused(404, "unknown_raffle");
    assert_eq!(house.get("", "/raffles").await.expect(200)["items"], json!([]));
    let list = house.get("auditor", "/admin/raffles?limit=1").await.expect(200);
    let next = list["next_cursor"].as_str().unwrap().to_owned();
    let rest = house.get("auditor", &format!("/admin/raffles?limit=5&cursor={next}")).await.expect(200);
    let ids = [&list["items"][0]["id"], &rest["items"][0]["id"]];
    assert!(ids.contains(&&json!(first)) && ids.contains(&&json!(second)) && rest["next_cursor"].is_null());
    for query in ["limit=0", "limit=999", "cursor=nonsense", "order=asc"] {
        house.get("auditor", &format!("/admin/raffles?{query}")).await.refused(422, "validation_failed");
        house.get("", &format!("/raffles?{query}")).await.refused(422, "validation_failed");
    }
}

#[actix_web::test]
async fn the_configuration_is_judged_field_by_field_and_frozen_by_the_opening_l01_l02() {
    let house = House::build().await;
    let raffle = house.draft(1).await;
    let path = format!("/admin/raffles/{raffle}/configuration");
    let put = |body: Value| house.call("administrator", Method::PUT, &path, None, Some(body));
    let with = |field: &str, value: Value| {
        let mut config = house.config();
        config[field] = value;
        config
    };
    for (field, value, code, named) in [
        ("numbers", json!({ "first": 9, "last": 1 }), "validation_failed", "numbers"),
        ("currency", json!("dollars"), "validation_failed", "currency"),
        ("time_zone", json!("Mars/Olympus"), "validation_failed", "time_zone"),
        ("venue_id", json!(key(9)), "validation_failed", "venue_id"),
        ("hold_s", json!(5), "invalid_configuration", "hold_s"),
        ("sales_end_ms", json!(1), "invalid_configuration", "sales_end_ms"),
        ("profile_id", json!("moon"), "invalid_configuration", "profile_id"),
        ("packages", json!([]), "invalid_configuration", "packages"),
        ("hold_s", json!(-5), "validation_failed", "hold_s"),
        ("draw_mode", json!("manual"), "validation_failed", "draw_mode"),
        ("extra", json!(1), "validation_failed", "extra"),
    ] {
        let problem = put(with(field, value)).await.refused(422, code);
        assert_eq!(problem["errors"][0]["field"], named, "{problem:#}");
    }
    let view = admin(&house, &raffle).await;
    assert_eq!((&view["status"], &view["config"]), (&json!("draft"), &Value::Null));
    assert_eq!(reason_of(&view, "open").as_deref(), Some("Set the event up first."));
    let set = put(house.config()).await.expect(200);
    assert_eq!(set["config"], house.config());
    assert_eq!((&set["status"], reason_of(&set, "open")), (&json!("configured"), None));
    house.act("supervisor", &format!("/admin/raffles/{raffle}/open")).await.refused(403, "forbidden");
    let open = house.act("administrator", &format!("/admin/raffles/{raffle}/open")).await.expect(200);
    assert_eq!(
        (&open["status"], &open["draws"][0]["status"], &open["draws"][0]["grade"]),
        (&json!("selling"), &json!("planned"), &json!("0"))
    );
    assert_eq!(reason_of(&open, "configure").as_deref(), Some("Fixed since sales opened."));
    put(house.config()).await.refused(409, "frozen");
    house.act("administrator", &format!("/admin/raffles/{raffle}/open")).await.refused(409, "wrong_status");
    let log = house.get("auditor", "/admin/significant-events?code=change_refused").await.expect(200);
    assert_eq!(log["items"].as_array().unwrap().len(), 1, "L-02: the attempt is on record");
    let public = house.get("", &format!("/raffles/{raffle}")).await.expect(200);
    assert_eq!(
        (&public["main_prize_id"], &public["online_sales"], &public["packages"][2]["remaining"]),
        (&json!(20), &json!(true), &json!(3))
    );
    assert_eq!(public["prizes"][1]["guarantee_minor"], Value::Null);
    assert_eq!(house.get("", "/raffles").await.expect(200)["items"][0]["id"], json!(raffle));
}

#[actix_web::test]
async fn sales_are_paused_moved_and_closed_on_record_l04_l07() {
    let house = House::build().await;
    let raffle = house.open().await;
    let path = |action: &str| format!("/admin/raffles/{raffle}/{action}");
    house.post("supervisor", &path("suspend"), json!({ "reason": "" })).await.refused(422, "reason_missing");
    house
        .post("supervisor", &path("suspend"), json!({ "reason": "x".repeat(501) }))
        .await
        .refused(422, "reason_missing");
    house.post("seller", &path("suspend"), json!({ "reason": "fire" })).await.refused(403, "forbidden");
    house.post("stranger", &path("suspend"), json!({ "reason": "fire" })).await.refused(404, "unknown_raffle");
    let paused = house.post("supervisor", &path("suspend"), json!({ "reason": "Fire alarm" })).await.expect(200);
    assert_eq!((&paused["status"], &paused["suspended_reason"]), (&json!("suspended"), &json!("Fire alarm")));
    house.post("supervisor", &path("suspend"), json!({ "reason": "again" })).await.refused(409, "wrong_status");
    let running = house.act("supervisor", &path("resume")).await.expect(200);
    assert_eq!((&running["status"], &running["suspended_reason"]), (&json!("selling"), &Value::Null));
    let later = (house.now() + house::WINDOW + Span::seconds(60)).as_millis();
    let extended = house
        .post("supervisor", &path("extend"), json!({ "closes_at_ms": later, "reason": "overtime" }))
        .await
        .expect(200);
    assert_eq!(extended["closes_at_ms"], json!(later));
    house
        .post("supervisor", &path("extend"), json!({ "closes_at_ms": 5, "reason": "slip" }))
        .await
        .refused(422, "bad_closing_time");
    house
        .post("supervisor", &path("close"), json!({ "closes_at_ms": later + 1, "reason": "slip" }))
        .await
        .refused(422, "bad_closing_time");
    let soon = (house.now() + Span::seconds(30)).as_millis();
    let announced = house
        .post("supervisor", &path("close"), json!({ "closes_at_ms": soon, "reason": "last call" }))
        .await
        .expect(200);
    assert_eq!((&announced["status"], &announced["closes_at_ms"]), (&json!("selling"), &json!(soon)));
    let closed = house.post("supervisor", &path("close"), json!({ "reason": "now" })).await.expect(200);
    assert_eq!(closed["status"], "reconciling", "with no handheld there is nothing to wait for");
    house.post("supervisor", &path("close"), json!({ "reason": "now" })).await.refused(409, "wrong_status");
    house.act("supervisor", &path("reconcile")).await.refused(409, "wrong_status");
}

#[actix_web::test]
async fn cancelling_takes_two_people_after_the_first_sale_l07() {
    let house = House::build().await;
    let raffle = house.open().await;
    house.sell(&raffle, 1, 1, 1).await.expect(201);
    // The second person exists.
    house.get("second", "/admin/raffles").await.expect(200);
    house.get("auditor", "/admin/raffles").await.expect(200);
    let path = format!("/admin/raffles/{raffle}/cancel");
    let with = |login: &str, password: &str| json!({ "reason": "flood", "approver": { "login": login, "password": password } });
    house.post("supervisor", &path, json!({ "reason": "flood" })).await.refused(403, "approver_missing");
    house
        .post("supervisor", &path, json!({ "reason": "flood", "approver": null }))
        .await
        .refused(403, "approver_missing");
    house.post("supervisor", &path, with("second", "not it at all")).await.refused(403, "approver_invalid");
    house.post("supervisor", &path, with("supervisor", house::PASSWORD)).await.refused(403, "approver_invalid");
    house.post("supervisor", &path, with("auditor", house::PASSWORD)).await.refused(403, "approver_invalid");
    assert_eq!(admin(&house, &raffle).await["status"], "selling");
    let cancelled = house.post("supervisor", &path, with("second", house::PASSWORD)).await.expect(200);
    assert_eq!((&cancelled["status"], &cancelled["cancelled_reason"]), (&json!("cancelled"), &json!("flood")));
    assert!(cancelled["actions"].as_array().unwrap().iter().all(|action| action["allowed"] == false));
    assert_eq!(house.tickets(&raffle, "&state=voided").await.len(), 1, "every ticket is void");
    let records = house.app.node.store().records(house.stream(&raffle), 0, 1_000).await.unwrap();
    let last = records
        .iter()
        .find(|(record, _)| String::from_utf8_lossy(&record.payload).contains("raffle_cancelled"))
        .unwrap();
    assert!(last.0.approver.is_some(), "both people stand in the journal");
    // Before the first sale one person is enough.
    let empty = house.draft(2).await;
    house
        .post("supervisor", &format!("/admin/raffles/{empty}/cancel"), json!({ "reason": "no licence" }))
        .await
        .expect(200);
}

#[actix_web::test]
async fn the_reconciliation_counts_every_number_and_waits_for_every_handheld_d02() {
    let house = House::build().await;
    let raffle = house.open().await;
    house.sell(&raffle, 1, 1, 1).await.expect(201);
    house.sell(&raffle, 2, 2, 1).await.expect(201);
    house.purchase(&raffle, 3, 1, "pay").await.expect(201);
    let mut four = Handheld::join(&house, &raffle, 4, "04").await;
    let sixteen = Handheld::join(&house, &raffle, 16, "16").await;
    house.clock.advance(Span::seconds(60));
    assert_eq!(four.sell(house.now()).await, Verdict::Accepted);
    let path = |action: &str| format!("/admin/raffles/{raffle}/{action}");
    let mark = json!({ "raffle_id": raffle, "status": "misprinted", "reason": "torn" });
    house.call("seller", Method::PUT, &format!("/tickets/{}/status", key(1)), None, Some(mark)).await.expect(200);
    let void = json!({ "raffle_id": raffle, "status": "voided", "reason": "typo" });
    house
        .call("supervisor", Method::PUT, &format!("/tickets/{}/status", key(2)), None, Some(void.clone()))
        .await
        .expect(200);
    let board = admin(&house, &raffle).await;
    let devices = board["devices"].as_array().unwrap();
    assert_eq!(
        (devices.len(), &devices[0]["state"], &devices[0]["sales"], &devices[0]["range_used"]),
        (2, &json!("selling"), &json!(1), &json!(5))
    );
    assert_eq!((&devices[0]["online"], &devices[0]["printer"]), (&json!(false), &Value::Null));
    house.close(&raffle).await;
    let refused = house
        .post("supervisor", &path("acknowledge"), json!({ "statement": "ok", "sold": 1, "voided": 1, "unsold": 1 }))
        .await;
    let problem = refused.refused(409, "not_reconciled");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 3, "{problem:#}");
    let waiting = admin(&house, &raffle).await;
    assert_eq!(
        reason_of(&waiting, "acknowledge").as_deref(),
        Some("Opens when handhelds 04 and 16 are final and 1 misprinted ticket is decided.")
    );
    let report = house.get("auditor", &path("reconciliation")).await.expect(200);
    let codes: Vec<&str> =
        report["blockers"].as_array().unwrap().iter().map(|blocker| blocker["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["device_open", "device_open", "misprint_open"]);
    assert_eq!((report["voids"].as_array().unwrap().len(), report["misprints"].as_array().unwrap().len()), (1, 1));
    check_identity(&report);
    assert_eq!(
        (&report["gross_minor"], &report["voided_minor"], &report["net_minor"]),
        (&json!(2_500), &json!(1_000), &json!(1_500))
    );
    // One reports, the other is written off by two people.
    assert_eq!(four.finish().await, Verdict::Accepted);
    let lost = format!("/admin/raffles/{raffle}/devices/{}/lost", sixteen.id);
    let approver = json!({ "login": "second", "password": house::PASSWORD });
    house.get("second", "/admin/raffles").await.expect(200);
    let body = |approver: &Value| json!({ "operator": "Jo Brunet", "money_collected_minor": 500, "reason": "stolen", "approver": approver });
    let alone = json!({ "login": "supervisor", "password": house::PASSWORD });
    house.post("supervisor", &lost, body(&alone)).await.refused(403, "approver_invalid");
    house.post("stranger", &lost, body(&approver)).await.refused(404, "unknown_raffle");
    let unknown = format!("/admin/raffles/{raffle}/devices/{}/lost", key(77));
    house.post("supervisor", &unknown, body(&approver)).await.refused(404, "unknown_device");
    let mut greedy = body(&approver);
    greedy["money_collected_minor"] = json!(u64::MAX);
    house.post("supervisor", &lost, greedy).await.refused(422, "validation_failed");
    let written_off = house.post("supervisor", &lost, body(&approver)).await.expect(200);
    assert_eq!(written_off["identity"]["out_of_play"], json!(1_000));
    house.post("supervisor", &lost, body(&approver)).await.refused(409, "device_settled");
    house.call("supervisor", Method::PUT, &format!("/tickets/{}/status", key(1)), None, Some(void)).await.expect(200);
    let report = house.get("auditor", &path("reconciliation")).await.expect(200);
    check_identity(&report);
    let account = report["devices"].as_array().unwrap().iter().find(|device| device["label"] == "16").unwrap();
    assert_eq!((&account["state"], &account["lost"]["operator"]), (&json!("lost"), &json!("Jo Brunet")));
    assert_eq!(report["blockers"], json!([]));
    let wrong = json!({ "statement": "ok", "sold": 1, "voided": 1, "unsold": 1 });
    house.post("supervisor", &path("acknowledge"), wrong).await.refused(409, "counts_differ");
    let done = house.acknowledge(&raffle).await;
    assert_eq!((&done["status"], &done["acknowledgement"]["by"]), (&json!("reconciled"), &json!("The supervisor")));
    assert_eq!(reason_of(&done, "draw"), None);
    let reopened = house.post("supervisor", &path("reopen"), json!({ "reason": "one more look" })).await.expect(200);
    assert_eq!((&reopened["status"], &reopened["acknowledgement"]), (&json!("reconciling"), &Value::Null));
}

/// I4 in the report: the six parts sum to the total, pools sum to the whole, handhelds to what they got.
fn check_identity(report: &Value) {
    let parts = ["sold", "voided", "held", "reserved", "out_of_play", "unsold"];
    let sum = |identity: &Value| parts.iter().map(|part| identity[part].as_u64().unwrap()).sum::<u64>();
    let total = |identity: &Value| identity["total"].as_u64().unwrap();
    assert_eq!((sum(&report["identity"]), total(&report["identity"])), (30_000, 30_000));
    let pools = report["pools"].as_array().unwrap();
    assert_eq!(pools.iter().map(|pool| sum(&pool["identity"])).sum::<u64>(), 30_000);
    for device in report["devices"].as_array().unwrap() {
        assert_eq!(sum(&device["identity"]), 1_000);
    }
}

#[actix_web::test]
async fn a_sale_that_was_set_aside_is_decided_by_a_supervisor_r12() {
    let house = House::build().await;
    let raffle = house.open().await;
    let mut device = Handheld::join(&house, &raffle, 4, "04").await;
    house.clock.advance(Span::seconds(60));
    let early = Timestamp(house::START.0 - 1_000_000);
    assert_eq!(device.sell(early).await, Verdict::Quarantined(QuarantineReason::BeforeOpening));
    let sold_at = house.now();
    house.clock.advance(Span::seconds(60));
    let closes_at = (house.now()).as_millis();
    let body = json!({ "closes_at_ms": closes_at, "reason": "storm" });
    house.post("supervisor", &format!("/admin/raffles/{raffle}/close"), body).await.expect(200);
    // Offline, it did not hear of the early close.
    house.clock.advance(Span::seconds(60));
    assert_eq!(device.sell(house.now()).await, Verdict::Quarantined(QuarantineReason::AfterClose));
    assert!(sold_at < house.now());
    let path = format!("/admin/raffles/{raffle}/quarantine");
    let decide = |seq: u64, resolution: &str| json!({ "device_id": device.id, "device_seq": seq, "resolution": resolution, "reason": "seen" });
    house.post("seller", &path, decide(1, "refund")).await.refused(403, "forbidden");
    house.post("supervisor", &path, decide(9, "refund")).await.refused(409, "not_quarantined");
    house.post("supervisor", &path, decide(1, "keep")).await.refused(422, "validation_failed");
    house.post("supervisor", &path, decide(1, "accept")).await.refused(409, "not_acceptable");
    let report = house.get("auditor", &format!("/admin/raffles/{raffle}/reconciliation")).await.expect(200);
    let set_aside = report["quarantine"].as_array().unwrap();
    assert_eq!(
        (set_aside.len(), &set_aside[1]["reason"], &set_aside[1]["numbers_count"]),
        (2, &json!("after_close"), &json!(5))
    );
    assert_eq!(set_aside[0]["resolution"], Value::Null);
    let view = house.post("supervisor", &path, decide(1, "refund")).await.expect(200);
    assert_eq!(view["quarantined_open"], json!(1));
    let view = house.post("supervisor", &path, decide(2, "accept")).await.expect(200);
    assert_eq!((&view["quarantined_open"], &view["numbers_sold"]), (&json!(0), &json!(5)));
    let report = house.get("auditor", &format!("/admin/raffles/{raffle}/reconciliation")).await.expect(200);
    let decided: Vec<&Value> =
        report["quarantine"].as_array().unwrap().iter().map(|entry| &entry["resolution"]).collect();
    assert_eq!(decided, [&json!("refund"), &json!("accept")]);
}

#[actix_web::test]
async fn the_log_is_searched_by_time_code_and_component_a02() {
    let house = House::build().await;
    let raffle = house.open().await;
    house.clock.advance(Span::seconds(60));
    house.post("supervisor", &format!("/admin/raffles/{raffle}/suspend"), json!({ "reason": "fog" })).await.expect(200);
    let log = |query: String| {
        let house = &house;
        async move {
            house.get("auditor", &format!("/admin/significant-events?{query}")).await.expect(200)["items"]
                .as_array()
                .unwrap()
                .clone()
        }
    };
    let fog = log("code=sales_suspended".into()).await;
    assert_eq!(
        (fog.len(), &fog[0]["detail"], &fog[0]["component"]),
        (1, &json!("fog"), &json!(format!("raffle:{raffle}")))
    );
    // People read names; the journal keeps ids.
    assert!(fog[0]["actor"].as_str().unwrap().starts_with("user:"));
    assert_eq!((&fog[0]["actor_name"], &fog[0]["component_name"]), (&json!("The supervisor"), &json!("Night")));
    let since = house.now().as_millis();
    assert!(log(format!("from_ms={since}")).await.iter().all(|line| line["at_ms"].as_u64().unwrap() >= since));
    assert!(log(format!("to_ms={since}&code=sales_suspended")).await.is_empty());
    assert_eq!(log(format!("component=raffle:{raffle}&code=sales_opened&limit=1")).await.len(), 1);
    house.get("seller", "/admin/significant-events").await.refused(403, "forbidden");
    house.get("auditor", "/admin/significant-events?limit=0").await.refused(422, "validation_failed");
    let theirs = house.get("stranger", "/admin/significant-events?code=sales_suspended").await.expect(200);
    assert_eq!(theirs["items"], json!([]));
}
