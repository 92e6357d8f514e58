//! A draw as the raffle knows it: a record with a life of its own.

use super::event::{SealedLedger, Slot};
use crate::bytes::Bytes;
use crate::id::DrawId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a draw stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrawStatus {
    /// Its plan is frozen.
    Planned,
    /// The reconciliation of its sales period is acknowledged.
    Acknowledged,
    /// Its ledger is sealed, one way.
    Locked,
    /// Its outcome is determined: reveal and proof are on record.
    Proven,
    /// Its winners are on record.
    Drawn,
    /// Its result was confirmed for every screen.
    Published,
    /// Its prizes are disposed of.
    Settled,
    /// It was cancelled before its lock.
    Cancelled,
}

impl DrawStatus {
    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Acknowledged => "acknowledged",
            Self::Locked => "locked",
            Self::Proven => "proven",
            Self::Drawn => "drawn",
            Self::Published => "published",
            Self::Settled => "settled",
            Self::Cancelled => "cancelled",
        }
    }
}

/// When a draw took each of its steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawSteps {
    /// Plan frozen.
    pub planned: Option<Timestamp>,
    /// Ledger sealed.
    pub locked: Option<Timestamp>,
    /// House witness revealed.
    pub revealed: Option<Timestamp>,
    /// Proof on record.
    pub proven: Option<Timestamp>,
    /// Winners on record.
    pub drawn: Option<Timestamp>,
    /// Result confirmed.
    pub published: Option<Timestamp>,
}

/// A witness's revealed randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealedWitness {
    /// r.
    pub reveal: Bytes<32>,
    /// The witness's signature over the lock hash and r.
    pub signature: Bytes<64>,
}

/// The outcome, fixed before anybody sees it (D-05).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawResult {
    /// The seed.
    pub seed: Bytes<32>,
    /// Slots in plan order, then reserves.
    pub slots: Box<[Slot]>,
    /// The result's hash.
    pub result_hash: Bytes<32>,
    /// The ledger key's signature over it.
    pub signature: Bytes<64>,
}

/// One draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// Its identity.
    pub id: DrawId,
    /// Its number in the raffle, from 1.
    pub draw_no: u32,
    /// Hash of its frozen plan.
    pub plan_hash: Bytes<32>,
    /// C_0, the house witness's commitment.
    pub house_commitment: Bytes<32>,
    /// Where it stands.
    pub status: DrawStatus,
    /// When it took its steps.
    pub steps: DrawSteps,
    /// The sealed ledger.
    pub lock: Option<SealedLedger>,
    /// The house witness's reveal.
    pub house_reveal: Option<RevealedWitness>,
    /// The VRF proof.
    pub proof: Option<Bytes<80>>,
    /// The outcome.
    pub result: Option<DrawResult>,
}
