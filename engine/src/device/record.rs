//! One record of a device's series: the envelope, its hash and its signature.
//!
//! `record_hash = H("drumroll/device-record/1", device_id[16] ‖ raffle_id[16] ‖ u64 seq ‖
//! u64 device_at_us ‖ u64 server_at_us ‖ u32 error_ms ‖ prev[32] ‖ payload)`; the signature is
//! `Sig(device, "drumroll/device-record-sig/1", record_hash)`. The payload comes last, so its length
//! needs no mark.

use core::fmt;
use serde::{Deserialize, Serialize};

use super::payload::{DevicePayload, PAYLOAD_BYTES_MAX, PayloadError};
use super::signature::{SecretKey, verify as verify_signature};
use crate::bytes::Bytes;
use crate::hash::Hasher;
use crate::id::{DeviceId, RaffleId};
use crate::ticket::SaleRecord;
use crate::time::Timestamp;

/// `prev` of a series' first record.
pub const GENESIS: [u8; 32] = [0; 32];

const HASH_TAG: &str = "drumroll/device-record/1";
const SIGNATURE_TAG: &str = "drumroll/device-record-sig/1";

/// A record as it is stored on the device and sent to the server. Nothing in it is believed before
/// [`DeviceRecord::verify`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRecord {
    /// The device whose series this is.
    pub device_id: DeviceId,
    /// The raffle whose series this is.
    pub raffle_id: RaffleId,
    /// Position in the series: 1, 2, 3 and so on without gaps.
    pub seq: u64,
    /// The device's own clock, whatever it showed.
    pub device_at_us: Timestamp,
    /// The device's estimate of the server's time: the decisive instant of a sale.
    pub server_at_us: Timestamp,
    /// Bound on the error of that estimate, measured, in milliseconds.
    pub error_ms: u32,
    /// Hash of the record before, [`GENESIS`] for the first.
    pub prev: Bytes<32>,
    /// The exact text of a [`DevicePayload`].
    pub payload: String,
    /// The device's signature over the record's hash.
    pub signature: Bytes<64>,
}

/// Everything of a record but payload and signature, for sealing.
#[derive(Clone, Copy, Debug)]
pub struct RecordDraft {
    /// See [`DeviceRecord::device_id`].
    pub device_id: DeviceId,
    /// See [`DeviceRecord::raffle_id`].
    pub raffle_id: RaffleId,
    /// See [`DeviceRecord::seq`].
    pub seq: u64,
    /// See [`DeviceRecord::device_at_us`].
    pub device_at_us: Timestamp,
    /// See [`DeviceRecord::server_at_us`].
    pub server_at_us: Timestamp,
    /// See [`DeviceRecord::error_ms`].
    pub error_ms: u32,
    /// See [`DeviceRecord::prev`].
    pub prev: [u8; 32],
}

impl RecordDraft {
    /// Signs the draft with `payload`. Whoever uses the result verifies it first, the device too.
    pub fn seal(self, payload: &DevicePayload, key: &SecretKey) -> DeviceRecord {
        let mut record = DeviceRecord {
            device_id: self.device_id,
            raffle_id: self.raffle_id,
            seq: self.seq,
            device_at_us: self.device_at_us,
            server_at_us: self.server_at_us,
            error_ms: self.error_ms,
            prev: Bytes(self.prev),
            payload: payload.to_text(),
            signature: Bytes([0; 64]),
        };
        record.signature = Bytes(key.sign(SIGNATURE_TAG, &record.hash()));
        record
    }
}

impl DeviceRecord {
    /// The record's hash, which the next record names.
    pub fn hash(&self) -> [u8; 32] {
        Hasher::new(HASH_TAG)
            .bytes(self.device_id.as_bytes())
            .bytes(self.raffle_id.as_bytes())
            .u64(self.seq)
            .u64(self.device_at_us.0)
            .u64(self.server_at_us.0)
            .u32(self.error_ms)
            .bytes(&self.prev.0)
            .bytes(self.payload.as_bytes())
            .finish()
    }

    /// Checks form and signature, and reads the payload.
    ///
    /// A well-signed record whose payload cannot be read is verified all the same: the series must be
    /// able to go on past it, so it gets a verdict like any other ([`VerifiedRecord::payload`]).
    /// Whether the record continues its series is for the caller to say.
    ///
    /// # Errors
    /// [`RecordError`]; such a record was not made by this device and is no part of any series.
    pub fn verify(self, device_public_key: &[u8; 32]) -> Result<VerifiedRecord, RecordError> {
        if self.seq == 0 {
            return Err(RecordError::SeqZero);
        }
        if self.payload.len() > PAYLOAD_BYTES_MAX {
            return Err(RecordError::PayloadTooLong);
        }
        let hash = self.hash();
        if !verify_signature(device_public_key, SIGNATURE_TAG, &hash, &self.signature.0) {
            return Err(RecordError::Signature);
        }
        let payload = DevicePayload::parse(&self.payload);
        Ok(VerifiedRecord { record: self, hash, payload, key: Bytes(*device_public_key) })
    }
}

