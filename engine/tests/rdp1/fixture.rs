//! The draws of RDP-1 section 7, with keys that are SHA-256 of ASCII labels.

use drumroll_engine::draw::{
    Alpha, Beacon, BeaconCheck, Close, Commitment, Flags, LedgerSecret, Lock, Options, Outcome, Plan, Prize, Proof,
    Reveal, Schedule, SignedLock, Transcript, VrfSecret, WitnessRandom, WitnessSecret, produce, vrf,
};
use drumroll_engine::hash::sha256;
use drumroll_engine::hex;
use drumroll_engine::ledger::{Ledger, SoldRange};
use zeroize::Zeroizing;

pub(crate) const RAFFLE_ID: &str = "018f3a5e7c2b7d00a1b2c3d4e5f60718";
pub(crate) const CLOSED_AT_MS: u64 = 1_694_775_363_000;
pub(crate) const ROUND: u64 = 657_413;
pub(crate) const QUICKNET: &str = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971";
/// The signature of round 657413, as drand published it.
pub(crate) const ROUND_SIGNATURE: &str = "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be\
                                          41076862b98fad56e91a6b85b89cd97b";

pub(crate) fn seed(label: &str) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(sha256(label.as_bytes()))
}

pub(crate) fn ledger_secret() -> LedgerSecret {
    LedgerSecret::new(seed("rdp1 test ledger key"))
}

pub(crate) fn vrf_secret() -> VrfSecret {
    VrfSecret::new(seed("rdp1 test vrf key"))
}

/// Witness 0 is A, witness 1 is B.
pub(crate) fn witness_secret(index: usize) -> WitnessSecret {
    WitnessSecret::new(seed(["rdp1 test witness A", "rdp1 test witness B"][index]))
}

pub(crate) fn witness_random(index: usize) -> WitnessRandom {
    WitnessRandom::new(seed(["rdp1 test reveal A", "rdp1 test reveal B"][index]))
}

/// A plan of section 7 with the first `witnesses` witnesses and no beacon.
pub(crate) fn plan(flags: Flags, witnesses: usize) -> Plan {
    Plan {
        raffle_id: hex::decode_array(RAFFLE_ID).unwrap(),
        draw_no: 1,
        ledger_pk: ledger_secret().public(),
        vrf_pk: vrf_secret().public(),
        number_first: 1,
        number_last: 9_999_999,
        flags,
        beacon_chain: [0; 32],
        beacon_min_delay_s: 0,
        beacon_max_delay_s: 0,
        witnesses: (0..witnesses).map(|index| witness_secret(index).public()).collect(),
        prizes: vec![Prize { prize_id: 10, quantity: 1 }, Prize { prize_id: 20, quantity: 2 }],
        reserves: 2,
        rules_hash: sha256(b"rdp1 test rules"),
    }
}

/// The house witness alone: grade 0.
pub(crate) fn plan_house() -> Plan {
    plan(Flags::NONE, 1)
}

/// Column A.
pub(crate) fn plan_a() -> Plan {
    plan(Flags::WITNESSES, 2)
}

/// Column B.
pub(crate) fn plan_b() -> Plan {
    Plan {
        beacon_chain: hex::decode_array(QUICKNET).unwrap(),
        beacon_min_delay_s: 60,
        beacon_max_delay_s: 900,
        ..plan(Flags::BEACON_AND_WITNESSES, 2)
    }
}

pub(crate) fn sold_ranges() -> Vec<SoldRange> {
    [(1, 100), (101, 350), (1001, 1001), (5000, 5499), (9_000_000, 9_000_148)]
        .into_iter()
        .enumerate()
        .map(|(i, (first, last))| SoldRange {
            first,
            last,
            sale_hash: sha256(format!("rdp1 test sale {i}").as_bytes()),
        })
        .collect()
}

