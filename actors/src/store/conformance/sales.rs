//! Tickets, orders, rebuilding.

use super::fixture::{Case, Owner, ok, range, tickets};
use crate::store::{
    Appended, CurvePoint, DrawRow, FactRow, OrderPlace, OrderStatus, Row, SignificantRow, TicketFilter, TicketRef,
    TicketRow, TicketState,
};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{DeviceId, DrawId, OrderKey};
use drumroll_engine::raffle::{Channel, HoldEnd, RefundReason, Status};
use drumroll_engine::time::Timestamp;

use Appended::{Committed, Fenced, Refused};

fn all() -> TicketFilter {
    TicketFilter { limit: 1_000, ..TicketFilter::default() }
}

fn state(ticket: &TicketRow, state: TicketState, reason: Option<&str>, at: u64) -> Row {
    let (raffle, order) = (ticket.raffle, ticket.order);
    Row::TicketState { raffle, order, state, reason: reason.map(str::to_owned), at: Timestamp(at) }
}

pub(super) async fn a_number_is_sold_once_t05(case: &Case<'_>) {
    let (mut owner, mut neighbour) = (case.owner(1).await, case.owner(2).await);
    let raffle = owner.stream.raffle;
    let sale = case.ticket(raffle, 10, 1, 101, 100);
    case.commit(&[owner.one(tickets([sale.clone()]))]).await;

    let wrong = [
        ("the same first number", case.ticket(raffle, 11, 2, 101, 1)),
        ("from below", case.ticket(raffle, 11, 2, 50, 52)),
        ("from above", case.ticket(raffle, 11, 2, 200, 1)),
        ("inside", case.ticket(raffle, 11, 2, 150, 10)),
        ("around", case.ticket(raffle, 11, 2, 1, 1_000)),
        (
            "in its second range",
            TicketRow { ranges: vec![range(1, 5), range(120, 5)], ..case.ticket(raffle, 11, 2, 1, 1) },
        ),
        ("twice in itself", TicketRow { ranges: vec![range(1, 5), range(3, 5)], ..case.ticket(raffle, 11, 2, 1, 1) }),
        ("the same order", TicketRow { order: sale.order, ..case.ticket(raffle, 11, 2, 1, 1) }),
        ("the same validation number", TicketRow { validation: sale.validation, ..case.ticket(raffle, 11, 2, 1, 1) }),
    ];
    for (order, (what, ticket)) in (300..).zip(wrong) {
        let seq = neighbour.head.seq + 1;
        let good = case.ticket(neighbour.stream.raffle, order, seq, 101 + seq, 1);
        let batch = [neighbour.one(tickets([good])), owner.clone().one(tickets([ticket]))];
        assert_eq!(case.append(&batch).await, [Committed, Refused], "{what}");
        assert_eq!(case.append(&batch).await, [Committed, Refused], "{what}, again");
    }
    assert_eq!(ok(case.store.tickets(raffle, all())).await, [sale], "nothing of it is left");
    assert_eq!(ok(case.store.records(owner.stream, 0, 10)).await.len(), 1);

    // In the middle of one journal's appends: what is before goes in, what is after no longer follows.
    let rows = [
        tickets([case.ticket(raffle, 21, 2, 1, 100), case.ticket(raffle, 22, 3, 201, 1)]),
        tickets([case.ticket(raffle, 23, 4, 100, 1)]),
        tickets([case.ticket(raffle, 24, 5, 500, 1)]),
    ];
    let mut ahead = owner.clone();
    let batch = rows.map(|rows| ahead.one(rows));
    assert_eq!(case.append(&batch).await, [Committed, Refused, Fenced]);
    // Who lost his journal to another owner is fenced off, whatever the rows say.
    let mut late = case.owner(1).await;
    case.owner(1).await;
    assert_eq!(case.append(&[late.one(tickets([case.ticket(raffle, 25, 3, 100, 1)]))]).await, [Fenced]);
    assert_eq!(ok(case.store.tickets(raffle, all())).await.len(), 3);
}

