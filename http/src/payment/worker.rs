//! Orders nobody answered for, orders that ended, and money that is owed back. All three lists are in the
//! store, written with the events themselves, so a restart loses none (an outbox); doing any of it twice is
//! harmless.

use super::checkout::bill;
use super::patience::Patience;
use super::settle::settle;
use super::simulated::SignedNotice;
use super::webhook::receive;
use super::{Payment, PaymentKey, ProviderError};
use crate::api::error::ApiError;
use crate::state::App;
use drumroll_actors::aggregate::Origin;
use drumroll_actors::guard;
use drumroll_actors::intake::Lane;
use drumroll_actors::store::{OrderPlace, OrderRow, StreamId};
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::confirm_refund::ConfirmRefund;
use drumroll_engine::time::{Span, Timestamp};
use futures_util::{StreamExt, stream};
use metrics::{counter, gauge};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior};
use tracing::{debug, info, warn};

/// How often the worker looks.
const EVERY: Duration = Duration::from_millis(1_000);

/// How often it looks at what ended.
const ENDED_EVERY: Duration = Duration::from_secs(5);

/// How long an order that ended is looked after. Providers forget keys after a day; what is not certain by
/// then is for a person, and the provider's own statement shows it.
const ENDED_WINDOW: Span = Span::seconds(23 * 3_600);

/// Rows it takes at a time.
const BATCH: u32 = 2_000;

/// Calls to the provider at the same time, beside those of buyers.
const ABREAST: usize = 16;

/// Calls without an answer in a row after which a provider counts as away for the rest of a look.
const AWAY_AFTER: usize = 16;

/// The longest one call may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts the worker on the current runtime. `webhooks` are those of a provider in the same process.
/// Dropping the handle lets it run; abort it to stop.
pub fn spawn(app: App, webhooks: Option<mpsc::Receiver<SignedNotice>>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut worker = Worker::new(app.clone());
        let deliver = async {
            if let Some(webhooks) = webhooks {
                deliver(&app, webhooks).await;
            }
        };
        tokio::join!(deliver, worker.run());
    })
}

/// Hands over a built-in provider's webhooks as if they had come over the network.
async fn deliver(app: &App, mut webhooks: mpsc::Receiver<SignedNotice>) {
    while let Some(notice) = webhooks.recv().await {
        let received = guard::step("webhooks", receive(app, &notice.body, &notice.signature)).await;
        if let Some(Err(error)) = received {
            // A real provider would send it again; here the worker asks.
            warn!(%error, "a webhook was not taken");
        }
    }
}

/// One look at all lists, by a worker that remembers nothing.
pub async fn look(app: &App) {
    Worker::new(app.clone()).look().await;
}

/// What came of asking about one order.
enum Told {
    /// It is settled on both sides.
    Settled,
    /// Nobody knows yet.
    Open,
    /// The provider, or the raffle, gave no answer.
    Away,
}

/// The worker, with what it remembers between two looks. Nothing of that needs to survive it.
struct Worker {
    app: App,
    open: Patience,
    ended: Patience,
    owed: Patience,
}

impl Worker {
    fn new(app: App) -> Self {
        Self { app, open: Patience::default(), ended: Patience::default(), owed: Patience::default() }
    }

    /// Each list at its own pace: thousands of orders that ended at a close must not keep refunds waiting.
    async fn run(&mut self) {
        let Self { app, open, ended, owed } = self;
        let open = async {
            let mut ticks = ticks(EVERY);
            loop {
                ticks.tick().await;
                see("pending orders", orders_that_wait(app, open)).await;
            }
        };
        let ended = async {
            let mut ticks = ticks(ENDED_EVERY);
            loop {
                ticks.tick().await;
                see("orders that ended", orders_that_ended(app, ended)).await;
            }
        };
        let owed = async {
            let mut ticks = ticks(EVERY);
            loop {
                ticks.tick().await;
                see("due refunds", refunds(app, owed)).await;
            }
        };
        let ((), (), ()) = tokio::join!(open, ended, owed);
    }

    async fn look(&mut self) {
        let Self { app, open, ended, owed } = self;
        let looks = tokio::join!(orders_that_wait(app, open), orders_that_ended(app, ended), refunds(app, owed));
        report("pending orders", looks.0);
        report("orders that ended", looks.1);
        report("due refunds", looks.2);
    }
}

