//! What the buyer tells the provider about how he pays.

use crate::api::error::ApiError;
use serde::{Deserialize, Deserializer};
use std::fmt;
use utoipa::ToSchema;

/// What the buyer tells the provider: exactly one of these, the one that the raffle's `payment_provider` takes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"outcome": "pay"}))]
pub struct PaymentInstruction {
    /// For the built-in provider (`simulated`): how it behaves.
    #[serde(default)]
    pub outcome: Option<PaymentOutcome>,
    /// For `stripe`: the payment method that its own form made in the buyer's browser.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "pm_card_visa", max_length = 255)]
    pub payment_method: Option<PaymentMethod>,
}

/// How the built-in provider behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentOutcome {
    /// The money comes.
    Pay,
    /// The provider declines.
    Decline,
    /// The provider never answers and takes nothing: the order expires.
    Timeout,
    /// The provider does not answer in time; the money comes a little later.
    LateWebhook,
}

/// A provider's name for a card or account of the buyer. It says nothing about him, and is still nobody's
/// business: it prints as nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentMethod(String);

impl PaymentMethod {
    /// Letters, digits and underscores, 1 to 255, as providers make them; `None` for anything else.
    pub fn new(text: String) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        ((1..=255).contains(&text.len()) && text.bytes().all(plain)).then_some(Self(text))
    }

    /// Its text, for the provider.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PaymentMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(payment method)")
    }
}

impl<'de> Deserialize<'de> for PaymentMethod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || serde::de::Error::custom("a payment method is 1 to 255 letters, digits and underscores");
        Self::new(String::deserialize(deserializer)?).ok_or_else(wrong)
    }
}

impl PaymentInstruction {
    /// For the built-in provider.
    pub const fn simulated(outcome: PaymentOutcome) -> Self {
        Self { outcome: Some(outcome), payment_method: None }
    }

    /// How the built-in provider is to behave.
    ///
    /// # Errors
    /// `validation_failed`: something else was given.
    pub fn for_simulated(&self) -> Result<PaymentOutcome, ApiError> {
        match (self.outcome, &self.payment_method) {
            (Some(outcome), None) => Ok(outcome),
            (None, _) => Err(ApiError::field("payment.outcome", "Say how the test provider behaves.")),
            (Some(_), Some(_)) => Err(ApiError::field("payment.payment_method", "The test provider takes none.")),
        }
    }

    /// The payment method for a provider that takes one.
    ///
    /// # Errors
    /// `validation_failed`: something else was given.
    pub fn for_card(&self) -> Result<&PaymentMethod, ApiError> {
        match (&self.payment_method, self.outcome) {
            (Some(method), None) => Ok(method),
            (None, _) => Err(ApiError::field("payment.payment_method", "Name the payment method.")),
            (Some(_), Some(_)) => Err(ApiError::field("payment.outcome", "Only the test provider takes it.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_provider_takes_its_own_and_nothing_prints() {
        let read = |text: &str| serde_json::from_str::<PaymentInstruction>(text);
        let card = read(r#"{"payment_method": "pm_card_visa"}"#).unwrap();
        assert_eq!(card.for_card().unwrap().expose(), "pm_card_visa");
        assert!(!format!("{card:?}").contains("visa"));
        let both = read(r#"{"payment_method": "pm_1", "outcome": "pay"}"#).unwrap();
        for (instruction, card, simulated) in [
            (card, None, Some("payment.outcome")),
            (PaymentInstruction::simulated(PaymentOutcome::Pay), Some("payment.payment_method"), None),
            (both, Some("payment.outcome"), Some("payment.payment_method")),
            (read("{}").unwrap(), Some("payment.payment_method"), Some("payment.outcome")),
        ] {
            let field = |error: ApiError| error.errors[0].field.clone();
            assert_eq!(instruction.for_card().err().map(field).as_deref(), card);
            assert_eq!(instruction.for_simulated().err().map(field).as_deref(), simulated);
        }
        for wrong in ["", "pm 1", "pm/../x", "pm\\n", &"a".repeat(256)] {
            assert!(read(&format!(r#"{{"payment_method": "{wrong}"}}"#)).is_err(), "{wrong}");
        }
    }
}
