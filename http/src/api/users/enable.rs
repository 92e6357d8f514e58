//! `POST /admin/users/{id}/enable` and `/disable`

use super::StaffUser;
use crate::api::error::ApiError;
use crate::api::extract::PathOf;
use crate::auth::Staff;
use crate::auth::permission::ManageOrganisation;
use crate::state::App;
use actix_web::post;
use actix_web::web::{Data, Json};
use drumroll_engine::id::UserId;
use drumroll_engine::journal::Cause;
use drumroll_engine::organisation::enable_account::EnableAccount;
use drumroll_engine::organisation::{Command, Rejection};

/// Lets an account log in again.
#[utoipa::path(tag = "organisation", security(("staff" = ["manage_organisation"])), params(("id" = Uuid, Path, description = "The account.")),
    responses((status = 200, body = StaffUser, description = "As it is now.")))]
#[post("/admin/users/{id}/enable")]
pub(crate) async fn enable_user(
    staff: Staff<ManageOrganisation>,
    app: Data<App>,
    id: PathOf<UserId>,
) -> Result<Json<StaffUser>, ApiError> {
    set(&staff, &app, id.0, true).await
}

/// Keeps an account from logging in and ends its sessions at once. Nobody disables himself.
#[utoipa::path(tag = "organisation", security(("staff" = ["manage_organisation"])), params(("id" = Uuid, Path, description = "The account.")),
    responses((status = 200, body = StaffUser, description = "As it is now.")))]
#[post("/admin/users/{id}/disable")]
pub(crate) async fn disable_user(
    staff: Staff<ManageOrganisation>,
    app: Data<App>,
    id: PathOf<UserId>,
) -> Result<Json<StaffUser>, ApiError> {
    set(&staff, &app, id.0, false).await
}

async fn set(
    staff: &Staff<ManageOrganisation>,
    app: &App,
    user: UserId,
    enabled: bool,
) -> Result<Json<StaffUser>, ApiError> {
    let command = Command::EnableAccount(EnableAccount { user, enabled, by: Some(staff.user) });
    app.node.organise(staff.organisation, staff.origin(Cause::Internal), command).await?;
    app.auth.accounts().forget(user);
    if !enabled {
        app.auth.end_sessions(user).await?;
    }
    let look =
        move |organisation: &drumroll_engine::organisation::Organisation| organisation.accounts.get(&user).cloned();
    let account = app.node.read_organisation(staff.organisation, look).await?;
    let account = account.ok_or(Rejection::UnknownAccount)?;
    Ok(Json(StaffUser::of(app, user, account).await?))
}