/// One look at one list. Should it panic, the next look is another.
async fn see(what: &'static str, look: impl Future<Output = Result<(), ApiError>>) {
    if let Some(looked) = guard::step("payments", look).await {
        report(what, looked);
    }
}

fn ticks(every: Duration) -> Interval {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

fn report(what: &str, looked: Result<(), ApiError>) {
    // The next look tries again. A store that is away is told of where it is found out, not every second here.
    match looked {
        Err(error) if error.code == "store_unavailable" => debug!(%error, what, "not looked at"),
        Err(error) => warn!(%error, what, "not looked at; the next look tries again"),
        Ok(()) => {}
    }
}

fn place(row: &OrderRow) -> (StreamId, PaymentKey) {
    let stream = StreamId { organisation: row.organisation, raffle: row.raffle };
    (stream, PaymentKey { raffle: row.raffle, order: row.order })
}

/// Those of raffles that this node runs: where there are several, each sees to its own.
async fn ours(app: &App, rows: Vec<OrderRow>) -> Vec<OrderRow> {
    if app.node.cluster().is_none() {
        return rows;
    }
    let mut run: HashMap<StreamId, bool> = HashMap::new();
    for row in &rows {
        let stream = place(row).0;
        if let Entry::Vacant(unknown) = run.entry(stream) {
            unknown.insert(app.node.runs_here(stream).await);
        }
    }
    rows.into_iter().filter(|row| run[&place(row).0]).collect()
}

/// Asks about those of `rows` whose turn it is, some at a time. When nobody answers, the rest waits for the
/// next look: a provider that is away learns nothing from two thousand calls. One cut call is no absence.
async fn ask_all<F, A>(rows: &[OrderRow], patience: &mut Patience, now: Timestamp, ask: F)
where
    F: Fn(OrderRow) -> A,
    A: Future<Output = Told>,
{
    let in_vain = AtomicUsize::new(0);
    let due = rows.iter().filter(|row| patience.is_due(place(row).1, now)).cloned().collect::<Vec<_>>();
    let (in_vain, ask) = (&in_vain, &ask);
    let asked = stream::iter(due).map(|row| async move {
        if in_vain.load(Ordering::Relaxed) >= AWAY_AFTER {
            return None;
        }
        let key = place(&row).1;
        let told = ask(row).await;
        match told {
            Told::Away => _ = in_vain.fetch_add(1, Ordering::Relaxed),
            Told::Settled | Told::Open => in_vain.store(0, Ordering::Relaxed),
        }
        Some((key, told))
    });
    let asked: Vec<_> = asked.buffer_unordered(ABREAST).collect().await;
    for (key, told) in asked.into_iter().flatten() {
        match told {
            Told::Settled => patience.settle(key),
            Told::Open | Told::Away => patience.in_vain(key, now),
        }
    }
}

/// Asks the provider about orders that wait longer than any buyer is kept waiting.
async fn orders_that_wait(app: &App, patience: &mut Patience) -> Result<(), ApiError> {
    let now = app.node.clock().now();
    let mut rows = app.node.store().open_orders(BATCH).await?;
    gauge!("drumroll_orders_pending").set(rows.len() as f64);
    let deadline = app.payment.deadline().as_micros();
    rows.retain(|row| u128::from(now.since(row.made_at).0) >= deadline);
    patience.keep(&rows.iter().map(|row| place(row).1).collect());
    ask_all(&ours(app, rows).await, patience, now, async |row| {
        let (stream, key) = place(&row);
        match ask(app, stream, key, row.price_minor).await {
            Ok(told) => told,
            Err(error) => {
                warn!(raffle.id = %key.raffle, order = %key.order, %error, "a pending order was not settled yet");
                Told::Away
            }
        }
    })
    .await;
    Ok(())
}

async fn ask(app: &App, stream: StreamId, key: PaymentKey, amount_minor: u64) -> Result<Told, ApiError> {
    let bill = bill(app, stream, key, amount_minor).await?;
    let Ok(Ok(payment)) = tokio::time::timeout(PATIENCE, app.payment.status(bill)).await else {
        return Ok(Told::Away);
    };
    // What the provider has never heard of may still be on its way there: the hold's own end decides.
    if matches!(payment, Payment::Pending | Payment::Unknown) {
        return Ok(Told::Open);
    }
    settle(app, stream, key, payment).await?;
    info!(raffle.id = %key.raffle, order = %key.order, "a pending order was settled");
    counter!("drumroll_orders_settled_late_total").increment(1);
    Ok(Told::Settled)
}

/// Closes at the provider what ended here unpaid: a charge that was on its way can then no longer succeed,
/// and one that had succeeded unheard goes back. Without this, money taken after the end of a hold whose
/// webhook is lost would stay taken.
async fn orders_that_ended(app: &App, patience: &mut Patience) -> Result<(), ApiError> {
    let now = app.node.clock().now();
    let mut after = OrderPlace::from(Timestamp(now.0.saturating_sub(ENDED_WINDOW.0)));
    let mut listed = HashSet::new();
    loop {
        let rows = app.node.store().ended_orders(after, BATCH).await?;
        let Some(last) = rows.last() else { break };
        after = last.place();
        listed.extend(rows.iter().map(|row| place(row).1));
        let full = rows.len() >= BATCH as usize;
        ask_all(&ours(app, rows).await, patience, now, async |row| {
            let (stream, key) = place(&row);
            match close(app, stream, key, row.price_minor).await {
                Ok(told) => told,
                Err(error) => {
                    warn!(raffle.id = %key.raffle, order = %key.order, %error, "an ended order was not closed yet");
                    Told::Away
                }
            }
        })
        .await;
        if !full {
            break;
        }
    }
    patience.keep(&listed);
    Ok(())
}

async fn close(app: &App, stream: StreamId, key: PaymentKey, amount_minor: u64) -> Result<Told, ApiError> {
    let bill = bill(app, stream, key, amount_minor).await?;
    let Ok(Ok(payment)) = tokio::time::timeout(PATIENCE, app.payment.close(bill)).await else {
        return Ok(Told::Away);
    };
    match payment {
        Payment::Declined => Ok(Told::Settled),
        Payment::Paid { .. } => {
            // The engine finds no hold and makes it a refund that is due.
            settle(app, stream, key, payment).await?;
            info!(raffle.id = %key.raffle, order = %key.order, "an order that had ended was paid all the same");
            counter!("drumroll_orders_paid_too_late_total").increment(1);
            Ok(Told::Settled)
        }
        Payment::Pending | Payment::Unknown => Ok(Told::Open),
    }
}

/// Pays back what is owed and records it.
async fn refunds(app: &App, patience: &mut Patience) -> Result<(), ApiError> {
    let now = app.node.clock().now();
    let rows = app.node.store().refunds_due(BATCH).await?;
    gauge!("drumroll_refunds_due").set(rows.len() as f64);
    patience.keep(&rows.iter().map(|row| place(row).1).collect());
    ask_all(&ours(app, rows).await, patience, now, async |row| {
        let (_, key) = place(&row);
        match pay_back(app, row).await {
            Ok(told) => told,
            Err(error) => {
                warn!(raffle.id = %key.raffle, order = %key.order, %error, "a refund was not made yet");
                Told::Away
            }
        }
    })
    .await;
    Ok(())
}

async fn pay_back(app: &App, row: OrderRow) -> Result<Told, ApiError> {
    let (stream, key) = place(&row);
    let bill = bill(app, stream, key, row.price_minor).await?;
    let reference = match tokio::time::timeout(PATIENCE, app.payment.refund(bill, row.payment)).await {
        Ok(Ok(reference)) => reference,
        Ok(Err(ProviderError::NotTaken | ProviderError::NoAnswer)) | Err(_) => return Ok(Told::Away),
    };
    let origin = Origin { actor: Actor::System, approver: None, cause: Cause::Order(key.order) };
    let command = Command::ConfirmRefund(ConfirmRefund { order: key.order, reference });
    app.node.execute(stream, Lane::Counter, origin, command).await?;
    info!(raffle.id = %key.raffle, order = %key.order, "a refund was made");
    counter!("drumroll_refunds_total").increment(1);
    Ok(Told::Settled)
}
