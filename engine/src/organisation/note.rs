//! Things that happened and only need to stand in the journal: logins, denials, significant events.

use super::{Event, Organisation, Rejection};
use crate::id::UserId;
use serde::{Deserialize, Serialize};

/// One of the events that change no state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Note {
    /// What happened.
    pub event: Event,
}

/// Refuses an event about an account that is not of this organisation, and any event that has a command
/// of its own: what changes state is decided, not noted.
pub fn note(state: &Organisation, command: Note) -> Result<Vec<Event>, Rejection> {
    let known = |user: &UserId| state.accounts.contains_key(user);
    let allowed = match &command.event {
        Event::PasswordChanged { user }
        | Event::LoggedIn { user }
        | Event::LoginFailed { user }
        | Event::AccountLocked { user }
        | Event::LoggedOut { user }
        | Event::RefreshReused { user }
        | Event::AccessDenied { user, .. } => known(user),
        Event::Significant { .. } => true,
        _ => false,
    };
    if allowed { Ok(vec![command.event]) } else { Err(Rejection::UnknownAccount) }
}
