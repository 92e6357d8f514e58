//! RDP-1 section 7, byte for byte.

use drumroll_engine::draw::{Alpha, Grade, Options, Plan, Proof, ResultHash, Transcript, slots, verify, vrf};
use drumroll_engine::hash::sha256;
use drumroll_engine::hex;
use drumroll_engine::ledger::{Ledger, Opening, Side, SoldRange, Step};

use crate::fixture::{beacon, draw, plan_a, plan_b, plan_house, sold_ranges, with_beacon};

const LEDGER_ROOT: &str = "d84ce03011875bc9d12999a6c2507d5087d88c1b2fbe019488709e09371e3044";

/// What section 7 gives for a column.
struct Column {
    plan_hash: &'static str,
    lock_hash: &'static str,
    alpha: &'static str,
    pi: &'static str,
    beta: &'static str,
    seed: &'static str,
    slots: &'static str,
    result_hash: &'static str,
}

const A: Column = Column {
    plan_hash: "4310ffd10d4392f18c033925d2db2ec5f7c4771aedd62e32459ab10bddc78930",
    lock_hash: "0ef222a3477e03ab7861bc552494992cb24d96bded8fc7c4a687b118da74def0",
    alpha: "bf3cdf795e2323757c44cbc8a5a339b511f322964b5fd7515f5a9832b3bd0177",
    pi: "485f4c74f60c06f2d17277237be61005d5504ec28fd0b0adbf9482073c4fa88e\
         55248d5f2dd370561fe0560847312c6b84f28e3babff9ec5b6541201b840ded6\
         c09654c7db5b797235df54caeb4d2808",
    beta: "ce6ea5306d7c23c6c66d227e64d84b2bf071ce8a1c7dc56071d874df83bf7403\
           cfce86f520b94c66634cf59f2e1c56006e1a2f7eec96d71fbbc001a74be0be46",
    seed: "c459ae7a0ecbffa072d7d81b9c36cb8030c20991ceba14db453d6bdfe123dfa0",
    slots: "735:5384 603:5252 106:107 947:9000096 295:296",
    result_hash: "e6eaee7490a60b8535a5caeb0ab4dd36cc2fdba08d56121d868ea184577f6452",
};

const B: Column = Column {
    plan_hash: "1a4c87c32acd3f2cc5fdacb853b12bd5873b90080011794714e206e4ba4c0d7d",
    lock_hash: "30628804aa8719df6e0e571f1933ea4e8857ea19023e9325c4ff06338d5ae872",
    alpha: "fe49420cabb7fb59fd6cfd10d1ee1db815356bda7dc20ee643077bcf0f2f3190",
    pi: "bf9f0299cc9a3f1f3a5fbb4d81d1bfec79ee18bd22e7737bade199c46b5ec037\
         11522c6096ee6a809ae6f4d2724f7ecde2de82140997483ad87fa041f71447a7\
         c9ba40424b31bfd8286098990c90bb00",
    beta: "13baff1f570b6d5cff5b012f9599162d1870f23bfdf91a9dc03236e9d02dee1f\
           5191c9f5c94515525a0a34ac89f2190730bebdc76e7412f128e60f3d2bc9fc6c",
    seed: "8f3cd01d8deee2a07f0f949dfe103a0fe956af7757dc1e043c90aaa83828ed77",
    slots: "624:5273 110:111 106:107 232:233 262:263",
    result_hash: "063274bec2a39eabe1a8979a264815e762a36214ef0153978005211c99719c4b",
};

/// Checks every step of a draw, made by the producer's API, against a column, then the verifier.
fn check(transcript: &Transcript, column: &Column, options: &Options<'_>) {
    let plan_hash = transcript.plan.hash();
    assert_eq!(plan_hash.to_string(), column.plan_hash);
    assert_eq!(hex::encode(&transcript.lock.lock.ledger_root), LEDGER_ROOT);
    assert_eq!((transcript.lock.lock.range_count, transcript.lock.lock.sold_count), (5, 1000));
    let lock_hash = transcript.lock.lock.hash(&plan_hash);
    assert_eq!(lock_hash.to_string(), column.lock_hash);
    let alpha = Alpha::derive(&plan_hash, &lock_hash, &transcript.reveals);
    assert_eq!(alpha.to_string(), column.alpha);
    assert_eq!(hex::encode(&transcript.vrf_proof), column.pi);
    let proof = Proof(transcript.vrf_proof.as_slice().try_into().unwrap());
    assert_eq!(vrf::proof_to_hash(&proof).unwrap().to_string(), column.beta);
    let slots: Vec<String> = transcript.slots.iter().map(|slot| format!("{}:{}", slot.rank, slot.number)).collect();
    assert_eq!(slots.join(" "), column.slots);

    let report = verify(transcript, options);
    assert_eq!((report.ok, report.code), (true, None), "{}", report.detail);
    assert_eq!(report.plan_hash.unwrap().to_string(), column.plan_hash);
    assert_eq!(report.lock_hash.unwrap().to_string(), column.lock_hash);
    assert_eq!(report.seed.unwrap().to_string(), column.seed);
    assert_eq!(report.result_hash.unwrap().to_string(), column.result_hash);
    assert_eq!(
        report.result_hash,
        Some(ResultHash::of(&lock_hash, &report.seed.unwrap(), transcript.slots.iter().copied()))
    );
}

