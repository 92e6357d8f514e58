//! Mass void: 12,800 voids among 297,000 purchases took three weeks in the field. Here: batches of two hundred, lists that
//! stay readable meanwhile, refunds made by themselves, and a reconciliation that adds up.

use crate::{acknowledge, again, close, open, whole, with_provider};
use drumroll_tests::api::{Client, Reply};
use drumroll_tests::auditor::bytes::{self, Id};
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::auditor::{self, payments};
use drumroll_tests::chance::{self, Chance};
use drumroll_tests::provider::Moods;
use drumroll_tests::server::Site;
use drumroll_tests::skip;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::until;
use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Tickets in one call.
const BATCH: usize = 200;

struct Scale {
    purchases: usize,
    /// Of those, paid online by card.
    online: usize,
    voids: usize,
}

const SMALL: Scale = Scale { purchases: 2_970, online: 60, voids: 400 };
const WHOLE: Scale = Scale { purchases: 297_000, online: 9_900, voids: 12_800 };

/// One purchase.
struct Bought {
    order: String,
    validation: String,
    price_minor: u64,
    online: bool,
}

/// T-07, T-08, I1, I4, I5 over a file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t07_i5_mass_void_is_reconciled_on_sqlite() {
    let name = "mass-void-sqlite";
    void(name, Site::sqlite(name), SMALL).await;
}

/// T-07, T-08, I1, I4, I5 over a server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t07_i5_mass_void_is_reconciled_on_postgres() {
    let name = "mass-void-postgres";
    match Site::postgres(name).await {
        Some(site) => void(name, site, if whole() { WHOLE } else { SMALL }).await,
        None => skip(name, "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it"),
    }
}

async fn void(name: &str, mut site: Site, scale: Scale) {
    let seed = chance::seed(name);
    let mut chance = Chance::new(seed);
    let moods = Moods { seed, deadline: Duration::from_secs(20), longest: Duration::from_millis(10), good: true };
    let provider = with_provider(&mut site, moods, 64).await;
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = open(&crew, name, 600).await;

    let began = Instant::now();
    let (seller, public) = (crew.seller.client.clone(), Client::new(&site.base));
    let keys: Vec<String> = (0..scale.purchases).map(|_| chance.key()).collect();
    let (online, counter) = keys.split_at(scale.online);
    let counter = stream::iter(counter.chunks(BATCH).map(|keys| sell(&seller, &raffle, keys))).buffer_unordered(4);
    let online = stream::iter(online.iter().map(|key| buy(&public, &raffle, key))).buffer_unordered(16);
    let mut bought: Vec<Bought> = stream::select(counter, online).concat().await;
    let sold_in = began.elapsed();
    assert_eq!(bought.len(), scale.purchases);
    // In an order that does not hang on who was faster, so that the seed says who is voided.
    bought.sort_unstable_by(|a, b| a.order.cmp(&b.order));

    let manager = again(&site, &crew.manager).await;
    close(&manager, &raffle).await;
    // Whoever complained: every so many, card and cash alike.
    for at in (1..bought.len()).rev() {
        bought.swap(at, usize::try_from(chance.below(at as u64 + 1)).unwrap());
    }
    let card = bought.iter().position(|bought| bought.online).expect("somebody paid by card");
    bought.swap(0, card);
    let (doomed, _) = bought.split_at(scale.voids);
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    for (number, batch) in doomed.chunks(BATCH).enumerate() {
        // By what the operator has: the number on the ticket, or the order behind the payment.
        let tickets = batch.iter().map(|bought| if bought.online { &bought.order } else { &bought.validation });
        let body =
            json!({"raffle_id": raffle, "tickets": tickets.collect::<Vec<_>>(), "reason": "Charged more than once."});
        expect_all(&insist(&manager, "/tickets/batch-void", &body).await, "voided");
        if number % 8 == 0 {
            // An operator who heard nothing sends it again, and others read meanwhile.
            expect_all(&insist(&manager, "/tickets/batch-void", &body).await, "already_voided");
            let asked = Instant::now();
            let report = manager.get(&format!("/admin/raffles/{raffle}/reconciliation")).await.expect(200);
            manager.get(&format!("/tickets/raffle/{raffle}?state=voided&limit=200")).await.expect(200);
            slowest = slowest.max(asked.elapsed());
            let prices = |bought: &[Bought]| bought.iter().map(|bought| bought.price_minor).sum::<u64>();
            let sofar = &doomed[..((number + 1) * BATCH).min(doomed.len())];
            assert_eq!(report["voided_minor"], prices(sofar), "{report}");
        }
    }
    let voided_in = began.elapsed();
    let voided: BTreeSet<Id> = doomed.iter().map(|bought| bytes::id(&bought.order).unwrap()).collect();
    assert_eq!(pull_list(&manager, &raffle).await, voided, "the pull list names every voided ticket once");
    let due = "SELECT count(*) FROM orders WHERE refund_due_at IS NOT NULL AND refund_reference IS NULL";
    until("every refund is made", Duration::from_secs(600), async || {
        (site.database.number(due).await == 0).then_some(())
    })
    .await;
    let refunded_in = began.elapsed();
    let manager = again(&site, &crew.manager).await;
    acknowledge(&manager, &raffle).await;
    let reconciled_in = began.elapsed();
    assert_eq!(site.stop().await, Some(0));

    let id = bytes::id(&raffle).unwrap();
    let mut audit = auditor::audit(&site.database.books().await, &Evidence::default());
    payments::check(&provider.payments(), id, &audit.raffles[&id], &mut audit.findings);
    let (account, counts) = (audit.raffle(id), provider.counts());
    let refunds = doomed.iter().filter(|bought| bought.online).count();
    println!(
        "{name}: {} purchases in {:.1} s, {:.0} a second; {} voids in {:.1} s, {:.0} a second; {refunds} refunds made after \
         {:.1} s; reconciled and acknowledged after {:.2} minutes; the slowest look at report and list took {} ms",
        bought.len(),
        sold_in.as_secs_f32(),
        bought.len() as f32 / sold_in.as_secs_f32(),
        doomed.len(),
        voided_in.as_secs_f32(),
        doomed.len() as f32 / voided_in.as_secs_f32(),
        refunded_in.as_secs_f32(),
        reconciled_in.as_secs_f32() / 60.0,
        slowest.as_millis(),
    );
    let tickets: BTreeMap<Id, bool> =
        account.tickets.iter().map(|(order, ticket)| (*order, ticket.state == "voided")).collect();
    let expected: BTreeMap<Id, bool> = bought
        .iter()
        .map(|bought| bytes::id(&bought.order).unwrap())
        .map(|order| (order, voided.contains(&order)))
        .collect();
    assert!(tickets == expected, "every purchase is there once, and voided if it was voided");
    let (gross, lost) = (bought.iter(), doomed.iter());
    let net = gross.map(|bought| bought.price_minor).sum::<u64>() - lost.map(|bought| bought.price_minor).sum::<u64>();
    assert_eq!(account.sums().net_minor(), net);
    assert!(account.acknowledgement.is_some());
    assert_eq!((counts.charges, counts.refunds), (scale.online as u64, refunds as u64));
    assert!(refunds > 0, "no card was among the voided: {counts:?}");
    audit.expect_clean(name);
    site.close().await;
}

