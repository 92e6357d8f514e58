//! `POST /devices/enrol`: a handheld shows its key. No token: the one-time code is the right.

use super::code;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::Body;
use crate::state::App;
use actix_web::{post, web};
use drumroll_actors::aggregate::Origin;
use drumroll_actors::store::EnrolmentCodeRow;
use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::verify;
use drumroll_engine::id::DeviceId;
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::organisation::enrol_device::EnrolDevice;
use drumroll_engine::organisation::{Command, Rejection};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The purpose that the handheld signs for.
const PROOF_TAG: &str = "drumroll/device-enrol/1";

/// Characters of a code as typed.
const CODE_MAX: usize = 64;

/// A handheld's application.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolRequest {
    /// The one-time code, as the administrator was shown it.
    #[schema(example = "K7QF-2M9D-XW4T")]
    pub code: String,
    /// The Ed25519 key that the handheld made.
    #[schema(value_type = String, min_length = 64, max_length = 64)]
    pub public_key: Bytes<32>,
    /// `Sig(device, "drumroll/device-enrol/1", public_key[32] ‖ code)`: whoever sends the key holds its secret.
    #[schema(value_type = String, min_length = 128, max_length = 128)]
    pub proof: Bytes<64>,
}

/// Who the handheld is from now on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EnrolResponse {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub device_id: DeviceId,
    /// Whose it is.
    pub organisation_name: String,
    /// Its label.
    pub label: String,
    /// The server's key, to be pinned: from now on the handheld refuses every other server.
    #[schema(value_type = String)]
    pub server_public_key: Bytes<32>,
}

/// Enrols a handheld. The code is good once; the same handheld may repeat the call when the answer was lost.
#[utoipa::path(
    tag = "devices",
    request_body = EnrolRequest,
    responses(
        (status = 200, body = EnrolResponse),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "`enrolment_code_invalid`: unknown, used or too old, or the proof does not hold."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`already_enrolled`, `key_taken`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`"),
    ),
)]
#[post("/devices/enrol")]
pub(crate) async fn enrol_device(
    app: web::Data<App>,
    Body(request): Body<EnrolRequest>,
) -> Result<web::Json<EnrolResponse>, ApiError> {
    if request.code.len() > CODE_MAX {
        return Err(ApiError::field("code", "A code has twelve characters."));
    }
    let invalid = || {
        let detail = "This code is unknown, was used or is too old. Ask the administrator for a new one.";
        ApiError::new("enrolment_code_invalid", detail)
    };
    // Before the code is taken: a bad proof must not use it up for the handheld it was made for.
    let parts = [&request.public_key.0[..], request.code.as_bytes()].concat();
    if !verify(&request.public_key.0, PROOF_TAG, &parts, &request.proof.0) {
        return Err(invalid());
    }
    let (row, first) = take(&app, &request).await?.ok_or_else(invalid)?;
    let EnrolmentCodeRow { device, organisation, expires_at, .. } = row;
    let origin = Origin { actor: Actor::Device(device), approver: None, cause: Cause::Internal };
    if first {
        let command = Command::EnrolDevice(EnrolDevice { device, public_key: request.public_key });
        app.node.organise(organisation, origin, command).await?;
    }
    let known = app
        .node
        .read_organisation(organisation, move |state| Some((state.name.clone(), state.devices.get(&device)?.clone())));
    let (organisation_name, known) = known.await?.ok_or(Rejection::UnknownDevice)?;
    // A repeat must not bring an enrolment back that was taken away meanwhile.
    if known.enrolled.map(|(key, _)| key) != Some(request.public_key) {
        return Err(invalid());
    }
    let code_hash = code::receipt(&request.code, &request.public_key.0);
    app.node.store().put_enrolment_code(EnrolmentCodeRow { device, organisation, code_hash, expires_at }).await?;
    Ok(web::Json(EnrolResponse {
        device_id: device,
        organisation_name,
        label: known.label,
        server_public_key: Bytes(app.identity.public()),
    }))
}

/// Takes the code, or the receipt of whoever took it before; `true` for the code itself.
async fn take(app: &App, request: &EnrolRequest) -> Result<Option<(EnrolmentCodeRow, bool)>, ApiError> {
    let now = app.node.clock().now();
    if let Some(row) = app.node.store().take_enrolment_code(code::hash(&request.code), now).await? {
        return Ok(Some((row, true)));
    }
    let receipt = code::receipt(&request.code, &request.public_key.0);
    Ok(app.node.store().take_enrolment_code(receipt, now).await?.map(|row| (row, false)))
}
