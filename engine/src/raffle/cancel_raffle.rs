//! Cancelling: before any lock, with a reason, refunding everybody (L-07).

use super::{Channel, Context, Decision, Event, HoldEnd, Raffle, RefundReason, Rejection, Status};
use serde::{Deserialize, Serialize};

/// Cancels the raffle. After the first sale this takes two people.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CancelRaffle {
    /// Why.
    pub reason: String,
}

/// Refuses, in this order: a raffle that is over, a sealed ledger, a missing reason, a missing second
/// person after the first sale.
pub fn cancel_raffle(raffle: &Raffle, context: &Context, command: &CancelRaffle) -> Result<Decision, Rejection> {
    if matches!(raffle.status, Status::Finalized | Status::Cancelled) {
        return Err(Rejection::WrongStatus { status: raffle.status });
    }
    if raffle.locked() {
        return Err(Rejection::Locked);
    }
    let reason = super::rejection::reason(&command.reason)?;
    if raffle.total().count > 0 {
        context.require_approver()?;
    }
    let holds = raffle.holds.iter().map(|(_, order)| Event::HoldEnded { order: *order, end: HoldEnd::Cancelled });
    let mut events: Vec<Event> = holds.collect();
    events.push(Event::Cancelled { reason });
    let paid = raffle.orders.iter().filter(|(_, order)| order.eligible() && order.channel == Channel::Online);
    events.extend(paid.map(|(key, order)| Event::RefundDue {
        order: *key,
        amount_minor: order.price_minor,
        reason: RefundReason::Cancelled,
        payment: None,
    }));
    Decision::done(events)
}
