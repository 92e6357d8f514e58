//! I10: any change to a published transcript is detected, under the code the protocol gives it.

use std::collections::BTreeSet;

use drumroll_engine::draw::{
    Beacon, Code, Cosign, Evidence, EvidenceNote, Flags, Grade, LedgerPublicKey, Options, Plan, Prize, Report,
    Transcript, VrfPublicKey, WitnessSecret, equivocation, proof_object, verify, verify_json,
};
use drumroll_engine::ledger::SoldRange;
use serde_json::{Value, json};

use crate::fixture::{
    CLOSED_AT_MS, ROUND, beacon, close, draw, forge, plan_a, plan_b, plan_house, seed, sold_ranges, with_beacon,
    witness_secret,
};

/// One change to a transcript's JSON.
enum Change {
    Set(Value),
    Remove,
    /// Alters the lowest bit of the first hex digit.
    Flip,
    /// Swaps two entries of a list.
    Swap(usize, usize),
    /// Appends a copy of a list's last entry.
    Repeat,
    /// Cuts a string to this many characters.
    Cut(usize),
}
use Change::{Cut, Flip, Remove, Repeat, Set, Swap};

/// Changes to column A's transcript that need no key, and the code each must fail with.
fn changes() -> Vec<(&'static str, &'static str, Change, Code)> {
    let transcript: Value = serde_json::from_str(&draw(plan_a(), None).0.encode()).unwrap();
    let ledger_pk = transcript["plan"]["ledger_pk"].clone();
    let witness_a = transcript["plan"]["witnesses"][0].clone();
    vec![
        ("another version", "/v", Set(json!("rdp2")), Code::Version),
        ("a version that is no string", "/v", Set(json!(1)), Code::Version),
        ("no version", "/v", Remove, Code::Version),
        ("upper-case hex", "/plan/rules_hash", Set(json!("AB".repeat(32))), Code::Format),
        ("hex cut short", "/plan/raffle_id", Cut(30), Code::Format),
        ("u64 as a JSON number", "/plan/number_first", Set(json!(1)), Code::Format),
        ("u64 with a leading zero", "/plan/number_first", Set(json!("01")), Code::Format),
        ("u64 with a sign", "/lock/close_seq", Set(json!("+4242")), Code::Format),
        ("u64 out of range", "/ledger/4/1", Set(json!("18446744073709551616")), Code::Format),
        ("u32 out of range", "/plan/draw_no", Set(json!(4_294_967_296u64)), Code::Format),
        ("u32 as a fraction", "/plan/draw_no", Set(json!(1.5)), Code::Format),
        ("an unassigned flag", "/plan/flags", Set(json!(4)), Code::Format),
        ("a ledger row with a fourth entry", "/ledger/0", Set(json!(["1", "100", "00", "x"])), Code::Format),
        ("a member gone", "/lock/journal_head", Remove, Code::Format),
        ("the beacon member gone", "/beacon", Remove, Code::Format),
        ("one key for ledger and VRF", "/plan/vrf_pk", Set(ledger_pk), Code::KeyShared),
        ("one witness twice", "/plan/witnesses/1", Set(witness_a), Code::WitnessDup),
        ("ledger ranges swapped", "/ledger", Swap(0, 1), Code::LedgerOrder),
        ("a range sold twice", "/ledger", Repeat, Code::LedgerOrder),
        ("a range that overlaps the next", "/ledger/0/1", Set(json!("101")), Code::LedgerOrder),
        ("an inverted range", "/ledger/0/0", Set(json!("101")), Code::LedgerOrder),
        ("a number below the plan's", "/ledger/0/0", Set(json!("0")), Code::LedgerBounds),
        ("a number above the plan's", "/ledger/4/1", Set(json!("10000000")), Code::LedgerBounds),
        ("an empty ledger", "/ledger", Set(json!([])), Code::LedgerEmpty),
        ("a ticket added after the close", "/ledger/4/1", Set(json!("9000149")), Code::LedgerCount),
        ("a ticket dropped", "/ledger/2", Remove, Code::LedgerCount),
        ("another sold count", "/lock/sold_count", Set(json!("1001")), Code::LedgerCount),
        ("another range count", "/lock/range_count", Set(json!("6")), Code::LedgerCount),
        ("a ticket exchanged", "/ledger/2", Set(json!(["1002", "1002", "00".repeat(32)])), Code::LedgerRoot),
        ("another sale behind a leaf", "/ledger/3/2", Flip, Code::LedgerRoot),
        ("another root", "/lock/ledger_root", Flip, Code::LedgerRoot),
        ("a commitment gone", "/lock/witness_commitments/1", Remove, Code::WitnessSet),
        ("a commitment too many", "/lock/witness_commitments", Repeat, Code::WitnessSet),
        ("another plan: draw number", "/plan/draw_no", Set(json!(2)), Code::LockSig),
        ("another plan: prizes in another order", "/plan/prizes", Swap(0, 1), Code::LockSig),
        ("another plan: one prize more", "/plan/prizes/1/1", Set(json!(3)), Code::LockSig),
        ("another plan: reserves", "/plan/reserves", Set(json!(3)), Code::LockSig),
        ("another plan: rules", "/plan/rules_hash", Flip, Code::LockSig),
        ("another plan: VRF key", "/plan/vrf_pk", Flip, Code::LockSig),
        ("another plan: witnesses in another order", "/plan/witnesses", Swap(0, 1), Code::LockSig),
        ("another plan: fewer demands", "/plan/flags", Set(json!(0)), Code::LockSig),
        ("another close", "/lock/close_seq", Set(json!("4243")), Code::LockSig),
        ("another instant", "/lock/closed_at_ms", Set(json!("1694775363001")), Code::LockSig),
        ("another journal", "/lock/journal_head", Flip, Code::LockSig),
        ("a round where none belongs", "/lock/beacon_round", Set(json!("1")), Code::LockSig),
        ("another commitment", "/lock/witness_commitments/0", Flip, Code::LockSig),
        ("another lock signature", "/lock/sig", Flip, Code::LockSig),
        ("a reveal withheld", "/reveals/1", Remove, Code::WitnessSet),
        ("a reveal too many", "/reveals", Repeat, Code::WitnessSet),
        ("other bytes revealed", "/reveals/0/r", Flip, Code::WitnessCommit),
        ("reveals swapped", "/reveals", Swap(0, 1), Code::WitnessCommit),
        ("another reveal signature", "/reveals/1/sig", Flip, Code::WitnessSig),
        ("a proof cut short", "/vrf_proof", Cut(158), Code::VrfLen),
        ("no proof", "/vrf_proof", Set(json!("")), Code::VrfLen),
        ("another proof", "/vrf_proof", Flip, Code::VrfProof),
        ("a beacon nobody asked for", "/beacon", Set(json!({"round": "1", "signature": ""})), Code::BeaconUnexpected),
        ("a slot gone", "/slots/4", Remove, Code::SlotCount),
        ("a slot too many", "/slots", Repeat, Code::SlotCount),
        ("no slots", "/slots", Set(json!([])), Code::SlotCount),
        ("prizes swapped between winners", "/slots", Swap(0, 1), Code::Slot),
        ("a friend's number", "/slots/0/1", Set(json!("5385")), Code::Slot),
        ("a friend's rank and number", "/slots/0", Set(json!(["736", "5385"])), Code::Slot),
        ("an unsold number among the reserves", "/slots/4/1", Set(json!("400")), Code::Slot),
        ("another result signature", "/result_sig", Flip, Code::ResultSig),
    ]
}

