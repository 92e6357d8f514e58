//! Registering, enrolling and enabling handhelds.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod house;

use actix_web::http::Method;
use drumroll_engine::device::SecretKey;
use drumroll_engine::hex;
use drumroll_engine::time::Span;
use house::{House, Reply, key};
use serde_json::{Value, json};

async fn register(house: &House, number: u8, label: &str) -> Reply {
    let body = json!({ "label": label });
    house.call("administrator", Method::POST, "/devices", Some(&key(number)), Some(body)).await
}

/// As docs/protocol.md says, byte by byte.
fn application(code: &str, secret: &SecretKey) -> Value {
    let public_key = secret.public();
    let parts = [&public_key[..], code.as_bytes()].concat();
    let proof = secret.sign("drumroll/device-enrol/1", &parts);
    json!({ "code": code, "public_key": hex::encode(&public_key), "proof": hex::encode(&proof) })
}

async fn enrol(house: &House, body: Value) -> Reply {
    house.post("", "/devices/enrol", body).await
}

#[actix_web::test]
async fn a_handheld_enrols_with_a_code_that_is_good_once_r01_r02() {
    let house = House::build().await;
    let made = register(&house, 1, "Handheld 07").await.expect(201);
    assert_eq!((&made["device"]["enrolled"], &made["device"]["enabled"]), (&json!(false), &json!(false)), "R-01");
    let code = made["enrolment_code"].as_str().unwrap().to_owned();
    assert_eq!(code.len(), 14);
    let (own, other) = (SecretKey::from_bytes(&[1; 32]), SecretKey::from_bytes(&[2; 32]));
    // A stranger without the secret, or with a wrong code, does not use it up.
    let mut forged = application(&code, &own);
    forged["public_key"] = json!(hex::encode(&other.public()));
    enrol(&house, forged).await.refused(403, "enrolment_code_invalid");
    enrol(&house, application("0000-0000-0000", &own)).await.refused(403, "enrolment_code_invalid");
    let mut unknown = application(&code, &own);
    unknown["model"] = json!("x");
    enrol(&house, unknown).await.refused(422, "validation_failed");
    enrol(&house, application(&"9".repeat(500), &own)).await.refused(422, "validation_failed");
    let answer = enrol(&house, application(&code, &own)).await.expect(200);
    let identity = hex::encode(&house.app.identity.public());
    let expected = json!({
        "device_id": made["device"]["id"], "organisation_name": "Harbour City Hockey", "label": "Handheld 07", "server_public_key": identity,
    });
    assert_eq!(answer, expected, "exactly what the device reads, and nothing more");
    // The answer may be lost on the way: the same handheld asks again, nobody else.
    assert_eq!(enrol(&house, application(&code, &own)).await.expect(200), answer);
    assert_eq!(enrol(&house, application(&code, &own)).await.expect(200), answer);
    enrol(&house, application(&code, &other)).await.refused(403, "enrolment_code_invalid");
    assert_eq!(enrol(&house, application(&code, &own)).await.expect(200), answer, "a stranger's try costs nothing");
    let id = made["device"]["id"].as_str().unwrap();
    house.act("supervisor", &format!("/devices/{id}/enrolment-code")).await.refused(409, "already_enrolled");
    register(&house, 1, "Handheld 07").await.refused(409, "already_enrolled");
    let list = house.get("auditor", "/devices").await.expect(200);
    assert_eq!(
        (&list["items"][0]["enrolled"], &list["items"][0]["public_key"]),
        (&json!(true), &json!(hex::encode(&own.public())))
    );
    // An enrolment that was taken back does not come back by a repeat.
    house.post("supervisor", &format!("/devices/{id}/unenrol"), json!({ "reason": "sold" })).await.expect(200);
    enrol(&house, application(&code, &own)).await.refused(403, "enrolment_code_invalid");
}

#[actix_web::test]
async fn a_code_ends_after_fifteen_minutes_or_with_the_next_one() {
    let house = House::build().await;
    let made = register(&house, 1, "04").await.expect(201);
    let id = made["device"]["id"].as_str().unwrap().to_owned();
    let secret = SecretKey::from_bytes(&[1; 32]);
    let first = made["enrolment_code"].as_str().unwrap().to_owned();
    let second = register(&house, 1, "04").await.expect(201);
    assert_eq!(second["device"]["id"], made["device"]["id"], "a repeat registers nothing twice");
    enrol(&house, application(&first, &secret)).await.refused(403, "enrolment_code_invalid");
    let code =
        house.act("supervisor", &format!("/devices/{id}/enrolment-code")).await.expect(200)["enrolment_code"].clone();
    house.clock.advance(Span::seconds(15 * 60 + 1));
    enrol(&house, application(code.as_str().unwrap(), &secret)).await.refused(403, "enrolment_code_invalid");
    let code =
        house.act("supervisor", &format!("/devices/{id}/enrolment-code")).await.expect(200)["enrolment_code"].clone();
    // However it is typed: the signature covers what was typed, the hash what was meant.
    let typed = code.as_str().unwrap().to_lowercase().replace('-', " ");
    enrol(&house, application(&typed, &secret)).await.expect(200);
    // Two handhelds with one key are none.
    let other = register(&house, 2, "05").await.expect(201)["enrolment_code"].as_str().unwrap().to_owned();
    enrol(&house, application(&other, &secret)).await.refused(409, "key_taken");
}

#[actix_web::test]
async fn both_flags_are_set_by_people_on_record_and_within_the_organisation() {
    let house = House::build().await;
    let id = register(&house, 1, "04").await.expect(201)["device"]["id"].as_str().unwrap().to_owned();
    register(&house, 1, "05").await.refused(409, "idempotency_terms_differ");
    register(&house, 2, "04").await.refused(409, "label_taken");
    register(&house, 2, "").await.refused(422, "bad_name");
    house.post("administrator", "/devices", json!({ "label": "06" })).await.refused(400, "idempotency_key_missing");
    let path = |action: &str| format!("/devices/{id}/{action}");
    assert_eq!(house.act("supervisor", &path("enable")).await.expect(200)["enabled"], true);
    assert_eq!(house.act("supervisor", &path("enable")).await.expect(200)["enabled"], true);
    house.post("supervisor", &path("disable"), json!({ "reason": "" })).await.refused(422, "reason_missing");
    assert_eq!(
        house.post("supervisor", &path("disable"), json!({ "reason": "dropped" })).await.expect(200)["enabled"],
        false
    );
    house.act("seller", &path("enable")).await.refused(403, "forbidden");
    for action in ["enable", "enrolment-code"] {
        house.act("stranger", &path(action)).await.refused(404, "unknown_device");
    }
    for action in ["disable", "unenrol"] {
        house.post("stranger", &path(action), json!({ "reason": "x" })).await.refused(404, "unknown_device");
    }
    assert_eq!(house.get("stranger", "/devices").await.expect(200)["items"], json!([]));
    // The same key in another organisation is another handheld.
    let theirs = house
        .call("stranger", Method::POST, "/devices", Some(&key(1)), Some(json!({ "label": "04" })))
        .await
        .expect(201);
    assert_ne!(theirs["device"]["id"], json!(id));
    let log = house.get("auditor", &format!("/admin/significant-events?component=rsu:{id}")).await.expect(200);
    let codes: Vec<&str> = log["items"].as_array().unwrap().iter().map(|line| line["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["rsu_disabled", "rsu_enabled", "rsu_registered"]);
}
