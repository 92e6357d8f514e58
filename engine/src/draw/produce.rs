//! The producer's side: the steps of a draw, each a pure function of what was recorded before it.
//!
//! The caller records the result of each step before it takes the next (D-05): lock, reveals, proof,
//! outcome. A crash in between costs nothing, for computing a step again gives the same bytes. Every
//! step refuses secrets and inputs that do not belong to its plan, since a transcript made of them
//! could only fail at the verifier.
//!
//! ```text
//! Plan::validate, Plan::hash                 before sales
//! WitnessRandom::commit                      before sales
//! Ledger::new, produce::lock                 at the close
//! Reveal::sign                               each witness, after the lock
//! produce::prove                             the RNG operator, after all reveals
//! Outcome::compute, Outcome::sign            anybody can compute, the ledger key signs
//! Transcript { … }                           for publication
//! ```

use std::fmt;

use super::beacon::Beacon;
use super::slots::{self, DrawnSlot, Slot};
use super::{
    Alpha, Close, Commitment, LedgerPublicKey, LedgerSecret, Lock, LockHash, Plan, PlanError, Proof, ResultHash,
    Reveal, Seed, Signature, SignedLock, VrfError, VrfSecret, signature, vrf,
};
use crate::hash::Hasher;
use crate::ledger::Ledger;

const TAG_RESULT: &str = "rdp1/result-sig";

/// Step 3: locks a ledger and signs the lock.
///
/// # Errors
/// [`ProduceError`] for a plan that cannot be meant, a secret of another plan, a ledger outside the
/// plan's numbers, commitments that are not one for each witness, or a beacon round where the plan has none.
pub fn lock(
    plan: &Plan,
    ledger: &Ledger,
    close: Close,
    commitments: Vec<Commitment>,
    secret: &LedgerSecret,
) -> Result<SignedLock, ProduceError> {
    plan.validate().map_err(ProduceError::Plan)?;
    if secret.public() != plan.ledger_pk {
        return Err(ProduceError::LedgerKey);
    }
    if ledger.ranges().iter().any(|range| range.first < plan.number_first || range.last > plan.number_last) {
        return Err(ProduceError::Ledger);
    }
    if commitments.len() != plan.witnesses.len() {
        return Err(ProduceError::Witnesses);
    }
    if plan.flags.beacon_required() != (close.beacon_round != 0) {
        return Err(ProduceError::Beacon);
    }
    Ok(SignedLock::sign(Lock::over(ledger, close, commitments), &plan.hash(), secret))
}

/// Steps 5 and 6: proves the VRF's output over the plan, the lock and all reveals.
///
/// # Errors
/// [`ProduceError`] if the lock is not this plan's, a reveal is missing or does not fit, or the
/// secret belongs to another plan.
pub fn prove(plan: &Plan, lock: &SignedLock, reveals: &[Reveal], secret: &VrfSecret) -> Result<Proof, ProduceError> {
    if secret.public() != plan.vrf_pk {
        return Err(ProduceError::VrfKey);
    }
    let alpha = alpha(plan, lock, reveals)?.1;
    let (proof, _) = vrf::prove(secret, alpha.as_bytes()).map_err(ProduceError::Vrf)?;
    Ok(proof)
}

/// Checks that lock and reveals belong to the plan, and derives alpha.
fn alpha(plan: &Plan, lock: &SignedLock, reveals: &[Reveal]) -> Result<(LockHash, Alpha), ProduceError> {
    plan.validate().map_err(ProduceError::Plan)?;
    let commitments = &lock.lock.witness_commitments;
    if commitments.len() != plan.witnesses.len() || reveals.len() != plan.witnesses.len() {
        return Err(ProduceError::Witnesses);
    }
    let plan_hash = plan.hash();
    let lock_hash = lock.lock.hash(&plan_hash);
    if !lock.is_signed(&lock_hash, &plan.ledger_pk) {
        return Err(ProduceError::Lock);
    }
    for ((witness, commitment), reveal) in plan.witnesses.iter().zip(commitments).zip(reveals) {
        if !reveal.opens(commitment, &plan_hash, witness) || !reveal.is_signed(&lock_hash, witness) {
            return Err(ProduceError::Witnesses);
        }
    }
    Ok((lock_hash, Alpha::derive(&plan_hash, &lock_hash, reveals)))
}

/// Steps 8 to 11: what a draw gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The keystream's key.
    pub seed: Seed,
    /// The slots, prizes in plan order, then reserves; [`slots::awards`] says whom each is for.
    pub slots: Vec<DrawnSlot>,
    /// Hash of lock, seed and slots.
    pub result_hash: ResultHash,
    ledger_pk: LedgerPublicKey,
}

