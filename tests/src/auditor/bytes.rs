//! Hex, ids, tagged hashes and validation numbers, written again.

use sha2::{Digest, Sha256};

/// The sixteen bytes of a UUID.
pub type Id = [u8; 16];

/// The id that stands for nothing.
pub const NIL: Id = [0; 16];

/// Lowercase hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads hex; `None` for anything else.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    bytes.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// 32 bytes of hex.
pub fn unhex32(text: &str) -> Option<[u8; 32]> {
    unhex(text)?.try_into().ok()
}

/// Reads a UUID in its usual form.
pub fn id(text: &str) -> Option<Id> {
    let dashes = text.len() == 36 && [8, 13, 18, 23].iter().all(|&at| text.as_bytes()[at] == b'-');
    dashes.then(|| unhex(&text.replace('-', ""))).flatten()?.try_into().ok()
}

/// Writes a UUID in its usual form.
pub fn uuid(id: &Id) -> String {
    let hex = hex(id);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// `SHA-256(u8(len(tag)) ‖ tag ‖ parts)`.
pub fn tagged(tag: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([u8::try_from(tag.len()).unwrap_or(u8::MAX)]);
    hash.update(tag);
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// SHA-256 without a tag.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The 75 bits of a validation number, right-aligned in ten bytes; `None` for a wrong character or check.
pub fn validation(text: &str) -> Option<[u8; 10]> {
    const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let symbols: Option<Vec<usize>> = text.chars().filter(|c| *c != '-').map(|c| ALPHABET.find(c)).collect();
    let symbols = symbols.filter(|symbols| symbols.len() == 16)?;
    // The characters are a polynomial over GF(32), modulo x^5 + x^2 + 1, that vanishes at x.
    let at_x = symbols.iter().fold(0, |sum: usize, symbol| {
        let doubled = sum << 1;
        (if doubled & 32 == 0 { doubled } else { doubled ^ 0b10_0101 }) ^ symbol
    });
    let bits = symbols[..15].iter().fold(0u128, |bits, symbol| bits << 5 | *symbol as u128);
    (at_x == 0).then(|| bits.to_be_bytes()[6..].try_into().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> serde_json::Value {
        serde_json::from_str(include_str!("../../vectors/ticket-vectors.json")).unwrap()
    }

    #[test]
    fn ids_and_hex_have_one_spelling() {
        let text = "018f3a5e-7c2b-7d00-a1b2-c3d4e5f60718";
        assert_eq!(uuid(&id(text).unwrap()), text);
        assert_eq!(id("018f3a5e7c2b7d00a1b2c3d4e5f60718"), None);
        assert_eq!(unhex("0G"), None);
        assert_eq!(unhex("AB"), None);
    }

    #[test]
    fn validation_numbers_agree_with_the_shared_vectors_t03_t04() {
        let vectors = vectors();
        let numbers = vectors["validation_numbers"].as_array().unwrap();
        assert!(!numbers.is_empty());
        for vector in numbers {
            let bytes = validation(vector["shown"].as_str().unwrap()).unwrap();
            assert_eq!(hex(&bytes), vector["bytes"].as_str().unwrap());
        }
        assert_eq!(validation("0000-0000-0000-0013"), None);
    }
}
