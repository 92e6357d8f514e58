//! Bad input everywhere: clear errors, nothing changed.

use crate::gate::{OURS, Operation, Reply, Server, Things};
use actix_web::http::Method;
use actix_web::test::TestRequest;
use drumroll_engine::organisation::Role;
use serde_json::{Value, json};

/// A body as it goes over the wire.
async fn send(server: &Server, operation: &Operation, path: &str, token: &str, kind: &str, body: Vec<u8>) -> Reply {
    let mut request = TestRequest::with_uri(&format!("/api/v1{path}"))
        .method(operation.method.clone())
        .insert_header(("idempotency-key", server.key()));
    if !token.is_empty() {
        request = request.insert_header(("authorization", format!("Bearer {token}")));
    }
    if !kind.is_empty() {
        request = request.insert_header(("content-type", kind));
    }
    server.raw(request.set_payload(body)).await
}

async fn token_for(server: &Server, operation: &Operation) -> String {
    let staffed = Operation::staffed();
    match staffed.iter().find(|(known, _)| known.id == operation.id) {
        Some((_, roles)) => server.token(roles[0], OURS).await,
        None => String::new(),
    }
}

#[actix_web::test]
async fn every_body_that_is_none_is_refused_by_name() {
    let server = Server::start().await;
    let things = Things::make(&server).await;
    // The provider signs what it sends: without a signature nothing of it is read.
    let with_body =
        Operation::all().into_iter().filter(|operation| operation.has_body && !operation.id.ends_with("_webhook"));
    let mut tried = 0;
    for operation in with_body {
        let (path, token) = (things.path(&operation), token_for(&server, &operation).await);
        let big = format!("{{\"x\":\"{}\"}}", "x".repeat(300 * 1024)).into_bytes();
        let json = "application/json";
        let table: [(&str, Vec<u8>, u16, &str); 9] = [
            (json, b"".to_vec(), 400, "malformed_json"),
            (json, b"{".to_vec(), 400, "malformed_json"),
            (json, b"{\"a\":\xff}".to_vec(), 400, "malformed_json"),
            (json, [b"[".repeat(20_000)].concat(), 422, "validation_failed"),
            (json, b"[]".to_vec(), 422, "validation_failed"),
            (json, b"{\"surprise\":1}".to_vec(), 422, "validation_failed"),
            ("text/plain", b"{}".to_vec(), 415, "unsupported_media_type"),
            ("", b"{}".to_vec(), 415, "unsupported_media_type"),
            (json, big, 413, "body_too_large"),
        ];
        for (kind, body, status, code) in table {
            let shown = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
            let reply = send(&server, &operation, &path, &token, kind, body).await;
            let got = (reply.status, reply.code());
            assert_eq!(got, (status, code.to_owned()), "{} {shown:?} as {kind:?}: {}", operation.id, reply.text());
            reply.refused(status, code);
            tried += 1;
        }
        // Each member in turn is of another type.
        let Some(Value::Object(right)) = things.body(&server, &operation) else { continue };
        for name in right.keys() {
            for wrong in [json!({ "a": [1] }), json!(-1), json!(1e300), json!(["x"]), json!(true), json!("")] {
                let mut body = right.clone();
                body.insert(name.clone(), wrong.clone());
                let body = serde_json::to_vec(&body).unwrap();
                let reply = send(&server, &operation, &path, &token, json, body).await;
                let named = format!("{} with {name} = {wrong}: {}", operation.id, reply.text());
                let may_mean_something = wrong == json!("");
                assert!(reply.status < 500 && (may_mean_something || (400..500).contains(&reply.status)), "{named}");
                if reply.status >= 400 {
                    assert_eq!(reply.header("content-type"), "application/problem+json", "{named}");
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

#[actix_web::test]
async fn quantities_are_small_positive_integers() {
    let server = Server::start().await;
    let things = Things::make(&server).await;
    let before =
        server.as_role(Role::Auditor, Method::GET, &format!("/admin/raffles/{}", things.raffle), None).await.json();
    for quantity in ["0", "-1", "1.5", "\"1\"", "4294967296", "18446744073709551616", "1e9", "99999", "null", "true"] {
        let lines = format!("[{{\"package_id\":1,\"quantity\":{quantity}}}]");
        let purchase = format!("{{\"lines\":{lines},\"payment\":{{\"outcome\":\"pay\"}}}}");
        let sale = format!("{{\"raffle_id\":\"{}\",\"lines\":{lines}}}", things.raffle);
        let integration = format!("{{\"package_id\":1,\"quantity\":{quantity}}}");
        for (id, body) in
            [("purchase", purchase), ("generate_ticket", sale), ("generate_integration_ticket", integration)]
        {
            let operation = Operation::all().into_iter().find(|operation| operation.id == id).unwrap();
            let token = token_for(&server, &operation).await;
            let path = things.path(&operation);
            let reply = send(&server, &operation, &path, &token, "application/json", body.into_bytes()).await;
            assert!([409, 422].contains(&reply.status), "{id} of {quantity}: {}", reply.text());
        }
    }
    let after =
        server.as_role(Role::Auditor, Method::GET, &format!("/admin/raffles/{}", things.raffle), None).await.json();
    assert_eq!((&before["gross_minor"], &before["identity"]), (&after["gross_minor"], &after["identity"]));
}

#[actix_web::test]
async fn addresses_that_name_nothing_are_not_there() {
    let server = Server::start().await;
    let auditor = server.token(Role::Auditor, OURS).await;
    let nothing = "00000000-0000-4000-8000-00000000dead";
    for id in [nothing, "x", "1", "%00", "..%2f..%2fetc", &"9".repeat(3_000), "00000000-0000-0000-0000-000000000000"] {
        for path in [
            format!("/raffles/{id}"),
            format!("/admin/raffles/{id}"),
            format!("/raffles/{id}/transcript"),
            format!("/raffles/{id}/orders/{nothing}"),
            format!("/draw/{id}/status"),
            format!("/tickets/{id}/validate"),
            format!("/tickets/raffle/{id}"),
        ] {
            let reply = server.call(&auditor, Method::GET, &path, None).await;
            assert_eq!(reply.status, 404, "{path}: {}", reply.text());
            assert_eq!(reply.header("content-type"), "application/problem+json", "{path}");
        }
    }
    for query in ["limit=-1", "limit=x", "surprise=1", "cursor=nonsense", "limit=99999999999999999999"] {
        let reply = server.call("", Method::GET, &format!("/raffles?{query}"), None).await;
        assert_eq!((reply.status, reply.code()), (422, "validation_failed".to_owned()), "{query}: {}", reply.text());
    }
}

#[actix_web::test]
async fn keys_and_tokens_that_are_none_are_refused() {
    let server = Server::start().await;
    let things = Things::make(&server).await;
    let buy = json!({ "lines": [{ "package_id": 1, "quantity": 1 }], "payment": { "outcome": "pay" } });
    let uri = format!("/api/v1/raffles/{}/purchase", things.raffle);
    for key in [None, Some(""), Some("1"), Some("00000000-0000-0000-0000-000000000000"), Some("not-a-uuid-at-all")] {
        let mut request = TestRequest::post().uri(&uri).set_json(&buy);
        if let Some(key) = key {
            request = request.insert_header(("idempotency-key", key));
        }
        server.raw(request).await.refused(400, "idempotency_key_missing");
    }
    let token = server.token(Role::Auditor, OURS).await;
    let mut broken = token.clone();
    broken.pop();
    let other = Server::start_with(|settings| settings.master_key = Some("08".repeat(32))).await;
    let foreign = other.token(Role::Auditor, OURS).await;
    for wrong in [broken.as_str(), &foreign, "x", "a.b.c", &"x".repeat(5_000)] {
        server.call(wrong, Method::GET, "/admin/raffles", None).await.refused(401, "token_invalid");
    }
    for header in ["", "Basic eDp5", "Bearer", "Bearer ", &token] {
        let request = TestRequest::get().uri("/api/v1/admin/raffles").insert_header(("authorization", header));
        server.raw(request).await.refused(401, "unauthenticated");
    }
}
