//! People who buy while something breaks, and keep every answer they get.

use drumroll_tests::api::{Client, Reply};
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::auditor::{self, bytes};
use drumroll_tests::chance::Chance;
use drumroll_tests::now_ms;
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::until;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// No request may take longer, whatever the stages on its way wait for: the server's own deadline is 8 s. The rest is
/// for a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(8 + 4);

/// A sale that is not answered for good by then will never be.
const PATIENCE: Duration = Duration::from_secs(150);

/// What everybody saw so far, for the one who breaks things.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    stop: AtomicBool,
    sold: AtomicUsize,
    /// Refusals by code.
    refused: Mutex<BTreeMap<String, usize>>,
    slowest: Mutex<Duration>,
}

impl Seen {
    /// Sales that were acknowledged.
    pub(crate) fn sold(&self) -> usize {
        self.sold.load(Ordering::SeqCst)
    }

    /// How often somebody was asked to come back.
    pub(crate) fn refused(&self) -> usize {
        self.refused.lock().unwrap().values().sum()
    }

    /// The longest that a request took.
    pub(crate) fn slowest(&self) -> Duration {
        *self.slowest.lock().unwrap()
    }

    fn took(&self, time: Duration) {
        let mut slowest = self.slowest.lock().unwrap();
        *slowest = time.max(*slowest);
    }

    /// Waits until somebody who asks after this moment has bought.
    pub(crate) async fn sells(&self) {
        // Each of the crowd may have had one under way.
        let enough = self.sold() + CROWD + 1;
        until("sales go through", PATIENCE, async || (self.sold() >= enough).then_some(())).await;
    }
}

const CROWD: usize = 6;

/// One event with a crowd that buys until it is told to stop.
pub(crate) struct Crowd {
    pub(crate) seen: Arc<Seen>,
    name: String,
    raffle: String,
    members: Vec<JoinHandle<(Vec<Order>, Evidence)>>,
}

#[derive(Clone, Debug)]
struct Order {
    client: Client,
    path: String,
    key: String,
    body: Value,
}

impl Crowd {
    /// Opens an event on a fresh server and starts buying: two of three at the counter, one online.
    pub(crate) async fn gather(site: &Site, name: &str, seed: u64) -> Self {
        let crew = Crew::take_over(site).await;
        let raffle = crew.open_raffle(name, now_ms() + 3_600_000).await;
        let seen = Arc::<Seen>::default();
        let counter = crew.seller.client.impatient(DEADLINE);
        let online = Client::new(&site.base).impatient(DEADLINE);
        let member = |index: usize| {
            let chance = Chance::new(Chance::new(seed + index as u64).bits());
            let client = if index % 3 == 2 { &online } else { &counter };
            tokio::spawn(buy(client.clone(), index % 3 == 2, raffle.clone(), chance, seen.clone()))
        };
        let crowd = Self { members: (0..CROWD).map(member).collect(), seen, name: name.to_owned(), raffle };
        crowd.seen.sells().await;
        crowd
    }

    /// Lets everybody finish, asks for every order once more, stops the server, and lets the auditor judge: what was
    /// asked for was sold once, as it was answered, and nothing else was.
    pub(crate) async fn settle(self, site: &mut Site) {
        self.seen.stop.store(true, Ordering::SeqCst);
        let (mut orders, mut evidence) = (Vec::new(), Evidence::default());
        for member in self.members {
            let (own, kept) = member.await.unwrap();
            orders.extend(own);
            evidence.add(kept);
        }
        for order in &orders {
            evidence.ticket("asked again at the end", &insist(order, &self.seen).await);
        }
        let Seen { refused, slowest, .. } = &*self.seen;
        let (refused, slowest) = (refused.lock().unwrap().clone(), slowest.lock().unwrap().as_millis());
        println!(
            "{}: {} orders, told to come back {refused:?}, the slowest answer took {slowest} ms",
            self.name,
            orders.len()
        );
        assert_eq!(site.stop().await, Some(0));
        let audit = auditor::audit(&site.database.books().await, &evidence);
        audit.expect_clean(&self.name);
        let sold: BTreeSet<_> = audit.raffle(bytes::id(&self.raffle).unwrap()).tickets.keys().copied().collect();
        let asked: BTreeSet<_> = orders.iter().map(|order| bytes::id(&order.key).unwrap()).collect();
        assert_eq!(sold, asked, "every order is sold once, and nothing else");
    }
}

async fn buy(
    client: Client,
    online: bool,
    raffle: String,
    mut chance: Chance,
    seen: Arc<Seen>,
) -> (Vec<Order>, Evidence) {
    let (mut orders, mut evidence) = (Vec::new(), Evidence::default());
    while !seen.stop.load(Ordering::SeqCst) {
        let lines = json!([{"package_id": 1, "quantity": chance.below(3) + 1}]);
        let (path, body) = if online {
            (format!("/raffles/{raffle}/purchase"), json!({"lines": lines, "payment": {"outcome": "pay"}}))
        } else {
            ("/tickets/generate".to_owned(), json!({"raffle_id": raffle, "lines": lines}))
        };
        let order = Order { client: client.clone(), path, key: chance.key(), body };
        evidence.ticket("a buyer", &insist(&order, &seen).await);
        seen.sold.fetch_add(1, Ordering::SeqCst);
        if chance.below(4) == 0 {
            evidence.ticket("a buyer who asked twice", &insist(&order, &seen).await);
        }
        orders.push(order);
        // People need a moment between two sales.
        tokio::time::sleep(Duration::from_millis(chance.below(40))).await;
    }
    (orders, evidence)
}

/// Asks under one key until the ticket is there. Every answer comes in time, and one that is none says when to come back.
async fn insist(order: &Order, seen: &Seen) -> Value {
    let began = Instant::now();
    loop {
        let reply = ask(order, seen).await;
        match reply.status {
            200 | 201 if reply.body["ticket"].is_object() => return reply.body["ticket"].clone(),
            200 | 201 => return reply.body,
            // Its payment is under way.
            202 => {}
            503 => {
                assert!(reply.retry_after.is_some(), "a refusal without Retry-After: {}", reply.text);
                *seen.refused.lock().unwrap().entry(reply.code().to_owned()).or_default() += 1;
            }
            other => panic!("{} for {}: {}", other, order.path, reply.text),
        }
        assert!(began.elapsed() < PATIENCE, "order {} has no answer: {}", order.key, reply.text);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn ask(order: &Order, seen: &Seen) -> Reply {
    let began = Instant::now();
    let reply = order.client.try_call(reqwest::Method::POST, &order.path, Some(&order.key), Some(&order.body)).await;
    let took = began.elapsed();
    seen.took(took);
    reply.unwrap_or_else(|error| panic!("{} for {} ms, then {error}", order.path, took.as_millis()))
}
