//! Evidence of time, outside the hashed core (RDP-1 section 5).
//!
//! Evidence never changes who wins. It shows that a lock or a proof existed at some instant, which
//! is what a beacon needs to count. Evidence that does not verify is reported and otherwise ignored.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::signature::verify;
use super::{LockHash, Proof, Signature, WitnessPublicKey, WitnessSecret};
use crate::hash::Hasher;

const TAG_COSIGN: &str = "rdp1/cosign";

/// One object of a transcript's evidence.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    /// Somebody saw an object at an instant of their clock.
    Cosign(Cosign),
    /// A kind this build does not know, kept as it was read.
    Other(Value),
}

/// `Sig(key, "rdp1/cosign", object ‖ u64 at_ms)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cosign {
    /// The cosigner: a witness of the plan, or a key that the verifier trusts from elsewhere.
    pub key: WitnessPublicKey,
    /// The lock hash, or [`proof_object`] of the VRF proof.
    pub object: [u8; 32],
    /// When, milliseconds since the Unix epoch, UTC, by the cosigner's clock.
    pub at_ms: u64,
    /// The signature.
    pub sig: Signature,
}

impl Cosign {
    /// Cosigns an object.
    pub fn sign(secret: &WitnessSecret, object: [u8; 32], at_ms: u64) -> Self {
        let sig = secret.sign(TAG_COSIGN, &[&object, &at_ms.to_be_bytes()]);
        Self { key: secret.public(), object, at_ms, sig }
    }

    /// Whether the key signed this object and instant.
    pub fn is_signed(&self) -> bool {
        verify(self.key.as_bytes(), TAG_COSIGN, &[&self.object, &self.at_ms.to_be_bytes()], &self.sig)
    }
}

/// What stands for a VRF proof in evidence, `H("rdp1/proof", pi)`.
pub fn proof_object(proof: &Proof) -> [u8; 32] {
    Hasher::new("rdp1/proof").bytes(proof.as_bytes()).finish()
}

/// What a verifier found about one object of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum EvidenceNote {
    /// The signature holds.
    Holds {
        /// Position in the transcript's evidence, from 0.
        index: usize,
        /// What was signed.
        about: About,
        /// By the cosigner's clock, milliseconds since the Unix epoch.
        at_ms: u64,
        /// Whether the cosigner is a witness other than the house, or trusted from outside the file.
        independent: bool,
    },
    /// The signature does not hold; ignored.
    Fails {
        /// Position in the transcript's evidence, from 0.
        index: usize,
    },
    /// The kind is not known to this build; ignored.
    Unknown {
        /// Position in the transcript's evidence, from 0.
        index: usize,
    },
}

/// What a piece of evidence speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// This draw's lock.
    Lock,
    /// This draw's VRF proof.
    Proof,
    /// Something that is not part of this draw; ignored.
    Foreign,
}

/// Judges a transcript's evidence. `trusted` says which keys count as independent.
pub(super) fn judge(
    evidence: &[Evidence],
    lock: &LockHash,
    proof: &Proof,
    trusted: &BTreeSet<&WitnessPublicKey>,
) -> Vec<EvidenceNote> {
    let proof_object = proof_object(proof);
    let note = |(index, evidence): (usize, &Evidence)| match evidence {
        Evidence::Other(_) => EvidenceNote::Unknown { index },
        Evidence::Cosign(cosign) if !cosign.is_signed() => EvidenceNote::Fails { index },
        Evidence::Cosign(cosign) => {
            let about = if cosign.object == lock.0 {
                About::Lock
            } else if cosign.object == proof_object {
                About::Proof
            } else {
                About::Foreign
            };
            EvidenceNote::Holds { index, about, at_ms: cosign.at_ms, independent: trusted.contains(&cosign.key) }
        }
    };
    evidence.iter().enumerate().map(note).collect()
}
