//! Sellers who ask any server for any raffle, and keep every answer.

use drumroll_tests::api::Client;
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::auditor::{self, bytes};
use drumroll_tests::chance::{self, Chance};
use drumroll_tests::database::{Database, connect};
use drumroll_tests::league::League;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::until;
use drumroll_tests::{now_ms, skip};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// A sale that is not answered for good by then will never be.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long one answer may take before a client turns to another server, as a balancer in front would.
const ANSWER: Duration = Duration::from_secs(2);

/// Sellers per raffle.
const SELLERS: usize = 2;

/// A server that did not answer is left alone for so long, as a balancer's checks would do.
const SHUNNED: Duration = Duration::from_secs(5);

/// A server as one seller knows it.
#[derive(Clone, Debug)]
struct Door {
    client: Client,
    failed: Option<Instant>,
}

/// What the sellers of one raffle saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    sold: AtomicUsize,
    /// When the last order was begun that was answered.
    begun: Mutex<Option<Instant>>,
}

/// Three servers, raffles on sale, and people who sell.
pub(crate) struct Trade {
    pub(crate) name: String,
    pub(crate) league: League,
    pub(crate) crew: Crew,
    pub(crate) raffles: Vec<String>,
    pub(crate) chance: Chance,
    seen: Vec<Arc<Seen>>,
    stop: Arc<AtomicBool>,
    sellers: Vec<JoinHandle<(Vec<Order>, Evidence)>>,
}

#[derive(Clone, Debug)]
struct Order {
    key: String,
    body: Value,
}

impl Trade {
    /// Opens raffles on three fresh servers and starts to sell in all of them, everywhere.
    pub(crate) async fn open(name: &str, raffles: usize, redis: Option<&str>) -> Option<Self> {
        let Some(database) = Database::postgres().await else {
            skip(name, "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it");
            return None;
        };
        Some(Self::over(name, raffles, League::new(name, &database, redis)).await)
    }

    /// The same on servers that are at hand.
    pub(crate) async fn over(name: &str, raffles: usize, mut league: League) -> Self {
        let seed = chance::seed(name);
        league.start().await;
        let crew = Crew::take_over(&league.members[0]).await;
        let mut opened = Vec::new();
        for number in 0..raffles {
            opened.push(crew.open_raffle(&format!("{name} {number}"), now_ms() + 3_600_000).await);
        }
        let stop = Arc::<AtomicBool>::default();
        let door = |base: &str| Door { client: crew.seller.client.at(base).impatient(ANSWER), failed: None };
        let doors: Vec<Door> = league.members.iter().map(|site| door(&site.base)).collect();
        let (mut seen, mut sellers) = (Vec::new(), Vec::new());
        for (number, raffle) in opened.iter().enumerate() {
            let own = Arc::<Seen>::default();
            for seller in 0..SELLERS {
                let chance = Chance::new(Chance::new(seed + (number * SELLERS + seller) as u64).bits());
                let sell = sell(doors.clone(), raffle.clone(), chance, own.clone(), stop.clone());
                sellers.push(tokio::spawn(sell));
            }
            seen.push(own);
        }
        let trade = Self {
            name: name.to_owned(),
            league,
            crew,
            raffles: opened,
            chance: Chance::new(seed),
            seen,
            stop,
            sellers,
        };
        trade.sells().await;
        trade
    }

    /// Sales that were acknowledged.
    pub(crate) fn sold(&self) -> usize {
        self.seen.iter().map(|seen| seen.sold.load(Ordering::SeqCst)).sum()
    }

    /// Waits until every raffle has sold to somebody who asked after this moment. How long each took.
    pub(crate) async fn sells(&self) -> Vec<Duration> {
        let began = Instant::now();
        let mut times = Vec::new();
        for (raffle, seen) in self.raffles.iter().zip(&self.seen) {
            let took = until(format!("raffle {raffle} sells"), PATIENCE, async || {
                let begun = (*seen.begun.lock().unwrap())?;
                (begun > began).then(|| began.elapsed())
            })
            .await;
            times.push(took);
        }
        times
    }

    /// Which member runs each raffle.
    pub(crate) async fn owners(&self) -> Vec<Option<usize>> {
        let mut owners = Vec::new();
        for raffle in &self.raffles {
            owners.push(self.league.owner(raffle).await);
        }
        owners
    }

    /// Lets everybody finish, asks for every order once more at every server, stops them all, and lets the auditor judge.
    pub(crate) async fn settle(self) {
        self.end(true).await;
    }

    /// The same where the test itself has sold as well, under keys of its own.
    pub(crate) async fn extra_orders_settle(self) {
        self.end(false).await;
    }

