//! The lock: the sold ledger is sealed, one way (RDP-1 step 3, D-04).

use super::{Context, Decision, DrawStatus, Event, Raffle, Rejection, SealedLedger, Status};
use crate::draw::{LedgerPublicKey, LockHash};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Seals the ledger of a draw. The shell has computed the root off the actor, from the state at the
/// journal's end that the lock names; if anything was recorded since, the lock is outdated and is made anew.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LockDraw {
    /// The draw.
    pub draw_no: u32,
    /// The lock as computed and signed.
    pub lock: SealedLedger,
}

/// A lock may not claim to be much older than its recording.
const LOCK_AGE_MAX_MS: u64 = 60_000;

/// Refuses, in this order: an unknown draw, a draw that is not acknowledged, a raffle that is not
/// reconciled, too short a time since the close, a lock that names another journal head or another
/// instant, counts that are not those of the sold ledger, a signature that does not check out.
pub fn lock_draw(raffle: &Raffle, context: &Context, command: &LockDraw) -> Result<Decision, Rejection> {
    let LockDraw { draw_no, lock } = command;
    let draw = raffle.draw(*draw_no).ok_or(Rejection::UnknownDraw)?;
    if draw.status != DrawStatus::Acknowledged {
        return Err(Rejection::WrongDrawStatus { status: draw.status });
    }
    may_lock(raffle, context.at)?;
    let at_ms = context.at.as_millis();
    let recent = lock.closed_at_ms <= at_ms
        && at_ms - lock.closed_at_ms <= LOCK_AGE_MAX_MS
        && lock.closed_at_ms >= context.head.at.as_millis();
    if lock.close_seq != context.head.seq || lock.journal_head != context.head.hash || !recent {
        return Err(Rejection::LockOutdated);
    }
    let eligible = raffle.orders.values().filter(|order| order.eligible());
    let ranges: usize = eligible.filter_map(|order| order.ticket.as_ref()).map(|ticket| ticket.ranges.len()).sum();
    if lock.sold_count == 0 || lock.sold_count != raffle.identity().sold || lock.range_count != ranges as u64 {
        return Err(Rejection::DrawInvalid);
    }
    let plan = raffle.plan(*draw_no).ok_or(Rejection::UnknownDraw)?;
    let mut sealed = draw.clone();
    sealed.lock = Some(lock.clone());
    let signed = sealed.signed_lock().ok_or(Rejection::DrawInvalid)?;
    let lock_hash: LockHash = signed.lock.hash(&plan.hash());
    let ledger_pk: LedgerPublicKey = plan.ledger_pk;
    if lock_hash.0 != lock.lock_hash.0 || !signed.is_signed(&lock_hash, &ledger_pk) {
        return Err(Rejection::DrawInvalid);
    }
    Decision::done(vec![Event::DrawLocked { draw_no: *draw_no, lock: lock.clone() }])
}

/// Whether a draw of this raffle may be sealed at `at`; the shell asks before it computes.
///
/// # Errors
/// As [`lock_draw`], for the parts that do not depend on the lock.
pub fn may_lock(raffle: &Raffle, at: Timestamp) -> Result<(), Rejection> {
    // The acknowledgement is on record exactly while the raffle is `reconciled` (L-06, I9).
    if raffle.status != Status::Reconciled || raffle.acknowledgement.is_none() {
        return Err(Rejection::WrongStatus { status: raffle.status });
    }
    let gap = raffle.profile.as_ref().map(|profile| profile.close_to_draw_min).unwrap_or_default();
    let earliest = raffle.closed_at.unwrap_or_default() + gap;
    if at < earliest {
        return Err(Rejection::TooEarly { wait_ms: earliest.since(at).0.div_ceil(1_000) });
    }
    if raffle.identity().sold == 0 {
        return Err(Rejection::NothingSold);
    }
    Ok(())
}
