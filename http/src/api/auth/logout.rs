//! `POST /auth/logout`

use super::refresh::RefreshRequest;
use crate::api::error::ApiError;
use crate::api::extract::Body;
use crate::state::App;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};

/// Ends the session of a refresh token. The token is the right to do it, so that logging out works when
/// the access token has run out; a token that stands for nothing is answered alike.
#[utoipa::path(tag = "auth", request_body = RefreshRequest, responses((status = 204, description = "The session has ended.")))]
#[post("/auth/logout")]
pub(crate) async fn logout(app: Data<App>, body: Body<RefreshRequest>) -> Result<HttpResponse, ApiError> {
    app.auth.logout(&body.into_inner().refresh_token).await?;
    Ok(HttpResponse::NoContent().finish())
}
