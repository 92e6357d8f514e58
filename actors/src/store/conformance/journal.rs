//! Claims, appends, fencing, repetition, loading.

use super::fixture::{Case, Owner, follow, ok, tickets};
use crate::store::{Append, Appended, TicketFilter};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::journal::Head;
use futures_util::future::join_all;

use Appended::{Committed, Fenced};

pub(super) async fn an_empty_journal_is_claimed(case: &Case<'_>) {
    let stream = case.stream(1);
    for epoch in 1..=3 {
        let loaded = ok(case.store.claim(stream)).await;
        assert_eq!(loaded.epoch, epoch);
        assert_eq!(loaded.head, Head::default());
        assert!(loaded.snapshot.is_none() && loaded.tail.is_empty());
    }
    assert!(ok(case.store.heads()).await.iter().all(|head| head.stream != stream), "it has no end yet");
    assert!(ok(case.store.records(stream, 0, 10)).await.is_empty());
}

pub(super) async fn events_come_back_as_written_i7(case: &Case<'_>) {
    let mut owner = case.owner(1).await;
    let payloads: [&[u8]; 6] = [
        b"{ \"b\" : 1,\n\t\"a\":1.0 }",
        "{\"é\":\"\u{1F3AB}\"}".as_bytes(),
        b"",
        b"\0\xff\xfe'\"\\",
        b"{}",
        &[0x80; 10_000],
    ];
    let written = [owner.next(&payloads, vec![]), owner.one(vec![])];
    case.commit(&written).await;
    let expected: Vec<_> = written.into_iter().flat_map(|append| append.records).collect();

    let loaded = ok(case.store.claim(owner.stream)).await;
    assert_eq!(loaded.tail, expected);
    assert_eq!(loaded.head, owner.head);
    assert_eq!(loaded.epoch, owner.epoch + 1);
    let mut head = Head::default();
    follow(&mut head, &loaded.tail);
    assert_eq!(head, loaded.head);

    assert_eq!(ok(case.store.records(owner.stream, 0, 100)).await, expected);
    assert_eq!(ok(case.store.records(owner.stream, 2, 3)).await, expected[2..5]);
    assert!(ok(case.store.records(owner.stream, 7, 3)).await.is_empty());
    assert!(ok(case.store.records(owner.stream, u64::MAX, 3)).await.is_empty());
    let heads = ok(case.store.heads()).await;
    let stored = heads.iter().find(|head| head.stream == owner.stream).expect("it has an end now");
    assert_eq!((stored.head, stored.epoch), (owner.head, owner.epoch + 1));

    // The organisation's own journal is another one.
    let mut own = case.organisation_owner().await;
    case.commit(&[own.one(vec![])]).await;
    assert_eq!(ok(case.store.claim(own.stream)).await.tail.len(), 1);
    assert_eq!(ok(case.store.records(owner.stream, 0, 100)).await.len(), 7);
}

pub(super) async fn claims_fence_older_owners_i11(case: &Case<'_>) {
    let mut first = case.owner(1).await;
    case.commit(&[first.one(vec![])]).await;
    let mut second = Owner::new(first.stream, &ok(case.store.claim(first.stream)).await);
    let mut third = Owner::new(first.stream, &ok(case.store.claim(first.stream)).await);
    assert!(first.epoch < second.epoch && second.epoch < third.epoch);
    assert_eq!(case.append(&[first.one(vec![])]).await, [Fenced], "two claims ago");
    assert_eq!(case.append(&[second.one(vec![])]).await, [Fenced], "one claim ago");
    assert_eq!(case.append(&[third.one(vec![])]).await, [Committed]);
    let mut ahead = third.clone();
    ahead.epoch += 1;
    assert_eq!(case.append(&[ahead.one(vec![])]).await, [Fenced], "an epoch nobody claimed");
    assert_eq!(ok(case.store.records(first.stream, 0, 10)).await.len(), 2);
}

pub(super) async fn gaps_and_strangers_are_fenced(case: &Case<'_>) {
    let mut owner = case.owner(1).await;
    case.commit(&[owner.next(&[b"1", b"2", b"3"], vec![])]).await;
    let start = owner.clone();

    owner.one(vec![]);
    assert_eq!(case.append(&[owner.one(vec![])]).await, [Fenced], "a gap");
    let mut other = start.clone();
    other.head.hash = Bytes([9; 32]);
    assert_eq!(case.append(&[other.one(vec![])]).await, [Fenced], "another chain");
    let mut earlier = Owner { head: Head::default(), ..start.clone() };
    assert_eq!(case.append(&[earlier.next(&[b"1", b"other", b"3"], vec![])]).await, [Fenced], "another past");
    let mut longer = Owner { head: Head::default(), ..start.clone() };
    let overlapping = longer.next(&[b"1", b"2", b"3", b"4"], vec![]);
    assert_eq!(case.append(&[overlapping]).await, [Fenced], "half of it is there");
    let nothing = Append { stream: start.stream, epoch: start.epoch, records: vec![], rows: vec![] };
    assert_eq!(case.append(&[nothing]).await, [Fenced], "no event at all");
    let mut torn = start.clone().next(&[b"4", b"5", b"6"], vec![]);
    torn.records.remove(1);
    assert_eq!(case.append(&[torn]).await, [Fenced], "a hole in it");
    let mut foreign = start.clone().one(vec![]);
    foreign.records[0].0.raffle = case.stream(2).raffle;
    assert_eq!(case.append(&[foreign]).await, [Fenced], "another journal's event");
    let unclaimed = Owner { stream: case.stream(3), epoch: 1, head: Head::default() }.one(vec![]);
    assert_eq!(case.append(&[unclaimed]).await, [Fenced], "a journal nobody claimed");

    case.commit(&[start.clone().one(vec![])]).await;
    assert!(case.append(&[]).await.is_empty());
    let mut head = Head::default();
    follow(&mut head, &ok(case.store.records(start.stream, 0, 10)).await);
    assert_eq!(head.seq, 4);
}