/// Why a record is not the device's. Never acknowledged, never part of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// Sequence numbers begin at 1.
    SeqZero,
    /// Longer than [`PAYLOAD_BYTES_MAX`].
    PayloadTooLong,
    /// The signature is not the device's over this content.
    Signature,
}

impl RecordError {
    /// Stable name, public API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::SeqZero => "seq_zero",
            Self::PayloadTooLong => "payload_too_long",
            Self::Signature => "bad_signature",
        }
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SeqZero => "a series begins at record 1",
            Self::PayloadTooLong => "the record's payload is too long",
            Self::Signature => "the record is not signed by this device",
        })
    }
}

impl core::error::Error for RecordError {}

/// A record that this device signed, as it stands. Only [`DeviceRecord::verify`] makes one: it travels
/// between nodes with the key it was checked against, and is checked again where it arrives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "SignedRecord", try_from = "SignedRecord")]
pub struct VerifiedRecord {
    record: DeviceRecord,
    hash: [u8; 32],
    payload: Result<DevicePayload, PayloadError>,
    key: Bytes<32>,
}

/// A record with the key that is said to have signed it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignedRecord {
    record: DeviceRecord,
    key: Bytes<32>,
}

impl From<VerifiedRecord> for SignedRecord {
    fn from(verified: VerifiedRecord) -> Self {
        Self { record: verified.record, key: verified.key }
    }
}

impl TryFrom<SignedRecord> for VerifiedRecord {
    type Error = RecordError;

    fn try_from(signed: SignedRecord) -> Result<Self, RecordError> {
        signed.record.verify(&signed.key.0)
    }
}

impl VerifiedRecord {
    /// The record itself.
    pub const fn record(&self) -> &DeviceRecord {
        &self.record
    }

    /// Its hash, `prev` of the next one.
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// What it says.
    ///
    /// # Errors
    /// The device signed something this version cannot read: quarantine it.
    pub const fn payload(&self) -> Result<&DevicePayload, PayloadError> {
        match &self.payload {
            Ok(payload) => Ok(payload),
            Err(error) => Err(*error),
        }
    }

    /// Whether it directly follows a record with sequence number `seq` and hash `head`;
    /// `(0, GENESIS)` stands for the empty series.
    pub fn continues(&self, seq: u64, head: &[u8; 32]) -> bool {
        self.record.seq.checked_sub(1) == Some(seq) && self.record.prev.0 == *head
    }

    /// The ledger's hash of the sale in this record, `None` when it is no sale. `channel` is the code
    /// of the device channel; the sale's instant is the record's, in milliseconds.
    pub fn sale_hash(&self, channel: u8) -> Option<[u8; 32]> {
        let Ok(DevicePayload::Sale(sale)) = &self.payload else { return None };
        let packages: Vec<(u32, u32)> = sale.lines.iter().map(|line| (line.package, line.quantity)).collect();
        let sale = SaleRecord {
            raffle_id: self.record.raffle_id.0,
            order_key: sale.order_key.0,
            validation: sale.validation_number,
            channel,
            device_id: Some(self.record.device_id.0),
            sold_at_ms: self.record.server_at_us.as_millis(),
            currency: *sale.currency.as_bytes(),
            price_minor: sale.price_minor,
            packages: &packages,
            ranges: &sale.ranges,
            salt: &sale.salt.0,
        };
        Some(sale.hash())
    }

    /// Gives the record back.
    pub fn into_record(self) -> DeviceRecord {
        self.record
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::payload::{Misprint, MisprintReason, Version1};
    use crate::hash::sha256;
    use crate::hex;
    use crate::id::OrderKey;

    fn key() -> SecretKey {
        SecretKey::from_bytes(&[42; 32])
    }

    fn draft(seq: u64, prev: [u8; 32]) -> RecordDraft {
        RecordDraft {
            device_id: DeviceId([1; 16]),
            raffle_id: RaffleId([2; 16]),
            seq,
            device_at_us: Timestamp(3),
            server_at_us: Timestamp(4),
            error_ms: 5,
            prev,
        }
    }

    fn payload() -> DevicePayload {
        DevicePayload::Misprint(Misprint {
            v: Version1,
            order_key: OrderKey([9; 16]),
            reason: MisprintReason::NotPrinted,
        })
    }

    /// The documented bytes, put together by hand.
    #[test]
    fn the_hash_is_the_documented_one() {
        let record = draft(1, GENESIS).seal(&payload(), &key());
        let mut bytes = vec![24];
        bytes.extend_from_slice(b"drumroll/device-record/1");
        bytes.extend_from_slice(&[1; 16]);
        bytes.extend_from_slice(&[2; 16]);
        for number in [1u64, 3, 4] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&5u32.to_be_bytes());
        bytes.extend_from_slice(&[0; 32]);
        bytes.extend_from_slice(
            br#"{"type":"misprint","v":1,"order_key":"09090909-0909-0909-0909-090909090909","reason":"not_printed"}"#,
        );
        assert_eq!(record.hash(), sha256(&bytes));
        // Ed25519 is deterministic, so the whole record is a golden value.
        assert_eq!(hex::encode(&record.hash()), GOLDEN_HASH);
        assert_eq!(hex::encode(&record.signature.0), GOLDEN_SIGNATURE);
    }