impl Outcome {
    /// Computes the outcome. The same inputs give the same outcome for ever, so a second "draw"
    /// after a crash finds the same winners (D-05).
    ///
    /// The beacon's signature is not checked here: it is, with everything else, by the verifier,
    /// which a producer runs on its transcript before publishing.
    ///
    /// # Errors
    /// [`ProduceError`] if a part does not belong to the plan, the proof does not hold, or the
    /// beacon is missing, superfluous or another round's.
    pub fn compute(
        plan: &Plan,
        ledger: &Ledger,
        lock: &SignedLock,
        reveals: &[Reveal],
        proof: &Proof,
        beacon: Option<&Beacon>,
    ) -> Result<Self, ProduceError> {
        let (lock_hash, alpha) = alpha(plan, lock, reveals)?;
        if ledger.sold_count() != lock.lock.sold_count || ledger.root() != lock.lock.ledger_root {
            return Err(ProduceError::Ledger);
        }
        let beta = vrf::verify(&plan.vrf_pk, alpha.as_bytes(), proof).map_err(ProduceError::Vrf)?;
        let beacon_fits = match beacon {
            Some(beacon) => plan.flags.beacon_required() && beacon.round == lock.lock.beacon_round,
            None => !plan.flags.beacon_required(),
        };
        if !beacon_fits {
            return Err(ProduceError::Beacon);
        }
        let seed = Seed::derive(&alpha, &beta, beacon.map(|beacon| beacon.output(plan.beacon_chain)).as_ref());
        let count = slots::slot_count(plan, ledger.sold_count());
        let count = usize::try_from(count).expect("a valid plan has at most 2^24 slots");
        let drawn: Vec<DrawnSlot> = slots::select(&seed, ledger).take(count).collect();
        let result_hash = ResultHash::of(&lock_hash, &seed, drawn.iter().map(|drawn| drawn.slot));
        Ok(Self { seed, slots: drawn, result_hash, ledger_pk: plan.ledger_pk })
    }

    /// Step 11: signs the result.
    ///
    /// # Errors
    /// [`ProduceError::LedgerKey`] if the secret belongs to another plan.
    pub fn sign(&self, secret: &LedgerSecret) -> Result<Signature, ProduceError> {
        if secret.public() != self.ledger_pk {
            return Err(ProduceError::LedgerKey);
        }
        Ok(secret.sign(TAG_RESULT, &[self.result_hash.as_bytes()]))
    }
}

impl ResultHash {
    /// `H("rdp1/result", lock_hash ‖ seed ‖ u32 S ‖ (u64 rank ‖ u64 number)*)` (step 11).
    ///
    /// # Panics
    /// With 2^32 slots or more: a producer's plan has fewer, and a verifier has compared the count.
    pub fn of(lock: &LockHash, seed: &Seed, slots: impl ExactSizeIterator<Item = Slot>) -> Self {
        let count = u32::try_from(slots.len()).expect("a draw has fewer than 2^32 slots");
        let hasher = Hasher::new("rdp1/result").bytes(lock.as_bytes()).bytes(seed.as_bytes()).u32(count);
        Self(slots.fold(hasher, |hasher, slot| hasher.u64(slot.rank).u64(slot.number)).finish())
    }

    /// Whether the ledger key signed this result.
    pub fn is_signed(&self, ledger_pk: &LedgerPublicKey, sig: &Signature) -> bool {
        signature::verify(ledger_pk.as_bytes(), TAG_RESULT, &[self.as_bytes()], sig)
    }
}

/// Why a step of a draw was not taken. All of these are mistakes of the caller or of stored data;
/// none depends on chance but [`VrfError::Alpha`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProduceError {
    /// The plan is not fit for a draw.
    Plan(PlanError),
    /// The ledger secret is not the plan's.
    LedgerKey,
    /// The VRF secret is not the plan's.
    VrfKey,
    /// The ledger leaves the plan's numbers, or is not the one that was locked.
    Ledger,
    /// The lock is not signed for this plan.
    Lock,
    /// Commitments or reveals are not one for each witness, or one does not fit.
    Witnesses,
    /// A beacon round is missing, superfluous or not the lock's.
    Beacon,
    /// The VRF gave no proof, or the proof does not hold.
    Vrf(VrfError),
}

impl fmt::Display for ProduceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(error) => error.fmt(f),
            Self::LedgerKey => f.write_str("the ledger secret belongs to another plan"),
            Self::VrfKey => f.write_str("the VRF secret belongs to another plan"),
            Self::Ledger => f.write_str("the ledger is not the one of this plan and lock"),
            Self::Lock => f.write_str("the lock is not signed for this plan"),
            Self::Witnesses => f.write_str("the commitments or reveals do not fit the plan's witnesses"),
            Self::Beacon => f.write_str("the beacon round does not fit the plan and the lock"),
            Self::Vrf(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ProduceError {}
