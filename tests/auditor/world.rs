//! A small event written by hand, as the journal would hold it: what the auditor must find nothing in, until somebody
//! tampers with it. No code of the engine is near.

use drumroll_tests::auditor::books::{Books, Event};
use drumroll_tests::auditor::bytes::{self, Id, NIL};
use drumroll_tests::auditor::{Findings, audit, chain, draw, evidence, replay};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

pub(crate) const ORGANISATION: Id = [0xaa; 16];
pub(crate) const RAFFLE: Id = [0xbb; 16];
pub(crate) const SUPERVISOR: Id = [0x51; 16];
pub(crate) const DEVICE: Id = [0xd1; 16];
pub(crate) const START: u64 = 1_800_000_000_000_000;
pub(crate) const CLOSE: u64 = START + 3_600_000_000;

/// An order key of the story.
pub(crate) const fn order(number: u8) -> Id {
    [number; 16]
}

/// An event before it is chained.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) stream: Id,
    pub(crate) at: u64,
    pub(crate) actor: (u64, Id),
    pub(crate) approver: Option<Id>,
    pub(crate) payload: Value,
}

impl Draft {
    pub(crate) fn kind(&self) -> &str {
        self.payload["type"].as_str().unwrap()
    }
}

fn config() -> Value {
    json!({
        "name": "Friday", "organisation_name": "Foundation", "venue": bytes::uuid(&[7; 16]), "location": "Arena",
        "time_zone": "UTC", "licence": null, "currency": "CAD", "numbers": {"first": 1, "last": 1000},
        "pools": [
            {"pool": "rsu", "range": {"first": 1, "last": 500}}, {"pool": "online", "range": {"first": 501, "last": 700}},
            {"pool": "internal", "range": {"first": 701, "last": 900}}],
        "packages": [
            {"id": 1, "label": "1 for $5", "numbers": 1, "price_minor": 500, "stock": null},
            {"id": 2, "label": "20 for $10", "numbers": 20, "price_minor": 1000, "stock": null}],
        "prizes": [
            {"id": 1, "name": "Half", "rule": {"percentage":
                {"basis_points": 5000, "seed_minor": 100, "guarantee_minor": 0, "cap_minor": null}}},
            {"id": 2, "name": "Shirt", "rule": {"fixed": {"value_minor": 5000, "quantity": 2}}}],
        "reserves": 1, "sales_start": START, "sales_end": CLOSE, "draw_mode": "electronic", "ticket_lines": [],
        "device_block": 100, "hold": 600_000_000u64, "profile": "default"})
}

/// A validation number with its check character.
pub(crate) fn validation(slot: u128, random: u128) -> String {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bits = slot << 61 | random;
    let stem: String =
        (0..15).rev().map(|at| char::from(ALPHABET[usize::try_from(bits >> (5 * at) & 31).unwrap()])).collect();
    let checked = |check: &u8| format!("{stem}{}", char::from(*check));
    ALPHABET.iter().map(checked).find(|text| bytes::validation(text).is_some()).unwrap()
}

fn sale(order: Id, channel: &str, lines: &[(u64, u64)], first: u64, last: u64, sold_at: u64) -> Value {
    let price: u64 = lines.iter().map(|(package, quantity)| if *package == 1 { 500 } else { 1000 } * quantity).sum();
    json!({
        "order": bytes::uuid(&order), "channel": channel, "seller": null,
        "lines": lines.iter().map(|(p, q)| json!({"package": p, "quantity": q})).collect::<Vec<_>>(),
        "ranges": [{"first": first, "last": last}], "price_minor": price,
        "validation": validation(u128::from(channel == "rsu"), u128::from(order[0])),
        "salt": bytes::hex(&[order[0]; 32]), "sold_at": sold_at, "device_record": null, "payment": null})
}

fn record(seq: u64, at: u64) -> Value {
    json!({"device": bytes::uuid(&DEVICE), "seq": seq, "hash": bytes::hex(&[u8::try_from(seq).unwrap(); 32]), "at": at, "error_ms": 50})
}

fn device_sale(order: Id, seq: u64, first: u64, last: u64, lines: &[(u64, u64)], at: u64) -> Value {
    let mut sale = sale(order, "rsu", lines, first, last, at);
    sale["device_record"] = record(seq, at);
    sale
}