/// Applies a change and returns the new value at the pointer (`None` if it is gone).
fn apply(transcript: &mut Value, pointer: &str, change: &Change) -> Option<Value> {
    if let Remove = change {
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        match transcript.pointer_mut(parent).unwrap() {
            Value::Object(members) => drop(members.remove(member).unwrap()),
            Value::Array(entries) => drop(entries.remove(member.parse().unwrap())),
            other => panic!("nothing to remove in {other}"),
        }
        return None;
    }
    let target = transcript.pointer_mut(pointer).unwrap();
    match change {
        Set(value) => *target = value.clone(),
        Flip => {
            let text = target.as_str().unwrap();
            let digit = u8::from_str_radix(&text[..1], 16).unwrap() ^ 1;
            *target = json!(format!("{digit:x}{}", &text[1..]));
        }
        Swap(a, b) => target.as_array_mut().unwrap().swap(*a, *b),
        Repeat => {
            let entries = target.as_array_mut().unwrap();
            entries.push(entries.last().unwrap().clone());
        }
        Cut(length) => *target = json!(target.as_str().unwrap()[..*length]),
        Remove => unreachable!("handled above"),
    }
    Some(target.clone())
}

/// The table as data for other implementations: base `rdp1-grade2.json`, one change each; a case
/// without `value` removes what the pointer names.
pub(crate) fn cases() -> Value {
    let base: Value = serde_json::from_str(&draw(plan_a(), None).0.encode()).unwrap();
    let case = |(name, pointer, change, code): (&str, &str, Change, Code)| {
        let mut case = json!({ "name": name, "pointer": pointer, "code": code.as_str() });
        if let Some(value) = apply(&mut base.clone(), pointer, &change) {
            case["value"] = value;
        }
        case
    };
    Value::Array(changes().into_iter().map(case).collect())
}

