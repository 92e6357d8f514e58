//! The plan: everything that must be fixed before the first sale (RDP-1 step 1).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{LedgerPublicKey, PlanHash, VrfPublicKey, WitnessPublicKey};
use crate::hash::Hasher;

/// The most slots this implementation plans, over all prizes and reserves. A limit of ours, so that
/// an organiser's typing error cannot exhaust the machine; RDP-1 itself allows 2^32 - 1.
pub const PLAN_SLOTS_MAX: u64 = 1 << 24;

/// What a draw requires at least, as bits of one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Flags(u8);

impl Flags {
    /// The house witness only: grade 0.
    pub const NONE: Self = Self(0);
    /// Bit 0: a public beacon round enters the seed.
    pub const BEACON: Self = Self(1);
    /// Bit 1: at least one witness other than the house.
    pub const WITNESSES: Self = Self(2);
    /// Both bits.
    pub const BEACON_AND_WITNESSES: Self = Self(3);

    /// The flags with these bits; `None` if an unassigned bit is set.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits > 3 { None } else { Some(Self(bits)) }
    }

    /// The bits.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether bit 0 is set.
    pub const fn beacon_required(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether bit 1 is set.
    pub const fn witnesses_required(self) -> bool {
        self.0 & 2 != 0
    }
}

impl TryFrom<u8> for Flags {
    type Error = &'static str;

    fn try_from(bits: u8) -> Result<Self, &'static str> {
        Self::from_bits(bits).ok_or("flags above 3 are unassigned")
    }
}

impl From<Flags> for u8 {
    fn from(flags: Flags) -> Self {
        flags.0
    }
}

/// A prize and how many of it are drawn. The order of prizes in the plan is the order of drawing (D-07).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prize {
    /// The organiser's number for the prize.
    pub prize_id: u32,
    /// How many winners it has.
    pub quantity: u32,
}

/// The terms of one draw, frozen and hashed before sales (RDP-1 step 1).
///
/// Plain data, since a verifier must be able to look at plans that break the rules;
/// [`Plan::validate`] is what a producer runs before it publishes one. Its JSON is the `plan` member
/// of the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The raffle, as the bytes of its UUID.
    pub raffle_id: [u8; 16],
    /// Which draw of the raffle.
    pub draw_no: u32,
    /// Signs the lock and the result.
    pub ledger_pk: LedgerPublicKey,
    /// Proves the VRF output; never the same key as another of the plan.
    pub vrf_pk: VrfPublicKey,
    /// The lowest number on sale.
    pub number_first: u64,
    /// The highest number on sale.
    pub number_last: u64,
    /// What the draw requires at least.
    pub flags: Flags,
    /// The drand chain's hash; zeros without a beacon.
    pub beacon_chain: [u8; 32],
    /// Earliest beacon round, in seconds after the lock.
    pub beacon_min_delay_s: u32,
    /// Latest beacon round, in seconds after the lock.
    pub beacon_max_delay_s: u32,
    /// At most 65,535; number 0 is the house witness.
    pub witnesses: Vec<WitnessPublicKey>,
    /// In the order of drawing; fewer than 2^32.
    pub prizes: Vec<Prize>,
    /// Further slots drawn after the prizes, to replace winners who are not eligible.
    pub reserves: u32,
    /// SHA-256 of the opening event's payload.
    pub rules_hash: [u8; 32],
}

impl Plan {
    /// The bytes that are hashed: fields in order, integers big-endian, lists preceded by their length.
    ///
    /// # Panics
    /// With more than 65,535 witnesses or 2^32 prizes, which [`Plan::validate`], the
    /// transcript's decoder and the verifier all refuse.
    pub fn encode(&self) -> Vec<u8> {
        let witness_count = u16::try_from(self.witnesses.len()).expect("a plan has at most 65,535 witnesses");
        let prize_count = u32::try_from(self.prizes.len()).expect("a plan has fewer than 2^32 prizes");
        let mut bytes = Vec::with_capacity(191 + 32 * self.witnesses.len() + 8 * self.prizes.len());
        bytes.extend_from_slice(&self.raffle_id);
        bytes.extend_from_slice(&self.draw_no.to_be_bytes());
        bytes.extend_from_slice(self.ledger_pk.as_bytes());
        bytes.extend_from_slice(self.vrf_pk.as_bytes());
        bytes.extend_from_slice(&self.number_first.to_be_bytes());
        bytes.extend_from_slice(&self.number_last.to_be_bytes());
        bytes.push(self.flags.bits());
        bytes.extend_from_slice(&self.beacon_chain);
        bytes.extend_from_slice(&self.beacon_min_delay_s.to_be_bytes());
        bytes.extend_from_slice(&self.beacon_max_delay_s.to_be_bytes());
        bytes.extend_from_slice(&witness_count.to_be_bytes());
        for witness in &self.witnesses {
            bytes.extend_from_slice(witness.as_bytes());
        }
        bytes.extend_from_slice(&prize_count.to_be_bytes());
        for prize in &self.prizes {
            bytes.extend_from_slice(&prize.prize_id.to_be_bytes());
            bytes.extend_from_slice(&prize.quantity.to_be_bytes());
        }
        bytes.extend_from_slice(&self.reserves.to_be_bytes());
        bytes.extend_from_slice(&self.rules_hash);
        bytes
    }

