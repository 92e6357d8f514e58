//! The step from `closing` to `reconciling` by hand.

use super::{Decision, Event, Raffle, Rejection, Status};
use serde::{Deserialize, Serialize};

/// Begins reconciliation although handhelds are still missing, so that they can be dealt with one by
/// one. It begins by itself when the last one is final.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct StartReconciliation;

/// Refuses a raffle that is not closing.
pub fn start_reconciliation(raffle: &Raffle) -> Result<Decision, Rejection> {
    if raffle.status != Status::Closing {
        return Err(Rejection::WrongStatus { status: raffle.status });
    }
    Decision::done(vec![Event::ReconciliationStarted])
}

/// The event that follows when `settling` is the last device to be settled while closing.
pub(super) fn if_last(raffle: &Raffle, settling: crate::id::DeviceId) -> Option<Event> {
    let rest_settled = raffle.devices.iter().all(|(id, device)| *id == settling || device.settled());
    (raffle.status == Status::Closing && rest_settled).then_some(Event::ReconciliationStarted)
}
