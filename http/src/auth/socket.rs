//! One-use tickets with which a browser opens an operator socket, so that no token stands in an address.

use crate::api::error::ApiError;
use drumroll_actors::keys::random;
use drumroll_engine::hash::sha256;
use drumroll_engine::hex;
use drumroll_engine::id::{OrganisationId, UserId};
use drumroll_engine::time::{Span, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

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

/// Tickets that wait to be used; a bound keeps a busy client from filling the memory.
#[derive(Default)]
pub struct SocketTickets {
    waiting: Mutex<HashMap<[u8; 32], (Timestamp, SocketCaller)>>,
}

const WAITING_MAX: usize = 10_000;

impl SocketTickets {
    /// A ticket for `caller`, good once within `lifetime`.
    ///
    /// # Errors
    /// `busy` when too many wait, `internal` without random bytes.
    pub fn issue(&self, caller: SocketCaller, now: Timestamp, lifetime: Span) -> Result<String, ApiError> {
        let ticket = hex::encode(random::<32>()?.as_slice());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING_MAX {
            waiting.retain(|_, (until, _)| now < *until);
            if waiting.len() >= WAITING_MAX {
                let busy = ApiError::new("busy", "Too many sockets are being opened. Try again in a moment.");
                return Err(ApiError { retry_after: Some(5), ..busy });
            }
        }
        // Kept by its hash: the time a look-up takes says nothing about tickets that exist.
        waiting.insert(sha256(ticket.as_bytes()), (now + lifetime, caller));
        Ok(ticket)
    }

    /// Whom a ticket stands for; nobody after its time or its first use.
    pub fn take(&self, ticket: &str, now: Timestamp) -> Option<SocketCaller> {
        let found = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&sha256(ticket.as_bytes()));
        found.filter(|(until, _)| now < *until).map(|(_, caller)| caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_once_and_for_a_moment() {
        let tickets = SocketTickets::default();
        let caller = SocketCaller { user: UserId([1; 16]), organisation: OrganisationId([2; 16]), everywhere: false };
        let now = Timestamp(1_000_000);
        let first = tickets.issue(caller, now, Span::seconds(30)).unwrap();
        let second = tickets.issue(caller, now, Span::seconds(30)).unwrap();
        assert_eq!(tickets.take(&first, now), Some(caller));
        assert_eq!(tickets.take(&first, now), None);
        assert_eq!(tickets.take(&second, now + Span::seconds(30)), None);
        assert_eq!(tickets.take("made up", now), None);
    }
}
