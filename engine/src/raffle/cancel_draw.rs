//! Cancelling a draw, before its lock only: afterwards the outcome is determined and an abort would be a
//! free re-roll.

use super::{Decision, DrawStatus, Event, Raffle, Rejection};
use serde::{Deserialize, Serialize};

/// Cancels one draw.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CancelDraw {
    /// The draw.
    pub draw_no: u32,
    /// Why.
    pub reason: String,
}

/// Refuses, in this order: an unknown draw, a sealed ledger, a draw that is over, a missing reason.
pub fn cancel_draw(raffle: &Raffle, command: &CancelDraw) -> Result<Decision, Rejection> {
    let draw = raffle.draw(command.draw_no).ok_or(Rejection::UnknownDraw)?;
    if draw.lock.is_some() {
        return Err(Rejection::Locked);
    }
    if !matches!(draw.status, DrawStatus::Planned | DrawStatus::Acknowledged) {
        return Err(Rejection::WrongDrawStatus { status: draw.status });
    }
    let reason = super::rejection::reason(&command.reason)?;
    Decision::done(vec![Event::DrawCancelled { draw_no: command.draw_no, reason }])
}
