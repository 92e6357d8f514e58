//! What happens by itself when time passes: holds end, sales close (L-04).

use super::{Context, Decision, Event, HoldEnd, Raffle, Rejection};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Records everything that is due. The actor sends it at [`Raffle::next_due`], before any other command
/// that finds something due, and on waking up, so that a restart across the close changes nothing.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PassTime;

/// How many holds end in one decision: a batch stays small, the rest follows at once.
const HOLDS_MAX: usize = 1_000;

/// Never refuses.
pub fn pass_time(raffle: &Raffle, context: &Context, _: PassTime) -> Result<Decision, Rejection> {
    let closing = raffle.status.on_sale() && context.at >= raffle.closes_at;
    let due = raffle.holds.iter().filter(|(expires_at, _)| closing || *expires_at <= context.at);
    let mut events: Vec<Event> = due
        .take(HOLDS_MAX)
        .map(|(expires_at, order)| Event::HoldEnded { order: *order, end: raffle.hold_end(*expires_at) })
        .collect();
    if closing && events.len() < HOLDS_MAX {
        events.push(Event::SalesClosed);
        // Nothing to wait for where no handheld takes part, or all left early.
        if raffle.devices.values().all(super::Device::settled) {
            events.push(Event::ReconciliationStarted);
        }
    }
    Decision::done(events)
}

impl Raffle {
    /// What ends a hold that lasts until `expires_at`: its own time, or the close that cut it short.
    pub(super) fn hold_end(&self, expires_at: Timestamp) -> HoldEnd {
        if expires_at < self.closes_at { HoldEnd::Expired } else { HoldEnd::Closed }
    }
}
