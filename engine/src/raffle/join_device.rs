//! A handheld takes part in a raffle.

use super::{Answer, Decision, Event, Raffle, Rejection};
use crate::id::DeviceId;
use serde::{Deserialize, Serialize};

/// Admits a handheld, under an issuer slot of its own. The caller has checked that it is enrolled and
/// enabled. Repeating it is harmless.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JoinDevice {
    /// The handheld.
    pub device: DeviceId,
    /// Its label.
    pub label: String,
}

/// Refuses, in this order: a raffle that is not on sale, a full house of slots.
pub fn join_device(raffle: &Raffle, command: JoinDevice) -> Result<Decision, Rejection> {
    if let Some(device) = raffle.devices.get(&command.device) {
        return Ok(Decision { events: vec![], answer: Answer::Joined(device.slot) });
    }
    if !raffle.status.on_sale() {
        return Err(Rejection::WrongStatus { status: raffle.status });
    }
    let slot = raffle.next_slot().ok_or(Rejection::NoIssuerSlot)?;
    let event = Event::DeviceJoined { device: command.device, label: command.label, slot };
    Ok(Decision { events: vec![event], answer: Answer::Joined(slot) })
}
