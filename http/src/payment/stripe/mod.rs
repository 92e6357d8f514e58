//! Stripe, by the few calls that this needs, or whoever speaks its protocol at another address.
//!
//! | file | idea |
//! |---|---|
//! | this one | what each call of the trait asks of Stripe, and what its answers mean |
//! | `settings` | where it is, its keys, how much at once |
//! | `client` | one call: form in, JSON out, in time, counted |
//! | `signature` | whether a webhook is Stripe's |
//! | `event` | what a webhook says |
//!
//! An order is one PaymentIntent. It is **created first and confirmed after**, by two calls with an idempotency
//! key each that follows from the order. Creating moves no money and repeating it gives the same intent, so it
//! is also how a payment is found again: after a crash, by the worker, by whoever knows the order alone. A
//! confirmation that got no answer is never repeated blindly; its intent is asked. (One call that creates and
//! confirms would save a round trip, and after a lost answer there would be no way to ask without charging:
//! Stripe's search is not up to date at once. The price is that asking about an order Stripe never heard of makes
//! an intent, which is cancelled when the order ends.)
//!
//! Stripe keeps idempotency keys for at least 24 hours; a hold lasts an hour at most, and the worker asks for
//! less than a day.

mod client;
mod event;
pub mod settings;
mod signature;

use self::client::{Answer, Client, Intent};
use super::{
    Bill, Charge, Notice, Payment, PaymentInstruction, PaymentMethod, PaymentProvider, ProviderError, ProviderFuture,
    Room, unsigned,
};
use crate::api::error::ApiError;
use crate::auth::Secret;
use drumroll_engine::time::Timestamp;
pub use settings::{Keys, StripeSettings};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tracing::warn;
use uuid::Uuid;

/// Names in an intent's metadata.
const RAFFLE: &str = "drumroll_raffle";
const ORDER: &str = "drumroll_order";

/// Refunds of one intent that are looked at.
const REFUNDS_LISTED: &str = "10";

/// The provider.
pub struct Stripe {
    client: Client,
    webhook_secret: Secret,
    test: bool,
    deadline: Duration,
    room: Arc<Semaphore>,
}

/// An intent that may be confirmed, or none for good.
enum Created {
    Intent(Intent),
    /// Stripe failed at the first attempt and answers so for ever: nobody ever heard of an intent, so none
    /// was or will be confirmed.
    Spent,
}

impl Stripe {
    /// With these settings and keys.
    ///
    /// # Errors
    /// The TLS of this machine cannot be used.
    pub fn new(settings: &StripeSettings, keys: Keys) -> Result<Self, reqwest::Error> {
        let test = keys.is_test();
        let deadline = Duration::from_millis(settings.deadline_ms);
        let client = Client::new(&settings.base_url, keys.secret_key, deadline)?;
        let room = Arc::new(Semaphore::new(settings.charges_max));
        Ok(Self { client, webhook_secret: keys.webhook_secret, test, deadline, room })
    }

    /// The order's intent, made now or earlier. No money moves by it.
    async fn create(&self, bill: &Bill) -> Result<Created, ProviderError> {
        let currency = String::from_utf8_lossy(&bill.currency).to_lowercase();
        let (raffle, order) = (format!("metadata[{RAFFLE}]"), format!("metadata[{ORDER}]"));
        let form = [
            ("amount", bill.amount_minor.to_string()),
            ("currency", currency),
            ("payment_method_types[0]", "card".to_owned()),
            (&raffle[..], bill.key.raffle.to_string()),
            (&order[..], bill.key.order.to_string()),
        ];
        match self.client.post("create", "/v1/payment_intents", &key("create", bill), &form).await {
            Ok(Answer::Intent(intent)) => Ok(Created::Intent(intent)),
            Ok(Answer::Failed { status: 500.., replayed: true }) => Ok(Created::Spent),
            Ok(Answer::Failed { status, .. }) => {
                if (400..409).contains(&status) {
                    warn!(raffle.id = %bill.key.raffle, order = %bill.key.order, status, "Stripe refuses a payment as it was asked for; a person must look");
                }
                Err(ProviderError::NotTaken)
            }
            // Whatever became of it, an intent that nobody confirmed costs nothing.
            Ok(Answer::Refund(_) | Answer::Refunds(_)) | Err(_) => Err(ProviderError::NotTaken),
        }
    }

    async fn confirm(&self, bill: &Bill, intent: &str, method: &PaymentMethod) -> Result<Payment, ProviderError> {
        let path = format!("/v1/payment_intents/{intent}/confirm");
        let form = [("payment_method", method.expose().to_owned()), ("error_on_requires_action", "true".to_owned())];
        match self.client.post("confirm", &path, &key("confirm", bill), &form).await? {
            Answer::Intent(intent) => Ok(intent.judged()),
            // The card was declined; this order's one confirmation is spent.
            Answer::Failed { status: 402, .. } => Ok(Payment::Declined),
            // Another attempt is on its way, was made with another card, or failed halfway: the intent knows.
            Answer::Failed { .. } => self.retrieve(intent).await,
            Answer::Refund(_) | Answer::Refunds(_) => Err(ProviderError::NoAnswer),
        }
    }

