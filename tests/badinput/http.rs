//! Over HTTP.

use super::Stage;
use drumroll_tests::api::{Client, new_key};
use drumroll_tests::auditor::bytes;
use reqwest::Method;
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

/// Malformed JSON, wrong types, unknown fields, negative and huge quantities, foreign ids: each refused by name, and the
/// journal does not move.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_and_ids_that_make_no_sense_are_refused_and_change_nothing() {
    let stage = Stage::set("bodies").await;
    let (raffle, seller, manager, admin) =
        (&stage.raffle, &stage.crew.seller.client, &stage.crew.manager.client, &stage.crew.admin.client);
    let before = stage.seq().await;
    let generate = |lines: Value| json!({"raffle_id": raffle, "lines": lines}).to_string();
    let line = |package: Value, quantity: Value| json!([{"package_id": package, "quantity": quantity}]);

    // At the counter.
    let counter: Vec<(String, u16, &[&str])> = vec![
        ("{".to_owned(), 400, &["malformed_json"]),
        ("not json".to_owned(), 400, &["malformed_json"]),
        (String::new(), 400, &["malformed_json"]),
        ("[]".to_owned(), 422, &["validation_failed"]),
        ("null".to_owned(), 422, &["validation_failed"]),
        ("{}".to_owned(), 422, &["validation_failed"]),
        ("\u{feff}{}".to_owned(), 400, &["malformed_json"]),
        (format!("{}}}", generate(line(json!(1), json!(1)))), 400, &["malformed_json"]),
        ("[".repeat(10_000), 422, &["validation_failed"]),
        // An array is no object, though its entries are in the order of the members.
        (json!([raffle, [{"package_id": 1, "quantity": 1}]]).to_string(), 422, &["validation_failed"]),
        (generate(line(json!(1), json!(0))), 422, &["validation_failed", "bad_lines"]),
        (generate(line(json!(1), json!(-1))), 422, &["validation_failed"]),
        (generate(line(json!(1), json!(1.5))), 422, &["validation_failed"]),
        (generate(line(json!(1), json!("1"))), 422, &["validation_failed"]),
        (generate(line(json!(1), json!(true))), 422, &["validation_failed"]),
        (generate(line(json!(1), json!(u32::MAX))), 422, &["validation_failed", "bad_lines"]),
        (generate(line(json!(1), json!(u64::MAX))), 422, &["validation_failed"]),
        (generate(line(json!(1), json!(1e300))), 422, &["validation_failed"]),
        (generate(line(json!(1), json!(101))), 422, &["validation_failed", "bad_lines"]),
        (generate(line(json!(-1), json!(1))), 422, &["validation_failed"]),
        (generate(line(json!(99), json!(1))), 422, &["unknown_package"]),
        (generate(json!([])), 422, &["validation_failed", "bad_lines"]),
        (generate(json!({})), 422, &["validation_failed"]),
        (
            generate(json!([{"package_id": 1, "quantity": 1}, {"package_id": 1, "quantity": 1}])),
            422,
            &["validation_failed", "bad_lines"],
        ),
        (generate(json!([{"package_id": 1, "quantity": 1, "price_minor": 1}])), 422, &["validation_failed"]),
        (
            json!({"raffle_id": raffle, "lines": [{"package_id": 1, "quantity": 1}], "discount": 50}).to_string(),
            422,
            &["validation_failed"],
        ),
        (
            json!({"raffle_id": "../../etc/passwd", "lines": [{"package_id": 1, "quantity": 1}]}).to_string(),
            422,
            &["validation_failed"],
        ),
        (
            json!({"raffle_id": new_key(), "lines": [{"package_id": 1, "quantity": 1}]}).to_string(),
            404,
            &["unknown_raffle"],
        ),
        (
            json!({"raffle_id": bytes::uuid(&[0; 16]), "lines": [{"package_id": 1, "quantity": 1}]}).to_string(),
            404,
            &["unknown_raffle"],
        ),
    ];
    let mut refusals = 0;
    for (body, status, codes) in &counter {
        let key = new_key();
        let reply = seller
            .raw(Method::POST, "/tickets/generate", &[JSON, ("idempotency-key", &key)], Some(body.clone().into_bytes()))
            .await
            .unwrap();
        let shown: String = body.chars().take(120).collect();
        assert!(codes.contains(&reply.code()) && reply.status == *status, "{shown} -> {} {}", reply.status, reply.text);
        let code = reply.code().to_owned();
        reply.refused(*status, &code);
        assert!(
            !reply.text.contains("drumroll_") && !reply.text.contains("src/"),
            "an error shows its insides: {}",
            reply.text
        );
        refusals += 1;
    }
    let body = generate(line(json!(1), json!(1)));
    let bytes_of = |text: &str| Some(text.to_owned().into_bytes());
    let post = |headers: Vec<(&'static str, String)>, body: Option<Vec<u8>>| {
        let seller = seller.clone();
        async move {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            seller.raw(Method::POST, "/tickets/generate", &headers, body).await.unwrap()
        }
    };
    let json_header = || ("content-type", "application/json".to_owned());
    // Keys.
    assert_eq!(post(vec![json_header()], bytes_of(&body)).await.code(), "idempotency_key_missing");
    for key in ["", "1", "not-a-uuid", "00000000-0000-0000-0000-000000000000", "{018f3a5e-7c2b-7d00-a1b2-c3d4e5f60718"]
    {
        let reply = post(vec![json_header(), ("idempotency-key", key.to_owned())], bytes_of(&body)).await;
        assert!((400..=422).contains(&reply.status), "key {key:?}: {}", reply.text);
    }
    // Types of content, and sizes.
    let reply =
        post(vec![("content-type", "text/plain".to_owned()), ("idempotency-key", new_key())], bytes_of(&body)).await;
    assert!(matches!(reply.code(), "unsupported_media_type"), "{}", reply.text);
    let huge = format!("{{\"raffle_id\":\"{}\"}}", "x".repeat(2 << 20));
    let reply = post(vec![json_header(), ("idempotency-key", new_key())], bytes_of(&huge)).await;
    reply.refused(413, "body_too_large");
    let invalid_utf8 = [b"{\"raffle_id\":\"".as_slice(), &[0xff, 0xfe], b"\"}"].concat();
    let reply = post(vec![json_header(), ("idempotency-key", new_key())], Some(invalid_utf8)).await;
    assert!(matches!(reply.status, 400 | 422), "{}", reply.text);

    // Other addresses, with ids that are nobody's or nothing.
    let nobody = new_key();
    let calls: Vec<(&Client, Method, String, Value, &[u16])> = vec![
        (manager, Method::GET, format!("/admin/raffles/{nobody}"), Value::Null, &[404]),
        (manager, Method::GET, "/admin/raffles/%00".to_owned(), Value::Null, &[400, 404]),
        (manager, Method::GET, "/admin/raffles/x".to_owned(), Value::Null, &[400, 404]),
        (manager, Method::GET, "/admin/raffles?limit=-1".to_owned(), Value::Null, &[400, 422]),
        (manager, Method::GET, "/admin/raffles?limit=99999999".to_owned(), Value::Null, &[200, 400, 422]),
        (manager, Method::GET, "/admin/raffles?cursor=%27%3B--".to_owned(), Value::Null, &[400, 422]),
        (manager, Method::GET, "/admin/raffles?nothing=1".to_owned(), Value::Null, &[400, 422]),
        (manager, Method::GET, format!("/tickets/raffle/{nobody}"), Value::Null, &[404]),
        (manager, Method::GET, format!("/tickets/raffle/{raffle}?state=gold"), Value::Null, &[400, 422]),
        (manager, Method::GET, format!("/reports/sales?raffle_id={nobody}"), Value::Null, &[404]),
        (manager, Method::GET, "/reports/sales?raffle_id=x".to_owned(), Value::Null, &[400, 422]),
        (manager, Method::GET, format!("/draw/{nobody}/status"), Value::Null, &[404]),
        (manager, Method::POST, "/draw/execute".to_owned(), json!({"draw_id": nobody}), &[404]),
        (
            manager,
            Method::POST,
            "/draw/initiate".to_owned(),
            json!({"raffle_id": raffle, "draw_no": 7}),
            &[404, 409, 422],
        ),
        (manager, Method::POST, format!("/admin/raffles/{nobody}/suspend"), json!({"reason": "x"}), &[404]),
        (
            manager,
            Method::POST,
            format!("/admin/raffles/{raffle}/suspend"),
            json!({"reason": "x".repeat(5_000)}),
            &[422],
        ),
        (
            manager,
            Method::POST,
            format!("/admin/raffles/{raffle}/close"),
            json!({"closes_at_ms": u64::MAX, "reason": "later"}),
            &[409, 422],
        ),
        (
            manager,
            Method::POST,
            format!("/admin/raffles/{raffle}/extend"),
            json!({"closes_at_ms": 0, "reason": "earlier"}),
            &[409, 422],
        ),
        (
            manager,
            Method::POST,
            format!("/admin/raffles/{raffle}/extend"),
            json!({"closes_at_ms": 1_000_000_000_000_000_000u64, "reason": "for ever"}),
            &[409, 422],
        ),
        (
            manager,
            Method::POST,
            format!("/admin/raffles/{raffle}/devices/{nobody}/lost"),
            json!({"operator": "x", "money_collected_minor": 0, "reason": "lost it", "approver": stage.crew.second.approver()}),
            &[404],
        ),
        (
            manager,
            Method::POST,
            format!("/admin/raffles/{raffle}/quarantine"),
            json!({"device_id": nobody, "device_seq": 1, "resolution": "accept", "reason": "why not"}),
            &[404, 409],
        ),
        (
            manager,
            Method::PUT,
            format!("/tickets/{nobody}/status"),
            json!({"raffle_id": raffle, "status": "voided", "reason": "not mine"}),
            &[404],
        ),
        (
            manager,
            Method::PUT,
            "/tickets/0000-0000-0000-0000/status".to_owned(),
            json!({"raffle_id": raffle, "status": "voided", "reason": "guessed"}),
            &[404, 422],
        ),
        (
            manager,
            Method::PUT,
            format!("/tickets/{}/status", stage.ticket["order_key"].as_str().unwrap()),
            json!({"raffle_id": nobody, "status": "voided", "reason": "elsewhere"}),
            &[404],
        ),
        (
            admin,
            Method::PUT,
            format!("/admin/raffles/{nobody}/configuration"),
            stage.crew.configuration("x", 1),
            &[404],
        ),
        (admin, Method::POST, format!("/devices/{nobody}/enable"), Value::Null, &[404]),
        (
            admin,
            Method::POST,
            "/admin/users".to_owned(),
            json!({"login": "x\u{0}", "name": "", "role": "king"}),
            &[422],
        ),
        (
            admin,
            Method::POST,
            "/admin/venues".to_owned(),
            json!({"name": "Nowhere", "time_zone": "Mars/Olympus"}),
            &[422],
        ),
        (admin, Method::POST, "/admin/raffles".to_owned(), json!({"name": "x".repeat(10_000), "kind": "live"}), &[422]),
        (admin, Method::DELETE, format!("/admin/raffles/{raffle}"), Value::Null, &[404, 405]),
        (admin, Method::PATCH, format!("/admin/raffles/{raffle}"), json!({"status": "finalized"}), &[404, 405]),
    ];
    for (client, method, path, body, statuses) in calls {
        let key = new_key();
        let body = (!body.is_null()).then_some(&body);
        let reply = client.try_call(method.clone(), &path, Some(&key), body).await.unwrap();
        assert!(statuses.contains(&reply.status), "{method} {path}: {} {}", reply.status, reply.text);
        if reply.status >= 400 {
            let code = reply.code().to_owned();
            reply.refused(reply.status, &code);
        }
        refusals += 1;
    }
    // The public's own door.
    let public = Client::new(&stage.site.base);
    for body in [
        json!({"lines": [{"package_id": 1, "quantity": -5}], "payment": {"outcome": "pay"}}),
        json!({"lines": [{"package_id": 1, "quantity": 1}], "payment": {"outcome": "free"}}),
        json!({"lines": [{"package_id": 1, "quantity": 1}], "payment": {"outcome": "pay"}, "email": "buyer@example.org"}),
        json!({"lines": [{"package_id": 1, "quantity": 1_000_000}], "payment": {"outcome": "pay"}}),
    ] {
        let reply = public.post_once(&format!("/raffles/{raffle}/purchase"), &new_key(), &body).await;
        assert_eq!(reply.status, 422, "{}", reply.text);
    }
    public
        .post_once(
            &format!("/raffles/{nobody}/purchase"),
            &new_key(),
            &json!({"lines": [{"package_id": 1, "quantity": 1}], "payment": {"outcome": "pay"}}),
        )
        .await
        .refused(404, "unknown_raffle");
    assert_eq!(stage.seq().await, before, "a refusal is no event");
    println!("{refusals} bad requests were refused by name; the journal did not move");
    stage.end("bodies", &["buyer@example.org".to_owned()]).await;
}

