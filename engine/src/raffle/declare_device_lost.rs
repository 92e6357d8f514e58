//! A handheld that will not come back (R-16, GLI-31 §2.8.1 g).

use super::start_reconciliation::if_last;
use super::{Context, Decision, Event, Raffle, Rejection, Status};
use crate::id::DeviceId;
use serde::{Deserialize, Serialize};

/// Writes a handheld off, with its operator and the money he handed in; two people sign. Its known sales
/// stay in, its numbers of unknown fate leave the game for ever.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeclareDeviceLost {
    /// The handheld.
    pub device: DeviceId,
    /// Who had it.
    pub operator: String,
    /// The money he handed in, in minor units.
    pub money_collected_minor: u64,
    /// Why.
    pub reason: String,
}

/// Refuses, in this order: a device that has not joined, one that is final or written off already, a
/// raffle past or before that stage, a missing operator or reason, a missing second person.
pub fn declare_device_lost(
    raffle: &Raffle,
    context: &Context,
    command: &DeclareDeviceLost,
) -> Result<Decision, Rejection> {
    let device = raffle.devices.get(&command.device).ok_or(Rejection::UnknownDevice)?;
    if device.settled() {
        return Err(Rejection::DeviceSettled);
    }
    if !raffle.status.on_sale() && !matches!(raffle.status, Status::Closing | Status::Reconciling) {
        return Err(Rejection::WrongStatus { status: raffle.status });
    }
    let operator = super::rejection::reason(&command.operator)?;
    let reason = super::rejection::reason(&command.reason)?;
    context.require_approver()?;
    let lost = Event::DeviceLost {
        device: command.device,
        operator,
        money_collected_minor: command.money_collected_minor,
        reason,
        out_of_play: device.unused(),
    };
    Decision::done(core::iter::once(lost).chain(if_last(raffle, command.device)).collect())
}
