//! The server is killed at random moments, between commit and delivery, between delivery and note.

use crate::gate::{Gate, Rule};
use crate::{facts, firsts, place, taken, tell, told_facts};
use drumroll_tests::chance::{self, Chance};
use drumroll_tests::moto::Moto;
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use drumroll_tests::{full_scale, now_ms};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

/// I1, B-01 over a file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b01_kill_9_at_random_moments_loses_no_notification_on_sqlite() {
    let name = "notify-kill-sqlite";
    let Some((site, moto)) = place(name, false).await else { return };
    killed_again_and_again(name, site, moto).await;
}

/// The same over a server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b01_kill_9_at_random_moments_loses_no_notification_on_postgres() {
    let name = "notify-kill-postgres";
    let Some((site, moto)) = place(name, true).await else { return };
    killed_again_and_again(name, site, moto).await;
}

/// Suspends and resumes until nobody answers any more. What it was told stands is for the facts to show.
async fn flicker(crew: &Crew, raffle: &str) {
    let reason = json!({"reason": "The lights flicker."});
    loop {
        for (what, body) in [("suspend", Some(&reason)), ("resume", None)] {
            let path = format!("/admin/raffles/{raffle}/{what}");
            match crew.manager.client.try_call(Method::POST, &path, None, body).await {
                // Whether the last one before the kill stands, nobody knows: its repeat is refused if it does.
                Ok(reply) => assert!(matches!(reply.status, 200 | 409 | 503), "{}", reply.text),
                Err(_) => return,
            }
            // So that it is told of while it happens, and not all afterwards.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn killed_again_and_again(name: &str, mut site: Site, moto: Moto) {
    let mut chance = Chance::new(chance::seed(name));
    let (topic, queue) = moto.topic("killed").await;
    let gate = Gate::before(moto.url()).await;
    gate.set(Rule::Rough);
    tell(&mut site, &topic, gate.url());
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffles = [
        crew.open_raffle("One", now_ms() + 3_600_000).await,
        crew.open_raffle("Two", now_ms() + 3_600_000).await,
        crew.open_raffle("Three", now_ms() + 3_600_000).await,
    ];
    for _ in 0..if full_scale() { 100 } else { 8 } {
        let flickering: Vec<_> = raffles
            .iter()
            .map(|raffle| {
                let (crew, raffle) = (crew.clone(), raffle.clone());
                tokio::spawn(async move { flicker(&crew, &raffle).await })
            })
            .collect();
        // After some of it was told, and then at any moment: the seed chooses it.
        let (tries, more) = (gate.tries().len(), usize::try_from(chance.below(12)).unwrap());
        until("something is told", SOON, async || (gate.tries().len() >= tries + more).then_some(())).await;
        tokio::time::sleep(Duration::from_millis(chance.below(40))).await;
        site.kill();
        for flickering in flickering {
            flickering.await.unwrap();
        }
        site.start().await;
    }
    gate.set(Rule::Pass);
    let mut due = Vec::new();
    for raffle in &raffles {
        due.push(facts(&site, raffle).await);
    }
    // What the gate saw go through, and what came to the queue in the end.
    until("everything was told", SOON * 4, async || {
        let firsts = firsts(taken(&gate.tries()));
        let told: Vec<Vec<u64>> = raffles.iter().map(|raffle| told_facts(&firsts, raffle)).collect();
        (told == due).then_some(())
    })
    .await;
    let arrived = moto.take(&queue).await;
    let arrived_firsts = firsts(arrived.iter().map(|arrived| &arrived.body));
    for (raffle, due) in raffles.iter().zip(&due) {
        assert_eq!(&told_facts(&arrived_firsts, raffle), due);
    }
    let distinct: usize = arrived_firsts.values().map(Vec::len).sum();
    let cut_short = gate.cut_short();
    println!("{distinct} messages, {} times told, {cut_short} cut short by a kill", arrived.len());
    assert!(arrived.len() > distinct, "with answers lost, something is told twice");
    assert!(distinct > 20, "there was something to lose");
    site.close().await;
}
