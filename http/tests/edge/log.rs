//! What the log keeps to itself.

use crate::gate::{OURS, PASSWORD, Server, Things};
use actix_web::http::Method;
use actix_web::test::TestRequest;
use drumroll_engine::organisation::Role;
use serde_json::json;
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};
use tracing_subscriber::fmt::MakeWriter;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Keep;

impl Write for Keep {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Keep {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

/// Keeps every line of the log of this process, of every part and level that is ours.
pub(crate) fn capture() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let filter =
            "drumroll_http=trace,drumroll_actors=trace,drumroll_ws=trace,actix_web=debug,actix_http=debug,warn";
        let filter = tracing_subscriber::EnvFilter::new(filter);
        tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(Keep).init();
    });
}

fn lines() -> String {
    String::from_utf8_lossy(&LINES.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

#[actix_web::test]
async fn the_log_names_requests_and_keeps_secrets() {
    let server = Server::start().await;
    let things = Things::make(&server).await;
    let login = "very.private.login";
    server.account(login, Role::Supervisor, OURS, false).await;
    let session = server.login(login, PASSWORD).await.expect(200);
    let wrong = "a wrong but telling password";
    server.login(login, wrong).await.refused(401, "bad_credentials");
    server.login("another.private.login", wrong).await.refused(401, "bad_credentials");
    let refreshed =
        server.post("/auth/refresh", json!({ "refresh_token": session["refresh_token"] })).await.expect(200);
    let token = refreshed["access_token"].as_str().unwrap();
    let new = "a brand new telling password";
    let change = json!({ "current_password": PASSWORD, "new_password": new });
    server.call(token, Method::POST, "/auth/password", Some(change)).await.expect(200);
    let ticket = server.as_role(Role::Auditor, Method::POST, "/auth/socket-ticket", None).await.expect(200);
    let ticket = ticket["ticket"].as_str().unwrap();
    server.raw(TestRequest::get().uri(&format!("/ws/operator?ticket={ticket}&raffle_id={}", things.raffle))).await;
    let made = json!({ "login": "new.private.login", "name": "Quentin Quillfeather", "role": "seller" });
    let made = server.as_role(Role::Administrator, Method::POST, "/admin/users", Some(made)).await.expect(201);
    let order = server.key();
    let buy = TestRequest::post()
        .uri(&format!("/api/v1/raffles/{}/purchase", things.raffle))
        .insert_header(("idempotency-key", order.clone()))
        .set_json(json!({ "lines": [{ "package_id": 1, "quantity": 1 }], "payment": { "outcome": "pay" } }));
    let bought = server.raw(buy).await.expect(201);
    let number = bought["ticket"]["validation_number"].as_str().unwrap().to_owned();
    server.call("", Method::GET, &format!("/tickets/{number}/validate"), None).await.expect(200);
    server.call("", Method::GET, &format!("/raffles/{}/orders/{order}", things.raffle), None).await.expect(200);
    server.call("", Method::GET, "/raffles?telling=query", None).await;
    let log = lines();
    let plain_number = number.replace('-', "");
    let secrets = [
        PASSWORD,
        wrong,
        new,
        login,
        "another.private.login",
        "new.private.login",
        "Quillfeather",
        "telling",
        session["access_token"].as_str().unwrap(),
        session["refresh_token"].as_str().unwrap(),
        token,
        refreshed["refresh_token"].as_str().unwrap(),
        ticket,
        made["one_time_password"].as_str().unwrap(),
        &order,
        &number,
        &plain_number,
        bought["ticket"]["salt"].as_str().unwrap(),
        "10.0.0.1",
        &"07".repeat(32),
    ];
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} stands in the log");
    }
    for route in ["/api/v1/auth/login", "/api/v1/tickets/{id}/validate", "/api/v1/raffles/{id}/orders/{key}"] {
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(route)).collect();
        assert!(!lines.is_empty(), "{route} is in the log by its pattern");
        assert!(
            lines
                .iter()
                .all(|line| line.contains("\"status\":") && line.contains("\"ms\":") && line.contains("request.id"))
        );
    }
}
