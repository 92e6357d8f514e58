//! `GET /admin/raffles/{id}/curve`: how sales grew.

use crate::api::error::{ApiError, Problem};
use crate::api::extract::PathOf;
use crate::auth::Staff;
use crate::auth::permission::Watch;
use crate::state::App;
use actix_web::{get, web};
use drumroll_engine::id::RaffleId;
use serde::Serialize;
use utoipa::ToSchema;

/// Valid sales up to the end of a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CurvePoint {
    /// The start of the minute.
    pub at_ms: u64,
    /// Sales less voids since the opening.
    pub net_minor: u64,
    /// Valid tickets since the opening.
    pub orders: u64,
    /// Their draw numbers.
    pub numbers: u64,
}

/// The curve of sales.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Curve {
    /// One for each minute in which something was sold, cumulative.
    pub points: Vec<CurvePoint>,
}

/// How sales grew, minute by minute. A ticket that was voided since stands in none of it.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["watch"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    responses(
        (status = 200, body = Curve),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
    ),
)]
#[get("/admin/raffles/{id}/curve")]
pub(crate) async fn get_sales_curve(
    staff: Staff<Watch>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
) -> Result<web::Json<Curve>, ApiError> {
    let stream = staff.stream(&app, id).await?;
    let minutes = app.node.store().curve(stream.raffle).await?;
    let mut sum = CurvePoint { at_ms: 0, net_minor: 0, orders: 0, numbers: 0 };
    let points = minutes.iter().map(|minute| {
        sum = CurvePoint {
            at_ms: minute.at.as_millis(),
            net_minor: sum.net_minor + minute.net_minor,
            orders: sum.orders + minute.orders,
            numbers: sum.numbers + minute.numbers,
        };
        sum
    });
    Ok(web::Json(Curve { points: points.collect() }))
}
