//! `POST /admin/raffles/{id}/devices/{device_id}/lost` (R-16, GLI-31 §2.8.1 g)

use super::command;
use super::dto::RaffleAdmin;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, PathOf};
use crate::auth::permission::Reconcile;
use crate::auth::{Approver, Staff, approve};
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::{DeviceId, RaffleId};
use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::declare_device_lost::DeclareDeviceLost;
use drumroll_engine::raffle::limits::PRIZE_MINOR_MAX;
use serde::Deserialize;
use utoipa::ToSchema;

/// What is known of a handheld that will not come back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"operator": "Jo Brunet", "money_collected_minor": 500, "reason": "Stolen", "approver": {"login": "jo", "password": "…"}}))]
pub struct LostDeviceRequest {
    /// Who had it, 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub operator: String,
    /// The money he handed in.
    pub money_collected_minor: u64,
    /// Why, 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
    /// The second person.
    pub approver: Approver,
}

/// Writes a handheld off; two people sign. Its known sales stay in, its numbers of unknown fate leave the
/// game for ever.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["reconcile"])),
    params(("id" = Uuid, Path, description = "The raffle."), ("device_id" = Uuid, Path, description = "The handheld.")),
    request_body = LostDeviceRequest,
    responses(
        (status = 200, body = RaffleAdmin),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "`forbidden`, `approver_missing`, `approver_invalid`"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `unknown_device`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`device_settled`, `wrong_status`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `reason_missing`"),
    ),
)]
#[post("/admin/raffles/{id}/devices/{device_id}/lost")]
pub(crate) async fn declare_device_lost(
    staff: Staff<Reconcile>,
    app: web::Data<App>,
    PathOf((id, device)): PathOf<(RaffleId, DeviceId)>,
    Body(request): Body<LostDeviceRequest>,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    let LostDeviceRequest { operator, money_collected_minor, reason, approver } = request;
    if money_collected_minor > PRIZE_MINOR_MAX {
        return Err(ApiError::field("money_collected_minor", "That is more money than a handheld can take."));
    }
    // Before anybody's password is asked for: another organisation's raffle does not exist.
    staff.stream(&app, id).await?;
    let approver = approve(&app, &staff, Some(approver)).await?;
    let lost = DeclareDeviceLost { device, operator, money_collected_minor, reason };
    command(&app, &staff, id, approver, Command::DeclareDeviceLost(lost)).await
}
