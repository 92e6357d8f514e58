//! Redis goes away, hangs, and comes back; and there never was one.

use crate::trade::Trade;
use drumroll_tests::api::{Client, Reply};
use drumroll_tests::front::Redis;
use drumroll_tests::league::signal;
use drumroll_tests::skip;
use drumroll_tests::socket::Socket;
use drumroll_tests::wait::{SOON, until};
use serde_json::Value;

/// What `/health/ready` says of Redis, on every server.
async fn redis_is(trade: &Trade, well: bool) {
    for site in &trade.league.members {
        let client = Client::new(&site.base);
        let says = async || {
            let reply: Reply = client.get("/health/ready").await;
            assert_eq!(reply.status, 200, "without Redis a cluster still sells: {}", reply.text);
            let checks = reply.body["checks"].as_array().unwrap();
            let redis = checks.iter().find(|check| check["name"] == "redis").unwrap();
            (redis["ok"] == well).then_some(())
        };
        until(format!("Redis is {}", if well { "well" } else { "away" }), SOON, says).await;
    }
}

/// A viewer at a server that does not run the raffle sees every sale, sooner or later.
async fn a_viewer_elsewhere_sees_it(trade: &Trade) {
    let owner = trade.league.owner(&trade.raffles[0]).await.expect("somebody runs it");
    let elsewhere = &trade.league.members[(owner + 1) % 3];
    let mut viewer =
        Socket::connect(&elsewhere.base, &format!("/ws/public/raffles/{}", trade.raffles[0])).await.unwrap();
    let sold = trade.sold();
    let mut last = (0, 0);
    until("a viewer elsewhere sees sales", SOON, async || {
        let state = viewer.hear_until("a state", |frame: &Value| frame["t"] == "state").await;
        let now = (state["seq"].as_u64().unwrap(), state["jackpot_minor"].as_u64().unwrap());
        assert!(now >= last, "the jackpot went back: {last:?}, {now:?}");
        let moved = last.0 > 0 && now.0 > last.0 && trade.sold() > sold;
        last = now;
        moved.then_some(())
    })
    .await;
}

/// I12: a cluster sells on, and shows what it sells, whatever Redis does; and says that it is degraded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i12_redis_may_be_gone_slow_or_restarted() {
    let name = "cluster-bus";
    let Some(mut redis) = Redis::start(name).await else { return skip(name, "redis-server is not installed") };
    let url = redis.url.clone();
    let Some(trade) = Trade::open(name, 2, Some(&url)).await else { return };
    redis_is(&trade, true).await;
    a_viewer_elsewhere_sees_it(&trade).await;

    redis.kill();
    redis_is(&trade, false).await;
    trade.sells().await;
    a_viewer_elsewhere_sees_it(&trade).await;

    redis.again().await;
    redis_is(&trade, true).await;
    a_viewer_elsewhere_sees_it(&trade).await;

    signal(redis.pid(), "STOP");
    redis_is(&trade, false).await;
    trade.sells().await;
    a_viewer_elsewhere_sees_it(&trade).await;
    signal(redis.pid(), "CONT");
    redis_is(&trade, true).await;
    trade.settle().await;
}

/// Without any Redis three servers are three servers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i12_there_need_be_no_redis() {
    let Some(trade) = Trade::open("cluster-without-redis", 2, None).await else { return };
    redis_is(&trade, false).await;
    a_viewer_elsewhere_sees_it(&trade).await;
    trade.settle().await;
}
