//! A database that is away: it is not hammered, the log says so once, and `/health/ready` names it.

use drumroll_tests::api::{Client, new_key};
use drumroll_tests::auditor;
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::proxy::{Counts, Fault, Proxy};
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use drumroll_tests::{now_ms, skip};
use serde_json::json;

/// Callers during the outage.
const CALLERS: usize = 400;

/// Everybody asks while the database is silent, then gone; hardly any of it reaches the network. When it is back the
/// journal's own repeats find it, questions follow, and nothing was lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i12_a_database_that_is_away_is_not_hammered_and_the_log_says_so_once() {
    let name = "breaker";
    let Some(mut site) = Site::postgres(name).await else {
        return skip(name, "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it");
    };
    let proxy = Proxy::before(&site.database.setting()).await;
    site.set("DATABASE", proxy.url());
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = crew.open_raffle("Away", now_ms() + 3_600_000).await;
    let (seller, admin, public) = (&crew.seller.client, &crew.admin.client, Client::new(&site.base));
    let order = json!({"raffle_id": raffle, "lines": [{"package_id": 3, "quantity": 1}]});
    let mut evidence = Evidence::default();
    evidence.ticket("before", &seller.post_once("/tickets/generate", &new_key(), &order).await.expect(201));
    let before = site.log.text().len();

    proxy.inject(Fault::Refuse).await;
    let key = new_key();
    let sale = crate::call(seller, "/tickets/generate", &key, &order);
    let named = until("readiness says that calls are refused", SOON, async || {
        // Questions, so that the circuit of reads opens too.
        admin.get("/admin/raffles").await.refused(503, "store_unavailable");
        let ready = public.get("/health/ready").await;
        let store = ready.body["checks"].as_array()?.iter().find(|check| check["name"] == "store")?.clone();
        store["detail"].as_str()?.contains("reads and writes are refused").then_some((ready.status, store))
    })
    .await;
    assert_eq!((named.0, &named.1["ok"]), (503, &json!(false)));
    let figures = public.get("/metrics").await.text;
    for kind in ["reads", "writes"] {
        assert!(figures.contains(&format!("drumroll_store_refusing{{kind=\"{kind}\"}} 1")), "{kind}");
    }
    // From here on the network is there and swallows what it is given: now every attempt shows.
    proxy.inject(Fault::Silence).await;
    let taken = Counts::of(&proxy.counts().taken);
    let callers = (0..CALLERS).map(|_| {
        let admin = admin.clone();
        tokio::spawn(async move { admin.get("/admin/raffles").await })
    });
    for caller in callers.collect::<Vec<_>>() {
        let reply = caller.await.unwrap();
        reply.refused(503, "store_unavailable");
        assert!(reply.retry_after.is_some(), "{}", reply.text);
    }
    let attempts = Counts::of(&proxy.counts().taken) - taken;
    println!("{CALLERS} callers, {attempts} connections");
    assert!(attempts < 20, "{attempts} connections for {CALLERS} callers");
    assert_eq!(public.get("/health/live").await.status, 200, "the process itself is well");

    proxy.inject(Fault::Pass).await;
    until("the server is ready again", SOON, async || {
        public.try_get("/health/ready").await.filter(|reply| reply.status == 200)
    })
    .await;
    until("questions are answered", SOON, async || (admin.get("/admin/raffles").await.status == 200).then_some(()))
        .await;
    drop(sale.await.unwrap());
    let (sold, _) = seller.insist("/tickets/generate", &key, &order).await;
    evidence.ticket("who asked again", &sold.expect_one_of(&[200, 201]));
    let figures = public.get("/metrics").await.text;
    for kind in ["reads", "writes"] {
        assert!(figures.contains(&format!("drumroll_store_refusing{{kind=\"{kind}\"}} 0")), "{kind}");
    }

    // Once each when it went and when it came back, for each kind, and nothing for every caller.
    let log = site.log.text().split_off(before);
    for (line, times) in [("the store is away", 2), ("the store answers again", 2), ("a commit failed", 1)] {
        assert_eq!(log.lines().filter(|said| said.contains(line)).count(), times, "{line}:\n{log}");
    }
    let loud = log.lines().filter(|line| line.contains(" WARN ") || line.contains("ERROR ")).count();
    // Each of the pool's connections may be mourned twice, by its driver and by the pool.
    assert!(loud < 2 * 16 + 20, "{loud} warnings for {CALLERS} callers:\n{log}");
    assert_eq!(site.stop().await, Some(0));
    auditor::audit(&site.database.books().await, &evidence).expect_clean(name);
    site.close().await;
}
