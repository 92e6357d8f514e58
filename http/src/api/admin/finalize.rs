//! `POST /admin/raffles/{id}/finalize`

use super::command;
use super::dto::RaffleAdmin;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::PathOf;
use crate::auth::Staff;
use crate::auth::permission::Publish;
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::finalize_raffle::FinalizeRaffle;
/// Freezes the raffle: every draw is settled.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["publish"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    responses(
        (status = 200, body = RaffleAdmin),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`wrong_status`, `wrong_draw_status`"),
    ),
)]
#[post("/admin/raffles/{id}/finalize")]
pub(crate) async fn finalize_raffle(
    staff: Staff<Publish>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    command(&app, &staff, id, None, Command::FinalizeRaffle(FinalizeRaffle)).await
}