pub(super) async fn tickets_are_found(case: &Case<'_>) {
    let mut owner = case.owner(1).await;
    let raffle = owner.stream.raffle;
    let mut first = case.ticket(raffle, 10, 1, 1, 10);
    first.channel = Channel::Rsu;
    first.device = Some(DeviceId(case.id(8)));
    first.ranges = vec![range(40, 10), range(1, 10), range(30, 1)];
    first.numbers = 21;
    let second = case.ticket(raffle, 11, 2, 11, 10);
    case.commit(&[owner.one(tickets([first.clone()])), owner.one(tickets([second.clone()]))]).await;
    let store = case.store;
    for ticket in [&first, &second] {
        let found = Some(ticket.clone());
        assert_eq!(ok(store.ticket(Some(raffle), TicketRef::Order(ticket.order))).await, found);
        assert_eq!(ok(store.ticket(Some(raffle), TicketRef::Validation(ticket.validation))).await, found);
        assert_eq!(ok(store.ticket(None, TicketRef::Validation(ticket.validation))).await, found);
        assert_eq!(ok(store.ticket(Some(case.stream(2).raffle), TicketRef::Order(ticket.order))).await, None);
        assert_eq!(ok(store.ticket(Some(case.stream(2).raffle), TicketRef::Validation(ticket.validation))).await, None);
        for number in ticket.ranges.iter().flat_map(|range| range.iter()) {
            assert_eq!(ok(store.ticket_of_number(raffle, number)).await, found, "number {number}");
        }
    }
    for number in [0, 21, 29, 31, 39, 50, 1 << 52] {
        assert_eq!(ok(store.ticket_of_number(raffle, number)).await, None, "number {number}");
    }
    assert_eq!(ok(store.ticket_of_number(case.stream(2).raffle, 1)).await, None);
}

pub(super) async fn tickets_are_listed(case: &Case<'_>) {
    let mut owner = case.owner(1).await;
    let raffle = owner.stream.raffle;
    let sold: Vec<TicketRow> = (0..20u32)
        .map(|n| {
            let mut ticket = case.ticket(raffle, 100 + n, u64::from(n) + 1, u64::from(n) * 5 + 1, 5);
            ticket.channel = Channel::ALL[n as usize % 4];
            // Five in a minute.
            ticket.sold_at = Timestamp(60_000_000 * (10 + u64::from(n) / 5) + 59_999_999);
            ticket
        })
        .collect();
    let batch: Vec<_> = sold.iter().map(|ticket| owner.one(tickets([ticket.clone()]))).collect();
    case.commit(&batch).await;
    let changes = vec![
        state(&sold[3], TicketState::Voided, Some("wrong"), 99),
        state(&sold[7], TicketState::Misprinted, Some("paper"), 98),
    ];
    case.commit(&[owner.one(changes)]).await;

    let seqs = async |filter: TicketFilter| -> Vec<u64> {
        ok(case.store.tickets(raffle, filter)).await.iter().map(|ticket| ticket.seq).collect()
    };
    assert_eq!(seqs(all()).await, (1..=20).collect::<Vec<_>>());
    assert_eq!(seqs(TicketFilter { after_seq: 5, limit: 3, ..all() }).await, [6, 7, 8]);
    assert_eq!(seqs(TicketFilter { after_seq: u64::MAX, ..all() }).await, [0; 0]);
    assert_eq!(seqs(TicketFilter { limit: 0, ..all() }).await, [0; 0]);
    assert_eq!(seqs(TicketFilter { state: Some(TicketState::Voided), ..all() }).await, [4]);
    assert_eq!(seqs(TicketFilter { state: Some(TicketState::Misprinted), ..all() }).await, [8]);
    assert_eq!(seqs(TicketFilter { state: Some(TicketState::Valid), ..all() }).await.len(), 18);
    assert_eq!(seqs(TicketFilter { channel: Some(Channel::Online), ..all() }).await, [2, 6, 10, 14, 18]);
    let both =
        TicketFilter { state: Some(TicketState::Valid), channel: Some(Channel::Integration), after_seq: 4, limit: 2 };
    assert_eq!(seqs(both).await, [12, 16]);

    let point = |minute: u64, orders: u64| CurvePoint {
        at: Timestamp(minute * 60_000_000),
        net_minor: orders * 500,
        orders,
        numbers: orders * 5,
    };
    assert_eq!(ok(case.store.curve(raffle)).await, [point(10, 4), point(11, 5), point(12, 5), point(13, 5)]);
}

