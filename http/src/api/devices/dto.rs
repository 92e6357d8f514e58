//! A handheld as its organisation knows it.

use crate::api::error::ApiError;
use crate::state::App;
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{DeviceId, OrganisationId};
use drumroll_engine::organisation::{RegisteredDevice as Known, Rejection};
use serde::Serialize;
use utoipa::ToSchema;

/// A handheld. Two independent flags, both needed to sell.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Device {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: DeviceId,
    /// Its label.
    pub label: String,
    /// Whether its key is known.
    pub enrolled: bool,
    /// Whether it may take part.
    pub enabled: bool,
    /// Its Ed25519 key.
    #[schema(value_type = Option<String>)]
    pub public_key: Option<Bytes<32>>,
    /// When it was registered.
    pub registered_at_ms: u64,
    /// When it was enrolled.
    pub enrolled_at_ms: Option<u64>,
    /// Who sells with it now. Sellers log on to handhelds with the device's own issue; none until then.
    pub seller_name: Option<String>,
}

impl Device {
    /// From the organisation's record.
    pub fn of(id: DeviceId, known: &Known) -> Self {
        Self {
            id,
            label: known.label.clone(),
            enrolled: known.enrolled.is_some(),
            enabled: known.enabled,
            public_key: known.enrolled.map(|(key, _)| key),
            registered_at_ms: known.registered_at.as_millis(),
            enrolled_at_ms: known.enrolled.map(|(_, at)| at.as_millis()),
            seller_name: None,
        }
    }

    /// As it is committed now.
    ///
    /// # Errors
    /// `unknown_device`, also for one of another organisation.
    pub async fn read(app: &App, organisation: OrganisationId, id: DeviceId) -> Result<Self, ApiError> {
        let known = app.node.read_organisation(organisation, move |state| state.devices.get(&id).cloned());
        let known = known.await?.ok_or(Rejection::UnknownDevice)?;
        Ok(Self::of(id, &known))
    }
}
