//! `POST /devices/{id}/disable`

use super::dto::Device;
use crate::api::admin::dto::Reason;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, PathOf};
use crate::auth::Staff;
use crate::auth::permission::ManageDevices;
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::DeviceId;
use drumroll_engine::journal::Cause;
use drumroll_engine::organisation::Command;
use drumroll_engine::organisation::enable_device::DisableDevice;

/// Keeps a handheld from taking part, from its next contact on. It may still upload.
#[utoipa::path(
    tag = "devices",
    security(("staff" = ["manage_devices"])),
    params(("id" = Uuid, Path, description = "The handheld.")),
    request_body = Reason,
    responses(
        (status = 200, body = Device),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_device`, `not_found`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `reason_missing`"),
    ),
)]
#[post("/devices/{id}/disable")]
pub(crate) async fn disable_device(
    staff: Staff<ManageDevices>,
    app: web::Data<App>,
    PathOf(id): PathOf<DeviceId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<web::Json<Device>, ApiError> {
    let command = Command::DisableDevice(DisableDevice { device: id, reason });
    app.node.organise(staff.organisation, staff.origin(Cause::Internal), command).await?;
    Device::read(&app, staff.organisation, id).await.map(web::Json)
}
