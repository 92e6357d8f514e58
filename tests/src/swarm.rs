//! Clients as they are on a bad night: they lose answers, ask again up to fourteen times, click twice, send the same key
//! with other terms or by another way in, and vanish in the middle of a request. They write down what they were told.

use crate::api::{Client, Reply};
use crate::auditor::bytes::{self, Id};
use crate::auditor::evidence::Evidence;
use crate::chance::Chance;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// How often a client asks before he gives up for good.
pub const ATTEMPTS: u32 = 14;

/// What a swarm is.
#[derive(Clone, Debug)]
pub struct Options {
    /// Of everything it does.
    pub seed: u64,
    /// How many.
    pub clients: usize,
    /// Orders of each.
    pub orders: usize,
    /// The longest a request may take; a longer one fails the test.
    pub deadline: Duration,
}

/// Where it comes down.
#[derive(Clone, Debug)]
pub struct Place {
    /// The server.
    pub base: String,
    /// The raffle.
    pub raffle: String,
    /// Somebody who sells at the counter.
    pub seller: Client,
}

/// What it did and heard.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// What clients were told.
    pub evidence: Evidence,
    /// Every key it used.
    pub asked: BTreeSet<Id>,
    /// Keys whose client gave up without an answer.
    pub unknown: BTreeSet<Id>,
    /// Requests sent whole.
    pub requests: usize,
    /// Of these, those whose answer nobody waited for.
    pub dropped: usize,
    /// Requests that broke off in the middle.
    pub vanished: usize,
    /// Keys that were sent twice at once.
    pub doubled: usize,
    /// Other terms under a known key, all of them refused.
    pub other_terms: usize,
    /// Payments that were declined.
    pub declined: usize,
    /// How often somebody was told to come back, or nobody was there.
    pub later: usize,
}

impl Heard {
    /// Adds what another swarm did and heard.
    pub fn absorb(&mut self, other: Self) {
        self.evidence.add(other.evidence);
        self.asked.extend(other.asked);
        self.unknown.extend(other.unknown);
        self.requests += other.requests;
        self.dropped += other.dropped;
        self.vanished += other.vanished;
        self.doubled += other.doubled;
        self.other_terms += other.other_terms;
        self.declined += other.declined;
        self.later += other.later;
    }
}

impl Heard {
    /// Orders whose payment was declined, however often that was said.
    pub fn declined_orders(&self) -> usize {
        self.evidence.refused.iter().map(|(_, order, _)| *order).collect::<BTreeSet<_>>().len()
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asked, unknown, requests, dropped, vanished, doubled, other_terms, declined, later, .. } = self;
        write!(
            f,
            "{} orders, {requests} requests whole and {vanished} in part, {dropped} answers dropped, {doubled} keys twice at \
             once, {other_terms} with other terms, {declined} declined, {later} times told to come back, {} never answered",
            asked.len(),
            unknown.len()
        )
    }
}

/// Lets a swarm loose and waits until it has had enough.
///
/// # Panics
/// When one of it is told what cannot be true.
pub async fn unleash(place: &Place, options: &Options) -> Heard {
    let place = Arc::new(Place { seller: place.seller.impatient(options.deadline), ..place.clone() });
    let members: Vec<_> = (0..options.clients)
        .map(|index| {
            let chance = Chance::new(Chance::new(options.seed ^ (index as u64) << 32).bits());
            let online = Client::new(&place.base).impatient(options.deadline);
            let member = Member { place: place.clone(), online, chance, heard: Heard::default() };
            tokio::spawn(member.live(options.orders))
        })
        .collect();
    let mut heard = Heard::default();
    for member in members {
        heard.absorb(member.await.unwrap());
    }
    heard
}

/// One order.
#[derive(Clone, Debug)]
struct Order {
    key: String,
    online: bool,
    lines: Value,
    outcome: &'static str,
}

impl Order {
    fn lines(chance: &mut Chance) -> Value {
        json!([{"package_id": chance.below(3) + 1, "quantity": chance.below(3) + 1}])
    }

    fn id(&self) -> Id {
        bytes::id(&self.key).unwrap()
    }

    fn path(&self, raffle: &str) -> String {
        if self.online { format!("/raffles/{raffle}/purchase") } else { "/tickets/generate".to_owned() }
    }

    fn body(&self, raffle: &str) -> Value {
        if self.online {
            json!({"lines": self.lines, "payment": {"outcome": self.outcome}})
        } else {
            json!({"raffle_id": raffle, "lines": self.lines})
        }
    }
}

/// What an answer comes to.
enum Verdict {
    Sold,
    Refused,
    Later,
}

struct Member {
    place: Arc<Place>,
    online: Client,
    chance: Chance,
    heard: Heard,
}

impl Member {
    async fn live(mut self, orders: usize) -> Heard {
        for _ in 0..orders {
            let online = self.chance.below(2) == 0;
            let outcome = if online && self.chance.below(8) == 0 { "decline" } else { "pay" };
            let order = Order { key: self.chance.key(), online, lines: Order::lines(&mut self.chance), outcome };
            self.heard.asked.insert(order.id());
            self.buy(&order).await;
        }
        self.heard
    }

