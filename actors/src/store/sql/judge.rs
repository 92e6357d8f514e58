//! What an append meets at its journal's end.

use crate::store::{Append, StreamHead, StreamId};
use drumroll_engine::journal::Head;
use std::collections::HashMap;

/// The appends of one journal in a batch, in order.
pub(in crate::store) struct Group<'a> {
    /// The journal.
    pub stream: StreamId,
    /// Place in the batch, and the append.
    pub entries: Vec<(usize, &'a Append)>,
}

/// Gathers a batch by journal, in order of first appearance.
pub(in crate::store) fn groups(batch: &[Append]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut index: HashMap<StreamId, usize> = HashMap::new();
    for (place, append) in batch.iter().enumerate() {
        let at = *index.entry(append.stream).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Group { stream: append.stream, entries: Vec::new() });
        }
        groups[at].entries.push((place, append));
    }
    groups
}

impl<'a> Group<'a> {
    /// Whether it can go in as one piece: whole appends of one epoch, each beginning where the last ended.
    pub(in crate::store) fn linked(&self) -> bool {
        let mut end: Option<(&Append, Head)> = None;
        self.entries.iter().all(|(_, append)| {
            let fits = end.is_none_or(|(before, head)| before.epoch == append.epoch && follows(&head, append));
            end = end_of(append).map(|head| (*append, head));
            fits && whole(append)
        })
    }

    /// The first and the last append. A group has at least one.
    pub(in crate::store) fn ends(&self) -> (&'a Append, &'a Append) {
        (self.entries[0].1, self.entries[self.entries.len() - 1].1)
    }
}

fn end_of(append: &Append) -> Option<Head> {
    append.records.last().map(|(record, hash)| Head { seq: record.seq, hash: (*hash).into(), at: record.at })
}

fn follows(head: &Head, append: &Append) -> bool {
    append
        .records
        .first()
        .is_some_and(|(record, _)| head.seq.checked_add(1) == Some(record.seq) && record.prev == head.hash)
}

/// Whether the append has events, dense, linked and of its own journal. Anything else is no decision of
/// an owner and must not come in.
fn whole(append: &Append) -> bool {
    let own = |(record, _): &(drumroll_engine::journal::Record, [u8; 32])| {
        record.organisation == append.stream.organisation && record.raffle == append.stream.raffle && record.seq > 0
    };
    let linked = append.records.windows(2).all(|pair| {
        let ((before, hash), (after, _)) = (&pair[0], &pair[1]);
        before.seq.checked_add(1) == Some(after.seq) && after.prev.0 == *hash
    });
    !append.records.is_empty() && linked && append.records.iter().all(own)
}

/// What is to become of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Verdict {
    /// It is there already, with its rows.
    Present,
    /// It goes in next.
    Fresh,
    /// Another owner was here.
    Fenced,
}

/// A journal's end while a batch goes in.
pub(in crate::store) struct Position {
    end: Option<StreamHead>,
    accepted: HashMap<u64, [u8; 32]>,
}

impl Position {
    /// From the stored end, if the journal was ever claimed.
    pub(in crate::store) fn new(stored: Option<StreamHead>) -> Self {
        Self { end: stored, accepted: HashMap::new() }
    }

    /// Judges the next append; `stored` is the hash that stands at its last sequence number.
    pub(in crate::store) fn judge(&self, append: &Append, stored: Option<[u8; 32]>) -> Verdict {
        let (Some(StreamHead { stream, epoch, head }), Some(end)) = (&self.end, end_of(append)) else {
            return Verdict::Fenced;
        };
        if *stream != append.stream || !whole(append) {
            return Verdict::Fenced;
        }
        if end.seq <= head.seq {
            // The hash covers everything before it, so the last one answers for the whole append.
            let stands = stored.or_else(|| self.accepted.get(&end.seq).copied());
            return if stands == Some(end.hash.0) { Verdict::Present } else { Verdict::Fenced };
        }
        if *epoch != append.epoch || !follows(head, append) {
            return Verdict::Fenced;
        }
        Verdict::Fresh
    }

    /// Moves on behind an append that went in.
    pub(in crate::store) fn accept(&mut self, append: &Append) {
        if let (Some(stored), Some(end)) = (&mut self.end, end_of(append)) {
            stored.head = end;
            self.accepted.insert(end.seq, end.hash.0);
        }
    }
}
