//! Facts of an organisation's own journal: people, devices, venues, event numbers and the significant
//! events of GLI-31 §5.6.1. No password, token or buyer's data ever stands here.

use crate::bytes::Bytes;
use crate::id::{DeviceId, RaffleId, UserId, VenueId};
use crate::raffle::Kind;
use serde::{Deserialize, Serialize};

/// What a person of the staff may do (C-01). What each role permits stands in the server's permission table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sells at a counter or with a handheld.
    Seller,
    /// The event manager: closes, reconciles, draws.
    Supervisor,
    /// Sets up events, people and devices.
    Administrator,
    /// Reads everything, changes nothing: auditors and regulators.
    Auditor,
    /// Looks tickets up for buyers.
    Support,
    /// An outside system with its own key.
    Integration,
    /// Keeps the installation, across organisations.
    Platform,
}

impl Role {
    /// Every role, for the denial matrix.
    pub const ALL: [Self; 7] = [
        Self::Seller,
        Self::Supervisor,
        Self::Administrator,
        Self::Auditor,
        Self::Support,
        Self::Integration,
        Self::Platform,
    ];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seller => "seller",
            Self::Supervisor => "supervisor",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
            Self::Support => "support",
            Self::Integration => "integration",
            Self::Platform => "platform",
        }
    }
}

/// What happened in an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum Event {
    /// The organisation exists.
    #[serde(rename = "organisation_created/1")]
    Created {
        /// Its name.
        name: String,
    },
    /// An account exists.
    #[serde(rename = "account_created/1")]
    AccountCreated {
        /// The account.
        user: UserId,
        /// The name to log in with.
        login: String,
        /// The name people read.
        name: String,
        /// What it may do.
        role: Role,
    },
    /// An account may, or may no longer, log in.
    #[serde(rename = "account_enabled/1")]
    AccountEnabled {
        /// The account.
        user: UserId,
        /// Whether it may.
        enabled: bool,
    },
    /// A password was changed; the password itself is nowhere near this journal.
    #[serde(rename = "password_changed/1")]
    PasswordChanged {
        /// The account.
        user: UserId,
    },
    /// Somebody logged in.
    #[serde(rename = "logged_in/1")]
    LoggedIn {
        /// The account.
        user: UserId,
    },
    /// A login failed.
    #[serde(rename = "login_failed/1")]
    LoginFailed {
        /// The account.
        user: UserId,
    },
    /// Too many failures: the account is locked for a while.
    #[serde(rename = "account_locked/1")]
    AccountLocked {
        /// The account.
        user: UserId,
    },
    /// Somebody logged out.
    #[serde(rename = "logged_out/1")]
    LoggedOut {
        /// The account.
        user: UserId,
    },
    /// A refresh token came twice: the whole family of tokens was revoked.
    #[serde(rename = "refresh_reused/1")]
    RefreshReused {
        /// The account.
        user: UserId,
    },
    /// Somebody tried what his role does not permit.
    #[serde(rename = "access_denied/1")]
    AccessDenied {
        /// The account.
        user: UserId,
        /// The permission that was missing.
        permission: String,
    },
    /// A venue exists.
    #[serde(rename = "venue_added/1")]
    VenueAdded {
        /// The venue.
        venue: VenueId,
        /// Its name.
        name: String,
        /// IANA name of its time zone.
        time_zone: String,
    },
    /// A handheld is known: un-enrolled and disabled.
    #[serde(rename = "device_registered/1")]
    DeviceRegistered {
        /// The handheld.
        device: DeviceId,
        /// Its label.
        label: String,
    },
    /// A handheld proved its key and is enrolled.
    #[serde(rename = "device_enrolled/1")]
    DeviceEnrolled {
        /// The handheld.
        device: DeviceId,
        /// Its Ed25519 public key.
        public_key: Bytes<32>,
    },
    /// A handheld is no longer enrolled.
    #[serde(rename = "device_unenrolled/1")]
    DeviceUnenrolled {
        /// The handheld.
        device: DeviceId,
        /// Why.
        reason: String,
    },
    /// A handheld may take part, if it is enrolled too.
    #[serde(rename = "device_enabled/1")]
    DeviceEnabled {
        /// The handheld.
        device: DeviceId,
    },
    /// A handheld may not take part.
    #[serde(rename = "device_disabled/1")]
    DeviceDisabled {
        /// The handheld.
        device: DeviceId,
        /// Why.
        reason: String,
    },
    /// A raffle has its consecutive number (L-05).
    #[serde(rename = "event_numbered/1")]
    EventNumbered {
        /// The raffle.
        raffle: RaffleId,
        /// Its number.
        number: u64,
        /// Its working name.
        name: String,
        /// Live or test.
        kind: Kind,
    },
    /// A significant event (GLI-31 §5.6.1).
    #[serde(rename = "significant/1")]
    Significant {
        /// Its stable code.
        code: String,
        /// The component it is about.
        component: String,
        /// A sentence.
        detail: String,
    },
}

impl Event {
    /// The exact bytes that are stored and hashed.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("events have string keys and no failing serializers")
    }

    /// Reads a stored payload of any version ever written.
    ///
    /// # Errors
    /// The payload is not an event of this or an earlier build.
    pub fn decode(payload: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(payload)
    }

    /// The stable code and the component of this event in the log of significant events.
    pub fn significant(&self) -> (&str, String) {
        let person = |user: &UserId| format!("user:{user}");
        let handheld = |device: &DeviceId| format!("rsu:{device}");
        match self {
            Self::Created { .. } => ("organisation_created", "organisation".to_owned()),
            Self::AccountCreated { user, .. } => ("account_created", person(user)),
            Self::AccountEnabled { user, enabled: true } => ("account_enabled", person(user)),
            Self::AccountEnabled { user, enabled: false } => ("account_disabled", person(user)),
            Self::PasswordChanged { user } => ("password_changed", person(user)),
            Self::LoggedIn { user } => ("logged_in", person(user)),
            Self::LoginFailed { user } => ("login_failed", person(user)),
            Self::AccountLocked { user } => ("account_locked", person(user)),
            Self::LoggedOut { user } => ("logged_out", person(user)),
            Self::RefreshReused { user } => ("refresh_reused", person(user)),
            Self::AccessDenied { user, .. } => ("access_denied", person(user)),
            Self::VenueAdded { venue, .. } => ("venue_added", format!("venue:{venue}")),
            Self::DeviceRegistered { device, .. } => ("rsu_registered", handheld(device)),
            Self::DeviceEnrolled { device, .. } => ("rsu_enrolled", handheld(device)),
            Self::DeviceUnenrolled { device, .. } => ("rsu_unenrolled", handheld(device)),
            Self::DeviceEnabled { device } => ("rsu_enabled", handheld(device)),
            Self::DeviceDisabled { device, .. } => ("rsu_disabled", handheld(device)),
            Self::EventNumbered { raffle, .. } => ("event_numbered", format!("raffle:{raffle}")),
            Self::Significant { code, component, .. } => (code, component.clone()),
        }
    }
}
