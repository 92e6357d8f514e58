//! `POST /auth/login`

use super::Session;
use crate::api::error::ApiError;
use crate::api::extract::Body;
use crate::auth::Secret;
use crate::state::App;
use actix_web::post;
use actix_web::web::{Data, Json};
use serde::Deserialize;
use utoipa::ToSchema;

/// A login.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// In whatever case.
    pub login: String,
    /// The password.
    pub password: Secret,
}

/// Logs in. A login nobody has and a wrong password look alike; several failures in a row lock the
/// account for a while.
#[utoipa::path(tag = "auth", request_body = LoginRequest, responses((status = 200, body = Session, description = "Logged in.")))]
#[post("/auth/login")]
pub(crate) async fn login(app: Data<App>, body: Body<LoginRequest>) -> Result<Json<Session>, ApiError> {
    let LoginRequest { login, password } = body.into_inner();
    Ok(Json(app.auth.login(&login, &password).await?.into()))
}
