//! The envelope of an event and the hash chain over a stream (I7, A-04).
//!
//! A stream is one raffle's events, or one organisation's (then the raffle id is all zeros). The
//! payload is kept and hashed as the exact bytes that were first written; `docs/journal.md` describes
//! the layout for an auditor who does not read this code.

use crate::bytes::Bytes;
use crate::hash::Hasher;
use crate::id::{CommandKey, DeviceId, OrderKey, OrganisationId, RaffleId, UserId};
use crate::time::Timestamp;
use core::fmt;
use serde::{Deserialize, Serialize};

/// The envelope layout this build writes.
pub const FORMAT: u8 = 1;

/// Who caused an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The system itself: a timer, a recovery.
    System,
    /// A person of the staff.
    User(UserId),
    /// A handheld.
    Device(DeviceId),
    /// An integrated outside system.
    Integration(UserId),
    /// A buyer without an account.
    Public,
}

impl Actor {
    /// Kind and id as hashed and stored.
    pub const fn parts(&self) -> (u8, [u8; 16]) {
        match self {
            Self::System => (0, [0; 16]),
            Self::User(id) => (1, id.0),
            Self::Device(id) => (2, id.0),
            Self::Integration(id) => (3, id.0),
            Self::Public => (4, [0; 16]),
        }
    }

    /// The inverse of [`Actor::parts`].
    pub const fn from_parts(kind: u8, id: [u8; 16]) -> Option<Self> {
        match kind {
            0 => Some(Self::System),
            1 => Some(Self::User(UserId(id))),
            2 => Some(Self::Device(DeviceId(id))),
            3 => Some(Self::Integration(UserId(id))),
            4 => Some(Self::Public),
            _ => None,
        }
    }
}

/// What led to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nothing from outside: a timer, a recovery.
    Internal,
    /// A command with this idempotency key.
    Command(CommandKey),
    /// An order with this key.
    Order(OrderKey),
    /// A device's record with this sequence number.
    DeviceRecord(u64),
}

impl Cause {
    /// Kind and value as hashed and stored; a sequence number is right-aligned.
    pub fn parts(&self) -> (u8, [u8; 16]) {
        match self {
            Self::Internal => (0, [0; 16]),
            Self::Command(key) => (1, key.0),
            Self::Order(key) => (2, key.0),
            Self::DeviceRecord(seq) => {
                let mut value = [0; 16];
                value[8..].copy_from_slice(&seq.to_be_bytes());
                (3, value)
            }
        }
    }

    /// The inverse of [`Cause::parts`].
    pub fn from_parts(kind: u8, value: [u8; 16]) -> Option<Self> {
        match kind {
            0 => Some(Self::Internal),
            1 => Some(Self::Command(CommandKey(value))),
            2 => Some(Self::Order(OrderKey(value))),
            3 => value[8..].try_into().ok().map(|seq| Self::DeviceRecord(u64::from_be_bytes(seq))),
            _ => None,
        }
    }
}

/// One event as it stands in the store.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Envelope layout, [`FORMAT`] when written by this build.
    pub format: u8,
    /// The tenant.
    pub organisation: OrganisationId,
    /// The raffle, or [`RaffleId::NIL`] in an organisation's own journal.
    pub raffle: RaffleId,
    /// The epoch of the lease under which it was accepted.
    pub epoch: u64,
    /// Position in its stream, from 1, without gaps.
    pub seq: u64,
    /// When it was decided, never earlier than the event before it.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// The second person of a two-person action.
    pub approver: Option<UserId>,
    /// What led to it.
    pub cause: Cause,
    /// The hash of the event before it, zeros for the first.
    pub prev: Bytes<32>,
    /// The exact bytes of the payload: UTF-8 JSON with a type and a version.
    pub payload: Vec<u8>,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} {}", self.seq, String::from_utf8_lossy(&self.payload))
    }
}

impl Record {
    /// `H("drumroll/event/1", fixed-width envelope ‖ payload)`.
    pub fn hash(&self) -> [u8; 32] {
        let (actor_kind, actor_id) = self.actor.parts();
        let (cause_kind, cause) = self.cause.parts();
        Hasher::new("drumroll/event/1")
            .u8(self.format)
            .bytes(&self.organisation.0)
            .bytes(&self.raffle.0)
            .u64(self.epoch)
            .u64(self.seq)
            .u64(self.at.0)
            .u8(actor_kind)
            .bytes(&actor_id)
            .bytes(&self.approver.unwrap_or(UserId::NIL).0)
            .u8(cause_kind)
            .bytes(&cause)
            .bytes(&self.prev.0)
            .bytes(&self.payload)
            .finish()
    }
}

/// The end of a chain: where the next event goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Sequence number of the last event, 0 before the first.
    pub seq: u64,
    /// Its hash, zeros before the first.
    pub hash: Bytes<32>,
    /// Its time.
    pub at: Timestamp,
}

