//! A venue.

use super::{Event, Organisation, Rejection, rejection::name};
use crate::id::VenueId;
use serde::{Deserialize, Serialize};

/// Adds a venue. Repeating it is harmless.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddVenue {
    /// The venue.
    pub venue: VenueId,
    /// Its name.
    pub name: String,
    /// IANA name of its time zone.
    pub time_zone: String,
}

/// Refuses, in this order: a bad name or zone, an id that stands for another venue.
pub fn add_venue(state: &Organisation, command: &AddVenue) -> Result<Vec<Event>, Rejection> {
    let (name, time_zone) = (name(&command.name)?, name(&command.time_zone)?);
    if let Some(known) = state.venues.get(&command.venue) {
        return if known.name == name && known.time_zone == time_zone {
            Ok(vec![])
        } else {
            Err(Rejection::TermsDiffer)
        };
    }
    Ok(vec![Event::VenueAdded { venue: command.venue, name, time_zone }])
}
