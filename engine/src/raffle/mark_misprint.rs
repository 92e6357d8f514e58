//! Marking a ticket that did not print well (T-09): anybody who sells may mark, a supervisor decides.

use super::void_ticket::voidable;
use super::{Decision, Event, OrderState, Raffle, Rejection};
use crate::id::OrderKey;
use serde::{Deserialize, Serialize};

/// Marks a ticket as misprinted. It stays eligible until it is voided or cleared, and blocks the
/// acknowledgement meanwhile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MarkMisprint {
    /// The ticket.
    pub order: OrderKey,
    /// Why.
    pub reason: String,
}

/// Refuses, in this order: an unknown ticket, an order without one, a voided ticket, a fate that can no
/// longer change, a missing reason. Marking twice is harmless.
pub fn mark_misprint(raffle: &Raffle, command: &MarkMisprint) -> Result<Decision, Rejection> {
    match raffle.orders.get(&command.order).ok_or(Rejection::UnknownOrder)?.state {
        OrderState::Sold => {}
        OrderState::Misprinted => return Decision::done(vec![]),
        OrderState::Voided => return Err(Rejection::AlreadyVoided),
        OrderState::Held { .. } | OrderState::Ended(_) => return Err(Rejection::NoTicket),
    }
    voidable(raffle)?;
    let reason = super::rejection::reason(&command.reason)?;
    Decision::done(vec![Event::TicketMisprinted { order: command.order, reason, device_record: None }])
}
