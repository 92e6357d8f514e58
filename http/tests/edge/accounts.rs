//! Logging in, staying in, being locked out (C-01).

use crate::gate::{OURS, PASSWORD, Server, THEIRS};
use actix_web::http::Method;
use drumroll_engine::organisation::Role;
use drumroll_engine::time::Span;
use drumroll_http::auth::Secret;
use drumroll_http::auth::bootstrap::FIRST_LOGIN;
use drumroll_ws::Tickets;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn me(server: &Server, token: &str) -> u16 {
    server.call(token, Method::GET, "/admin/raffles", None).await.status
}

#[actix_web::test]
async fn c01_a_login_opens_a_session_for_an_hour() {
    let server = Server::start().await;
    let user = server.account("mara", Role::Supervisor, OURS, false).await;
    let session = server.login(" Mara ", PASSWORD).await.expect(200);
    assert_eq!(session["expires_in_s"], 3_600);
    assert_eq!(
        session["user"],
        json!({ "id": user.to_string(), "login": "mara", "name": "The mara", "role": "supervisor",
            "must_change_password": false, "organisation": { "id": OURS.to_string(), "name": "Harbour City Hockey" } })
    );
    let token = text(&session["access_token"]);
    assert_eq!(me(&server, &token).await, 200);
    assert_eq!(server.noted(OURS, "logged_in").await, 1);
    server.clock.advance(Span::seconds(3_600));
    server.call(&token, Method::GET, "/admin/raffles", None).await.refused(401, "token_expired");
}

#[actix_web::test]
async fn c01_what_is_wrong_with_a_login_is_not_told() {
    let server = Server::start().await;
    server.account("mara", Role::Supervisor, OURS, false).await;
    let timed = async |login: &str| {
        let began = Instant::now();
        let reply = server.login(login, "not the password").await;
        reply.refused(401, "bad_credentials");
        let mut problem = reply.json();
        problem["request_id"] = Value::Null;
        (problem, began.elapsed())
    };
    let (known, known_took) = timed("mara").await;
    let (unknown, unknown_took) = timed("nobody").await;
    assert_eq!(known, unknown);
    let floor = Duration::from_millis(250);
    assert!(known_took >= floor && unknown_took >= floor, "both take the time that failures take");
    assert_eq!(server.noted(OURS, "login_failed").await, 1);
}

