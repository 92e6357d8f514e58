//! A draft under its event number.

use super::{Answer, Decision, Event, Kind, Raffle, Rejection};
use serde::{Deserialize, Serialize};

/// Creates the raffle of this stream. The event number comes from the organisation's journal, where it
/// was given to this raffle for ever (L-05); repeating the command is harmless.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateRaffle {
    /// Its gapless number, from 1.
    pub event_number: u64,
    /// Its working name.
    pub name: String,
    /// Live or test.
    pub kind: Kind,
}

/// Refuses, in this order: other terms than on record, a name without words.
pub fn create_raffle(raffle: &Raffle, command: &CreateRaffle) -> Result<Decision, Rejection> {
    if raffle.exists() {
        let same = raffle.event_number == command.event_number && raffle.kind == command.kind;
        return if same { Ok(Decision { events: vec![], answer: Answer::Done }) } else { Err(Rejection::RaffleExists) };
    }
    let name = super::rejection::reason(&command.name)?;
    Decision::done(vec![Event::Created {
        raffle: raffle.id,
        event_number: command.event_number,
        name,
        kind: command.kind,
    }])
}
