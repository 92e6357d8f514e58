//! The second, independent flag of a handheld.

use super::{Event, Organisation, Rejection, rejection::reason};
use crate::id::DeviceId;
use serde::{Deserialize, Serialize};

/// Lets a handheld take part.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct EnableDevice {
    /// The handheld.
    pub device: DeviceId,
}

/// Refuses an unknown handheld. Repeating it is harmless.
pub fn enable_device(state: &Organisation, command: &EnableDevice) -> Result<Vec<Event>, Rejection> {
    let device = state.devices.get(&command.device).ok_or(Rejection::UnknownDevice)?;
    Ok(if device.enabled { vec![] } else { vec![Event::DeviceEnabled { device: command.device }] })
}

/// Keeps a handheld from taking part, from its next contact on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DisableDevice {
    /// The handheld.
    pub device: DeviceId,
    /// Why.
    pub reason: String,
}

/// Refuses, in this order: an unknown handheld, a missing reason. Repeating it is harmless.
pub fn disable_device(state: &Organisation, command: &DisableDevice) -> Result<Vec<Event>, Rejection> {
    let device = state.devices.get(&command.device).ok_or(Rejection::UnknownDevice)?;
    let reason = reason(&command.reason)?;
    Ok(if device.enabled { vec![Event::DeviceDisabled { device: command.device, reason }] } else { vec![] })
}
