//! Voiding: the whole ticket, for good (T-07, T-08).

use super::{Channel, Decision, Event, OrderState, Raffle, RefundReason, Rejection, Status};
use crate::id::OrderKey;
use serde::{Deserialize, Serialize};

/// Voids a ticket. Its numbers are never sold again and its value leaves the prize at once; money paid
/// online goes back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VoidTicket {
    /// The ticket.
    pub order: OrderKey,
    /// Why.
    pub reason: String,
}

/// Refuses, in this order: an unknown ticket, an order without one, a ticket voided already, a sealed
/// ledger, an acknowledged reconciliation, a raffle that is over, a missing reason.
pub fn void_ticket(raffle: &Raffle, command: &VoidTicket) -> Result<Decision, Rejection> {
    let order = raffle.orders.get(&command.order).ok_or(Rejection::UnknownOrder)?;
    match order.state {
        OrderState::Sold | OrderState::Misprinted => {}
        OrderState::Voided => return Err(Rejection::AlreadyVoided),
        OrderState::Held { .. } | OrderState::Ended(_) => return Err(Rejection::NoTicket),
    }
    voidable(raffle)?;
    let reason = super::rejection::reason(&command.reason)?;
    let mut events = vec![Event::TicketVoided { order: command.order, reason }];
    if order.channel == Channel::Online {
        events.push(Event::RefundDue {
            order: command.order,
            amount_minor: order.price_minor,
            reason: RefundReason::Voided,
            payment: None,
        });
    }
    Decision::done(events)
}

/// Whether a ticket's fate may still change.
pub(super) fn voidable(raffle: &Raffle) -> Result<(), Rejection> {
    if raffle.locked() {
        return Err(Rejection::Locked);
    }
    match raffle.status {
        Status::Selling | Status::Suspended | Status::Closing | Status::Reconciling => Ok(()),
        Status::Reconciled => Err(Rejection::Acknowledged),
        Status::Draft | Status::Configured | Status::Finalized | Status::Cancelled => {
            Err(Rejection::WrongStatus { status: raffle.status })
        }
    }
}