/// The story up to the acknowledgement; what follows depends on what was sold.
pub(crate) fn story() -> Vec<Draft> {
    let mut at = START + 1_000_000;
    let mut drafts = Vec::new();
    let mut say = |stream: Id, actor: (u64, Id), kind: &str, body: Value| {
        let payload = if body.is_null() { json!({"type": kind}) } else { json!({"type": kind, "body": body}) };
        drafts.push(Draft { stream, at, actor, approver: None, payload });
        at += 1_000_000;
        at
    };
    let (user, system, device) = ((1, SUPERVISOR), (0, NIL), (2, DEVICE));
    let uuid = |id: Id| bytes::uuid(&id);
    say(ORGANISATION, system, "organisation_created/1", json!({"name": "Foundation"}));
    say(
        ORGANISATION,
        user,
        "event_numbered/1",
        json!({"raffle": uuid(RAFFLE), "number": 1, "name": "Friday", "kind": "live"}),
    );
    say(
        RAFFLE,
        user,
        "raffle_created/1",
        json!({"raffle": uuid(RAFFLE), "event_number": 1, "name": "Friday", "kind": "live"}),
    );
    say(RAFFLE, user, "raffle_configured/1", json!({"config": config()}));
    let keys = json!({"ledger": "01".repeat(32), "vrf": "02".repeat(32), "house_witness": "03".repeat(32)});
    say(RAFFLE, user, "sales_opened/1", json!({"config": config(), "profile": {"id": "default"}, "keys": keys}));
    say(
        RAFFLE,
        user,
        "draw_planned/1",
        json!({"draw": uuid([0xcc; 16]), "draw_no": 1, "plan_hash": "?", "house_commitment": "?"}),
    );
    say(RAFFLE, device, "device_joined/1", json!({"device": uuid(DEVICE), "label": "H-01", "slot": 1}));
    say(RAFFLE, device, "range_reserved/1", json!({"device": uuid(DEVICE), "range": {"first": 1, "last": 100}}));
    say(
        RAFFLE,
        device,
        "notice_acknowledged/1",
        json!({"device": uuid(DEVICE), "closes_at": CLOSE, "suspended": false}),
    );
    let now = say(RAFFLE, user, "change_refused/1", json!({"attempt": "price list"}));
    say(RAFFLE, user, "ticket_sold/1", json!({"sale": sale(order(1), "counter", &[(2, 1)], 701, 720, now)}));
    let held = json!({"order": uuid(order(2)), "lines": [{"package": 1, "quantity": 2}], "numbers": 2, "price_minor": 1000,
        "expires_at": START + 600_000_000});
    let now = say(RAFFLE, (4, NIL), "order_held/1", held);
    say(RAFFLE, (4, NIL), "ticket_sold/1", json!({"sale": sale(order(2), "online", &[(1, 2)], 501, 502, now)}));
    let held = json!({"order": uuid(order(3)), "lines": [{"package": 2, "quantity": 1}], "numbers": 20, "price_minor": 1000,
        "expires_at": START + 600_000_000});
    say(RAFFLE, (4, NIL), "order_held/1", held);
    let now = say(RAFFLE, (4, NIL), "hold_ended/1", json!({"order": uuid(order(3)), "end": "declined"}));
    say(RAFFLE, device, "ticket_sold/1", json!({"sale": device_sale(order(4), 1, 1, 20, &[(2, 1)], now - 500_000)}));
    let now = say(
        RAFFLE,
        device,
        "ticket_misprinted/1",
        json!({"order": uuid(order(4)), "reason": "paper fault", "device_record": record(2, now)}),
    );
    say(RAFFLE, device, "ticket_sold/1", json!({"sale": device_sale(order(5), 3, 21, 21, &[(1, 1)], now - 100_000)}));
    say(RAFFLE, user, "misprint_cleared/1", json!({"order": uuid(order(4)), "reason": "readable"}));
    say(RAFFLE, user, "sales_suspended/1", json!({"reason": "rain"}));
    let now = say(RAFFLE, user, "sales_resumed/1", Value::Null);
    say(RAFFLE, user, "ticket_sold/1", json!({"sale": sale(order(6), "integration", &[(1, 1)], 721, 721, now)}));
    say(RAFFLE, user, "ticket_voided/1", json!({"order": uuid(order(2)), "reason": "wrong buyer"}));
    say(
        RAFFLE,
        user,
        "refund_due/1",
        json!({"order": uuid(order(2)), "amount_minor": 1000, "reason": "voided", "payment": "p"}),
    );
    say(RAFFLE, system, "refunded/1", json!({"order": uuid(order(2)), "reference": "r"}));
    let mut at = CLOSE;
    let mut say = |actor: (u64, Id), kind: &str, body: Value| {
        let payload = if body.is_null() { json!({"type": kind}) } else { json!({"type": kind, "body": body}) };
        drafts.push(Draft { stream: RAFFLE, at, actor, approver: None, payload });
        at += 1_000_000;
    };
    say(system, "sales_closed/1", Value::Null);
    // Sold in the last minute, but too near the close for the clock that stamped it.
    let late = device_sale(order(7), 4, 22, 22, &[(1, 1)], CLOSE - 10_000);
    let mut aside = late.clone();
    for member in ["channel", "sold_at", "device_record", "payment"] {
        aside.as_object_mut().unwrap().remove(member);
    }
    say(
        device,
        "record_quarantined/1",
        json!({"record": record(4, CLOSE - 10_000), "reason": "after_close", "sale": aside}),
    );
    say(
        user,
        "quarantine_resolved/1",
        json!({"device": uuid(DEVICE), "seq": 4, "resolution": "refunded", "reason": "late"}),
    );
    say(device, "device_final/1", json!({"record": record(5, CLOSE), "returned": [{"first": 23, "last": 100}]}));
    say(system, "reconciliation_started/1", Value::Null);
    say(user, "reconciliation_acknowledged/1", Value::Null);
    say(user, "draw_locked/1", Value::Null);
    say(system, "witness_revealed/1", Value::Null);
    say(system, "draw_proven/1", json!({"draw_no": 1, "proof": "08".repeat(80)}));
    say(system, "winners_drawn/1", Value::Null);
    say(user, "draw_published/1", json!({"draw_no": 1}));
    drafts
}

