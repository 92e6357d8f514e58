//! `POST /auth/socket-ticket`

use crate::api::error::ApiError;
use crate::auth::permission::Watch;
use crate::auth::{SocketCaller, Staff};
use crate::state::App;
use actix_web::post;
use actix_web::web::{Data, Json};
use drumroll_engine::organisation::Role;
use serde::Serialize;
use utoipa::ToSchema;

/// A ticket for a socket.
#[derive(Serialize, ToSchema)]
pub struct SocketTicket {
    /// Goes into the socket's address.
    pub ticket: String,
    /// Seconds it waits to be used, once.
    pub expires_in_s: u64,
}

/// A one-use ticket for `/ws/operator`, so that no token stands in an address. Only for those who may
/// watch, since the socket asks nothing more.
#[utoipa::path(tag = "auth", security(("staff" = ["watch"])), responses((status = 200, body = SocketTicket, description = "The ticket.")))]
#[post("/auth/socket-ticket")]
pub(crate) async fn create_socket_ticket(staff: Staff<Watch>, app: Data<App>) -> Result<Json<SocketTicket>, ApiError> {
    let caller =
        SocketCaller { user: staff.user, organisation: staff.organisation, everywhere: staff.role == Role::Platform };
    let ticket = app.auth.socket_ticket(caller).await?;
    Ok(Json(SocketTicket { ticket, expires_in_s: app.auth.options().socket_ticket.0 / 1_000_000 }))
}
