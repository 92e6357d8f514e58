//! Appends: a whole batch in one transaction, and journal by journal when something stands in the way.

use super::connect::Lease;
use super::values::{conflict, constraint, failed};
use crate::store::sql::{Phase, Plan, Position, Rows, Verdict, groups, plan, queries, writes};
use crate::store::{Append, Appended, Row, StoreError, StreamId};
use std::time::Duration;
use tracing::error;

/// What became of an attempt.
enum Attempt {
    Committed,
    /// Nothing was written. If rows that stand there forbid it, the reason.
    Refused(Option<StoreError>),
}

pub(super) async fn append(lease: &mut Lease, batch: &[Append]) -> Result<Vec<Appended>, StoreError> {
    let groups = groups(batch);
    if groups.iter().all(|group| group.linked()) {
        let whole: Vec<(&Append, &Append)> = groups.iter().map(|group| group.ends()).collect();
        let appends: Vec<&Append> = batch.iter().collect();
        if let Attempt::Committed = attempt(lease, &whole, &appends).await? {
            return Ok(vec![Appended::Committed; batch.len()]);
        }
    }
    // Somebody is fenced off, or this batch is there already. From here on no journal harms another.
    let mut outcomes = vec![Appended::Fenced; batch.len()];
    for group in groups {
        journal(lease, group.stream, &group.entries, &mut outcomes).await?;
    }
    Ok(outcomes)
}

/// Writes linked appends in one transaction; `ends` are each journal's first and last.
async fn attempt(lease: &mut Lease, ends: &[(&Append, &Append)], appends: &[&Append]) -> Result<Attempt, StoreError> {
    let mut moves = plan::moves();
    for (first, last) in ends {
        plan::advance(&mut moves, first, last);
    }
    let events = plan::events(appends.iter().copied());
    let mut rows = Plan::new();
    for append in appends {
        for row in &append.rows {
            rows.add(append.stream, row);
        }
    }
    let mut opening: Vec<&Rows<'_>> = vec![&moves, &events];
    let (head, rest) = rows.phases().split_first().expect("a plan has a phase");
    opening.extend(head.writes());
    let changed = match lease.pipeline(true, &opening).await {
        Ok(changed) => changed,
        Err(problem) => return refused(lease, &problem).await,
    };
    if changed.first() != Some(&(ends.len() as u64)) {
        lease.rollback().await?;
        return Ok(Attempt::Refused(None));
    }
    for phase in rest {
        if let Err(problem) = put(lease, phase).await {
            return refused(lease, &problem).await;
        }
    }
    // Until this returns the outcome is uncertain; the caller repeats the batch after an error.
    lease.commit().await?;
    Ok(Attempt::Committed)
}

async fn put(lease: &mut Lease, phase: &Phase<'_>) -> Result<(), tokio_postgres::Error> {
    let writes: Vec<&Rows<'_>> = phase.writes().collect();
    if writes.is_empty() { Ok(()) } else { lease.pipeline(false, &writes).await.map(drop) }
}

async fn refused(lease: &mut Lease, problem: &tokio_postgres::Error) -> Result<Attempt, StoreError> {
    if !conflict(problem) {
        return Err(failed(problem));
    }
    lease.rollback().await?;
    Ok(Attempt::Refused(constraint(problem).then(|| failed(problem))))
}

/// Judges the appends of one journal against what stands there, and writes those that are next.
async fn journal(
    lease: &mut Lease,
    stream: StreamId,
    entries: &[(usize, &Append)],
    outcomes: &mut [Appended],
) -> Result<(), StoreError> {
    let mut position = Position::new(lease.rows(&queries::stream_head(stream)).await?.pop());
    let mut fresh: Vec<(usize, &Append)> = Vec::new();
    for (place, append) in entries.iter().copied() {
        let stored = lease.rows(&queries::stored_hash(stream, append.last_seq())).await?.pop();
        match position.judge(append, stored.map(|(_, hash)| hash)) {
            Verdict::Present => outcomes[place] = Appended::Committed,
            Verdict::Fenced => {}
            Verdict::Fresh => {
                position.accept(append);
                fresh.push((place, append));
            }
        }
    }
    if fresh.is_empty() {
        return Ok(());
    }
    let appends: Vec<&Append> = fresh.iter().map(|(_, append)| *append).collect();
    // What was judged may have changed since; the write itself looks again.
    let reason = match attempt(lease, &[(appends[0], appends[appends.len() - 1])], &appends).await? {
        Attempt::Committed => {
            for (place, _) in &fresh {
                outcomes[*place] = Appended::Committed;
            }
            return Ok(());
        }
        Attempt::Refused(reason) => reason,
    };
    if let [(place, append)] = fresh[..] {
        outcomes[place] = settle(lease, stream, append, reason).await?;
        return Ok(());
    }
    // One of them is in the way: those before it go in, those after it no longer follow.
    for (place, append) in fresh {
        Box::pin(journal(lease, stream, &[(place, append)], outcomes)).await?;
    }
    Ok(())
}

/// A single append was refused. If rows forbid it, that is final (T-05). If its journal moved between
/// judging and writing, it is judged once more.
async fn settle(
    lease: &mut Lease,
    stream: StreamId,
    append: &Append,
    reason: Option<StoreError>,
) -> Result<Appended, StoreError> {
    let position = Position::new(lease.rows(&queries::stream_head(stream)).await?.pop());
    let stored = lease.rows(&queries::stored_hash(stream, append.last_seq())).await?.pop();
    match (position.judge(append, stored.map(|(_, hash)| hash)), reason) {
        (Verdict::Present, _) => Ok(Appended::Committed),
        (Verdict::Fenced, _) => Ok(Appended::Fenced),
        (Verdict::Fresh, Some(problem)) => {
            let (seq, raffle) = (append.first_seq(), stream.raffle);
            error!(raffle.id = %raffle, organisation.id = %stream.organisation, seq, error = %problem,
                "an append breaks a constraint and is refused");
            Ok(Appended::Refused)
        }
        // A deadlock, or a lock that was lost: nothing is known against it, so the caller repeats the batch.
        (Verdict::Fresh, None) => Err(StoreError::Unavailable("the journal moved while it was written".to_owned())),
    }
}

/// Replaces a journal's derived rows in one transaction.
pub(super) async fn rebuild(
    lease: &mut Lease,
    stream: StreamId,
    new: &[Row],
    deadline: Duration,
) -> Result<(), StoreError> {
    let ordinals = lease.rows(&queries::account_ordinals(stream.organisation)).await?;
    lease.begin().await?;
    lease.run(&format!("SET LOCAL statement_timeout = {}", deadline.as_millis())).await?;
    for statement in writes::rebuild_begins(stream) {
        lease.execute(&statement).await?;
    }
    // In pieces, so that no statement is huge. Their order is kept, so the result is the same.
    for piece in new.chunks(10_000) {
        let mut plan = Plan::new();
        for row in piece {
            plan.add(stream, row);
        }
        for phase in plan.phases() {
            put(lease, phase).await.map_err(|e| failed(&e))?;
        }
    }
    let ordinals = plan::ordinals(ordinals);
    if !ordinals.rows.is_empty() {
        lease.pipeline(false, &[&ordinals]).await.map_err(|e| failed(&e))?;
    }
    lease.execute(&writes::rebuild_ends(stream)).await?;
    lease.commit().await
}
