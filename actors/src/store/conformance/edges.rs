//! Extremes, unknown ids, other tenants.

use super::fixture::{Case, Owner, ok};
use crate::store::{
    Appended, DeviceRow, EnrolmentCodeRow, FactRow, Row, SignificantFilter, StreamId, TicketFilter, TicketRef,
};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{CommandKey, DeviceId, DrawId, OrderKey, OrganisationId, RaffleId, UserId};
use drumroll_engine::journal::{Actor, Cause, Head, Record};
use drumroll_engine::raffle::Status;
use drumroll_engine::ticket::ValidationNumber;
use drumroll_engine::time::Timestamp;

pub(super) async fn extremes_come_back(case: &Case<'_>) {
    let mut owner = case.owner(1).await;
    let actors = [
        (Actor::System, Cause::Internal, None),
        (Actor::Public, Cause::Order(OrderKey([0xff; 16])), Some(UserId([0xff; 16]))),
        (Actor::Device(DeviceId([1; 16])), Cause::DeviceRecord(u64::MAX), Some(UserId::NIL)),
        (Actor::Integration(UserId::NIL), Cause::Command(CommandKey::NIL), None),
    ];
    let times = [0, 1, i64::MAX as u64, u64::MAX];
    for ((actor, cause, approver), at) in actors.into_iter().zip(times) {
        let record = Record {
            format: if at == 0 { u8::MAX } else { 1 },
            organisation: owner.stream.organisation,
            raffle: owner.stream.raffle,
            epoch: u64::MAX - at / 2,
            seq: owner.head.seq + 1,
            at: Timestamp(at),
            actor,
            approver,
            cause,
            prev: owner.head.hash,
            payload: vec![],
        };
        let mut append = owner.one(vec![]);
        append.records = vec![owner.sign(record)];
        case.commit(std::slice::from_ref(&append)).await;
        assert_eq!(ok(case.store.records(owner.stream, owner.head.seq - 1, 1)).await, append.records);
    }
    let loaded = ok(case.store.claim(owner.stream)).await;
    assert_eq!((loaded.head, loaded.tail.len()), (owner.head, 4));

    let mut owner = Owner::new(owner.stream, &loaded);
    owner.head.at = Timestamp(0);
    let mut raffle = case.raffle(1, Status::Cancelled, u64::MAX);
    raffle.event_number = u64::MAX;
    raffle.sales_start = Some(Timestamp(u64::MAX));
    raffle.closes_at = Some(Timestamp(0));
    raffle.gross_minor = u64::MAX;
    raffle.jackpot_minor = i64::MAX as u64;
    raffle.name = String::new();
    raffle.currency = None;
    let mut ticket = case.ticket(owner.stream.raffle, 10, owner.head.seq + 1, (1 << 53) - 3, 3);
    ticket.price_minor = u64::MAX;
    ticket.sold_at = Timestamp(u64::MAX);
    ticket.lines = vec![];
    ticket.seller = None;
    ticket.device = Some(DeviceId([0xff; 16]));
    ticket.ranges.push(super::fixture::range(0, 1));
    let device = DeviceRow {
        device: DeviceId(case.id(50)),
        organisation: case.organisation(),
        label: "№ 1 '; --".to_owned(),
        public_key: Some(Bytes([0xff; 32])),
        enabled: true,
        registered_at: Timestamp(u64::MAX),
        enrolled_at: Some(Timestamp(0)),
    };
    let rows =
        vec![Row::Raffle(Box::new(raffle.clone())), Row::Ticket(Box::new(ticket.clone())), Row::Device(device.clone())];
    case.commit(&[owner.one(rows)]).await;
    assert_eq!(ok(case.store.raffle(raffle.raffle)).await, Some(raffle));
    assert_eq!(ok(case.store.ticket_of_number(ticket.raffle, (1 << 53) - 1)).await, Some(ticket.clone()));
    assert_eq!(ok(case.store.ticket_of_number(ticket.raffle, 0)).await, Some(ticket.clone()));
    assert_eq!(ok(case.store.ticket_of_number(ticket.raffle, u64::MAX)).await, None);
    assert_eq!(ok(case.store.device(device.device)).await, Some(device));

    let forever = EnrolmentCodeRow {
        device: DeviceId(case.id(50)),
        organisation: case.organisation(),
        code_hash: case.hash(51),
        expires_at: Timestamp(u64::MAX),
    };
    ok(case.store.put_enrolment_code(forever.clone())).await;
    let taken = ok(case.store.take_enrolment_code(forever.code_hash, Timestamp(u64::MAX - 1))).await;
    assert_eq!(taken, Some(forever));
}