#[test]
fn i10_every_tampering_is_rejected_with_its_code() {
    let base: Value = serde_json::from_str(&draw(plan_a(), None).0.encode()).unwrap();
    for (name, pointer, change, code) in changes() {
        let mut tampered = base.clone();
        apply(&mut tampered, pointer, &change);
        assert_ne!(tampered, base, "{name}");
        let report = verify_json(tampered.to_string().as_bytes(), &Options::default());
        assert_eq!((report.ok, report.code), (false, Some(code)), "{name}: {}", report.detail);
        assert!(report.winners.is_empty() && report.grade.is_none(), "{name}");
        assert!(!report.detail.is_empty(), "{name}");
    }
}

/// Forged transcripts: the cheat holds every key, and the plan or lock breaks a rule.
fn forgeries() -> Vec<(&'static str, Transcript, Code)> {
    let no_round = close(CLOSED_AT_MS, 0);
    let round = close(CLOSED_AT_MS, ROUND);
    let forge_plan = |plan: Plan| forge(plan, sold_ranges(), no_round, None);
    let forge_b = |plan: Plan, beacon: Option<Beacon>| forge(plan, sold_ranges(), round, beacon);
    let mut identity = [0; 32];
    identity[0] = 1;
    let huge = |first, last| vec![SoldRange { first, last, sale_hash: [0; 32] }];
    let whole = Plan { number_first: 0, number_last: u64::MAX, ..plan_house() };
    let many = vec![Prize { prize_id: 1, quantity: u32::MAX }; 100];
    vec![
        ("no witness", forge_plan(Plan { witnesses: Vec::new(), ..plan_house() }), Code::WitnessSet),
        ("none independent", forge_plan(Plan { flags: Flags::WITNESSES, ..plan_house() }), Code::WitnessSet),
        ("VRF key of small order", forge_plan(Plan { vrf_pk: VrfPublicKey(identity), ..plan_house() }), Code::VrfKey),
        (
            "VRF key that is no point",
            forge_plan(Plan { vrf_pk: VrfPublicKey([255; 32]), ..plan_house() }),
            Code::VrfKey,
        ),
        (
            "proof under another key",
            {
                let other = witness_secret(1).public();
                forge_plan(Plan { vrf_pk: VrfPublicKey(other.0), ..plan_house() })
            },
            Code::VrfProof,
        ),
        (
            "lock signed by another key",
            {
                let other = witness_secret(1).public();
                forge_plan(Plan { ledger_pk: LedgerPublicKey(other.0), ..plan_house() })
            },
            Code::LockSig,
        ),
        ("chain without bit 0", forge_plan(Plan { beacon_chain: [1; 32], ..plan_house() }), Code::BeaconChain),
        ("round without bit 0", forge(plan_house(), sold_ranges(), round, None), Code::BeaconRound),
        ("beacon without bit 0", forge(plan_house(), sold_ranges(), no_round, Some(beacon())), Code::BeaconUnexpected),
        ("beacon missing", forge_b(plan_b(), None), Code::BeaconMissing),
        ("unknown chain", forge_b(Plan { beacon_chain: [1; 32], ..plan_b() }, Some(beacon())), Code::BeaconChain),
        ("another round", forge_b(plan_b(), Some(Beacon { round: ROUND + 1, ..beacon() })), Code::BeaconRound),
        ("round 0", forge(plan_b(), sold_ranges(), no_round, Some(Beacon { round: 0, ..beacon() })), Code::BeaconRound),
        ("beacon signature cut", forge_b(plan_b(), Some(Beacon { signature: vec![1], ..beacon() })), Code::BeaconSig),
        (
            "round past the window",
            { forge(plan_b(), sold_ranges(), close(CLOSED_AT_MS - 1_000_000, ROUND), Some(beacon())) },
            Code::BeaconWindow,
        ),
        (
            "more tickets than the plan's numbers",
            { forge(whole.clone(), huge(1, (1 << 63) - 1), no_round, None) },
            Code::SlotCount,
        ),
        (
            "prizes beyond memory",
            { forge(Plan { prizes: many, ..whole }, huge(1, (1 << 63) - 1), no_round, None) },
            Code::SlotCount,
        ),
        (
            "slots of another draw",
            forge(Plan { draw_no: 2, ..plan_house() }, sold_ranges(), no_round, None),
            Code::Slot,
        ),
    ]
}

