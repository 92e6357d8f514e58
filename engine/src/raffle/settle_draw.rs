//! A draw's prizes are paid or disposed of.

use super::{Decision, DrawStatus, Event, Raffle, Rejection};
use serde::{Deserialize, Serialize};

/// Settles a published draw. The claim workflow with its two people has its own issue; this records how
/// the organisation disposed of the prizes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SettleDraw {
    /// The draw.
    pub draw_no: u32,
    /// How the prizes were disposed of.
    pub reason: String,
}

/// Refuses, in this order: an unknown draw, a draw that is not published, a missing reason.
pub fn settle_draw(raffle: &Raffle, command: &SettleDraw) -> Result<Decision, Rejection> {
    let draw = raffle.draw(command.draw_no).ok_or(Rejection::UnknownDraw)?;
    if draw.status != DrawStatus::Published {
        return Err(Rejection::WrongDrawStatus { status: draw.status });
    }
    let reason = super::rejection::reason(&command.reason)?;
    Decision::done(vec![Event::DrawSettled { draw_no: command.draw_no, reason }])
}