    async fn end(mut self, nothing_else: bool) {
        self.stop.store(true, Ordering::SeqCst);
        let (mut orders, mut evidence) = (Vec::new(), Evidence::default());
        for seller in self.sellers {
            let (own, kept) = seller.await.unwrap();
            orders.extend(own);
            evidence.add(kept);
        }
        for site in &self.league.members {
            let client = self.crew.seller.client.at(&site.base);
            for _ in 0..40 {
                let order = self.chance.of(&orders);
                let (reply, _) = client.insist("/tickets/generate", &order.key, &order.body).await;
                evidence.ticket("asked again at the end", &reply.expect_one_of(&[200, 201]));
            }
        }
        let database = self.league.members[0].database.clone();
        let epochs = epochs(&database).await;
        assert_eq!(self.league.stop().await, Some(0));
        let audit = auditor::audit(&database.books().await, &evidence);
        audit.expect_clean(&self.name);
        let asked: BTreeSet<_> = orders.iter().map(|order| bytes::id(&order.key).unwrap()).collect();
        let sold: BTreeSet<_> = self
            .raffles
            .iter()
            .flat_map(|raffle| audit.raffle(bytes::id(raffle).unwrap()).tickets.keys().copied().collect::<Vec<_>>())
            .collect();
        assert!(sold.is_superset(&asked), "every order is sold once");
        assert!(!nothing_else || sold == asked, "and nothing else");
        println!("{}: {} orders; the raffles' events are of {epochs} epochs, in order", self.name, orders.len());
        drop(self.league);
        database.remove().await;
    }
}

/// Counts the epochs that events are of. Within a journal they never go back: nothing of an old epoch was accepted
/// after the first event of a newer one (I11).
async fn epochs(database: &Database) -> i64 {
    let client = connect(&database.setting()).await;
    let back = "SELECT count(*) FROM (SELECT epoch, lag(epoch) OVER (PARTITION BY stream ORDER BY seq) AS before FROM events) \
        AS steps WHERE epoch < before";
    let back: i64 = client.query_one(back, &[]).await.unwrap().get(0);
    assert_eq!(back, 0, "events of an old epoch stand after a newer one's");
    let epochs = "SELECT count(*) FROM (SELECT DISTINCT stream, epoch FROM events \
        WHERE raffle <> '00000000-0000-0000-0000-000000000000') AS epochs";
    client.query_one(epochs, &[]).await.unwrap().get(0)
}

async fn sell(
    mut doors: Vec<Door>,
    raffle: String,
    mut chance: Chance,
    seen: Arc<Seen>,
    stop: Arc<AtomicBool>,
) -> (Vec<Order>, Evidence) {
    let (mut orders, mut evidence) = (Vec::new(), Evidence::default());
    while !stop.load(Ordering::SeqCst) {
        let lines = json!([{"package_id": chance.below(3) + 1, "quantity": 1}]);
        let order = Order { key: chance.key(), body: json!({"raffle_id": raffle, "lines": lines}) };
        let begun = Instant::now();
        let times = 1 + usize::from(chance.below(4) == 0);
        for _ in 0..times {
            evidence.ticket("a seller", &insist(&mut doors, &order, &mut chance).await);
        }
        orders.push(order);
        seen.sold.fetch_add(1, Ordering::SeqCst);
        *seen.begun.lock().unwrap() = Some(begun);
        tokio::time::sleep(Duration::from_millis(chance.below(30))).await;
    }
    (orders, evidence)
}

/// Asks one server after the other, in any order, under one key, until the ticket is there.
async fn insist(doors: &mut [Door], order: &Order, chance: &mut Chance) -> Value {
    let began = Instant::now();
    loop {
        assert!(began.elapsed() < PATIENCE, "order {} has no answer", order.key);
        let open = |door: &&mut Door| door.failed.is_none_or(|at| at.elapsed() > SHUNNED);
        let mut open: Vec<&mut Door> = doors.iter_mut().filter(open).collect();
        if open.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        }
        let at = chance.below(open.len() as u64) as usize;
        let Door { client: door, failed } = &mut *open[at];
        let asked = door.try_call(Method::POST, "/tickets/generate", Some(&order.key), Some(&order.body)).await;
        match asked {
            Ok(reply) if matches!(reply.status, 200 | 201) => return reply.body,
            Ok(reply) if reply.status == 503 => {
                assert!(reply.retry_after.is_some(), "a refusal without Retry-After: {}", reply.text);
            }
            Ok(reply) => panic!("{} for {}: {}", reply.status, order.key, reply.text),
            // Dead, frozen, or on its way there.
            Err(_) => *failed = Some(Instant::now()),
        }
        tokio::time::sleep(Duration::from_millis(50 + chance.below(100))).await;
    }
}
