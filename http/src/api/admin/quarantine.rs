//! `POST /admin/raffles/{id}/quarantine`: deciding about a sale that was set aside.

use super::command;
use super::dto::RaffleAdmin;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, PathOf};
use crate::auth::Staff;
use crate::auth::permission::DecideTicket;
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::{DeviceId, RaffleId};
use drumroll_engine::raffle::resolve_quarantine::ResolveQuarantine;
use drumroll_engine::raffle::{Command, Resolution};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A decision about a sale that was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineResolution {
    /// It takes part.
    Accept,
    /// The money goes back and its numbers leave the game.
    Refund,
}

impl From<Resolution> for QuarantineResolution {
    fn from(resolution: Resolution) -> Self {
        match resolution {
            Resolution::Accepted => Self::Accept,
            Resolution::Refunded => Self::Refund,
        }
    }
}

/// Which sale, what is decided, and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"device_id": "018f3a5e-7c2b-7d00-a1b2-c3d4e5f60718", "device_seq": 17, "resolution": "accept", "reason": "Sold before the seller heard of the close"}))]
pub struct QuarantineRequest {
    /// The handheld.
    #[schema(value_type = Uuid)]
    pub device_id: DeviceId,
    /// Its record.
    pub device_seq: u64,
    /// The decision.
    pub resolution: QuarantineResolution,
    /// Why, 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Accepts or refunds a sale that was set aside.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["decide_ticket"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    request_body = QuarantineRequest,
    responses(
        (status = 200, body = RaffleAdmin),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`not_quarantined`, `not_acceptable`, `ledger_sealed`, `reconciliation_acknowledged`, `wrong_status`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `reason_missing`"),
    ),
)]
#[post("/admin/raffles/{id}/quarantine")]
pub(crate) async fn decide_quarantined(
    staff: Staff<DecideTicket>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
    Body(request): Body<QuarantineRequest>,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    let resolution = match request.resolution {
        QuarantineResolution::Accept => Resolution::Accepted,
        QuarantineResolution::Refund => Resolution::Refunded,
    };
    let QuarantineRequest { device_id: device, device_seq: seq, reason, .. } = request;
    let resolve = ResolveQuarantine { device, seq, resolution, reason };
    command(&app, &staff, id, None, Command::ResolveQuarantine(resolve)).await
}
