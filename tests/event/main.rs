//! Whole events, from the first sale to the published result, once on SQLite and once on PostgreSQL (issue 2,
//! acceptance 1). Real programs, real devices, a real browser; afterwards everything is checked from outside.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

mod checks;
mod draw;
mod handheld;
mod sales;
mod watch;

use drumroll_tests::auditor::{self, Findings, bytes, evidence::Evidence, reports};
use drumroll_tests::browser::{self, Browser};
use drumroll_tests::chance::{self, Chance};
use drumroll_tests::front;
use drumroll_tests::server::Site;
use drumroll_tests::simulation::Simulation;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use drumroll_tests::{now_ms, skip};
use sales::Sales;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How the server goes away in the middle.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Interruption {
    /// As a supervisor would ask it to (B-03).
    Stopped,
    /// `kill -9` (B-01).
    Killed,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_event_on_sqlite_with_a_restart_in_the_middle() {
    whole_event("event-sqlite", Site::sqlite("event-sqlite"), Interruption::Stopped).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_event_on_postgres_with_kill_9_in_the_middle() {
    let name = "event-postgres";
    let Some(site) = Site::postgres(name).await else {
        return skip(name, "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it");
    };
    whole_event(name, site, Interruption::Killed).await;
}

/// Three servers behind HAProxy, which sends each request anywhere at first and learns where raffles run; one of
/// them dies in the middle. Whatever one server does, three do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_event_on_three_servers_with_kill_9_in_the_middle() {
    let name = "event-league";
    if let Some(why) = front::missing() {
        return skip(name, &why);
    }
    let Some(site) = Site::league(name).await else {
        return skip(name, "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it");
    };
    whole_event(name, site, Interruption::Killed).await;
}

/// Says how long each part took.
struct Clock(&'static str, Instant);

impl Clock {
    fn say(&self, what: &str) {
        println!("{} {:5.1} s  {what}", self.0, self.1.elapsed().as_secs_f32());
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "an event has a beginning, a middle and an end, and reads from top to bottom"
)]
async fn whole_event(name: &'static str, mut site: Site, interruption: Interruption) {
    let clock = Clock(name, Instant::now());
    let seed = chance::seed(name);
    let mut chance = Chance::new(seed);
    let full = std::env::var("DRUMROLL_SCALE").is_ok_and(|scale| scale == "full");

    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = crew.open_raffle("Hawks vs. Kodiaks", now_ms() + 3_600_000).await;
    let id = bytes::id(&raffle).unwrap();
    let watcher = watch::Watch::start(&site.base, &raffle);
    clock.say("the event is open");

    let (speed, rate) = (if full { "20" } else { "12" }, "0.33");
    let seed_text = seed.to_string();
    let arguments = ["--seed", &seed_text, "--speed", speed, "--offline-rate", rate, "--straggler", "1"];
    let mut fleet = Simulation::start(&site, &crew.admin, &raffle, 20, &arguments);
    let mut sales = Sales::new(&crew, &raffle, chance.bits());
    let lost = if interruption == Interruption::Killed {
        Some(handheld::Handheld::enrol(&site, &crew, "Lost 01").await)
    } else {
        None
    };
    fleet.until("first sales", SOON * 3, |step| step["sales"].as_u64() > Some(20)).await;
    clock.say("20 handhelds sell");

    // The public buys through the page, in a real browser.
    let mut evidence = Evidence::default();
    match browser::missing() {
        None => {
            let buyers = Browser::start("buyers.mjs", &json!({"base": site.base, "raffle": raffle, "seed": seed}));
            sales.a_busy_counter(30).await;
            let said = buyers.end(Duration::from_secs(90)).await;
            sales.bought_in_the_browser(&said);
        }
        Some(why) => skip(name, &why),
    }
    sales.by_every_way_in().await;
    clock.say("counter, batch, integration and online buyers bought");

    // The server goes away while everybody sells, and comes back.
    let selling = tokio::spawn(sales.insisting(60));
    fleet.until("sales go on", SOON, |step| step["sales"].as_u64() > Some(60)).await;
    match interruption {
        Interruption::Stopped => assert_eq!(site.stop().await, Some(0), "a graceful stop is a good end"),
        Interruption::Killed => site.kill_busiest().await,
    }
    let before = fleet.last().unwrap()["sales"].as_u64();
    fleet.until("handhelds sell on without a server", SOON, |step| step["sales"].as_u64() > before).await;
    site.start().await;
    let (kept, asked) = selling.await.unwrap();
    assert!(asked > 60, "some callers had to ask again");
    evidence.add(kept);
    clock.say("the server was away and came back");

    // Voids: a handheld's ticket, an online one with its refund; misprints; a pause.
    sales.void_one_of("rsu").await;
    sales.void_one_of("online").await;
    sales.misprint_and_clear().await;
    sales.refusals_change_nothing().await;
    let manage = |action: &str| format!("/admin/raffles/{raffle}/{action}");
    let manager = &crew.manager.client;
    manager.post(&manage("suspend"), &json!({"reason": ""})).await.refused(422, "reason_missing");
    manager.post(&manage("suspend"), &json!({"reason": "the lights are out"})).await.expect(200);
    sales.counter_refused("sales_suspended").await;
    manager.act(&manage("resume")).await.expect(200);
    sales.one_at_the_counter().await;
    crew.admin
        .client
        .put(&manage("configuration"), &crew.configuration("Cheaper", now_ms() + 7_200_000))
        .await
        .refused(409, "frozen");
    clock.say("voids, misprints, a pause");

    if let Some(lost) = &lost {
        lost.sell_and_vanish(&raffle);
    }
    fleet.until("enough is sold", SOON * 2, |step| step["sales"].as_u64() > Some(if full { 2_000 } else { 250 })).await;

    // The close, early and announced; the instant decides, not the button.
    let closes_at = now_ms() + 6_000;
    let close = json!({"closes_at_ms": closes_at, "reason": "the game ended early"});
    manager.post(&manage("close"), &close).await.expect(200);
    let last = tokio::spawn(sales.until_refused());
    until("sales are over", SOON, async || {
        let view = manager.get(&format!("/admin/raffles/{raffle}")).await.expect(200);
        (view["status"] != "selling").then_some(())
    })
    .await;
    assert!(now_ms() >= closes_at, "sales ended before the announced instant");
    evidence.add(last.await.unwrap());
    sales.counter_refused("sales_closed").await;
    clock.say("sales are closed");

    // One handheld is still away: nobody may acknowledge, and its name is given.
    fleet.until("all but one are final", SOON * 3, |step| step["final"].as_u64() == Some(19)).await;
    // It sells on, bound by the close it knows of: that is its good faith, and these sales are set aside.
    let at_the_close = fleet.last().unwrap()["sales"].as_u64().unwrap();
    fleet.until("the straggler sells on", SOON * 3, |step| step["sales"].as_u64() > Some(at_the_close + 3)).await;
    let report = || async { manager.get(&manage("reconciliation")).await.expect(200) };
    let blockers = report().await["blockers"].clone();
    let open: Vec<&Value> =
        blockers.as_array().unwrap().iter().filter(|blocker| blocker["code"] == "device_open").collect();
    assert_eq!(open.len(), if lost.is_some() { 2 } else { 1 }, "{blockers}");
    assert!(open.iter().any(|blocker| blocker["detail"].as_str().unwrap().contains("Simulated 01")), "{blockers}");
    let statement = json!({"statement": "All is counted.", "sold": 1, "voided": 0, "unsold": 1});
    let early = manager.post(&manage("acknowledge"), &statement).await;
    assert!(matches!(early.code(), "wrong_status" | "not_reconciled"), "{}", early.text);
    manager
        .post("/draw/initiate", &json!({"raffle_id": raffle, "draw_no": null}))
        .await
        .refused(409, "wrong_draw_status");

    if let Some(lost) = &lost {
        lost.written_off_by_two(&crew, &raffle).await;
    }
    fleet.call_back();
    let (code, fleet_report) = fleet.end(SOON * 3).await;
    assert_eq!((code, fleet_report["all_final"].as_bool()), (0, Some(true)), "every handheld came home");
    evidence.add(Evidence::of_simulation(&fleet_report));
    clock.say("the straggler is home");

    // What came too late is decided about, and so is every misprint.
    let begun = until("reconciliation can be begun", SOON, async || {
        let view = manager.get(&format!("/admin/raffles/{raffle}")).await.expect(200);
        (view["status"] == "reconciling").then_some(true).or_else(|| (view["status"] == "closing").then_some(false))
    })
    .await;
    if !begun {
        manager.act(&manage("reconcile")).await.expect(200);
    }
    let set_aside = sales.decide_about_everything(&report().await).await;
    assert!(set_aside > 2, "what the straggler sold after the close is set aside");
    let clean = report().await;
    assert_eq!(clean["blockers"], json!([]), "nothing is in the way");
    clock.say(&format!("reconciled; {set_aside} late sales were decided about"));

    // The acknowledgement: the counts must be those that were seen (D-01, D-02).
    let counts = &clean["identity"];
    let mut statement = json!({"statement": clean["statement"], "sold": counts["sold"], "voided": counts["voided"], "unsold": counts["unsold"]});
    statement["sold"] = json!(counts["sold"].as_u64().unwrap() + 1);
    manager.post(&manage("acknowledge"), &statement).await.refused(409, "counts_differ");
    statement["sold"] = counts["sold"].clone();
    crew.auditor.client.post(&manage("acknowledge"), &statement).await.refused(403, "forbidden");
    let acknowledged = manager.post(&manage("acknowledge"), &statement).await.expect(200);
    assert_eq!(acknowledged["status"], "reconciled");
    sales.void_refused("reconciliation_acknowledged").await;

    let result = draw::three_prizes(&crew, &site.base, &raffle).await;
    clock.say("drawn and published");
    evidence.add(sales.kept().await);
    watcher.end(&result).await;

    // Everything of I1 to I9 from outside.
    let view = crew.auditor.client.get(&format!("/admin/raffles/{raffle}")).await.expect(200);
    let sales_report = crew.auditor.client.get(&format!("/reports/sales?raffle_id={raffle}")).await.expect(200);
    assert_eq!(site.stop().await, Some(0));
    let mut audit = auditor::audit(&site.database.books().await, &evidence);
    let mut findings = Findings::default();
    reports::check_raffle(audit.raffle(id), &view, &mut findings);
    reports::check_sales(audit.raffle(id), &sales_report, &mut findings);
    audit.raffle(id).draws[&1].compare_transcript(&result.transcript, &mut findings);
    audit.findings.0.extend(findings.0);
    audit.expect_clean(name);
    let account = audit.raffle(id);
    for kind in [
        "ticket_voided/1",
        "ticket_misprinted/1",
        "sales_suspended/1",
        "order_held/1",
        "refunded/1",
        "record_quarantined/1",
    ] {
        assert!(account.kinds.contains_key(kind), "the event had no {kind}");
    }
    assert_eq!(account.kinds.contains_key("device_lost/1"), lost.is_some());
    clock.say("the auditor found nothing");

    draw::the_transcript_speaks_for_itself(&site, &result);
    checks::the_journal_is_checked_and_a_flipped_byte_found(&site).await;
    checks::a_rebuild_changes_nothing(&site).await;
    let secrets = [crew.secrets(), sales.secrets()].concat();
    assert_eq!(site.log.leaks(secrets.iter().map(String::as_str)), Vec::<&str>::new(), "the log holds secrets");
    clock.say("transcript, journal, read models and log are checked");
    site.close().await;
}
