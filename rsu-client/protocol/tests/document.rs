//! `docs/protocol.md` and the code agree (C-06): every example in the document is a message, every
//! message has an example, and the signed examples are really signed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use drumroll_engine::device::{DeviceRecord, SecretKey};
use drumroll_protocol::{EnrolRequest, EnrolResponse, FromDevice, ToDevice};
use serde_json::Value;
use std::collections::BTreeSet;

/// The keys of the document's examples.
const DEVICE_SEED: [u8; 32] = [42; 32];
const SERVER_SEED: [u8; 32] = [7; 32];

/// Blocks fenced as ```` ```json KIND ````, with their kind.
fn examples() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol.md");
    let text = std::fs::read_to_string(path).expect("docs/protocol.md is part of the project");
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some((info.trim().to_owned(), String::new()));
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, body)), None) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a code block is not closed");
    found.retain(|(info, _)| info.starts_with("json"));
    found
}

fn of_kind(kind: &str) -> Vec<String> {
    let wanted = format!("json {kind}");
    let bodies: Vec<String> =
        examples().into_iter().filter(|(info, _)| *info == wanted).map(|(_, body)| body).collect();
    assert!(!bodies.is_empty(), "the document has examples of {kind}");
    bodies
}

/// The example, read and written again, is the example: no member is missing or ignored.
fn assert_same(example: &str, written: &str) {
    let (example, written): (Value, Value) =
        (serde_json::from_str(example).unwrap(), serde_json::from_str(written).unwrap());
    assert_eq!(example, written);
}

fn to_device() -> Vec<ToDevice> {
    of_kind("to-device").iter().map(|text| ToDevice::decode(text).unwrap_or_else(|e| panic!("{e} in {text}"))).collect()
}

fn from_device() -> Vec<FromDevice> {
    let texts = of_kind("from-device");
    texts.iter().map(|text| FromDevice::decode(text).unwrap_or_else(|e| panic!("{e} in {text}"))).collect()
}

#[test]
fn c06_every_documented_message_is_one_and_every_message_is_documented() {
    let mut seen = BTreeSet::new();
    for text in of_kind("to-device") {
        let message = ToDevice::decode(&text).unwrap_or_else(|e| panic!("{e} in {text}"));
        assert_same(&text, &message.encode());
        seen.insert(serde_json::from_str::<Value>(&text).unwrap()["t"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, ToDevice::TYPES.iter().map(|&name| name.to_owned()).collect());
    seen.clear();
    for text in of_kind("from-device") {
        let message = FromDevice::decode(&text).unwrap_or_else(|e| panic!("{e} in {text}"));
        assert_same(&text, &message.encode());
        seen.insert(serde_json::from_str::<Value>(&text).unwrap()["t"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, FromDevice::TYPES.iter().map(|&name| name.to_owned()).collect());
    for (info, _) in examples() {
        let known = ["json to-device", "json from-device", "json record", "json enrol-request", "json enrol-response"];
        assert!(known.contains(&info.as_str()), "examples of {info:?} are not tested");
    }
}

#[test]
fn r02_the_handshake_of_the_document_verifies() {
    let (device, server) = (SecretKey::from_bytes(&DEVICE_SEED), SecretKey::from_bytes(&SERVER_SEED));
    let challenge = to_device().into_iter().find_map(|m| if let ToDevice::Challenge(c) = m { Some(c) } else { None });
    let welcome = to_device().into_iter().find_map(|m| if let ToDevice::Welcome(w) = m { Some(w) } else { None });
    let hello = from_device().into_iter().find_map(|m| if let FromDevice::Hello(h) = m { Some(h) } else { None });
    let (challenge, hello, welcome) = (challenge.unwrap(), hello.unwrap(), welcome.unwrap());
    assert_eq!(challenge.server_public_key.0, server.public());
    assert!(hello.is_signed(&challenge, &device.public()));
    assert!(welcome.is_signed(&challenge, &hello, &server.public()));
}

#[test]
fn r06_the_records_of_the_document_are_one_verified_series() {
    let public = SecretKey::from_bytes(&DEVICE_SEED).public();
    let (mut seq, mut head) = (0, drumroll_engine::device::GENESIS);
    for text in of_kind("record") {
        let record: DeviceRecord = serde_json::from_str(&text).unwrap();
        assert_same(&text, &serde_json::to_string(&record).unwrap());
        let record = record.verify(&public).unwrap();
        record.payload().unwrap();
        assert!(record.continues(seq, &head));
        (seq, head) = (record.record().seq, *record.hash());
    }
    assert_eq!(seq, 3, "a sale, a misprint and a final report");
    for message in from_device() {
        let FromDevice::Upload(upload) = message else { continue };
        for record in upload.records {
            record.verify(&public).unwrap();
        }
    }
}

#[test]
fn r02_the_enrolment_of_the_document_proves_its_key() {
    for text in of_kind("enrol-request") {
        let request: EnrolRequest = serde_json::from_str(&text).unwrap();
        assert_same(&text, &serde_json::to_string(&request).unwrap());
        assert!(request.proof_is_valid());
        assert_eq!(request.public_key.0, SecretKey::from_bytes(&DEVICE_SEED).public());
    }
    for text in of_kind("enrol-response") {
        let response: EnrolResponse = serde_json::from_str(&text).unwrap();
        assert_same(&text, &serde_json::to_string(&response).unwrap());
        assert_eq!(response.server_public_key.0, SecretKey::from_bytes(&SERVER_SEED).public());
    }
}
