//! The state of an organisation.

use super::event::{Event, Role};
use crate::bytes::Bytes;
use crate::id::{DeviceId, OrganisationId, RaffleId, UserId, VenueId};
use crate::raffle::Kind;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A person's or an outside system's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The name to log in with.
    pub login: String,
    /// The name people read.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it may log in.
    pub enabled: bool,
}

/// A handheld as its organisation knows it: two independent flags, both needed to sell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredDevice {
    /// Its label.
    pub label: String,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// Its key and since when, while it is enrolled.
    pub enrolled: Option<(Bytes<32>, Timestamp)>,
    /// Whether it may take part.
    pub enabled: bool,
}

impl RegisteredDevice {
    /// Its key, if it is enrolled and enabled (GLI-31 §6.1.3 d).
    pub fn active_key(&self) -> Option<Bytes<32>> {
        self.enrolled.filter(|_| self.enabled).map(|(key, _)| key)
    }
}

/// A venue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Venue {
    /// Its name.
    pub name: String,
    /// IANA name of its time zone.
    pub time_zone: String,
}

/// A raffle's place in the gapless series of event numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbered {
    /// The number.
    pub number: u64,
    /// The working name.
    pub name: String,
    /// Live or test.
    pub kind: Kind,
}

/// One organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// Its name, empty before it exists.
    pub name: String,
    /// Its accounts.
    pub accounts: BTreeMap<UserId, Account>,
    /// Its handhelds.
    pub devices: BTreeMap<DeviceId, RegisteredDevice>,
    /// Its venues.
    pub venues: BTreeMap<VenueId, Venue>,
    /// Its raffles' numbers.
    pub events: BTreeMap<RaffleId, Numbered>,
}

impl Organisation {
    /// A journal without events.
    pub fn empty(id: OrganisationId) -> Self {
        Self {
            id,
            name: String::new(),
            accounts: BTreeMap::new(),
            devices: BTreeMap::new(),
            venues: BTreeMap::new(),
            events: BTreeMap::new(),
        }
    }

    /// Whether its first event exists.
    pub const fn exists(&self) -> bool {
        !self.name.is_empty()
    }

    /// The number the next raffle gets: one more than there are, for none is ever taken back (L-05).
    pub fn next_event_number(&self) -> u64 {
        self.events.len() as u64 + 1
    }

    /// Records `event`, which was decided at `at`.
    ///
    /// # Panics
    /// When the event does not follow from this state.
    pub fn apply(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::Created { name } => name.clone_into(&mut self.name),
            Event::AccountCreated { user, login, name, role } => {
                let account = Account { login: login.clone(), name: name.clone(), role: *role, enabled: true };
                assert!(self.accounts.insert(*user, account).is_none(), "an account was created twice");
            }
            Event::AccountEnabled { user, enabled } => {
                self.accounts.get_mut(user).expect("an event names an account that does not exist").enabled = *enabled;
            }
            Event::VenueAdded { venue, name, time_zone } => {
                self.venues.insert(*venue, Venue { name: name.clone(), time_zone: time_zone.clone() });
            }
            Event::DeviceRegistered { device, label } => {
                let registered =
                    RegisteredDevice { label: label.clone(), registered_at: at, enrolled: None, enabled: false };
                assert!(self.devices.insert(*device, registered).is_none(), "a device was registered twice");
            }
            Event::DeviceEnrolled { device, public_key } => self.device(device).enrolled = Some((*public_key, at)),
            Event::DeviceUnenrolled { device, .. } => self.device(device).enrolled = None,
            Event::DeviceEnabled { device } => self.device(device).enabled = true,
            Event::DeviceDisabled { device, .. } => self.device(device).enabled = false,
            Event::EventNumbered { raffle, number, name, kind } => {
                assert!(*number == self.next_event_number(), "event numbers are gapless");
                self.events.insert(*raffle, Numbered { number: *number, name: name.clone(), kind: *kind });
            }
            Event::PasswordChanged { .. }
            | Event::LoggedIn { .. }
            | Event::LoginFailed { .. }
            | Event::AccountLocked { .. }
            | Event::LoggedOut { .. }
            | Event::RefreshReused { .. }
            | Event::AccessDenied { .. }
            | Event::Significant { .. } => {}
        }
    }

    fn device(&mut self, id: &DeviceId) -> &mut RegisteredDevice {
        self.devices.get_mut(id).expect("an event names a device that is not registered")
    }
}