    /// `H("rdp1/plan", plan)`, printed on receipts and pinned by verifiers.
    pub fn hash(&self) -> PlanHash {
        PlanHash(Hasher::new("rdp1/plan").bytes(&self.encode()).finish())
    }

    /// Quantities of all prizes and the reserves together. The draw has fewer slots only if fewer
    /// tickets are sold (RDP-1 step 10).
    pub fn slots_wanted(&self) -> u64 {
        // Fewer than 2^32 quantities below 2^32 cannot overflow; saturating costs nothing and says so.
        let quantities = self.prizes.iter().map(|prize| u64::from(prize.quantity));
        quantities.fold(u64::from(self.reserves), u64::saturating_add)
    }

    /// Whether the VRF key is also the ledger key, which would give away the VRF secret (RDP-1 §1, attack 15).
    pub fn shares_vrf_key(&self) -> bool {
        self.vrf_pk.as_bytes() == self.ledger_pk.as_bytes()
    }

    /// Whether two witnesses have one key.
    pub fn repeats_witness(&self) -> bool {
        self.witnesses.iter().collect::<BTreeSet<_>>().len() < self.witnesses.len()
    }

    /// Judges a plan before it is published. Stricter than a verifier: it also refuses what would be
    /// valid but cannot be meant.
    ///
    /// # Errors
    /// The first [`PlanError`], in the order of the enum.
    pub fn validate(&self) -> Result<(), PlanError> {
        if self.number_last < self.number_first {
            return Err(PlanError::NumbersInverted);
        }
        let ledger_key_doubles = self.witnesses.iter().any(|witness| witness.as_bytes() == self.ledger_pk.as_bytes());
        let vrf_key_doubles = self.witnesses.iter().any(|witness| witness.as_bytes() == self.vrf_pk.as_bytes());
        if self.shares_vrf_key() || ledger_key_doubles || vrf_key_doubles {
            return Err(PlanError::KeyShared);
        }
        if self.witnesses.is_empty() {
            return Err(PlanError::HouseWitnessMissing);
        }
        if self.flags.witnesses_required() && self.witnesses.len() < 2 {
            return Err(PlanError::WitnessesMissing);
        }
        if self.witnesses.len() > usize::from(u16::MAX) {
            return Err(PlanError::WitnessesTooMany);
        }
        if self.repeats_witness() {
            return Err(PlanError::WitnessRepeated);
        }
        let chain_given = self.beacon_chain != [0; 32];
        let delays_given = self.beacon_min_delay_s != 0 || self.beacon_max_delay_s != 0;
        let beacon_fits = if self.flags.beacon_required() {
            chain_given && self.beacon_min_delay_s <= self.beacon_max_delay_s
        } else {
            !chain_given && !delays_given
        };
        if !beacon_fits {
            return Err(PlanError::BeaconTerms);
        }
        if self.prizes.is_empty() || self.prizes.iter().any(|prize| prize.quantity == 0) {
            return Err(PlanError::PrizeMissing);
        }
        if self.prizes.iter().map(|prize| prize.prize_id).collect::<BTreeSet<_>>().len() < self.prizes.len() {
            return Err(PlanError::PrizeRepeated);
        }
        if self.slots_wanted() > PLAN_SLOTS_MAX {
            return Err(PlanError::SlotsTooMany);
        }
        Ok(())
    }
}

