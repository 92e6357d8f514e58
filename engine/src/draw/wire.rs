//! Transport rules of RDP-1 step 0, for serde: lowercase hex of exact length, u64 as decimal strings.

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::hex;

/// Reads `N` bytes of lowercase hex.
pub(crate) fn hex_bytes<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error> {
    struct Hex<const N: usize>;

    impl<const N: usize> Visitor<'_> for Hex<N> {
        type Value = [u8; N];

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} lowercase hex digits", 2 * N)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<[u8; N], E> {
            hex::decode_array(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_str(Hex)
}

/// Reads any even number of lowercase hex digits.
fn hex_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    struct Hex;

    impl Visitor<'_> for Hex {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("lowercase hex digits")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
            hex::decode(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_str(Hex)
}

/// Bytes whose length is judged later, under a code of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HexAny(pub(crate) Vec<u8>);

impl Serialize for HexAny {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for HexAny {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        hex_any(deserializer).map(Self)
    }
}

/// `N` bytes in hex that need no type of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hex<const N: usize>(pub(crate) [u8; N]);

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        hex_bytes(deserializer).map(Self)
    }
}

/// A `u64` as a decimal string without sign or leading zero, since JSON readers elsewhere lose
/// precision above 2^53.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct U64(pub(crate) u64);

impl Serialize for U64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for U64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Decimal;

        impl Visitor<'_> for Decimal {
            type Value = U64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an unsigned 64-bit integer as a decimal string without sign or leading zero")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<U64, E> {
                decimal(text).map(U64).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(Decimal)
    }
}

/// The canonical spelling only: one number, one text.
fn decimal(text: &str) -> Option<u64> {
    let digits_only = text.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = text.len() > 1 && text.starts_with('0');
    if digits_only && !leading_zero { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_u64_has_one_spelling() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for wrong in ["", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "1e3", "0x1", "18446744073709551616", "\u{661}"] {
            assert_eq!(decimal(wrong), None, "{wrong}");
        }
        assert!(serde_json::from_str::<U64>("1").is_err(), "a JSON number is not a string");
        assert_eq!(serde_json::to_string(&U64(7)).unwrap(), r#""7""#);
    }

    #[test]
    fn hex_is_lowercase_and_of_exact_length() {
        assert_eq!(serde_json::from_str::<Hex<2>>(r#""0aff""#).unwrap(), Hex([0x0a, 0xff]));
        for wrong in [r#""0aFF""#, r#""0af""#, r#""0aff00""#, r#""""#, "10", "null"] {
            assert!(serde_json::from_str::<Hex<2>>(wrong).is_err(), "{wrong}");
        }
        assert_eq!(serde_json::from_str::<HexAny>(r#""""#).unwrap(), HexAny(Vec::new()));
        assert!(serde_json::from_str::<HexAny>(r#""abc""#).is_err());
    }
}
