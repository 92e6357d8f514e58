//! The winners go on record before anybody sees them (D-05, GLI-31 §4.2.1).

use super::{Decision, DrawStatus, Event, Raffle, Rejection, Slot};
use crate::bytes::Bytes;
use crate::draw::{self, Alpha, Proof, ResultHash, Seed, Signature, vrf};
use serde::{Deserialize, Serialize};

/// Records the outcome, computed off the actor from what is on record. The same inputs give the same
/// outcome for ever, so a second click finds the first one's winners.
#[derive(Clone, Debug, Serialize, Deserialize)]
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

/// Refuses, in this order: an unknown draw, a draw that is not proven, a wrong number of slots, slots that
/// do not follow from the recorded proof and the sold numbers, a seed, result hash or signature that does
/// not check out.
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
    // The signature alone would let whoever holds the ledger key name any winner (D-04).
    let ranks = draw::slots::ranks(&seed, sold_count).map(|(rank, _)| rank);
    if !command.slots.iter().map(|slot| slot.rank).eq(ranks.take(command.slots.len()))
        || !stand_at_their_ranks(raffle, &command.slots)
    {
        return Err(Rejection::DrawInvalid);
    }
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

/// Whether each slot's number is the sold number at its rank. One pass over the orders, without sorting
/// them: the ledger of a league night is long, and this runs on the actor.
fn stand_at_their_ranks(raffle: &Raffle, slots: &[Slot]) -> bool {
    let mut wanted: Vec<(u64, u64)> = slots.iter().map(|slot| (slot.number, slot.rank)).collect();
    wanted.sort_unstable();
    // For each wanted number: sold numbers of its own range below it, and of ranges that end before it
    // but not before the wanted number on its left.
    let mut within: Vec<Option<u64>> = vec![None; wanted.len()];
    let mut before: Vec<u64> = vec![0; wanted.len() + 1];
    let eligible = raffle.orders.values().filter(|order| order.eligible());
    for range in eligible.filter_map(|order| order.ticket.as_ref()).flat_map(|ticket| &ticket.ranges) {
        let inside = wanted.partition_point(|(number, _)| *number < range.first());
        let beyond = wanted.partition_point(|(number, _)| *number <= range.last());
        for index in inside..beyond {
            within[index] = Some(wanted[index].0 - range.first());
        }
        before[beyond] += range.count();
    }
    let mut below = 0;
    wanted.iter().zip(within).zip(before).all(|(((_, rank), within), before)| {
        below += before;
        within.is_some_and(|within| below + within == *rank)
    })
}
