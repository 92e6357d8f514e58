//! Publishing: a separate, confirmed step (GLI-31 §2.6.5).

use super::{Decision, DrawStatus, Event, Raffle, Rejection};
use crate::bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Confirms the result for every screen. The caller repeats the seal he sees, so that nobody publishes
/// a draw he is not looking at.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PublishDraw {
    /// The draw.
    pub draw_no: u32,
    /// Its lock hash as seen.
    pub lock_hash: Bytes<32>,
}

/// Refuses, in this order: an unknown draw, a draw without winners, another draw's seal. Publishing
/// twice is harmless.
pub fn publish_draw(raffle: &Raffle, command: &PublishDraw) -> Result<Decision, Rejection> {
    let draw = raffle.draw(command.draw_no).ok_or(Rejection::UnknownDraw)?;
    let published = matches!(draw.status, DrawStatus::Published | DrawStatus::Settled);
    if !published && draw.status != DrawStatus::Drawn {
        return Err(Rejection::WrongDrawStatus { status: draw.status });
    }
    if draw.lock.as_ref().map(|lock| lock.lock_hash) != Some(command.lock_hash) {
        return Err(Rejection::LockHashDiffers);
    }
    Decision::done(if published { vec![] } else { vec![Event::DrawPublished { draw_no: command.draw_no }] })
}
