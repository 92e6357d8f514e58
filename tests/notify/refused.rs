//! A message that the target does not want, and a target that wants none for a while.

use crate::gate::{Gate, Rule};
use crate::{health, kinds, place, suspend, taken, tell};
use drumroll_tests::moto::Moto;
use drumroll_tests::now_ms;
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use serde_json::Value;
use std::collections::BTreeMap;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_message_is_set_aside_and_its_subject_goes_on_on_sqlite() {
    let Some((site, moto)) = place("notify-refused-sqlite", false).await else { return };
    one_is_refused(site, moto, "refused").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_message_is_set_aside_and_its_subject_goes_on_on_postgres() {
    let Some((site, moto)) = place("notify-refused-postgres", true).await else { return };
    one_is_refused(site, moto, "refused.fifo").await;
}

/// What came through, by subject, without a look at `previous`: it names what did not.
fn through(gate: &Gate) -> BTreeMap<String, Vec<Value>> {
    let mut through = BTreeMap::<String, Vec<Value>>::new();
    for message in taken(&gate.tries()) {
        through.entry(message["subject"].as_str().unwrap().to_owned()).or_default().push(message.clone());
    }
    through
}

async fn one_is_refused(mut site: Site, moto: Moto, topic: &str) {
    let (topic, _) = moto.topic(topic).await;
    let gate = Gate::before(moto.url()).await;
    tell(&mut site, &topic, gate.url());
    site.set("NOTIFY__REFUSALS_MAX", "3");
    // Nobody may publish: that is no fault of any message, however often it is tried.
    gate.set(Rule::Forbid);
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let (raffle, other) =
        (crew.open_raffle("One", now_ms() + 3_600_000).await, crew.open_raffle("Other", now_ms() + 3_600_000).await);
    let tried = gate.tries().len();
    until("it was tried again and again", SOON, async || (gate.tries().len() >= tried + 5).then_some(())).await;
    assert!(health(&crew).await.contains("away") && !health(&crew).await.contains("set aside"));

    gate.set(Rule::Refuse("suspended"));
    suspend(&crew, &raffle, true).await;
    suspend(&crew, &raffle, false).await;
    until("the subject goes on", SOON, async || {
        (kinds(&through(&gate), &raffle) == ["opened", "draw_planned", "resumed"]).then_some(())
    })
    .await;
    until("the other subject goes on", SOON, async || {
        (kinds(&through(&gate), &other) == ["opened", "draw_planned"]).then_some(())
    })
    .await;
    until("it is known that one was set aside", SOON, async || {
        health(&crew).await.contains("1 set aside").then_some(())
    })
    .await;
    let refused: Vec<Value> = gate.tries().into_iter().map(|told| told.message).collect();
    let refused: Vec<&Value> = refused.iter().filter(|message| message["kind"] == "suspended").collect();
    assert_eq!(refused.len(), 3, "so often and no more");
    let resumed = through(&gate)[&format!("raffle:{raffle}")].last().unwrap().clone();
    assert_eq!(resumed["previous"], refused[0]["position"], "whoever gets the next one knows that one is missing");
    let log = site.log.text();
    let line = log.lines().find(|line| line.contains("is set aside; a person must look")).unwrap();
    assert!(line.contains("ERROR") && line.contains(&raffle) && line.contains("InvalidParameter"), "{line}");
    let metrics = crew.admin.client.get("/metrics").await.text;
    assert!(metrics.contains("drumroll_notify_set_aside_total{target=\"sns\"} 1"), "{metrics}");

    // It stays on record, and set aside, over a restart.
    gate.set(Rule::Pass);
    assert_eq!(site.stop().await, Some(0));
    site.start().await;
    suspend(&crew, &other, true).await;
    until("the next life tells", SOON, async || {
        (kinds(&through(&gate), &other) == ["opened", "draw_planned", "suspended"]).then_some(())
    })
    .await;
    until("it is still known", SOON, async || health(&crew).await.contains("1 set aside").then_some(())).await;
    assert_eq!(kinds(&through(&gate), &raffle), ["opened", "draw_planned", "resumed"]);
    site.close().await;
}
