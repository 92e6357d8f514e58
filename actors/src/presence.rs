//! Which handhelds are in touch, and what they last said of themselves. Not durable: a restarted node
//! learns it again within a heartbeat.

use actix::Recipient;
use drumroll_engine::id::{DeviceId, OrganisationId, RaffleId};
use drumroll_engine::time::{Span, Timestamp};
use drumroll_protocol::{PrinterState, RaffleReport, Software};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Tells a connection that another one of the same device took over.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Superseded;

/// What a handheld last said of itself.
#[derive(Clone, Debug)]
pub struct DevicePresence {
    /// Its organisation.
    pub organisation: OrganisationId,
    /// Whether it is connected.
    pub online: bool,
    /// When it connected or was last heard.
    pub heard_at: Timestamp,
    /// Server time minus its own clock.
    pub clock_offset_ms: Option<i64>,
    /// The measured bound on the error of its estimate of server time.
    pub clock_error_ms: Option<u32>,
    /// Charge.
    pub battery_percent: Option<u8>,
    /// The printer.
    pub printer: Option<PrinterState>,
    /// Its program.
    pub software: Software,
    /// What it reports per raffle.
    pub raffles: Vec<RaffleReport>,
}

impl DevicePresence {
    /// What it reports of one raffle.
    pub fn raffle(&self, raffle: RaffleId) -> Option<&RaffleReport> {
        self.raffles.iter().find(|report| report.raffle_id == raffle)
    }
}

#[derive(Default)]
struct Entries {
    devices: HashMap<DeviceId, DevicePresence>,
    links: HashMap<DeviceId, (u64, Recipient<Superseded>)>,
    next_link: u64,
    rejected: HashMap<DeviceId, Timestamp>,
}

/// A device that somebody claims to be again and again is put on record so often: a stranger who knows an
/// id must not be able to fill the journal.
const REJECTED_EVERY: Span = Span::seconds(60);

/// All handhelds that were in touch since the start.
#[derive(Default)]
pub struct Presence(Mutex<Entries>);

impl Presence {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a handheld last said.
    pub fn get(&self, device: &DeviceId) -> Option<DevicePresence> {
        self.entries().devices.get(device).cloned()
    }

    /// How many are connected.
    pub fn online(&self) -> usize {
        self.entries().links.len()
    }

    /// A handheld connected; an older connection of it is told. The number names this connection.
    pub fn connect(&self, device: DeviceId, presence: DevicePresence, link: Recipient<Superseded>) -> u64 {
        let mut entries = self.entries();
        let number = entries.next_link;
        entries.next_link += 1;
        entries.devices.insert(device, presence);
        if let Some((_, older)) = entries.links.insert(device, (number, link)) {
            // A full mailbox belongs to a connection that is about to end anyway.
            let _ = older.try_send(Superseded);
        }
        number
    }

    /// Somebody claimed to be a registered handheld and was not; `true` when that is to be put on record.
    pub fn reject(&self, device: DeviceId, at: Timestamp) -> bool {
        let mut entries = self.entries();
        let due = entries.rejected.get(&device).is_none_or(|last| at.since(*last) >= REJECTED_EVERY);
        if due {
            entries.rejected.insert(device, at);
        }
        due
    }

    /// A handheld was heard.
    pub fn heard(&self, device: &DeviceId, update: impl FnOnce(&mut DevicePresence)) {
        if let Some(presence) = self.entries().devices.get_mut(device) {
            update(presence);
        }
    }

    /// A connection ended; `true` if it was the device's newest.
    pub fn disconnect(&self, device: &DeviceId, link: u64) -> bool {
        let mut entries = self.entries();
        let newest = entries.links.get(device).is_some_and(|(number, _)| *number == link);
        if newest {
            entries.links.remove(device);
            if let Some(presence) = entries.devices.get_mut(device) {
                presence.online = false;
            }
        }
        newest
    }
}
