//! What every handler shares.

use crate::auth::Auth;
use crate::payment::PaymentProvider;
use drumroll_actors::node::Node;
use drumroll_actors::presence::Presence;
use drumroll_engine::device::SecretKey;
use std::sync::Arc;

/// The application.
#[derive(Clone)]
pub struct App {
    /// The node: actors, store, feed, clock, keys.
    pub node: Node,
    /// Accounts, tokens, passwords.
    pub auth: Arc<Auth>,
    /// Who takes the public's money.
    pub payment: Arc<dyn PaymentProvider>,
    /// Which handhelds are in touch.
    pub presence: Arc<Presence>,
    /// The server's identity towards handhelds, pinned by them at enrolment.
    pub identity: Arc<SecretKey>,
    /// Limits at the edge.
    pub limits: Limits,
}

/// Limits at the edge.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a JSON body.
    pub body_bytes: usize,
    /// Rows of a page.
    pub page_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes: 256 * 1024, page_max: 200 }
    }
}
