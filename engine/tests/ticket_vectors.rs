//! Validation numbers and sale hashes against vectors computed outside this crate (T-03, T-04).
#![allow(clippy::unwrap_used, reason = "a vector that does not read is a failed test")]

use drumroll_engine::hex;
use drumroll_engine::ticket::{IssuerSlot, NumberRange, ParseValidationError, SaleRecord, ValidationNumber};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/vectors/ticket-vectors.json")).unwrap()
}

fn list<'a>(vectors: &'a Value, name: &str) -> &'a [Value] {
    let list = vectors[name].as_array().unwrap();
    assert!(!list.is_empty(), "{name}");
    list
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

fn bytes<const N: usize>(value: &Value, name: &str) -> [u8; N] {
    hex::decode_array(text(value, name)).unwrap()
}

fn small<T: TryFrom<u64>>(value: &Value) -> T {
    value.as_u64().and_then(|value| T::try_from(value).ok()).unwrap()
}

#[test]
fn t03_t04_validation_numbers_agree_with_the_vectors() {
    for vector in list(&vectors(), "validation_numbers") {
        let slot = IssuerSlot::new(small(&vector["issuer_slot"])).unwrap();
        let number = ValidationNumber::new(slot, bytes(vector, "random"));
        assert_eq!(hex::encode(&number.to_bytes()), text(vector, "bytes"));
        assert_eq!(number.to_compact(), text(vector, "text"));
        assert_eq!(number.to_string(), text(vector, "shown"));
        assert_eq!(text(vector, "shown").parse(), Ok(number));
        assert_eq!(serde_json::from_value::<ValidationNumber>(vector["text"].clone()).unwrap(), number);
    }
}

#[test]
fn t03_spellings_are_accepted_and_refused_as_in_the_vectors() {
    let vectors = vectors();
    for vector in list(&vectors, "accepted_spellings") {
        let number: ValidationNumber = text(vector, "text").parse().unwrap();
        assert_eq!(number.to_compact(), text(vector, "same_as"));
    }
    for vector in list(&vectors, "refused") {
        let why = match text(vector, "text").parse::<ValidationNumber>().unwrap_err() {
            ParseValidationError::Character(_) => "character",
            ParseValidationError::Length => "length",
            ParseValidationError::Check => "check",
        };
        assert_eq!(why, text(vector, "why"), "{vector}");
    }
}

#[test]
fn t04_sale_hashes_agree_with_the_vectors() {
    for vector in list(&vectors(), "sale_hashes") {
        let number = |value: &Value| value.as_str().and_then(|text| text.parse::<u64>().ok()).unwrap();
        let pairs = |name: &str| vector[name].as_array().unwrap().clone();
        let packages: Vec<(u32, u32)> = pairs("packages").iter().map(|p| (small(&p[0]), small(&p[1]))).collect();
        let ranges: Vec<NumberRange> = pairs("ranges")
            .iter()
            .map(|range| NumberRange::new(number(&range[0]), number(&range[1])).unwrap())
            .collect();
        let salt = bytes(vector, "salt");
        let record = SaleRecord {
            raffle_id: bytes(vector, "raffle_id"),
            order_key: bytes(vector, "order_key"),
            validation: text(vector, "validation").parse().unwrap(),
            channel: small(&vector["channel"]),
            device_id: (!vector["device_id"].is_null()).then(|| bytes(vector, "device_id")),
            sold_at_ms: number(&vector["sold_at_ms"]),
            currency: text(vector, "currency").as_bytes().try_into().unwrap(),
            price_minor: number(&vector["price_minor"]),
            packages: &packages,
            ranges: &ranges,
            salt: &salt,
        };
        assert_eq!(hex::encode(&record.hash()), text(vector, "sale_hash"), "{}", text(vector, "name"));
    }
}