pub(super) async fn voids_change_tickets_a07(case: &Case<'_>) {
    let (mut owner, mut neighbour) = (case.owner(1).await, case.owner(2).await);
    let raffle = owner.stream.raffle;
    let sold: Vec<TicketRow> =
        (0..4u32).map(|n| case.ticket(raffle, 10 + n, u64::from(n) + 1, u64::from(n) * 5 + 1, 5)).collect();
    let other = case.ticket(neighbour.stream.raffle, 20, 1, 1, 5);
    let mut batch: Vec<_> = sold.iter().map(|ticket| owner.one(tickets([ticket.clone()]))).collect();
    batch.push(neighbour.one(tickets([other.clone()])));
    case.commit(&batch).await;

    let changes = vec![
        state(&sold[0], TicketState::Voided, Some("returned"), 50),
        state(&sold[1], TicketState::Misprinted, Some("torn"), 51),
        state(&sold[2], TicketState::Misprinted, Some("torn"), 52),
        state(&sold[2], TicketState::Valid, None, 53),
    ];
    case.commit(&[owner.one(changes)]).await;
    let now = ok(case.store.tickets(raffle, all())).await;
    let looks: Vec<_> = now.iter().map(|it| (it.state, it.reason.as_deref(), it.changed_at.map(|at| at.0))).collect();
    assert_eq!(
        looks,
        [
            (TicketState::Voided, Some("returned"), Some(50)),
            (TicketState::Misprinted, Some("torn"), Some(51)),
            (TicketState::Valid, None, Some(53)),
            (TicketState::Valid, None, None),
        ]
    );

    let cancelled = Row::VoidAll { raffle, reason: "rain".to_owned(), at: Timestamp(60) };
    case.commit(&[owner.one(vec![cancelled]), neighbour.one(vec![])]).await;
    let now = ok(case.store.tickets(raffle, all())).await;
    assert_eq!(now[0].reason.as_deref(), Some("returned"), "it was voided before");
    for ticket in &now[1..] {
        assert_eq!(
            (ticket.state, ticket.reason.as_deref(), ticket.changed_at),
            (TicketState::Voided, Some("rain"), Some(Timestamp(60)))
        );
    }
    assert_eq!(ok(case.store.tickets(neighbour.stream.raffle, all())).await, [other]);
    assert_eq!(ok(case.store.curve(raffle)).await, []);
}

