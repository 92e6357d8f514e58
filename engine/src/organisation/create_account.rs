//! A new account. Its password lives elsewhere.

use super::{Event, Organisation, Rejection, Role, rejection::name};
use crate::id::UserId;
use serde::{Deserialize, Serialize};

/// Creates an account. That logins are unique across organisations is the server's unique index.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateAccount {
    /// The account.
    pub user: UserId,
    /// The name to log in with.
    pub login: String,
    /// The name people read.
    pub name: String,
    /// What it may do.
    pub role: Role,
}

/// Refuses, in this order: a bad name or login, an id that stands for another account.
pub fn create_account(state: &Organisation, command: &CreateAccount) -> Result<Vec<Event>, Rejection> {
    let (login, name) = (name(&command.login)?, name(&command.name)?);
    if let Some(known) = state.accounts.get(&command.user) {
        let same = known.login == login && known.role == command.role;
        return if same { Ok(vec![]) } else { Err(Rejection::TermsDiffer) };
    }
    Ok(vec![Event::AccountCreated { user: command.user, login, name, role: command.role }])
}
