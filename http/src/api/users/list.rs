//! `GET /admin/users`

use super::StaffUser;
use crate::api::error::ApiError;
use crate::auth::Staff;
use crate::auth::permission::ManageOrganisation;
use crate::state::App;
use actix_web::get;
use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

/// Accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserList {
    /// All of the organisation, in the order they were made.
    pub items: Vec<StaffUser>,
}

/// The accounts of one's organisation.
#[utoipa::path(tag = "organisation", security(("staff" = ["manage_organisation"])),
    responses((status = 200, body = UserList, description = "The accounts.")))]
#[get("/admin/users")]
pub(crate) async fn list_users(staff: Staff<ManageOrganisation>, app: Data<App>) -> Result<Json<UserList>, ApiError> {
    let accounts = app.node.read_organisation(staff.organisation, |organisation| organisation.accounts.clone()).await?;
    let mut items = Vec::with_capacity(accounts.len());
    for (user, account) in accounts {
        items.push(StaffUser::of(&app, user, account).await?);
    }
    Ok(Json(UserList { items }))
}
