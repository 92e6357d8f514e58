//! Orders nobody answered for, and money that is owed back. Both lists are in the store, written with the
//! events themselves, so a restart loses neither (an outbox); doing any of it twice is harmless.

use super::settle::settle;
use super::simulated::SignedNotice;
use super::webhook::receive;
use super::{Payment, PaymentKey};
use crate::api::error::ApiError;
use crate::state::App;
use drumroll_actors::aggregate::Origin;
use drumroll_actors::guard;
use drumroll_actors::intake::Lane;
use drumroll_actors::store::{OrderRow, StreamId};
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::confirm_refund::ConfirmRefund;
use futures_util::{StreamExt, stream};
use metrics::{counter, gauge};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::{debug, info, warn};

/// How often the worker looks.
const EVERY: Duration = Duration::from_millis(1_000);

/// Rows it takes at a time.
const BATCH: u32 = 2_000;

/// Calls to the provider at the same time.
const ABREAST: usize = 8;

/// The longest one call may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts the worker on the current runtime. `webhooks` are those of a provider in the same process.
/// Dropping the handle lets it run; abort it to stop.
pub fn spawn(app: App, webhooks: mpsc::Receiver<SignedNotice>) -> JoinHandle<()> {
    tokio::spawn(async move {
        tokio::join!(deliver(&app, webhooks), run(&app));
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

async fn run(app: &App) {
    let mut interval = tokio::time::interval(EVERY);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        guard::step("payments", look(app)).await;
    }
}

/// One look at both lists.
pub async fn look(app: &App) {
    // The next look tries again. A store that is away is told of where it is found out, not every second here.
    for (what, looked) in [("pending orders", orders(app).await), ("due refunds", refunds(app).await)] {
        match looked {
            Err(error) if error.code == "store_unavailable" => debug!(%error, what, "not looked at"),
            Err(error) => warn!(%error, what, "not looked at; the next look tries again"),
            Ok(()) => {}
        }
    }
}

fn place(row: &OrderRow) -> (StreamId, PaymentKey) {
    let stream = StreamId { organisation: row.organisation, raffle: row.raffle };
    (stream, PaymentKey { raffle: row.raffle, order: row.order })
}

/// Asks the provider about orders that wait longer than any buyer is kept waiting.
async fn orders(app: &App) -> Result<(), ApiError> {
    let rows = app.node.store().open_orders(BATCH).await?;
    gauge!("drumroll_orders_pending").set(rows.len() as f64);
    let now = app.node.clock().now();
    let patience = app.payment.deadline().as_micros();
    let waiting = rows.into_iter().filter(|row| u128::from(now.since(row.made_at).0) >= patience);
    stream::iter(waiting)
        .for_each_concurrent(ABREAST, |row| async move {
            let (stream, key) = place(&row);
            if let Err(error) = ask(app, stream, key).await {
                warn!(raffle.id = %key.raffle, order = %key.order, %error, "a pending order was not settled yet");
            }
        })
        .await;
    Ok(())
}

async fn ask(app: &App, stream: StreamId, key: PaymentKey) -> Result<(), ApiError> {
    let status = tokio::time::timeout(PATIENCE, app.payment.status(key)).await;
    let payment = match status {
        Ok(Ok(payment)) => payment,
        Ok(Err(_)) | Err(_) => return Ok(()),
    };
    // What the provider has never heard of may still be on its way there: the hold's own end decides.
    if matches!(payment, Payment::Pending | Payment::Unknown) {
        return Ok(());
    }
    settle(app, stream, key, payment).await?;
    info!(raffle.id = %key.raffle, order = %key.order, "a pending order was settled");
    counter!("drumroll_orders_settled_late_total").increment(1);
    Ok(())
}

/// Pays back what is owed and records it.
async fn refunds(app: &App) -> Result<(), ApiError> {
    let rows = app.node.store().refunds_due(BATCH).await?;
    gauge!("drumroll_refunds_due").set(rows.len() as f64);
    stream::iter(rows)
        .for_each_concurrent(ABREAST, |row| async move {
            let (_, key) = place(&row);
            if let Err(error) = pay_back(app, row).await {
                warn!(raffle.id = %key.raffle, order = %key.order, %error, "a refund was not made yet");
            }
        })
        .await;
    Ok(())
}

async fn pay_back(app: &App, row: OrderRow) -> Result<(), ApiError> {
    let (stream, key) = place(&row);
    let refund = tokio::time::timeout(PATIENCE, app.payment.refund(key, row.price_minor, row.payment)).await;
    let unavailable = || ApiError::new("payment_unavailable", "The provider did not pay back.");
    let reference = refund.map_err(|_| unavailable())?.map_err(|_| unavailable())?;
    let origin = Origin { actor: Actor::System, approver: None, cause: Cause::Order(key.order) };
    let command = Command::ConfirmRefund(ConfirmRefund { order: key.order, reference });
    app.node.execute(stream, Lane::Counter, origin, command).await?;
    info!(raffle.id = %key.raffle, order = %key.order, "a refund was made");
    counter!("drumroll_refunds_total").increment(1);
    Ok(())
}
