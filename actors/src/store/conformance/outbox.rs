//! Cursors of notification targets, and what there is to tell.

use super::fixture::{Case, Owner, ok};
use crate::store::{
    FactRow, OutboxCursor, OutboxDue, OutboxEvent, OutboxLag, OutboxRefused, Row, SignificantRow, StreamId,
};
use drumroll_engine::raffle::{Kind, Status};
use drumroll_engine::time::Timestamp;

/// A target that no other case has.
fn target(case: &Case<'_>, name: &str) -> String {
    format!("{name}-{}", drumroll_engine::hex::encode(&case.id(0)))
}

fn fact(owner: &Owner, position: u64) -> Row {
    let (raffle, seq) = (owner.stream.raffle, owner.head.seq + 1);
    Row::Fact(FactRow { raffle, position, seq, at: at(seq), kind: "opened".into(), data: format!("{{\"n\":{seq}}}") })
}

fn significant(owner: &Owner) -> Row {
    let StreamId { organisation, raffle } = owner.stream;
    let seq = owner.head.seq + 1;
    Row::Significant(SignificantRow {
        organisation,
        raffle,
        seq,
        at: at(seq),
        code: "rsu_lost".into(),
        component: "rsu:1".into(),
        actor: "system".into(),
        detail: "operator Somebody".into(),
    })
}

const fn at(seq: u64) -> Timestamp {
    Timestamp(1_000 * seq)
}

/// Appends one event with these rows.
async fn happen(case: &Case<'_>, owner: &mut Owner, rows: Vec<Row>) {
    case.commit(&[owner.one(rows)]).await;
}

/// What is due in this case's organisation.
async fn due(case: &Case<'_>, target: &str) -> Vec<OutboxDue> {
    let mut all = ok(case.store.outbox_due(target, None, 100_000)).await;
    all.retain(|due| due.stream.organisation == case.organisation());
    all
}

/// Moves a cursor, every event up to `to` told.
async fn told(case: &Case<'_>, target: &str, stream: StreamId, from: u64, to: u64) -> bool {
    let (from, to) = (OutboxCursor { seq: from, told: from }, OutboxCursor { seq: to, told: to });
    ok(case.store.move_outbox(target, stream, from, to, None)).await
}

/// A fact, a significant event and both at once are each told of once, whole and in order; a sale is not.
pub(super) async fn events_to_tell_of_in_order(case: &Case<'_>) {
    let mut owner = case.owner(1).await;
    let both = vec![fact(&owner, 1), significant(&owner), Row::Raffle(Box::new(case.raffle(1, Status::Selling, 5)))];
    happen(case, &mut owner, both).await;
    happen(case, &mut owner, vec![]).await;
    let rows = vec![significant(&owner)];
    happen(case, &mut owner, rows).await;
    let rows = vec![fact(&owner, 2)];
    happen(case, &mut owner, rows).await;
    let raffle = Some((1, Kind::Live));
    let event = |seq: u64, is_fact: bool, is_significant: bool| OutboxEvent {
        seq,
        at: at(seq),
        raffle,
        fact: is_fact.then(|| ("opened".to_owned(), format!("{{\"n\":{seq}}}"))),
        significant: is_significant.then(|| ("rsu_lost".to_owned(), "rsu:1".to_owned())),
    };
    let expected = [event(1, true, true), event(3, false, true), event(4, true, false)];
    let read = async |after, limit| ok(case.store.outbox_events(owner.stream, after, limit)).await;
    assert_eq!(read(0, 10).await, expected);
    assert_eq!(read(0, 2).await, expected[..2]);
    assert_eq!(read(1, 10).await, expected[1..]);
    assert_eq!(read(4, 10).await, []);

    let mut own = case.organisation_owner().await;
    let rows = vec![significant(&own)];
    happen(case, &mut own, rows).await;
    let of_the_organisation = OutboxEvent { raffle: None, ..event(1, false, true) };
    assert_eq!(ok(case.store.outbox_events(own.stream, 0, 10)).await, [of_the_organisation]);

    // A rebuild writes the same rows again, and whoever was told of them is not told again.
    let name = target(case, "rebuilt");
    ok(case.store.join_outbox(&name, true, Timestamp(1))).await;
    assert!(told(case, &name, owner.stream, 0, 4).await && told(case, &name, own.stream, 0, 1).await);
    let again =
        [(1, true, true), (3, false, true), (4, true, false)].into_iter().flat_map(|(seq, is_fact, is_known)| {
            let stand = Owner { head: drumroll_engine::journal::Head { seq: seq - 1, ..owner.head }, ..owner.clone() };
            let position = if seq == 1 { 1 } else { 2 };
            let fact = is_fact.then(|| fact(&stand, position));
            fact.into_iter().chain(is_known.then(|| significant(&stand)))
        });
    ok(case.store.rebuild(owner.stream, again.collect())).await;
    assert_eq!(read(0, 10).await.len(), 3);
    assert_eq!(due(case, &name).await, []);
}

