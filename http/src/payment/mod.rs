//! Taking the public's money: hold, then pay (decisions: selling and money).
//!
//! | file | idea |
//! |---|---|
//! | this one | what a provider is |
//! | `instruction` | what the buyer tells it |
//! | `checkout` | one purchase: hold, charge, confirm |
//! | `settle` | what a provider's word does to an order, whoever brings it |
//! | `worker` | orders nobody answered for, orders that ended, refunds that are owed |
//! | `patience` | how often the worker asks about one order |
//! | `webhook` | the provider calls us |
//! | `simulated` | the built-in provider, TEST |
//! | `stripe` | Stripe, or whoever speaks its protocol |
//!
//! Nothing here is trusted to happen once: charging, confirming, ending and refunding are idempotent by
//! raffle and order, so a double click, a late webhook and the worker may all try, in any order.

pub mod checkout;
pub mod instruction;
mod patience;
pub mod settle;
pub mod simulated;
pub mod stripe;
pub mod webhook;
pub mod worker;

use crate::api::Endpoints;
use crate::api::error::ApiError;
use drumroll_engine::id::{OrderKey, RaffleId};
use drumroll_engine::time::Timestamp;
pub use instruction::{PaymentInstruction, PaymentMethod, PaymentOutcome};
use serde::{Deserialize, Serialize};
use std::pin::Pin;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::OwnedSemaphorePermit;

/// What a payment is for, and its idempotency key at the provider: keys of orders are scoped by raffle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PaymentKey {
    /// The raffle.
    pub raffle: RaffleId,
    /// The order.
    pub order: OrderKey,
}

/// What an order costs. All of it follows from the order, so it is the same whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bill {
    /// What for.
    pub key: PaymentKey,
    /// How much, in minor units.
    pub amount_minor: u64,
    /// In what: ISO 4217.
    pub currency: [u8; 3],
}

/// A charge to make.
#[derive(Clone, Debug)]
pub struct Charge {
    /// What for, and how much.
    pub bill: Bill,
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

/// What a webhook says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The raffle.
    pub raffle_id: RaffleId,
    /// The order.
    pub order_key: OrderKey,
    /// How much it was about, in minor units.
    pub amount_minor: u64,
    /// What became of it.
    pub payment: Payment,
}

/// Why a provider gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProviderError {
    /// No money moved by this request; asking again is safe.
    #[error("the payment provider takes no requests")]
    NotTaken,
    /// It may or may not have acted.
    #[error("the payment provider did not answer")]
    NoAnswer,
}

/// A future that a provider returns.
pub type ProviderFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send + 'a>>;

/// Room for one buyer's charge, claimed before anything is held. Dropped, it is free again.
#[derive(Debug, Default)]
pub struct Room(#[allow(dead_code, reason = "held for its end")] Option<OwnedSemaphorePermit>);

/// Who takes the public's money. Every call may be repeated under the same key, and money moves once.
pub trait PaymentProvider: Send + Sync + 'static {
    /// Its name, as shown to buyers.
    fn name(&self) -> &'static str;

    /// Whether no real money moves; then TEST stands wherever it shows.
    fn is_test(&self) -> bool;

    /// How long a buyer is kept waiting for [`PaymentProvider::charge`]. An order whose charge did not
    /// answer by then stays pending.
    fn deadline(&self) -> Duration;

    /// Judges an instruction before anything is held.
    ///
    /// # Errors
    /// `validation_failed`: it is not one for this provider.
    fn check(&self, instruction: &PaymentInstruction) -> Result<(), ApiError>;

    /// Claims room for one charge. It never waits.
    ///
    /// # Errors
    /// [`ProviderError::NotTaken`]: as many are under way as the provider is to have at once.
    fn admit(&self) -> Result<Room, ProviderError>;

    /// Takes the money, or joins an earlier attempt under the same key.
    fn charge(&self, charge: Charge) -> ProviderFuture<'_, Payment>;

    /// Says what became of a payment.
    fn status(&self, bill: Bill) -> ProviderFuture<'_, Payment>;

    /// Sees to it that nothing is taken for this order any more. [`Payment::Declined`]: nothing was and
    /// nothing will be. [`Payment::Paid`]: it was. Anything else: not certain yet, ask again.
    fn close(&self, bill: Bill) -> ProviderFuture<'_, Payment>;

    /// Pays all of it back and gives the refund's reference. `reference` is the payment's, where it is known.
    fn refund(&self, bill: Bill, reference: Option<String>) -> ProviderFuture<'_, String>;

    /// Reads a webhook: its exact bytes and the signature that came with them, compared in constant time.
    /// `None` for one that concerns no order.
    ///
    /// # Errors
    /// `webhook_signature_invalid`, `malformed_json`.
    fn read(&self, body: &[u8], signature: &str, now: Timestamp) -> Result<Option<Notice>, ApiError>;
}

/// What a webhook that nobody signed is told.
fn unsigned() -> ApiError {
    ApiError::new("webhook_signature_invalid", "This is not signed by the payment provider.")
}

/// What a webhook that says nothing is told.
fn no_notice() -> ApiError {
    ApiError::new("malformed_json", "This is no notice of a payment.")
}

/// Adds what the providers call.
pub fn endpoints(to: &mut impl Endpoints) {
    to.add(webhook::payment_webhook);
    to.add(webhook::stripe_webhook);
}
