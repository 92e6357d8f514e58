//! Which handhelds are in touch, and what they last said of themselves. Not durable: a restarted node
//! learns it again within a heartbeat.

use crate::cluster::bus::{Bus, Told};
use actix::Recipient;
use drumroll_engine::id::{DeviceId, OrganisationId, RaffleId};
use drumroll_engine::time::{Span, Timestamp};
use drumroll_protocol::{PrinterState, RaffleReport, Software};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Tells a connection that another one of the same device took over.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Superseded;

/// What a handheld last said of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// What other nodes told of handhelds that are connected there, and when.
    elsewhere: HashMap<DeviceId, (DevicePresence, Instant)>,
    devices: HashMap<DeviceId, DevicePresence>,
    links: HashMap<DeviceId, (u64, Recipient<Superseded>)>,
    next_link: u64,
    rejected: HashMap<DeviceId, Timestamp>,
}

/// A device that somebody claims to be again and again is put on record so often: a stranger who knows an
/// id must not be able to fill the journal.
const REJECTED_EVERY: Span = Span::seconds(60);

/// Another node tells of a handheld with each heartbeat; after so long without, nobody knows.
const ELSEWHERE_FRESH: Duration = Duration::from_secs(60);

/// All handhelds that were in touch since the start.
#[derive(Default)]
pub struct Presence {
    entries: Mutex<Entries>,
    bus: OnceLock<Arc<dyn Bus>>,
}

impl Presence {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells other nodes from now on who is in touch here.
    pub(crate) fn tell(&self, bus: Arc<dyn Bus>) {
        // A second bus would be the same.
        let _ = self.bus.set(bus);
    }

    fn told(&self, device: DeviceId, presence: Option<DevicePresence>) {
        if let (Some(bus), Some(presence)) = (self.bus.get(), presence) {
            bus.tell(Told::Heard(device, Box::new(presence)));
        }
    }

    /// Another node tells of a handheld. Our own words come back to us and are no news.
    pub(crate) fn elsewhere(&self, device: DeviceId, presence: DevicePresence) {
        let mut entries = self.entries();
        let newer = |(known, _): &(DevicePresence, Instant)| known.heard_at <= presence.heard_at;
        if !entries.links.contains_key(&device) && entries.elsewhere.get(&device).is_none_or(newer) {
            entries.elsewhere.insert(device, (presence, Instant::now()));
        }
    }

    /// What a handheld last said, here or at another node.
    pub fn get(&self, device: &DeviceId) -> Option<DevicePresence> {
        let entries = self.entries();
        let here = entries.devices.get(device);
        if entries.links.contains_key(device) {
            return here.cloned();
        }
        let there = entries.elsewhere.get(device).map(|(presence, told_at)| DevicePresence {
            online: presence.online && told_at.elapsed() < ELSEWHERE_FRESH,
            ..presence.clone()
        });
        match (here, there) {
            (Some(here), Some(there)) if here.heard_at > there.heard_at => Some(here.clone()),
            (here, None) => here.cloned(),
            (_, there) => there,
        }
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
        entries.devices.insert(device, presence.clone());
        if let Some((_, older)) = entries.links.insert(device, (number, link)) {
            // A full mailbox belongs to a connection that is about to end anyway.
            let _ = older.try_send(Superseded);
        }
        drop(entries);
        self.told(device, Some(presence));
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
        let heard = self.entries().devices.get_mut(device).map(|presence| {
            update(presence);
            presence.clone()
        });
        self.told(*device, heard);
    }

    /// A connection ended; `true` if it was the device's newest.
    pub fn disconnect(&self, device: &DeviceId, link: u64) -> bool {
        let mut entries = self.entries();
        let newest = entries.links.get(device).is_some_and(|(number, _)| *number == link);
        if newest {
            entries.links.remove(device);
            let gone = entries.devices.get_mut(device).map(|presence| {
                presence.online = false;
                presence.clone()
            });
            drop(entries);
            self.told(*device, gone);
        }
        newest
    }
}
