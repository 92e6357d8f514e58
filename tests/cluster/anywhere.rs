//! Any server takes any request: what was done at one is seen at the others with the next request.

use crate::trade::Trade;
use drumroll_tests::api::{Client, new_key};
use drumroll_tests::simulation::Simulation;
use drumroll_tests::socket::Socket;
use serde_json::{Value, json};

/// I3 and read-your-writes: a key has one answer at every server, terms are compared everywhere, and an action at one
/// server is seen at the next at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_a_key_has_one_answer_at_every_server() {
    let name = "cluster-anywhere";
    let redis = std::env::var("DRUMROLL_TEST_REDIS").ok();
    let Some(trade) = Trade::open(name, 1, redis.as_deref()).await else { return };
    let raffle = &trade.raffles[0];
    let doors: Vec<&str> = trade.league.members.iter().map(|site| site.base.as_str()).collect();
    let seller = |at: usize| trade.crew.seller.client.at(doors[at % 3]);
    let manager = |at: usize| trade.crew.manager.client.at(doors[at % 3]);
    for turn in 0..6 {
        let (key, other) = (new_key(), json!({"raffle_id": raffle, "lines": [{"package_id": 2, "quantity": 1}]}));
        let body = json!({"raffle_id": raffle, "lines": [{"package_id": 1, "quantity": 1}]});
        let first = seller(turn).post_once("/tickets/generate", &key, &body).await.expect(201);
        for at in 1..3 {
            let again = seller(turn + at).post_once("/tickets/generate", &key, &body).await.expect_one_of(&[200, 201]);
            assert_eq!(again["validation_number"], first["validation_number"], "{again}");
            let differs = seller(turn + at).post_once("/tickets/generate", &key, &other).await;
            differs.refused(409, "idempotency_terms_differ");
        }
        // Both at the same time, at two servers: one sale.
        let key = new_key();
        let (one, two) = tokio::join!(
            async { seller(turn).insist("/tickets/generate", &key, &body).await.0.expect_one_of(&[200, 201]) },
            async { seller(turn + 1).insist("/tickets/generate", &key, &body).await.0.expect_one_of(&[200, 201]) },
        );
        assert_eq!(one["validation_number"], two["validation_number"]);
    }
    // Ten changes, each asked of one server and looked for at the next.
    let quiet = trade.crew.open_raffle("Quiet", drumroll_tests::now_ms() + 3_600_000).await;
    for turn in 0..10 {
        let (action, body, becomes) = if turn % 2 == 0 {
            ("suspend", Some(json!({"reason": "the lights are out"})), "suspended")
        } else {
            ("resume", None, "selling")
        };
        let path = format!("/admin/raffles/{quiet}/{action}");
        match &body {
            Some(body) => manager(turn).post(&path, body).await.expect(200),
            None => manager(turn).act(&path).await.expect(200),
        };
        for at in 1..3 {
            let seen = manager(turn + at).get(&format!("/admin/raffles/{quiet}")).await.expect(200);
            assert_eq!(seen["status"], becomes, "turn {turn}, server {at} further");
            let public = Client::new(doors[(turn + at) % 3]).get(&format!("/raffles/{quiet}")).await.expect(200);
            assert_eq!(public["status"], becomes);
        }
    }
    // A ticket for a socket is good once, at whichever server.
    let ticket = manager(0).act("/auth/socket-ticket").await.expect(200)["ticket"].as_str().unwrap().to_owned();
    let path = format!("/ws/operator?ticket={ticket}&raffle_id={raffle}");
    let mut board = Socket::connect(doors[1], &path).await.unwrap();
    board.hear_until("the board", |frame: &Value| frame["t"] == "board").await;
    assert_eq!(Socket::connect(doors[2], &path).await.err(), Some(401));
    assert_eq!(Socket::connect(doors[1], &path).await.err(), Some(401));
    trade.extra_orders_settle().await;
}

/// a handheld is connected to one server, and the operator's board at another shows it, with its heartbeat.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_board_shows_handhelds_that_are_connected_elsewhere() {
    let name = "cluster-board";
    let redis = std::env::var("DRUMROLL_TEST_REDIS").ok();
    let Some(trade) = Trade::open(name, 1, redis.as_deref()).await else { return };
    let (raffle, members) = (&trade.raffles[0], &trade.league.members);
    let fleet = Simulation::start(&members[0], &trade.crew.admin, raffle, 2, &["--seed", "7", "--offline-rate", "0"]);
    let ticket =
        trade.crew.manager.client.act("/auth/socket-ticket").await.expect(200)["ticket"].as_str().unwrap().to_owned();
    let path = format!("/ws/operator?ticket={ticket}&raffle_id={raffle}");
    let mut board = Socket::connect(&members[1].base, &path).await.unwrap();
    let both = |frame: &Value| {
        let online = |device: &&Value| device["online"] == true && device["last_heartbeat_ms"].is_u64();
        frame["t"] == "board"
            && frame["devices"].as_array().is_some_and(|devices| devices.iter().filter(online).count() == 2)
    };
    board.hear_until("both handhelds, online", both).await;
    drop(fleet);
    let none = |frame: &Value| {
        let online = |device: &&Value| device["online"] == true;
        frame["t"] == "board"
            && frame["devices"].as_array().is_some_and(|devices| devices.iter().filter(online).count() == 0)
    };
    board.hear_until("both handhelds, gone", none).await;
    trade.extra_orders_settle().await;
}
