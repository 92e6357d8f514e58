//! The public beacon as the verifier sees it (RDP-1 step 7).
//!
//! The rules of a round (which chain, which round, when) are judged here; the pairing that proves a
//! round's signature is not part of this crate's default build and is handed in as a [`BeaconCheck`].

use super::Plan;
use super::seed::BeaconOutput;
use crate::hash::sha256;

/// A beacon round as it is published with a draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// The round.
    pub round: u64,
    /// Its signature.
    pub signature: Vec<u8>,
}

impl Beacon {
    /// What the round contributes to the seed.
    pub fn output(&self, chain: [u8; 32]) -> BeaconOutput {
        BeaconOutput { chain, round: self.round, x: sha256(&self.signature) }
    }
}

/// When the rounds of a chain happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Round 1, in seconds since the Unix epoch.
    pub genesis_s: u64,
    /// Seconds between rounds.
    pub period_s: u32,
}

impl Schedule {
    /// The instant of a round, `genesis + (round - 1) * period`, in milliseconds; `None` for round 0,
    /// which no chain has. 128 bits hold the instant of every round.
    pub fn time_ms(&self, round: u64) -> Option<u128> {
        let periods = u128::from(round.checked_sub(1)?);
        Some((u128::from(self.genesis_s) + periods * u128::from(self.period_s)) * 1000)
    }
}

/// The chains that a verifier pins, and how their signatures are checked. From outside the transcript.
pub trait BeaconCheck {
    /// The chain's schedule; `None` if this verifier does not pin the chain.
    fn schedule(&self, chain: &[u8; 32]) -> Option<Schedule>;

    /// Whether `signature` is the chain's signature of `round`.
    fn verify(&self, chain: &[u8; 32], round: u64, signature: &[u8]) -> bool;
}

/// Whether a round's instant lies in the plan's window after the lock, both ends included (step 3).
pub(super) fn in_window(plan: &Plan, closed_at_ms: u64, time_ms: u128) -> bool {
    let at_delay = |seconds: u32| u128::from(closed_at_ms) + u128::from(seconds) * 1000;
    (at_delay(plan.beacon_min_delay_s)..=at_delay(plan.beacon_max_delay_s)).contains(&time_ms)
}
