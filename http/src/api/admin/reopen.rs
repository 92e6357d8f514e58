//! `POST /admin/raffles/{id}/reopen` (T-08)

use super::command;
use super::dto::RaffleAdmin;
use super::dto::Reason;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, PathOf};
use crate::auth::Staff;
use crate::auth::permission::Reconcile;
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::reopen_reconciliation::ReopenReconciliation;
/// Takes the confirmation of the reconciliation back, to void a ticket or look again.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["reconcile"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    request_body = Reason,
    responses(
        (status = 200, body = RaffleAdmin),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`wrong_status`, `ledger_sealed`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `reason_missing`"),
    ),
)]
#[post("/admin/raffles/{id}/reopen")]
pub(crate) async fn reopen_reconciliation(
    staff: Staff<Reconcile>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
    Body(request): Body<Reason>,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    let reopen = ReopenReconciliation { reason: request.reason };
    command(&app, &staff, id, None, Command::ReopenReconciliation(reopen)).await
}
