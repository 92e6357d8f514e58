//! `POST /admin/users`

use super::StaffUser;
use crate::api::auth::Role;
use crate::api::error::ApiError;
use crate::api::extract::{Body, IdempotencyKey};
use crate::auth::permission::ManageOrganisation;
use crate::auth::{Staff, password};
use crate::ids;
use crate::state::App;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use drumroll_engine::id::UserId;
use drumroll_engine::organisation::{self, Account};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The name to log in with, unique on this installation; kept in lower case.
    pub login: String,
    /// The name people read.
    pub name: String,
    /// What it may do. Only the platform's keeper makes others of his kind.
    pub role: Role,
}

/// The account, with the password its owner changes at the first login. It is shown this once.
#[derive(Serialize, ToSchema)]
pub struct CreatedUser {
    /// The account.
    pub user: StaffUser,
    /// Its password, for one use.
    pub one_time_password: String,
}

/// Creates an account with a one-time password. A repeat under the same key gives a new one, as long as
/// its owner has not changed it; afterwards it says `login_taken`.
#[utoipa::path(tag = "organisation", security(("staff" = ["manage_organisation"])), request_body = NewUser,
    params(("Idempotency-Key" = Uuid, Header, description = "Made before the first attempt.")),
    responses((status = 201, body = CreatedUser, description = "Created.")))]
#[post("/admin/users")]
pub(crate) async fn create_user(
    staff: Staff<ManageOrganisation>,
    app: Data<App>,
    key: IdempotencyKey,
    body: Body<NewUser>,
) -> Result<HttpResponse, ApiError> {
    let NewUser { login, name, role } = body.into_inner();
    let role = organisation::Role::from(role);
    if role == organisation::Role::Platform && staff.role != organisation::Role::Platform {
        return Err(ApiError::field("role", "Only the platform's keeper may give this role."));
    }
    // Derived, for the key itself might name another tenant's account.
    let user = UserId(ids::derived("account", staff.organisation, key.0));
    let account = Account { login: login.trim().to_lowercase(), name: name.trim().to_owned(), role, enabled: true };
    app.auth.create_account(staff.organisation, staff.origin(key.command()), user, &account).await?;
    let one_time_password = password::one_time()?;
    app.auth.set_password(user, &one_time_password, true).await?;
    let user = StaffUser::of(&app, user, account).await?;
    let created = CreatedUser { user, one_time_password: one_time_password.expose().to_owned() };
    Ok(HttpResponse::Created().json(created))
}