#[actix_web::test]
async fn c01_five_failures_lock_for_a_quarter_of_an_hour() {
    let server = Server::start().await;
    server.account("mara", Role::Supervisor, OURS, false).await;
    for login in ["mara", "nobody"] {
        for _ in 0..5 {
            server.login(login, "not the password").await.refused(401, "bad_credentials");
        }
        let locked = server.login(login, PASSWORD).await;
        locked.refused(423, "account_locked");
        assert_eq!(locked.header("retry-after"), "900", "{login} locks, whether it exists or not");
    }
    assert_eq!((server.noted(OURS, "login_failed").await, server.noted(OURS, "account_locked").await), (5, 1));
    server.clock.advance(Span::seconds(899));
    server.login("mara", PASSWORD).await.refused(423, "account_locked");
    server.clock.advance(Span::seconds(1));
    server.login("mara", PASSWORD).await.expect(200);
    for _ in 0..4 {
        server.login("mara", "not the password").await.refused(401, "bad_credentials");
    }
    server.login("mara", PASSWORD).await.expect(200);
    server.login("mara", "not the password").await.refused(401, "bad_credentials");
    server.login("mara", PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn c02_the_lockout_is_the_configured_one() {
    let server = Server::start_with(|settings| {
        settings.lockout.failures = 2;
        settings.lockout.minutes = 3;
    })
    .await;
    server.account("mara", Role::Supervisor, OURS, false).await;
    for login in ["mara", "nobody"] {
        for _ in 0..2 {
            server.login(login, "not the password").await.refused(401, "bad_credentials");
        }
        let locked = server.login(login, PASSWORD).await;
        locked.refused(423, "account_locked");
        assert_eq!(locked.header("retry-after"), "180", "{login}");
    }
    server.clock.advance(Span::seconds(180));
    server.login("mara", PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn c01_guesses_at_the_same_moment_are_counted_one_by_one() {
    let server = Server::start().await;
    server.account("mara", Role::Supervisor, OURS, false).await;
    let guesses = (0..12).map(|_| server.login("mara", "not the password"));
    let replies = futures_util::future::join_all(guesses).await;
    let refused = |code: &str| replies.iter().filter(|reply| reply.code() == code).count();
    assert_eq!((refused("bad_credentials"), refused("account_locked")), (5, 7));
}

#[actix_web::test]
async fn c01_a_refresh_token_is_good_once_and_a_copy_ends_the_session() {
    let server = Server::start().await;
    server.account("mara", Role::Supervisor, OURS, false).await;
    let refresh = async |token: &str| server.post("/auth/refresh", json!({ "refresh_token": token })).await;
    let first = text(&server.login("mara", PASSWORD).await.expect(200)["refresh_token"]);
    let other = text(&server.login("mara", PASSWORD).await.expect(200)["refresh_token"]);
    let second = refresh(&first).await.expect(200);
    assert_eq!(me(&server, &text(&second["access_token"])).await, 200);
    let third = text(&refresh(&text(&second["refresh_token"])).await.expect(200)["refresh_token"]);
    refresh(&first).await.refused(401, "refresh_reused");
    refresh(&third).await.refused(401, "refresh_invalid");
    refresh(&first).await.refused(401, "refresh_invalid");
    assert_eq!(server.noted(OURS, "refresh_reused").await, 1);
    let other = text(&refresh(&other).await.expect(200)["refresh_token"]);
    refresh("made up").await.refused(401, "refresh_invalid");
    server.clock.advance(Span::seconds(30 * 24 * 3_600));
    refresh(&other).await.refused(401, "refresh_invalid");
}

#[actix_web::test]
async fn c01_two_refreshes_at_once_are_a_copy() {
    let server = Server::start().await;
    server.account("mara", Role::Supervisor, OURS, false).await;
    let token = text(&server.login("mara", PASSWORD).await.expect(200)["refresh_token"]);
    let body = json!({ "refresh_token": token });
    let (one, two) =
        futures_util::future::join(server.post("/auth/refresh", body.clone()), server.post("/auth/refresh", body))
            .await;
    let mut codes = [one.code(), two.code()];
    codes.sort();
    assert_eq!(codes, ["", "refresh_reused"]);
}

#[actix_web::test]
async fn c01_logging_out_ends_the_session_and_says_nothing_else() {
    let server = Server::start().await;
    server.account("mara", Role::Supervisor, OURS, false).await;
    let body = json!({ "refresh_token": server.login("mara", PASSWORD).await.expect(200)["refresh_token"] });
    for _ in 0..2 {
        assert_eq!(server.post("/auth/logout", body.clone()).await.status, 204);
    }
    assert_eq!(server.post("/auth/logout", json!({ "refresh_token": "made up" })).await.status, 204);
    server.post("/auth/refresh", body).await.refused(401, "refresh_invalid");
    assert_eq!(server.noted(OURS, "logged_out").await, 1);
}

#[actix_web::test]
async fn c01_a_password_is_changed_by_its_owner_and_ends_all_other_sessions() {
    let server = Server::start().await;
    server.account("mara", Role::Supervisor, OURS, true).await;
    let session = server.login("mara", PASSWORD).await.expect(200);
    assert_eq!(session["user"]["must_change_password"], true);
    let (token, old) = (text(&session["access_token"]), session["refresh_token"].clone());
    let change = async |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        server.call(&token, Method::POST, "/auth/password", Some(body)).await
    };
    server.call(&token, Method::GET, "/admin/raffles", None).await.refused(403, "password_change_required");
    change(PASSWORD, "too short").await.refused(422, "weak_password");
    change(PASSWORD, PASSWORD).await.refused(422, "weak_password");
    change("not the password", "a brand new password").await.refused(401, "bad_credentials");
    let next = change(PASSWORD, "a brand new password").await.expect(200);
    assert_eq!(next["user"]["must_change_password"], false);
    assert_eq!(me(&server, &token).await, 200, "at once, also for the token that is out");
    server.post("/auth/refresh", json!({ "refresh_token": old })).await.refused(401, "refresh_invalid");
    server.post("/auth/refresh", json!({ "refresh_token": next["refresh_token"] })).await.expect(200);
    server.login("mara", PASSWORD).await.refused(401, "bad_credentials");
    server.login("mara", "a brand new password").await.expect(200);
    assert_eq!(server.noted(OURS, "password_changed").await, 1);
}

#[actix_web::test]
async fn c01_an_account_that_is_disabled_is_out_at_once() {
    let server = Server::start().await;
    let administrator = server.token(Role::Administrator, OURS).await;
    let new = json!({ "login": "Tom", "name": "Tom Vane", "role": "supervisor" });
    let made = server.call(&administrator, Method::POST, "/admin/users", Some(new.clone())).await.expect(201);
    assert_eq!(made["user"]["login"], "tom");
    let (id, one_time) = (text(&made["user"]["id"]), text(&made["one_time_password"]));
    server.call(&administrator, Method::POST, "/admin/users", Some(new)).await.refused(409, "login_taken");
    let session = server.login("tom", &one_time).await.expect(200);
    let token = text(&session["access_token"]);
    let body = json!({ "current_password": one_time, "new_password": "a brand new password" });
    let session = server.call(&token, Method::POST, "/auth/password", Some(body)).await.expect(200);
    assert_eq!(me(&server, &token).await, 200);
    let disable = format!("/admin/users/{id}/disable");
    let disabled = server.call(&administrator, Method::POST, &disable, None).await.expect(200);
    assert_eq!(disabled["enabled"], false);
    server.call(&token, Method::GET, "/admin/raffles", None).await.refused(401, "token_invalid");
    server.login("tom", "a brand new password").await.refused(401, "bad_credentials");
    let refresh = json!({ "refresh_token": session["refresh_token"] });
    server.post("/auth/refresh", refresh).await.refused(401, "refresh_invalid");
    server.call(&administrator, Method::POST, &format!("/admin/users/{id}/enable"), None).await.expect(200);
    server.login("tom", "a brand new password").await.expect(200);
    let users = server.call(&administrator, Method::GET, "/admin/users", None).await.expect(200);
    let own = users["items"].as_array().unwrap().iter().find(|user| user["role"] == "administrator").unwrap();
    let own = format!("/admin/users/{}/disable", text(&own["id"]));
    server.call(&administrator, Method::POST, &own, None).await.refused(409, "own_account");
}

#[actix_web::test]
async fn c01_an_account_is_created_once_per_key_and_nobody_makes_a_keeper_of_the_platform() {
    let server = Server::start().await;
    let administrator = server.token(Role::Administrator, OURS).await;
    let create = async |key: &str, body: Value| {
        let request = actix_web::test::TestRequest::post()
            .uri("/api/v1/admin/users")
            .insert_header(("authorization", format!("Bearer {administrator}")))
            .insert_header(("idempotency-key", key))
            .set_json(body);
        server.raw(request).await
    };
    let (key, body) = (server.key(), json!({ "login": "tom", "name": "Tom Vane", "role": "seller" }));
    let first = create(&key, body.clone()).await.expect(201);
    let again = create(&key, body.clone()).await.expect(201);
    assert_eq!(first["user"], again["user"]);
    server.login("tom", &text(&first["one_time_password"])).await.refused(401, "bad_credentials");
    let session = server.login("tom", &text(&again["one_time_password"])).await.expect(200);
    let change = json!({ "current_password": again["one_time_password"], "new_password": "a brand new password" });
    server.call(&text(&session["access_token"]), Method::POST, "/auth/password", Some(change)).await.expect(200);
    create(&key, body).await.refused(409, "login_taken");
    create(&server.key(), json!({ "login": "pat", "name": "Pat", "role": "platform" }))
        .await
        .refused(422, "validation_failed");
    create(&server.key(), json!({ "login": " ", "name": "Pat", "role": "seller" })).await.refused(422, "bad_name");
}

#[actix_web::test]
async fn c01_a_socket_ticket_is_for_those_who_may_watch_and_good_once() {
    let server = Server::start().await;
    let ask = async |role: Role| server.as_role(role, Method::POST, "/auth/socket-ticket", None).await;
    ask(Role::Seller).await.refused(403, "forbidden");
    let ticket = ask(Role::Auditor).await.expect(200);
    assert_eq!(ticket["expires_in_s"], 30);
    let holder = server.app.auth.take(&text(&ticket["ticket"])).await.unwrap().unwrap();
    assert_eq!((holder.organisation, holder.everywhere), (OURS, false));
    assert_eq!(server.app.auth.take(&text(&ticket["ticket"])).await.unwrap(), None);
    let late = text(&ask(Role::Auditor).await.expect(200)["ticket"]);
    server.clock.advance(Span::seconds(30));
    assert_eq!(server.app.auth.take(&late).await.unwrap(), None);
    let everywhere = text(&ask(Role::Platform).await.expect(200)["ticket"]);
    assert!(server.app.auth.take(&everywhere).await.unwrap().unwrap().everywhere);
}

#[actix_web::test]
async fn r10_the_second_person_is_somebody_else_of_the_same_organisation_who_may() {
    let server = Server::start().await;
    let things = crate::gate::Things::make(&server).await;
    for (login, role, organisation, must_change) in [
        ("second", Role::Supervisor, OURS, false),
        ("seller", Role::Seller, OURS, false),
        ("stranger", Role::Supervisor, THEIRS, false),
        ("newcomer", Role::Supervisor, OURS, true),
    ] {
        server.account(login, role, organisation, must_change).await;
    }
    let path = format!("/admin/raffles/{}/cancel", things.raffle);
    let cancel = async |login: &str, password: &str| {
        let body = json!({ "reason": "flood", "approver": { "login": login, "password": password } });
        server.as_role(Role::Supervisor, Method::POST, &path, Some(body)).await
    };
    let caller = Server::login_of(Role::Supervisor, OURS);
    for login in ["seller", "stranger", "newcomer", "nobody", &caller] {
        cancel(login, PASSWORD).await.refused(403, "approver_invalid");
    }
    cancel("second", "not the password").await.refused(403, "approver_invalid");
    let alone = json!({ "reason": "flood", "approver": null });
    server.as_role(Role::Supervisor, Method::POST, &path, Some(alone)).await.refused(403, "approver_missing");
    assert_eq!(server.noted(OURS, "login_failed").await, 1, "a second person's failure counts as any");
    assert_eq!(cancel("second", PASSWORD).await.expect(200)["status"], "cancelled");
}

#[actix_web::test]
async fn c01_the_first_administrator_has_a_one_time_password_until_he_chose_his_own() {
    let server = Server::start().await;
    let first = server.app.auth.first_start("ignored: one is there").await.unwrap();
    let one_time = first.one_time_password.unwrap();
    let again = server.app.auth.first_start("ignored").await.unwrap();
    assert_eq!(first.organisation, again.organisation);
    server.login(FIRST_LOGIN, one_time.expose()).await.refused(401, "bad_credentials");
    let one_time = again.one_time_password.unwrap();
    let session = server.login(FIRST_LOGIN, one_time.expose()).await.expect(200);
    assert_eq!(session["user"]["role"], "administrator");
    let body = json!({ "current_password": one_time.expose(), "new_password": "a brand new password" });
    server.call(&text(&session["access_token"]), Method::POST, "/auth/password", Some(body)).await.expect(200);
    assert!(server.app.auth.first_start("ignored").await.unwrap().one_time_password.is_none());
    server.login(FIRST_LOGIN, "a brand new password").await.expect(200);
}

#[actix_web::test]
async fn c01_a_role_that_changed_hands_is_judged_anew() {
    let server = Server::start().await;
    let token = server.token(Role::Auditor, OURS).await;
    let forged = server.app.auth.login(&Server::login_of(Role::Auditor, OURS), &Secret::new(PASSWORD.to_owned())).await;
    assert_eq!(me(&server, &token).await, 200);
    let claims = forged.unwrap().access_token;
    let body = claims.split('.').nth(1).unwrap();
    let said = String::from_utf8_lossy(&decode(body)).into_owned();
    assert!(!said.contains("auditor"), "a token names an account, never its rights: {said}");
}

fn decode(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
    for letter in text.bytes() {
        bits = bits << 6 | LETTERS.iter().position(|known| *known == letter).unwrap() as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}
