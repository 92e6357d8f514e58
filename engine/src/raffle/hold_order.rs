//! An online order: hold, then pay (decisions: selling and money).

use super::sell_tickets::{priced, window};
use super::{Answer, Channel, Context, Decision, Event, OrderState, Raffle, Rejection};
use crate::id::OrderKey;
use crate::money::Line;
use serde::{Deserialize, Serialize};

/// Holds a quantity of numbers for one buyer until the payment or the deadline. Durable before the
/// provider is called, so that a charge always finds its order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HoldOrder {
    /// The order's key, remembered after the hold ends.
    pub order: OrderKey,
    /// What is bought.
    pub lines: Vec<Line>,
}

/// Refuses, in this order: other terms under the same key, a hold that ended, a window that is not open,
/// lines that make no sense, a stock or pool that does not suffice.
pub fn hold_order(raffle: &Raffle, context: &Context, command: HoldOrder) -> Result<Decision, Rejection> {
    let HoldOrder { order, lines } = command;
    if let Some(known) = raffle.orders.get(&order) {
        if !known.has_terms(Channel::Online, &lines) {
            return Err(Rejection::TermsDiffer);
        }
        let answer = match known.state {
            OrderState::Held { expires_at } if expires_at <= context.at => return Err(Rejection::HoldEnded),
            OrderState::Held { expires_at } => Answer::Held { expires_at, price_minor: known.price_minor },
            OrderState::Ended(_) => return Err(Rejection::HoldEnded),
            OrderState::Sold | OrderState::Misprinted | OrderState::Voided => Answer::OnRecord(order),
        };
        return Ok(Decision { events: vec![], answer });
    }
    window(raffle, context)?;
    let priced = priced(raffle, Channel::Online, &lines)?;
    let pool = raffle.pool(Channel::Online.pool()).ok_or(Rejection::ChannelNotSold)?;
    if priced.numbers > pool.available() {
        return Err(Rejection::SoldOut { left: pool.available() });
    }
    let hold = raffle.config.as_ref().ok_or(Rejection::NotYetSelling)?.hold;
    // A hold never outlives the sales it belongs to.
    let expires_at = (context.at + hold).min(raffle.closes_at);
    let price_minor = priced.price_minor;
    let event = Event::OrderHeld { order, lines, numbers: priced.numbers, price_minor, expires_at };
    Ok(Decision { events: vec![event], answer: Answer::Held { expires_at, price_minor } })
}
