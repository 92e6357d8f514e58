//! Identifiers: 16 bytes made outside the engine, written as UUIDs.

use crate::hex;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Why a text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a lowercase hyphenated UUID")
    }
}

impl core::error::Error for InvalidId {}

/// The 8-4-4-4-12 form of 16 bytes. Without the formatter: every event of a sale writes several.
fn uuid(bytes: &[u8; 16]) -> [u8; 36] {
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            at += 1;
        }
        [text[at], text[at + 1]] = hex::digits(*byte);
        at += 2;
    }
    text
}

fn as_text(uuid: &[u8; 36]) -> &str {
    std::str::from_utf8(uuid).expect("digits and hyphens are text")
}

fn write_uuid(bytes: &[u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(as_text(&uuid(bytes)))
}

/// Reads the 8-4-4-4-12 form. Upper case is accepted, as RFC 9562 asks of readers.
fn parse_uuid(text: &str) -> Result<[u8; 16], InvalidId> {
    let text = text.as_bytes();
    if text.len() != 36 {
        return Err(InvalidId);
    }
    let mut bytes = [0; 16];
    let mut digits = 0;
    for (index, character) in text.iter().enumerate() {
        if matches!(index, 8 | 13 | 18 | 23) {
            if *character != b'-' {
                return Err(InvalidId);
            }
            continue;
        }
        let value = match character {
            b'0'..=b'9' => character - b'0',
            b'a'..=b'f' => character - b'a' + 10,
            b'A'..=b'F' => character - b'A' + 10,
            _ => return Err(InvalidId),
        };
        bytes[digits / 2] = bytes[digits / 2] << 4 | value;
        digits += 1;
    }
    Ok(bytes)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// All zeros: "none" in fixed-width encodings.
            pub const NIL: Self = Self([0; 16]);

            /// The raw bytes, as hashed and stored.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse_uuid(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                // Text where people read it, the bare bytes in snapshots.
                if serializer.is_human_readable() {
                    serializer.serialize_str(as_text(&uuid(&self.0)))
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if !deserializer.is_human_readable() {
                    return <[u8; 16]>::deserialize(deserializer).map(Self);
                }
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                parse_uuid(&text).map(Self).map_err(de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// An organisation: the tenant. Every row and every token carries it.
    OrganisationId;
    /// A venue of an organisation.
    VenueId;
    /// A raffle, and the stream of its events.
    RaffleId;
    /// One draw of a raffle.
    DrawId;
    /// A handheld raffle sales unit.
    DeviceId;
    /// A person with an account, or an integrated outside system.
    UserId;
    /// One order and its bearer ticket, made by the client before the first byte is sent.
    /// It is the idempotency key of the sale (I3).
    OrderKey;
    /// The idempotency key of any other command.
    CommandKey;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_reads_back_as_written() {
        let text = "018f3a5e-7c2b-7d00-a1b2-c3d4e5f60718";
        let id: RaffleId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<RaffleId>(&format!("\"{}\"", text.to_uppercase())).unwrap(), id);
        for wrong in [
            "",
            "018f3a5e7c2b7d00a1b2c3d4e5f60718",
            "018f3a5e-7c2b-7d00-a1b2-c3d4e5f6071g",
            "018f3a5e-7c2b-7d00-a1b2_c3d4e5f60718",
        ] {
            assert_eq!(wrong.parse::<RaffleId>(), Err(InvalidId), "{wrong}");
        }
    }
}