pub(crate) fn close(closed_at_ms: u64, beacon_round: u64) -> Close {
    Close { close_seq: 4242, journal_head: sha256(b"rdp1 test journal head"), closed_at_ms, beacon_round }
}

pub(crate) fn beacon() -> Beacon {
    Beacon { round: ROUND, signature: hex::decode(ROUND_SIGNATURE).unwrap() }
}

pub(crate) fn commitments(plan: &Plan) -> Vec<Commitment> {
    let hash = plan.hash();
    plan.witnesses.iter().enumerate().map(|(index, key)| witness_random(index).commit(&hash, key)).collect()
}

/// A draw by the producer's API, from ledger to transcript.
pub(crate) fn draw(plan: Plan, beacon: Option<Beacon>) -> (Transcript, Outcome) {
    let ledger = Ledger::new(sold_ranges(), plan.number_first, plan.number_last).unwrap();
    let close = close(CLOSED_AT_MS, beacon.as_ref().map_or(0, |beacon| beacon.round));
    let lock = produce::lock(&plan, &ledger, close, commitments(&plan), &ledger_secret()).unwrap();
    let lock_hash = lock.lock.hash(&plan.hash());
    let reveals: Vec<Reveal> = (0..plan.witnesses.len())
        .map(|index| Reveal::sign(&witness_secret(index), &lock_hash, &witness_random(index)))
        .collect();
    let proof = produce::prove(&plan, &lock, &reveals, &vrf_secret()).unwrap();
    let outcome = Outcome::compute(&plan, &ledger, &lock, &reveals, &proof, beacon.as_ref()).unwrap();
    let result_sig = outcome.sign(&ledger_secret()).unwrap();
    let transcript = Transcript {
        plan,
        ledger: ledger.ranges().to_vec(),
        lock,
        reveals,
        vrf_proof: proof.0.to_vec(),
        beacon,
        slots: outcome.slots.iter().map(|drawn| drawn.slot).collect(),
        result_sig,
        evidence: Vec::new(),
    };
    (transcript, outcome)
}

/// A cheat's draw: whatever the plan says, every signature and the proof are made anew for it. The
/// slots and the result's signature are left from another draw.
pub(crate) fn forge(plan: Plan, ledger: Vec<SoldRange>, close: Close, beacon: Option<Beacon>) -> Transcript {
    let plan_hash = plan.hash();
    let judged = Ledger::new(ledger.clone(), 0, u64::MAX).unwrap();
    let lock = SignedLock::sign(Lock::over(&judged, close, commitments(&plan)), &plan_hash, &ledger_secret());
    let lock_hash = lock.lock.hash(&plan_hash);
    let reveals: Vec<Reveal> = (0..plan.witnesses.len())
        .map(|index| Reveal::sign(&witness_secret(index), &lock_hash, &witness_random(index)))
        .collect();
    let alpha = Alpha::derive(&plan_hash, &lock_hash, &reveals);
    let (Proof(proof), _) = vrf::prove(&vrf_secret(), alpha.as_bytes()).unwrap();
    let (other, _) = draw(plan_house(), None);
    Transcript { plan, ledger, lock, reveals, vrf_proof: proof.to_vec(), beacon, ..other }
}

/// Stands in for the pairing: knows quicknet's schedule and one of its signatures.
pub(crate) struct PinnedRound;

impl BeaconCheck for PinnedRound {
    fn schedule(&self, chain: &[u8; 32]) -> Option<Schedule> {
        (hex::encode(chain) == QUICKNET).then_some(Schedule { genesis_s: 1_692_803_367, period_s: 3 })
    }

    fn verify(&self, chain: &[u8; 32], round: u64, signature: &[u8]) -> bool {
        hex::encode(chain) == QUICKNET && round == ROUND && hex::encode(signature) == ROUND_SIGNATURE
    }
}

/// Options that can check column B's beacon.
pub(crate) fn with_beacon() -> Options<'static> {
    Options { beacon: Some(&PinnedRound), ..Options::default() }
}
