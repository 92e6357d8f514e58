//! A server loses its way to the database and keeps everything else.

use crate::trade::Trade;
use drumroll_tests::database::Database;
use drumroll_tests::league::League;
use drumroll_tests::proxy::{Fault, Proxy};
use drumroll_tests::wait::{SOON, until};
use drumroll_tests::{full_scale, skip};
use std::time::Instant;

/// I1–I3, I11: cut off from PostgreSQL in one way or another, a server answers nothing once its lease has run out,
/// while the others sell what it sold; when the way is back it joins them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i2_i11_a_server_without_its_database_gives_way() {
    let name = "cluster-cut-off";
    let Some(database) = Database::postgres().await else {
        return skip(name, "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it");
    };
    let redis = std::env::var("DRUMROLL_TEST_REDIS").ok();
    let mut league = League::new(name, &database, redis.as_deref());
    let mut proxies = Vec::new();
    for site in &mut league.members {
        let proxy = Proxy::before(&database.setting()).await;
        site.set("DATABASE", proxy.url());
        proxies.push(proxy);
    }
    let trade = Trade::over(name, 4, league).await;
    let faults = [Fault::Silence, Fault::Refuse];
    for round in 0..if full_scale() { 20 } else { 2 } {
        let at = trade.league.busiest().await;
        let fault = faults[round % faults.len()].clone();
        let began = Instant::now();
        proxies[at].inject(fault.clone()).await;
        trade.sells().await;
        let owners = trade.owners().await;
        assert!(owners.iter().all(|owner| owner.is_some() && *owner != Some(at)), "{owners:?}");
        let client = drumroll_tests::api::Client::new(&trade.league.members[at].base);
        let health = client.get("/health/ready").await;
        assert_eq!(health.status, 503, "a server without its database says so: {}", health.text);
        println!(
            "{name} round {}: n{} met {fault:?}, all sell again after {} ms",
            round + 1,
            at + 1,
            began.elapsed().as_millis()
        );
        proxies[at].inject(Fault::Pass).await;
        proxies[at].inject(Fault::Cut).await;
        proxies[at].inject(Fault::Pass).await;
        until("the server is ready again", SOON, async || {
            client.try_get("/health/ready").await.filter(|reply| reply.status == 200)
        })
        .await;
        trade.sells().await;
    }
    trade.settle().await;
}
