//! A sale that is paid on the spot: counter or integrated system.

use super::{Answer, Channel, Context, Decision, Event, Raffle, Rejection, Sale, Status};
use crate::bytes::Bytes;
use crate::id::{OrderKey, UserId};
use crate::money::{self, Line, PricingError};
use crate::ticket::{IssuerSlot, ValidationNumber};
use serde::{Deserialize, Serialize};

/// Sells one ticket. `order` is the idempotency key: the same key and terms give the recorded sale for
/// ever, other terms are refused by name (I3).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SellTickets {
    /// The order's key.
    pub order: OrderKey,
    /// [`Channel::Counter`] or [`Channel::Integration`].
    pub channel: Channel,
    /// Who sells.
    pub seller: Option<UserId>,
    /// What is bought.
    pub lines: Vec<Line>,
    /// Eight bytes of the operating system's CSPRNG for the validation number.
    pub random: [u8; 8],
    /// 32 more for the salt under the sale hash.
    pub salt: [u8; 32],
}

/// Refuses, in this order: other terms under the same key, a window that is not open (L-03), a channel
/// that does not sell this way or has no numbers, lines that make no sense, a stock or pool that does not suffice.
pub fn sell_tickets(raffle: &Raffle, context: &Context, command: SellTickets) -> Result<Decision, Rejection> {
    let SellTickets { order, channel, seller, lines, random, salt } = command;
    if let Some(known) = raffle.orders.get(&order) {
        return if known.has_terms(channel, &lines) {
            Ok(Decision { events: vec![], answer: Answer::OnRecord(order) })
        } else {
            Err(Rejection::TermsDiffer)
        };
    }
    window(raffle, context)?;
    // Handhelds sell by their records and the public by hold and payment; neither comes this way.
    if !matches!(channel, Channel::Counter | Channel::Integration) {
        return Err(Rejection::ChannelNotSold);
    }
    let priced = priced(raffle, channel, &lines)?;
    let pool = raffle.pool(channel.pool()).ok_or(Rejection::ChannelNotSold)?;
    if priced.numbers > pool.available() {
        return Err(Rejection::SoldOut { left: pool.available() });
    }
    let ranges = pool.next(priced.numbers).ok_or(Rejection::SoldOut { left: pool.available() })?;
    let sale = Sale {
        order,
        channel,
        seller,
        lines,
        ranges,
        price_minor: priced.price_minor,
        validation: fresh_validation(raffle, random),
        salt: Bytes(salt),
        sold_at: context.at,
        device_record: None,
        payment: None,
    };
    let answer = Answer::Sold(Box::new(sale.clone()));
    Ok(Decision { events: vec![Event::TicketSold { sale }], answer })
}

/// Whether anything may be sold now, by the one clock that counts (L-03, L-04).
pub(super) fn window(raffle: &Raffle, context: &Context) -> Result<(), Rejection> {
    match raffle.status {
        Status::Draft | Status::Configured => return Err(Rejection::NotYetSelling),
        Status::Selling | Status::Suspended => {}
        Status::Closing | Status::Reconciling | Status::Reconciled | Status::Finalized | Status::Cancelled => {
            return Err(Rejection::SalesClosed);
        }
    }
    if context.at >= raffle.closes_at {
        return Err(Rejection::SalesClosed);
    }
    if raffle.status == Status::Suspended {
        return Err(Rejection::Suspended);
    }
    if raffle.config.as_ref().is_none_or(|config| context.at < config.sales_start) {
        return Err(Rejection::NotYetSelling);
    }
    Ok(())
}

/// Prices lines by the frozen list and checks stock.
pub(super) fn priced(raffle: &Raffle, channel: Channel, lines: &[Line]) -> Result<money::Priced, Rejection> {
    let config = raffle.config.as_ref().ok_or(Rejection::NotYetSelling)?;
    if !config.sells(channel) {
        return Err(Rejection::ChannelNotSold);
    }
    let priced = money::price(&config.packages, lines).map_err(|error| match error {
        PricingError::BadQuantity => Rejection::BadLines,
        PricingError::UnknownPackage(package) => Rejection::UnknownPackage { package },
    })?;
    for line in lines {
        let left = raffle.stock_left(line.package);
        if left.is_some_and(|left| u64::from(line.quantity) > left) {
            return Err(Rejection::OutOfStock { package: line.package, left: left.unwrap_or(0) });
        }
    }
    Ok(priced)
}

impl Raffle {
    /// Packages left of a stock, `None` where there is no limit. Voided packages do not come back: their
    /// numbers are never sold again, and a series has its fixed stock.
    pub fn stock_left(&self, package: u32) -> Option<u64> {
        let listed = self.config.as_ref()?.packages.iter().find(|listed| listed.id == package)?;
        let sold = self.packages.get(&package).map_or(0, |tally| tally.count);
        let held = self.packages_held.get(&package).copied().unwrap_or(0);
        Some(u64::from(listed.stock?).saturating_sub(sold + held))
    }
}

/// The server's next validation number. 61 random bits hardly ever repeat; when they do, the successor
/// is taken, which is as unpredictable as the repeat was unlikely.
pub(super) fn fresh_validation(raffle: &Raffle, random: [u8; 8]) -> ValidationNumber {
    let mut random = random;
    loop {
        let validation = ValidationNumber::new(IssuerSlot::MIN, random);
        if !raffle.validations.contains(&validation) {
            return validation;
        }
        random = u64::from_be_bytes(random).wrapping_add(1).to_be_bytes();
    }
}
