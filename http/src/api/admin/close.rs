//! `POST /admin/raffles/{id}/close`: earlier than planned (L-04)

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
/// When, and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"closes_at_ms": null, "reason": "The game ended early"}))]
pub struct CloseRequest {
    /// The new closing time; now, when left out.
    pub closes_at_ms: Option<u64>,
    /// Why, 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Closes sales now, or at an earlier time than planned.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["run_sales"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    request_body = CloseRequest,
    responses(
        (status = 200, body = RaffleAdmin),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`wrong_status`, `sales_closed`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `reason_missing`, `bad_closing_time`"),
    ),
)]
#[post("/admin/raffles/{id}/close")]
pub(crate) async fn close_sales(
    staff: Staff<RunSales>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
    Body(request): Body<CloseRequest>,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    // Time zero lies in the past whatever the clock says, and the past means now.
    let closes_at = request.closes_at_ms.map(Timestamp::from_millis).unwrap_or_default();
    let close = MoveClose { closes_at, extend: false, reason: request.reason };
    command(&app, &staff, id, None, Command::MoveClose(close)).await
}