/// Where and how a chain breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainError {
    /// An event is missing, doubled or out of order: `expected` was due, `found` came.
    Sequence {
        /// The sequence number that was due.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// The event does not name the hash of the one before it: one of the two was altered.
    Link {
        /// The event that does not link.
        seq: u64,
    },
    /// The stored hash is not the hash of the stored bytes.
    Hash {
        /// The altered event.
        seq: u64,
    },
    /// The event claims a time before its predecessor's.
    Time {
        /// The event.
        seq: u64,
    },
    /// The event belongs to another stream.
    Stream {
        /// The event.
        seq: u64,
    },
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sequence { expected, found } => write!(f, "event {expected} is missing, {found} stands in its place"),
            Self::Link { seq } => write!(f, "event {seq} does not follow from the event before it"),
            Self::Hash { seq } => write!(f, "event {seq} was altered after it was written"),
            Self::Time { seq } => write!(f, "event {seq} is stamped earlier than the event before it"),
            Self::Stream { seq } => write!(f, "event {seq} belongs to another journal"),
        }
    }
}

impl core::error::Error for ChainError {}

impl Head {
    /// Checks that `record`, stored with `hash`, is the next event of this chain, and moves on to it.
    ///
    /// # Errors
    /// The first of sequence, link, time and hash that does not hold.
    pub fn follow(&mut self, record: &Record, hash: &[u8; 32]) -> Result<(), ChainError> {
        let seq = record.seq;
        if seq != self.seq + 1 {
            return Err(ChainError::Sequence { expected: self.seq + 1, found: seq });
        }
        if record.prev != self.hash {
            return Err(ChainError::Link { seq });
        }
        if record.at < self.at {
            return Err(ChainError::Time { seq });
        }
        if record.hash() != *hash {
            return Err(ChainError::Hash { seq });
        }
        *self = Self { seq, hash: Bytes(*hash), at: record.at };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seq: u64, prev: [u8; 32], payload: &str) -> Record {
        Record {
            format: FORMAT,
            organisation: OrganisationId([1; 16]),
            raffle: RaffleId([2; 16]),
            epoch: 1,
            seq,
            at: Timestamp(1_000 + seq),
            actor: Actor::User(UserId([3; 16])),
            approver: None,
            cause: Cause::DeviceRecord(seq),
            prev: Bytes(prev),
            payload: payload.as_bytes().to_vec(),
        }
    }

    fn chain() -> Vec<(Record, [u8; 32])> {
        let mut prev = [0; 32];
        (1..=5)
            .map(|seq| {
                let record = record(seq, prev, &format!("{{\"type\":\"x/1\",\"n\":{seq}}}"));
                prev = record.hash();
                (record, prev)
            })
            .collect()
    }

    fn check(chain: &[(Record, [u8; 32])]) -> Result<(), ChainError> {
        let mut head = Head::default();
        chain.iter().try_for_each(|(record, hash)| head.follow(record, hash))
    }

    #[test]
    fn altering_dropping_inserting_and_reordering_are_found_i7_a04() {
        assert_eq!(check(&chain()), Ok(()));

        let mut altered = chain();
        altered[2].0.payload[3] ^= 1;
        assert_eq!(check(&altered), Err(ChainError::Hash { seq: 3 }));
        altered[2].1 = altered[2].0.hash();
        assert_eq!(check(&altered), Err(ChainError::Link { seq: 4 }), "rehashing moves the break to the next event");

        let mut dropped = chain();
        dropped.remove(1);
        assert_eq!(check(&dropped), Err(ChainError::Sequence { expected: 2, found: 3 }));

        let mut doubled = chain();
        doubled.insert(1, doubled[1].clone());
        assert_eq!(check(&doubled), Err(ChainError::Sequence { expected: 3, found: 2 }));

        let mut swapped = chain();
        swapped.swap(2, 3);
        assert_eq!(check(&swapped), Err(ChainError::Sequence { expected: 3, found: 4 }));
    }

    #[test]
    fn every_envelope_field_is_under_the_hash_i7() {
        let base = record(1, [0; 32], "{}");
        let edits: [fn(&mut Record); 11] = [
            |r| r.format = 2,
            |r| r.organisation.0[0] ^= 1,
            |r| r.raffle.0[0] ^= 1,
            |r| r.epoch += 1,
            |r| r.seq += 1,
            |r| r.at.0 += 1,
            |r| r.actor = Actor::System,
            |r| r.approver = Some(UserId([9; 16])),
            |r| r.cause = Cause::Internal,
            |r| r.prev.0[31] ^= 1,
            |r| r.payload.push(b' '),
        ];
        for (index, edit) in edits.into_iter().enumerate() {
            let mut edited = base.clone();
            edit(&mut edited);
            assert_ne!(edited.hash(), base.hash(), "edit {index}");
        }
    }
}
