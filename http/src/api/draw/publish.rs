//! `POST /draw/{id}/publish`: a separate, confirmed step (D-06).

use super::dto::DrawStatus;
use super::locate_own;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, PathOf};
use crate::auth::Staff;
use crate::auth::permission::Publish;
use crate::state::App;
use actix_web::{post, web};
use drumroll_actors::intake::Lane;
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::DrawId;
use drumroll_engine::journal::Cause;
use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::publish_draw::PublishDraw as Publication;
use serde::Deserialize;
use utoipa::ToSchema;

/// The seal the caller sees.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"lock_hash": "3fc3a60352d66025769eb3a2661a8a7678846bd97f1e7e9581c6b0207b6f2a4b"}))]
pub struct PublishDraw {
    /// The draw's `lock_hash`, repeated, so that nobody publishes a draw he is not looking at.
    #[schema(value_type = String, min_length = 64, max_length = 64)]
    pub lock_hash: Bytes<32>,
}

/// Shows the result on every screen. Publishing twice is harmless.
#[utoipa::path(
    tag = "draw",
    security(("staff" = ["publish"])),
    params(("id" = Uuid, Path, description = "The draw.")),
    request_body = PublishDraw,
    responses(
        (status = 200, body = DrawStatus),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_draw`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`wrong_draw_status`, `lock_hash_differs`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`"),
    ),
)]
#[post("/draw/{id}/publish")]
pub(crate) async fn publish_draw(
    staff: Staff<Publish>,
    app: web::Data<App>,
    PathOf(id): PathOf<DrawId>,
    Body(request): Body<PublishDraw>,
) -> Result<web::Json<DrawStatus>, ApiError> {
    let (stream, draw_no) = locate_own(&app, &staff, id).await?;
    let command = Command::PublishDraw(Publication { draw_no, lock_hash: request.lock_hash });
    app.node.execute(stream, Lane::Control, staff.origin(Cause::Internal), command).await?;
    DrawStatus::read(&app, stream, draw_no).await.map(web::Json)
}
