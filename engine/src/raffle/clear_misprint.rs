//! A supervisor finds a marked ticket good (T-09).

use super::void_ticket::voidable;
use super::{Decision, Event, OrderState, Raffle, Rejection};
use crate::id::OrderKey;
use serde::{Deserialize, Serialize};

/// Takes the mark off a ticket.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClearMisprint {
    /// The ticket.
    pub order: OrderKey,
    /// Why.
    pub reason: String,
}

/// Refuses, in this order: an unknown ticket, a ticket without the mark, a fate that can no longer
/// change, a missing reason.
pub fn clear_misprint(raffle: &Raffle, command: &ClearMisprint) -> Result<Decision, Rejection> {
    let order = raffle.orders.get(&command.order).ok_or(Rejection::UnknownOrder)?;
    if order.state != OrderState::Misprinted {
        return Err(Rejection::NotMisprinted);
    }
    voidable(raffle)?;
    let reason = super::rejection::reason(&command.reason)?;
    Decision::done(vec![Event::MisprintCleared { order: command.order, reason }])
}
