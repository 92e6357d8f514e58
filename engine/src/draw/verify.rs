//! The verifier: everything about a transcript that can be checked, in the order the protocol fixes.
//!
//! It repeats the draw from published data and needs nothing secret. It trusts nothing in the file:
//! work and memory stay in proportion to the file's own size whatever the numbers in it claim.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::beacon::{BeaconCheck, in_window};
use super::code::{Code, Failure};
use super::evidence::{self, About, EvidenceNote};
use super::seed::BeaconOutput;
use super::slots::{self, Award};
use super::{Alpha, LockHash, Plan, PlanHash, Proof, ResultHash, Seed, Transcript, VrfError, WitnessPublicKey, vrf};
use crate::ledger::{Ledger, LedgerError};

/// What the verifier takes from outside the transcript.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// The plan hash as published before sales, e.g. from a receipt. Without it a valid answer only
    /// says that the transcript is in order, not that its plan is the one announced.
    pub expected_plan: Option<PlanHash>,
    /// Keys of cosigners who count as independent besides the plan's own witnesses.
    pub trusted_keys: &'a [WitnessPublicKey],
    /// How beacon signatures are checked. Without it a plan that requires a beacon fails with
    /// `E_BEACON_SIG`, since nothing was checked.
    pub beacon: Option<&'a dyn BeaconCheck>,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("expected_plan", &self.expected_plan)
            .field("trusted_keys", &self.trusted_keys)
            .field("beacon", &self.beacon.is_some())
            .finish()
    }
}

/// How much a reader has to trust (RDP-1 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Grade {
    /// The operator, or the operator of the ledger and that of the RNG not to collude: a transcript
    /// cannot tell the two apart. Never to be called provably fair.
    #[serde(rename = "0 or 1")]
    ZeroOrOne,
    /// One witness besides the house, or the RNG operator.
    #[serde(rename = "2")]
    Two,
    /// Nobody, as long as the lock is older than the beacon round.
    #[serde(rename = "3")]
    Three,
}

impl Grade {
    /// The grade as it is printed.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ZeroOrOne => "0 or 1",
            Self::Two => "2",
            Self::Three => "3",
        }
    }
}

/// A winning number, or a reserve's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Winner {
    /// The prize; none for a reserve.
    pub prize_id: Option<u32>,
    /// Which winner of the prize, or which reserve, from 1.
    pub position: u32,
    /// Position among all sold numbers, from 0.
    pub rank: u64,
    /// The number on the ticket.
    pub number: u64,
}

/// The verifier's answer. The hashes are filled in as far as the checks came; winners only if all held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether every check held.
    pub ok: bool,
    /// The first check that failed.
    pub code: Option<Code>,
    /// What exactly failed, for people; empty if nothing did.
    pub detail: String,
    /// The grade reached; none for an invalid transcript.
    pub grade: Option<Grade>,
    /// Whether an expected plan hash was given and matched. If not, say "plan not pinned".
    pub plan_pinned: bool,
    /// Hash of the plan in the file.
    pub plan_hash: Option<PlanHash>,
    /// Hash of the lock, once the ledger key's signature on it has verified.
    pub lock_hash: Option<LockHash>,
    /// The seed.
    pub seed: Option<Seed>,
    /// The result's hash.
    pub result_hash: Option<ResultHash>,
    /// Prizes in the order of drawing, then reserves.
    pub winners: Vec<Winner>,
    /// Paths of members of the file that no hash covers: nothing vouches for what they say.
    pub unhashed: Vec<String>,
    /// What the evidence is worth, object by object.
    pub evidence: Vec<EvidenceNote>,
}

/// Reads and verifies a transcript. Never panics, whatever the bytes.
pub fn verify_json(json: &[u8], options: &Options<'_>) -> Report {
    match Transcript::decode(json) {
        Ok(decoded) => Report { unhashed: decoded.unhashed, ..verify(&decoded.transcript, options) },
        Err(failure) => Report { code: Some(failure.code), detail: failure.detail, ..Report::empty() },
    }
}