#[test]
fn i10_forgeries_by_the_holder_of_every_key_are_rejected() {
    for (name, transcript, code) in forgeries() {
        let report = verify_json(transcript.encode().as_bytes(), &with_beacon());
        // With five slots listed and five wanted, the forged ledger's size is no mistake by itself.
        let expected = if name == "more tickets than the plan's numbers" { Code::Slot } else { code };
        assert_eq!((report.ok, report.code), (false, Some(expected)), "{name}: {}", report.detail);
    }
}

/// Both tables together reach every code but the one that takes two transcripts and the one that
/// takes a pin.
#[test]
fn i10_every_code_has_a_test() {
    let mut reached: BTreeSet<Code> = changes().into_iter().map(|(_, _, _, code)| code).collect();
    reached.extend(forgeries().into_iter().map(|(_, _, code)| code));
    let rest: Vec<Code> = Code::ALL.into_iter().filter(|code| !reached.contains(code)).collect();
    assert_eq!(rest, [Code::PlanPin, Code::Equivocation]);
    assert!(Code::ALL.is_sorted(), "the order of the enum is the order of the checks");
}

/// RDP-1 §1, attack 18.
#[test]
fn i10_a_pinned_plan_is_compared_before_the_ledger() {
    let (transcript, _) = draw(plan_house(), None);
    let pinned = Options { expected_plan: Some(plan_house().hash()), ..Options::default() };
    assert!(verify(&transcript, &pinned).plan_pinned);
    let other = Options { expected_plan: Some(plan_a().hash()), ..Options::default() };
    let report = verify(&Transcript { ledger: Vec::new(), ..transcript }, &other);
    assert_eq!((report.code, report.plan_pinned), (Some(Code::PlanPin), false));
}

/// RDP-1 §1, attack 5: two locks under one plan convict the ledger key even if one draw was never finished.
#[test]
fn i10_two_locks_under_one_plan_are_equivocation() {
    let report =
        |closed_at_ms| verify(&forge(plan_house(), sold_ranges(), close(closed_at_ms, 0), None), &Options::default());
    let honest = verify(&draw(plan_house(), None).0, &Options::default());
    let other_plan = verify(&draw(plan_a(), None).0, &Options::default());
    let second = report(CLOSED_AT_MS + 1);
    assert!(!second.ok && second.lock_hash.is_some());
    assert_eq!(equivocation(&[honest.clone(), other_plan.clone(), honest.clone()]), None);
    assert_eq!(equivocation(&[other_plan, honest, second]), Some((1, 2, Code::Equivocation)));
}

/// The window's edges, both ends included (section 7).
#[test]
fn i10_the_beacon_window_is_exact() {
    let code = |closed_at_ms| {
        let transcript = forge(plan_b(), sold_ranges(), close(closed_at_ms, ROUND), Some(beacon()));
        verify(&transcript, &with_beacon()).code
    };
    // Past the beacon, the slots of another draw are what stops these.
    assert_eq!(code(1_694_775_543_000), Some(Code::Slot));
    assert_eq!(code(1_694_775_543_001), Some(Code::BeaconWindow));
    assert_eq!(code(1_694_774_703_000), Some(Code::Slot));
    assert_eq!(code(1_694_774_702_999), Some(Code::BeaconWindow));
    assert_eq!(code(u64::MAX), Some(Code::BeaconWindow));
}

