//! From reveals to the seed: alpha, the VRF's output, the beacon (RDP-1 steps 5 to 8).

use super::{Alpha, Beta, LockHash, PlanHash, Reveal, Seed};
use crate::hash::Hasher;

impl Alpha {
    /// `H("rdp1/alpha", plan_hash ‖ lock_hash ‖ u16 w ‖ r_1 ‖ … ‖ r_w)`, reveals in the order of the
    /// plan's witnesses.
    ///
    /// # Panics
    /// With more than 65,535 reveals; callers have compared their number with the plan's.
    pub fn derive(plan: &PlanHash, lock: &LockHash, reveals: &[Reveal]) -> Self {
        let count = u16::try_from(reveals.len()).expect("a plan has at most 65,535 witnesses");
        let hasher = Hasher::new("rdp1/alpha").bytes(plan.as_bytes()).bytes(lock.as_bytes()).u16(count);
        Self(reveals.iter().fold(hasher, |hasher, reveal| hasher.bytes(&reveal.r)).finish())
    }
}

/// What a beacon contributes to the seed (step 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeaconOutput {
    /// The chain's hash, as in the plan.
    pub chain: [u8; 32],
    /// The round, as in the lock.
    pub round: u64,
    /// SHA-256 of the round's signature.
    pub x: [u8; 32],
}

impl Seed {
    /// `H("rdp1/seed", alpha ‖ beta ‖ tail)`; the tail is one zero byte without a beacon, else
    /// `0x01 ‖ chain ‖ u64 round ‖ x`.
    pub fn derive(alpha: &Alpha, beta: &Beta, beacon: Option<&BeaconOutput>) -> Self {
        let hasher = Hasher::new("rdp1/seed").bytes(alpha.as_bytes()).bytes(beta.as_bytes());
        let hasher = match beacon {
            None => hasher.u8(0),
            Some(beacon) => hasher.u8(1).bytes(&beacon.chain).u64(beacon.round).bytes(&beacon.x),
        };
        Self(hasher.finish())
    }
}
