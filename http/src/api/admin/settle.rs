//! `POST /admin/raffles/{id}/settle`

use super::command;
use super::dto::RaffleAdmin;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, PathOf};
use crate::auth::Staff;
use crate::auth::permission::Publish;
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::settle_draw::SettleDraw;
use serde::Deserialize;
use utoipa::ToSchema;
/// Which draw, and how its prizes were disposed of.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"draw_no": 1, "reason": "All prizes paid"}))]
pub struct SettleRequest {
    /// The draw's number in the raffle.
    #[schema(minimum = 1)]
    pub draw_no: u32,
    /// How, 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Records how the prizes of a published draw were disposed of.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["publish"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    request_body = SettleRequest,
    responses(
        (status = 200, body = RaffleAdmin),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`wrong_draw_status`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `reason_missing`"),
    ),
)]
#[post("/admin/raffles/{id}/settle")]
pub(crate) async fn settle_draw(
    staff: Staff<Publish>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
    Body(request): Body<SettleRequest>,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    let SettleRequest { draw_no, reason } = request;
    command(&app, &staff, id, None, Command::SettleDraw(SettleDraw { draw_no, reason })).await
}
