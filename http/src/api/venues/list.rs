//! `GET /admin/venues`

use super::Venue;
use crate::api::error::ApiError;
use crate::auth::Staff;
use crate::auth::permission::Watch;
use crate::state::App;
use actix_web::get;
use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

/// Venues.
#[derive(Debug, Serialize, ToSchema)]
pub struct VenueList {
    /// All of the organisation.
    pub items: Vec<Venue>,
}

/// The venues of one's organisation.
#[utoipa::path(tag = "organisation", security(("staff" = ["watch"])), responses((status = 200, body = VenueList, description = "The venues.")))]
#[get("/admin/venues")]
pub(crate) async fn list_venues(staff: Staff<Watch>, app: Data<App>) -> Result<Json<VenueList>, ApiError> {
    let venues = app.node.read_organisation(staff.organisation, |organisation| organisation.venues.clone()).await?;
    Ok(Json(VenueList { items: venues.into_iter().map(|(id, venue)| Venue::of(id, venue)).collect() }))
}
