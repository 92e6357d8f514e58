//! `POST /draw/initiate`: the lock, one way (D-04).

use super::dto::DrawStatus;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::Body;
use crate::auth::Staff;
use crate::auth::permission::Draw;
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::RaffleId;
use drumroll_engine::journal::Cause;
use serde::Deserialize;
use utoipa::ToSchema;

/// Which draw to seal.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"raffle_id": "018f3a5e-7c2b-7d00-a1b2-c3d4e5f60718", "draw_no": 1}))]
pub struct InitiateDraw {
    /// The raffle.
    #[schema(value_type = Uuid)]
    pub raffle_id: RaffleId,
    /// The draw's number; the main draw when left out.
    #[schema(minimum = 1)]
    pub draw_no: Option<u32>,
}

/// Seals the sold list, one way, and publishes its seal. Needs the acknowledgement of the reconciliation. A
/// list that is sealed already stays as it is.
#[utoipa::path(
    tag = "draw",
    security(("staff" = ["draw"])),
    request_body = InitiateDraw,
    responses(
        (status = 200, body = DrawStatus),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `unknown_draw`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`wrong_draw_status`, `wrong_status`, `too_early`, `nothing_sold`, `lock_outdated`, `draw_invalid`"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`busy`, `outcome_unknown`, `store_unavailable`: ask again, it goes on where it stopped."),
    ),
)]
#[post("/draw/initiate")]
pub(crate) async fn initiate_draw(
    staff: Staff<Draw>,
    app: web::Data<App>,
    Body(request): Body<InitiateDraw>,
) -> Result<web::Json<DrawStatus>, ApiError> {
    let stream = staff.stream(&app, request.raffle_id).await?;
    let draw_no = request.draw_no.unwrap_or(1);
    app.node.lock_draw(stream, draw_no, staff.origin(Cause::Internal)).await?;
    DrawStatus::read(&app, stream, draw_no).await.map(web::Json)
}