/// Chains the story; `edit` sees every event with its computed parts filled in, and may change it before it is hashed,
/// as somebody could who writes the journal himself.
pub(crate) fn chained(story: &[Draft], mut edit: impl FnMut(&mut Draft)) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for draft in story {
        let mut draft = draft.clone();
        let own: Vec<Event> = events.iter().filter(|event| event.stream == draft.stream).cloned().collect();
        let (seq, prev) = own.last().map_or((1, vec![0; 32]), |last| (last.seq + 1, last.hash.clone()));
        fill(&mut draft, &own, seq, &prev);
        edit(&mut draft);
        let mut event = Event {
            stream: draft.stream,
            seq,
            format: 1,
            organisation: ORGANISATION,
            raffle: if draft.stream == RAFFLE { RAFFLE } else { NIL },
            epoch: 1,
            at: draft.at,
            actor: draft.actor,
            approver: draft.approver,
            cause: (0, NIL),
            prev,
            hash: Vec::new(),
            payload: serde_json::to_vec(&draft.payload).unwrap(),
        };
        event.hash = chain::hash(&event).to_vec();
        events.push(event);
    }
    events.sort_by_key(|event| (event.stream, event.seq));
    events
}

/// What depends on the events before it.
fn fill(draft: &mut Draft, own: &[Event], seq: u64, prev: &[u8]) {
    let commitment = |plan: &[u8; 32]| bytes::tagged("rdp1/wcommit", &[plan, &[3; 32], &[6; 32]]);
    let account = replay::replay(RAFFLE, own, &mut Findings::default());
    let ledger = draw::ledger(&account);
    let sold: u64 = ledger.iter().map(|(first, last, _)| last - first + 1).sum();
    let hex = |bytes: &[u8]| bytes::hex(bytes);
    let (plan, lock) = account.draws.get(&1).map_or(([0; 32], None), |draw| (draw.plan_hash, draw.lock.clone()));
    match draft.kind() {
        "draw_planned/1" => {
            // Written down a second time, so that a slip in the auditor's plan shows.
            let mut bytes_of_plan = Vec::from(RAFFLE);
            bytes_of_plan.extend(1u32.to_be_bytes());
            bytes_of_plan.extend([[1; 32], [2; 32]].concat());
            bytes_of_plan.extend([1u64.to_be_bytes(), 1000u64.to_be_bytes()].concat());
            bytes_of_plan.extend([0; 41]);
            bytes_of_plan.extend([0, 1]);
            bytes_of_plan.extend([3; 32]);
            bytes_of_plan.extend([2u32, 1, 1, 2, 2, 1].map(u32::to_be_bytes).concat());
            bytes_of_plan.extend(bytes::sha256(&own.last().unwrap().payload));
            let plan = bytes::tagged("rdp1/plan", &[&bytes_of_plan]);
            draft.payload["body"]["plan_hash"] = json!(hex(&plan));
            draft.payload["body"]["house_commitment"] = json!(hex(&commitment(&plan)));
        }
        "reconciliation_acknowledged/1" => {
            let (counts, net) = (account.identity(), account.sums().net_minor());
            let prizes = account.prize_values(net);
            draft.payload["body"] = json!({"acknowledgement": {
                "by": bytes::uuid(&SUPERVISOR), "at": draft.at, "statement": "All is counted.",
                "counts": {"sold": counts.sold, "voided": counts.voided, "held": counts.held, "reserved": counts.reserved,
                    "out_of_play": counts.out_of_play, "unsold": counts.unsold},
                "net_minor": net,
                "prizes": prizes.iter().map(|(prize, value)| json!({"prize": prize, "value_minor": value})).collect::<Vec<_>>()}});
        }
        "draw_locked/1" => {
            let (root, closed_at_ms, ranges) = (draw::root(&ledger), draft.at / 1_000, ledger.len() as u64);
            let lock_hash = bytes::tagged(
                "rdp1/lock",
                &[
                    &plan,
                    &(seq - 1).to_be_bytes(),
                    prev,
                    &closed_at_ms.to_be_bytes(),
                    &ranges.to_be_bytes(),
                    &sold.to_be_bytes(),
                    &root,
                    &[0; 8],
                    &[0, 1],
                    &commitment(&plan),
                ],
            );
            draft.payload["body"] = json!({"draw_no": 1, "lock": {
                "close_seq": seq - 1, "journal_head": hex(prev), "closed_at_ms": closed_at_ms, "range_count": ranges,
                "sold_count": sold, "ledger_root": hex(&root), "lock_hash": hex(&lock_hash), "signature": "0a".repeat(64)}});
        }
        "witness_revealed/1" => {
            draft.payload["body"] =
                json!({"draw_no": 1, "witness": 0, "reveal": "06".repeat(32), "signature": "0b".repeat(64)});
        }
        "winners_drawn/1" => {
            let seed = [9; 32];
            let slots = draw::slots_of(&seed, &ledger, sold, 4);
            let mut parts = Vec::from(4u32.to_be_bytes());
            for (rank, number) in &slots {
                parts.extend([rank.to_be_bytes(), number.to_be_bytes()].concat());
            }
            let lock_hash = lock.map_or([0; 32], |lock| lock.hash);
            draft.payload["body"] = json!({"draw_no": 1, "seed": hex(&seed), "signature": "0c".repeat(64),
                "slots": slots.iter().map(|(rank, number)| json!({"rank": rank, "number": number})).collect::<Vec<_>>(),
                "result_hash": hex(&bytes::tagged("rdp1/result", &[&lock_hash, &seed, &parts]))});
        }
        _ => {}
    }
}

