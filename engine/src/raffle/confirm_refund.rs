//! The money went back.

use super::{Decision, Event, Raffle, Refund, Rejection};
use crate::id::OrderKey;
use serde::{Deserialize, Serialize};

/// A refund was paid. Repeating it is harmless.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConfirmRefund {
    /// The order.
    pub order: OrderKey,
    /// The provider's reference of the refund.
    pub reference: String,
}

/// Refuses, in this order: an order nobody made, an order that is owed nothing.
pub fn confirm_refund(raffle: &Raffle, command: ConfirmRefund) -> Result<Decision, Rejection> {
    match raffle.orders.get(&command.order).ok_or(Rejection::UnknownOrder)?.refund {
        Refund::None => Err(Rejection::NoRefundDue),
        Refund::Done => Decision::done(vec![]),
        Refund::Due => Decision::done(vec![Event::Refunded { order: command.order, reference: command.reference }]),
    }
}
