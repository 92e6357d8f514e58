//! The table of codes: public, complete, and with a status each.

use drumroll_http::api::error::{CODES, status_of};
use std::collections::BTreeSet;

/// Every code that a piece of the engine's source gives.
fn given(source: &str) -> Vec<&str> {
    let table = source.split("fn code(").nth(1).and_then(|rest| rest.split("\n    }\n").next()).unwrap();
    table.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_refusal_of_the_engine_has_a_status() {
    let raffle = given(include_str!("../../../engine/src/raffle/rejection.rs"));
    let organisation = given(include_str!("../../../engine/src/organisation/rejection.rs"));
    assert!(raffle.len() > 30 && organisation.len() > 8, "the source is read as it is written");
    for code in raffle.iter().chain(&organisation) {
        assert!(CODES.iter().any(|(known, _)| known == code), "{code} has no status");
    }
}

#[test]
fn the_table_says_everything_once() {
    let names: BTreeSet<&str> = CODES.iter().map(|(code, _)| *code).collect();
    assert_eq!(names.len(), CODES.len());
    for (code, status) in CODES {
        assert_eq!(status_of(code).as_u16(), *status);
        assert!(
            (400..600).contains(status) && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{code}"
        );
    }
    assert_eq!(status_of("never heard of").as_u16(), 500);
}

#[test]
fn openapi_codes_are_as_published() {
    let text: String = CODES.iter().map(|(code, status)| format!("{status} {code}\n")).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/edge/codes.txt");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(stored == text, "codes are public: if this is meant, run with UPDATE_OPENAPI=1");
}