pub(super) async fn orders_run_their_course(case: &Case<'_>) {
    let mut owner = case.owner(1).await;
    let raffle = owner.stream.raffle;
    let orders: Vec<_> = (1..=6).map(|n| case.order(raffle, n)).collect();
    // The newest first, to see that lists are sorted.
    let rows = orders.iter().rev().map(|order| Row::Order(Box::new(order.clone()))).collect();
    case.commit(&[owner.one(rows)]).await;
    let mine = |rows: Vec<crate::store::OrderRow>| -> Vec<OrderKey> {
        rows.into_iter().filter(|row| row.raffle == raffle).map(|row| row.order).collect()
    };
    let key = |n: usize| orders[n - 1].order;
    assert_eq!(mine(ok(case.store.open_orders(10_000)).await), (1..=6).map(key).collect::<Vec<_>>());
    assert!(ok(case.store.open_orders(2)).await.len() == 2);
    assert_eq!(ok(case.store.order(raffle, key(2))).await, Some(orders[1].clone()));

    let status = |n, status, payment: Option<&str>| Row::OrderStatus {
        raffle,
        order: key(n),
        status,
        payment: payment.map(str::to_owned),
    };
    let refund = |n, reason, payment: Option<&str>, at| Row::RefundDue {
        raffle,
        order: key(n),
        reason,
        payment: payment.map(str::to_owned),
        at: Timestamp(at),
    };
    let rows = vec![
        status(1, OrderStatus::Paid, Some("pay-1")),
        status(2, OrderStatus::Ended(HoldEnd::Expired), None),
        status(3, OrderStatus::Ended(HoldEnd::Declined), None),
        status(4, OrderStatus::Ended(HoldEnd::Closed), None),
        status(5, OrderStatus::Ended(HoldEnd::Cancelled), None),
    ];
    case.commit(&[owner.one(rows)]).await;
    assert_eq!(mine(ok(case.store.open_orders(10_000)).await), [key(6)]);
    assert_eq!(mine(ok(case.store.refunds_due(10_000)).await), []);
    let first = OrderPlace::from(Timestamp(0));
    let ended = ok(case.store.ended_orders(first, 10_000)).await;
    // Not what the provider itself declined; oldest first, from wherever one stopped.
    assert_eq!(mine(ended.clone()), [key(2), key(4), key(5)]);
    let second = ended.iter().find(|row| row.raffle == raffle && row.order == key(2)).expect("it is there");
    assert_eq!(mine(ok(case.store.ended_orders(second.place(), 10_000)).await), [key(4), key(5)]);
    assert_eq!(ok(case.store.ended_orders(first, 1)).await.len(), 1);

    // A payment for a hold that had ended, and a paid ticket voided: its payment's reference stays.
    case.commit(&[
        owner.one(vec![refund(1, RefundReason::Voided, None, 20), refund(2, RefundReason::NoHold, Some("pay-2"), 10)])
    ])
    .await;
    assert_eq!(mine(ok(case.store.refunds_due(10_000)).await), [key(2), key(1)], "oldest first");
    assert_eq!(mine(ok(case.store.ended_orders(first, 10_000)).await), [key(4), key(5)], "its money is known of");
    let first = ok(case.store.order(raffle, key(1))).await.expect("it is there");
    assert_eq!((first.status, first.payment.as_deref()), (OrderStatus::Paid, Some("pay-1")));
    assert_eq!((first.refund_reason, first.refund_due_at), (Some(RefundReason::Voided), Some(Timestamp(20))));
    let second = ok(case.store.order(raffle, key(2))).await.expect("it is there");
    assert_eq!((second.status, second.payment.as_deref()), (OrderStatus::Ended(HoldEnd::Expired), Some("pay-2")));

    let refunded = Row::Refunded { raffle, order: key(2), reference: "back-2".to_owned() };
    case.commit(&[owner.one(vec![refunded])]).await;
    assert_eq!(mine(ok(case.store.refunds_due(10_000)).await), [key(1)]);
    let second = ok(case.store.order(raffle, key(2))).await.expect("it is there");
    assert_eq!(
        (second.refund_reference.as_deref(), second.refund_reason),
        (Some("back-2"), Some(RefundReason::NoHold))
    );
}

/// Many changes of the same rows in one batch end where they would one by one.
pub(super) async fn rows_apply_in_order(case: &Case<'_>) {
    let (mut together, mut apart, mut whole) = (case.owner(1).await, case.owner(2).await, case.owner(3).await);
    let script = |owner: &Owner, from: u32| -> Vec<Vec<Row>> {
        let raffle = owner.stream.raffle;
        let sale = |n: u32| case.ticket(raffle, from + n, u64::from(n), u64::from(n) * 10, 10);
        let order = |n: u32| OrderKey(case.id(from + n));
        let mut row = case.raffle(0, Status::Selling, 1);
        row.raffle = raffle;
        let mut later = row.clone();
        later.status = Status::Cancelled;
        let mut online = case.order(raffle, 0);
        online.order = order(1);
        vec![
            vec![Row::Order(Box::new(online)), Row::Raffle(Box::new(row))],
            tickets([sale(2)]),
            vec![
                Row::Ticket(Box::new(sale(3))),
                Row::OrderStatus { raffle, order: order(1), status: OrderStatus::Paid, payment: Some("p".into()) },
                state(&sale(2), TicketState::Misprinted, Some("a"), 1),
            ],
            vec![state(&sale(2), TicketState::Valid, None, 2), state(&sale(3), TicketState::Misprinted, Some("b"), 3)],
            vec![Row::VoidAll { raffle, reason: "c".to_owned(), at: Timestamp(4) }],
            vec![
                Row::RefundDue {
                    raffle,
                    order: order(1),
                    reason: RefundReason::Cancelled,
                    payment: None,
                    at: Timestamp(5),
                },
                Row::Raffle(Box::new(later)),
            ],
            tickets([sale(7)]),
            vec![
                Row::Refunded { raffle, order: order(1), reference: "r".to_owned() },
                state(&sale(7), TicketState::Voided, None, 6),
            ],
        ]
    };
    let batch: Vec<_> = script(&together, 100).into_iter().map(|rows| together.one(rows)).collect();
    case.commit(&batch).await;
    for rows in script(&apart, 200) {
        case.commit(&[apart.one(rows)]).await;
    }
    let rows = script(&whole, 300).concat();
    case.commit(&[whole.one(rows)]).await;
    let looks = async |owner: &Owner, order: u32| {
        let raffle = owner.stream.raffle;
        let order = ok(case.store.order(raffle, OrderKey(case.id(order)))).await.expect("it is there");
        let tickets = ok(case.store.tickets(raffle, all())).await;
        let status = ok(case.store.raffle(raffle)).await.map(|row| row.status);
        let tickets: Vec<_> = tickets.into_iter().map(|it| (it.seq, it.state, it.reason, it.changed_at)).collect();
        (status, tickets, order.status, order.payment, order.refund_reason, order.refund_due_at, order.refund_reference)
    };
    let apart = looks(&apart, 201).await;
    assert_eq!(looks(&together, 101).await, apart, "in one batch");
    assert_eq!(looks(&whole, 301).await, apart, "in one append");
    assert_eq!(apart.0, Some(Status::Cancelled));
    assert_eq!(apart.1[1], (3, TicketState::Voided, Some("c".to_owned()), Some(Timestamp(4))));
    assert_eq!(apart.1[2], (7, TicketState::Voided, None, Some(Timestamp(6))));
}

