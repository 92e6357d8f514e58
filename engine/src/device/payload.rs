//! What a device record says.
//!
//! A payload is UTF-8 JSON with a type and a version, hashed and stored as the exact bytes. It has one
//! spelling: what reads as a payload but is not written as [`DevicePayload::to_text`] writes it (an
//! unknown field, a repeated one, another order, white space) is refused.

use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::bytes::Bytes;
use crate::id::{OrderKey, UserId};
use crate::money::{Currency, Line};
use crate::ticket::{NumberRange, ValidationNumber};

/// The longest payload a record may carry, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 16 * 1024;

/// The content of one record of a device's series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DevicePayload {
    /// A bearer ticket was sold.
    Sale(Sale),
    /// The ticket of an earlier sale did not print as it should (T-09).
    Misprint(Misprint),
    /// The device sells no more in this raffle and accounts for its numbers (R-13).
    Final(FinalReport),
}

/// One sale: one order, one bearer ticket, one validation number (R-04).
///
/// Its instant is the record's `server_at_us`, with `error_ms` as the measured bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sale {
    /// Format of the payload.
    pub v: Version1,
    /// The order's idempotency key, made on the device before anything was written (I3).
    pub order_key: OrderKey,
    /// The ticket's validation number, from the device's issuer slot (T-03).
    pub validation_number: ValidationNumber,
    /// What was bought.
    pub lines: Vec<Line>,
    /// The draw numbers, in the order in which the device handed them out.
    pub ranges: Vec<NumberRange>,
    /// Price of the whole order.
    pub price_minor: u64,
    /// The raffle's currency.
    pub currency: Currency,
    /// 32 random bytes of the sale hash.
    pub salt: Bytes<32>,
    /// Who sold it, if somebody was logged on (R-03).
    pub seller: Option<UserId>,
    /// How it was paid.
    pub payment: Payment,
    /// `as_of_seq` of the terms the device sold under.
    pub terms_seq: u64,
}

/// Means of payment a device takes. Cash only: an offline card payment is a conditional ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payment {
    /// Coins and notes.
    Cash,
}

/// A mark, not a void: the ticket stays eligible until a supervisor decides (T-09).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Misprint {
    /// Format of the payload.
    pub v: Version1,
    /// The sale whose ticket is meant.
    pub order_key: OrderKey,
    /// What the seller saw.
    pub reason: MisprintReason,
}

/// Why a ticket is marked as misprinted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MisprintReason {
    /// Nothing came out.
    NotPrinted,
    /// Something came out that cannot be read.
    Unreadable,
    /// The paper tore or jammed.
    PaperFault,
    /// Anything else; the supervisor asks the seller.
    Other,
}

/// The last record of a series: what the device sold and what it hands back (R-10, R-13).
///
/// `unused` lists every number that was leased to the device and not sold, so
/// `sold + unused = leased`, and the totals repeat what the series says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinalReport {
    /// Format of the payload.
    pub v: Version1,
    /// The sequence number of the last sale, 0 if nothing was sold.
    pub last_sale_seq: u64,
    /// Sales in the series.
    pub sales: u64,
    /// Draw numbers sold in all.
    pub numbers_sold: u64,
    /// Money taken.
    pub amount_minor: u64,
    /// Misprint marks in the series.
    pub misprints: u64,
    /// Leased numbers that were not sold, ascending, joined where they touch.
    pub unused: Vec<NumberRange>,
}

/// The number 1: the only version there is. Any other is refused when read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version1;

impl Serialize for Version1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

impl<'de> Deserialize<'de> for Version1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            1 => Ok(Self),
            other => Err(de::Error::custom(format_args!("version {other} is not known"))),
        }
    }
}

impl DevicePayload {
    /// The exact text that is hashed, stored and sent.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a payload has string keys and no floating-point numbers")
    }

    /// Reads the exact text.
    ///
    /// # Errors
    /// Whatever [`DevicePayload::to_text`] would not have written.
    pub fn parse(text: &str) -> Result<Self, PayloadError> {
        if text.len() > PAYLOAD_BYTES_MAX {
            return Err(PayloadError::TooLong);
        }
        let payload: Self = serde_json::from_str(text).map_err(|_| PayloadError::Unknown)?;
        if payload.to_text() == text { Ok(payload) } else { Err(PayloadError::NotCanonical) }
    }
}

