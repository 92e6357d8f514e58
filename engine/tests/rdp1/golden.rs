//! Golden files for other implementations, in `tests/vectors`. They are what this code produces; run
//! with `UPDATE_VECTORS=1` to write them anew, and expect to be asked why.

use std::path::PathBuf;

use drumroll_engine::draw::{Grade, Options, Transcript, verify, verify_json};
use drumroll_engine::hex;
use serde_json::{Value, json};

use crate::fixture::{draw, ledger_secret, plan_a, plan_house, seed, vrf_secret, witness_secret};
use crate::tampering::cases;

fn check(name: &str, content: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors").join(name);
    let content = format!("{content}\n");
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(&path, &content).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap();
    assert!(stored == content, "{name} differs from what this code produces");
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// I10, D-05: the published form is stable, byte for byte.
#[test]
fn i10_transcripts_are_as_stored() {
    for (name, plan, grade) in
        [("rdp1-grade0.json", plan_house(), Grade::ZeroOrOne), ("rdp1-grade2.json", plan_a(), Grade::Two)]
    {
        let (transcript, _) = draw(plan, None);
        check(name, &transcript.encode_pretty());
        let report = verify_json(transcript.encode_pretty().as_bytes(), &Options::default());
        assert_eq!((report.ok, report.grade), (true, Some(grade)));
        assert!(report.unhashed.is_empty());
        let decoded = Transcript::decode(transcript.encode().as_bytes()).unwrap();
        assert_eq!(decoded.transcript, transcript);
    }
}

#[test]
fn i10_tampered_cases_are_as_stored() {
    check("rdp1-tampered.json", &pretty(&cases()));
}

#[test]
fn i10_test_keys_are_as_stored() {
    let key = |label: &str, public: String| json!({ "label": label, "seed": hex::encode(seed(label).as_slice()), "public": public });
    let random = |label: &str| json!({ "label": label, "r": hex::encode(seed(label).as_slice()) });
    let keys = json!({
        "about": "Test keys of RDP-1 section 7: each seed is SHA-256 of its ASCII label. Worthless by design.",
        "ledger": key("rdp1 test ledger key", ledger_secret().public().to_string()),
        "vrf": key("rdp1 test vrf key", vrf_secret().public().to_string()),
        "witnesses": [
            key("rdp1 test witness A", witness_secret(0).public().to_string()),
            key("rdp1 test witness B", witness_secret(1).public().to_string()),
        ],
        "reveals": [random("rdp1 test reveal A"), random("rdp1 test reveal B")],
    });
    check("rdp1-test-keys.json", &pretty(&keys));
}

/// I6: plan, lock and reveals go through the journal as JSON and come back the same.
#[test]
fn i06_parts_survive_the_journal() {
    let (transcript, _) = draw(plan_a(), None);
    let text = serde_json::to_string(&(&transcript.plan, &transcript.lock, &transcript.reveals)).unwrap();
    let (plan, lock, reveals) = serde_json::from_str(&text).unwrap();
    let again = Transcript { plan, lock, reveals, ..transcript.clone() };
    assert_eq!(again, transcript);
    assert!(verify(&again, &Options::default()).ok);
    let report = serde_json::to_value(verify(&again, &Options::default())).unwrap();
    assert_eq!((&report["grade"], &report["code"]), (&json!("2"), &Value::Null));
}
