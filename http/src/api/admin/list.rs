//! `GET /admin/raffles`

use super::dto::AdminRaffleSummary;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::QueryOf;
use crate::api::raffles::dto::RaffleSummary;
use crate::api::raffles::page::{Page, next_raffle_cursor};
use crate::auth::Staff;
use crate::auth::permission::Watch;
use crate::state::App;
use actix_web::{get, web};
use drumroll_engine::organisation::Role;
use serde::Serialize;
use utoipa::ToSchema;

/// A page of raffles.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AdminRafflePage {
    /// Newest first, drafts included.
    pub items: Vec<AdminRaffleSummary>,
    /// Where the next page begins; none on the last.
    pub next_cursor: Option<String>,
}

/// The organisation's raffles; every organisation's, for the platform's keeper.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["watch"])),
    params(Page),
    responses(
        (status = 200, body = AdminRafflePage),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`"),
    ),
)]
#[get("/admin/raffles")]
pub(crate) async fn list_admin_raffles(
    staff: Staff<Watch>,
    app: web::Data<App>,
    QueryOf(page): QueryOf<Page>,
) -> Result<web::Json<AdminRafflePage>, ApiError> {
    let limit = page.limit(&app)?;
    let own = (staff.role != Role::Platform).then_some(staff.organisation);
    let rows = app.node.store().raffles(own, false, page.raffle_cursor()?, limit).await?;
    let next_cursor = next_raffle_cursor(&rows, limit);
    let items = rows.iter().map(|row| AdminRaffleSummary {
        summary: RaffleSummary::from(row),
        gross_minor: row.gross_minor,
        net_minor: row.gross_minor - row.voided_minor,
    });
    Ok(web::Json(AdminRafflePage { items: items.collect(), next_cursor }))
}
