//! The built-in provider: no money moves, TEST wherever it shows. It behaves as the buyer asks (pay,
//! decline, time out, late webhook) and otherwise as a real one does: it answers after a while, keeps its
//! own record, joins repeated charges, answers status queries and calls back with signed webhooks.
//!
//! It lives in the process and forgets with it. After a restart it answers `Unknown`: an order that was
//! pending then keeps its hold until that ends, unpaid. That is right, since nothing was ever taken; a
//! real provider keeps its record elsewhere, and the worker finds it there.

use super::{
    Bill, Charge, Notice, Payment, PaymentInstruction, PaymentKey, PaymentOutcome, PaymentProvider, ProviderError,
    ProviderFuture, Room, no_notice, unsigned,
};
use crate::api::error::ApiError;
use aws_lc_rs::hmac;
use drumroll_actors::keys::{KeyError, KeyStore};
use drumroll_engine::hash::Hasher;
use drumroll_engine::hex;
use drumroll_engine::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// How fast the provider is.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Time until it answers.
    pub answers_after: Duration,
    /// Time until a late payment succeeds.
    pub late_after: Duration,
    /// How long a buyer is kept waiting.
    pub deadline: Duration,
    /// Whether its webhooks arrive. Without them the worker finds out by asking.
    pub webhooks: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            answers_after: Duration::from_millis(400),
            late_after: Duration::from_secs(6),
            deadline: Duration::from_secs(2),
            webhooks: true,
        }
    }
}

/// Payments the provider remembers. Beyond that it forgets what is settled, as at a restart.
const RECORDS_MAX: usize = 200_000;

/// Webhooks on their way.
const WEBHOOKS_MAX: usize = 1_024;

/// A webhook as it goes over the wire.
#[derive(Clone, Debug)]
pub struct SignedNotice {
    /// The exact bytes.
    pub body: Vec<u8>,
    /// The signature over them.
    pub signature: String,
}

struct Record {
    amount_minor: u64,
    state: watch::Sender<Payment>,
    refund: Option<String>,
}

struct Inner {
    options: Options,
    key: hmac::Key,
    records: Mutex<HashMap<PaymentKey, Record>>,
    webhooks: mpsc::Sender<SignedNotice>,
}

/// The provider.
#[derive(Clone)]
pub struct Simulated(Arc<Inner>);

impl Simulated {
    /// The provider of this installation, and the webhooks it sends. Its webhooks take the short way: the
    /// worker hands them to the function that the endpoint calls, signature and all.
    ///
    /// # Errors
    /// The secret under its webhooks could not be had.
    pub async fn open(keys: &KeyStore, options: Options) -> Result<(Self, mpsc::Receiver<SignedNotice>), KeyError> {
        let secret = keys.get_or_create::<32>("payment/simulated/webhook").await?;
        Ok(Self::new(&secret, options))
    }

    fn new(secret: &[u8; 32], options: Options) -> (Self, mpsc::Receiver<SignedNotice>) {
        let (webhooks, sent) = mpsc::channel(WEBHOOKS_MAX);
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        (Self(Arc::new(Inner { options, key, records: Mutex::default(), webhooks })), sent)
    }

    /// A webhook as this provider would send it.
    pub fn sign(&self, notice: &Notice) -> SignedNotice {
        let body = serde_json::to_vec(notice).unwrap_or_default();
        let signature = hex::encode(hmac::sign(&self.0.key, &body).as_ref());
        SignedNotice { body, signature }
    }

