//! The terms of a raffle: all a device must know to sell in it, online or not.
//!
//! Terms are whole, never a difference. `as_of_seq` orders them, and notices, by the raffle's own
//! events: a device ignores terms older than what it knows.

use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::RaffleId;
use drumroll_engine::money::Currency;
use drumroll_engine::ticket::NumberRange;
use drumroll_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything about one raffle for one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The raffle.
    pub raffle_id: RaffleId,
    /// Sequence number of the raffle's last event these terms take into account.
    pub as_of_seq: u64,
    /// Where the raffle is in its life.
    pub status: RaffleStatus,
    /// A test event: every ticket is watermarked (L-08).
    pub test: bool,
    /// The words on the ticket.
    pub event: EventText,
    /// The currency of all amounts.
    pub currency: Currency,
    /// What a device may sell: the packages without a limited stock.
    pub packages: Vec<PackageTerms>,
    /// Lines the profile demands on every ticket (T-02).
    pub ticket_lines: Vec<String>,
    /// Sales begin (L-03).
    pub sales_start_us: Timestamp,
    /// Sales stop.
    pub closes_at_us: Timestamp,
    /// Hash of the main draw's plan, printed on tickets, once there is one.
    pub plan_hash: Option<Bytes<32>>,
    /// What concerns this device alone.
    pub device: DeviceTerms,
}

/// Status of a raffle, in the words of the whole system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RaffleStatus {
    /// Not yet complete.
    Draft,
    /// Complete, not open.
    Configured,
    /// Open.
    Selling,
    /// Interrupted; may go on.
    Suspended,
    /// Sales have stopped, buffers upload.
    Closing,
    /// Being reconciled.
    Reconciling,
    /// Reconciled and acknowledged.
    Reconciled,
    /// Over.
    Finalized,
    /// Called off.
    Cancelled,
}

impl RaffleStatus {
    /// Whether sales are over for good: the device reports itself final.
    pub const fn sales_are_over(self) -> bool {
        matches!(self, Self::Closing | Self::Reconciling | Self::Reconciled | Self::Finalized | Self::Cancelled)
    }
}

/// The words that tell one raffle's tickets from another's (T-01).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventText {
    /// Whose raffle it is.
    pub organisation_name: String,
    /// What it is called.
    pub name: String,
    /// Its number in the organisation's gapless row (L-05).
    pub event_number: u64,
    /// Where it takes place.
    pub location: String,
    /// The licence, where one is needed.
    pub licence: Option<String>,
    /// IANA name of the venue's time zone.
    pub time_zone: String,
}

/// A package without limited stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageTerms {
    /// Unique in the raffle.
    pub id: u32,
    /// What people read.
    pub label: String,
    /// Draw numbers in one package.
    pub numbers: u32,
    /// Price of one package.
    pub price_minor: u64,
}

/// The part of the terms that differs from device to device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceTerms {
    /// Where the device is in this raffle.
    pub state: DeviceState,
    /// The issuer slot of its validation numbers (T-03); `null` until the first lease.
    pub issuer_slot: Option<u16>,
    /// Every range ever leased to it, in order.
    pub leases: Vec<Lease>,
    /// How many numbers to ask for at a time.
    pub block: u32,
    /// Sales stop when this many records are unsynced.
    pub buffer_records_max: u32,
    /// Sales stop when the clock may be wrong by more than this (C-07).
    pub clock_error_max_ms: u32,
    /// The last record with a durable verdict; 0 for none.
    pub acknowledged_seq: u64,
    /// Hash of that record; zeros for none.
    pub acknowledged_head: Bytes<32>,
}

/// A device's life in one raffle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Known, has no numbers.
    Joined,
    /// Has numbers.
    Selling,
    /// Its final report is accepted; it never sells here again.
    Final,
    /// Declared lost; its numbers are out of play.
    Lost,
}

/// A range leased to one device. Numbered from 1 per device and raffle, without gaps: the number is
/// the idempotency key of the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// 1, 2, 3 and so on.
    pub no: u32,
    /// The numbers.
    pub range: NumberRange,
}
