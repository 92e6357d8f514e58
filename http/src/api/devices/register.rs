//! `POST /devices`: a new handheld, un-enrolled and disabled.

use super::code;
use super::dto::Device;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, IdempotencyKey};
use crate::auth::Staff;
use crate::auth::permission::ManageDevices;
use crate::ids;
use crate::state::App;
use actix_web::{HttpResponse, post, web};
use drumroll_engine::id::DeviceId;
use drumroll_engine::organisation::register_device::RegisterDevice;
use drumroll_engine::organisation::{Command, Rejection};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new handheld.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"label": "Handheld 07"}))]
pub struct NewDevice {
    /// Its label, unique in the organisation, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub label: String,
}

/// A registered handheld and the code with which it enrols.
#[derive(Clone, Serialize, ToSchema)]
pub struct RegisteredDevice {
    /// The handheld.
    pub device: Device,
    /// Good once, for 15 minutes; shown only here.
    #[schema(example = "K7QF-2M9D-XW4T")]
    pub enrolment_code: String,
}

/// Registers a handheld. A repeat under the same key gives the same handheld with a fresh code, as long as it
/// has not enrolled.
#[utoipa::path(
    tag = "devices",
    security(("staff" = ["manage_devices"])),
    params(("Idempotency-Key" = Uuid, Header, description = "Made before the first attempt.")),
    request_body = NewDevice,
    responses(
        (status = 201, body = RegisteredDevice),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`label_taken`, `idempotency_terms_differ`, `already_enrolled`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `bad_name`"),
    ),
)]
#[post("/devices")]
pub(crate) async fn register_device(
    staff: Staff<ManageDevices>,
    app: web::Data<App>,
    key: IdempotencyKey,
    Body(request): Body<NewDevice>,
) -> Result<HttpResponse, ApiError> {
    let device = DeviceId(ids::derived("device", staff.organisation, key.0));
    let command = Command::RegisterDevice(RegisterDevice { device, label: request.label });
    app.node.organise(staff.organisation, staff.origin(key.command()), command).await?;
    let device = Device::read(&app, staff.organisation, device).await?;
    if device.enrolled {
        return Err(Rejection::AlreadyEnrolled.into());
    }
    let enrolment_code = code::issue(&app, staff.organisation, device.id).await?;
    Ok(HttpResponse::Created().json(RegisteredDevice { device, enrolment_code }))
}