    fn records(&self) -> MutexGuard<'_, HashMap<PaymentKey, Record>> {
        self.0.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The payment's fate, starting it if this is the first that is heard of it.
    fn begin(&self, charge: &Charge) -> Result<watch::Receiver<Payment>, ProviderError> {
        let Bill { key, amount_minor, .. } = charge.bill;
        let Ok(outcome) = charge.instruction.for_simulated() else { return Err(ProviderError::NotTaken) };
        let mut records = self.records();
        if let Some(known) = records.get(&key) {
            // One key, one payment: another amount under it is nothing a provider takes.
            return if known.amount_minor == amount_minor {
                Ok(known.state.subscribe())
            } else {
                Err(ProviderError::NotTaken)
            };
        }
        if records.len() >= RECORDS_MAX {
            records.retain(|_, record| *record.state.borrow() == Payment::Pending);
            if records.len() >= RECORDS_MAX {
                return Err(ProviderError::NotTaken);
            }
        }
        let state = watch::Sender::new(Payment::Pending);
        let receiver = state.subscribe();
        records.insert(key, Record { amount_minor, state, refund: None });
        drop(records);
        let Options { answers_after, late_after, .. } = self.0.options;
        let paid = Payment::Paid { reference: reference("pay", key) };
        let later = match outcome {
            PaymentOutcome::Pay => Some((answers_after, paid)),
            PaymentOutcome::Decline => Some((answers_after, Payment::Declined)),
            PaymentOutcome::LateWebhook => Some((late_after, paid)),
            PaymentOutcome::Timeout => None,
        };
        if let Some((after, payment)) = later {
            let provider = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                provider.settle(key, amount_minor, payment);
            });
        }
        Ok(receiver)
    }

    /// A payment that is still open succeeds now: what a test or a demonstration need not wait for.
    pub fn pay_now(&self, key: PaymentKey) {
        let amount_minor = match self.records().get(&key) {
            Some(record) if *record.state.borrow() == Payment::Pending => record.amount_minor,
            _ => return,
        };
        self.settle(key, amount_minor, Payment::Paid { reference: reference("pay", key) });
    }

    /// The payment's fate is known: whoever waits hears it, and a webhook leaves. One that was closed stays so.
    fn settle(&self, key: PaymentKey, amount_minor: u64, payment: Payment) {
        if let Some(record) = self.records().get(&key) {
            let settled = record.state.send_if_modified(|state| {
                let open = *state == Payment::Pending;
                if open {
                    *state = payment.clone();
                }
                open
            });
            if !settled {
                return;
            }
        }
        if !self.0.options.webhooks {
            return;
        }
        let notice = Notice { raffle_id: key.raffle, order_key: key.order, amount_minor, payment };
        // A webhook that is lost costs nothing: the worker asks.
        let _ = self.0.webhooks.try_send(self.sign(&notice));
    }
}

/// A reference that follows from the payment, so that a repeat gives the same one.
fn reference(kind: &'static str, key: PaymentKey) -> String {
    let hasher = Hasher::new("drumroll/simulated-payment/1").bytes(kind.as_bytes());
    let digest = hasher.bytes(&key.raffle.0).bytes(&key.order.0).finish();
    format!("test-{kind}-{}", hex::encode(&digest[..8]))
}

