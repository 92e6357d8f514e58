//! A script in a real Chromium, in step with a test: it says one JSON object a line, `{"at": …}`, and waits for a line
//! where it asks for one (`tests/browser/story.mjs`).

use crate::programs;
use crate::server::Log;
use crate::wait::until;
use serde_json::Value;
use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

/// A running script.
#[derive(Debug)]
pub struct Browser {
    name: String,
    log: Log,
    child: Child,
    stdin: ChildStdin,
}

/// Why there is no browser here, if there is none.
pub fn missing() -> Option<String> {
    let chromium = ["chromium", "chromium-browser", "google-chrome"];
    let found = std::env::var_os("CHROMIUM").is_some()
        || chromium.iter().any(|name| std::path::Path::new("/usr/bin").join(name).exists());
    let modules = programs::root().join("tests/browser/node_modules/playwright-core").exists();
    match (found, modules) {
        (true, true) => None,
        (false, _) => Some("there is no Chromium; .ci/setup test installs it".to_owned()),
        (_, false) => Some("tests/browser has no node_modules; .ci/setup test installs them".to_owned()),
    }
}

impl Browser {
    /// Starts a script with what it needs to know.
    pub fn start(script: &str, knows: &Value) -> Self {
        let mut command = Command::new("node");
        command.arg(programs::root().join("tests/browser").join(script)).env("STORY", knows.to_string());
        // Screenshots are for people: they stay, and are not committed.
        let shots = programs::root().join("target/screens");
        command.env("DRUMROLL_SHOTS", std::env::var_os("DRUMROLL_SHOTS").unwrap_or_else(|| shots.into()));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Log::default();
        log.follow(child.stdout.take().unwrap());
        log.follow(child.stderr.take().unwrap());
        let stdin = child.stdin.take().unwrap();
        Self { name: script.to_owned(), log, child, stdin }
    }

    /// Everything it said so far.
    pub fn said(&self) -> Vec<Value> {
        let text = self.log.text();
        text.lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|it| it["at"].is_string())
            .collect()
    }

    /// Waits until it is at a step, and answers what it said there.
    pub async fn at(&mut self, step: &str, limit: Duration) -> Value {
        let (name, log) = (self.name.clone(), self.log.clone());
        until(format!("{name} is at {step}"), limit, async || {
            if let Some(seen) = self.said().into_iter().find(|it| it["at"] == step) {
                return Some(seen);
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("{name} ended before {step}, {status}:\n{}", log.tail(40));
            }
            None
        })
        .await
    }

    /// Tells it to go on.
    pub fn tell(&mut self, what: &Value) {
        writeln!(self.stdin, "{what}").unwrap();
    }

    /// Waits for its end, which must be a good one. Answers everything it said.
    pub async fn end(mut self, limit: Duration) -> Vec<Value> {
        let name = self.name.clone();
        let status = until(format!("{name} has ended"), limit, async || self.child.try_wait().unwrap()).await;
        // Its last words may still be on their way from the pipe.
        until("its last words are here", limit, async || Some(self.log.text())).await;
        assert!(status.success(), "{name}, {status}:\n{}", self.log.tail(60));
        self.said()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- {} ---\n{}", self.name, self.log.tail(30));
        }
    }
}
