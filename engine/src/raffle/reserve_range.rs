//! Numbers for a handheld.

use super::sell_tickets::window;
use super::{Answer, Context, Decision, Device, Event, PoolKind, Raffle, Rejection};
use crate::id::DeviceId;
use crate::ticket::NumberRange;
use serde::{Deserialize, Serialize};

/// Leases the next block of the pool to a handheld. `lease_no` is the idempotency key: the same number
/// gives the same range for ever, so a lost answer costs nothing.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ReserveRange {
    /// The handheld.
    pub device: DeviceId,
    /// Which lease, counted from 1: one more than the device knows.
    pub lease_no: u32,
    /// Numbers wanted; the configured block at most.
    pub wanted: u64,
    /// The highest record the device has made. It gets nothing before all of them are here.
    pub made_seq: u64,
}

/// A device that has this many unused numbers, in blocks, gets no more: no device drains the pool.
const UNUSED_BLOCKS_MAX: u64 = 2;

/// Refuses, in this order: a device that has not joined, one that is final or written off, a lease out
/// of step, a window that is not open, records that have not arrived, a device that has plenty, an empty
/// pool.
pub fn reserve_range(raffle: &Raffle, context: &Context, command: &ReserveRange) -> Result<Decision, Rejection> {
    let device = raffle.devices.get(&command.device).ok_or(Rejection::UnknownDevice)?;
    if device.settled() {
        return Err(Rejection::DeviceSettled);
    }
    let known = device.leased.len();
    let index = usize::try_from(command.lease_no).ok().and_then(|no| no.checked_sub(1));
    if let Some(lease) = index.and_then(|index| device.leased.get(index)) {
        return Ok(Decision { events: vec![], answer: Answer::Reserved(*lease) });
    }
    if index != Some(known) {
        return Err(Rejection::LeaseOutOfStep { leases: known as u64 });
    }
    window(raffle, context)?;
    if command.made_seq > device.last_seq {
        return Err(Rejection::UploadFirst);
    }
    let config = raffle.config.as_ref().ok_or(Rejection::NotYetSelling)?;
    if unused_count(device) >= config.device_block.saturating_mul(UNUSED_BLOCKS_MAX) {
        return Err(Rejection::RangeSuffices);
    }
    let block = config.device_block.min(command.wanted.max(1));
    let pool = raffle.pool(PoolKind::Rsu).ok_or(Rejection::ChannelNotSold)?;
    let next = pool.next(block.min(pool.available())).and_then(|ranges| ranges.first().copied());
    let range: NumberRange = next.ok_or(Rejection::SoldOut { left: pool.available() })?;
    let event = Event::RangeReserved { device: command.device, range };
    Ok(Decision { events: vec![event], answer: Answer::Reserved(range) })
}

fn unused_count(device: &Device) -> u64 {
    device.leased_count() - device.used.count().min(device.leased_count())
}
