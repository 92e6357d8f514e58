//! The configuration, before opening.

use super::{Answer, Config, Decision, Event, Raffle, Rejection, Status};
use serde::{Deserialize, Serialize};

/// Sets or replaces the whole configuration of a raffle that has not opened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Configure {
    /// All of it.
    pub config: Config,
}

/// Refuses, in this order: frozen parameters (on record, L-02), an invalid configuration (L-01).
pub fn configure(raffle: &Raffle, command: Configure) -> Result<Decision, Rejection> {
    if !matches!(raffle.status, Status::Draft | Status::Configured) {
        let attempt = format!("configuration of {}", command.config.name.chars().take(80).collect::<String>());
        // The one kind of refusal that is an event: the Exception Report lists attempts (P-02).
        return Ok(Decision {
            events: vec![Event::ChangeRefused { attempt }],
            answer: Answer::Refused(Rejection::Frozen),
        });
    }
    let errors = command.config.errors();
    if !errors.is_empty() {
        return Err(Rejection::InvalidConfig(errors));
    }
    if raffle.config.as_deref() == Some(&command.config) {
        return Decision::done(vec![]);
    }
    Decision::done(vec![Event::Configured { config: Box::new(command.config) }])
}
