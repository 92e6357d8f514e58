//! The house witness shows what it committed to (RDP-1 step 4).

use super::{Decision, DrawStatus, Event, Raffle, Rejection};
use crate::bytes::Bytes;
use crate::draw::{Reveal, Signature};
use serde::{Deserialize, Serialize};

/// Records the reveal of the house witness, made after it saw the lock.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RevealWitness {
    /// The draw.
    pub draw_no: u32,
    /// r.
    pub reveal: Bytes<32>,
    /// The witness's signature over lock hash and r.
    pub signature: Bytes<64>,
}

/// Refuses, in this order: an unknown draw, a draw that is not locked, bytes that do not open the
/// commitment or are not signed. The recorded reveal again is harmless.
pub fn reveal_witness(raffle: &Raffle, command: &RevealWitness) -> Result<Decision, Rejection> {
    let draw = raffle.draw(command.draw_no).ok_or(Rejection::UnknownDraw)?;
    if let Some(known) = draw.house_reveal {
        return if known.reveal == command.reveal { Decision::done(vec![]) } else { Err(Rejection::DrawInvalid) };
    }
    if draw.status != DrawStatus::Locked {
        return Err(Rejection::WrongDrawStatus { status: draw.status });
    }
    let plan = raffle.plan(command.draw_no).ok_or(Rejection::UnknownDraw)?;
    let lock_hash = draw.lock_hash().ok_or(Rejection::DrawInvalid)?;
    let reveal = Reveal { r: command.reveal.0, sig: Signature(command.signature.0) };
    let witness = plan.witnesses.first().ok_or(Rejection::DrawInvalid)?;
    let commitment = crate::draw::Commitment(draw.house_commitment.0);
    if !reveal.opens(&commitment, &plan.hash(), witness) || !reveal.is_signed(&lock_hash, witness) {
        return Err(Rejection::DrawInvalid);
    }
    Decision::done(vec![Event::WitnessRevealed {
        draw_no: command.draw_no,
        witness: 0,
        reveal: command.reveal,
        signature: command.signature,
    }])
}
