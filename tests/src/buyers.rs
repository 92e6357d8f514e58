//! Hostile people who buy online. Each has a key and patience of his own: he asks up to fourteen times, clicks twice, loses
//! three replies of ten, vanishes in the middle of a request, comes again later under the same key, tries the same key
//! with other terms. Whatever the server said to any of them is kept, heard or not.

use crate::api::{Client, Reply};
use crate::auditor::bytes::{self, Id};
use crate::auditor::evidence::Evidence;
use crate::chance::Chance;
use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What one charge fourteen times was in the field.
const TRIES_MAX: u64 = 14;

/// The longest any request may take: the server's own stages, with room for a busy machine.
const DEADLINE: Duration = Duration::from_secs(25);

/// Who buys what, where.
#[derive(Clone, Debug)]
pub struct Crowd {
    /// `http://…` of the server.
    pub base: String,
    /// The raffle.
    pub raffle: String,
    /// Chooses everything they do.
    pub seed: u64,
    /// How many orders.
    pub orders: usize,
    /// How many at the same time.
    pub abreast: usize,
}

/// What everybody saw so far.
#[derive(Debug, Default)]
pub struct Seen {
    /// Buyers who are through.
    pub done: AtomicUsize,
    /// Requests that bought, all of them.
    pub asked: AtomicU64,
    /// Requests nobody answered.
    pub unanswered: AtomicU64,
    /// Replies that were lost on their way to the buyer.
    pub dropped: AtomicU64,
    /// Buyers who vanished in the middle of a request.
    pub vanished: AtomicU64,
    /// Double clicks.
    pub double_clicks: AtomicU64,
    /// Keys tried with other terms.
    pub other_terms: AtomicU64,
    /// Answers by status and code.
    pub answers: Mutex<BTreeMap<String, u64>>,
    /// Answers that took longer than anybody may be kept.
    pub overdue: AtomicU64,
    /// What no answer may be, in words.
    pub wrong: Mutex<Vec<String>>,
}

/// One order as its buyer knows it.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its key.
    pub key: String,
    /// What was asked for.
    pub body: Value,
    /// Whether anybody ever said that it was accepted, with its ticket.
    pub accepted: bool,
    /// Whether anybody ever said that it was declined.
    pub declined: bool,
    /// How often he asked.
    pub tries: u32,
}

impl Crowd {
    /// Everybody buys. Answers every order and what was said about it.
    pub async fn buy(&self, seen: &Seen) -> (Vec<Order>, Evidence) {
        let client = Client::new(&self.base).impatient(DEADLINE);
        let told = stream::iter(0..self.orders)
            .map(|number| {
                let mut chance = Chance::new(self.seed);
                // Each buyer a stream of his own, whoever else is there.
                chance = Chance::new(chance.bits() ^ Chance::new(number as u64).bits());
                Buyer::new(self, client.clone(), chance, seen).run()
            })
            .buffer_unordered(self.abreast);
        told.fold(
            (Vec::with_capacity(self.orders), Evidence::default()),
            async |(mut orders, mut all), (order, said)| {
                orders.push(order);
                all.add(said);
                (orders, all)
            },
        )
        .await
    }

    /// Everybody comes again under the same key, once, and keeps what he is told.
    pub async fn come_again(&self, orders: &[Order], share: usize, seen: &Seen) -> Evidence {
        let client = Client::new(&self.base).impatient(DEADLINE);
        let again = orders.iter().step_by(share.max(1)).map(|order| {
            let mut buyer = Buyer::new(self, client.clone(), Chance::new(self.seed), seen);
            buyer.order = order.clone();
            async move {
                for _ in 0..TRIES_MAX {
                    if buyer.ask().await.is_some_and(|heard| heard.definite) {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                buyer.said
            }
        });
        stream::iter(again)
            .buffer_unordered(self.abreast)
            .fold(Evidence::default(), async |mut all, said| {
                all.add(said);
                all
            })
            .await
    }

    /// What the server says of every order in the end: its state, `not_seen` where there is none.
    pub async fn states(&self, orders: &[Order]) -> BTreeMap<Id, Value> {
        let client = Client::new(&self.base);
        let asked = orders.iter().map(|order| {
            let (client, path) = (client.clone(), format!("/raffles/{}/orders/{}", self.raffle, order.key));
            let id = bytes::id(&order.key).unwrap();
            async move { (id, client.get(&path).await.expect(200)) }
        });
        stream::iter(asked).buffer_unordered(self.abreast).collect().await
    }
}

/// What a buyer took from an answer.
struct Heard {
    /// Nothing else will ever be said under this key.
    definite: bool,
    /// The order is on record.
    on_record: bool,
}

struct Buyer<'a> {
    crowd: &'a Crowd,
    client: Client,
    chance: Chance,
    seen: &'a Seen,
    path: String,
    raffle: Id,
    order: Order,
    said: Evidence,
}

impl<'a> Buyer<'a> {
    fn new(crowd: &'a Crowd, client: Client, mut chance: Chance, seen: &'a Seen) -> Self {
        let lines = json!([{"package_id": chance.below(3) + 1, "quantity": chance.below(3) + 1}]);
        let body = json!({"lines": lines, "payment": {"payment_method": "pm_card_visa"}});
        let order = Order { key: chance.key(), body, accepted: false, declined: false, tries: 0 };
        let path = format!("/raffles/{}/purchase", crowd.raffle);
        let raffle = bytes::id(&crowd.raffle).unwrap();
        Self { crowd, client, chance, seen, path, raffle, order, said: Evidence::default() }
    }

