//! Closing earlier, or later where that is allowed.

use super::{Context, Decision, Event, Raffle, Rejection};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Moves the closing time. Earlier needs a reason; later also needs a profile that allows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MoveClose {
    /// The new closing time; an instant already past closes now.
    pub closes_at: Timestamp,
    /// Whether the caller means an extension, so that a slip of the hand cannot extend.
    pub extend: bool,
    /// Why.
    pub reason: String,
}

/// Refuses, in this order: a raffle that is not on sale, a close that is due, an extension the profile
/// forbids, a time on the wrong side of the present one, a missing reason.
pub fn move_close(raffle: &Raffle, context: &Context, command: &MoveClose) -> Result<Decision, Rejection> {
    if !raffle.status.on_sale() {
        return Err(Rejection::WrongStatus { status: raffle.status });
    }
    if context.at >= raffle.closes_at {
        return Err(Rejection::SalesClosed);
    }
    if command.extend && !raffle.profile.as_ref().is_some_and(|profile| profile.extension) {
        return Err(Rejection::NotAllowed);
    }
    let closes_at = command.closes_at.max(context.at);
    if command.extend != (closes_at > raffle.closes_at) || closes_at == raffle.closes_at {
        return Err(Rejection::BadClosingTime);
    }
    if command.extend && closes_at.since(raffle.opened_at.unwrap_or_default()).0 > super::limits::WINDOW_MAX {
        return Err(Rejection::BadClosingTime);
    }
    let reason = super::rejection::reason(&command.reason)?;
    Decision::done(vec![Event::CloseMoved { closes_at, reason }])
}
