//! The event manager's acknowledgement: without it no winning number can exist (L-06, D-01, I9).

use super::{Acknowledgement, Context, Decision, Event, Raffle, Rejection, Status, blockers};
use serde::{Deserialize, Serialize};

/// Acknowledges the reconciliation, with the counts the person saw.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AcknowledgeReconciliation {
    /// The words agreed to.
    pub statement: String,
    /// Sold numbers as seen.
    pub sold: u64,
    /// Voided numbers as seen.
    pub voided: u64,
    /// Unsold numbers as seen.
    pub unsold: u64,
}

/// Refuses, in this order: a raffle past or before reconciling, open points by name, counts that are not
/// those on record, missing words, a caller who is not a person.
pub fn acknowledge_reconciliation(
    raffle: &Raffle,
    context: &Context,
    command: &AcknowledgeReconciliation,
) -> Result<Decision, Rejection> {
    if raffle.status != Status::Reconciling {
        return Err(Rejection::WrongStatus { status: raffle.status });
    }
    let open = blockers(raffle);
    if !open.is_empty() {
        return Err(Rejection::NotReconciled(open));
    }
    let counts = raffle.identity();
    if (command.sold, command.voided, command.unsold) != (counts.sold, counts.voided, counts.unsold) {
        return Err(Rejection::CountsDiffer);
    }
    let statement = super::rejection::reason(&command.statement)?;
    let by = context.person().ok_or(Rejection::NotAllowed)?;
    let net_minor = raffle.net_minor();
    let prizes = raffle.prize_values();
    let acknowledgement = Acknowledgement { by, at: context.at, statement, counts, net_minor, prizes };
    Decision::done(vec![Event::ReconciliationAcknowledged { acknowledgement }])
}