    async fn run(mut self) -> (Order, Evidence) {
        let tries = 1 + self.chance.below(TRIES_MAX);
        let (mut tried_other_terms, mut on_record) = (false, false);
        for _ in 0..tries {
            let heard = match self.chance.below(100) {
                0..8 => {
                    self.vanish().await;
                    None
                }
                8..18 => {
                    self.seen.double_clicks.fetch_add(1, Ordering::Relaxed);
                    let (one, other) = tokio::join!(self.send(&self.order.body), self.send(&self.order.body));
                    let one = self.keep(one);
                    self.keep(other).or(one)
                }
                _ => self.ask().await,
            };
            // The server said it and the buyer never heard.
            if heard.is_some() && self.chance.below(100) < 30 {
                self.seen.dropped.fetch_add(1, Ordering::Relaxed);
            } else if let Some(heard) = heard {
                on_record |= heard.on_record;
                if on_record && !tried_other_terms && self.chance.below(100) < 5 {
                    tried_other_terms = true;
                    self.other_terms().await;
                }
                if heard.definite {
                    break;
                }
            }
            tokio::time::sleep(Duration::from_millis(20 + self.chance.below(300))).await;
        }
        self.seen.done.fetch_add(1, Ordering::SeqCst);
        (self.order, self.said)
    }

    async fn ask(&mut self) -> Option<Heard> {
        let reply = self.send(&self.order.body).await;
        self.keep(reply)
    }

    async fn send(&self, body: &Value) -> Option<Reply> {
        self.seen.asked.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let reply = self.client.try_call(Method::POST, &self.path, Some(&self.order.key), Some(body)).await.ok();
        if reply.is_none() {
            self.seen.unanswered.fetch_add(1, Ordering::Relaxed);
            if began.elapsed() >= DEADLINE {
                self.seen.overdue.fetch_add(1, Ordering::Relaxed);
            }
        }
        reply
    }

    /// Closes the page while the request is under way.
    async fn vanish(&mut self) {
        self.seen.vanished.fetch_add(1, Ordering::Relaxed);
        self.order.tries += 1;
        let patience = Duration::from_millis(self.chance.below(30));
        let _ = tokio::time::timeout(patience, self.send(&self.order.body)).await;
    }

    async fn other_terms(&mut self) {
        self.seen.other_terms.fetch_add(1, Ordering::Relaxed);
        let mut body = self.order.body.clone();
        body["lines"][0]["quantity"] = json!(9);
        if let Some(reply) = self.send(&body).await
            && !matches!(reply.status, 429 | 503)
            && reply.code() != "idempotency_terms_differ"
        {
            self.wrong(&format!("key {} with other terms", self.order.key), &reply);
        }
    }

    fn wrong(&self, what: &str, reply: &Reply) {
        self.seen.wrong.lock().unwrap().push(format!("{what}: {} {}", reply.status, reply.text));
    }

    /// Keeps what was said, whoever hears it.
    fn keep(&mut self, reply: Option<Reply>) -> Option<Heard> {
        self.order.tries += 1;
        let reply = reply?;
        let name = if reply.code().is_empty() {
            format!("{} {}", reply.status, reply.body["state"].as_str().unwrap_or_default())
        } else {
            format!("{} {}", reply.status, reply.code())
        };
        *self.seen.answers.lock().unwrap().entry(name).or_default() += 1;
        let id = bytes::id(&self.order.key).unwrap();
        let mut heard = Heard { definite: true, on_record: true };
        match (reply.status, reply.code()) {
            (201, _) if reply.body["ticket"].is_object() => {
                self.order.accepted = true;
                self.said.ticket("a buyer", &reply.body["ticket"]);
            }
            (402, "payment_declined") => {
                self.order.declined = true;
                self.said.answers.push((id, "no ticket".to_owned()));
                self.said.refused.push((self.raffle, id, "declined".to_owned()));
            }
            (409, "hold_ended") => self.said.answers.push((id, "no ticket".to_owned())),
            (200, _) if matches!(reply.body["state"].as_str(), Some("refund_due" | "refunded")) => {
                if reply.body["ticket"].is_null() {
                    self.said.answers.push((id, "no ticket".to_owned()));
                }
            }
            (409, "sales_closed") => {
                self.said.refused.push((self.raffle, id, "sales_closed".to_owned()));
                heard.on_record = false;
            }
            (202, _) => heard.definite = false,
            (503, _) if reply.retry_after.is_some() => heard = Heard { definite: false, on_record: false },
            _ => self.wrong(&format!("order {} in raffle {}", self.order.key, self.crowd.raffle), &reply),
        }
        Some(heard)
    }
}
