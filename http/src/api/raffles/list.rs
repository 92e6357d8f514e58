//! `GET /raffles`

use super::dto::{RafflePage, RaffleSummary};
use super::page::{Page, next_raffle_cursor};
use crate::api::error::{ApiError, Problem};
use crate::api::extract::QueryOf;
use crate::state::App;
use actix_web::{get, web};

/// Raffles that the public may see, newest first.
#[utoipa::path(
    tag = "raffles",
    params(Page),
    responses(
        (status = 200, body = RafflePage),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`"),
    ),
)]
#[get("/raffles")]
pub(crate) async fn list_raffles(
    app: web::Data<App>,
    QueryOf(page): QueryOf<Page>,
) -> Result<web::Json<RafflePage>, ApiError> {
    let limit = page.limit(&app)?;
    let rows = app.node.store().raffles(None, true, page.raffle_cursor()?, limit).await?;
    let next_cursor = next_raffle_cursor(&rows, limit);
    Ok(web::Json(RafflePage { items: rows.iter().map(RaffleSummary::from).collect(), next_cursor }))
}
