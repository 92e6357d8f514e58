//! The whole denial matrix: every operation that asks for a permission, by every role (C-01).

use crate::gate::{OURS, Operation, PASSWORD, Server, Things};
use actix_web::http::Method;
use drumroll_engine::organisation::Role;
use drumroll_http::auth::Secret;

#[actix_web::test]
async fn c01_every_operation_by_every_role() {
    let server = Server::start().await;
    let things = Things::make(&server).await;
    let mut denied = 0;
    for (operation, roles) in Operation::staffed() {
        for role in Role::ALL {
            // Nothing that is right comes along: who may not is refused before anything else is looked at.
            let (token, path) = (server.token(role, OURS).await, things.path(&operation));
            let allowed = roles.contains(&role);
            let body = if allowed { None } else { Some(serde_json::json!("nothing that fits")) };
            // An operation without a body may do its work: it is asked about nothing that exists.
            let path = if allowed {
                path.replace(&things.raffle, &things.order).replace(&things.device, &things.order)
            } else {
                path
            };
            let path = if allowed { path.replace(&things.user, &things.order) } else { path };
            let reply = server.call(&token, operation.method.clone(), &path, body).await;
            let name = format!("{} {} by {}: {}", operation.method, operation.path, role.as_str(), reply.text());
            if allowed {
                assert!(!matches!(reply.code().as_str(), "forbidden" | "unauthenticated" | "token_invalid"), "{name}");
                assert!(reply.status < 500, "{name}");
            } else {
                assert_eq!((reply.status, reply.code().as_str()), (403, "forbidden"), "{name}");
                denied += 1;
            }
        }
        let reply = server.call("", operation.method.clone(), &things.path(&operation), None).await;
        if operation.public {
            assert_ne!(reply.code(), "unauthenticated", "{}", operation.path);
        } else {
            reply.refused(401, "unauthenticated");
            assert_eq!(reply.header("www-authenticate"), "Bearer");
        }
    }
    assert_eq!(server.noted(OURS, "access_denied").await, denied, "every denial is on record");
    assert!(denied > 100);
}

#[actix_web::test]
async fn c01_a_one_time_password_opens_nothing_but_its_own_change() {
    let server = Server::start().await;
    let things = Things::make(&server).await;
    for role in Role::ALL {
        let login = format!("new-{}", role.as_str());
        server.account(&login, role, OURS, true).await;
        let token = server.app.auth.login(&login, &Secret::new(PASSWORD.to_owned())).await.unwrap().access_token;
        for (operation, roles) in Operation::staffed() {
            if !roles.contains(&role) {
                continue;
            }
            let reply = server.call(&token, operation.method.clone(), &things.path(&operation), None).await;
            if operation.id == "change_password" {
                reply.refused(415, "unsupported_media_type");
            } else {
                reply.refused(403, "password_change_required");
            }
        }
    }
    let me = server.call("", Method::GET, "/raffles", None).await;
    assert_eq!(me.status, 200);
}
