//! One raffle, and everything that went wrong in the field at once: buyers who ask again and again, a payment provider that
//! answers late, twice or never, a server that is killed, a provider that is away. Nobody pays twice, nobody pays for
//! nothing, nothing acknowledged is lost, and the pot is the sum of the orders.

use crate::{acknowledge, again, close, open, whole, with_provider};
use drumroll_tests::auditor::bytes::{self, Id};
use drumroll_tests::auditor::{self, Check, payments};
use drumroll_tests::buyers::{Crowd, Order, Seen};
use drumroll_tests::chance::{self, Chance};
use drumroll_tests::provider::{Moods, Provider};
use drumroll_tests::server::Site;
use drumroll_tests::skip;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::until;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How much of it.
struct Scale {
    orders: usize,
    abreast: usize,
    charges_max: usize,
    kills: usize,
    absences: usize,
    hold_s: u64,
    deadline: Duration,
    longest: Duration,
    /// The longest the whole crowd may take.
    limit: Duration,
}

impl Scale {
    const fn small() -> Self {
        Self {
            orders: 750,
            abreast: 100,
            charges_max: 64,
            kills: 2,
            absences: 1,
            hold_s: 30,
            deadline: Duration::from_millis(800),
            longest: Duration::from_secs(7),
            limit: Duration::from_secs(180),
        }
    }

    fn whole() -> Self {
        let orders = std::env::var("DRUMROLL_TEST_ORDERS").ok();
        let orders = orders.map_or(300_000, |orders| orders.parse().expect("DRUMROLL_TEST_ORDERS is a number"));
        Self {
            orders,
            abreast: 800,
            charges_max: 512,
            kills: 20,
            absences: 4,
            hold_s: 60,
            deadline: Duration::from_secs(2),
            longest: Duration::from_secs(75),
            limit: Duration::from_secs(3 * 3_600),
        }
    }
}

/// I1, I2, I3, I5, I8 over a file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i3_i5_hostile_buyers_a_moody_provider_and_kills_on_sqlite() {
    let name = "oilers-sqlite";
    // The whole of it is PostgreSQL's.
    night(name, Site::sqlite(name), Scale::small()).await;
}

/// I1, I2, I3, I5, I8 over a server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i3_i5_hostile_buyers_a_moody_provider_and_kills_on_postgres() {
    let name = "oilers-postgres";
    match Site::postgres(name).await {
        Some(site) => night(name, site, if whole() { Scale::whole() } else { Scale::small() }).await,
        None => skip(name, "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it"),
    }
}