    async fn buy(&mut self, order: &Order) {
        for _ in 0..ATTEMPTS {
            let verdict = match self.chance.below(10) {
                // Three in ten lose the answer, on the way or by turning away.
                0..3 => {
                    self.send_and_leave(order, usize::MAX).await;
                    self.heard.dropped += 1;
                    continue;
                }
                3 => {
                    let part = usize::try_from(self.chance.below(600)).unwrap();
                    self.send_and_leave(order, part).await;
                    self.heard.vanished += 1;
                    continue;
                }
                4..6 => self.click_twice(order).await,
                _ => {
                    let reply = self.ask(order).await;
                    self.judge(order, reply)
                }
            };
            match verdict {
                Verdict::Later => {
                    self.heard.later += 1;
                    tokio::time::sleep(Duration::from_millis(50 + self.chance.below(250))).await;
                }
                Verdict::Refused => return,
                Verdict::Sold => {
                    if self.chance.below(3) == 0 {
                        self.send_other_terms(order).await;
                    }
                    return;
                }
            }
        }
        self.heard.unknown.insert(order.id());
    }

    async fn ask(&mut self, order: &Order) -> Option<Reply> {
        self.heard.requests += 1;
        let client = if order.online { &self.online } else { &self.place.seller };
        let (path, body) = (order.path(&self.place.raffle), order.body(&self.place.raffle));
        match client.try_call(Method::POST, &path, Some(&order.key), Some(&body)).await {
            Ok(reply) => Some(reply),
            Err(error) => {
                assert!(!error.is_timeout(), "{path} hangs beyond its deadline");
                None
            }
        }
    }

    async fn click_twice(&mut self, order: &Order) -> Verdict {
        let mut other = Self { chance: Chance::new(self.chance.bits()), heard: Heard::default(), ..self.twin() };
        let (one, two) = tokio::join!(self.ask(order), other.ask(order));
        self.heard.absorb(other.heard);
        self.heard.doubled += 1;
        match (self.judge(order, one), self.judge(order, two)) {
            (Verdict::Sold, Verdict::Refused) | (Verdict::Refused, Verdict::Sold) => {
                panic!("order {} was sold and refused at once", order.key)
            }
            (Verdict::Sold, _) | (_, Verdict::Sold) => Verdict::Sold,
            (Verdict::Refused, _) | (_, Verdict::Refused) => Verdict::Refused,
            (Verdict::Later, Verdict::Later) => Verdict::Later,
        }
    }

    fn twin(&self) -> Self {
        let (place, online) = (self.place.clone(), self.online.clone());
        Self { place, online, chance: Chance::new(0), heard: Heard::default() }
    }

    /// A key whose order stands, with other lines or by the other way in: refused by name, for ever (I3).
    async fn send_other_terms(&mut self, order: &Order) {
        let mut other = order.clone();
        if self.chance.below(3) == 0 {
            other.online = !order.online;
            other.outcome = "pay";
        } else {
            while other.lines == order.lines {
                other.lines = Order::lines(&mut self.chance);
            }
        }
        let Some(reply) = self.ask(&other).await else { return };
        if reply.status != 503 {
            reply.refused(409, "idempotency_terms_differ");
            self.heard.other_terms += 1;
        }
    }

    /// Writes down what an answer says of its order.
    fn judge(&mut self, order: &Order, reply: Option<Reply>) -> Verdict {
        let Some(reply) = reply else { return Verdict::Later };
        match (reply.status, reply.code()) {
            (200 | 201, _) => {
                let ticket = if order.online { &reply.body["ticket"] } else { &reply.body };
                assert_eq!(ticket["order_key"], json!(order.key), "{}", reply.text);
                let terms = |line: &Value| (line["package_id"].clone(), line["quantity"].clone());
                let lines: Vec<_> = ticket["lines"].as_array().unwrap().iter().map(terms).collect();
                let asked: Vec<_> = order.lines.as_array().unwrap().iter().map(terms).collect();
                assert_eq!(lines, asked, "order {} was answered with other terms", order.key);
                self.heard.evidence.ticket("one of the swarm", ticket);
                Verdict::Sold
            }
            // Its payment is under way.
            (202, _) => Verdict::Later,
            (503, _) => {
                assert!(reply.retry_after.is_some(), "a refusal without Retry-After: {}", reply.text);
                Verdict::Later
            }
            (402, "payment_declined") if order.outcome == "decline" => {
                self.heard.declined += 1;
                let raffle = bytes::id(&self.place.raffle).unwrap();
                self.heard.evidence.refused.push((raffle, order.id(), "declined".to_owned()));
                Verdict::Refused
            }
            (status, _) => panic!("{status} for {}: {}", order.key, reply.text),
        }
    }

    /// Sends so many bytes of a request, or all, and closes the connection without listening.
    async fn send_and_leave(&mut self, order: &Order, bytes: usize) {
        let body = order.body(&self.place.raffle).to_string();
        let token = self
            .place
            .seller
            .token()
            .filter(|_| !order.online)
            .map(|token| format!("authorization: Bearer {token}\r\n"));
        let host = self.place.base.trim_start_matches("http://");
        let request = format!(
            "POST /api/v1{} HTTP/1.1\r\nhost: {host}\r\n{}content-type: application/json\r\nidempotency-key: {}\r\n\
             content-length: {}\r\n\r\n{body}",
            order.path(&self.place.raffle),
            token.unwrap_or_default(),
            order.key,
            body.len()
        );
        if bytes >= request.len() {
            self.heard.requests += 1;
        }
        // Nobody may be there at the moment; then it never left.
        let Ok(mut line) = TcpStream::connect(host).await else { return };
        let part = &request.as_bytes()[..bytes.min(request.len())];
        if line.write_all(part).await.is_ok() {
            // Some stay on the line for a while before they are gone: the seed says how long.
            tokio::time::sleep(Duration::from_millis(self.chance.below(30))).await;
        }
    }
}
