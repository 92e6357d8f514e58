//! The VRF proof: from here the outcome is determined, although nobody has looked (RDP-1 step 6).

use super::{Decision, DrawStatus, Event, Raffle, Rejection};
use crate::bytes::Bytes;
use crate::draw::{Alpha, Proof, vrf};
use serde::{Deserialize, Serialize};

/// Records the proof.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ProveDraw {
    /// The draw.
    pub draw_no: u32,
    /// pi.
    pub proof: Bytes<80>,
}

/// Refuses, in this order: an unknown draw, a draw that is not locked and revealed, a proof that does
/// not hold. The proof is unique, so the recorded one again is harmless.
pub fn prove_draw(raffle: &Raffle, command: &ProveDraw) -> Result<Decision, Rejection> {
    let draw = raffle.draw(command.draw_no).ok_or(Rejection::UnknownDraw)?;
    if draw.proof == Some(command.proof) {
        return Decision::done(vec![]);
    }
    let (Some(reveals), DrawStatus::Locked) = (draw.reveals(), draw.status) else {
        return Err(Rejection::WrongDrawStatus { status: draw.status });
    };
    let plan = raffle.plan(command.draw_no).ok_or(Rejection::UnknownDraw)?;
    let lock_hash = draw.lock_hash().ok_or(Rejection::DrawInvalid)?;
    let alpha = Alpha::derive(&plan.hash(), &lock_hash, &reveals);
    vrf::verify(&plan.vrf_pk, alpha.as_bytes(), &Proof(command.proof.0)).map_err(|_| Rejection::DrawInvalid)?;
    Decision::done(vec![Event::DrawProven { draw_no: command.draw_no, proof: command.proof }])
}
