//! `POST /admin/raffles/{id}/reconcile`

use super::command;
use super::dto::RaffleAdmin;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::PathOf;
use crate::auth::Staff;
use crate::auth::permission::Reconcile;
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::start_reconciliation::StartReconciliation;
/// Begins reconciliation although handhelds are missing, so that they can be dealt with one by one.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["reconcile"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    responses(
        (status = 200, body = RaffleAdmin),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`wrong_status`"),
    ),
)]
#[post("/admin/raffles/{id}/reconcile")]
pub(crate) async fn start_reconciliation(
    staff: Staff<Reconcile>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    command(&app, &staff, id, None, Command::StartReconciliation(StartReconciliation)).await
}
