//! Taking the acknowledgement back, to void a ticket or look again (T-08).

use super::{Decision, Event, Raffle, Rejection, Status};
use serde::{Deserialize, Serialize};

/// Clears the acknowledgement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReopenReconciliation {
    /// Why.
    pub reason: String,
}

/// Refuses, in this order: a raffle that is not reconciled, a sealed ledger, a missing reason.
pub fn reopen_reconciliation(raffle: &Raffle, command: &ReopenReconciliation) -> Result<Decision, Rejection> {
    if raffle.status != Status::Reconciled {
        return Err(Rejection::WrongStatus { status: raffle.status });
    }
    if raffle.locked() {
        return Err(Rejection::Locked);
    }
    let reason = super::rejection::reason(&command.reason)?;
    Decision::done(vec![Event::AcknowledgementCleared { reason }])
}
