//! Logging in and out (C-01).

pub mod login;
pub mod logout;
pub mod password;
pub mod refresh;
pub mod socket_ticket;

use super::Endpoints;
use crate::auth::session::Granted;
use drumroll_engine::organisation;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Adds them.
pub fn endpoints(to: &mut impl Endpoints) {
    to.add(login::login);
    to.add(refresh::refresh);
    to.add(logout::logout);
    to.add(password::change_password);
    to.add(socket_ticket::create_socket_ticket);
}

/// What a member of the staff may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "documented on the engine's roles")]
pub enum Role {
    Seller,
    Supervisor,
    Administrator,
    Auditor,
    Support,
    Integration,
    Platform,
}

impl From<organisation::Role> for Role {
    fn from(role: organisation::Role) -> Self {
        match role {
            organisation::Role::Seller => Self::Seller,
            organisation::Role::Supervisor => Self::Supervisor,
            organisation::Role::Administrator => Self::Administrator,
            organisation::Role::Auditor => Self::Auditor,
            organisation::Role::Support => Self::Support,
            organisation::Role::Integration => Self::Integration,
            organisation::Role::Platform => Self::Platform,
        }
    }
}

impl From<Role> for organisation::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Seller => Self::Seller,
            Role::Supervisor => Self::Supervisor,
            Role::Administrator => Self::Administrator,
            Role::Auditor => Self::Auditor,
            Role::Support => Self::Support,
            Role::Integration => Self::Integration,
            Role::Platform => Self::Platform,
        }
    }
}

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
pub struct Organisation {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
}

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionUser {
    /// The account.
    pub id: Uuid,
    /// The name to log in with.
    pub login: String,
    /// The name people read.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether the password was for one use; nothing else works before it is changed.
    pub must_change_password: bool,
    /// Its organisation.
    pub organisation: Organisation,
}

/// A session.
#[derive(Serialize, ToSchema)]
pub struct Session {
    /// Goes into the `Authorization: Bearer` header.
    pub access_token: String,
    /// Good for one use at `/auth/refresh`. A second use ends the session everywhere.
    pub refresh_token: String,
    /// Seconds the access token is good for.
    pub expires_in_s: u64,
    /// Who is logged in.
    pub user: SessionUser,
}

impl From<Granted> for Session {
    fn from(granted: Granted) -> Self {
        let Granted { access_token, refresh_token, expires_in_s, account, must_change, organisation_name } = granted;
        Self {
            access_token,
            refresh_token,
            expires_in_s,
            user: SessionUser {
                id: Uuid::from_bytes(account.user.0),
                login: account.login,
                name: account.name,
                role: account.role.into(),
                must_change_password: must_change,
                organisation: Organisation { id: Uuid::from_bytes(account.organisation.0), name: organisation_name },
            },
        }
    }
}