pub(super) async fn a_repeated_batch_is_committed_once(case: &Case<'_>) {
    let (mut a, mut b) = (case.owner(1).await, case.owner(2).await);
    let sale = |owner: &Owner, order: u32| tickets([case.ticket(owner.stream.raffle, order, owner.head.seq + 1, 1, 5)]);
    let (of_a, of_b) = (sale(&a, 10), sale(&b, 11));
    let batch = [a.one(of_a), b.one(of_b), a.next(&[b"x", b"y"], vec![])];
    case.commit(&batch).await;
    let dumps = [ok(case.store.dump(a.stream)).await, ok(case.store.dump(b.stream)).await];

    // The answer was lost: the same again, whole and in parts, and also after somebody else took over.
    case.commit(&batch).await;
    case.commit(&batch[1..]).await;
    let mut heir = Owner::new(a.stream, &ok(case.store.claim(a.stream)).await);
    case.commit(&batch).await;
    case.commit(&[heir.one(vec![])]).await;
    case.commit(&batch).await;

    // Half there, half new.
    let next = b.one(vec![]);
    case.commit(&[batch[1].clone(), next.clone()]).await;
    case.commit(&[next.clone(), next]).await;
    assert_eq!(dumps, [ok(case.store.dump(a.stream)).await, ok(case.store.dump(b.stream)).await], "rows apply once");
    assert_eq!(ok(case.store.records(a.stream, 0, 10)).await.len(), 4);
    assert_eq!(ok(case.store.records(b.stream, 0, 10)).await.len(), 2);

    // At once and several times over, as retries of a slow commit may come.
    let next = [heir.one(sale(&heir, 20).into_iter().map(|row| shift(row, 100)).collect()), b.one(vec![])];
    let outcomes = join_all((0..6).map(|_| case.append(&next))).await;
    assert!(outcomes.iter().flatten().all(|outcome| *outcome == Committed), "{outcomes:?}");
    assert_eq!(ok(case.store.tickets(a.stream.raffle, all())).await.len(), 2);
}

fn shift(row: crate::store::Row, by: u64) -> crate::store::Row {
    match row {
        crate::store::Row::Ticket(mut row) => {
            row.ranges =
                row.ranges.iter().map(|range| super::fixture::range(range.first() + by, range.count())).collect();
            crate::store::Row::Ticket(row)
        }
        other => other,
    }
}

fn all() -> TicketFilter {
    TicketFilter { limit: 1_000, ..TicketFilter::default() }
}

pub(super) async fn a_fenced_journal_harms_no_other(case: &Case<'_>) {
    let mut owners = Vec::new();
    for number in 1..=6 {
        owners.push(case.owner(number).await);
    }
    // Two of six lose their journals to somebody else.
    for number in [2, 5] {
        ok(case.store.claim(case.stream(number))).await;
    }
    let batch: Vec<Append> = owners
        .iter_mut()
        .zip(100..)
        .flat_map(|(owner, order)| {
            let sale = tickets([case.ticket(owner.stream.raffle, order, 1, 1, 3)]);
            [owner.one(sale), owner.one(vec![])]
        })
        .collect();
    let expected: Vec<Appended> =
        (1..=6).flat_map(|number| [if [2, 5].contains(&number) { Fenced } else { Committed }; 2]).collect();
    assert_eq!(case.append(&batch).await, expected);
    assert_eq!(case.append(&batch).await, expected, "and again");
    for (number, owner) in (1..).zip(&owners) {
        let fenced = [2, 5].contains(&number);
        assert_eq!(ok(case.store.records(owner.stream, 0, 10)).await.len(), if fenced { 0 } else { 2 });
        assert_eq!(ok(case.store.tickets(owner.stream.raffle, all())).await.len(), usize::from(!fenced));
    }
}

