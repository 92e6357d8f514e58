//! What a provider's word does to an order. The buyer's own request, a webhook and the worker all come
//! through here; the engine makes repeats and races harmless.

use super::{Payment, PaymentKey};
use crate::api::error::ApiError;
use crate::state::App;
use drumroll_actors::aggregate::Origin;
use drumroll_actors::intake::Lane;
use drumroll_actors::keys;
use drumroll_actors::node::Failure;
use drumroll_actors::store::StreamId;
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::raffle::confirm_payment::ConfirmPayment;
use drumroll_engine::raffle::end_hold::EndHold;
use drumroll_engine::raffle::{Answer, Command, Rejection, Sale};

/// Where an order stands after the provider's word.
#[derive(Clone, Debug)]
pub enum Settled {
    /// A ticket was sold now.
    Sold(Box<Sale>),
    /// It was settled before; the store says how.
    OnRecord,
    /// The money came too late and will go back.
    RefundDue,
    /// It ended unpaid.
    Declined,
    /// Nothing is known yet.
    Open,
}

/// Applies what the provider says of a payment.
///
/// # Errors
/// The raffle did not answer: whoever asked tries again, or the worker does.
pub async fn settle(app: &App, stream: StreamId, key: PaymentKey, payment: Payment) -> Result<Settled, ApiError> {
    // Money that was taken goes ahead of new orders.
    let origin = Origin { actor: Actor::System, approver: None, cause: Cause::Order(key.order) };
    let execute = |command| app.node.execute(stream, Lane::Counter, origin, command);
    match payment {
        Payment::Pending | Payment::Unknown => Ok(Settled::Open),
        Payment::Declined => match execute(Command::EndHold(EndHold { order: key.order })).await {
            Ok(_) => Ok(Settled::Declined),
            // It was paid meanwhile: a "declined" that comes after a "paid" is out of order and means nothing.
            Err(Failure::Refused(Rejection::TermsDiffer)) => Ok(Settled::OnRecord),
            Err(failure) => Err(failure.into()),
        },
        Payment::Paid { reference } => {
            let (random, salt) = (*keys::random::<8>()?, *keys::random::<32>()?);
            let command = ConfirmPayment { order: key.order, payment: reference, random, salt };
            match execute(Command::ConfirmPayment(command)).await?.answer {
                Answer::Sold(sale) => Ok(Settled::Sold(sale)),
                Answer::RefundDue => Ok(Settled::RefundDue),
                _ => Ok(Settled::OnRecord),
            }
        }
    }
}
