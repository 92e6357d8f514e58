//! A stand-in for a payment provider: a server of its own, outside the one under test, which therefore remembers what a
//! killed server has forgotten. It speaks Stripe's protocol, as far as the house does (PaymentIntents, refunds, signed
//! webhooks, idempotency keys), and behaves as badly as its seed says.
//!
//! | file | idea |
//! |---|---|
//! | this one | start, go away, come back, end |
//! | `mood` | how one payment goes wrong, by the seed and the order alone |
//! | `ledger` | what was charged and paid back, answers under keys; money moves here and nowhere else |
//! | `desk` | the calls, over HTTP |
//! | `webhooks` | what it tells afterwards: late, repeated, out of order, forged |
//!
//! The ledger shares no code with the house and is the witness of the Oilers test: it says whose money was taken, how
//! often, and how often keys alone kept it from being taken twice.

mod desk;
mod ledger;
mod mood;
mod webhooks;

pub use ledger::{Counts, Paid};
pub use mood::Moods;

use crate::server::free_port;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ledger::Ledger;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use webhooks::Post;

/// The key with which the house calls it.
pub const SECRET_KEY: &str = "sk_test_drumroll_stand_in";

/// The secret under its webhooks.
pub const WEBHOOK_SECRET: &str = "whsec_drumroll_stand_in";

/// What all its parts share.
#[derive(Debug)]
struct Shared {
    moods: Moods,
    ledger: Mutex<Ledger>,
    post: Post,
    away: AtomicBool,
    held_back: watch::Sender<bool>,
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }
}

/// The provider.
#[derive(Debug)]
pub struct Provider {
    /// `http://…`, without a slash at the end.
    pub base: String,
    address: SocketAddr,
    shared: Arc<Shared>,
    door: Option<JoinHandle<()>>,
}

impl Provider {
    /// Opens its doors. Webhooks go to this address.
    pub async fn start(moods: Moods, webhook_url: &str) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let post = Post::new(webhook_url, moods.clone());
        let ledger = Mutex::new(Ledger::new(moods.clone()));
        let shared = Arc::new(Shared {
            moods,
            ledger,
            post,
            away: AtomicBool::new(false),
            held_back: watch::Sender::new(false),
        });
        let mut provider = Self { base: format!("http://{address}"), address, shared, door: None };
        provider.open().await;
        provider
    }

    async fn open(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("the provider's port is its own");
        let shared = self.shared.clone();
        self.door = Some(tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let _ = stream.set_nodelay(true);
                let shared = shared.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| desk::serve(shared.clone(), request));
                    // An error is a connection that was cut, by us or by the caller; both are part of the game.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        }));
    }

    /// Nobody answers any more: no new connections, and those that stand are cut at their next request.
    pub async fn go_away(&mut self) {
        self.shared.away.store(true, Ordering::SeqCst);
        if let Some(door) = self.door.take() {
            door.abort();
            let _ = door.await;
        }
    }

    /// Answers again. What was under way inside went on meanwhile.
    pub async fn come_back(&mut self) {
        self.shared.away.store(false, Ordering::SeqCst);
        self.open().await;
    }

    /// Takes calls and answers none of them, or lets them all go on.
    pub fn hold_back(&self, held_back: bool) {
        self.shared.held_back.send_replace(held_back);
    }

    /// Every payment there is, by raffle and order.
    pub fn payments(&self) -> Vec<Paid> {
        self.shared.ledger().payments()
    }

    /// What was counted.
    pub fn counts(&self) -> Counts {
        let mut counts = self.shared.ledger().counts;
        self.shared.post.count(&mut counts);
        counts
    }

    /// Payments that are still being processed, and webhooks that are still to be sent or sent again.
    pub fn open_matters(&self) -> usize {
        self.shared.ledger().processing() + self.shared.post.waiting()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.door.iter().for_each(JoinHandle::abort);
    }
}

/// A connection that is cut instead of an answer.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut")
    }
}

impl std::error::Error for Cut {}

impl From<Infallible> for Cut {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Waits, unless there is nothing to wait for.
async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}
