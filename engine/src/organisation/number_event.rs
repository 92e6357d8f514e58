//! The gapless series of event numbers (L-05).

use super::{Event, Organisation, Rejection, rejection::name};
use crate::id::RaffleId;
use crate::raffle::Kind;
use serde::{Deserialize, Serialize};

/// Gives a raffle its number, for ever: never reused, not for cancelled nor for test events. Repeating
/// it gives the same number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NumberEvent {
    /// The raffle.
    pub raffle: RaffleId,
    /// Its working name.
    pub name: String,
    /// Live or test.
    pub kind: Kind,
}

/// Refuses, in this order: a bad name, an id that stands for another raffle.
pub fn number_event(state: &Organisation, command: &NumberEvent) -> Result<Vec<Event>, Rejection> {
    let name = name(&command.name)?;
    if let Some(known) = state.events.get(&command.raffle) {
        return if known.name == name && known.kind == command.kind { Ok(vec![]) } else { Err(Rejection::TermsDiffer) };
    }
    Ok(vec![Event::EventNumbered {
        raffle: command.raffle,
        number: state.next_event_number(),
        name,
        kind: command.kind,
    }])
}
