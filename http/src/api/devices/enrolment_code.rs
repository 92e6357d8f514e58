//! `POST /devices/{id}/enrolment-code`

use super::code;
use super::dto::Device;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::PathOf;
use crate::auth::Staff;
use crate::auth::permission::ManageDevices;
use crate::state::App;
use actix_web::{post, web};
use drumroll_engine::id::DeviceId;
use drumroll_engine::organisation::Rejection;
use serde::Serialize;
use utoipa::ToSchema;

/// A code with which a handheld enrols.
#[derive(Clone, Serialize, ToSchema)]
pub struct EnrolmentCode {
    /// Good once, for 15 minutes; shown only here. An older one ends.
    #[schema(example = "K7QF-2M9D-XW4T")]
    pub enrolment_code: String,
}

/// Makes a fresh enrolment code for a handheld that is not enrolled.
#[utoipa::path(
    tag = "devices",
    security(("staff" = ["manage_devices"])),
    params(("id" = Uuid, Path, description = "The handheld.")),
    responses(
        (status = 200, body = EnrolmentCode),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_device`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`already_enrolled`"),
    ),
)]
#[post("/devices/{id}/enrolment-code")]
pub(crate) async fn new_enrolment_code(
    staff: Staff<ManageDevices>,
    app: web::Data<App>,
    PathOf(id): PathOf<DeviceId>,
) -> Result<web::Json<EnrolmentCode>, ApiError> {
    let device = Device::read(&app, staff.organisation, id).await?;
    if device.enrolled {
        return Err(Rejection::AlreadyEnrolled.into());
    }
    let enrolment_code = code::issue(&app, staff.organisation, id).await?;
    Ok(web::Json(EnrolmentCode { enrolment_code }))
}
