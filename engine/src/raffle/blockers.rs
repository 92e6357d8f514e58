//! What still stands between a raffle and the acknowledgement of its reconciliation (L-06, GLI-31 §2.6).

use super::order::OrderState;
use super::state::{Raffle, Status};
use crate::id::{DeviceId, OrderKey};
use core::fmt;
use serde::{Deserialize, Serialize};

/// One open point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Blocker {
    /// Reconciliation has not begun.
    NotReconciling {
        /// What the raffle is.
        status: Status,
    },
    /// A handheld is neither final nor written off.
    DeviceOpen {
        /// Which.
        device: DeviceId,
        /// Its label.
        label: String,
    },
    /// A misprinted ticket waits for a decision (T-09).
    MisprintOpen {
        /// Which.
        order: OrderKey,
    },
    /// A sale in quarantine waits for a decision.
    QuarantineOpen {
        /// From which handheld.
        device: DeviceId,
        /// Its label.
        label: String,
        /// Which record.
        seq: u64,
    },
    /// An online order still waits for its payment.
    HoldOpen {
        /// Which.
        order: OrderKey,
    },
}

impl Blocker {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotReconciling { .. } => "not_reconciling",
            Self::DeviceOpen { .. } => "device_open",
            Self::MisprintOpen { .. } => "misprint_open",
            Self::QuarantineOpen { .. } => "quarantine_open",
            Self::HoldOpen { .. } => "hold_open",
        }
    }

    /// The handheld it is about.
    pub const fn device(&self) -> Option<DeviceId> {
        match self {
            Self::DeviceOpen { device, .. } | Self::QuarantineOpen { device, .. } => Some(*device),
            _ => None,
        }
    }
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReconciling { status } => write!(f, "The raffle is {}, not reconciling.", status.as_str()),
            Self::DeviceOpen { label, .. } => write!(f, "Handheld {label} is not final and not written off."),
            Self::MisprintOpen { .. } => f.write_str("A misprinted ticket waits for a decision."),
            Self::QuarantineOpen { label, seq, .. } => {
                write!(f, "Sale {seq} of handheld {label} is set aside and waits for a decision.")
            }
            Self::HoldOpen { .. } => f.write_str("An online order still waits for its payment."),
        }
    }
}

/// Everything that blocks the acknowledgement, in the order in which an operator would clear it.
pub fn blockers(raffle: &Raffle) -> Vec<Blocker> {
    let mut blockers = Vec::new();
    if raffle.status != Status::Reconciling {
        blockers.push(Blocker::NotReconciling { status: raffle.status });
    }
    for (device, known) in raffle.devices.iter().filter(|(_, known)| !known.settled()) {
        blockers.push(Blocker::DeviceOpen { device: *device, label: known.label.clone() });
    }
    for ((device, seq), _) in raffle.quarantine.iter().filter(|(_, entry)| entry.open()) {
        let label = raffle.devices.get(device).map(|known| known.label.clone()).unwrap_or_default();
        blockers.push(Blocker::QuarantineOpen { device: *device, label, seq: *seq });
    }
    blockers.extend(raffle.misprints_open.iter().map(|order| Blocker::MisprintOpen { order: *order }));
    let held = raffle
        .holds
        .iter()
        .filter(|(_, key)| matches!(raffle.orders.get(key).map(|order| order.state), Some(OrderState::Held { .. })));
    blockers.extend(held.map(|(_, order)| Blocker::HoldOpen { order: *order }));
    blockers
}