    async fn retrieve(&self, intent: &str) -> Result<Payment, ProviderError> {
        match self.client.get("retrieve", &format!("/v1/payment_intents/{intent}")).await? {
            Answer::Intent(intent) => Ok(intent.judged()),
            _ => Err(ProviderError::NoAnswer),
        }
    }

    async fn cancel(&self, bill: &Bill, intent: &str) -> Result<Payment, ProviderError> {
        let path = format!("/v1/payment_intents/{intent}/cancel");
        match self.client.post("cancel", &path, &key("cancel", bill), &[]).await? {
            Answer::Intent(intent) => Ok(intent.judged()),
            // It cannot be cancelled as it stands: it says itself how that is.
            _ => self.retrieve(intent).await,
        }
    }

    /// The refund of an intent that stands or is on its way.
    async fn refund_of(&self, intent: &str) -> Result<Option<String>, ProviderError> {
        let path = format!("/v1/refunds?limit={REFUNDS_LISTED}&payment_intent={intent}");
        match self.client.get("refunds", &path).await? {
            Answer::Refunds(refunds) => Ok(refunds.into_iter().find(client::Refund::stands).map(|refund| refund.id)),
            _ => Err(ProviderError::NoAnswer),
        }
    }

    /// Pays an intent back whole. Stripe refuses to pay back more than was taken, so a key that failed halfway
    /// may be left for a new one once the list shows no refund.
    async fn pay_back(&self, bill: &Bill, intent: &str) -> Result<String, ProviderError> {
        if let Some(refund) = self.refund_of(intent).await? {
            return Ok(refund);
        }
        let form = [("payment_intent", intent.to_owned()), ("amount", bill.amount_minor.to_string())];
        let first = key("refund", bill);
        let mut answer = self.client.post("refund", "/v1/refunds", &first, &form).await?;
        if matches!(answer, Answer::Failed { replayed: true, .. })
            || matches!(&answer, Answer::Refund(refund) if !refund.stands())
        {
            let again = format!("{first}-{}", Uuid::new_v4());
            answer = self.client.post("refund", "/v1/refunds", &again, &form).await?;
        }
        match answer {
            Answer::Refund(refund) if refund.stands() => Ok(refund.id),
            // Refunded meanwhile, by somebody else or by the call that failed.
            _ => self.refund_of(intent).await?.ok_or(ProviderError::NoAnswer),
        }
    }
}

/// The idempotency key of a step of an order.
fn key(step: &str, bill: &Bill) -> String {
    format!("drumroll-{}-{}-{step}", bill.key.raffle, bill.key.order)
}

impl Intent {
    /// What its state means. An order has one confirmation, so one that failed has failed for good.
    fn judged(self) -> Payment {
        match &self.status[..] {
            "succeeded" => Payment::Paid { reference: self.id },
            "canceled" => Payment::Declined,
            "requires_payment_method" if self.last_payment_error.is_some() => Payment::Declined,
            // Made and not confirmed: a confirmation may still be on its way.
            "requires_payment_method" | "requires_confirmation" => Payment::Unknown,
            _ => Payment::Pending,
        }
    }
}

impl PaymentProvider for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn is_test(&self) -> bool {
        self.test
    }

    fn deadline(&self) -> Duration {
        self.deadline
    }

    fn check(&self, instruction: &PaymentInstruction) -> Result<(), ApiError> {
        instruction.for_card().map(|_| ())
    }

    fn admit(&self) -> Result<Room, ProviderError> {
        let room = self.room.clone().try_acquire_owned();
        room.map(|permit| Room(Some(permit))).map_err(|_| ProviderError::NotTaken)
    }

    fn charge(&self, charge: Charge) -> ProviderFuture<'_, Payment> {
        Box::pin(async move {
            let method = charge.instruction.for_card().map_err(|_| ProviderError::NotTaken)?;
            match self.create(&charge.bill).await? {
                Created::Intent(intent) => self.confirm(&charge.bill, &intent.id, method).await,
                Created::Spent => Ok(Payment::Declined),
            }
        })
    }

    fn status(&self, bill: Bill) -> ProviderFuture<'_, Payment> {
        Box::pin(async move {
            match self.create(&bill).await? {
                // What a repeated creation answers is how the intent began, not how it is.
                Created::Intent(intent) => self.retrieve(&intent.id).await,
                Created::Spent => Ok(Payment::Declined),
            }
        })
    }

    fn close(&self, bill: Bill) -> ProviderFuture<'_, Payment> {
        Box::pin(async move {
            match self.create(&bill).await? {
                Created::Intent(intent) => self.cancel(&bill, &intent.id).await,
                Created::Spent => Ok(Payment::Declined),
            }
        })
    }

    fn refund(&self, bill: Bill, reference: Option<String>) -> ProviderFuture<'_, String> {
        Box::pin(async move {
            let intent = match reference {
                Some(intent) => intent,
                None => match self.create(&bill).await? {
                    Created::Intent(intent) => intent.id,
                    Created::Spent => return Err(ProviderError::NotTaken),
                },
            };
            self.pay_back(&bill, &intent).await
        })
    }

    fn read(&self, body: &[u8], header: &str, now: Timestamp) -> Result<Option<Notice>, ApiError> {
        if !signature::holds(self.webhook_secret.expose().as_bytes(), body, header, now) {
            return Err(unsigned());
        }
        event::read(body, self.test)
    }
}