/// Verifies a decoded transcript, for instance a producer's own before it is published.
pub fn verify(transcript: &Transcript, options: &Options<'_>) -> Report {
    let mut report = Report::empty();
    match check(transcript, options, &mut report) {
        Ok((grade, winners)) => {
            report.ok = true;
            report.grade = Some(grade);
            report.winners = winners;
        }
        Err(failure) => {
            report.code = Some(failure.code);
            report.detail = failure.detail;
        }
    }
    report
}

/// Looks for two locks under one plan, across transcripts that need not be valid otherwise: the
/// ledger key's signature on both is proof enough. Returns the positions of the first such pair.
pub fn equivocation(reports: &[Report]) -> Option<(usize, usize, Code)> {
    let mut first_lock = BTreeMap::new();
    for (index, report) in reports.iter().enumerate() {
        let (Some(plan), Some(lock)) = (report.plan_hash, report.lock_hash) else { continue };
        let (first, first_hash) = *first_lock.entry(plan).or_insert((index, lock));
        if first_hash != lock {
            return Some((first, index, Code::Equivocation));
        }
    }
    None
}

impl Report {
    fn empty() -> Self {
        Self {
            ok: false,
            code: None,
            detail: String::new(),
            grade: None,
            plan_pinned: false,
            plan_hash: None,
            lock_hash: None,
            seed: None,
            result_hash: None,
            winners: Vec::new(),
            unhashed: Vec::new(),
            evidence: Vec::new(),
        }
    }
}

type Check<T> = Result<T, Failure>;

fn fail<T>(code: Code, detail: impl Into<String>) -> Check<T> {
    Err(Failure::new(code, detail))
}

/// All checks, in order. What is found on the way goes into the report even if a later check fails.
fn check(transcript: &Transcript, options: &Options<'_>, report: &mut Report) -> Check<(Grade, Vec<Winner>)> {
    let plan_hash = check_plan(&transcript.plan, options, report)?;
    let ledger = check_ledger(transcript)?;
    let lock_hash = check_lock(transcript, &ledger, &plan_hash)?;
    report.lock_hash = Some(lock_hash);
    check_witnesses(transcript, &plan_hash, &lock_hash)?;
    let alpha = Alpha::derive(&plan_hash, &lock_hash, &transcript.reveals);
    let (proof, beta) = check_vrf(transcript, &alpha)?;
    let beacon = check_beacon(transcript, options)?;
    let seed = Seed::derive(&alpha, &beta, beacon.as_ref().map(|beacon| &beacon.output));
    report.seed = Some(seed);
    check_slots(transcript, &ledger, &seed)?;
    let result_hash = ResultHash::of(&lock_hash, &seed, transcript.slots.iter().copied());
    report.result_hash = Some(result_hash);
    if !result_hash.is_signed(&transcript.plan.ledger_pk, &transcript.result_sig) {
        return fail(Code::ResultSig, "the ledger key did not sign this result");
    }

    let independent = transcript.plan.witnesses.get(1..).unwrap_or_default();
    let trusted: BTreeSet<_> = independent.iter().chain(options.trusted_keys).collect();
    report.evidence = evidence::judge(&transcript.evidence, &lock_hash, &proof, &trusted);
    let grade = if beacon.is_some_and(|beacon| locked_before(beacon.time_ms, &report.evidence)) {
        Grade::Three
    } else if independent.is_empty() {
        Grade::ZeroOrOne
    } else {
        // Every listed witness has revealed, or the checks would have failed.
        Grade::Two
    };
    Ok((grade, winners(transcript)))
}

