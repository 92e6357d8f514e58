//! A handheld knows when to stop.

use super::{Decision, Event, Raffle, Rejection};
use crate::id::DeviceId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Records that a handheld will obey a closing time or a suspension. An offline device is bound by the
/// latest one it has acknowledged.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct AcknowledgeNotice {
    /// The handheld.
    pub device: DeviceId,
    /// The closing time it will obey.
    pub closes_at: Timestamp,
    /// Whether it knows that sales are suspended.
    pub suspended: bool,
}

/// Refuses a device that has not joined. Repeating it is harmless.
pub fn acknowledge_notice(raffle: &Raffle, command: &AcknowledgeNotice) -> Result<Decision, Rejection> {
    let device = raffle.devices.get(&command.device).ok_or(Rejection::UnknownDevice)?;
    if device.closes_at == Some(command.closes_at) && device.suspended == command.suspended {
        return Decision::done(vec![]);
    }
    Decision::done(vec![Event::NoticeAcknowledged {
        device: command.device,
        closes_at: command.closes_at,
        suspended: command.suspended,
    }])
}
