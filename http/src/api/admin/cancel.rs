//! `POST /admin/raffles/{id}/cancel` (L-07)

use super::command;
use super::dto::RaffleAdmin;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, PathOf};
use crate::auth::Staff;
use crate::auth::permission::RunSales;
use crate::auth::{Approver, approve};
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::cancel_raffle::CancelRaffle;
use serde::Deserialize;
use utoipa::ToSchema;
/// Why, and who else is for it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The hall is flooded", "approver": {"login": "jo", "password": "…"}}))]
pub struct CancelRequest {
    /// Why, 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
    /// The second person; needed from the first sale on.
    pub approver: Option<Approver>,
}

/// Cancels the raffle before any lock: every ticket is void and every buyer is refunded. After the first sale this takes two people.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["run_sales"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    request_body = CancelRequest,
    responses(
        (status = 200, body = RaffleAdmin),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "`forbidden`, `approver_missing`, `approver_invalid`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`wrong_status`, `ledger_sealed`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `reason_missing`"),
    ),
)]
#[post("/admin/raffles/{id}/cancel")]
pub(crate) async fn cancel_raffle(
    staff: Staff<RunSales>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
    Body(request): Body<CancelRequest>,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    // Before anybody's password is asked for: another organisation's raffle does not exist.
    staff.stream(&app, id).await?;
    let approver = approve(&app, &staff, request.approver).await?;
    let cancel = CancelRaffle { reason: request.reason };
    command(&app, &staff, id, approver, Command::CancelRaffle(cancel)).await
}