fn check_plan(plan: &Plan, options: &Options<'_>, report: &mut Report) -> Check<PlanHash> {
    // The decoder has refused these already; a transcript that was built in memory has not met it.
    if u16::try_from(plan.witnesses.len()).is_err() || u32::try_from(plan.prizes.len()).is_err() {
        return fail(Code::Format, "the plan lists more than its counts can say");
    }
    let plan_hash = plan.hash();
    report.plan_hash = Some(plan_hash);
    if plan.shares_vrf_key() {
        return fail(Code::KeyShared, "one key serves both the ledger and the VRF");
    }
    if plan.repeats_witness() {
        return fail(Code::WitnessDup, "two witnesses have one key");
    }
    match options.expected_plan {
        Some(expected) if expected != plan_hash => {
            return fail(Code::PlanPin, format!("the plan's hash is {plan_hash} and not {expected}"));
        }
        expected => report.plan_pinned = expected.is_some(),
    }
    Ok(plan_hash)
}

fn check_ledger(transcript: &Transcript) -> Check<Ledger> {
    let Plan { number_first, number_last, .. } = transcript.plan;
    Ledger::new(transcript.ledger.clone(), number_first, number_last).map_err(|error| {
        let code = match error {
            LedgerError::Order { .. } => Code::LedgerOrder,
            LedgerError::Bounds { .. } | LedgerError::TooMany => Code::LedgerBounds,
            LedgerError::Empty => Code::LedgerEmpty,
        };
        Failure::new(code, error.to_string())
    })
}

fn check_lock(transcript: &Transcript, ledger: &Ledger, plan_hash: &PlanHash) -> Check<LockHash> {
    let lock = &transcript.lock.lock;
    if lock.range_count != ledger.range_count() || lock.sold_count != ledger.sold_count() {
        let (ranges, sold) = (ledger.range_count(), ledger.sold_count());
        return fail(Code::LedgerCount, format!("the ledger holds {sold} tickets in {ranges} ranges"));
    }
    if lock.ledger_root != ledger.root() {
        return fail(Code::LedgerRoot, "the ledger does not hash to the lock's root");
    }
    if lock.witness_commitments.len() != transcript.plan.witnesses.len() {
        return fail(Code::WitnessSet, "the lock does not hold one commitment for each witness");
    }
    let hash = lock.hash(plan_hash);
    if !transcript.lock.is_signed(&hash, &transcript.plan.ledger_pk) {
        return fail(Code::LockSig, "the ledger key did not sign this lock");
    }
    Ok(hash)
}

fn check_witnesses(transcript: &Transcript, plan_hash: &PlanHash, lock_hash: &LockHash) -> Check<()> {
    let Plan { witnesses, flags, .. } = &transcript.plan;
    if witnesses.is_empty() {
        return fail(Code::WitnessSet, "the plan lists no house witness");
    }
    if flags.witnesses_required() && witnesses.len() < 2 {
        return fail(Code::WitnessSet, "the plan requires independent witnesses and lists none");
    }
    if transcript.reveals.len() != witnesses.len() {
        return fail(Code::WitnessSet, "not every witness has revealed, or more have than are listed");
    }
    let commitments = &transcript.lock.lock.witness_commitments;
    for (index, ((witness, commitment), reveal)) in
        witnesses.iter().zip(commitments).zip(&transcript.reveals).enumerate()
    {
        if !reveal.opens(commitment, plan_hash, witness) {
            return fail(Code::WitnessCommit, format!("witness {index} revealed other bytes than it committed to"));
        }
        if !reveal.is_signed(lock_hash, witness) {
            return fail(Code::WitnessSig, format!("witness {index} did not sign its reveal for this lock"));
        }
    }
    Ok(())
}

fn check_vrf(transcript: &Transcript, alpha: &Alpha) -> Check<(Proof, super::Beta)> {
    let Ok(proof) = <[u8; 80]>::try_from(transcript.vrf_proof.as_slice()) else {
        return fail(Code::VrfLen, format!("the VRF proof has {} bytes, not 80", transcript.vrf_proof.len()));
    };
    let proof = Proof(proof);
    match vrf::verify(&transcript.plan.vrf_pk, alpha.as_bytes(), &proof) {
        Ok(beta) => Ok((proof, beta)),
        Err(error @ VrfError::Key) => fail(Code::VrfKey, error.to_string()),
        Err(error @ (VrfError::Proof | VrfError::Alpha)) => fail(Code::VrfProof, error.to_string()),
    }
}

