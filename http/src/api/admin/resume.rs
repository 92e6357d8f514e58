//! `POST /admin/raffles/{id}/resume`

use super::command;
use super::dto::RaffleAdmin;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::PathOf;
use crate::auth::Staff;
use crate::auth::permission::RunSales;
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::resume_sales::ResumeSales;
/// Lets sales go on.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["run_sales"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    responses(
        (status = 200, body = RaffleAdmin),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`wrong_status`, `sales_closed`"),
    ),
)]
#[post("/admin/raffles/{id}/resume")]
pub(crate) async fn resume_sales(
    staff: Staff<RunSales>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    command(&app, &staff, id, None, Command::ResumeSales(ResumeSales)).await
}
