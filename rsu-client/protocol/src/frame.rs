//! Text to message and back. What is not documented is refused, with a code that says how (C-06).

use core::fmt;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::from_device::{FromDevice, UPLOAD_RECORDS_MAX};
use crate::to_device::{ErrorCode, ToDevice};

/// The longest frame either side sends or reads, in bytes.
pub const FRAME_BYTES_MAX: usize = 256 * 1024;

/// Why a frame is no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Longer than [`FRAME_BYTES_MAX`], or a list in it is longer than allowed.
    TooLarge,
    /// `t` names no documented message.
    UnknownType,
    /// The message is documented, and this is not it.
    Malformed(String),
}

impl DecodeError {
    /// The code to answer with.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::TooLarge => ErrorCode::TooLarge,
            Self::UnknownType => ErrorCode::UnknownType,
            Self::Malformed(_) => ErrorCode::Malformed,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("the frame is too large"),
            Self::UnknownType => f.write_str("the message type is not documented"),
            Self::Malformed(detail) => write!(f, "not a message: {detail}"),
        }
    }
}

impl core::error::Error for DecodeError {}

impl FromDevice {
    /// The name of every documented type.
    pub const TYPES: &[&str] = &["hello", "heartbeat", "terms_ack", "notice_ack", "reserve", "upload"];

    /// Reads one frame.
    ///
    /// # Errors
    /// [`DecodeError`]; nothing of the frame is to be acted on.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let message: Self = decode(text, Self::TYPES)?;
        match &message {
            Self::Upload(upload) if upload.records.len() > UPLOAD_RECORDS_MAX => Err(DecodeError::TooLarge),
            Self::Upload(upload) if upload.records.is_empty() => Err(malformed("an upload has records")),
            Self::Upload(upload)
                if upload.records.windows(2).any(|pair| pair[0].seq.checked_add(1) != Some(pair[1].seq)) =>
            {
                Err(malformed("the records of an upload follow each other"))
            }
            Self::Upload(upload) if upload.records.iter().any(|record| record.raffle_id != upload.raffle_id) => {
                Err(malformed("the records of an upload are of its raffle"))
            }
            Self::Heartbeat(heartbeat) if heartbeat.battery_percent.is_some_and(|percent| percent > 100) => {
                Err(malformed("a battery holds at most 100 percent"))
            }
            _ => Ok(message),
        }
    }

    /// The frame.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("a message has string keys and no floating-point numbers")
    }
}

impl ToDevice {
    /// The name of every documented type.
    pub const TYPES: &[&str] = &[
        "challenge",
        "welcome",
        "terms",
        "ready",
        "heartbeat_ack",
        "lease",
        "lease_refused",
        "upload_ack",
        "notice",
        "final_ack",
        "disabled",
        "error",
    ];

    /// Reads one frame.
    ///
    /// # Errors
    /// [`DecodeError`]; nothing of the frame is to be acted on.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        decode(text, Self::TYPES)
    }

    /// The frame.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("a message has string keys and no floating-point numbers")
    }
}

fn malformed(detail: &str) -> DecodeError {
    DecodeError::Malformed(detail.to_owned())
}

fn decode<T: DeserializeOwned>(text: &str, types: &[&str]) -> Result<T, DecodeError> {
    /// The one member every message has.
    #[derive(Deserialize)]
    struct Typed {
        t: String,
    }

    if text.len() > FRAME_BYTES_MAX {
        return Err(DecodeError::TooLarge);
    }
    serde_json::from_str(text).map_err(|error| match serde_json::from_str::<Typed>(text) {
        Ok(typed) if !types.contains(&typed.t.as_str()) => DecodeError::UnknownType,
        // The line and column would name a place in a text that is one line; the message says enough.
        _ => DecodeError::Malformed(error.to_string()),
    })
}
