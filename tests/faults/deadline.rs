//! One deadline for a whole request, whatever the stages on its way wait for.

use crate::call;
use drumroll_tests::api::{Client, new_key};
use drumroll_tests::auditor;
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::proxy::{Fault, Proxy};
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use drumroll_tests::{now_ms, skip};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The server's deadline here, seconds.
const DEADLINE_S: &str = "1";

/// The shortest of the stages' own waits: an answer that comes sooner was not theirs.
const SHORTEST_STAGE: Duration = Duration::from_secs(5);

/// I3: while the database says nothing, everybody is answered by the deadline, and told what to do; commands that they may
/// have been carried out, questions that nothing was changed. Afterwards the same key has one answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_in_a_silence_every_request_is_answered_by_the_deadline() {
    let name = "deadline";
    let Some(mut site) = Site::postgres(name).await else {
        return skip(name, "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it");
    };
    let proxy = Proxy::before(&site.database.setting()).await;
    site.set("DATABASE", proxy.url());
    site.set("REQUEST_S", DEADLINE_S);
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = crew.open_raffle("Silent", now_ms() + 3_600_000).await;
    let (seller, public) = (&crew.seller.client, Client::new(&site.base));
    let order = json!({"raffle_id": raffle, "lines": [{"package_id": 3, "quantity": 1}]});
    let online = json!({"lines": [{"package_id": 1, "quantity": 1}], "payment": {"outcome": "pay"}});
    let mut evidence = Evidence::default();
    evidence.ticket("before", &seller.post_once("/tickets/generate", &new_key(), &order).await.expect(201));

    proxy.inject(Fault::Silence).await;
    let began = Instant::now();
    let (counter_key, online_key) = (new_key(), new_key());
    let login = json!({"login": "seller", "password": "not his"});
    let commands = [
        call(seller, "/tickets/generate", &counter_key, &order),
        call(&public, &format!("/raffles/{raffle}/purchase"), &online_key, &online),
        call(&public, "/auth/login", &new_key(), &login),
    ];
    // Each of these asks the store, whose own patience is 10 s.
    let questions = ["/admin/raffles", "/admin/users", "/admin/significant-events"].map(|path| {
        let admin = crew.admin.client.clone();
        tokio::spawn(async move { admin.get(path).await })
    });
    let key = new_key();
    for (command, code) in commands.into_iter().zip(["outcome_unknown"; 3]) {
        let reply = command.await.unwrap().expect("an answer");
        reply.refused(503, code);
        assert!(reply.retry_after.is_some(), "{}", reply.text);
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(detail.contains("outcome is unknown") && detail.contains("same key"), "{detail}");
    }
    for question in questions {
        let reply = question.await.unwrap();
        reply.refused(503, "busy");
        assert!(reply.retry_after.is_some() && reply.text.contains("Nothing was changed"), "{}", reply.text);
    }
    let took = began.elapsed();
    println!("six callers were answered in {} ms", took.as_millis());
    assert!(took < SHORTEST_STAGE, "{took:?}: a stage answered, not the deadline");
    // The figures are readable all the same, and count them.
    let figures = public.get("/metrics").await;
    let late = figures.text.lines().find(|line| line.starts_with("drumroll_http_late_total ")).map(str::to_owned);
    assert_eq!(late.as_deref(), Some("drumroll_http_late_total 6"), "{}", figures.status);
    let answered = site.log.text();
    let line = answered.lines().find(|line| line.contains("/tickets/generate") && line.contains("status=503"));
    assert!(line.is_some(), "the access log has them by their route:\n{}", site.log.tail(20));

    proxy.inject(Fault::Pass).await;
    until("the server is ready again", SOON, async || {
        public.try_get("/health/ready").await.filter(|reply| reply.status == 200)
    })
    .await;
    for _ in 0..2 {
        let (reply, _) = seller.insist("/tickets/generate", &counter_key, &order).await;
        evidence.ticket("who asked again", &reply.expect_one_of(&[200, 201]));
    }
    let bought = until("the buyer has his ticket", SOON, async || {
        let (reply, _) = public.insist(&format!("/raffles/{raffle}/purchase"), &online_key, &online).await;
        (reply.status != 202).then_some(reply)
    })
    .await;
    evidence.ticket("a buyer who asked again", &bought.expect_one_of(&[200, 201])["ticket"]);
    evidence.ticket("later", &seller.post_once("/tickets/generate", &key, &order).await.expect(201));
    assert_eq!(site.stop().await, Some(0));
    auditor::audit(&site.database.books().await, &evidence).expect_clean(name);
    site.close().await;
}

/// A client on a bad line sends for longer than the deadline, and is served: the deadline is of the server's own work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_slowly_is_served_all_the_same() {
    let name = "slow-sender";
    let mut site = Site::sqlite(name);
    site.set("REQUEST_S", DEADLINE_S);
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = crew.open_raffle("Slow", now_ms() + 3_600_000).await;
    let body = json!({"raffle_id": raffle, "lines": [{"package_id": 3, "quantity": 1}]}).to_string();
    let (host, token, key) = (site.base.trim_start_matches("http://"), crew.seller.client.token().unwrap(), new_key());
    let head = format!(
        "POST /api/v1/tickets/generate HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\nidempotency-key: {key}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut line = TcpStream::connect(host).await.unwrap();
    line.write_all(head.as_bytes()).await.unwrap();
    let (first, second) = body.split_at(body.len() / 2);
    line.write_all(first.as_bytes()).await.unwrap();
    // Not to wait for something: this is how long the line takes.
    tokio::time::sleep(Duration::from_secs(3)).await;
    line.write_all(second.as_bytes()).await.unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    site.close().await;
}