/// Why a payload cannot be read. The record may still be well signed: then its sender is at fault,
/// and the record is quarantined rather than lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayloadError {
    /// Longer than [`PAYLOAD_BYTES_MAX`].
    TooLong,
    /// Not JSON, or a type, version, field or value that is not known.
    Unknown,
    /// Known, but not written in the one spelling.
    NotCanonical,
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the payload is too long",
            Self::Unknown => "the payload is of no known type and version",
            Self::NotCanonical => "the payload is not in its one spelling",
        })
    }
}

impl core::error::Error for PayloadError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::IssuerSlot;

    fn sale() -> DevicePayload {
        DevicePayload::Sale(Sale {
            v: Version1,
            order_key: OrderKey([1; 16]),
            validation_number: ValidationNumber::new(IssuerSlot::MIN, [2; 8]),
            lines: vec![Line { package: 1, quantity: 2 }],
            ranges: vec![NumberRange::new(1, 6).unwrap()],
            price_minor: 1_000,
            currency: Currency::new("CAD").unwrap(),
            salt: Bytes([3; 32]),
            seller: None,
            payment: Payment::Cash,
            terms_seq: 4,
        })
    }

    #[test]
    fn each_type_reads_back_as_written() {
        let misprint = DevicePayload::Misprint(Misprint {
            v: Version1,
            order_key: OrderKey([1; 16]),
            reason: MisprintReason::PaperFault,
        });
        let report = DevicePayload::Final(FinalReport {
            v: Version1,
            last_sale_seq: 1,
            sales: 1,
            numbers_sold: 6,
            amount_minor: 1_000,
            misprints: 0,
            unused: vec![NumberRange::new(7, 1_000).unwrap()],
        });
        for payload in [sale(), misprint, report] {
            assert_eq!(DevicePayload::parse(&payload.to_text()), Ok(payload));
        }
        assert_eq!(
            sale().to_text(),
            concat!(
                r#"{"type":"sale","v":1,"order_key":"01010101-0101-0101-0101-010101010101","#,
                r#""validation_number":"00040G2081040G2E","lines":[{"package":1,"quantity":2}],"#,
                r#""ranges":[{"first":1,"last":6}],"price_minor":1000,"currency":"CAD","#,
                r#""salt":"0303030303030303030303030303030303030303030303030303030303030303","#,
                r#""seller":null,"payment":"cash","terms_seq":4}"#
            )
        );
    }

    /// C-06: nothing undocumented gets through, at any depth.
    #[test]
    fn c06_unknown_types_versions_fields_and_spellings_are_refused() {
        let text = sale().to_text();
        let cases = [
            (text.replace(r#""type":"sale""#, r#""type":"refund""#), PayloadError::Unknown),
            (text.replace(r#""v":1"#, r#""v":2"#), PayloadError::Unknown),
            (text.replace(r#""v":1"#, r#""v":1,"tip":5"#), PayloadError::Unknown),
            (text.replace(r#""last":6"#, r#""last":6,"x":1"#), PayloadError::NotCanonical),
            (text.replace(r#""quantity":2"#, r#""quantity":2,"x":1"#), PayloadError::Unknown),
            (text.replace(r#""price_minor":1000"#, r#""price_minor":-1000"#), PayloadError::Unknown),
            (text.replace(r#""price_minor":1000"#, r#""price_minor":1000.0"#), PayloadError::Unknown),
            (text.replace(r#""cash""#, r#""card""#), PayloadError::Unknown),
            (text.replace(r#""v":1"#, r#""v":1,"v":1"#), PayloadError::Unknown),
            (text.replace("\"last\":6", "\"last\": 6"), PayloadError::NotCanonical),
            (text.replace(r#""seller":null,"#, ""), PayloadError::NotCanonical),
            (format!(" {text}"), PayloadError::NotCanonical),
            (format!("{text}{text}"), PayloadError::Unknown),
            (String::new(), PayloadError::Unknown),
            (" ".repeat(PAYLOAD_BYTES_MAX + 1), PayloadError::TooLong),
        ];
        for (wrong, error) in cases {
            assert_eq!(DevicePayload::parse(&wrong), Err(error), "{wrong}");
        }
    }
}