pub(super) async fn one_journal_many_appends(case: &Case<'_>) {
    let mut owner = case.owner(1).await;
    let mut other = case.owner(2).await;
    // Not side by side, but in order.
    let batch =
        [owner.one(vec![]), other.one(vec![]), owner.next(&[b"a", b"b"], vec![]), other.one(vec![]), owner.one(vec![])];
    case.commit(&batch).await;
    assert_eq!(ok(case.store.claim(owner.stream)).await.head, owner.head);

    // Decided in two epochs: the older half is too late.
    let mut heir = Owner::new(owner.stream, &ok(case.store.claim(owner.stream)).await);
    let mixed = [owner.one(vec![]), heir.one(vec![]), other.one(vec![])];
    assert_eq!(case.append(&mixed).await, [Fenced, Committed, Committed]);
}

pub(super) async fn snapshots_shorten_the_tail(case: &Case<'_>) {
    let mut owner = case.owner(1).await;
    let written = owner.next(&[b"1", b"2", b"3", b"4", b"5"], vec![]);
    case.commit(std::slice::from_ref(&written)).await;
    let big = vec![0xa5; 3_000_000];
    for (seq, bytes) in [(1, vec![1]), (2, vec![]), (3, big.clone())] {
        ok(case.store.save_snapshot(owner.stream, seq, bytes)).await;
    }
    ok(case.store.save_snapshot(owner.stream, 6, vec![6])).await;
    let loaded = ok(case.store.claim(owner.stream)).await;
    assert_eq!(loaded.snapshot, Some((3, big)), "the newest that is not ahead of the journal");
    // Read beside the owner, it is the same, and claims nothing.
    assert_eq!(ok(case.store.snapshot(owner.stream)).await, loaded.snapshot);
    assert_eq!(ok(case.store.snapshot(case.stream(2))).await, None);
    assert_eq!(ok(case.store.claim(owner.stream)).await.epoch, loaded.epoch + 1);
    assert_eq!(loaded.tail, written.records[3..]);
    assert_eq!(loaded.head, owner.head);
    ok(case.store.save_snapshot(owner.stream, 5, vec![5])).await;
    ok(case.store.save_snapshot(owner.stream, 5, vec![55])).await;
    let loaded = ok(case.store.claim(owner.stream)).await;
    assert_eq!(loaded.snapshot, Some((5, vec![55])), "the later of two");
    assert!(loaded.tail.is_empty());
    ok(case.store.save_snapshot(case.stream(2), 1, vec![1])).await;
    assert!(ok(case.store.claim(case.stream(2))).await.snapshot.is_none());
}

pub(super) async fn owners_race_and_one_wins_i11(case: &Case<'_>) {
    let stream = case.stream(1);
    for round in 0..5u64 {
        let owners = join_all((0..4).map(|_| case.store.claim(stream))).await;
        let mut batches = Vec::new();
        for (number, loaded) in owners.into_iter().enumerate() {
            let loaded = loaded.unwrap_or_else(|problem| panic!("the store failed: {problem}"));
            let payload = format!("{round}/{number}");
            batches.push([Owner::new(stream, &loaded).next(&[payload.as_bytes()], vec![])]);
        }
        let mut epochs: Vec<u64> = batches.iter().map(|batch| batch[0].epoch).collect();
        let newest = *epochs.iter().max().expect("four owners");
        let outcomes = join_all(batches.iter().map(|batch| case.append(batch))).await;
        for (batch, outcome) in batches.iter().zip(outcomes) {
            assert_eq!(outcome == [Committed], batch[0].epoch == newest, "only the newest owner writes");
        }
        epochs.sort_unstable();
        epochs.dedup();
        assert_eq!(epochs.len(), 4, "each claim has an epoch of its own");
        assert_eq!(ok(case.store.records(stream, 0, 100)).await.len() as u64, round + 1);
    }
    // Two with one epoch, as one owner's confused halves would be: one event stands at a number.
    let owner = Owner::new(stream, &ok(case.store.claim(stream)).await);
    let batches: Vec<[Append; 1]> = (0..8u8).map(|number| [owner.clone().next(&[&[number]], vec![])]).collect();
    let outcomes = join_all(batches.iter().map(|batch| case.append(batch))).await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == [Committed]).count(), 1, "{outcomes:?}");
}

pub(super) async fn many_journals_at_once(case: &Case<'_>) {
    let writers = (1..=12).map(|number| async move {
        let mut owner = case.owner(number).await;
        for round in 0..8 {
            let seq = owner.head.seq + 1;
            let sale = case.ticket(owner.stream.raffle, number * 100 + round, seq, u64::from(round) * 10 + 1, 10);
            let append = owner.one(tickets([sale]));
            case.commit(&[append]).await;
        }
        owner
    });
    for owner in join_all(writers).await {
        let loaded = ok(case.store.claim(owner.stream)).await;
        let mut head = Head::default();
        follow(&mut head, &loaded.tail);
        assert_eq!((head, loaded.head), (owner.head, owner.head));
        assert_eq!(ok(case.store.tickets(owner.stream.raffle, all())).await.len(), 8);
    }
}
