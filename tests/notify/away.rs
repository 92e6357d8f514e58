//! The target hangs, is killed and comes back, while people buy.

use crate::{facts, firsts, health, place, sell, suspend, tell, told_facts};
use drumroll_tests::moto::{Arrived, Moto};
use drumroll_tests::now_ms;
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use serde_json::Value;

/// I12, B-01 over a file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i12_a_target_that_hangs_and_is_killed_loses_nothing_and_slows_no_sale_on_sqlite() {
    let Some((site, moto)) = place("notify-away-sqlite", false).await else { return };
    hangs_and_is_killed(site, moto, "away.fifo").await;
}

/// The same over a server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i12_a_target_that_hangs_and_is_killed_loses_nothing_and_slows_no_sale_on_postgres() {
    let Some((site, moto)) = place("notify-away-postgres", true).await else { return };
    hangs_and_is_killed(site, moto, "away").await;
}

/// Sales and pauses while the target is out of order. Every sale is answered with its ticket.
async fn busy(crew: &Crew, raffles: &[String]) {
    for raffle in raffles {
        for _ in 0..10 {
            sell(crew, raffle).await;
        }
        suspend(crew, raffle, true).await;
        suspend(crew, raffle, false).await;
        sell(crew, raffle).await;
    }
}

async fn metric(crew: &Crew, name: &str) -> f64 {
    let metrics = crew.admin.client.get("/metrics").await;
    let start = format!("{name}{{target=\"sns\"}} ");
    let line = metrics.text.lines().find_map(|line| line.strip_prefix(&start));
    line.unwrap_or_else(|| panic!("no {name}")).parse().unwrap()
}

async fn hangs_and_is_killed(mut site: Site, mut moto: Moto, topic_name: &str) {
    let (topic, queue) = moto.topic(topic_name).await;
    tell(&mut site, &topic, &moto.url());
    site.set("NOTIFY__DEADLINE_S", "1");
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let mut raffles = Vec::new();
    for name in ["First", "Second"] {
        raffles.push(crew.open_raffle(name, now_ms() + 3_600_000).await);
    }
    let mut arrived: Vec<Arrived> = Vec::new();
    everything_comes(&site, &moto, &queue, &raffles, &mut arrived).await;

    moto.freeze(true);
    busy(&crew, &raffles).await;
    until("the target counts as away", SOON, async || health(&crew).await.contains("away").then_some(())).await;
    busy(&crew, &raffles).await;
    until("the lag shows", SOON, async || (metric(&crew, "drumroll_notify_waiting").await >= 4.0).then_some(())).await;
    assert!(metric(&crew, "drumroll_notify_lag_seconds").await > 0.0);
    assert!((metric(&crew, "drumroll_notify_away").await - 1.0).abs() < f64::EPSILON);
    moto.freeze(false);
    everything_comes(&site, &moto, &queue, &raffles, &mut arrived).await;
    until("the target counts as there", SOON, async || (!health(&crew).await.contains("away")).then_some(())).await;

    // With everything that lay in its queue, which is empty now.
    moto.kill();
    busy(&crew, &raffles).await;
    until("the target counts as away", SOON, async || health(&crew).await.contains("away").then_some(())).await;
    // A server that comes back to a target that is away still sells.
    assert_eq!(site.stop().await, Some(0));
    site.start().await;
    busy(&crew, &raffles).await;
    moto.start_again().await;
    // A topic that is not there yet is no refusal of any message: it is asked for again and again.
    let failures = metric(&crew, "drumroll_notify_failures_total").await;
    until("the server asks for the topic", SOON, async || {
        (metric(&crew, "drumroll_notify_failures_total").await >= failures + 3.0).then_some(())
    })
    .await;
    let (again, queue) = moto.topic(topic_name).await;
    assert_eq!(again, topic);
    everything_comes(&site, &moto, &queue, &raffles, &mut arrived).await;
    assert!(!health(&crew).await.contains("set aside"), "{}", health(&crew).await);
    site.close().await;
}

/// Waits until every fact on record was told, and each in its order.
async fn everything_comes(site: &Site, moto: &Moto, queue: &str, raffles: &[String], arrived: &mut Vec<Arrived>) {
    let mut due = Vec::new();
    for raffle in raffles {
        due.push(facts(site, raffle).await);
    }
    until("everything was told", SOON * 2, async || {
        arrived.extend(moto.take(queue).await);
        let bodies: Vec<&Value> = arrived.iter().map(|arrived| &arrived.body).collect();
        let firsts = firsts(bodies);
        let told: Vec<Vec<u64>> = raffles.iter().map(|raffle| told_facts(&firsts, raffle)).collect();
        (told == due).then_some(())
    })
    .await;
}
