//! Every operation across two organisations: other people's things do not exist.

use crate::gate::{OURS, Operation, Server, THEIRS, Things};
use actix_web::http::Method;
use drumroll_engine::organisation::Role;
use serde_json::Value;

async fn seen(server: &Server, things: &Things) -> Value {
    let path = format!("/admin/raffles/{}", things.raffle);
    let mut view = server.as_role(Role::Auditor, Method::GET, &path, None).await.expect(200);
    view["server_time_ms"] = Value::Null;
    view["durable_lag_ms"] = Value::Null;
    view
}

#[actix_web::test]
async fn nobody_reaches_into_another_organisation() {
    let server = Server::start().await;
    let things = Things::make(&server).await;
    let before = seen(&server, &things).await;
    let devices = server.as_role(Role::Auditor, Method::GET, "/devices", None).await.expect(200);
    let ours =
        [&things.raffle, &things.draw, &things.order, &things.validation, &things.device, &things.user, &things.venue];
    let mut reached = 0;
    for (operation, roles) in Operation::staffed() {
        let path = things.path(&operation);
        let body = things.body(&server, &operation);
        let sent = format!("{path} {}", body.as_ref().map(Value::to_string).unwrap_or_default());
        let names_ours = ours.iter().any(|thing| sent.contains(thing.as_str()));
        // The platform's keeper may see everything; nobody else of theirs may.
        for role in roles.iter().filter(|role| **role != Role::Platform) {
            let token = server.token(*role, THEIRS).await;
            let reply = server.call(&token, operation.method.clone(), &path, body.clone()).await;
            let name = format!("{} {path} by their {}: {}", operation.method, role.as_str(), reply.text());
            if names_ours {
                assert_eq!(reply.status, 404, "{name}");
                reached += 1;
            } else {
                assert!(reply.status < 500, "{name}");
            }
            let told = reply.text();
            assert!(!ours.iter().any(|thing| told.contains(thing.as_str())), "{name}");
        }
    }
    assert!(reached > 40, "{reached}");
    assert_eq!(seen(&server, &things).await, before, "nothing changed");
    assert_eq!(server.as_role(Role::Auditor, Method::GET, "/devices", None).await.expect(200), devices);
}

#[actix_web::test]
async fn the_platforms_keeper_sees_all_and_sells_nothing() {
    let server = Server::start().await;
    let things = Things::make(&server).await;
    let keeper = server.token(Role::Platform, THEIRS).await;
    server.call(&keeper, Method::GET, &format!("/admin/raffles/{}", things.raffle), None).await.expect(200);
    let path = format!("/admin/raffles/{}/suspend", things.raffle);
    server
        .call(&keeper, Method::POST, &path, Some(serde_json::json!({ "reason": "no" })))
        .await
        .refused(403, "forbidden");
}

#[actix_web::test]
async fn an_account_made_under_somebody_elses_id_is_another_account() {
    let server = Server::start().await;
    let things = Things::make(&server).await;
    let token = server.token(Role::Administrator, THEIRS).await;
    let request = actix_web::test::TestRequest::post()
        .uri("/api/v1/admin/users")
        .insert_header(("authorization", format!("Bearer {token}")))
        .insert_header(("idempotency-key", things.user.clone()))
        .set_json(serde_json::json!({ "login": "taker", "name": "Taker", "role": "administrator" }));
    let made = server.raw(request).await.expect(201);
    assert_ne!(made["user"]["id"], things.user.as_str());
    let user = things.user.parse().unwrap();
    assert_eq!(server.app.node.store().account(user).await.unwrap().unwrap().organisation, OURS);
}