impl PaymentProvider for Simulated {
    fn name(&self) -> &'static str {
        "simulated"
    }

    fn is_test(&self) -> bool {
        true
    }

    fn deadline(&self) -> Duration {
        self.0.options.deadline
    }

    fn check(&self, instruction: &PaymentInstruction) -> Result<(), ApiError> {
        instruction.for_simulated().map(|_| ())
    }

    /// Its records are its bound.
    fn admit(&self) -> Result<Room, ProviderError> {
        Ok(Room::default())
    }

    fn charge(&self, charge: Charge) -> ProviderFuture<'_, Payment> {
        Box::pin(async move {
            let mut state = self.begin(&charge)?;
            let settled = state.wait_for(|payment| *payment != Payment::Pending).await;
            settled.map(|payment| payment.clone()).map_err(|_| ProviderError::NoAnswer)
        })
    }

    fn status(&self, bill: Bill) -> ProviderFuture<'_, Payment> {
        let known = self.records().get(&bill.key).map(|record| record.state.borrow().clone());
        Box::pin(async move { Ok(known.unwrap_or(Payment::Unknown)) })
    }

    fn close(&self, bill: Bill) -> ProviderFuture<'_, Payment> {
        let closed = match self.records().get(&bill.key) {
            Some(record) => {
                record.state.send_if_modified(|state| {
                    let open = *state == Payment::Pending;
                    if open {
                        *state = Payment::Declined;
                    }
                    open
                });
                record.state.borrow().clone()
            }
            // What it forgot it will never take.
            None => Payment::Declined,
        };
        Box::pin(async move { Ok(closed) })
    }

    fn refund(&self, bill: Bill, _: Option<String>) -> ProviderFuture<'_, String> {
        Box::pin(async move {
            tokio::time::sleep(self.0.options.answers_after).await;
            // Nothing was taken, so what it forgot it pays back all the same; the reference is the payment's own.
            let reference = reference("refund", bill.key);
            if let Some(record) = self.records().get_mut(&bill.key) {
                record.refund = Some(reference.clone());
            }
            Ok(reference)
        })
    }

    fn read(&self, body: &[u8], signature: &str, _: Timestamp) -> Result<Option<Notice>, ApiError> {
        let signed = hex::decode(signature).is_some_and(|tag| hmac::verify(&self.0.key, body, &tag).is_ok());
        if !signed {
            return Err(unsigned());
        }
        serde_json::from_slice(body).map(Some).map_err(|_| no_notice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drumroll_engine::id::{OrderKey, RaffleId};
    use tokio::time::timeout;

    fn charge(order: u8, outcome: PaymentOutcome) -> Charge {
        let key = PaymentKey { raffle: RaffleId([1; 16]), order: OrderKey([order; 16]) };
        let bill = Bill { key, amount_minor: 1_000, currency: *b"CAD" };
        Charge { bill, instruction: PaymentInstruction::simulated(outcome) }
    }

    #[tokio::test(start_paused = true)]
    async fn it_behaves_as_it_is_asked_and_remembers() {
        let (provider, mut webhooks) = Simulated::new(&[7; 32], Options::default());
        let pay = charge(1, PaymentOutcome::Pay);
        let (first, second) = tokio::join!(provider.charge(pay.clone()), provider.charge(pay.clone()));
        assert_eq!(first, second, "a repeat joins the first");
        assert!(matches!(first, Ok(Payment::Paid { .. })));
        assert_eq!(provider.charge(charge(2, PaymentOutcome::Decline)).await, Ok(Payment::Declined));
        let late = charge(3, PaymentOutcome::LateWebhook);
        let deadline = provider.deadline();
        assert!(timeout(deadline, provider.charge(late.clone())).await.is_err());
        assert_eq!(provider.status(late.bill).await, Ok(Payment::Pending));
        let never = charge(4, PaymentOutcome::Timeout);
        assert!(timeout(Duration::from_secs(3_600), provider.charge(never.clone())).await.is_err());
        assert_eq!(provider.status(never.bill).await, Ok(Payment::Pending));
        assert!(matches!(provider.status(late.bill).await, Ok(Payment::Paid { .. })));
        assert_eq!(provider.status(charge(5, PaymentOutcome::Pay).bill).await, Ok(Payment::Unknown));
        let dearer = Charge { bill: Bill { amount_minor: 2_000, ..pay.bill }, ..pay.clone() };
        assert_eq!(provider.charge(dearer).await, Err(ProviderError::NotTaken));
        let refunds = (provider.refund(pay.bill, None).await, provider.refund(pay.bill, None).await);
        assert_eq!(refunds.0, refunds.1, "paying back twice is paying back once");
        assert!(matches!(provider.close(pay.bill).await, Ok(Payment::Paid { .. })), "what was paid was paid");
        assert_eq!(provider.close(never.bill).await, Ok(Payment::Declined));
        let closed = charge(6, PaymentOutcome::LateWebhook);
        assert!(timeout(deadline, provider.charge(closed.clone())).await.is_err());
        assert_eq!(provider.close(closed.bill).await, Ok(Payment::Declined));
        tokio::time::sleep(Options::default().late_after).await;
        assert_eq!(provider.status(closed.bill).await, Ok(Payment::Declined), "nothing is taken after the close");
        let mut seen = 0;
        while let Ok(sent) = webhooks.try_recv() {
            assert!(provider.read(&sent.body, &sent.signature, Timestamp(0)).is_ok());
            seen += 1;
        }
        assert_eq!(seen, 3);
    }

    #[tokio::test]
    async fn only_its_own_signature_over_the_very_bytes_counts() {
        let (provider, _webhooks) = Simulated::new(&[7; 32], Options::default());
        let (stranger, _others) = Simulated::new(&[8; 32], Options::default());
        let key = charge(1, PaymentOutcome::Pay).bill.key;
        let signed = |provider: &Simulated, body: &[u8], signature: &str| {
            provider.read(body, signature, Timestamp(0)).map_err(|error| error.code)
        };
        let notice = Notice {
            raffle_id: key.raffle,
            order_key: key.order,
            amount_minor: 1_000,
            payment: Payment::Paid { reference: "r".into() },
        };
        let sent = provider.sign(&notice);
        assert_eq!(signed(&provider, &sent.body, &sent.signature), Ok(Some(notice)));
        assert_eq!(signed(&stranger, &sent.body, &sent.signature), Err("webhook_signature_invalid"));
        for body in [&sent.body[..sent.body.len() - 1], b"", b"{}"] {
            assert_eq!(signed(&provider, body, &sent.signature), Err("webhook_signature_invalid"));
        }
        for signature in ["", "zz", &sent.signature[2..], &sent.signature.to_uppercase()] {
            assert_eq!(signed(&provider, &sent.body, signature), Err("webhook_signature_invalid"));
        }
    }
}