pub(super) async fn unknown_ids_are_none(case: &Case<'_>) {
    let store = case.store;
    let raffle = RaffleId(case.id(1));
    let number = ValidationNumber::from_bytes([7; 10]).expect("75 bits");
    assert_eq!(ok(store.raffle(raffle)).await, None);
    assert_eq!(ok(store.raffles(Some(case.organisation()), false, None, 10)).await, []);
    assert_eq!(ok(store.ticket(Some(raffle), TicketRef::Order(OrderKey(case.id(2))))).await, None);
    assert_eq!(ok(store.ticket(Some(raffle), TicketRef::Validation(number))).await, None);
    assert_eq!(ok(store.ticket(None, TicketRef::Order(OrderKey(case.id(2))))).await, None);
    assert_eq!(ok(store.ticket_of_number(raffle, 1)).await, None);
    assert_eq!(ok(store.tickets(raffle, TicketFilter { limit: 9, ..TicketFilter::default() })).await, []);
    assert_eq!(ok(store.curve(raffle)).await, []);
    assert_eq!(ok(store.order(raffle, OrderKey(case.id(2)))).await, None);
    assert_eq!(ok(store.facts(raffle, 0, 9)).await, []);
    assert_eq!(ok(store.draw(DrawId(case.id(3)))).await, None);
    let filter = SignificantFilter { limit: 9, ..SignificantFilter::default() };
    assert_eq!(ok(store.significant(case.organisation(), filter)).await, []);
    assert_eq!(ok(store.account_by_login(&format!("{raffle}"))).await, None);
    assert_eq!(ok(store.account(UserId(case.id(4)))).await, None);
    assert_eq!(ok(store.device(DeviceId(case.id(5)))).await, None);
    assert_eq!(ok(store.credential(UserId(case.id(4)))).await, None);
    assert_eq!(ok(store.session_by_token(case.hash(6))).await, None);
    assert_eq!(ok(store.take_enrolment_code(case.hash(7), Timestamp(0))).await, None);
    assert_eq!(ok(store.secret(&format!("{raffle}"))).await, None);
    assert!(ok(store.dump(case.stream(1))).await.is_empty());
    ok(store.revoke_sessions(UserId(case.id(4)), None)).await;
}

pub(super) async fn other_tenants_are_kept_out(case: &Case<'_>) {
    let mut owner = case.owner(1).await;
    case.commit(&[owner.one(vec![])]).await;
    let thief = StreamId { organisation: OrganisationId(case.id(77)), raffle: owner.stream.raffle };
    assert!(case.store.claim(thief).await.is_err(), "a raffle belongs to one organisation");
    assert!(ok(case.store.records(thief, 0, 10)).await.is_empty());
    let mut forged = Owner { stream: thief, ..owner.clone() };
    assert_eq!(case.append(&[forged.one(vec![])]).await, [Appended::Fenced]);
    assert_eq!(case.append(&[owner.one(vec![])]).await, [Appended::Committed], "the owner was not disturbed");
    ok(case.store.rebuild(thief, vec![])).await;
    let fact = FactRow {
        raffle: owner.stream.raffle,
        position: 1,
        seq: 3,
        at: Timestamp(1),
        kind: "x".into(),
        data: "{}".into(),
    };
    case.commit(&[owner.one(vec![Row::Fact(fact)])]).await;
    ok(case.store.rebuild(thief, vec![])).await;
    assert_eq!(ok(case.store.facts(owner.stream.raffle, 0, 9)).await.len(), 1);
    assert_ne!(owner.head, Head::default());
}
