//! The export: JSON lines. The first names each journal with its end, so that a file cut off anywhere
//! shows; then every event, journal by journal, in order. The payload is the text that was hashed.

use drumroll_actors::store::{StreamHead, StreamId};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{OrganisationId, RaffleId, UserId};
use drumroll_engine::journal::{Actor, Cause, Record};
use drumroll_engine::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The format of this build.
pub(super) const FORMAT: &str = "drumroll-journal/1";

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) exported_at_ms: u64,
    pub(super) journals: Vec<JournalEnd>,
}

/// A journal's end.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct JournalEnd {
    pub(super) organisation: OrganisationId,
    /// Nil for an organisation's own journal.
    pub(super) raffle: RaffleId,
    pub(super) seq: u64,
    pub(super) hash: Bytes<32>,
}

impl From<&StreamHead> for JournalEnd {
    fn from(head: &StreamHead) -> Self {
        let StreamId { organisation, raffle } = head.stream;
        Self { organisation, raffle, seq: head.head.seq, hash: head.head.hash }
    }
}

/// One event: the envelope as hashed, and the hash.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    organisation: OrganisationId,
    raffle: RaffleId,
    format: u8,
    epoch: u64,
    seq: u64,
    at_us: u64,
    actor_kind: u8,
    actor: Bytes<16>,
    approver: UserId,
    cause_kind: u8,
    cause: Bytes<16>,
    prev: Bytes<32>,
    payload: String,
    hash: Bytes<32>,
}

impl Line {
    /// `None` for a payload that is not text, which no build has ever written.
    pub(super) fn of(record: &Record, hash: [u8; 32]) -> Option<Self> {
        let (actor_kind, actor) = record.actor.parts();
        let (cause_kind, cause) = record.cause.parts();
        Some(Self {
            organisation: record.organisation,
            raffle: record.raffle,
            format: record.format,
            epoch: record.epoch,
            seq: record.seq,
            at_us: record.at.0,
            actor_kind,
            actor: Bytes(actor),
            approver: record.approver.unwrap_or(UserId::NIL),
            cause_kind,
            cause: Bytes(cause),
            prev: record.prev,
            payload: String::from_utf8(record.payload.clone()).ok()?,
            hash: Bytes(hash),
        })
    }

    /// `None` when kinds are unknown.
    pub(super) fn record(self) -> Option<(Record, [u8; 32])> {
        let record = Record {
            format: self.format,
            organisation: self.organisation,
            raffle: self.raffle,
            epoch: self.epoch,
            seq: self.seq,
            at: Timestamp(self.at_us),
            actor: Actor::from_parts(self.actor_kind, self.actor.0)?,
            approver: Some(self.approver).filter(|approver| *approver != UserId::NIL),
            cause: Cause::from_parts(self.cause_kind, self.cause.0)?,
            prev: self.prev,
            payload: self.payload.into_bytes(),
        };
        Some((record, self.hash.0))
    }
}
