//! The lock: seals one ledger, one way (RDP-1 step 3).
//!
//! Until here the ledger may still change; from here on every later value depends on it. A plan has
//! one valid lock. A second one with the ledger key's signature is the operator's attempt to choose
//! (equivocation).

use super::signature::verify;
use super::{Commitment, LedgerPublicKey, LedgerSecret, LockHash, PlanHash, Signature};
use crate::hash::Hasher;
use crate::ledger::Ledger;

const TAG_SIGNATURE: &str = "rdp1/lock-sig";

/// The sealed ledger and what it was sealed with. The plan it belongs to is named when it is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Sequence number of the last journal event before the lock.
    pub close_seq: u64,
    /// Chain hash of that event.
    pub journal_head: [u8; 32],
    /// The instant of the lock, milliseconds since the Unix epoch, UTC.
    pub closed_at_ms: u64,
    /// Ranges in the ledger.
    pub range_count: u64,
    /// Tickets in the ledger.
    pub sold_count: u64,
    /// Root of the sum-Merkle tree over the ledger.
    pub ledger_root: [u8; 32],
    /// The beacon round that will enter the seed; 0 without a beacon.
    pub beacon_round: u64,
    /// `C_1..C_w`, in the order of the plan's witnesses; at most 65,535.
    pub witness_commitments: Vec<Commitment>,
}

/// Facts of the moment at which a ledger is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close {
    /// Sequence number of the last journal event before the lock.
    pub close_seq: u64,
    /// Chain hash of that event.
    pub journal_head: [u8; 32],
    /// The instant of the lock, milliseconds since the Unix epoch, UTC.
    pub closed_at_ms: u64,
    /// The beacon round to wait for; 0 without a beacon.
    pub beacon_round: u64,
}

impl Lock {
    /// The lock over a ledger, with the commitments in the order of the plan's witnesses.
    pub fn over(ledger: &Ledger, close: Close, witness_commitments: Vec<Commitment>) -> Self {
        let Close { close_seq, journal_head, closed_at_ms, beacon_round } = close;
        Self {
            close_seq,
            journal_head,
            closed_at_ms,
            range_count: ledger.range_count(),
            sold_count: ledger.sold_count(),
            ledger_root: ledger.root(),
            beacon_round,
            witness_commitments,
        }
    }

    /// `H("rdp1/lock", lock)`. Shown on the screen, on paper and in the public feed.
    ///
    /// # Panics
    /// With more than 65,535 commitments, more than a plan has witnesses; producer and verifier
    /// compare the two numbers first.
    pub fn hash(&self, plan: &PlanHash) -> LockHash {
        let count = u16::try_from(self.witness_commitments.len()).expect("a plan has at most 65,535 witnesses");
        let hasher = Hasher::new("rdp1/lock")
            .bytes(plan.as_bytes())
            .u64(self.close_seq)
            .bytes(&self.journal_head)
            .u64(self.closed_at_ms)
            .u64(self.range_count)
            .u64(self.sold_count)
            .bytes(&self.ledger_root)
            .u64(self.beacon_round)
            .u16(count);
        LockHash(self.witness_commitments.iter().fold(hasher, |hasher, c| hasher.bytes(c.as_bytes())).finish())
    }
}

/// A lock with the ledger key's signature over its hash, as it is published. Its JSON is the `lock`
/// member of the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedLock {
    /// What is signed.
    pub lock: Lock,
    /// `Sig(ledger, "rdp1/lock-sig", lock_hash)`.
    pub sig: Signature,
}

impl SignedLock {
    /// Signs a lock. [`super::produce::lock`] also checks that it fits its plan.
    pub fn sign(lock: Lock, plan: &PlanHash, secret: &LedgerSecret) -> Self {
        let sig = secret.sign(TAG_SIGNATURE, &[lock.hash(plan).as_bytes()]);
        Self { lock, sig }
    }

    /// Whether the ledger key signed the lock with this hash, which is [`Lock::hash`] of the lock.
    pub fn is_signed(&self, hash: &LockHash, ledger_pk: &LedgerPublicKey) -> bool {
        verify(ledger_pk.as_bytes(), TAG_SIGNATURE, &[hash.as_bytes()], &self.sig)
    }
}
