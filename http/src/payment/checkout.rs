//! One purchase: the order and its hold are durable before the provider is called, so that a charge
//! always finds its order.

use super::settle::{Settled, settle};
use super::{Bill, Charge, Payment, PaymentInstruction, PaymentKey, ProviderError};
use crate::api::error::ApiError;
use crate::state::App;
use drumroll_actors::aggregate::Origin;
use drumroll_actors::intake::Lane;
use drumroll_actors::node::Failure;
use drumroll_actors::store::StreamId;
use drumroll_engine::id::OrderKey;
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::money::Line;
use drumroll_engine::raffle::hold_order::HoldOrder;
use drumroll_engine::raffle::{Answer, Command, Rejection, Sale};
use metrics::counter;
use tracing::{info, warn};

/// What came of a purchase.
#[derive(Clone, Debug)]
pub enum Bought {
    /// A ticket was sold now.
    Sold(Box<Sale>),
    /// The order is on record, whatever became of it; the store says what.
    OnRecord,
    /// The provider has not answered; the order stays and is settled later.
    Pending,
    /// The provider declined; nothing was sold, nothing was charged.
    Declined,
}

/// Buys `lines` under the key `order`. Repeating it, at the same time or later, charges once and sells once.
///
/// # Errors
/// The engine's refusal; `validation_failed`; `payment_unavailable` when the provider takes no requests, or has
/// as many under way as it is to have; or no answer in time, after which the same key says what happened.
pub async fn buy(
    app: &App,
    stream: StreamId,
    order: OrderKey,
    lines: Vec<Line>,
    instruction: PaymentInstruction,
) -> Result<Bought, ApiError> {
    app.payment.check(&instruction)?;
    // Before anything is held: numbers that wait for a provider without room are kept from buyers it could serve.
    let _room = app.payment.admit().map_err(|_| {
        counter!("drumroll_payments_refused_total").increment(1);
        unavailable("Too many payments are under way. Nothing was changed; try again in a moment.", 1)
    })?;
    let key = PaymentKey { raffle: stream.raffle, order };
    let origin = Origin { actor: Actor::Public, approver: None, cause: Cause::Order(order) };
    let hold = Command::HoldOrder(HoldOrder { order, lines });
    let amount_minor = match app.node.execute(stream, Lane::Online, origin, hold).await {
        Ok(answered) => match answered.answer {
            Answer::Held { price_minor, .. } => price_minor,
            _ => return Ok(Bought::OnRecord),
        },
        // It ended, declined, expired or to be refunded: on record, and the record says which.
        Err(Failure::Refused(Rejection::HoldEnded)) => return Ok(Bought::OnRecord),
        Err(failure) => return Err(failure.into()),
    };
    let bill = bill(app, stream, key, amount_minor).await?;
    let charge = app.payment.charge(Charge { bill, instruction });
    let payment = match tokio::time::timeout(app.payment.deadline(), charge).await {
        Ok(Ok(payment)) => payment,
        Ok(Err(ProviderError::NotTaken)) => {
            let detail = "Payments cannot be taken at the moment. Try again shortly under the same key: nothing is \
                          charged twice.";
            return Err(unavailable(detail, 5));
        }
        Ok(Err(ProviderError::NoAnswer)) | Err(_) => {
            info!(raffle.id = %stream.raffle, order = %order, "a payment has no answer yet; the order stays pending");
            return Ok(Bought::Pending);
        }
    };
    if payment == Payment::Pending || payment == Payment::Unknown {
        return Ok(Bought::Pending);
    }
    match settle(app, stream, key, payment).await {
        Ok(Settled::Sold(sale)) => Ok(Bought::Sold(sale)),
        Ok(Settled::OnRecord | Settled::RefundDue) => Ok(Bought::OnRecord),
        Ok(Settled::Declined) => Ok(Bought::Declined),
        Ok(Settled::Open) => Ok(Bought::Pending),
        Err(error) => {
            // The provider has spoken and the raffle has not: the worker brings the two together.
            warn!(raffle.id = %stream.raffle, order = %order, %error, "a payment could not be recorded yet");
            Ok(Bought::Pending)
        }
    }
}

fn unavailable(detail: &str, seconds: u64) -> ApiError {
    ApiError { retry_after: Some(seconds), ..ApiError::new("payment_unavailable", detail) }
}

/// What an order of `stream` costs, for its provider.
///
/// # Errors
/// The raffle did not answer.
pub(super) async fn bill(app: &App, stream: StreamId, key: PaymentKey, amount_minor: u64) -> Result<Bill, ApiError> {
    let feed = app.node.feed(stream).await?;
    let view = feed.view();
    let currency = view.config().map(|config| *config.currency.as_bytes());
    let currency = currency.ok_or_else(|| ApiError::new("internal", "An order without a configuration."))?;
    Ok(Bill { key, amount_minor, currency })
}