async fn night(name: &str, mut site: Site, scale: Scale) {
    let seed = chance::seed(name);
    let mut chance = Chance::new(seed);
    let moods = Moods { seed, deadline: scale.deadline, longest: scale.longest, good: false };
    let mut provider = with_provider(&mut site, moods, scale.charges_max).await;
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = open(&crew, name, scale.hold_s).await;
    let crowd =
        Crowd { base: site.base.clone(), raffle: raffle.clone(), seed, orders: scale.orders, abreast: scale.abreast };
    let seen = Arc::new(Seen::default());
    let began = Instant::now();
    let buying = tokio::spawn({
        let (crowd, seen) = (crowd.clone(), seen.clone());
        async move { crowd.buy(&seen).await }
    });
    // One mishap after the other, each when so many are through, and the close while the last are still buying.
    let mishaps = scale.kills + scale.absences;
    for mishap in 0..mishaps {
        through(&seen, scale.orders * (mishap + 1) / (mishaps + 2), scale.limit).await;
        if mishap % (mishaps / scale.absences) == 1 {
            provider.go_away().await;
            // Not to wait for something: this is how long it is away.
            tokio::time::sleep(scale.deadline * 2).await;
            provider.come_back().await;
        } else {
            site.kill();
            tokio::time::sleep(Duration::from_millis(chance.below(300))).await;
            site.start().await;
        }
    }
    through(&seen, scale.orders * 97 / 100, scale.limit).await;
    let manager = again(&site, &crew.manager).await;
    close(&manager, &raffle).await;
    let (orders, mut evidence) = buying.await.unwrap();
    let bought_in = began.elapsed();
    evidence.add(crowd.come_again(&orders, 5, &seen).await);
    settled(&site, &provider).await;
    let settled_in = began.elapsed();
    evidence.add(crowd.come_again(&orders, if whole() { 50 } else { 3 }, &seen).await);
    let states = crowd.states(&orders).await;
    let manager = again(&site, &crew.manager).await;
    let report = acknowledge(&manager, &raffle).await;
    drop(manager);
    assert_eq!(site.stop().await, Some(0));

    // What each side says, and whether it is the same.
    let id = bytes::id(&raffle).unwrap();
    let mut audit = auditor::audit(&site.database.books().await, &evidence);
    let kept_minor = payments::check(&provider.payments(), id, &audit.raffles[&id], &mut audit.findings);
    let ends = told(&orders, &states, &mut audit.findings);
    let (sums, counts) = (audit.raffle(id).sums(), provider.counts());
    println!(
        "{name}: {} orders in {:.1} s, {:.0} a second; everything settled after {:.1} s; {} kills, {} absences of the \
         provider\n  buyers: {} requests, {} unanswered, {} replies lost, {} vanished, {} double clicks, {} tries with \
         other terms\n  answers: {:?}\n  ends: {ends:?}\n  provider: {counts:?}\n  pot {} minor units, the provider keeps \
         {kept_minor}",
        orders.len(),
        bought_in.as_secs_f32(),
        orders.len() as f32 / bought_in.as_secs_f32(),
        settled_in.as_secs_f32(),
        scale.kills,
        scale.absences,
        seen.asked.load(Ordering::Relaxed),
        seen.unanswered.load(Ordering::Relaxed),
        seen.dropped.load(Ordering::Relaxed),
        seen.vanished.load(Ordering::Relaxed),
        seen.double_clicks.load(Ordering::Relaxed),
        seen.other_terms.load(Ordering::Relaxed),
        seen.answers.lock().unwrap(),
        sums.net_minor(),
    );
    audit.expect_clean(name);
    let wrong = seen.wrong.lock().unwrap().clone();
    assert!(wrong.is_empty(), "{} answers that must not be: {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    assert_eq!(seen.overdue.load(Ordering::Relaxed), 0, "requests hung beyond any deadline");
    assert_eq!(counts.forged_taken, 0, "webhooks that nobody signed were taken");
    assert_eq!(counts.keys_with_other_terms, 0, "the server used one key for two things");
    assert_eq!(report["net_minor"].as_u64().unwrap_or(sums.net_minor()), sums.net_minor());
    assert_eq!(sums.net_minor(), kept_minor, "the pot is what was paid");
    assert_eq!(log_leaks(&site), Vec::<&str>::new(), "secrets in the log");
    // A night on which nothing went wrong would prove nothing.
    assert!(counts.charges > 0 && counts.declined > 0 && counts.silences > 0 && counts.failures > 0, "{counts:?}");
    assert!(counts.second_charges_prevented > 0 && counts.forged > 0 && counts.refunds > 0, "{counts:?}");
    site.close().await;
}

fn log_leaks(site: &Site) -> Vec<&'static str> {
    site.log.leaks([drumroll_tests::provider::SECRET_KEY, drumroll_tests::provider::WEBHOOK_SECRET, "pm_card_visa"])
}

/// Waits until so many buyers are through.
async fn through(seen: &Seen, orders: usize, limit: Duration) {
    until(format!("{orders} buyers are through"), limit, async || {
        (seen.done.load(Ordering::SeqCst) >= orders).then_some(())
    })
    .await;
}

/// Waits until nothing is under way on either side: no order is open, no refund due, no payment undecided, and as many are
/// paid here as the provider keeps. Were that never so, the audit would say what is wrong; so this gives up in silence.
async fn settled(site: &Site, provider: &Provider) {
    let open =
        "SELECT count(*) FROM orders WHERE status = 'held' OR refund_due_at IS NOT NULL AND refund_reference IS NULL";
    let paid = "SELECT count(*) FROM orders WHERE status = 'paid' AND refund_reference IS NULL";
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(if whole() { 600 } else { 60 }) {
        let payments = provider.payments();
        let undecided = payments.iter().filter(|paid| paid.charged == 0 && !paid.declined && !paid.cancelled).count();
        let kept = payments.iter().filter(|paid| paid.charged > 0 && !paid.refunded).count() as u64;
        if undecided + provider.open_matters() == 0
            && site.database.number(open).await == 0
            && site.database.number(paid).await == kept
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(if whole() { 1_000 } else { 100 })).await;
    }
    println!("not everything is settled after {:?}", began.elapsed());
}

/// What buyers were told, against how their orders ended. Answers how many ended how.
fn told(orders: &[Order], states: &BTreeMap<Id, Value>, findings: &mut auditor::Findings) -> BTreeMap<String, usize> {
    let mut ends = BTreeMap::new();
    for order in orders {
        let state = &states[&bytes::id(&order.key).unwrap()];
        let end = state["state"].as_str().or(state["answer"].as_str()).unwrap_or_default();
        *ends.entry(end.to_owned()).or_default() += 1;
        if order.accepted && end != "paid" {
            findings.add(Check::SaleLost, format!("order {} was accepted and is {end}", order.key));
        }
        if order.declined && end != "declined" {
            findings.add(Check::AnswerDiffers, format!("order {} was declined and is {end}", order.key));
        }
        if !matches!(end, "paid" | "declined" | "expired" | "refunded" | "not_seen") {
            findings.add(Check::Charge, format!("order {} is {end} in the end", order.key));
        }
    }
    ends
}
