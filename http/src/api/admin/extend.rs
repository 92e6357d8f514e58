//! `POST /admin/raffles/{id}/extend`: later than planned

use super::command;
use super::dto::RaffleAdmin;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, PathOf};
use crate::auth::Staff;
use crate::auth::permission::RunSales;
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::move_close::MoveClose;
use drumroll_engine::time::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;
/// Until when, and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"closes_at_ms": 1800003660000u64, "reason": "The game goes into overtime"}))]
pub struct ExtendRequest {
    /// The new closing time.
    pub closes_at_ms: u64,
    /// Why, 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Closes sales later than planned, where the jurisdiction allows it.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["run_sales"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    request_body = ExtendRequest,
    responses(
        (status = 200, body = RaffleAdmin),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`wrong_status`, `sales_closed`, `not_allowed_by_profile`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `reason_missing`, `bad_closing_time`"),
    ),
)]
#[post("/admin/raffles/{id}/extend")]
pub(crate) async fn extend_sales(
    staff: Staff<RunSales>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
    Body(request): Body<ExtendRequest>,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    let closes_at = Timestamp::from_millis(request.closes_at_ms);
    let extend = MoveClose { closes_at, extend: true, reason: request.reason };
    command(&app, &staff, id, None, Command::MoveClose(extend)).await
}
