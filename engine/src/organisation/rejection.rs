//! Why an organisation's command is refused.

use core::fmt;
use serde::{Deserialize, Serialize};

/// A refusal; [`Rejection::code`] is public API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rejection {
    /// No such organisation.
    UnknownOrganisation,
    /// A name is missing or too long.
    BadName,
    /// The key stands for something else.
    TermsDiffer,
    /// No such account.
    UnknownAccount,
    /// Nobody can lock himself out.
    OwnAccount,
    /// No such handheld.
    UnknownDevice,
    /// The handheld is enrolled already.
    AlreadyEnrolled,
    /// A label is in use.
    LabelTaken,
    /// A key is in use by another handheld, or is not a key.
    KeyTaken,
    /// Words are missing where a reason must be given.
    ReasonMissing,
}

impl Rejection {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownOrganisation => "unknown_organisation",
            Self::BadName => "bad_name",
            Self::TermsDiffer => "idempotency_terms_differ",
            Self::UnknownAccount => "unknown_account",
            Self::OwnAccount => "own_account",
            Self::UnknownDevice => "unknown_device",
            Self::AlreadyEnrolled => "already_enrolled",
            Self::LabelTaken => "label_taken",
            Self::KeyTaken => "key_taken",
            Self::ReasonMissing => "reason_missing",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownOrganisation => "There is no such organisation.",
            Self::BadName => "Give a name of 1 to 100 characters.",
            Self::TermsDiffer => "This key was used for something else.",
            Self::UnknownAccount => "There is no such account.",
            Self::OwnAccount => "You cannot do this to your own account.",
            Self::UnknownDevice => "There is no such handheld.",
            Self::AlreadyEnrolled => "This handheld is enrolled. Un-enrol it first.",
            Self::LabelTaken => "Another handheld has this label.",
            Self::KeyTaken => "This key cannot be used.",
            Self::ReasonMissing => "Give a reason of 1 to 500 characters.",
        })
    }
}

impl core::error::Error for Rejection {}

/// A name with words in it.
pub(super) fn name(text: &str) -> Result<String, Rejection> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= 100 && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(Rejection::BadName) }
}

/// A reason with words in it.
pub(super) fn reason(text: &str) -> Result<String, Rejection> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= 500 && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(Rejection::ReasonMissing) }
}