/// A new target hears what comes, and everything only if it asks for it; joining again changes nothing.
pub(super) async fn a_target_joins_once(case: &Case<'_>) {
    let mut owner = case.owner(1).await;
    let rows = vec![fact(&owner, 1)];
    happen(case, &mut owner, rows).await;
    let (late, curious) = (target(case, "late"), target(case, "curious"));
    assert!(ok(case.store.join_outbox(&late, false, Timestamp(7))).await);
    assert!(ok(case.store.join_outbox(&curious, true, Timestamp(7))).await);
    assert_eq!(due(case, &late).await, []);
    let all = [OutboxDue { stream: owner.stream, cursor: OutboxCursor::default() }];
    assert_eq!(due(case, &curious).await, all);

    let rows = vec![fact(&owner, 2)];
    happen(case, &mut owner, rows).await;
    let mut other = case.owner(2).await;
    let rows = vec![significant(&other)];
    happen(case, &mut other, rows).await;
    let news = [
        OutboxDue { stream: owner.stream, cursor: OutboxCursor { seq: 1, told: 0 } },
        OutboxDue { stream: other.stream, cursor: OutboxCursor::default() },
    ];
    assert_eq!(due(case, &late).await, news);
    for history in [false, true] {
        assert!(!ok(case.store.join_outbox(&late, history, Timestamp(9))).await, "it is known");
    }
    assert_eq!(due(case, &late).await, news, "what it has not heard is still to come");
}

/// Of two nodes that move one cursor, one does; nobody moves it back, and nobody else's moves with it.
pub(super) async fn a_cursor_moves_once_and_forwards(case: &Case<'_>) {
    let (mut owner, mut other) = (case.owner(1).await, case.owner(2).await);
    for position in 1..=5 {
        let rows = vec![fact(&owner, position)];
        happen(case, &mut owner, rows).await;
    }
    let rows = vec![fact(&other, 1)];
    happen(case, &mut other, rows).await;
    let (one, two) = (target(case, "one"), target(case, "two"));
    for name in [&one, &two] {
        ok(case.store.join_outbox(name, true, Timestamp(1))).await;
    }
    assert!(told(case, &one, owner.stream, 0, 2).await);
    assert!(!told(case, &one, owner.stream, 0, 1).await, "somebody was faster");
    assert!(!told(case, &one, owner.stream, 1, 5).await, "it does not stand there");
    let position = async |name: &str| due(case, name).await.into_iter().map(|due| due.cursor.seq).collect::<Vec<_>>();
    assert_eq!(position(&one).await, [2, 0]);
    assert_eq!(position(&two).await, [0, 0]);
    let race = futures_util::future::join_all((3..=5).map(|to| told(case, &one, owner.stream, 2, to))).await;
    assert_eq!(race.iter().filter(|won| **won).count(), 1, "{race:?}");
    assert_eq!(position(&two).await, [0, 0]);
    assert!(told(case, &one, other.stream, 0, 1).await);

    // Page by page, in the order of the keys.
    let first = ok(case.store.outbox_due(&two, Some(StreamId::organisation(case.organisation())), 1)).await;
    assert_eq!(first[0].stream, owner.stream);
    let second = ok(case.store.outbox_due(&two, Some(first[0].stream), 1)).await;
    assert_eq!(second[0].stream, other.stream);
}

/// A refused message is kept with the move that passes it by, or not at all; the lag counts what is left.
pub(super) async fn a_refused_message_is_on_record(case: &Case<'_>) {
    let mut owner = case.owner(1).await;
    let rows = vec![fact(&owner, 1), significant(&owner)];
    happen(case, &mut owner, rows).await;
    happen(case, &mut owner, vec![]).await;
    for position in 2..=3 {
        let rows = vec![fact(&owner, position)];
        happen(case, &mut owner, rows).await;
    }
    let name = target(case, "strict");
    ok(case.store.join_outbox(&name, true, Timestamp(1))).await;
    // Other cases' events are new to this target as well.
    let lag = async || ok(case.store.outbox_lag(&name)).await;
    let before = lag().await;
    assert!(before.events >= 3 && before.refused == 0, "{before:?}");
    let refused = OutboxRefused {
        stream: owner.stream,
        seq: 1,
        at: Timestamp(50),
        kind: "opened".into(),
        tries: 5,
        problem: "InvalidParameter".into(),
    };
    let (start, past) = (OutboxCursor::default(), OutboxCursor { seq: 1, told: 1 });
    assert!(ok(case.store.move_outbox(&name, owner.stream, start, past, Some(refused.clone()))).await);
    let other = OutboxRefused { seq: 3, ..refused.clone() };
    assert!(!ok(case.store.move_outbox(&name, owner.stream, start, past, Some(other))).await);
    assert_eq!(ok(case.store.outbox_refused(&name, 10)).await, [refused]);
    assert_eq!(ok(case.store.outbox_refused("nobody", 10)).await, []);
    let after = lag().await;
    assert_eq!((after.events, after.refused), (before.events - 1, 1), "a fact that is significant too counts once");

    let fresh = target(case, "fresh");
    ok(case.store.join_outbox(&fresh, false, Timestamp(1))).await;
    assert_eq!(ok(case.store.outbox_lag(&fresh)).await, OutboxLag::default());
    let seq = owner.head.seq;
    let rows = vec![fact(&owner, 4), significant(&owner)];
    happen(case, &mut owner, rows).await;
    let lag = ok(case.store.outbox_lag(&fresh)).await;
    assert_eq!(lag, OutboxLag { events: 1, oldest_at: Some(at(seq + 1)), refused: 0 });
}
