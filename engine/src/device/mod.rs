//! What a handheld sales unit signs: its append-only, hash-chained series of records.
//!
//! A device keeps one series per raffle. Each record is signed by the device's own key and names the
//! hash of the one before it, so the server, an auditor and the device itself agree on what was sold,
//! and anything altered, dropped or inserted shows. This module judges one record;
//! whether it continues its series and may sell what it sells is the raffle's business.
//!
//! | file | idea |
//! |---|---|
//! | `signature` | tagged Ed25519 with strict verification |
//! | `payload` | what a record says: sale, misprint, final report |
//! | `record` | the envelope, its hash, sealing and verifying |

pub mod payload;
pub mod record;
pub mod signature;

pub use payload::{
    DevicePayload, FinalReport, Misprint, MisprintReason, PAYLOAD_BYTES_MAX, PayloadError, Payment, Sale, Version1,
};
pub use record::{DeviceRecord, GENESIS, RecordDraft, RecordError, VerifiedRecord};
pub use signature::{SecretKey, verify};
