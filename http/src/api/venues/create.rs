//! `POST /admin/venues`

use super::Venue;
use crate::api::error::ApiError;
use crate::api::extract::{Body, IdempotencyKey};
use crate::auth::Staff;
use crate::auth::permission::SetUp;
use crate::state::App;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use drumroll_engine::id::VenueId;
use drumroll_engine::organisation::add_venue::AddVenue;
use drumroll_engine::organisation::{self, Command};
use serde::Deserialize;
use utoipa::ToSchema;

/// A new venue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVenue {
    /// Its name.
    pub name: String,
    /// IANA name of its time zone, for example `America/Toronto`.
    pub time_zone: String,
}

/// Adds a venue. The key is its id, so a repeat adds nothing.
#[utoipa::path(tag = "organisation", security(("staff" = ["set_up"])), request_body = NewVenue,
    params(("Idempotency-Key" = Uuid, Header, description = "Made before the first attempt; becomes the venue's id.")),
    responses((status = 201, body = Venue, description = "Added.")))]
#[post("/admin/venues")]
pub(crate) async fn create_venue(
    staff: Staff<SetUp>,
    app: Data<App>,
    key: IdempotencyKey,
    body: Body<NewVenue>,
) -> Result<HttpResponse, ApiError> {
    let NewVenue { name, time_zone } = body.into_inner();
    if jiff::tz::TimeZone::get(&time_zone).is_err() {
        return Err(ApiError::field("time_zone", "Give the IANA name of a time zone, for example America/Toronto."));
    }
    let venue = VenueId(key.0);
    let add = AddVenue { venue, name: name.clone(), time_zone: time_zone.clone() };
    app.node.organise(staff.organisation, staff.origin(key.command()), Command::AddVenue(add)).await?;
    let added = Venue::of(venue, organisation::Venue { name: name.trim().to_owned(), time_zone });
    Ok(HttpResponse::Created().json(added))
}
