//! `GET /raffles/{id}`

use super::dto::RaffleView;
use super::public_raffle;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::PathOf;
use crate::state::App;
use actix_web::{get, web};
use drumroll_engine::id::RaffleId;

/// Everything public of a raffle, as last committed.
#[utoipa::path(
    tag = "raffles",
    params(("id" = Uuid, Path, description = "The raffle.")),
    responses(
        (status = 200, body = RaffleView),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
    ),
)]
#[get("/raffles/{id}")]
pub(crate) async fn get_raffle(
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
) -> Result<web::Json<RaffleView>, ApiError> {
    let (_, feed) = public_raffle(&app, id).await?;
    Ok(web::Json(RaffleView::of(&feed.view(), &*app.payment, app.node.clock().now())))
}
