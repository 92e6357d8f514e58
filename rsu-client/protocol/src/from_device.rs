//! What a device says to the server.

use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::DeviceRecord;
use drumroll_engine::id::{DeviceId, RaffleId};
use drumroll_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Records in one upload at most.
pub const UPLOAD_RECORDS_MAX: usize = 100;

/// Every message from device to server. A closed list (C-06).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum FromDevice {
    /// Answer to the challenge; nothing else is accepted before it.
    Hello(Hello),
    /// I am alive, and so is my clock.
    Heartbeat(Heartbeat),
    /// These terms are written down and bind me.
    TermsAck(TermsAck),
    /// This notice is written down and binds me.
    NoticeAck(NoticeAck),
    /// I need numbers.
    Reserve(Reserve),
    /// Records of my series.
    Upload(Upload),
}

/// Who the device is, signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// The version the device speaks.
    pub protocol: u16,
    /// The device.
    pub device_id: DeviceId,
    /// 32 fresh random bytes.
    pub nonce: Bytes<32>,
    /// What runs on it.
    pub software: Software,
    /// See [`crate::handshake`].
    pub signature: Bytes<64>,
}

/// The program on the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Software {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the program file.
    pub digest: Bytes<32>,
}

/// The state of the device, and its half of the clock exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// Repeated in the answer; unique on this connection.
    pub id: u64,
    /// The device's own clock, whatever it shows.
    pub device_time_us: Timestamp,
    /// Server time minus device clock as the device measured it; `null` before the first exchange.
    pub clock_offset_ms: Option<i64>,
    /// Bound on the error of the device's estimate of server time (C-07).
    pub clock_error_ms: Option<u32>,
    /// Charge, where the device can tell.
    pub battery_percent: Option<u8>,
    /// The ticket printer.
    pub printer: PrinterState,
    /// SHA-256 of the running program.
    pub digest: Bytes<32>,
    /// One line per raffle the device knows.
    pub raffles: Vec<RaffleReport>,
}

/// State of the ticket printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrinterState {
    /// Ready.
    Ok,
    /// Ready, but not for long.
    PaperLow,
    /// No paper.
    PaperOut,
    /// Not there.
    Disconnected,
}

/// What the device holds of one raffle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaffleReport {
    /// The raffle.
    pub raffle_id: RaffleId,
    /// Last record of the series.
    pub head_seq: u64,
    /// Last record the device knows to be durable at the server.
    pub acknowledged_seq: u64,
    /// Records beyond that.
    pub unsynced_records: u64,
    /// Money in those records.
    pub unsynced_minor: u64,
    /// Numbers leased in all.
    pub numbers_leased: u64,
    /// Numbers sold of them.
    pub numbers_used: u64,
}

/// Acknowledges terms: a device is bound by the latest close or suspension it acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermsAck {
    /// The raffle.
    pub raffle_id: RaffleId,
    /// The `as_of_seq` that now binds the device: that of the terms, or a later one it knows.
    pub as_of_seq: u64,
    /// The closing time that now binds it.
    pub closes_at_us: Timestamp,
    /// Whether it now holds sales to be suspended.
    pub suspended: bool,
}

/// Acknowledges a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeAck {
    /// The notice's id.
    pub id: u64,
    /// The raffle.
    pub raffle_id: RaffleId,
    /// The `as_of_seq` that now binds the device: that of the notice, or a later one it knows.
    pub as_of_seq: u64,
    /// The closing time that now binds it.
    pub closes_at_us: Timestamp,
    /// Whether it now holds sales to be suspended.
    pub suspended: bool,
}

/// Asks for numbers. Repeating a `lease_no` gives the same range again, so a lost answer costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reserve {
    /// Repeated in the answer; unique on this connection.
    pub id: u64,
    /// The raffle.
    pub raffle_id: RaffleId,
    /// The number of the lease that is asked for: one more than the leases the device knows.
    pub lease_no: u32,
    /// How many numbers; the server may give fewer.
    pub wanted: u32,
    /// Last record of the series; the server refuses while it has not acknowledged it.
    pub head_seq: u64,
}

/// A run of records of one series, ascending and dense. Uploading a record twice is harmless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// Repeated in the answer; unique on this connection.
    pub id: u64,
    /// The raffle.
    pub raffle_id: RaffleId,
    /// 1 to [`UPLOAD_RECORDS_MAX`] records.
    pub records: Vec<DeviceRecord>,
}