pub(super) async fn a_rebuild_equals_what_it_replaces(case: &Case<'_>) {
    let (mut owner, mut neighbour) = (case.owner(1).await, case.owner(2).await);
    let raffle = owner.stream.raffle;
    let mut rows = vec![Row::Raffle(Box::new(case.raffle(1, Status::Selling, 5)))];
    rows.extend(
        (1..=30u32).map(|n| Row::Ticket(Box::new(case.ticket(raffle, 100 + n, u64::from(n), u64::from(n) * 10, 10)))),
    );
    rows.push(state(&case.ticket(raffle, 105, 5, 50, 10), TicketState::Voided, Some("x"), 7));
    rows.push(Row::Order(Box::new(case.order(raffle, 3))));
    rows.push(Row::Fact(FactRow {
        raffle,
        position: 1,
        seq: 1,
        at: Timestamp(1),
        kind: "opened".into(),
        data: "{}".into(),
    }));
    rows.push(Row::Draw(DrawRow { draw: DrawId(case.id(4)), raffle, organisation: case.organisation(), draw_no: 1 }));
    rows.push(Row::Significant(SignificantRow {
        organisation: case.organisation(),
        raffle,
        seq: 1,
        at: Timestamp(1),
        code: "sales_opened".into(),
        component: "raffle".into(),
        actor: "system".into(),
        detail: String::new(),
    }));
    case.commit(&[owner.one(rows.clone())]).await;
    let other = case.ticket(neighbour.stream.raffle, 500, 1, 1, 5);
    case.commit(&[neighbour.one(tickets([other]))]).await;

    let before = ok(case.store.dump(owner.stream)).await;
    let beside = ok(case.store.dump(neighbour.stream)).await;
    assert_eq!(before.len(), 1 + 30 + 30 + 1 + 1 + 1 + 1);
    ok(case.store.rebuild(owner.stream, rows.clone())).await;
    assert_eq!(ok(case.store.dump(owner.stream)).await, before);
    rows.truncate(11);
    ok(case.store.rebuild(owner.stream, rows)).await;
    assert_eq!(ok(case.store.dump(owner.stream)).await.len(), 1 + 10 + 10);
    assert_eq!(ok(case.store.dump(neighbour.stream)).await, beside);
    assert_eq!(ok(case.store.records(owner.stream, 0, 9)).await.len(), 1, "events stay");
    // One that cannot be written leaves everything as it was.
    let twice = tickets([case.ticket(raffle, 1, 1, 1, 1), case.ticket(raffle, 2, 2, 1, 1)]);
    assert!(case.store.rebuild(owner.stream, twice).await.is_err());
    assert_eq!(ok(case.store.dump(owner.stream)).await.len(), 1 + 10 + 10);
    assert_eq!(ok(case.store.tickets(raffle, all())).await[0].salt, Bytes(case.hash(102)));
}
