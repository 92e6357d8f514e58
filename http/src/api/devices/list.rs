//! `GET /devices`

use super::dto::Device;
use crate::api::error::ApiError;
use crate::auth::Staff;
use crate::auth::permission::Watch;
use crate::state::App;
use actix_web::{get, web};
use serde::Serialize;
use utoipa::ToSchema;

/// The organisation's handhelds.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeviceList {
    /// By label.
    pub items: Vec<Device>,
}

/// The organisation's handhelds.
#[utoipa::path(tag = "devices", security(("staff" = ["watch"])), responses((status = 200, body = DeviceList)))]
#[get("/devices")]
pub(crate) async fn list_devices(staff: Staff<Watch>, app: web::Data<App>) -> Result<web::Json<DeviceList>, ApiError> {
    let look = |state: &drumroll_engine::organisation::Organisation| {
        state.devices.iter().map(|(id, known)| Device::of(*id, known)).collect::<Vec<_>>()
    };
    let mut items = app.node.read_organisation(staff.organisation, look).await?;
    items.sort_by(|one, other| one.label.cmp(&other.label));
    Ok(web::Json(DeviceList { items }))
}
