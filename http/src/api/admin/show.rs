//! `GET /admin/raffles/{id}`

use super::dto::RaffleAdmin;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::PathOf;
use crate::auth::Staff;
use crate::auth::permission::Watch;
use crate::state::App;
use actix_web::{get, web};
use drumroll_engine::id::RaffleId;

/// A raffle as its organisers see it, with what can be done now and why not.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["watch"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    responses(
        (status = 200, body = RaffleAdmin),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
    ),
)]
#[get("/admin/raffles/{id}")]
pub(crate) async fn get_admin_raffle(
    staff: Staff<Watch>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    let stream = staff.stream(&app, id).await?;
    RaffleAdmin::read(&app, stream).await.map(web::Json)
}
