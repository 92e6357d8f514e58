//! A handheld shows its key and is enrolled, or stops being so.

use super::{Event, Organisation, Rejection, rejection::reason};
use crate::bytes::Bytes;
use crate::id::DeviceId;
use serde::{Deserialize, Serialize};

/// Enrols a handheld with the key it made itself. The caller has checked the one-time code and the proof
/// that the device holds the secret half.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct EnrolDevice {
    /// The handheld.
    pub device: DeviceId,
    /// Its Ed25519 public key.
    pub public_key: Bytes<32>,
}

/// Refuses, in this order: an unknown handheld, one enrolled with another key, a key in use elsewhere.
pub fn enrol_device(state: &Organisation, command: &EnrolDevice) -> Result<Vec<Event>, Rejection> {
    let device = state.devices.get(&command.device).ok_or(Rejection::UnknownDevice)?;
    if let Some((key, _)) = device.enrolled {
        return if key == command.public_key { Ok(vec![]) } else { Err(Rejection::AlreadyEnrolled) };
    }
    let taken = state.devices.values().any(|known| known.enrolled.is_some_and(|(key, _)| key == command.public_key));
    if taken || command.public_key == Bytes::default() {
        return Err(Rejection::KeyTaken);
    }
    Ok(vec![Event::DeviceEnrolled { device: command.device, public_key: command.public_key }])
}

/// Takes a handheld's enrolment back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UnenrolDevice {
    /// The handheld.
    pub device: DeviceId,
    /// Why.
    pub reason: String,
}

/// Refuses, in this order: an unknown handheld, a missing reason.
pub fn unenrol_device(state: &Organisation, command: &UnenrolDevice) -> Result<Vec<Event>, Rejection> {
    let device = state.devices.get(&command.device).ok_or(Rejection::UnknownDevice)?;
    let reason = reason(&command.reason)?;
    if device.enrolled.is_none() {
        return Ok(vec![]);
    }
    Ok(vec![Event::DeviceUnenrolled { device: command.device, reason }])
}
