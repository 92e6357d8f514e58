//! The interfaces in a real Chromium (issue 2, acceptance 2): the jackpot moves, the countdown counts and the result
//! appears without a reload; the administrator runs a whole event; every screen is looked at.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

use drumroll_tests::api::Client;
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::auditor::{self};
use drumroll_tests::browser::{self, Browser};
use drumroll_tests::programs;
use drumroll_tests::server::Site;
use drumroll_tests::simulation::Simulation;
use drumroll_tests::skip;
use drumroll_tests::stage::Person;
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_event_as_people_see_it_without_a_reload() {
    let name = "browser";
    if let Some(why) = browser::missing() {
        return skip(name, &why);
    }
    let mut site = Site::sqlite(name);
    site.start().await;
    let password = "a password for the whole show";
    let knows = json!({"base": site.base, "login": "admin", "oneTime": site.one_time_password(), "password": password});
    let mut show = Browser::start("show.mjs", &knows);

    let selling = show.at("selling", PATIENCE).await;
    let raffle = selling["raffle"].as_str().unwrap().to_owned();
    let client = Client::login(&site.base, "admin", password).await;
    let admin = Person { login: "admin".to_owned(), password: password.to_owned(), client: client.clone() };
    let mut fleet = Simulation::start(&site, &admin, &raffle, 4, &["--seed", "7", "--speed", "10"]);
    show.tell(&json!({}));
    fleet.until("a few sales", PATIENCE, |step| step["sales"].as_u64() > Some(5)).await;
    let moved = show.at("moved", PATIENCE).await;
    assert!(moved["to"].as_u64() > moved["from"].as_u64(), "{moved}");
    println!("the jackpot moved from {} to {} on the phone, the board and the big screen", moved["from"], moved["to"]);

    show.at("closed", PATIENCE).await;
    let (code, report) = fleet.end(PATIENCE).await;
    assert_eq!(code, 0, "every handheld reported final");
    let reconciliation = client.get(&format!("/admin/raffles/{raffle}/reconciliation")).await.expect(200);
    for sale in reconciliation["quarantine"].as_array().unwrap().iter().filter(|sale| sale["numbers_count"] != 0) {
        let refund = json!({"device_id": sale["device_id"], "device_seq": sale["device_seq"], "resolution": "refund", "reason": "after the close"});
        client.post(&format!("/admin/raffles/{raffle}/quarantine"), &refund).await.expect(200);
    }
    show.tell(&json!({}));

    let published = show.at("published", PATIENCE).await;
    let transcript: Value =
        serde_json::from_str(&std::fs::read_to_string(published["transcript"].as_str().unwrap()).unwrap()).unwrap();
    assert_eq!(transcript["slots"][0][1], json!(published["number"].to_string()), "the first slot is the main prize");
    let verified = programs::drumroll(&[
        "verify",
        published["transcript"].as_str().unwrap(),
        "--plan-hash",
        published["plan"].as_str().unwrap(),
    ]);
    assert_eq!(verified.code, 0, "the downloaded record checks out: {verified:?}");
    show.tell(&json!({}));
    let said = show.end(PATIENCE).await;
    let looked = said.iter().filter(|step| step["at"] == "looked").count();
    println!("{looked} screens were looked at, on phone, tablet and desktop");

    assert_eq!(site.stop().await, Some(0));
    auditor::audit(&site.database.books().await, &Evidence::of_simulation(&report)).expect_clean(name);
    assert_eq!(site.log.leaks([password]), Vec::<&str>::new());
    site.close().await;
}