/// Forged, altered, foreign and spent tokens; wrong passwords; a refresh token that comes twice (C-01).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c01_tokens_that_are_not_ours_open_nothing() {
    let stage = Stage::set("tokens").await;
    let base = &stage.site.base;
    let stranger = Client::new(base);
    let path = "/admin/raffles";
    stranger.get(path).await.refused(401, "unauthenticated");
    let good = stage.crew.admin.client.token().unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    assert_eq!(parts.len(), 3);
    let flip = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] = if bytes[middle] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let seller = stage.crew.seller.client.token().unwrap();
    let (seller_head, seller_signature) = (seller.split('.').next().unwrap(), seller.split('.').nth(2).unwrap());
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let forged = [
        String::new(),
        "x".to_owned(),
        "a.b.c".to_owned(),
        "x".repeat(20_000),
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", flip(parts[0]), parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], flip(parts[1]), parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], flip(parts[2])),
        format!("{seller_head}.{}.{seller_signature}", parts[1]),
        format!("{good}."),
        format!("{good} {good}"),
    ];
    for token in &forged {
        let reply = stranger.with_token(token).get(path).await;
        assert!(matches!(reply.status, 400 | 401 | 431), "{token:.60}: {} {}", reply.status, reply.text);
        if reply.status == 401 {
            assert!(matches!(reply.code(), "unauthenticated" | "token_invalid" | "token_expired"), "{}", reply.text);
        }
    }
    for scheme in ["Basic YWRtaW46YWRtaW4=", "Bearer", "bearer  ", "Token x"] {
        let reply = stranger.raw(Method::GET, path, &[("authorization", scheme)], None).await.unwrap();
        assert_eq!(reply.status, 401, "{scheme}: {}", reply.text);
    }
    // A role is no other role.
    for client in [&stage.crew.seller.client, &stage.crew.auditor.client, &stage.crew.integration.client] {
        client.post_once(path, &new_key(), &json!({"name": "mine", "kind": "live"})).await.refused(403, "forbidden");
    }
    stage
        .crew
        .auditor
        .client
        .post(&format!("/admin/raffles/{}/suspend", stage.raffle), &json!({"reason": "I can"}))
        .await
        .refused(403, "forbidden");

    // A refresh token rotates; when an old one comes back the whole family is revoked.
    let credentials = json!({"login": "second", "password": stage.crew.second.password});
    let session = stranger.post("/auth/login", &credentials).await.expect(200);
    let first = session["refresh_token"].clone();
    let next = stranger.post("/auth/refresh", &json!({"refresh_token": first})).await.expect(200);
    let second = next["refresh_token"].clone();
    assert_ne!(first, second);
    stranger.post("/auth/refresh", &json!({"refresh_token": first})).await.refused(401, "refresh_reused");
    let revoked = stranger.post("/auth/refresh", &json!({"refresh_token": second})).await;
    assert_eq!(revoked.status, 401, "{}", revoked.text);
    for token in [json!(""), json!("0".repeat(64)), json!("x".repeat(100_000))] {
        let reply = stranger.post("/auth/refresh", &json!({"refresh_token": token})).await;
        assert!(matches!(reply.status, 401 | 422), "{}", reply.text);
    }

    // Guessing locks the account; whether it exists does not show.
    let wrong = json!({"login": "seller", "password": "a wrong password indeed"});
    let unknown =
        stranger.post("/auth/login", &json!({"login": "nobody at all", "password": "a wrong password indeed"})).await;
    unknown.refused(401, "bad_credentials");
    let mut locked = None;
    for attempt in 1..=12 {
        let reply = stranger.post("/auth/login", &wrong).await;
        if reply.status == 423 {
            reply.refused(423, "account_locked");
            locked = Some(attempt);
            break;
        }
        reply.refused(401, "bad_credentials");
        assert_eq!(reply.body["detail"], unknown.body["detail"]);
    }
    assert!(locked.is_some(), "an account is locked after repeated failures");
    let right = json!({"login": "seller", "password": stage.crew.seller.password});
    stranger.post("/auth/login", &right).await.refused(423, "account_locked");
    for body in [
        json!({"login": 1, "password": 2}),
        json!({"login": "admin"}),
        json!({"login": "' OR 1=1 --", "password": "x"}),
        json!({"login": "a".repeat(100_000), "password": "x"}),
    ] {
        let reply = stranger.post("/auth/login", &body).await;
        assert!(matches!(reply.status, 401 | 422), "{}", reply.text);
    }
    let secrets = vec![
        "a wrong password indeed".to_owned(),
        first.as_str().unwrap().to_owned(),
        second.as_str().unwrap().to_owned(),
        session["access_token"].as_str().unwrap().to_owned(),
    ];
    println!("{} forged tokens opened nothing; the account was locked at attempt {}", forged.len(), locked.unwrap());
    stage.end("tokens", &secrets).await;
}
