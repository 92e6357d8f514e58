//! A supervisor decides about a sale that was set aside.

use super::void_ticket::voidable;
use super::{
    Channel, Claim, Decision, DeviceRecordRef, Event, QuarantineReason, Quarantined, QuarantinedSale, Raffle,
    RefundReason, Rejection, Resolution, Sale, Status,
};
use crate::bytes::Bytes;
use crate::id::DeviceId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Accepts or refunds a quarantined sale.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolveQuarantine {
    /// The handheld.
    pub device: DeviceId,
    /// The record.
    pub seq: u64,
    /// The decision.
    pub resolution: Resolution,
    /// Why.
    pub reason: String,
}

/// Refuses, in this order: a record that is not set aside or is decided, a reason that is missing, and
/// for an acceptance a sealed ledger, an acknowledged reconciliation, a sale that cannot take part.
pub fn resolve_quarantine(raffle: &Raffle, command: &ResolveQuarantine) -> Result<Decision, Rejection> {
    let ResolveQuarantine { device, seq, resolution, reason } = command;
    let entry = raffle.quarantine.get(&(*device, *seq)).filter(|entry| entry.open());
    let entry = entry.ok_or(Rejection::NotQuarantined)?;
    let sale = entry.sale.as_deref().ok_or(Rejection::NotQuarantined)?;
    let reason = super::rejection::reason(reason)?;
    let resolved = Event::QuarantineResolved { device: *device, seq: *seq, resolution: *resolution, reason };
    let follows = match resolution {
        // Cash over the counter, on record for the seller's account.
        Resolution::Refunded => Event::RefundDue {
            order: sale.order,
            amount_minor: sale.price_minor,
            reason: RefundReason::Quarantine,
            payment: None,
        },
        Resolution::Accepted => {
            voidable(raffle)?;
            if !acceptable(raffle, *device, entry, sale) {
                return Err(Rejection::NotAcceptable);
            }
            Event::TicketSold { sale: accepted(*device, *seq, entry, sale) }
        }
    };
    Decision::done(vec![resolved, follows])
}

/// Whether accepting would break nothing: I2 and I8 are stated for accepted sales.
fn acceptable(raffle: &Raffle, device: DeviceId, entry: &Quarantined, sale: &QuarantinedSale) -> bool {
    let honest = match entry.reason {
        QuarantineReason::AfterClose
        | QuarantineReason::AfterAcknowledgement
        | QuarantineReason::DeviceLost
        | QuarantineReason::ClockAhead => true,
        // Whoever knew of the pause has no excuse.
        QuarantineReason::WhileSuspended => {
            let known = raffle.devices.get(&device).and_then(|device| device.knew_at(entry.at));
            known.is_none_or(|notice| !notice.suspended)
        }
        QuarantineReason::BeforeOpening
        | QuarantineReason::AfterLock
        | QuarantineReason::AfterFinal
        | QuarantineReason::RaffleOver
        | QuarantineReason::PriceMismatch
        | QuarantineReason::NumbersNotLeased
        | QuarantineReason::NumbersUsed
        | QuarantineReason::ValidationInvalid
        | QuarantineReason::OrderKeyUsed
        | QuarantineReason::ClockWentBack
        | QuarantineReason::UnknownSale
        | QuarantineReason::FinalMismatch
        | QuarantineReason::Unreadable => false,
    };
    honest
        && entry.latest() < bound(raffle, device, entry)
        && entry.claim != Claim::Nothing
        && raffle.status != Status::Cancelled
        && !raffle.orders.contains_key(&sale.order)
        && !raffle.validations.contains(&sale.validation)
}

/// The close that bound the handheld when it made this sale: the one it had acknowledged by then, for what
/// it sold until it learned of an earlier one is its good faith. It cannot claim to know of a later one
/// than was announced.
fn bound(raffle: &Raffle, device: DeviceId, entry: &Quarantined) -> Timestamp {
    let configured = raffle.config.as_ref().map_or(raffle.closes_at, |config| config.sales_end);
    let known = raffle.devices.get(&device).and_then(|device| device.knew_at(entry.at));
    let known = known.map_or(configured, |notice| notice.closes_at);
    known.min(configured.max(raffle.closes_at)).max(raffle.closes_at)
}

fn accepted(device: DeviceId, seq: u64, entry: &Quarantined, sale: &QuarantinedSale) -> Sale {
    Sale {
        order: sale.order,
        channel: Channel::Rsu,
        seller: sale.seller,
        lines: sale.lines.clone(),
        ranges: sale.ranges.clone(),
        price_minor: sale.price_minor,
        validation: sale.validation,
        salt: sale.salt,
        sold_at: entry.at,
        // The hash of the record is in the event that set it aside.
        device_record: Some(DeviceRecordRef {
            device,
            seq,
            hash: Bytes::default(),
            at: entry.at,
            error_ms: entry.error_ms,
        }),
        payment: None,
    }
}
