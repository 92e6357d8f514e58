//! `rsu simulate` against the loopback server: registers, sells, closes, reports.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::time::Duration;

use common::server::TestServer;
use common::{RAFFLE, TempDir};
use drumroll_protocol::RaffleStatus;
use drumroll_rsu_client::simulate::{AdminError, Options, SimulateError, simulate};
use tokio::sync::watch;
use tokio::time::timeout;

fn options(server: &TestServer, dir: &TempDir) -> Options {
    Options {
        devices: 4,
        seed: 5,
        speed: 400.0,
        offline_rate: 0.3,
        server: server.url.clone(),
        login: "admin".into(),
        password: String::from("correct horse battery").into(),
        raffle_id: RAFFLE,
        data: dir.path().join("devices"),
        until_final: true,
        report: Some(dir.path().join("report.json")),
        stragglers: 1,
        straggler_back_file: Some(dir.path().join("come-back")),
        straggler_back_after: None,
    }
}

fn install_tls() {
    // Another test of this process may have been first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_sold_closed_and_accounted_for_with_a_straggler() {
    install_tls();
    let server = TestServer::start().await;
    let dir = TempDir::new("simulation");
    let options = options(&server, &dir);
    let back = dir.path().join("come-back");
    let (_interrupt, interrupted) = watch::channel(false);
    let director = server.clone();
    let direct = async move {
        // The event: a good number of sales, then the close, then the straggler is called.
        until(&director, |state| state.devices.values().map(|side| side.records.len()).sum::<usize>() > 120).await;
        director.change(|state| state.set_status(RaffleStatus::Closing));
        until(&director, |state| state.devices.values().filter(|side| side.is_final).count() == 3).await;
        std::fs::write(back, "").unwrap();
    };
    let both = async { tokio::join!(simulate(&options, interrupted), direct) };
    let (report, ()) = timeout(Duration::from_secs(120), both).await.expect("the simulation ends");
    let report = report.unwrap();
    assert!(report.all_final, "{:?}", report.devices);
    assert_eq!(report.ended, "final");
    assert!(report.sales.iter().all(|sale| sale.acked && sale.quarantined.is_none()));
    assert_eq!(report.devices.iter().filter(|device| device.straggler).count(), 1);
    let state = server.state.lock().unwrap();
    assert_eq!(state.enabled.len(), 4);
    for device in &report.devices {
        let side = &state.devices[&device.device_id];
        assert_eq!((device.head_seq, device.head.0), (side.records.len() as u64, side.head));
        assert_eq!(device.final_seq, Some(device.head_seq));
    }
    let mut numbers: Vec<u64> =
        report.sales.iter().flat_map(|sale| sale.ranges.iter().flat_map(|range| range.iter())).collect();
    let count = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), count, "no number is sold twice");
    let amount: u64 = report.sales.iter().map(|sale| sale.price_minor).sum();
    assert_eq!(amount, report.devices.iter().map(|device| device.amount_minor).sum::<u64>());
    let written = std::fs::read_to_string(dir.path().join("report.json")).unwrap();
    let written: drumroll_rsu_client::simulate::Report = serde_json::from_str(&written).unwrap();
    assert_eq!(written.sales.len(), report.sales.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_simulation_reports_and_goes_on_with_the_same_devices() {
    install_tls();
    let server = TestServer::start().await;
    let dir = TempDir::new("interrupted");
    let mut options = options(&server, &dir);
    options.stragglers = 0;
    for run in 1..=2 {
        let (interrupt, interrupted) = watch::channel(false);
        let director = server.clone();
        let direct = async move {
            until(&director, |state| state.devices.values().map(|side| side.records.len()).sum::<usize>() > 30 * run)
                .await;
            interrupt.send_replace(true);
            std::future::pending::<()>().await;
        };
        let report = timeout(Duration::from_secs(60), async {
            tokio::select! {
                report = simulate(&options, interrupted) => report,
                () = direct => unreachable!(),
            }
        });
        let report = report.await.expect("the simulation ends").unwrap();
        assert_eq!((report.ended.as_str(), report.all_final), ("interrupted", false));
        assert!(report.sales.len() >= 25 * run, "run {run}: {}", report.sales.len());
    }
    assert_eq!(server.state.lock().unwrap().registered.len(), 4, "no device is registered twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_said_plainly() {
    install_tls();
    let server = TestServer::start().await;
    let dir = TempDir::new("password");
    let mut options = options(&server, &dir);
    options.password = String::from("wrong").into();
    let (_interrupt, interrupted) = watch::channel(false);
    let error = simulate(&options, interrupted).await.unwrap_err();
    assert!(matches!(error, SimulateError::Admin(AdminError::Refused { status: 401, .. })), "{error}");
}

/// Waits for a state of the server; it changes with the devices' messages, so this looks again often.
async fn until(server: &TestServer, condition: impl Fn(&common::server::State) -> bool) {
    let mut looks = tokio::time::interval(Duration::from_millis(5));
    while !condition(&server.state.lock().unwrap()) {
        looks.tick().await;
    }
}
