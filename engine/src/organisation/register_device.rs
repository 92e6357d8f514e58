//! A new handheld: un-enrolled and disabled (R-01, GLI-31 §6.1.3 e).

use super::{Event, Organisation, Rejection, rejection::name};
use crate::id::DeviceId;
use serde::{Deserialize, Serialize};

/// Registers a handheld. Repeating it is harmless.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RegisterDevice {
    /// The handheld.
    pub device: DeviceId,
    /// Its label, unique in the organisation.
    pub label: String,
}

/// Refuses, in this order: a bad label, an id that stands for another handheld, a label in use.
pub fn register_device(state: &Organisation, command: &RegisterDevice) -> Result<Vec<Event>, Rejection> {
    let label = name(&command.label)?;
    if let Some(known) = state.devices.get(&command.device) {
        return if known.label == label { Ok(vec![]) } else { Err(Rejection::TermsDiffer) };
    }
    if state.devices.values().any(|known| known.label == label) {
        return Err(Rejection::LabelTaken);
    }
    Ok(vec![Event::DeviceRegistered { device: command.device, label }])
}
