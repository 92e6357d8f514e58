//! Raffles, facts, significant events, draws, organisations.

use super::fixture::{Case, ok};
use crate::store::{DrawRow, FactRow, Row, SignificantFilter, SignificantRow, StreamId};
use drumroll_engine::id::{DrawId, OrganisationId, RaffleId};
use drumroll_engine::raffle::Status;
use drumroll_engine::time::Timestamp;

pub(super) async fn raffles_by_age(case: &Case<'_>) {
    // Three at one instant, so that the id decides.
    let rows = [
        case.raffle(1, Status::Finalized, 10),
        case.raffle(2, Status::Selling, 30),
        case.raffle(3, Status::Draft, 30),
        case.raffle(4, Status::Configured, 30),
        case.raffle(5, Status::Cancelled, 20),
    ];
    let mut batch = Vec::new();
    for (number, row) in (1..).zip(&rows) {
        batch.push(case.owner(number).await.one(vec![Row::Raffle(Box::new(row.clone()))]));
    }
    case.commit(&batch).await;
    let organisation = Some(case.organisation());
    let names = async |organisation, public, after, limit| -> Vec<u64> {
        let rows = ok(case.store.raffles(organisation, public, after, limit)).await;
        rows.iter().filter(|row| row.organisation == case.organisation()).map(|row| row.event_number).collect()
    };
    assert_eq!(names(organisation, false, None, 10).await, [4, 3, 2, 5, 1]);
    assert_eq!(names(organisation, true, None, 10).await, [4, 2, 5, 1], "a draft is not public");
    assert_eq!(names(organisation, false, None, 2).await, [4, 3]);
    let cursor = |row: &crate::store::RaffleRow| Some((row.created_at, row.raffle));
    assert_eq!(names(organisation, false, cursor(&rows[2]), 2).await, [2, 5]);
    assert_eq!(names(organisation, true, cursor(&rows[3]), 2).await, [2, 5]);
    assert_eq!(names(organisation, false, cursor(&rows[0]), 2).await, [0; 0]);
    assert_eq!(names(None, false, None, 10_000).await, [4, 3, 2, 5, 1]);
    assert_eq!(names(None, true, cursor(&rows[1]), 10_000).await, [5, 1]);
    assert_eq!(names(Some(OrganisationId(case.id(99))), false, None, 10).await, [0; 0]);
    assert_eq!(ok(case.store.raffle(rows[0].raffle)).await.as_ref(), Some(&rows[0]));
}

pub(super) async fn facts_by_position(case: &Case<'_>) {
    let mut owner = case.owner(1).await;
    let raffle = owner.stream.raffle;
    let facts: Vec<FactRow> = (1..=5)
        .map(|position| FactRow {
            raffle,
            position,
            seq: position * 10,
            at: Timestamp(position),
            kind: "opened".to_owned(),
            data: format!("{{ \"spaces\" : \"stay\", \"n\":{position} }}"),
        })
        .collect();
    let batch: Vec<_> = facts.iter().map(|fact| owner.one(vec![Row::Fact(fact.clone())])).collect();
    case.commit(&batch).await;
    assert_eq!(ok(case.store.facts(raffle, 0, 100)).await, facts);
    assert_eq!(ok(case.store.facts(raffle, 2, 2)).await, facts[2..4]);
    assert_eq!(ok(case.store.facts(raffle, 5, 2)).await, []);
    assert_eq!(ok(case.store.facts(case.stream(2).raffle, 0, 2)).await, []);
}

