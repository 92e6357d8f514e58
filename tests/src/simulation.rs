//! `rsu simulate` beside the test.

use crate::programs;
use crate::server::{Log, Site};
use crate::stage::Person;
use crate::wait::until;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A fleet of simulated handhelds.
#[derive(Debug)]
pub struct Simulation {
    /// What it says: one line of JSON for each step.
    pub log: Log,
    folder: PathBuf,
    child: Child,
}

impl Simulation {
    /// Starts a fleet that ends when all have reported final.
    pub fn start(site: &Site, administrator: &Person, raffle: &str, devices: u32, arguments: &[&str]) -> Self {
        let folder = site.scratch.path().join(format!("fleet-{}", &raffle[raffle.len() - 8..]));
        std::fs::create_dir_all(&folder).unwrap();
        let mut command = programs::command("rsu");
        command.arg("--data").arg(&folder).arg("simulate");
        command.args(["--devices", &devices.to_string(), "--server", &site.base, "--login", &administrator.login]);
        command.args(["--raffle", raffle, "--until-final"]).args(arguments);
        command.arg("--report").arg(folder.join("report.json"));
        command.arg("--straggler-back-file").arg(folder.join("come-back"));
        command.env("RSU_PASSWORD", &administrator.password);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Log::default();
        log.follow(child.stdout.take().unwrap());
        log.follow(child.stderr.take().unwrap());
        Self { log, folder, child }
    }

    /// The last step it told.
    pub fn last(&self) -> Option<Value> {
        self.log
            .text()
            .lines()
            .rev()
            .find_map(|line| serde_json::from_str::<Value>(line).ok().filter(|it| it["event"].is_string()))
    }

    /// Waits until a step satisfies `so`.
    pub async fn until(&mut self, what: &str, limit: Duration, so: impl Fn(&Value) -> bool) -> Value {
        let log = self.log.clone();
        until(format!("the fleet: {what}"), limit, async || {
            if let Some(seen) = self.last().filter(&so) {
                return Some(seen);
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the fleet ended, {status}:\n{}", log.tail(20));
            }
            None
        })
        .await
    }

    /// Calls the stragglers back.
    pub fn call_back(&self) {
        std::fs::write(self.folder.join("come-back"), "").unwrap();
    }

    /// Asks it to end.
    pub fn stop(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end. Answers its exit code and its report.
    pub async fn end(mut self, limit: Duration) -> (i32, Value) {
        let status = until("the fleet has ended", limit, async || self.child.try_wait().unwrap()).await;
        let report = std::fs::read_to_string(self.folder.join("report.json")).unwrap_or_else(|error| {
            panic!("no report ({error}); the fleet said:\n{}", self.log.tail(20));
        });
        (status.code().unwrap_or(-1), serde_json::from_str(&report).unwrap())
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- the fleet's last words ---\n{}", self.log.tail(15));
        }
    }
}
