//! What the device was told, and what it did that is no sale.
//!
//! Facts are kept like sales: appended, chained by hash, signed by the device and checked at start,
//! because the closing time and the leased numbers are critical memory too (GLI-31 §3.4.1, R-07).

use drumroll_engine::bytes::Bytes;
use drumroll_engine::hash::Hasher;
use drumroll_engine::id::RaffleId;
use drumroll_protocol::{Lease, Notice, Terms};
use serde::{Deserialize, Serialize};

/// One thing to remember. A closed list: add variants, never reshape one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fact {
    /// Terms came that say something new.
    Terms {
        /// As they came.
        terms: Box<Terms>,
    },
    /// A notice came.
    Notice {
        /// As it came.
        notice: Notice,
    },
    /// Numbers came.
    Leased {
        /// The raffle.
        raffle_id: RaffleId,
        /// Number and range.
        lease: Lease,
        /// Slot of the validation numbers.
        issuer_slot: u16,
    },
    /// The server holds the series up to here.
    Acknowledged {
        /// The raffle.
        raffle_id: RaffleId,
        /// The last durable record.
        seq: u64,
        /// Its hash.
        head: Bytes<32>,
        /// Records that were not accepted, with the reason.
        quarantined: Vec<(u64, String)>,
    },
    /// The server accepted the final report.
    FinalAcknowledged {
        /// The raffle.
        raffle_id: RaffleId,
        /// The report's sequence number.
        seq: u64,
    },
    /// A ticket is about to be printed; from the second time on it is a reprint (T-13).
    Printed {
        /// The raffle.
        raffle_id: RaffleId,
        /// The sale.
        seq: u64,
    },
    /// The server disabled the device.
    Disabled {
        /// The server's words.
        reason: String,
    },
    /// The server let it in again.
    Enabled,
    /// Device and server disagree about the series: nothing is sold until people have looked.
    Stopped {
        /// The raffle.
        raffle_id: RaffleId,
        /// What differs.
        reason: String,
    },
}

/// Domain of the signature over a fact's hash.
pub(super) const SIGNATURE_TAG: &str = "drumroll/device-fact-sig/1";

/// `H("drumroll/device-fact/1", u64 no ‖ u64 at_us ‖ prev[32] ‖ body)`.
pub(super) fn hash(no: u64, at_us: u64, prev: &[u8; 32], body: &str) -> [u8; 32] {
    Hasher::new("drumroll/device-fact/1").u64(no).u64(at_us).bytes(prev).bytes(body.as_bytes()).finish()
}
