//! `POST /admin/raffles/{id}/open` (L-01, L-02)

use super::dto::RaffleAdmin;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::PathOf;
use crate::auth::Staff;
use crate::auth::permission::SetUp;
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::RaffleId;
use drumroll_engine::journal::Cause;

/// Opens sales. Everything that could affect integrity freezes; the raffle's keys are made and its draw is
/// planned and committed to.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["set_up"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    responses(
        (status = 200, body = RaffleAdmin),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`wrong_status`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`invalid_configuration` with its fields, `bad_closing_time`"),
    ),
)]
#[post("/admin/raffles/{id}/open")]
pub(crate) async fn open_sales(
    staff: Staff<SetUp>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    let stream = staff.stream(&app, id).await?;
    app.node.open_sales(stream, staff.origin(Cause::Internal)).await?;
    RaffleAdmin::read(&app, stream).await.map(web::Json)
}