/// A beacon that verified.
struct Beaconed {
    output: BeaconOutput,
    time_ms: u128,
}

fn check_beacon(transcript: &Transcript, options: &Options<'_>) -> Check<Option<Beaconed>> {
    let plan = &transcript.plan;
    let lock = &transcript.lock.lock;
    if !plan.flags.beacon_required() {
        if plan.beacon_chain != [0; 32] {
            return fail(Code::BeaconChain, "the plan names a chain without requiring a beacon");
        }
        if lock.beacon_round != 0 {
            return fail(Code::BeaconRound, "the lock names a round and the plan requires no beacon");
        }
        if transcript.beacon.is_some() {
            return fail(Code::BeaconUnexpected, "there is a beacon and the plan requires none");
        }
        return Ok(None);
    }
    let Some(beacon) = &transcript.beacon else {
        return fail(Code::BeaconMissing, "the plan requires a beacon and there is none");
    };
    // Without a check the chain cannot be looked up, so all that is left is to compare the rounds.
    let schedule = match options.beacon {
        Some(check) => match check.schedule(&plan.beacon_chain) {
            Some(schedule) => Some((check, schedule)),
            None => return fail(Code::BeaconChain, "the plan's beacon chain is not one this verifier pins"),
        },
        None => None,
    };
    if beacon.round == 0 || beacon.round != lock.beacon_round {
        return fail(Code::BeaconRound, "the beacon's round is not the one in the lock");
    }
    let Some((check, schedule)) = schedule else {
        return fail(Code::BeaconSig, "this build cannot check beacon signatures, so the beacon is not verified");
    };
    let Some(time_ms) = schedule.time_ms(beacon.round).filter(|&time| in_window(plan, lock.closed_at_ms, time)) else {
        return fail(Code::BeaconWindow, "the beacon's round lies outside the plan's window after the lock");
    };
    if !check.verify(&plan.beacon_chain, beacon.round, &beacon.signature) {
        return fail(Code::BeaconSig, "the beacon's signature does not verify");
    }
    Ok(Some(Beaconed { output: beacon.output(plan.beacon_chain), time_ms }))
}

/// The count comes first: after it, the work is in proportion to the file's own list.
fn check_slots(transcript: &Transcript, ledger: &Ledger, seed: &Seed) -> Check<()> {
    let wanted = slots::slot_count(&transcript.plan, ledger.sold_count());
    // The result hashes the count as 32 bits, so a longer list has no result.
    let listed = u32::try_from(transcript.slots.len()).map(u64::from);
    if listed != Ok(wanted) {
        return fail(Code::SlotCount, format!("{} slots are listed and {wanted} belong", transcript.slots.len()));
    }
    for (index, (listed, drawn)) in transcript.slots.iter().zip(slots::select(seed, ledger)).enumerate() {
        if *listed != drawn.slot {
            let expected = drawn.slot.number;
            return fail(Code::Slot, format!("slot {index} is number {expected} by the seed, not {}", listed.number));
        }
    }
    Ok(())
}

/// Whether independent evidence shows the lock to be older than the beacon's round (RDP-1 section 5).
fn locked_before(round_ms: u128, notes: &[EvidenceNote]) -> bool {
    notes.iter().any(|note| match note {
        EvidenceNote::Holds { about: About::Lock, at_ms, independent: true, .. } => u128::from(*at_ms) < round_ms,
        _ => false,
    })
}

fn winners(transcript: &Transcript) -> Vec<Winner> {
    let award = |(slot, award): (&slots::Slot, Award)| {
        let (prize_id, position) = match award {
            Award::Prize { prize_id, position } => (Some(prize_id), position),
            Award::Reserve { position } => (None, position),
        };
        Winner { prize_id, position, rank: slot.rank, number: slot.number }
    };
    transcript.slots.iter().zip(slots::awards(&transcript.plan)).map(award).collect()
}