    const GOLDEN_HASH: &str = "58f4a6b73892b488a917b57d778df8581bc75fcbf7efb9a685e4ac908f7ea1dc";
    const GOLDEN_SIGNATURE: &str = concat!(
        "2a16a8abe052bac9130eea7d9446e1960a87c0c95636504e30229fd0edb902ee",
        "1ad989e3827b658e40d073c8389ab96d77b4e2744a78e37156a26f379cda3502"
    );

    #[test]
    fn r07_any_change_to_a_record_breaks_it() {
        let public = key().public();
        let good = draft(2, [6; 32]).seal(&payload(), &key());
        let verified = good.clone().verify(&public).unwrap();
        assert_eq!(verified.payload(), Ok(&payload()));
        assert_eq!(verified.hash(), &good.hash());
        assert_eq!(verified.record(), &good);
        let edits: [fn(&mut DeviceRecord); 9] = [
            |r| r.device_id.0[0] ^= 1,
            |r| r.raffle_id.0[15] ^= 1,
            |r| r.seq += 1,
            |r| r.device_at_us.0 += 1,
            |r| r.server_at_us.0 -= 1,
            |r| r.error_ms = 0,
            |r| r.prev.0[31] ^= 1,
            |r| r.payload = r.payload.replace("not_printed", "unreadable"),
            |r| r.signature.0[0] ^= 1,
        ];
        for (index, edit) in edits.iter().enumerate() {
            let mut bad = good.clone();
            edit(&mut bad);
            assert_eq!(bad.verify(&public), Err(RecordError::Signature), "edit {index}");
        }
        assert_eq!(good.verify(&SecretKey::from_bytes(&[1; 32]).public()), Err(RecordError::Signature));
        assert_eq!(draft(0, GENESIS).seal(&payload(), &key()).verify(&public), Err(RecordError::SeqZero));
    }

    /// A series must be able to go on past what cannot be read.
    #[test]
    fn a_signed_record_with_an_unknown_payload_is_verified_but_says_nothing() {
        let mut record = draft(1, GENESIS).seal(&payload(), &key());
        record.payload = r#"{"type":"refund","v":1}"#.into();
        record.signature = Bytes(key().sign(SIGNATURE_TAG, &record.hash()));
        let verified = record.clone().verify(&key().public()).unwrap();
        assert_eq!(verified.payload(), Err(PayloadError::Unknown));
        assert_eq!(verified.sale_hash(1), None);
        record.payload = " ".repeat(PAYLOAD_BYTES_MAX + 1);
        assert_eq!(record.verify(&key().public()), Err(RecordError::PayloadTooLong));
    }

    #[test]
    fn r06_a_record_continues_exactly_one_head() {
        let first = draft(1, GENESIS).seal(&payload(), &key()).verify(&key().public()).unwrap();
        let second = draft(2, *first.hash()).seal(&payload(), &key()).verify(&key().public()).unwrap();
        assert!(first.continues(0, &GENESIS));
        assert!(second.continues(1, first.hash()));
        assert!(!second.continues(0, &GENESIS));
        assert!(!second.continues(1, &GENESIS));
        assert!(!first.continues(1, first.hash()));
    }

    #[test]
    fn what_another_node_verified_is_verified_again_where_it_arrives() {
        let record = draft(1, GENESIS).seal(&payload(), &key());
        let verified = record.verify(&key().public()).unwrap();
        let sent = serde_json::to_string(&verified).unwrap();
        assert_eq!(serde_json::from_str::<VerifiedRecord>(&sent).unwrap(), verified);
        let mut altered = serde_json::to_value(&verified).unwrap();
        altered["record"]["error_ms"] = 6.into();
        assert!(serde_json::from_value::<VerifiedRecord>(altered).is_err());
        let mut claimed = serde_json::to_value(&verified).unwrap();
        claimed["key"] = serde_json::to_value(Bytes(SecretKey::from_bytes(&[43; 32]).public())).unwrap();
        assert!(serde_json::from_value::<VerifiedRecord>(claimed).is_err());
    }

    #[test]
    fn json_carries_the_payload_as_a_text_and_refuses_unknown_fields() {
        let record = draft(1, GENESIS).seal(&payload(), &key());
        let text = serde_json::to_string(&record).unwrap();
        assert!(text.contains(r#""payload":"{\"type\":\"misprint\""#), "{text}");
        assert_eq!(serde_json::from_str::<DeviceRecord>(&text).unwrap(), record);
        assert!(serde_json::from_str::<DeviceRecord>(&text.replacen('{', r#"{"x":1,"#, 1)).is_err());
    }
}