/// Why a plan is not fit to be published, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// The number range ends before it begins.
    NumbersInverted,
    /// Two of ledger, VRF and witness keys are one key.
    KeyShared,
    /// No house witness.
    HouseWitnessMissing,
    /// Independent witnesses are required and none is listed.
    WitnessesMissing,
    /// More than 65,535 witnesses.
    WitnessesTooMany,
    /// Two witnesses have one key.
    WitnessRepeated,
    /// A beacon is required without a chain or with an empty window, or beacon terms are given for a
    /// draw without one.
    BeaconTerms,
    /// No prize, or a prize with quantity zero.
    PrizeMissing,
    /// Two prizes have one id, so their winners could not be told apart.
    PrizeRepeated,
    /// More than [`PLAN_SLOTS_MAX`] slots.
    SlotsTooMany,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NumbersInverted => f.write_str("the number range ends before it begins"),
            Self::KeyShared => f.write_str("ledger, VRF and witness keys must all differ"),
            Self::HouseWitnessMissing => f.write_str("the house witness is missing"),
            Self::WitnessesMissing => f.write_str("an independent witness is required and none is listed"),
            Self::WitnessesTooMany => f.write_str("more than 65,535 witnesses"),
            Self::WitnessRepeated => f.write_str("two witnesses have one key"),
            Self::BeaconTerms => f.write_str("the beacon's chain and delays do not fit the flags"),
            Self::PrizeMissing => f.write_str("every draw has a prize, and every prize a quantity"),
            Self::PrizeRepeated => f.write_str("two prizes have one id"),
            Self::SlotsTooMany => write!(f, "more than {PLAN_SLOTS_MAX} prizes and reserves"),
        }
    }
}

impl std::error::Error for PlanError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            raffle_id: [1; 16],
            draw_no: 1,
            ledger_pk: LedgerPublicKey([2; 32]),
            vrf_pk: VrfPublicKey([3; 32]),
            number_first: 1,
            number_last: 100,
            flags: Flags::NONE,
            beacon_chain: [0; 32],
            beacon_min_delay_s: 0,
            beacon_max_delay_s: 0,
            witnesses: vec![WitnessPublicKey([4; 32])],
            prizes: vec![Prize { prize_id: 1, quantity: 1 }],
            reserves: 3,
            rules_hash: [5; 32],
        }
    }

    /// RDP-1 step 1: what must not be published is refused by name.
    #[test]
    fn a_plan_that_cannot_be_meant_is_refused() {
        let judge = |change: fn(&mut Plan)| {
            let mut plan = plan();
            change(&mut plan);
            plan.validate().err()
        };
        assert_eq!(judge(|_| ()), None);
        assert_eq!(judge(|p| p.number_first = 101), Some(PlanError::NumbersInverted));
        assert_eq!(judge(|p| p.vrf_pk = VrfPublicKey(p.ledger_pk.0)), Some(PlanError::KeyShared));
        assert_eq!(judge(|p| p.witnesses[0] = WitnessPublicKey(p.vrf_pk.0)), Some(PlanError::KeyShared));
        assert_eq!(judge(|p| p.witnesses[0] = WitnessPublicKey(p.ledger_pk.0)), Some(PlanError::KeyShared));
        assert_eq!(judge(|p| p.witnesses.clear()), Some(PlanError::HouseWitnessMissing));
        assert_eq!(judge(|p| p.flags = Flags::WITNESSES), Some(PlanError::WitnessesMissing));
        assert_eq!(judge(|p| p.witnesses.push(p.witnesses[0])), Some(PlanError::WitnessRepeated));
        assert_eq!(judge(|p| p.witnesses = vec![WitnessPublicKey([9; 32]); 65_536]), Some(PlanError::WitnessesTooMany));
        assert_eq!(judge(|p| p.beacon_chain = [1; 32]), Some(PlanError::BeaconTerms));
        assert_eq!(judge(|p| p.beacon_max_delay_s = 1), Some(PlanError::BeaconTerms));
        assert_eq!(judge(|p| p.flags = Flags::BEACON), Some(PlanError::BeaconTerms));
        assert_eq!(judge(|p| p.prizes.clear()), Some(PlanError::PrizeMissing));
        assert_eq!(judge(|p| p.prizes[0].quantity = 0), Some(PlanError::PrizeMissing));
        assert_eq!(judge(|p| p.prizes.push(p.prizes[0])), Some(PlanError::PrizeRepeated));
        assert_eq!(judge(|p| p.reserves = 1 << 24), Some(PlanError::SlotsTooMany));
    }

    #[test]
    fn slots_wanted_does_not_overflow() {
        let prizes = vec![Prize { prize_id: 1, quantity: u32::MAX }; 1000];
        let plan = Plan { prizes, reserves: u32::MAX, ..plan() };
        assert_eq!(plan.slots_wanted(), 1001 * u64::from(u32::MAX));
    }
}
