//! Witnesses: bytes committed before the lock and revealed after it (RDP-1 steps 2 and 4).
//!
//! A witness draws 32 random bytes, hands over a hash of them while sales go on, and shows them only
//! once it has seen the lock. So nobody who shapes the ledger knows what it will be mixed with.
//! Witness 0 is always the house witness: its bytes come from the operating system's CSPRNG (G-01).

use std::fmt;

use zeroize::Zeroizing;

use super::signature::verify;
use super::{Commitment, LockHash, PlanHash, Signature, WitnessPublicKey, WitnessSecret};
use crate::hash::Hasher;

const TAG_REVEAL: &str = "rdp1/reveal-sig";

/// A witness's random bytes `r` while they are secret; wiped after use.
pub struct WitnessRandom(Zeroizing<[u8; 32]>);

impl WitnessRandom {
    /// Wraps 32 bytes of a CSPRNG, which the caller reads; a failed or short read must not get here (G-01).
    pub const fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// `C_i`, what the witness hands over before the lock.
    pub fn commit(&self, plan: &PlanHash, witness: &WitnessPublicKey) -> Commitment {
        commitment(plan, witness, &self.0)
    }
}

impl fmt::Debug for WitnessRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WitnessRandom(withheld)")
    }
}

/// `C_i = H("rdp1/wcommit", plan_hash ‖ witness_pk ‖ r)`.
fn commitment(plan: &PlanHash, witness: &WitnessPublicKey, r: &[u8; 32]) -> Commitment {
    Commitment(Hasher::new("rdp1/wcommit").bytes(plan.as_bytes()).bytes(witness.as_bytes()).bytes(r).finish())
}

/// What a witness publishes after the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reveal {
    /// The bytes behind the commitment.
    pub r: [u8; 32],
    /// `Sig(witness, "rdp1/reveal-sig", lock_hash ‖ r)`: which lock the witness saw before it revealed.
    pub sig: Signature,
}

impl Reveal {
    /// Reveals under the lock the witness saw. A witness does this for one lock of a plan only, and
    /// its caller records the reveal before acting on it (D-05).
    pub fn sign(secret: &WitnessSecret, lock: &LockHash, random: &WitnessRandom) -> Self {
        let sig = secret.sign(TAG_REVEAL, &[lock.as_bytes(), random.0.as_slice()]);
        Self { r: *random.0, sig }
    }

    /// Whether these are the bytes that the witness committed to for this plan.
    pub fn opens(&self, commitment_given: &Commitment, plan: &PlanHash, witness: &WitnessPublicKey) -> bool {
        commitment(plan, witness, &self.r) == *commitment_given
    }

    /// Whether the witness signed these bytes for this lock.
    pub fn is_signed(&self, lock: &LockHash, witness: &WitnessPublicKey) -> bool {
        verify(witness.as_bytes(), TAG_REVEAL, &[lock.as_bytes(), &self.r], &self.sig)
    }
}
