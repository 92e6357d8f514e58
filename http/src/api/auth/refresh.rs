//! `POST /auth/refresh`

use super::Session;
use crate::api::error::ApiError;
use crate::api::extract::Body;
use crate::auth::Secret;
use crate::state::App;
use actix_web::post;
use actix_web::web::{Data, Json};
use serde::Deserialize;
use utoipa::ToSchema;

/// A refresh token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The current one.
    pub refresh_token: Secret,
}

/// A new session for the current refresh token, which is used up. One that was used before ends the
/// session everywhere: somebody has a copy.
#[utoipa::path(tag = "auth", request_body = RefreshRequest, responses((status = 200, body = Session, description = "The next session.")))]
#[post("/auth/refresh")]
pub(crate) async fn refresh(app: Data<App>, body: Body<RefreshRequest>) -> Result<Json<Session>, ApiError> {
    Ok(Json(app.auth.refresh(&body.into_inner().refresh_token).await?.into()))
}
