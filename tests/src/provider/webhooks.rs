//! What the provider tells afterwards: late, repeated, out of order, forged now and then, and some of it never.

use super::ledger::Counts;
use super::mood::Moods;
use super::{WEBHOOK_SECRET, pause};
use crate::now_ms;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Deliveries at the same time.
const ABREAST: usize = 64;

/// How often one event is sent again when nobody takes it.
const REPEATS: u32 = 10;

#[derive(Debug)]
struct Inner {
    http: reqwest::Client,
    url: String,
    moods: Moods,
    room: Semaphore,
    events: AtomicU64,
    waiting: AtomicUsize,
    sent: AtomicU64,
    forged: AtomicU64,
    forged_taken: AtomicU64,
    lost: AtomicU64,
    given_up: AtomicU64,
}

/// Where events are posted.
#[derive(Clone, Debug)]
pub(super) struct Post(Arc<Inner>);

impl Post {
    pub(super) fn new(url: &str, moods: Moods) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
        Self(Arc::new(Inner {
            http,
            url: url.to_owned(),
            moods,
            room: Semaphore::new(ABREAST),
            events: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            sent: AtomicU64::new(0),
            forged: AtomicU64::new(0),
            forged_taken: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
        }))
    }

    /// Events that are on their way.
    pub(super) fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::SeqCst)
    }

    pub(super) fn count(&self, counts: &mut Counts) {
        let get = |from: &AtomicU64| from.load(Ordering::SeqCst);
        counts.webhooks = get(&self.0.sent);
        counts.forged = get(&self.0.forged);
        counts.forged_taken = get(&self.0.forged_taken);
        counts.webhooks_lost = get(&self.0.lost);
        counts.webhooks_given_up = get(&self.0.given_up);
    }

    /// Tells of an intent, in its own time.
    pub(super) fn send(&self, what: &str, intent: &Value) {
        let number = self.0.events.fetch_add(1, Ordering::SeqCst);
        let event = |what: &str| {
            json!({
                "id": format!("evt_{number:08}"), "object": "event", "livemode": false,
                "type": format!("payment_intent.{what}"), "data": {"object": intent},
            })
            .to_string()
        };
        let mut chance = self.0.moods.about(&format!("{what} {}", intent["id"]));
        let good = self.0.moods.good;
        if !good && chance.below(100) < 3 {
            self.0.lost.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let longest = u64::try_from(self.0.moods.longest.as_millis()).unwrap();
        let delay = |chance: &mut crate::chance::Chance| {
            let within = if chance.below(10) == 0 { longest } else { longest / 20 };
            Duration::from_millis(chance.below(within.max(1)))
        };
        let mut letters = vec![(if good { Duration::ZERO } else { delay(&mut chance) }, event(what), Seal::True)];
        if !good {
            for _ in 0..if chance.below(5) == 0 { 1 + chance.below(4) } else { 0 } {
                letters.push((delay(&mut chance), event(what), Seal::True));
            }
            // How it began, told after how it ended.
            if chance.below(10) == 0 {
                letters.push((delay(&mut chance), event("created"), Seal::True));
            }
            // Somebody would like a ticket for nothing, or another's order to fail.
            if chance.below(20) == 0 {
                let lie = if what == "succeeded" { "payment_failed" } else { "succeeded" };
                let seal = if chance.below(2) == 0 { Seal::Wrong } else { Seal::Old };
                letters.push((Duration::ZERO, event(lie), seal));
            }
        }
        for (delay, body, seal) in letters {
            self.0.waiting.fetch_add(1, Ordering::SeqCst);
            let post = self.0.clone();
            tokio::spawn(async move {
                pause(delay).await;
                post.deliver(body, seal).await;
                post.waiting.fetch_sub(1, Ordering::SeqCst);
            });
        }
    }
}

/// How a letter is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seal {
    True,
    /// Under another secret.
    Wrong,
    /// As somebody would who had overheard it a while ago.
    Old,
}

impl Inner {
    async fn deliver(&self, body: String, seal: Seal) {
        let mut wait = Duration::from_millis(100);
        for _ in 0..REPEATS {
            let taken = {
                let _room = self.room.acquire().await.expect("it is never closed");
                let (secret, age) = match seal {
                    Seal::True => (WEBHOOK_SECRET, 0),
                    Seal::Wrong => ("whsec_somebody_else", 0),
                    Seal::Old => (WEBHOOK_SECRET, 301),
                };
                let time = now_ms() / 1_000 - age;
                let signature = sign(secret, &format!("{time}.{body}"));
                let request = self.http.post(&self.url).header("stripe-signature", format!("t={time},v1={signature}"));
                self.sent.fetch_add(1, Ordering::SeqCst);
                let response = request.header("content-type", "application/json").body(body.clone()).send().await;
                response.map(|response| response.status().as_u16())
            };
            if seal != Seal::True {
                self.forged.fetch_add(1, Ordering::SeqCst);
                if taken.is_ok_and(|status| status < 300) {
                    self.forged_taken.fetch_add(1, Ordering::SeqCst);
                }
                return;
            }
            if taken.is_ok_and(|status| status < 300) {
                return;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(5));
        }
        self.given_up.fetch_add(1, Ordering::SeqCst);
    }
}

/// HMAC-SHA256 in lowercase hex, by the book (RFC 2104).
fn sign(secret: &str, text: &str) -> String {
    let mut block = [0_u8; 64];
    block[..secret.len()].copy_from_slice(secret.as_bytes());
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}