/// A build without the pairing must not call a beacon checked.
#[test]
fn i10_without_a_beacon_check_a_beacon_is_not_verified() {
    let report = verify(&draw(plan_b(), Some(beacon())).0, &Options::default());
    assert_eq!(report.code, Some(Code::BeaconSig));
    assert!(report.detail.contains("cannot check"), "{}", report.detail);
}

/// RDP-1 section 5: only independent evidence on the lock, older than the round, makes grade 3.
#[test]
fn i10_evidence_raises_the_grade_and_never_breaks_the_draw() {
    let round_ms = 1_694_775_603_000;
    let (transcript, _) = draw(plan_b(), Some(beacon()));
    let lock = transcript.lock.lock.hash(&transcript.plan.hash()).0;
    let judge = |evidence: Vec<Evidence>, options: &Options<'_>| -> Report {
        verify_json(Transcript { evidence, ..transcript.clone() }.encode().as_bytes(), options)
    };
    let cosign = |secret: &WitnessSecret, object, at_ms| Evidence::Cosign(Cosign::sign(secret, object, at_ms));
    let grade = |evidence| judge(vec![evidence], &with_beacon()).grade;
    let log = WitnessSecret::new(seed("rdp1 test log"));

    assert_eq!(grade(cosign(&witness_secret(1), lock, round_ms - 1)), Some(Grade::Three));
    assert_eq!(grade(cosign(&witness_secret(1), lock, round_ms)), Some(Grade::Two), "not older than the round");
    assert_eq!(grade(cosign(&witness_secret(0), lock, 0)), Some(Grade::Two), "the house is not independent");
    assert_eq!(grade(cosign(&log, lock, 0)), Some(Grade::Two), "an unknown cosigner");
    let trusting = Options { trusted_keys: &[log.public()], ..with_beacon() };
    assert_eq!(judge(vec![cosign(&log, lock, 0)], &trusting).grade, Some(Grade::Three));

    let Evidence::Cosign(mut wrong) = cosign(&witness_secret(1), lock, 0) else { unreachable!() };
    wrong.at_ms = 1;
    let proof = proof_object(&drumroll_engine::draw::Proof(transcript.vrf_proof.as_slice().try_into().unwrap()));
    let report = judge(
        vec![
            Evidence::Cosign(wrong),
            Evidence::Other(json!({"kind": "rfc3161", "token": [1, 2]})),
            cosign(&witness_secret(1), proof, 0),
            cosign(&witness_secret(1), [9; 32], 0),
        ],
        &with_beacon(),
    );
    assert_eq!((report.ok, report.grade), (true, Some(Grade::Two)));
    assert_eq!(report.evidence[..2], [EvidenceNote::Fails { index: 0 }, EvidenceNote::Unknown { index: 1 }]);
    let notes = serde_json::to_value(&report.evidence[2..]).unwrap();
    assert_eq!((&notes[0]["about"], &notes[1]["about"]), (&json!("proof"), &json!("foreign")));
}

/// Members beside the protocol's are allowed, change nothing, and are named.
#[test]
fn i10_other_members_are_reported_as_not_hashed() {
    let mut transcript: Value = serde_json::from_str(&draw(plan_house(), None).0.encode()).unwrap();
    transcript["title"] = json!("Spring 50/50");
    transcript["plan"]["prize_names"] = json!({"10": ["a", {"deep": [1, 2, 3]}]});
    transcript["reveals"][0]["name"] = json!("house");
    let report = verify_json(transcript.to_string().as_bytes(), &Options::default());
    assert!(report.ok, "{}", report.detail);
    assert_eq!(report.grade, Some(Grade::ZeroOrOne));
    let named: BTreeSet<&str> = report.unhashed.iter().map(String::as_str).collect();
    assert_eq!(named, BTreeSet::from(["title", "plan.prize_names", "reveals[0].name"]));
}
