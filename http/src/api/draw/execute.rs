//! `POST /draw/execute`: reveal, proof, winners, each on record before the next (D-05).

use super::dto::DrawStatus;
use super::locate_own;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::Body;
use crate::auth::Staff;
use crate::auth::permission::Draw;
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::DrawId;
use drumroll_engine::journal::Cause;
use serde::Deserialize;
use utoipa::ToSchema;

/// Which draw.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"draw_id": "018f3a5e-7c2b-7d00-a1b2-c3d4e5f60718"}))]
pub struct ExecuteDraw {
    /// The draw.
    #[schema(value_type = Uuid)]
    pub draw_id: DrawId,
}

/// Draws the winners of a sealed list. A second click finds the first one's winners; an interrupted draw
/// goes on and comes to the same ones.
#[utoipa::path(
    tag = "draw",
    security(("staff" = ["draw"])),
    request_body = ExecuteDraw,
    responses(
        (status = 200, body = DrawStatus),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_draw`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`wrong_draw_status`, `draw_invalid`"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`busy`, `outcome_unknown`, `store_unavailable`: ask again, it goes on where it stopped."),
    ),
)]
#[post("/draw/execute")]
pub(crate) async fn execute_draw(
    staff: Staff<Draw>,
    app: web::Data<App>,
    Body(request): Body<ExecuteDraw>,
) -> Result<web::Json<DrawStatus>, ApiError> {
    let (stream, draw_no) = locate_own(&app, &staff, request.draw_id).await?;
    app.node.execute_draw(stream, draw_no, staff.origin(Cause::Internal)).await?;
    DrawStatus::read(&app, stream, draw_no).await.map(web::Json)
}
