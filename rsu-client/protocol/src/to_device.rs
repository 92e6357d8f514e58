//! What the server says to a device.

use core::fmt;
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::RaffleId;
use drumroll_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::terms::{Lease, Terms};

/// Every message from server to device. A closed list (C-06).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ToDevice {
    /// First frame of a connection.
    Challenge(Challenge),
    /// The handshake is done.
    Welcome(Welcome),
    /// The terms of one raffle, whole; sent after the welcome and whenever they change.
    Terms(Box<Terms>),
    /// After the welcome's terms: these are all the raffles there are for this device.
    Ready(Ready),
    /// Answer to a heartbeat, with the clock exchange.
    HeartbeatAck(HeartbeatAck),
    /// Numbers for the device.
    Lease(LeaseGranted),
    /// No numbers for the device.
    LeaseRefused(LeaseRefused),
    /// What is durable of an upload.
    UploadAck(UploadAck),
    /// Something that binds the device at once.
    Notice(Notice),
    /// The final report is accepted: "all sales uploaded".
    FinalAck(FinalAck),
    /// The device may not sell any more.
    Disabled(Disabled),
    /// Something went wrong.
    Error(ProtocolError),
}

/// The server's question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// The version the server speaks.
    pub protocol: u16,
    /// 32 fresh random bytes.
    pub nonce: Bytes<32>,
    /// The server's identity; the device leaves if it is not the pinned one.
    pub server_public_key: Bytes<32>,
}

/// The server's answer to the device's question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Welcome {
    /// The server's clock when it signed.
    pub server_time_us: Timestamp,
    /// How often a heartbeat is expected.
    pub heartbeat_ms: u32,
    /// See [`crate::handshake`].
    pub signature: Bytes<64>,
}

/// The end of the first batch of terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// Every raffle whose terms were sent.
    pub raffles: Vec<RaffleId>,
}

/// Clock exchange: with its own times of sending and receiving the device computes offset and error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatAck {
    /// The heartbeat's id.
    pub id: u64,
    /// The server's clock when the heartbeat came in.
    pub received_us: Timestamp,
    /// The server's clock when this was sent.
    pub sent_us: Timestamp,
}

/// A durable lease. The same `lease_no` always gives the same range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaseGranted {
    /// The request's id.
    pub id: u64,
    /// The raffle.
    pub raffle_id: RaffleId,
    /// Number and range.
    pub lease: Lease,
    /// Slot of the device's validation numbers in this raffle (T-03).
    pub issuer_slot: u16,
}

/// No numbers, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaseRefused {
    /// The request's id.
    pub id: u64,
    /// The raffle.
    pub raffle_id: RaffleId,
    /// Why.
    pub code: LeaseRefusal,
    /// For the log.
    pub detail: String,
}

/// Why a device gets no numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaseRefusal {
    /// The raffle is not selling.
    NotSelling,
    /// The device is disabled, final or lost in this raffle.
    NotAllowed,
    /// The pool is empty.
    SoldOut,
    /// The device has records that are not acknowledged: upload first.
    UploadFirst,
    /// `lease_no` is not the next one: terms follow.
    OutOfStep,
}

impl LeaseRefusal {
    /// Whether asking again later may help, with nothing else changed.
    pub const fn may_retry(self) -> bool {
        matches!(self, Self::NotSelling | Self::UploadFirst | Self::OutOfStep)
    }
}

/// How far the series is durable, with the verdicts on what was new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadAck {
    /// The upload's id.
    pub id: u64,
    /// The raffle.
    pub raffle_id: RaffleId,
    /// Every record up to here has a durable verdict.
    pub acknowledged_seq: u64,
    /// Hash of that record; zeros for 0.
    pub acknowledged_head: Bytes<32>,
    /// Verdicts on the records judged by this upload. Records that were judged before may be left out.
    pub verdicts: Vec<Verdict>,
}

/// What became of one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The record.
    pub seq: u64,
    /// Accepted or not.
    pub verdict: VerdictKind,
    /// Why it was quarantined: the engine's stable code.
    pub reason: Option<String>,
}

/// Every record gets one of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// It counts.
    Accepted,
    /// A person decides.
    Quarantined,
}

/// Something that binds the device from the moment it has written it down. It acknowledges only then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Chosen by the server; repeated in the acknowledgement.
    pub id: u64,
    /// The raffle.
    pub raffle_id: RaffleId,
    /// Sequence number of the raffle's last event this notice takes into account.
    pub as_of_seq: u64,
    /// What it is.
    pub kind: NoticeKind,
    /// When sales stop, after this notice.
    pub closes_at_us: Timestamp,
    /// For the seller's eyes.
    pub reason: Option<String>,
}

/// The kinds of notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The closing time is announced or moved forward.
    Close,
    /// The closing time is moved back, which only this kind (or newer terms) can do.
    Extend,
    /// No sales for now.
    Suspend,
    /// Sales go on.
    Resume,
    /// Sales are over: upload everything, then report final.
    Closed,
    /// The raffle is called off: sales are over as with `closed`.
    Cancel,
    /// Return to the desk. Sales are not affected.
    ComeHome,
}

/// The server's word that the device is done in a raffle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinalAck {
    /// The raffle.
    pub raffle_id: RaffleId,
    /// Sequence number of the final report.
    pub seq: u64,
}

/// The device may not sell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disabled {
    /// For the seller's eyes.
    pub reason: String,
}

/// A typed error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolError {
    /// The request it answers, if it answers one.
    pub id: Option<u64>,
    /// What kind.
    pub code: ErrorCode,
    /// For the log; never personal data.
    pub detail: String,
    /// The server closes the connection after this.
    pub fatal: bool,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

/// The kinds of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The device speaks another version.
    UnsupportedProtocol,
    /// No message of this type is documented (C-06).
    UnknownType,
    /// Not a message: bad JSON, a missing, unknown or wrong field.
    Malformed,
    /// The frame or a list in it is too long.
    TooLarge,
    /// A message that has no place at this point.
    Unexpected,
    /// Unknown device or wrong signature.
    Unauthenticated,
    /// Un-enrolled or disabled.
    Forbidden,
    /// No such raffle for this device.
    UnknownRaffle,
    /// The upload begins after the next record that is expected.
    Gap,
    /// The upload does not continue the series the server holds.
    ChainConflict,
    /// A record is not signed by this device.
    BadSignature,
    /// Too busy, or a dependency is away: repeat later.
    Busy,
    /// A fault in the server: repeat later.
    Internal,
}

impl ErrorCode {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnsupportedProtocol => "unsupported_protocol",
            Self::UnknownType => "unknown_type",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::Unexpected => "unexpected",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::UnknownRaffle => "unknown_raffle",
            Self::Gap => "gap",
            Self::ChainConflict => "chain_conflict",
            Self::BadSignature => "bad_signature",
            Self::Busy => "busy",
            Self::Internal => "internal",
        }
    }

    /// Whether the same request may succeed later.
    pub const fn may_retry(self) -> bool {
        matches!(self, Self::Busy | Self::Internal | Self::Gap)
    }
}
