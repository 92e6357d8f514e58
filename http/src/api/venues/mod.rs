//! Venues of one's own organisation.

pub mod create;
pub mod list;

use super::Endpoints;
use drumroll_engine::id::VenueId;
use drumroll_engine::organisation;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Adds them.
pub fn endpoints(to: &mut impl Endpoints) {
    to.add(list::list_venues);
    to.add(create::create_venue);
}

/// A venue.
#[derive(Debug, Serialize, ToSchema)]
pub struct Venue {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// IANA name of its time zone.
    pub time_zone: String,
}

impl Venue {
    fn of(id: VenueId, venue: organisation::Venue) -> Self {
        Self { id: Uuid::from_bytes(id.0), name: venue.name, time_zone: venue.time_zone }
    }
}
