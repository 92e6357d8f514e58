//! I10: a verifier never panics, hangs or eats memory, whatever it is fed.

use drumroll_engine::draw::{Code, Options, Transcript, verify, verify_json};

use crate::fixture::{draw, plan_a, plan_house, with_beacon};

/// SplitMix64: reproducible input, of which the test prints the position.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, range: usize) -> usize {
        (self.next() % range as u64) as usize
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

#[test]
fn i10_random_bytes_never_panic() {
    let mut noise = Noise(1);
    for _ in 0..20_000 {
        let length = noise.below(200);
        let report = verify_json(&noise.bytes(length), &Options::default());
        assert_eq!(report.code, Some(Code::Format));
    }
}

/// Random JSON made of the protocol's own words: gets past the parser far more often than bytes do.
#[test]
fn i10_random_words_never_panic() {
    let words: Vec<&str> = r#"{ } [ ] , : "v" "rdp1" "plan" "ledger" "lock" "reveals" "vrf_proof" "beacon" "slots" null
        "result_sig" "evidence" "kind" "cosign" "1" "18446744073709551615" -1 1e99 4294967296 "00" "sig" true"#
        .split_whitespace()
        .collect();
    let mut noise = Noise(2);
    for _ in 0..20_000 {
        let text: String = (0..noise.below(40)).map(|_| words[noise.below(words.len())]).collect();
        assert!(!verify_json(text.as_bytes(), &Options::default()).ok, "{text}");
    }
}

/// A valid transcript with a few bytes overwritten, cut out or doubled.
#[test]
fn i10_damaged_transcripts_never_panic_and_never_pass() {
    let good = draw(plan_a(), None).0.encode().into_bytes();
    let decoded = Transcript::decode(&good).unwrap().transcript;
    let mut noise = Noise(3);
    let mut refused = 0;
    for _ in 0..3_000 {
        let mut bytes = good.clone();
        for _ in 0..=noise.below(3) {
            let at = noise.below(bytes.len() - 8);
            match noise.below(3) {
                0 => bytes[at] = b"0123456789abcdef\"[]{},:"[noise.below(23)],
                1 => drop(bytes.drain(at..at + 1 + noise.below(7))),
                _ => bytes.extend_from_within(at..),
            }
        }
        let report = verify_json(&bytes, &with_beacon());
        // An overwritten byte may be the one that stood there before.
        let unchanged = Transcript::decode(&bytes).is_ok_and(|read| read.transcript == decoded);
        assert_eq!(report.ok, unchanged, "{}", String::from_utf8_lossy(&bytes));
        refused += usize::from(!report.ok);
    }
    assert!(refused > 2_500, "{refused}");
}

/// Every single character of a published transcript counts: each is replaced once, and none goes unnoticed.
#[test]
fn i10_no_character_of_a_transcript_can_change() {
    let good = draw(plan_house(), None).0.encode().into_bytes();
    assert!(verify_json(&good, &Options::default()).ok);
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] = match bytes[at] {
            b'0' => b'1',
            b'9' => b'8',
            b'a'..=b'f' => bytes[at] ^ 1,
            digit @ b'1'..=b'8' => digit + 1,
            _ => b'~',
        };
        assert!(!verify_json(&bytes, &Options::default()).ok, "character {at}");
    }
}

/// Truncation at every place.
#[test]
fn i10_a_truncated_transcript_is_refused() {
    let good = draw(plan_house(), None).0.encode().into_bytes();
    for length in 0..good.len() {
        assert_eq!(verify_json(&good[..length], &Options::default()).code, Some(Code::Format), "{length}");
    }
}

/// Nesting that would exhaust a recursive reader's stack, at the places where a reader may recurse.
#[test]
fn i10_deep_nesting_is_refused_or_read_over() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    for text in
        [deep.clone(), format!(r#"{{"v":{deep}}}"#), format!(r#"{{"v":"rdp1","evidence":[{{"kind":{deep}}}]}}"#)]
    {
        assert_eq!(verify_json(text.as_bytes(), &Options::default()).code, Some(Code::Format));
    }
    let good = draw(plan_house(), None).0.encode();
    let beside = good.replacen('{', &format!(r#"{{"notes":{deep},"#), 1);
    assert!(verify_json(beside.as_bytes(), &Options::default()).ok);
}

/// A member given twice counts as its last occurrence, in the version as in the rest, so that all
/// readers of JSON see one transcript.
#[test]
fn i10_repeated_members_have_one_reading() {
    let good = draw(plan_house(), None).0.encode();
    let first = good.replacen('{', r#"{"v":"rdp2","slots":[],"#, 1);
    assert!(verify_json(first.as_bytes(), &Options::default()).ok);
    let last = format!(r#"{},"v":"rdp2"}}"#, good.strip_suffix('}').unwrap());
    assert_eq!(verify_json(last.as_bytes(), &Options::default()).code, Some(Code::Version));
}

/// Lists longer than the 16-bit count that is hashed with them are a matter of format, not a panic.
#[test]
fn i10_lists_beyond_their_count_are_refused() {
    let (good, _) = draw(plan_house(), None);
    let mut witnesses = good.clone();
    witnesses.plan.witnesses = vec![witnesses.plan.witnesses[0]; 65_536];
    let mut commitments = good;
    commitments.lock.lock.witness_commitments = vec![commitments.lock.lock.witness_commitments[0]; 65_536];
    for transcript in [witnesses, commitments] {
        assert_eq!(verify_json(transcript.encode().as_bytes(), &Options::default()).code, Some(Code::Format));
        // One that never was JSON is judged without a panic too.
        assert!(!verify(&transcript, &Options::default()).ok);
    }
}
