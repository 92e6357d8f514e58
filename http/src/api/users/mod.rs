//! Accounts of one's own organisation.

pub mod create;
pub mod enable;
pub mod list;

use super::Endpoints;
use super::auth::Role;
use crate::api::error::ApiError;
use crate::state::App;
use drumroll_engine::id::UserId;
use drumroll_engine::organisation::Account;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Adds them.
pub fn endpoints(to: &mut impl Endpoints) {
    to.add(list::list_users);
    to.add(create::create_user);
    to.add(enable::enable_user);
    to.add(enable::disable_user);
}

/// An account of the staff.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffUser {
    /// Its id.
    pub id: Uuid,
    /// The name to log in with.
    pub login: String,
    /// The name people read.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it may log in.
    pub enabled: bool,
    /// Whether its password is for one use and still to be changed.
    pub must_change_password: bool,
}

impl StaffUser {
    async fn of(app: &App, user: UserId, account: Account) -> Result<Self, ApiError> {
        let credential = app.node.store().credential(user).await?;
        Ok(Self {
            id: Uuid::from_bytes(user.0),
            login: account.login,
            name: account.name,
            role: account.role.into(),
            enabled: account.enabled,
            must_change_password: credential.is_none_or(|credential| credential.must_change),
        })
    }
}
