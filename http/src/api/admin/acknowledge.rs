//! `POST /admin/raffles/{id}/acknowledge` (D-01)

use super::command;
use super::dto::RaffleAdmin;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, PathOf};
use crate::auth::Staff;
use crate::auth::permission::Reconcile;
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::acknowledge_reconciliation::AcknowledgeReconciliation;
use serde::Deserialize;
use utoipa::ToSchema;
/// What is confirmed.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"statement": "All handhelds have reported.", "sold": 225, "voided": 40, "unsold": 29735}))]
pub struct AcknowledgeRequest {
    /// The words agreed to, 1 to 500 characters; the reconciliation report proposes them.
    #[schema(min_length = 1, max_length = 500)]
    pub statement: String,
    /// Sold numbers as seen.
    pub sold: u64,
    /// Voided numbers as seen.
    pub voided: u64,
    /// Unsold numbers as seen.
    pub unsold: u64,
}

/// Confirms the reconciliation with the counts the person saw. Without it no winning number can exist.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["reconcile"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    request_body = AcknowledgeRequest,
    responses(
        (status = 200, body = RaffleAdmin),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`wrong_status`, `not_reconciled` with the open points, `counts_differ`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `reason_missing`"),
    ),
)]
#[post("/admin/raffles/{id}/acknowledge")]
pub(crate) async fn acknowledge_reconciliation(
    staff: Staff<Reconcile>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
    Body(request): Body<AcknowledgeRequest>,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    let AcknowledgeRequest { statement, sold, voided, unsold } = request;
    let acknowledge = AcknowledgeReconciliation { statement, sold, voided, unsold };
    command(&app, &staff, id, None, Command::AcknowledgeReconciliation(acknowledge)).await
}
