//! The end of a raffle.

use super::{Decision, DrawStatus, Event, Raffle, Rejection, Status};
use serde::{Deserialize, Serialize};

/// Freezes the raffle: every draw is settled.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct FinalizeRaffle;

/// Refuses, in this order: a raffle that is not reconciled, a draw that is not settled or cancelled,
/// sold tickets whose every draw was cancelled.
pub fn finalize_raffle(raffle: &Raffle) -> Result<Decision, Rejection> {
    if raffle.status != Status::Reconciled {
        return Err(Rejection::WrongStatus { status: raffle.status });
    }
    let open = raffle.draws.iter().find(|draw| !matches!(draw.status, DrawStatus::Settled | DrawStatus::Cancelled));
    if let Some(draw) = open {
        return Err(Rejection::WrongDrawStatus { status: draw.status });
    }
    // Tickets that were sold are drawn, or the raffle is cancelled and refunds them.
    if raffle.identity().sold > 0 && raffle.draws.iter().all(|draw| draw.status == DrawStatus::Cancelled) {
        return Err(Rejection::WrongDrawStatus { status: DrawStatus::Cancelled });
    }
    Decision::done(vec![Event::Finalized])
}
