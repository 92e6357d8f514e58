//! The provider has the money: numbers are assigned, or the money goes back.

use super::sell_tickets::fresh_validation;
use super::{
    Answer, Channel, Context, Decision, Event, Order, OrderState, Raffle, Refund, RefundReason, Rejection, Sale,
};
use crate::bytes::Bytes;
use crate::id::OrderKey;
use serde::{Deserialize, Serialize};

/// A payment succeeded. Repeating it is harmless, however often a provider's webhook comes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConfirmPayment {
    /// The order.
    pub order: OrderKey,
    /// The provider's reference.
    pub payment: String,
    /// Eight bytes of the operating system's CSPRNG for the validation number.
    pub random: [u8; 8],
    /// 32 more for the salt.
    pub salt: [u8; 32],
}

/// Refuses an order nobody made. A payment that finds no hold is recorded as a refund that is due: the
/// one decisive instant is the actor's acceptance. A suspension does not end a hold.
pub fn confirm_payment(raffle: &Raffle, context: &Context, command: ConfirmPayment) -> Result<Decision, Rejection> {
    let ConfirmPayment { order, payment, random, salt } = command;
    let known = raffle.orders.get(&order).filter(|known| known.channel == Channel::Online);
    let known = known.ok_or(Rejection::UnknownOrder)?;
    match known.state {
        OrderState::Held { expires_at } if context.at < expires_at && context.at < raffle.closes_at => {}
        OrderState::Held { expires_at } => {
            // Its time is over although nobody has recorded that yet. The money must not wait for it.
            let end = Event::HoldEnded { order, end: raffle.hold_end(expires_at) };
            return Ok(Decision { events: vec![end, too_late(order, known, payment)], answer: Answer::RefundDue });
        }
        OrderState::Ended(_) => {
            let owed = known.refund != Refund::None;
            let events = if owed { vec![] } else { vec![too_late(order, known, payment)] };
            return Ok(Decision { events, answer: Answer::RefundDue });
        }
        OrderState::Sold | OrderState::Misprinted | OrderState::Voided => {
            return Ok(Decision { events: vec![], answer: Answer::OnRecord(order) });
        }
    }
    let pool = raffle.pool(Channel::Online.pool()).ok_or(Rejection::ChannelNotSold)?;
    let ranges = pool.next(u64::from(known.numbers)).ok_or(Rejection::SoldOut { left: pool.available() })?;
    let sale = Sale {
        order,
        channel: Channel::Online,
        seller: None,
        lines: known.lines.to_vec(),
        ranges,
        price_minor: known.price_minor,
        validation: fresh_validation(raffle, random),
        salt: Bytes(salt),
        sold_at: context.at,
        device_record: None,
        payment: Some(payment),
    };
    let answer = Answer::Sold(Box::new(sale.clone()));
    Ok(Decision { events: vec![Event::TicketSold { sale }], answer })
}

fn too_late(order: OrderKey, known: &Order, payment: String) -> Event {
    let amount_minor = known.price_minor;
    Event::RefundDue { order, amount_minor, reason: RefundReason::NoHold, payment: Some(payment) }
}