/// A database as the server keeps it, with the read models that follow from these events.
pub(crate) fn database(events: &[Event]) -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(include_str!("../../migrations/sqlite/V1__journal_and_read_models.sql")).unwrap();
    let number = |number: u64| number.cast_signed();
    for e in events {
        db.execute(
            "INSERT INTO events (stream, seq, format, organisation, raffle, epoch, at, actor_kind, actor, approver, \
             cause_kind, cause, prev, hash, payload) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            params![
                e.stream,
                number(e.seq),
                number(e.format),
                e.organisation,
                e.raffle,
                number(e.epoch),
                number(e.at),
                number(e.actor.0),
                e.actor.1,
                e.approver,
                number(e.cause.0),
                e.cause.1,
                e.prev,
                e.hash,
                e.payload
            ],
        )
        .unwrap();
    }
    for stream in [ORGANISATION, RAFFLE] {
        let last = events.iter().rfind(|event| event.stream == stream).unwrap();
        db.execute(
            "INSERT INTO streams VALUES (?,?,?,1,?,?,?)",
            params![stream, ORGANISATION, last.raffle, number(last.seq), last.hash, number(last.at)],
        )
        .unwrap();
    }
    let own: Vec<Event> = events.iter().filter(|event| event.stream == RAFFLE).cloned().collect();
    let account = replay::replay(RAFFLE, &own, &mut Findings::default());
    let sums = account.sums();
    db.execute(
        "INSERT INTO raffles VALUES (?,?,1,'Friday','live',?,?,null,null,null,null,null,null,?,?,?,?,?,?)",
        params![
            RAFFLE,
            ORGANISATION,
            account.status,
            number(START),
            0,
            number(sums.gross_minor),
            number(sums.voided_minor),
            number(sums.tickets),
            number(sums.numbers),
            number(account.last_seq)
        ],
    )
    .unwrap();
    for (order, ticket) in &account.tickets {
        let channel =
            ["rsu", "online", "counter", "integration"].iter().position(|name| *name == ticket.channel).unwrap() + 1;
        let ranges: Vec<Value> =
            ticket.ranges.iter().map(|(first, last)| json!({"first": first, "last": last})).collect();
        // One validation number on two tickets is refused as well.
        db.execute(
            "INSERT OR IGNORE INTO tickets VALUES (?,?,?,?,?,?,?,null,'[]',?,?,?,?,?,zeroblob(32),?,null,null)",
            params![
                RAFFLE,
                order,
                ORGANISATION,
                number(ticket.seq),
                bytes::validation(&ticket.validation).unwrap(),
                channel as i64,
                ticket.device.map(|(device, _)| device),
                Value::Array(ranges).to_string(),
                number(ticket.numbers),
                number(ticket.price_minor),
                number(ticket.sold_at),
                ticket.sale_hash,
                ticket.state
            ],
        )
        .unwrap();
        for (first, last) in &ticket.ranges {
            // A raffle that sold a number twice could not be written as it is; its rows are then part of what is found.
            let _ = db.execute(
                "INSERT INTO ticket_ranges VALUES (?,?,?,?,?)",
                params![RAFFLE, number(*first), number(*last), order, ORGANISATION],
            );
        }
    }
    for (key, order) in &account.orders {
        db.execute(
            "INSERT INTO orders VALUES (?,?,?,?,?,0,?,null,null,?,?)",
            params![
                RAFFLE,
                key,
                ORGANISATION,
                order.status,
                number(order.price_minor),
                number(order.expires_at),
                order.refund_due.then_some(1),
                order.refunded.then_some("r")
            ],
        )
        .unwrap();
    }
    for (position, seq) in account.facts.iter().enumerate() {
        db.execute(
            "INSERT INTO facts VALUES (?,?,?,?,0,'','')",
            params![RAFFLE, position as i64 + 1, ORGANISATION, number(*seq)],
        )
        .unwrap();
    }
    db
}

/// What the clients of the story kept.
pub(crate) fn kept() -> evidence::Evidence {
    let sale = |number: u8, ranges, price_minor, slot| evidence::Sale {
        source: "a client".to_owned(),
        raffle: RAFFLE,
        order: order(number),
        ranges: vec![ranges],
        price_minor,
        validation: validation(slot, u128::from(number)),
        acknowledged: true,
        quarantined: None,
    };
    evidence::Evidence {
        sales: vec![
            sale(1, (701, 720), 1000, 0),
            sale(2, (501, 502), 1000, 0),
            sale(4, (1, 20), 1000, 1),
            evidence::Sale { quarantined: Some("after_close".to_owned()), ..sale(7, (22, 22), 500, 1) },
        ],
        answers: vec![(order(1), "sold".to_owned()), (order(1), "sold".to_owned())],
        refused: vec![(RAFFLE, order(3), "declined".to_owned())],
    }
}

/// Audits a database and the clients' records.
pub(crate) fn audited(db: &Connection, evidence: &evidence::Evidence) -> drumroll_tests::auditor::Audit {
    audit(&Books::sqlite_connection(db), evidence)
}
