//! One record of a handheld's series gets its verdict (R-06, R-12, I2, I8).
//!
//! Every record is answered, accepted or set aside with a reason, and then acknowledged, so that
//! acknowledgement never stalls behind a bad one. Only a broken or incomplete series is refused.

use super::start_reconciliation::if_last;
use super::{
    Answer, Channel, Context, Decision, Device, DeviceRecordRef, DeviceStatus, Event, OrderState, QuarantineReason,
    QuarantinedSale, Raffle, Rejection, Sale, Status, Verdict,
};
use crate::bytes::Bytes;
use crate::device::{DevicePayload, FinalReport, Misprint, MisprintReason, Sale as DeviceSale, VerifiedRecord};
use crate::id::DeviceId;
use crate::money;
use crate::time::Span;
use serde::{Deserialize, Serialize};

/// Records one verified record. The signature was checked where the type was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordDevice {
    /// The record.
    pub record: VerifiedRecord,
}

/// Refuses, in this order: a device that has not joined, a series that does not continue what is known,
/// a gap. A record known already is answered so, and changes nothing.
pub fn record_device(raffle: &Raffle, context: &Context, record: &VerifiedRecord) -> Result<Decision, Rejection> {
    let inner = record.record();
    let device = raffle.devices.get(&inner.device_id).ok_or(Rejection::UnknownDevice)?;
    let acknowledged = device.last_seq;
    if inner.raffle_id != raffle.id || (inner.seq == acknowledged && *record.hash() != device.head.0) {
        return Err(Rejection::SeriesBroken { acknowledged });
    }
    if inner.seq <= acknowledged {
        // Calling a sale known that is not on record would let the handheld forget it.
        if let Ok(DevicePayload::Sale(sale)) = record.payload()
            && !on_record(raffle, (inner.device_id, inner.seq), device, sale)
        {
            return Err(Rejection::SeriesBroken { acknowledged });
        }
        return Ok(Decision { events: vec![], answer: Answer::Verdict(Verdict::Known) });
    }
    if inner.seq > acknowledged + 1 {
        return Err(Rejection::SeriesGap { acknowledged });
    }
    if !record.continues(acknowledged, &device.head.0) {
        return Err(Rejection::SeriesBroken { acknowledged });
    }
    let reference = DeviceRecordRef {
        device: inner.device_id,
        seq: inner.seq,
        hash: Bytes(*record.hash()),
        at: inner.server_at_us,
        error_ms: inner.error_ms,
    };
    let judged = match record.payload() {
        Ok(DevicePayload::Sale(sale)) => judge_sale(raffle, context, device, record, sale)
            .map(|()| vec![Event::TicketSold { sale: accepted(reference, sale) }])
            .map_err(|reason| (reason, Some(Box::new(set_aside(sale))))),
        Ok(DevicePayload::Misprint(misprint)) => judge_misprint(raffle, device, misprint)
            .map(|()| {
                let reason = format!("marked on the handheld: {}", words(misprint.reason));
                vec![Event::TicketMisprinted { order: misprint.order_key, reason, device_record: Some(reference) }]
            })
            .map_err(|reason| (reason, None)),
        Ok(DevicePayload::Final(report)) => judge_final(device, report)
            .map(|()| {
                let last = Event::DeviceFinal { record: reference, returned: device.unused() };
                core::iter::once(last).chain(if_last(raffle, inner.device_id)).collect()
            })
            .map_err(|reason| (reason, None)),
        Err(_) => Err((QuarantineReason::Unreadable, None)),
    };
    match judged {
        Ok(events) => Ok(Decision { events, answer: Answer::Verdict(Verdict::Accepted) }),
        Err((reason, sale)) => {
            let mut events = vec![Event::RecordQuarantined { record: reference, reason, sale }];
            // Late data clears the acknowledgement; it never slips in (D-03). After the lock nothing moves.
            if raffle.status == Status::Reconciled && !raffle.locked() {
                let reason = format!("late record {} of handheld {}", inner.seq, device.label);
                events.push(Event::AcknowledgementCleared { reason });
            }
            Ok(Decision { events, answer: Answer::Verdict(Verdict::Quarantined(reason)) })
        }
    }
}

/// Whether this very sale is known, accepted or set aside. Only the last record's hash is kept, so an
/// older one is known by what it sold.
fn on_record(raffle: &Raffle, place: (DeviceId, u64), device: &Device, sale: &DeviceSale) -> bool {
    if let Some(entry) = raffle.quarantine.get(&place) {
        return entry.sale.as_deref() == Some(&set_aside(sale));
    }
    let order = raffle.orders.get(&sale.order_key).filter(|order| order.slot == device.slot.get());
    order
        .and_then(|order| order.ticket.as_ref())
        .is_some_and(|ticket| *ticket.ranges == *sale.ranges && ticket.validation == sale.validation_number)
}

