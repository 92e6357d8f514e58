//! The end of a pause.

use super::{Context, Decision, Event, Raffle, Rejection, Status};
use serde::{Deserialize, Serialize};

/// Lets sales go on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ResumeSales;

/// Refuses, in this order: a raffle that is not suspended, a close that is due.
pub fn resume_sales(raffle: &Raffle, context: &Context, _: &ResumeSales) -> Result<Decision, Rejection> {
    if raffle.status != Status::Suspended {
        return Err(Rejection::WrongStatus { status: raffle.status });
    }
    if context.at >= raffle.closes_at {
        return Err(Rejection::SalesClosed);
    }
    Decision::done(vec![Event::SalesResumed])
}
