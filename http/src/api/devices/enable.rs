//! `POST /devices/{id}/enable`

use super::dto::Device;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::PathOf;
use crate::auth::Staff;
use crate::auth::permission::ManageDevices;
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::DeviceId;
use drumroll_engine::journal::Cause;
use drumroll_engine::organisation::Command;
use drumroll_engine::organisation::enable_device::EnableDevice;

/// Lets a handheld take part, if it is enrolled too.
#[utoipa::path(
    tag = "devices",
    security(("staff" = ["manage_devices"])),
    params(("id" = Uuid, Path, description = "The handheld.")),
    responses(
        (status = 200, body = Device),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_device`, `not_found`"),
    ),
)]
#[post("/devices/{id}/enable")]
pub(crate) async fn enable_device(
    staff: Staff<ManageDevices>,
    app: web::Data<App>,
    PathOf(id): PathOf<DeviceId>,
) -> Result<web::Json<Device>, ApiError> {
    let command = Command::EnableDevice(EnableDevice { device: id });
    app.node.organise(staff.organisation, staff.origin(Cause::Internal), command).await?;
    Device::read(&app, staff.organisation, id).await.map(web::Json)
}