/// Reasons in the order in which they are looked for.
fn judge_sale(
    raffle: &Raffle,
    context: &Context,
    device: &Device,
    record: &VerifiedRecord,
    sale: &DeviceSale,
) -> Result<(), QuarantineReason> {
    use QuarantineReason as Reason;
    let config = raffle.config.as_ref().ok_or(Reason::BeforeOpening)?;
    // What could never take part, whoever decides.
    if let DeviceStatus::Final { .. } = device.status {
        return Err(Reason::AfterFinal);
    }
    let priced = money::price(&config.packages, &sale.lines).map_err(|_| Reason::PriceMismatch)?;
    let limited = sale.lines.iter().any(|line| raffle.stock_left(line.package).is_some());
    if limited || sale.currency != config.currency || sale.price_minor != priced.price_minor {
        return Err(Reason::PriceMismatch);
    }
    let numbers: Option<u64> = sale.ranges.iter().try_fold(0u64, |sum, range| sum.checked_add(range.count()));
    if numbers != Some(priced.numbers) || !sale.ranges.iter().all(|range| device.holds(range)) {
        return Err(Reason::NumbersNotLeased);
    }
    if !device.may_use(&sale.ranges) {
        return Err(Reason::NumbersUsed);
    }
    let validation = sale.validation_number;
    if validation.issuer_slot() != device.slot || raffle.validations.contains(&validation) {
        return Err(Reason::ValidationInvalid);
    }
    if raffle.orders.contains_key(&sale.order_key) {
        return Err(Reason::OrderKeyUsed);
    }
    // When it was sold.
    let sold_at = record.record().server_at_us;
    if sold_at < device.last_at {
        return Err(Reason::ClockWentBack);
    }
    if sold_at < config.sales_start.max(raffle.opened_at.unwrap_or_default()) {
        return Err(Reason::BeforeOpening);
    }
    let error = Span::millis(u64::from(record.record().error_ms));
    let latest = sold_at + error;
    if latest >= raffle.closes_at {
        return Err(Reason::AfterClose);
    }
    if sold_at > context.at + error {
        return Err(Reason::ClockAhead);
    }
    if raffle.suspended_at(sold_at) {
        return Err(Reason::WhileSuspended);
    }
    // When it came.
    if let DeviceStatus::Lost { .. } = device.status {
        return Err(Reason::DeviceLost);
    }
    if raffle.locked() {
        return Err(Reason::AfterLock);
    }
    match raffle.status {
        Status::Selling | Status::Suspended | Status::Closing | Status::Reconciling => Ok(()),
        Status::Reconciled => Err(Reason::AfterAcknowledgement),
        Status::Draft | Status::Configured => Err(Reason::BeforeOpening),
        Status::Finalized | Status::Cancelled => Err(Reason::RaffleOver),
    }
}

fn judge_misprint(raffle: &Raffle, device: &Device, misprint: &Misprint) -> Result<(), QuarantineReason> {
    let order = raffle.orders.get(&misprint.order_key).ok_or(QuarantineReason::UnknownSale)?;
    if order.channel != Channel::Rsu || order.slot != device.slot.get() || order.state != OrderState::Sold {
        return Err(QuarantineReason::UnknownSale);
    }
    if raffle.locked() {
        return Err(QuarantineReason::AfterLock);
    }
    match raffle.status {
        Status::Selling | Status::Suspended | Status::Closing | Status::Reconciling => Ok(()),
        Status::Reconciled => Err(QuarantineReason::AfterAcknowledgement),
        Status::Draft | Status::Configured | Status::Finalized | Status::Cancelled => Err(QuarantineReason::RaffleOver),
    }
}

/// The device's own account must be ours: then nothing is missing (GLI-31 §2.6.2).
fn judge_final(device: &Device, report: &FinalReport) -> Result<(), QuarantineReason> {
    match device.status {
        DeviceStatus::Joined => {}
        DeviceStatus::Final { .. } => return Err(QuarantineReason::AfterFinal),
        DeviceStatus::Lost { .. } => return Err(QuarantineReason::DeviceLost),
    }
    let known = &device.reported;
    let agrees = report.last_sale_seq == known.last_sale_seq
        && report.sales == known.sales
        && report.numbers_sold == known.numbers
        && report.amount_minor == known.amount_minor
        && report.unused == device.unused();
    if agrees { Ok(()) } else { Err(QuarantineReason::FinalMismatch) }
}

const fn words(reason: MisprintReason) -> &'static str {
    match reason {
        MisprintReason::NotPrinted => "nothing came out",
        MisprintReason::Unreadable => "unreadable",
        MisprintReason::PaperFault => "paper fault",
        MisprintReason::Other => "other",
    }
}

fn accepted(record: DeviceRecordRef, sale: &DeviceSale) -> Sale {
    Sale {
        order: sale.order_key,
        channel: Channel::Rsu,
        seller: sale.seller,
        lines: sale.lines.clone(),
        ranges: sale.ranges.clone(),
        price_minor: sale.price_minor,
        validation: sale.validation_number,
        salt: sale.salt,
        sold_at: record.at,
        device_record: Some(record),
        payment: None,
    }
}

fn set_aside(sale: &DeviceSale) -> QuarantinedSale {
    QuarantinedSale {
        order: sale.order_key,
        lines: sale.lines.clone(),
        ranges: sale.ranges.clone(),
        price_minor: sale.price_minor,
        validation: sale.validation_number,
        salt: sale.salt,
        seller: sale.seller,
    }
}
