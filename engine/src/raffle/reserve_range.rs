//! Numbers for a handheld.

use super::sell_tickets::window;
use super::{Answer, Context, Decision, Device, Event, PoolKind, Raffle, Rejection};
use crate::id::DeviceId;
use crate::ticket::NumberRange;

/// Leases the next block of the pool to a handheld.
#[derive(Clone, Copy, Debug)]
pub struct ReserveRange {
    /// The handheld.
    pub device: DeviceId,
    /// Numbers wanted; the configured block at most.
    pub wanted: u64,
    /// The highest record the device has made. It gets nothing before all of them are here.
    pub made_seq: u64,
}

/// A device that has this many unused numbers, in blocks, gets no more: lost replies must not drain the
/// pool.
const UNUSED_BLOCKS_MAX: u64 = 2;

/// Refuses, in this order: a device that has not joined, one that is final or written off, a window that
/// is not open, records that have not arrived, an empty pool.
pub fn reserve_range(raffle: &Raffle, context: &Context, command: &ReserveRange) -> Result<Decision, Rejection> {
    let device = raffle.devices.get(&command.device).ok_or(Rejection::UnknownDevice)?;
    if device.settled() {
        return Err(Rejection::DeviceSettled);
    }
    window(raffle, context)?;
    if command.made_seq > device.last_seq {
        return Err(Rejection::UploadFirst);
    }
    let config = raffle.config.as_ref().ok_or(Rejection::NotYetSelling)?;
    let block = config.device_block.min(command.wanted.max(1));
    let unused = unused_count(device);
    if let Some(last) = device.leased.last()
        && unused >= config.device_block.saturating_mul(UNUSED_BLOCKS_MAX)
    {
        // It has plenty: the last lease again, in case the reply to it was lost.
        return Ok(Decision { events: vec![], answer: Answer::Reserved(*last) });
    }
    let pool = raffle.pool(PoolKind::Rsu).ok_or(Rejection::ChannelNotSold)?;
    let next = pool.next(block.min(pool.available())).and_then(|ranges| ranges.first().copied());
    let range: NumberRange = next.ok_or(Rejection::SoldOut { left: pool.available() })?;
    let event = Event::RangeReserved { device: command.device, range };
    Ok(Decision { events: vec![event], answer: Answer::Reserved(range) })
}

fn unused_count(device: &Device) -> u64 {
    device.leased_count() - device.used.count().min(device.leased_count())
}
