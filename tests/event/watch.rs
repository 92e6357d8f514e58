//! Somebody who watches the public socket from the opening to the result, through every reconnect (I9, I12).

use super::draw::Result;
use drumroll_tests::socket::{Heard, Socket};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A viewer in the background.
pub(crate) struct Watch {
    stop: watch::Sender<bool>,
    task: JoinHandle<Seen>,
}

#[derive(Default)]
struct Seen {
    facts: Vec<Value>,
    states: usize,
    connects: usize,
    last: Option<Value>,
    problems: Vec<String>,
}

impl Watch {
    pub(crate) fn start(base: &str, raffle: &str) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let (base, raffle) = (base.to_owned(), raffle.to_owned());
        let task = tokio::spawn(async move {
            let mut seen = Seen::default();
            loop {
                let from = seen.facts.len();
                let path = format!("/ws/public/raffles/{raffle}?facts_from={from}");
                tokio::select! {
                    () = raised(&mut stopped) => return seen,
                    socket = connect(&base, &path) => if let Some(socket) = socket {
                        seen.connects += 1;
                        tokio::select! {
                            () = raised(&mut stopped) => return seen,
                            () = seen.follow(socket) => {}
                        }
                    },
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
        Self { stop, task }
    }

    /// Everything was seen once, in order, and no number before its time.
    pub(crate) async fn end(self, result: &Result) {
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.stop.send_replace(true);
        let seen = self.task.await.unwrap();
        assert_eq!(seen.problems, Vec::<String>::new());
        assert!(seen.connects >= 2, "the server was away once, so the viewer came back");
        let kinds: Vec<&str> = seen.facts.iter().map(|fact| fact["kind"].as_str().unwrap()).collect();
        let milestones = [
            "opened",
            "suspended",
            "resumed",
            "close_announced",
            "closed",
            "reconciling",
            "reconciled",
            "locked",
            "proven",
            "drawn",
            "published",
        ];
        let mut rest = kinds.iter();
        for milestone in milestones {
            assert!(rest.any(|kind| *kind == milestone), "{milestone} is missing or out of order in {kinds:?}");
        }
        let published = seen.facts.iter().position(|fact| fact["kind"] == "published").unwrap();
        let plain = |winners: &Value| -> Vec<[Value; 4]> {
            let each = winners.as_array().unwrap().iter();
            each.map(|winner| ["prize_id", "position", "number", "value_minor"].map(|member| winner[member].clone()))
                .collect()
        };
        assert_eq!(
            plain(&seen.facts[published]["data"]["winners"]),
            plain(&result.public_winners),
            "the screens show the result"
        );
        for fact in &seen.facts[..published] {
            assert!(!fact.to_string().contains("\"number\""), "a number before its time: {fact}");
        }
        let last = seen.last.unwrap();
        println!(
            "a viewer saw {} facts and {} states over {} connections; the last jackpot was {}",
            kinds.len(),
            seen.states,
            seen.connects,
            last["jackpot_minor"]
        );
    }
}

async fn raised(flag: &mut watch::Receiver<bool>) {
    let _ = flag.wait_for(|raised| *raised).await;
}

async fn connect(base: &str, path: &str) -> Option<Socket> {
    // A server that is away refuses the connection, which the client reports by a panic of its own.
    let (base, path) = (base.to_owned(), path.to_owned());
    let address = base.trim_start_matches("http://").to_owned();
    tokio::net::TcpStream::connect(address).await.ok()?;
    tokio::spawn(async move { Socket::connect(&base, &path).await.ok() }).await.ok().flatten()
}

impl Seen {
    async fn follow(&mut self, mut socket: Socket) {
        loop {
            match socket.hear(Duration::from_secs(30)).await {
                Heard::Frame(frame) => self.frame(frame),
                Heard::Silence => {}
                Heard::Closed(_) => return,
            }
        }
    }

    fn frame(&mut self, frame: Value) {
        match frame["t"].as_str() {
            Some("fact") => {
                let expected = self.facts.len() as u64 + 1;
                if frame["position"].as_u64() != Some(expected) {
                    self.problems.push(format!("fact {expected} was due: {frame}"));
                }
                self.facts.push(frame);
            }
            Some("state") => {
                self.states += 1;
                // Newest wins: within an epoch nothing goes back.
                if let Some(last) = &self.last
                    && last["epoch"] == frame["epoch"]
                    && last["seq"].as_u64() > frame["seq"].as_u64()
                {
                    self.problems.push(format!("after {last} came {frame}"));
                }
                self.last = Some(frame);
            }
            Some("hello" | "pong") => {}
            _ => self.problems.push(format!("an unknown frame: {frame}")),
        }
    }
}
