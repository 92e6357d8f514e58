//! `POST /auth/password`

use super::Session;
use crate::api::error::ApiError;
use crate::api::extract::Body;
use crate::auth::permission::Newcomer;
use crate::auth::{Secret, Staff};
use crate::state::App;
use actix_web::post;
use actix_web::web::{Data, Json};
use serde::Deserialize;
use utoipa::ToSchema;

/// A change of one's own password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordRequest {
    /// The current password. Failures count towards the lockout.
    pub current_password: Secret,
    /// The new one, at least 12 characters.
    pub new_password: Secret,
}

/// Changes one's own password. Every session of the account ends, wherever it is; the answer is a new one.
#[utoipa::path(tag = "auth", security(("staff" = ["own"])), request_body = PasswordRequest,
    responses((status = 200, body = Session, description = "Changed; go on with this session.")))]
#[post("/auth/password")]
pub(crate) async fn change_password(
    staff: Staff<Newcomer>,
    app: Data<App>,
    body: Body<PasswordRequest>,
) -> Result<Json<Session>, ApiError> {
    let PasswordRequest { current_password, new_password } = body.into_inner();
    let granted = app.auth.change_password(&staff.login, &current_password, &new_password).await?;
    Ok(Json(granted.into()))
}
