//! The provider declined.

use super::{Channel, Decision, Event, HoldEnd, OrderState, Raffle, Rejection};
use crate::id::OrderKey;
use serde::{Deserialize, Serialize};

/// Ends the hold of an order whose payment failed. Repeating it is harmless.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct EndHold {
    /// The order.
    pub order: OrderKey,
}

/// Refuses, in this order: an order nobody made, an order that is paid.
pub fn end_hold(raffle: &Raffle, command: &EndHold) -> Result<Decision, Rejection> {
    let known = raffle.orders.get(&command.order).filter(|known| known.channel == Channel::Online);
    match known.ok_or(Rejection::UnknownOrder)?.state {
        OrderState::Held { .. } => {
            Decision::done(vec![Event::HoldEnded { order: command.order, end: HoldEnd::Declined }])
        }
        OrderState::Ended(_) => Decision::done(vec![]),
        OrderState::Sold | OrderState::Misprinted | OrderState::Voided => Err(Rejection::TermsDiffer),
    }
}
