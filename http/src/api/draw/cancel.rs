//! `POST /draw/{id}/cancel`: before the lock only.

use super::dto::DrawStatus;
use super::locate_own;
use crate::api::admin::dto::Reason;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, PathOf};
use crate::auth::Staff;
use crate::auth::permission::Draw;
use crate::state::App;
use actix_web::{post, web};
use drumroll_actors::intake::Lane;
use drumroll_engine::id::DrawId;
use drumroll_engine::journal::Cause;
use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::cancel_draw::CancelDraw;

/// Cancels a draw whose list is not sealed. Afterwards its outcome is determined and nothing takes it back.
#[utoipa::path(
    tag = "draw",
    security(("staff" = ["draw"])),
    params(("id" = Uuid, Path, description = "The draw.")),
    request_body = Reason,
    responses(
        (status = 200, body = DrawStatus),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_draw`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`ledger_sealed`, `wrong_draw_status`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `reason_missing`"),
    ),
)]
#[post("/draw/{id}/cancel")]
pub(crate) async fn cancel_draw(
    staff: Staff<Draw>,
    app: web::Data<App>,
    PathOf(id): PathOf<DrawId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<web::Json<DrawStatus>, ApiError> {
    let (stream, draw_no) = locate_own(&app, &staff, id).await?;
    let command = Command::CancelDraw(CancelDraw { draw_no, reason });
    app.node.execute(stream, Lane::Control, staff.origin(Cause::Internal), command).await?;
    DrawStatus::read(&app, stream, draw_no).await.map(web::Json)
}
