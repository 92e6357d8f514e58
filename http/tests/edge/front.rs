//! What stands around the API: headers, health, figures, pages, limits.

use crate::gate::{Reply, Server, Things};
use actix_web::http::Method;
use actix_web::test::TestRequest;
use drumroll_engine::organisation::Role;
use drumroll_http::interfaces;

async fn get(server: &Server, path: &str) -> Reply {
    server.raw(TestRequest::get().uri(path)).await
}

#[actix_web::test]
async fn every_answer_has_an_id_and_the_headers_that_protect_browsers() {
    let server = Server::start().await;
    for path in ["/", "/api/v1/raffles", "/api/v1/nothing", "/health/live", "/admin/", "/nothing/at/all"] {
        let reply = get(&server, path).await;
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self'") && !policy.contains("unsafe"), "{path}");
        for (name, value) in
            [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("referrer-policy", "no-referrer")]
        {
            assert_eq!(reply.header(name), value, "{path}");
        }
        assert!(uuid::Uuid::try_parse(reply.header("x-request-id")).is_ok(), "{path}");
        assert!(!reply.header("cache-control").is_empty(), "{path}");
    }
    let id = "6f6e6c79-2061-4074-8573-747500000001";
    for (given, kept) in [(id, true), ("my own <id>", false), ("", false)] {
        let reply = server.raw(TestRequest::get().uri("/api/v1/raffles").insert_header(("x-request-id", given))).await;
        assert_eq!(reply.header("x-request-id") == given, kept, "{given}");
    }
}

#[actix_web::test]
async fn what_is_not_there_is_a_problem_and_so_is_another_method() {
    let server = Server::start().await;
    for path in ["/api/v1/nothing", "/api/v1/", "/api/nothing", "/ws/nothing", "/health/nothing", "/assets/nothing.js"]
    {
        get(&server, path).await.refused(404, "not_found");
    }
    let reply = server.call("", Method::DELETE, "/raffles", None).await;
    reply.refused(405, "method_not_allowed");
    assert_eq!(reply.header("allow"), "GET");
    let reply = server.call("", Method::GET, "/auth/login", None).await;
    reply.refused(405, "method_not_allowed");
    assert_eq!(reply.header("allow"), "POST");
    server.raw(TestRequest::post().uri("/events/1")).await.refused(405, "method_not_allowed");
}

#[actix_web::test]
async fn health_says_what_is_the_matter() {
    let server = Server::start().await;
    assert_eq!(get(&server, "/health/live").await.status, 200);
    let ready = get(&server, "/health/ready").await.expect(200);
    assert_eq!((&ready["ready"], &ready["store"]), (&true.into(), &"sqlite".into()));
    let names: Vec<&str> =
        ready["checks"].as_array().unwrap().iter().filter_map(|check| check["name"].as_str()).collect();
    assert_eq!(names, ["store", "journal", "actors", "notifications"]);
}

#[actix_web::test]
async fn figures_name_sales_queues_lag_sockets_and_times() {
    let token = "a token of some length";
    let server = Server::start_with(|settings| settings.metrics_token = Some(token.to_owned())).await;
    let things = Things::make(&server).await;
    get(&server, "/metrics").await.refused(401, "unauthenticated");
    let shown =
        |token: &str| TestRequest::get().uri("/metrics").insert_header(("authorization", format!("Bearer {token}")));
    server.raw(shown("another token of that")).await.refused(401, "unauthenticated");
    let figures = server.raw(shown(token)).await;
    assert_eq!(figures.status, 200);
    let text = figures.text();
    for name in [
        "drumroll_notify_waiting{target=\"log\"}",
        "drumroll_notify_lag_seconds{target=\"log\"}",
        "drumroll_http_seconds_bucket{",
        "drumroll_journal_waiting",
        "drumroll_journal_lag_seconds",
        "drumroll_durable_lag_seconds_bucket{",
        "drumroll_intake_waiting{kind=\"raffle\"}",
        "drumroll_decisions_total",
        "drumroll_set_aside 0",
        "drumroll_logins_total{outcome=\"passed\"}",
    ] {
        assert!(text.contains(name), "{name} is missing");
    }
    let sales = text
        .lines()
        .find(|line| line.starts_with("drumroll_raffle_net_minor") && line.contains(&things.raffle))
        .unwrap();
    assert!(sales.ends_with(" 500"), "{sales}");
    assert!(text.contains("route=\"/api/v1/tickets/generate\""), "by the pattern of the route");
}

#[actix_web::test]
async fn the_pages_are_there_with_their_files_or_say_that_they_were_not_built() {
    let server = Server::start().await;
    let things = Things::make(&server).await;
    let event = format!("/events/{}", things.raffle);
    if !interfaces::built() {
        for path in ["/", "/admin/", &event] {
            let page = get(&server, path).await;
            assert!(page.status == 503 && page.text().contains("not built"), "{path}");
        }
        return;
    }
    assert_eq!(get(&server, "/admin").await.header("location"), "/admin/");
    for path in ["/", "/admin/", "/admin/raffles/1/board", "/tickets/AAAA", &event] {
        let page = get(&server, path).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        assert_eq!(page.header("cache-control"), "no-cache", "{path}");
    }
    let page = get(&server, &event).await.text();
    assert!(
        page.contains("<h1>Hawks &lt;b&gt;vs.&lt;/b&gt; Kodiaks</h1>"),
        "readable without scripts, and only as text: {page}"
    );
    assert!(page.contains("<strong>$2.50</strong>") && page.contains("Tickets are on sale."), "{page}");
    assert!(page.contains("<title>Hawks &lt;b&gt;vs.&lt;/b&gt; Kodiaks · "));
    assert_eq!(get(&server, "/events/00000000-0000-4000-8000-00000000dead").await.status, 404);
    let index = get(&server, "/admin/").await.text();
    let head = server.raw(TestRequest::default().method(Method::HEAD).uri("/admin/")).await;
    assert_eq!((head.status, head.header("content-type")), (200, "text/html; charset=utf-8"));
    let script = index.split("src=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let plain = get(&server, script).await;
    assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(plain.header("content-type"), "text/javascript; charset=utf-8");
    let gzip = server.raw(TestRequest::get().uri(script).insert_header(("accept-encoding", "br, gzip;q=0.8"))).await;
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert!(gzip.bytes.len() < plain.bytes.len() && gzip.bytes.starts_with(&[0x1f, 0x8b]));
    let tag = plain.header("etag").to_owned();
    let again = server.raw(TestRequest::get().uri(script).insert_header(("if-none-match", tag))).await;
    assert_eq!((again.status, again.bytes.len()), (304, 0));
}

#[actix_web::test]
async fn a_flood_from_one_address_is_stopped_before_the_door() {
    let server = Server::start_with(|settings| settings.rates.login = 6).await;
    for _ in 0..3 {
        server.login("nobody", "x").await.refused(401, "bad_credentials");
    }
    let flooded = server.login("nobody", "x").await;
    flooded.refused(429, "too_many_requests");
    assert!((1..=11).contains(&flooded.header("retry-after").parse::<u64>().unwrap()));
    assert_eq!(server.call("", Method::GET, "/raffles", None).await.status, 200, "the rest goes on");
    server.as_role(Role::Auditor, Method::GET, "/admin/raffles", None).await.expect(200);
}
