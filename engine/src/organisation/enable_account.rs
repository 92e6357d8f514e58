//! Letting an account log in, or not.

use super::{Event, Organisation, Rejection};
use crate::id::UserId;
use serde::{Deserialize, Serialize};

/// Enables or disables an account.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct EnableAccount {
    /// The account.
    pub user: UserId,
    /// Whether it may log in.
    pub enabled: bool,
    /// Who asks: nobody disables himself.
    pub by: Option<UserId>,
}

/// Refuses, in this order: an unknown account, one's own.
pub fn enable_account(state: &Organisation, command: &EnableAccount) -> Result<Vec<Event>, Rejection> {
    let account = state.accounts.get(&command.user).ok_or(Rejection::UnknownAccount)?;
    if command.by == Some(command.user) {
        return Err(Rejection::OwnAccount);
    }
    if account.enabled == command.enabled {
        return Ok(vec![]);
    }
    Ok(vec![Event::AccountEnabled { user: command.user, enabled: command.enabled }])
}
