//! A text that must not be seen: a password or a token on its way in.

use serde::{Deserialize, Deserializer};
use std::fmt;
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// A password or token. It is wiped when dropped and prints as nothing.
#[derive(Clone, ToSchema)]
#[schema(value_type = String, format = Password)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// From a text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
