//! `GET /draw/{id}/status`

use super::dto::DrawStatus;
use super::locate_own;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::PathOf;
use crate::auth::Staff;
use crate::auth::permission::Watch;
use crate::state::App;
use actix_web::{get, web};
use drumroll_engine::id::DrawId;

/// Where a draw stands.
#[utoipa::path(
    tag = "draw",
    security(("staff" = ["watch"])),
    params(("id" = Uuid, Path, description = "The draw.")),
    responses(
        (status = 200, body = DrawStatus),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_draw`, `not_found`"),
    ),
)]
#[get("/draw/{id}/status")]
pub(crate) async fn get_draw_status(
    staff: Staff<Watch>,
    app: web::Data<App>,
    PathOf(id): PathOf<DrawId>,
) -> Result<web::Json<DrawStatus>, ApiError> {
    let (stream, draw_no) = locate_own(&app, &staff, id).await?;
    DrawStatus::read(&app, stream, draw_no).await.map(web::Json)
}
