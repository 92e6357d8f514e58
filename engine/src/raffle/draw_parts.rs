//! A draw's recorded parts in RDP-1's own types, for the shell that computes and the transcript that
//! is published.

use super::{Draw, Raffle};
use crate::draw::{
    Award, Close, Commitment, LockHash, Proof, Reveal, Signature, SignedLock, Slot, Transcript, slots::awards,
};
use crate::ledger::{Ledger, LedgerError};
use serde::Serialize;

/// One winner, or one reserve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Winner {
    /// The prize; `None` for a reserve.
    pub prize_id: Option<u32>,
    /// Its name.
    pub prize_name: Option<String>,
    /// Place among the winners of this prize, or among the reserves, from 1.
    pub position: u32,
    /// Rank among the sold numbers.
    pub rank: u64,
    /// The winning draw number.
    pub number: u64,
    /// What it wins.
    pub value_minor: u64,
}

impl Draw {
    /// The recorded lock as RDP-1's.
    pub fn signed_lock(&self) -> Option<SignedLock> {
        let sealed = self.lock.as_ref()?;
        Some(SignedLock {
            lock: crate::draw::Lock {
                close_seq: sealed.close_seq,
                journal_head: sealed.journal_head.0,
                closed_at_ms: sealed.closed_at_ms,
                range_count: sealed.range_count,
                sold_count: sealed.sold_count,
                ledger_root: sealed.ledger_root.0,
                beacon_round: 0,
                witness_commitments: vec![Commitment(self.house_commitment.0)],
            },
            sig: Signature(sealed.signature.0),
        })
    }

    /// The hash of the recorded lock.
    pub fn lock_hash(&self) -> Option<LockHash> {
        self.lock.as_ref().map(|sealed| LockHash(sealed.lock_hash.0))
    }

    /// The recorded reveals, complete for a plan with the house witness alone.
    pub fn reveals(&self) -> Option<Vec<Reveal>> {
        self.house_reveal.map(|house| vec![Reveal { r: house.reveal.0, sig: Signature(house.signature.0) }])
    }

    /// The recorded proof.
    pub fn vrf_proof(&self) -> Option<Proof> {
        self.proof.map(|proof| Proof(proof.0))
    }
}

impl Raffle {
    /// The sold ledger, checked for order and bounds (RDP-1 step 3). Linear; run it off the actor.
    ///
    /// # Errors
    /// Nothing was sold; anything else would be a broken invariant.
    pub fn ledger(&self) -> Result<Ledger, LedgerError> {
        let (first, last) =
            self.config.as_ref().map_or((0, 0), |config| (config.numbers.first(), config.numbers.last()));
        Ledger::new(self.sold_ledger(), first, last)
    }

    /// The circumstances a lock made now must name.
    pub fn close_facts(&self, head: crate::journal::Head, closed_at_ms: u64) -> Close {
        Close { close_seq: head.seq, journal_head: head.hash.0, closed_at_ms, beacon_round: 0 }
    }

    /// Winners in draw order, then reserves; empty before they are drawn.
    pub fn places(&self, draw_no: u32) -> Vec<Winner> {
        let Some((plan, draw)) = self.plan(draw_no).zip(self.draw(draw_no)) else { return Vec::new() };
        let Some(result) = &draw.result else { return Vec::new() };
        let values = self.prize_values();
        let prizes = self.config.iter().flat_map(|config| &config.prizes);
        let prizes: Vec<_> = prizes.collect();
        awards(&plan)
            .zip(&result.slots)
            .map(|(award, slot)| {
                let (prize_id, position) = match award {
                    Award::Prize { prize_id, position } => (Some(prize_id), position),
                    Award::Reserve { position } => (None, position),
                };
                let name = prize_id.and_then(|id| prizes.iter().find(|prize| prize.id == id));
                let value = values.iter().find(|value| Some(value.prize) == prize_id);
                Winner {
                    prize_id,
                    prize_name: name.map(|prize| prize.name.clone()),
                    position,
                    rank: slot.rank,
                    number: slot.number,
                    value_minor: value.map_or(0, |value| value.value_minor),
                }
            })
            .collect()
    }

    /// The winners alone.
    pub fn winners(&self, draw_no: u32) -> Vec<Winner> {
        self.places(draw_no).into_iter().filter(|place| place.prize_id.is_some()).collect()
    }

    /// The transcript of a drawn draw, complete for any verifier (I10). Linear; run it off the actor.
    pub fn transcript(&self, draw_no: u32) -> Option<Transcript> {
        let draw = self.draw(draw_no)?;
        let result = draw.result.as_ref()?;
        Some(Transcript {
            plan: self.plan(draw_no)?,
            ledger: self.sold_ledger(),
            lock: draw.signed_lock()?,
            reveals: draw.reveals()?,
            vrf_proof: draw.proof?.0.to_vec(),
            beacon: None,
            slots: result.slots.iter().map(|slot| Slot { rank: slot.rank, number: slot.number }).collect(),
            result_sig: Signature(result.signature.0),
            evidence: Vec::new(),
        })
    }
}
