//! `POST /admin/raffles/{id}/suspend` (L-07)

use super::command;
use super::dto::RaffleAdmin;
use super::dto::Reason;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, PathOf};
use crate::auth::Staff;
use crate::auth::permission::RunSales;
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::suspend_sales::SuspendSales;
/// Pauses sales on every channel. Orders being paid may complete.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["run_sales"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    request_body = Reason,
    responses(
        (status = 200, body = RaffleAdmin),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`wrong_status`, `sales_closed`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `reason_missing`"),
    ),
)]
#[post("/admin/raffles/{id}/suspend")]
pub(crate) async fn suspend_sales(
    staff: Staff<RunSales>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
    Body(request): Body<Reason>,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    let suspend = Command::SuspendSales(SuspendSales { reason: request.reason });
    command(&app, &staff, id, None, suspend).await
}
