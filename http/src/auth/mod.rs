//! Accounts: who asks, and what he may (C-01). Passwords in [`password`], access tokens in [`token`],
//! refresh tokens in [`session`], the permission table in [`permission`], the extractor in [`staff`].

pub mod accounts;
pub mod approve;
pub mod bootstrap;
pub mod lockout;
pub mod password;
pub mod permission;
pub mod secret;
pub mod session;
pub mod socket;
pub mod staff;
pub mod token;
pub mod verify;

pub use approve::{Approver, approve};
pub use secret::Secret;
pub use socket::SocketCaller;
pub use staff::{Caller, Staff};

use crate::api::error::ApiError;
use accounts::Accounts;
use drumroll_actors::aggregate::Origin;
use drumroll_actors::keys::KeyError;
use drumroll_actors::node::Node;
use drumroll_engine::id::OrganisationId;
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::organisation::note::Note;
use drumroll_engine::organisation::{Command, Event};
use drumroll_engine::time::{Span, Timestamp};
use lockout::UnknownLogins;
use password::Passwords;
use std::time::Duration;
use token::Tokens;
use zeroize::Zeroizing;

/// How accounts are treated.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long an access token is good for.
    pub access: Span,
    /// How long a refresh token is good for.
    pub refresh: Span,
    /// Failed logins in a row after which an account is locked.
    pub failures_max: u32,
    /// For how long.
    pub lock: Span,
    /// How long a socket ticket waits.
    pub socket_ticket: Span,
    /// Failed logins answer no earlier than this, so that the time taken does not tell which logins exist.
    pub failure_floor: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            access: Span::seconds(3_600),
            refresh: Span::seconds(30 * 24 * 3_600),
            failures_max: 5,
            lock: Span::seconds(15 * 60),
            socket_ticket: Span::seconds(30),
            failure_floor: Duration::from_millis(250),
        }
    }
}

/// Logins that are checked at the same time, by a hash of the login: attempts on one account queue, or
/// parallel guesses would slip past the lockout.
const STRIPES: usize = 64;

/// Accounts, tokens, passwords.
pub struct Auth {
    node: Node,
    options: Options,
    tokens: Tokens,
    passwords: Passwords,
    accounts: Accounts,
    unknown: UnknownLogins,
    stripes: [tokio::sync::Mutex<()>; STRIPES],
}

impl Auth {
    /// Accounts of `node`; `token_key` signs access tokens.
    ///
    /// # Errors
    /// [`KeyError::Entropy`].
    pub fn new(node: Node, token_key: &Zeroizing<[u8; 32]>, options: Options) -> Result<Self, KeyError> {
        Ok(Self {
            tokens: Tokens::new(token_key, options.access),
            passwords: Passwords::new()?,
            accounts: Accounts::default(),
            unknown: UnknownLogins::default(),
            stripes: std::array::from_fn(|_| tokio::sync::Mutex::new(())),
            node,
            options,
        })
    }

    /// The options.
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Hashes and checks passwords.
    pub const fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Accounts as last seen; forget one after changing it.
    pub const fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    fn now(&self) -> Timestamp {
        self.node.clock().now()
    }

    /// Puts an event into an organisation's journal and returns once it is durable.
    ///
    /// # Errors
    /// The journal did not take it; the caller is not answered as if it had.
    pub async fn note(&self, organisation: OrganisationId, actor: Actor, event: Event) -> Result<(), ApiError> {
        let origin = Origin { actor, approver: None, cause: Cause::Internal };
        Ok(self.node.organise(organisation, origin, Command::Note(Note { event })).await?)
    }

    /// A one-use ticket for the operator socket.
    ///
    /// # Errors
    /// The store's.
    pub async fn socket_ticket(&self, caller: SocketCaller) -> Result<String, ApiError> {
        socket::issue(&**self.node.store(), caller, self.now(), self.options.socket_ticket).await
    }
}

/// The sockets ask here whose a ticket is.
impl drumroll_ws::Tickets for Auth {
    fn take<'a>(&'a self, ticket: &'a str) -> drumroll_ws::TicketFuture<'a> {
        Box::pin(async move {
            let caller = socket::take(&**self.node.store(), ticket, self.now()).await?;
            Ok(caller.map(|SocketCaller { organisation, everywhere, .. }| drumroll_ws::TicketHolder {
                organisation,
                everywhere,
            }))
        })
    }
}
