//! What nodes tell each other: committed events, for those that read along, and which handhelds are in touch.
//! Nothing rests on its arrival: who misses events finds a gap and reads it from the store, and a handheld is
//! heard of again with its next heartbeat.

use crate::presence::DevicePresence;
use crate::store::StreamId;
use aws_lc_rs::hmac;
use drumroll_engine::id::DeviceId;
use drumroll_engine::journal::Record;
use serde::{Deserialize, Serialize};

/// What was committed to a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// The journal.
    pub stream: (drumroll_engine::id::OrganisationId, drumroll_engine::id::RaffleId),
    /// Its end.
    pub last_seq: u64,
    /// Events up to that end, dense; none when they would be too many to carry.
    pub records: Vec<(Record, [u8; 32])>,
}

impl News {
    /// Of events that were just committed.
    pub fn of(stream: StreamId, records: Vec<(Record, [u8; 32])>) -> Option<Self> {
        let last_seq = records.last()?.0.seq;
        Some(Self { stream: (stream.organisation, stream.raffle), last_seq, records })
    }

    /// The journal.
    pub const fn stream(&self) -> StreamId {
        StreamId { organisation: self.stream.0, raffle: self.stream.1 }
    }

    /// Bytes of its payloads, about what it weighs.
    fn weight(&self) -> usize {
        self.records.iter().map(|(record, _)| record.payload.len() + 200).sum()
    }

    /// Adds what was committed next. What does not follow, or is too much to carry, leaves the bare end.
    pub fn add(&mut self, later: Self) {
        let follows = self.last_seq + 1 == later.records.first().map_or(0, |(record, _)| record.seq);
        let carries = !self.records.is_empty() && follows && self.weight() + later.weight() <= WEIGHT_MAX;
        self.last_seq = later.last_seq;
        if carries {
            self.records.extend(later.records);
        } else {
            self.records = Vec::new();
        }
    }
}

/// Bytes one message carries; beyond that it only says where the journal ends.
const WEIGHT_MAX: usize = 256 * 1024;

/// One thing that is told.
#[derive(Clone, Debug)]
pub enum Told {
    /// Something was committed.
    News(News),
    /// A handheld was heard, or is gone.
    Heard(DeviceId, Box<DevicePresence>),
}

/// [`Told`] as it travels: what handhelds say of themselves is defined by their protocol, in JSON.
#[derive(Serialize, Deserialize)]
enum Wire {
    News(News),
    Heard(DeviceId, Vec<u8>),
}

/// Where nodes tell each other things. Never waited for: a bus that does not keep up drops what it is told.
pub trait Bus: Send + Sync + 'static {
    /// Tells it to all others.
    fn tell(&self, told: Told);

    /// Whether what is told arrives, as far as can be seen from here.
    fn well(&self) -> bool;
}

/// Seals what goes over the bus, so that only nodes of this installation are believed.
pub struct Seal(hmac::Key);

const TAG_BYTES: usize = 32;

impl Seal {
    /// Under the installation's key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Bytes for the bus.
    pub fn close(&self, told: Told) -> Vec<u8> {
        let wire = match told {
            Told::News(news) => Wire::News(news),
            Told::Heard(device, presence) => Wire::Heard(device, serde_json::to_vec(&presence).unwrap_or_default()),
        };
        let mut bytes = vec![0; TAG_BYTES];
        bytes.extend(postcard::to_stdvec(&wire).unwrap_or_default());
        let tag = hmac::sign(&self.0, &bytes[TAG_BYTES..]);
        bytes[..TAG_BYTES].copy_from_slice(tag.as_ref());
        bytes
    }

    /// Reads bytes from the bus; `None` when no node of this installation wrote them.
    pub fn open(&self, bytes: &[u8]) -> Option<Told> {
        let (tag, body) = bytes.split_at_checked(TAG_BYTES)?;
        hmac::verify(&self.0, body, tag).ok()?;
        Some(match postcard::from_bytes(body).ok()? {
            Wire::News(news) => Told::News(news),
            Wire::Heard(device, presence) => Told::Heard(device, serde_json::from_slice(&presence).ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drumroll_engine::bytes::Bytes;
    use drumroll_engine::id::{OrganisationId, RaffleId};
    use drumroll_engine::journal::{Actor, Cause, FORMAT};
    use drumroll_engine::time::Timestamp;

    const STREAM: StreamId = StreamId { organisation: OrganisationId([1; 16]), raffle: RaffleId([2; 16]) };

    fn news(seqs: std::ops::RangeInclusive<u64>, bytes: usize) -> News {
        let record = |seq| Record {
            format: FORMAT,
            organisation: STREAM.organisation,
            raffle: STREAM.raffle,
            epoch: 1,
            seq,
            at: Timestamp(seq),
            actor: Actor::System,
            approver: None,
            cause: Cause::Internal,
            prev: Bytes([0; 32]),
            payload: vec![b'x'; bytes],
        };
        News::of(STREAM, seqs.map(|seq| (record(seq), [7; 32])).collect()).unwrap()
    }

    #[test]
    fn only_what_this_installation_sealed_is_believed() {
        let seal = Seal::new(&[1; 32]);
        let sent = news(3..=5, 10);
        let bytes = seal.close(Told::News(sent.clone()));
        assert!(matches!(seal.open(&bytes), Some(Told::News(news)) if news == sent));
        assert!(Seal::new(&[2; 32]).open(&bytes).is_none());
        for at in [0, TAG_BYTES, bytes.len() - 1] {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            assert!(seal.open(&altered).is_none(), "byte {at}");
        }
        assert!(seal.open(&bytes[..20]).is_none());
    }

    #[test]
    fn what_does_not_follow_or_is_too_much_leaves_the_bare_end() {
        let mut dense = news(1..=2, 10);
        dense.add(news(3..=3, 10));
        assert_eq!((dense.last_seq, dense.records.len()), (3, 3));
        dense.add(news(5..=5, 10));
        assert_eq!((dense.last_seq, dense.records.len()), (5, 0), "a gap");
        dense.add(news(6..=6, 10));
        assert_eq!((dense.last_seq, dense.records.len()), (6, 0), "and what follows a gap");
        let mut heavy = news(1..=1, WEIGHT_MAX / 2);
        heavy.add(news(2..=2, WEIGHT_MAX / 2));
        assert_eq!((heavy.last_seq, heavy.records.len()), (2, 0));
    }
}
