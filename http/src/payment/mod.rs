//! Taking the public's money: hold, then pay (decisions: selling and money).
//!
//! | file | idea |
//! |---|---|
//! | this one | what a provider is |
//! | `checkout` | one purchase: hold, charge, confirm |
//! | `settle` | what a provider's word does to an order, whoever brings it |
//! | `worker` | orders nobody answered for, refunds that are owed |
//! | `webhook` | the provider calls us |
//! | `simulated` | the built-in provider, TEST |
//!
//! Nothing here is trusted to happen once: charging, confirming, ending and refunding are idempotent by
//! raffle and order, so a double click, a late webhook and the worker may all try, in any order.

pub mod checkout;
pub mod settle;
pub mod simulated;
pub mod webhook;
pub mod worker;

use crate::api::Endpoints;
use drumroll_engine::id::{OrderKey, RaffleId};
use serde::{Deserialize, Serialize};
use std::pin::Pin;
use std::time::Duration;
use thiserror::Error;
use utoipa::ToSchema;

/// What a payment is for, and its idempotency key at the provider: keys of orders are scoped by raffle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PaymentKey {
    /// The raffle.
    pub raffle: RaffleId,
    /// The order.
    pub order: OrderKey,
}

/// What the buyer tells the provider. With a real one this is a token that its own form made; the
/// built-in one is told how to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"outcome": "pay"}))]
pub struct PaymentInstruction {
    /// How the test provider behaves.
    pub outcome: PaymentOutcome,
}

/// How the test provider behaves.
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

/// A charge to make.
#[derive(Clone, Copy, Debug)]
pub struct Charge {
    /// What for.
    pub key: PaymentKey,
    /// How much.
    pub amount_minor: u64,
    /// In what: ISO 4217.
    pub currency: [u8; 3],
    /// What the buyer said.
    pub instruction: PaymentInstruction,
}

/// What a provider knows of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case", deny_unknown_fields)]
pub enum Payment {
    /// It has the money.
    Paid {
        /// Its reference.
        reference: String,
    },
    /// It will never have the money.
    Declined,
    /// It does not know yet.
    Pending,
    /// It has never heard of it, or forgot.
    Unknown,
}

/// Why a provider gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProviderError {
    /// The request never reached it: no money moved, asking again is safe.
    #[error("the payment provider takes no requests")]
    NotTaken,
    /// It may or may not have acted.
    #[error("the payment provider did not answer")]
    NoAnswer,
}

/// A future that a provider returns.
pub type ProviderFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send + 'a>>;

/// Who takes the public's money. Every call may be repeated under the same key, and money moves once.
pub trait PaymentProvider: Send + Sync + 'static {
    /// Its name, as shown to buyers.
    fn name(&self) -> &'static str;

    /// Whether no real money moves; then TEST stands wherever it shows.
    fn is_test(&self) -> bool;

    /// How long a buyer is kept waiting for [`PaymentProvider::charge`]. An order whose charge did not
    /// answer by then stays pending.
    fn deadline(&self) -> Duration;

    /// Takes the money, or joins an earlier attempt under the same key.
    fn charge(&self, charge: Charge) -> ProviderFuture<'_, Payment>;

    /// Says what became of a payment.
    fn status(&self, key: PaymentKey) -> ProviderFuture<'_, Payment>;

    /// Pays back and gives the refund's reference. `reference` is the payment's, where it is known.
    fn refund(&self, key: PaymentKey, amount_minor: u64, reference: Option<String>) -> ProviderFuture<'_, String>;

    /// Whether `signature` over the exact bytes of a webhook is this provider's, compared in constant time.
    fn signed(&self, body: &[u8], signature: &str) -> bool;
}

/// Adds what the providers call.
pub fn endpoints(to: &mut impl Endpoints) {
    to.add(webhook::payment_webhook);
}
