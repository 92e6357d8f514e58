//! The winners go on record before anybody sees them (D-05, GLI-31 §4.2.1).

use super::{Decision, DrawStatus, Event, Raffle, Rejection, Slot};
use crate::bytes::Bytes;
use crate::draw::{self, Alpha, Proof, ResultHash, Seed, Signature, vrf};

/// Records the outcome, computed off the actor from what is on record. The same inputs give the same
/// outcome for ever, so a second click finds the first one's winners.
#[derive(Clone, Debug)]
pub struct DrawWinners {
    /// The draw.
    pub draw_no: u32,
    /// The seed.
    pub seed: Bytes<32>,
    /// Slots in plan order, then reserves.
    pub slots: Vec<Slot>,
    /// Hash of the result.
    pub result_hash: Bytes<32>,
    /// The ledger key's signature over it.
    pub signature: Bytes<64>,
}

/// Refuses, in this order: an unknown draw, a draw that is not proven, a wrong number of slots, a seed
/// that does not follow from the recorded proof, a result hash or signature that does not check out.
pub fn draw_winners(raffle: &Raffle, command: &DrawWinners) -> Result<Decision, Rejection> {
    let draw = raffle.draw(command.draw_no).ok_or(Rejection::UnknownDraw)?;
    if draw.result.is_some() {
        return Decision::done(vec![]);
    }
    let (Some(reveals), Some(proof), DrawStatus::Proven) = (draw.reveals(), draw.proof, draw.status) else {
        return Err(Rejection::WrongDrawStatus { status: draw.status });
    };
    let plan = raffle.plan(command.draw_no).ok_or(Rejection::UnknownDraw)?;
    let lock_hash = draw.lock_hash().ok_or(Rejection::DrawInvalid)?;
    let sold_count = draw.lock.as_ref().map_or(0, |lock| lock.sold_count);
    if command.slots.len() as u64 != draw::slots::slot_count(&plan, sold_count) {
        return Err(Rejection::DrawInvalid);
    }
    let alpha = Alpha::derive(&plan.hash(), &lock_hash, &reveals);
    let beta = vrf::verify(&plan.vrf_pk, alpha.as_bytes(), &Proof(proof.0)).map_err(|_| Rejection::DrawInvalid)?;
    let seed = Seed::derive(&alpha, &beta, None);
    let slots = command.slots.iter().map(|slot| draw::Slot { rank: slot.rank, number: slot.number });
    let result = ResultHash::of(&lock_hash, &seed, slots.collect::<Vec<_>>().into_iter());
    let signed = result.is_signed(&plan.ledger_pk, &Signature(command.signature.0));
    if seed.0 != command.seed.0 || result.0 != command.result_hash.0 || !signed {
        return Err(Rejection::DrawInvalid);
    }
    Decision::done(vec![Event::WinnersDrawn {
        draw_no: command.draw_no,
        seed: command.seed,
        slots: command.slots.clone(),
        result_hash: command.result_hash,
        signature: command.signature,
    }])
}