pub(super) async fn significant_events_by_any_filter_a02(case: &Case<'_>) {
    let (mut owner, mut own) = (case.owner(1).await, case.organisation_owner().await);
    let line = |stream: StreamId, seq: u64, code: &str, component: &str| SignificantRow {
        organisation: case.organisation(),
        raffle: stream.raffle,
        seq,
        at: Timestamp(seq * 10),
        code: code.to_owned(),
        component: component.to_owned(),
        actor: "system".to_owned(),
        detail: format!("line {seq}"),
    };
    let rows = [
        line(owner.stream, 1, "sales_opened", "raffle:1"),
        line(owner.stream, 2, "ticket_voided", "raffle:1"),
        line(owner.stream, 3, "ticket_voided", "rsu:1"),
        line(own.stream, 4, "access_denied", "server"),
        line(own.stream, 5, "sales_opened", "raffle:1"),
    ];
    let mut batch: Vec<_> = rows[..3].iter().map(|row| owner.one(vec![Row::Significant(row.clone())])).collect();
    batch.extend(rows[3..].iter().map(|row| own.one(vec![Row::Significant(row.clone())])));
    case.commit(&batch).await;

    let none = SignificantFilter { limit: 100, ..SignificantFilter::default() };
    let found = async |filter: &SignificantFilter| -> Vec<u64> {
        let lines = ok(case.store.significant(case.organisation(), filter.clone())).await;
        lines.iter().map(|line| line.seq).collect()
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(found(&none).await, [5, 4, 3, 2, 1], "newest first");
    assert_eq!(found(&SignificantFilter { limit: 2, ..none.clone() }).await, [5, 4]);
    assert_eq!(
        found(&SignificantFilter { from: Some(Timestamp(20)), to: Some(Timestamp(40)), ..none.clone() }).await,
        [3, 2]
    );
    assert_eq!(found(&SignificantFilter { from: Some(Timestamp(u64::MAX)), ..none.clone() }).await, [0; 0]);
    assert_eq!(found(&SignificantFilter { to: Some(Timestamp(u64::MAX)), ..none.clone() }).await.len(), 5);
    assert_eq!(found(&SignificantFilter { code: text("ticket_voided"), ..none.clone() }).await, [3, 2]);
    assert_eq!(found(&SignificantFilter { component: text("raffle:1"), ..none.clone() }).await, [5, 2, 1]);
    let both = SignificantFilter {
        code: text("sales_opened"),
        component: text("raffle:1"),
        to: Some(Timestamp(50)),
        ..none.clone()
    };
    assert_eq!(found(&both).await, [1]);
    let other = ok(case.store.significant(OrganisationId(case.id(99)), none.clone())).await;
    assert_eq!(other, []);
    assert_eq!(ok(case.store.significant(case.organisation(), none)).await[0], rows[4]);
}

pub(super) async fn draws_and_organisations(case: &Case<'_>) {
    let (mut owner, mut own) = (case.owner(1).await, case.organisation_owner().await);
    let draw = DrawRow {
        draw: DrawId(case.id(5)),
        raffle: owner.stream.raffle,
        organisation: case.organisation(),
        draw_no: u32::MAX,
    };
    let name = |name: &str| Row::Organisation { organisation: case.organisation(), name: name.to_owned() };
    case.commit(&[owner.one(vec![Row::Draw(draw)]), own.one(vec![name("Zoé"), name("B first")])]).await;
    assert_eq!(ok(case.store.draw(draw.draw)).await, Some(draw));
    case.commit(&[own.one(vec![name("b Ångström")])]).await;
    let mut second = case.owner(1).await;
    second.stream = StreamId { organisation: OrganisationId(case.id(60)), raffle: RaffleId::NIL };
    let loaded = ok(case.store.claim(second.stream)).await;
    let mut second = super::Owner::new(second.stream, &loaded);
    let row = Row::Organisation { organisation: second.stream.organisation, name: "Z".to_owned() };
    case.commit(&[second.one(vec![row])]).await;
    let listed = ok(case.store.organisations()).await;
    let mine: Vec<_> = listed
        .iter()
        .filter(|(id, _)| [case.organisation(), second.stream.organisation].contains(id))
        .map(|(_, name)| name.as_str())
        .collect();
    assert_eq!(mine, ["Z", "b Ångström"]);
    assert!(listed.is_sorted_by(|a, b| a.1 <= b.1));
}