/// Asks until there is an answer.
async fn insist(client: &Client, path: &str, body: &Value) -> Value {
    let reply: Reply = until(format!("{path} is answered"), Duration::from_secs(60), async || {
        let reply = client.try_call(Method::POST, path, None, Some(body)).await.ok()?;
        (reply.status != 503).then_some(reply)
    })
    .await;
    reply.expect(200)
}

#[track_caller]
fn expect_all(response: &Value, outcome: &str) {
    for result in response["results"].as_array().unwrap() {
        assert_eq!(result["outcome"], outcome, "{result}");
    }
}

async fn sell(seller: &Client, raffle: &str, keys: &[String]) -> Vec<Bought> {
    let lines = |index: usize| json!([{"package_id": index % 3 + 1, "quantity": 1}]);
    let orders = keys.iter().enumerate().map(|(index, key)| json!({"key": key, "lines": lines(index)}));
    let body = json!({"raffle_id": raffle, "orders": orders.collect::<Vec<_>>()});
    let response = insist(seller, "/tickets/batch-generate", &body).await;
    expect_all(&response, "sold");
    response["results"].as_array().unwrap().iter().map(|result| ticket(&result["ticket"], false)).collect()
}

async fn buy(public: &Client, raffle: &str, key: &str) -> Vec<Bought> {
    let body = json!({"lines": [{"package_id": 2, "quantity": 1}], "payment": {"payment_method": "pm_card_visa"}});
    let bought = until("a card is charged", Duration::from_secs(60), async || {
        let (reply, _) = public.insist(&format!("/raffles/{raffle}/purchase"), key, &body).await;
        (reply.status == 201).then_some(reply.body)
    })
    .await;
    vec![ticket(&bought["ticket"], true)]
}

fn ticket(ticket: &Value, online: bool) -> Bought {
    let text = |name: &str| ticket[name].as_str().unwrap().to_owned();
    let price_minor = ticket["price_minor"].as_u64().unwrap();
    Bought { order: text("order_key"), validation: text("validation_number"), price_minor, online }
}

/// Every voided ticket, page by page, as whoever empties the drum reads it.
async fn pull_list(manager: &Client, raffle: &str) -> BTreeSet<Id> {
    let (mut listed, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let path = format!("/tickets/raffle/{raffle}?state=voided&limit=200{cursor}");
        let page = manager.get(&path).await.expect(200);
        for item in page["items"].as_array().unwrap() {
            assert_eq!(item["void_reason"], "Charged more than once.");
            assert!(listed.insert(bytes::id(item["order_key"].as_str().unwrap()).unwrap()), "{item}");
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return listed,
        }
    }
}
