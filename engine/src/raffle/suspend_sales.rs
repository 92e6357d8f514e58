//! A pause in sales.

use super::{Context, Decision, Event, Raffle, Rejection, Status};
use serde::{Deserialize, Serialize};

/// Pauses sales on every channel. Orders being paid may complete: their buyers acted before.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SuspendSales {
    /// Why (L-07).
    pub reason: String,
}

/// Refuses, in this order: a raffle that is not selling, a close that is due, a missing reason.
pub fn suspend_sales(raffle: &Raffle, context: &Context, command: &SuspendSales) -> Result<Decision, Rejection> {
    if raffle.status != Status::Selling {
        return Err(Rejection::WrongStatus { status: raffle.status });
    }
    if context.at >= raffle.closes_at {
        return Err(Rejection::SalesClosed);
    }
    let reason = super::rejection::reason(&command.reason)?;
    Decision::done(vec![Event::SalesSuspended { reason }])
}