/// I10, D-04, D-07.
#[test]
fn i10_column_a_offline() {
    let (transcript, _) = draw(plan_a(), None);
    assert_eq!(transcript.plan.encode().len(), 263);
    check(&transcript, &A, &Options::default());
    let report = verify(&transcript, &Options::default());
    assert_eq!((report.grade, report.plan_pinned), (Some(Grade::Two), false));

    // D-07: prizes in plan order, then reserves.
    let winners: Vec<_> = report.winners.iter().map(|w| (w.prize_id, w.position, w.number)).collect();
    assert_eq!(
        winners,
        [(Some(10), 1, 5384), (Some(20), 1, 5252), (Some(20), 2, 107), (None, 1, 9_000_096), (None, 2, 296)]
    );
}

/// I10: everything of column B but the pairing, for which one signature is pinned.
#[test]
fn i10_column_b_with_a_beacon() {
    let x = beacon().output(plan_b().beacon_chain).x;
    assert_eq!(hex::encode(&x), "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587");
    let (transcript, _) = draw(plan_b(), Some(beacon()));
    check(&transcript, &B, &with_beacon());
    // Without evidence that the lock is older than the round, the beacon raises no grade.
    assert_eq!(verify(&transcript, &with_beacon()).grade, Some(Grade::Two));
}

/// G-05: each selection of the drawing report leads from the seed to its slot.
#[test]
fn g05_selections_carry_what_it_takes_to_recompute_them() {
    let (transcript, outcome) = draw(plan_a(), None);
    let mut word = 0;
    for (j, drawn) in (0..).zip(&outcome.slots) {
        let selection = drawn.selection;
        assert_eq!((selection.word_first, selection.range), (word, 1000 - j));
        assert_eq!(selection.index, selection.word % selection.range);
        word += selection.rejected + 1;
    }
    assert_eq!(outcome.seed.to_string(), A.seed);
    assert_eq!(outcome.result_hash.to_string(), A.result_hash);
    assert!(outcome.result_hash.is_signed(&transcript.plan.ledger_pk, &transcript.result_sig));
}

/// D-05: doing the draw again gives the same bytes, so a crash never gives a second chance.
#[test]
fn d05_a_repeated_draw_is_the_same_draw() {
    assert_eq!(draw(plan_house(), None).0.encode(), draw(plan_house(), None).0.encode());
}

/// D-07: fewer tickets than prizes; the first prizes are drawn and the rest have no winner.
#[test]
fn d07_fewer_tickets_than_prizes() {
    let plan = Plan { reserves: 5000, ..plan_house() };
    let (transcript, _) = draw(plan, None);
    assert_eq!(transcript.slots.len(), 1000);
    let report = verify(&transcript, &Options::default());
    assert_eq!((report.ok, report.winners.len()), (true, 1000));
    assert_eq!(slots::awards(&transcript.plan).count(), 5003);
}

/// D-04: the tree's shape, up to seven leaves.
#[test]
fn d04_tree_vectors() {
    let roots = [
        "cf299268b3dd83d0bde94d641ee97fc71b7bd6f69f97ea56351707e12f74cfe6",
        "5111ace43eed60e1e9be506913500c3fb983a6fae93c3d6eb839a60c4cd95b3a",
        "e75be4559c115d7e2ee877b4574750bfd13bc1704e4b5e0f1ff2bf1c6c6e523b",
        "8e137ad613d5b22d8024a34803b5e784aa53cfd9f6f74b3b7461cfb5ac1817db",
        "3d182c2b05feb7b63890d80cfdff67e4b184fcbb73743ba2293e6b94990b8408",
        "e62bf670d41d2d1ba5d735b5df80ecffc18f90b06bddb812134c5c2bc86d594c",
        "c47cb857e6a8f83ffc1702b3ad18a67f4aac326f8e08353bed2ae186c0ccafe4",
    ];
    for (n, root) in (1u8..).zip(roots) {
        let leaf = |i: u8| SoldRange { first: 10 * u64::from(i) + 1, last: 11 * u64::from(i) + 1, sale_hash: [i; 32] };
        let ledger = Ledger::new((0..n).map(leaf).collect(), 0, u64::MAX).unwrap();
        assert_eq!(hex::encode(&ledger.root()), root, "{n}");
        assert_eq!(ledger.sold_count(), u64::from(n) * (u64::from(n) + 1) / 2);
        assert_eq!(ledger.tree().root().hash, ledger.root());
    }
}

/// I10: column B's opening for its first winner.
#[test]
fn i10_light_opening_of_rank_624() {
    let ledger = Ledger::new(sold_ranges(), 1, 9_999_999).unwrap();
    assert_eq!(
        hex::encode(&ledger.ranges()[0].leaf_hash()),
        "fcbd1531c9869608cbcd528bbb9c210047fa1ca970513f441dd1fa24b037fda6"
    );
    let step = |side, count, hash| Step { side, count, hash: hex::decode_array(hash).unwrap() };
    let expected = Opening {
        leaf: SoldRange { first: 5000, last: 5499, sale_hash: sha256(b"rdp1 test sale 3") },
        path: vec![
            step(Side::Left, 1, "f663142c705dd3666eec47dd923c421d348243a2281cc8bc24ad6906ca33c8e6"),
            step(Side::Left, 350, "663ce8e48a917aba12382f659bd067d6c87a4ca3cfad3eaa17653db0afe5bcde"),
            step(Side::Right, 149, "99df0a3cdc3b87577a8994f3420ffc686545f17b2d6395a39c21570d29507906"),
        ],
    };
    let opening = ledger.opening(&ledger.tree(), 624).unwrap();
    assert_eq!(opening, expected);
    assert_eq!(opening.check(&hex::decode_array(LEDGER_ROOT).unwrap(), 1000, 624), Ok(5273));
}
