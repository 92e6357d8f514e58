//! One-use tickets with which a browser opens an operator socket, so that no token stands in an address. They
//! stand in the store: the socket may open on another node than the one that gave the ticket.

use crate::api::error::ApiError;
use drumroll_actors::keys::random;
use drumroll_actors::store::{SocketTicketRow, Store, StoreError};
use drumroll_engine::hash::sha256;
use drumroll_engine::hex;
use drumroll_engine::id::{OrganisationId, UserId};
use drumroll_engine::time::{Span, Timestamp};

/// Whom a ticket stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketCaller {
    /// The account.
    pub user: UserId,
    /// Its organisation.
    pub organisation: OrganisationId,
    /// Whether he may watch every organisation's raffles.
    pub everywhere: bool,
}

/// A ticket for `caller`, good once within `lifetime`.
///
/// # Errors
/// `internal` without random bytes, or the store's.
pub async fn issue(
    store: &dyn Store,
    caller: SocketCaller,
    now: Timestamp,
    lifetime: Span,
) -> Result<String, ApiError> {
    let ticket = hex::encode(random::<32>()?.as_slice());
    // Kept by its hash: who reads the store opens no socket with it.
    let row = SocketTicketRow {
        ticket_hash: sha256(ticket.as_bytes()),
        user: caller.user,
        organisation: caller.organisation,
        everywhere: caller.everywhere,
        expires_at: now + lifetime,
    };
    store.put_socket_ticket(row, now).await?;
    Ok(ticket)
}

/// Whom a ticket stands for; nobody after its time or its first use.
///
/// # Errors
/// The store did not answer; the ticket may be spent.
pub async fn take(store: &dyn Store, ticket: &str, now: Timestamp) -> Result<Option<SocketCaller>, StoreError> {
    let row = store.take_socket_ticket(sha256(ticket.as_bytes()), now).await?;
    Ok(row.map(|SocketTicketRow { user, organisation, everywhere, .. }| SocketCaller {
        user,
        organisation,
        everywhere,
    }))
}
