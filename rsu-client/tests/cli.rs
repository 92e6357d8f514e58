//! The program `rsu` from enrolment to the last upload, by its commands and exit codes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::path::Path;
use std::process::Output;

use common::server::TestServer;
use common::{RAFFLE, TempDir, device_id, enrol};
use drumroll_engine::{hash::sha256, hex};
use drumroll_protocol::RaffleStatus;
use tokio::process::Command;

struct Rsu<'a> {
    data: &'a Path,
}

impl Rsu<'_> {
    async fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rsu"));
        command.args(arguments).arg("--data").arg(self.data).env_remove("RSU_DATA").env_remove("RSU_LOG");
        let Output { status, stdout, stderr } = command.output().await.unwrap();
        (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    async fn expect(&self, exit: i32, arguments: &[&str]) -> String {
        let (code, stdout, stderr) = self.run(arguments).await;
        assert_eq!(code, exit, "{arguments:?}\n{stdout}\n{stderr}");
        if exit == 0 { stdout } else { stderr }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_from_enrolment_to_the_last_upload() {
    let server = TestServer::start().await;
    server.change(|state| state.registered.push("Handheld 01".into()));
    let dir = TempDir::new("cli");
    let data = dir.path().join("data");
    let rsu = Rsu { data: &data };
    assert!(rsu.expect(1, &["status"]).await.contains("no device is enrolled"));
    rsu.expect(3, &["enrol", "--server", "http://127.0.0.1:9", "--code", "CODE-1"]).await;
    let refused = rsu.expect(1, &["enrol", "--server", &server.url, "--code", "CODE-9x"]).await;
    assert!(refused.contains("bad_enrolment_code"), "{refused}");
    let enrolled = rsu.expect(0, &["enrol", "--server", &server.url, "--code", "CODE-1"]).await;
    assert!(enrolled.contains("Handheld 01"), "{enrolled}");
    assert!(rsu.expect(1, &["enrol", "--server", &server.url, "--code", "CODE-1"]).await.contains("already"));

    assert!(rsu.expect(3, &["sell", "--package", "2"]).await.contains("rsu sync"));
    assert!(rsu.expect(0, &["sync"]).await.contains("100 numbers left"));
    let ticket = rsu.expect(0, &["sell", "--package", "2", "--quantity", "2"]).await;
    assert!(ticket.contains("1 to 6") && ticket.contains("CAD 20.00") && !ticket.contains("REPRINT"), "{ticket}");
    assert!(rsu.expect(1, &["sell", "--package", "9"]).await.contains("unknown_package"));
    rsu.expect(2, &["sell"]).await;
    let order = "0192f0d4-5e6f-4a81-b2c3-d4e5f6a7b8c9";
    let first = rsu.expect(0, &["sell", "--package", "1", "--order", order]).await;
    let again = rsu.expect(0, &["sell", "--package", "1", "--order", order]).await;
    assert!(!first.contains("REPRINT") && again.contains("REPRINT 1"), "{again}");

    let status: serde_json::Value = serde_json::from_str(&rsu.expect(0, &["status", "--json"]).await).unwrap();
    let raffle = &status["raffles"][0];
    assert_eq!(raffle["raffle_id"], RAFFLE.to_string());
    assert_eq!((raffle["sales"].as_u64(), raffle["unsynced_records"].as_u64()), (Some(2), Some(2)));
    assert_eq!(raffle["state"], "selling");
    rsu.expect(0, &["sync"]).await;
    assert_eq!(server.device(device_id(1)).records.len(), 2);

    server.change(|state| state.set_status(RaffleStatus::Closing));
    assert!(rsu.expect(0, &["sync"]).await.contains("all sales uploaded"));
    assert!(server.device(device_id(1)).is_final);
    assert!(rsu.expect(1, &["sell", "--package", "1", "--raffle", &RAFFLE.to_string()]).await.contains("final"));
    assert!(rsu.expect(0, &["status"]).await.contains("all sales uploaded"));

    // a damaged memory is its own exit code, for every command that needs it.
    let file = data.join("device.sqlite");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.execute_batch("DROP TRIGGER record_is_not_changed; UPDATE record SET error_ms = error_ms + 1").unwrap();
    drop(connection);
    for command in [&["status"][..], &["sync"], &["sell", "--package", "1"]] {
        assert!(rsu.expect(4, command).await.contains("damaged"));
    }
}

#[tokio::test]
async fn r09_the_device_says_which_program_and_version_runs_on_it() {
    let dir = TempDir::new("software");
    let rsu = Rsu { data: dir.path() };
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(rsu.expect(0, &["--version"]).await, format!("rsu {version}\n"), "without a device, too");
    enrol(dir.path(), 3, "http://127.0.0.1:1", [0; 32]);
    let digest = hex::encode(&sha256(&std::fs::read(env!("CARGO_BIN_EXE_rsu")).unwrap()));
    let status: serde_json::Value = serde_json::from_str(&rsu.expect(0, &["status", "--json"]).await).unwrap();
    assert_eq!(status["software"], serde_json::json!({ "name": "rsu", "version": version, "digest": digest }));
    assert_eq!(status["device_id"], device_id(3).to_string());
    let shown = rsu.expect(0, &["status"]).await;
    for part in [format!("rsu {version}"), digest, device_id(3).to_string()] {
        assert!(shown.contains(&part), "{part} in {shown}");
    }
}

#[tokio::test]
async fn every_command_says_what_it_does_and_what_its_exit_codes_mean() {
    let dir = TempDir::new("help");
    let rsu = Rsu { data: dir.path() };
    for command in ["enrol", "sell", "sync", "status", "simulate"] {
        let help = rsu.expect(0, &[command, "--help"]).await;
        assert!(help.contains("Exit codes:") && help.contains("--data"), "{help}");
    }
    for wrong in [&["simulate", "--speed", "0"][..], &["simulate", "--offline-rate", "2"], &["erase"]] {
        rsu.expect(2, wrong).await;
    }
}
