//! The auditor itself: it finds nothing in a sound event, and names what was done to a tampered one. An auditor that
//! cannot fail proves nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

mod world;

use drumroll_tests::auditor::evidence::{Evidence, Sale};
use drumroll_tests::auditor::{Check, Findings, payments, reports};
use drumroll_tests::provider::Paid;
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use world::{CLOSE, DEVICE, Draft, RAFFLE, START, audited, chained, database, kept, order, story};

fn sound() -> Connection {
    database(&chained(&story(), |_| {}))
}

#[test]
fn a_sound_event_has_no_findings() {
    let audit = audited(&sound(), &kept());
    audit.expect_clean("on an event written by hand");
    let account = audit.raffle(RAFFLE);
    let identity = account.identity();
    assert_eq!((identity.sold, identity.voided, identity.out_of_play, identity.total()), (42, 2, 1, 1000));
    assert_eq!(account.sums().net_minor(), 3000);
    assert_eq!(account.prize_values(3000), [(1, 1600), (2, 5000)]);
}

/// What somebody does to the database, and what the auditor must call it.
const DATABASE: &[(&str, &str, Check)] = &[
    (
        "a byte of a payload is flipped",
        "UPDATE events SET payload = CAST(replace(CAST(payload AS TEXT), 'Friday', 'Fridax') AS BLOB) WHERE seq = 1 AND raffle = stream",
        Check::ChainHash,
    ),
    ("a time is changed", "UPDATE events SET at = at + 1 WHERE seq = 9 AND raffle = stream", Check::ChainHash),
    (
        "the author is changed",
        "UPDATE events SET actor = zeroblob(16) WHERE seq = 9 AND raffle = stream",
        Check::ChainHash,
    ),
    ("an event is dropped", "DELETE FROM events WHERE seq = 10 AND raffle = stream", Check::ChainSequence),
    (
        "two events change places",
        "UPDATE events SET seq = CASE seq WHEN 9 THEN -1 ELSE seq END WHERE raffle = stream; \
        UPDATE events SET seq = 9 WHERE seq = 10 AND raffle = stream; UPDATE events SET seq = 10 WHERE seq = -1",
        Check::ChainLink,
    ),
    ("the tail is cut off", "DELETE FROM events WHERE seq > 20 AND raffle = stream", Check::ChainEnd),
    (
        "the tail is cut off, and the end on record with it",
        "DELETE FROM events WHERE seq > 33 AND raffle = stream; \
        UPDATE streams SET seq = 33, hash = (SELECT hash FROM events WHERE seq = 33 AND raffle = stream), \
        at = (SELECT at FROM events WHERE seq = 33 AND raffle = stream) WHERE raffle = stream",
        Check::Rows,
    ),
    ("a whole journal is gone", "DELETE FROM events WHERE raffle = stream", Check::ChainEnd),
    ("the end on record is gone", "DELETE FROM streams WHERE raffle = stream", Check::ChainEnd),
    (
        "a hash is rewritten",
        "UPDATE events SET hash = zeroblob(32) WHERE seq = 12 AND raffle = stream",
        Check::ChainLink,
    ),
    (
        "an event is moved to another journal",
        "UPDATE events SET raffle = organisation WHERE seq = 12 AND raffle = stream",
        Check::ChainStream,
    ),
    (
        "a range is doubled",
        "INSERT INTO ticket_ranges SELECT raffle, first + 1, last, order_key, organisation FROM ticket_ranges WHERE last > first LIMIT 1",
        Check::NumberTwice,
    ),
    ("a range is gone", "DELETE FROM ticket_ranges WHERE first = 721", Check::Rows),
    (
        "a range belongs to another order",
        "UPDATE ticket_ranges SET order_key = (SELECT order_key FROM ticket_ranges WHERE first = 1) WHERE first = 721",
        Check::Rows,
    ),
    ("a ticket's row is gone", "DELETE FROM tickets WHERE numbers = 1 AND channel = 4", Check::Rows),
    ("a ticket's price is changed", "UPDATE tickets SET price_minor = 1 WHERE channel = 4", Check::Sums),
    ("a voided ticket is valid again", "UPDATE tickets SET state = 'valid'", Check::Rows),
    ("a sale's hash is changed", "UPDATE tickets SET sale_hash = zeroblob(32) WHERE channel = 4", Check::Rows),
    ("a sum is changed", "UPDATE raffles SET gross_minor = gross_minor + 1", Check::Sums),
    ("a count is changed", "UPDATE raffles SET numbers_sold = numbers_sold - 1", Check::Sums),
    ("a status is changed", "UPDATE raffles SET status = 'selling'", Check::Rows),
    ("an order is paid", "UPDATE orders SET status = 'paid'", Check::Rows),
    ("a refund is forgotten", "UPDATE orders SET refund_due_at = NULL", Check::Rows),
    ("a fact is gone", "DELETE FROM facts WHERE position = 3", Check::Rows),
];

#[test]
fn every_change_to_the_database_is_named_i7_t05_i5() {
    for (name, sql, check) in DATABASE {
        let db = sound();
        let triggers: Vec<String> = db
            .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        for trigger in triggers {
            db.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
        }
        db.execute_batch(sql).unwrap();
        let audit = audited(&db, &kept());
        assert!(audit.found(*check), "{name}: {check:?} was not found, but\n{}", audit.lines());
    }
}

/// Changes what clients kept.
type Slip = (&'static str, fn(&mut Evidence), Check);

/// Changes one event of a journal that is then chained anew: no hash gives it away, only its meaning.
type Forgery = (&'static str, fn(&mut Draft), Check);

fn body(draft: &mut Draft) -> &mut Value {
    &mut draft.payload["body"]
}

fn is_sale(draft: &Draft, number: u8) -> bool {
    draft.kind() == "ticket_sold/1" && draft.payload["body"]["sale"]["order"] == uuid(number)
}

fn uuid(number: u8) -> String {
    drumroll_tests::auditor::bytes::uuid(&order(number))
}

const FORGERIES: &[Forgery] = &[
    (
        "a number is sold twice",
        |d| {
            if is_sale(d, 6) {
                body(d)["sale"]["ranges"] = json!([{"first": 720, "last": 720}])
            }
        },
        Check::NumberTwice,
    ),
    (
        "a handheld sells numbers it does not have",
        |d| {
            if is_sale(d, 5) {
                body(d)["sale"]["ranges"] = json!([{"first": 101, "last": 101}])
            }
        },
        Check::NumberTwice,
    ),
    (
        "a number outside the range is sold",
        |d| {
            if is_sale(d, 6) {
                body(d)["sale"]["ranges"] = json!([{"first": 1001, "last": 1001}])
            }
        },
        Check::NumberTwice,
    ),
    (
        "an order is sold twice",
        |d| {
            if is_sale(d, 6) {
                body(d)["sale"]["order"] = json!(uuid(1))
            }
        },
        Check::OrderTwice,
    ),
    (
        "a validation number stands on two tickets",
        |d| {
            if is_sale(d, 6) {
                body(d)["sale"]["validation"] = json!(world::validation(0, 1))
            }
        },
        Check::ValidationTwice,
    ),
    (
        "a validation number of another issuer",
        |d| {
            if is_sale(d, 5) {
                body(d)["sale"]["validation"] = json!(world::validation(0, 5))
            }
        },
        Check::ValidationTwice,
    ),
    (
        "a ticket is sold below its price",
        |d| {
            if is_sale(d, 6) {
                body(d)["sale"]["price_minor"] = json!(499)
            }
        },
        Check::Price,
    ),
    (
        "a ticket has a number too many",
        |d| {
            if is_sale(d, 6) {
                body(d)["sale"]["ranges"] = json!([{"first": 721, "last": 722}])
            }
        },
        Check::Price,
    ),
    (
        "a handheld's sale at the close is accepted",
        |d| {
            if is_sale(d, 5) {
                body(d)["sale"]["sold_at"] = json!(CLOSE - 50_000);
                body(d)["sale"]["device_record"]["at"] = json!(CLOSE - 50_000);
            }
        },
        Check::Window,
    ),
    (
        "a handheld's sale before the opening is accepted",
        |d| {
            if is_sale(d, 5) {
                body(d)["sale"]["sold_at"] = json!(START - 1);
                body(d)["sale"]["device_record"]["at"] = json!(START - 1);
            }
        },
        Check::Window,
    ),
    (
        "a counter sale is backdated",
        |d| {
            if is_sale(d, 1) {
                body(d)["sale"]["sold_at"] = json!(START)
            }
        },
        Check::Window,
    ),
    (
        "the close comes early",
        |d| {
            if d.kind() == "sales_closed/1" {
                d.at = CLOSE - 1
            }
        },
        Check::Window,
    ),
    (
        "a handheld's record is missing",
        |d| {
            if is_sale(d, 5) {
                body(d)["sale"]["device_record"]["seq"] = json!(4)
            }
        },
        Check::DeviceSeries,
    ),
    (
        "an unpaid order becomes a ticket",
        |d| {
            if is_sale(d, 2) {
                body(d)["sale"]["order"] = json!(uuid(9))
            }
        },
        Check::Event,
    ),
    (
        "the acknowledged counts are wrong",
        |d| {
            if d.kind() == "reconciliation_acknowledged/1" {
                body(d)["acknowledgement"]["counts"]["unsold"] = json!(7)
            }
        },
        Check::Counts,
    ),
    (
        "the acknowledged prize is wrong",
        |d| {
            if d.kind() == "reconciliation_acknowledged/1" {
                body(d)["acknowledgement"]["prizes"][0]["value_minor"] = json!(1_601)
            }
        },
        Check::Sums,
    ),
    (
        "a final handheld keeps a number",
        |d| {
            if d.kind() == "device_final/1" {
                body(d)["returned"][0]["first"] = json!(24)
            }
        },
        Check::Counts,
    ),
    (
        "a ticket is left out of the ledger",
        |d| {
            if d.kind() == "draw_locked/1" {
                body(d)["lock"]["sold_count"] = json!(41)
            }
        },
        Check::Ledger,
    ),
    (
        "the ledger's root is another",
        |d| {
            if d.kind() == "draw_locked/1" {
                body(d)["lock"]["ledger_root"] = json!("00".repeat(32))
            }
        },
        Check::Ledger,
    ),
    (
        "the lock names another journal",
        |d| {
            if d.kind() == "draw_locked/1" {
                body(d)["lock"]["journal_head"] = json!("00".repeat(32))
            }
        },
        Check::Ledger,
    ),
    (
        "the plan is another",
        |d| {
            if d.kind() == "draw_planned/1" {
                body(d)["plan_hash"] = json!("00".repeat(32))
            }
        },
        Check::Event,
    ),
    (
        "the house reveals something else",
        |d| {
            if d.kind() == "witness_revealed/1" {
                body(d)["reveal"] = json!("07".repeat(32))
            }
        },
        Check::Winners,
    ),
    (
        "a friend wins",
        |d| {
            if d.kind() == "winners_drawn/1" {
                body(d)["slots"][0] = json!({"rank": 0, "number": 1})
            }
        },
        Check::Winners,
    ),
    (
        "two winners change places",
        |d| {
            if d.kind() == "winners_drawn/1" {
                body(d)["slots"].as_array_mut().unwrap().swap(0, 1)
            }
        },
        Check::Winners,
    ),
    (
        "the seed is another",
        |d| {
            if d.kind() == "winners_drawn/1" {
                body(d)["seed"] = json!("0a".repeat(32))
            }
        },
        Check::Winners,
    ),
    (
        "winners before the acknowledgement",
        |d| {
            if d.kind() == "reconciliation_acknowledged/1" {
                d.payload = json!({"type": "change_refused/1", "body": {"attempt": ""}})
            }
        },
        Check::DrawOrder,
    ),
    (
        "a result nobody drew is published",
        |d| {
            if d.kind() == "winners_drawn/1" {
                d.payload = json!({"type": "change_refused/1", "body": {"attempt": ""}})
            }
        },
        Check::DrawOrder,
    ),
    (
        "a raffle opens twice",
        |d| {
            if d.kind() == "sales_resumed/1" {
                d.payload = json!({"type": "reconciliation_started/1"})
            }
        },
        Check::LifeCycle,
    ),
    (
        "an event number is skipped",
        |d| {
            if d.kind() == "event_numbered/1" {
                body(d)["number"] = json!(2)
            }
        },
        Check::EventNumber,
    ),
    (
        "an event goes back in time",
        |d| {
            if is_sale(d, 6) {
                d.at = START
            }
        },
        Check::ChainTime,
    ),
    (
        "an event nobody knows",
        |d| {
            if is_sale(d, 6) {
                d.payload["type"] = json!("ticket_gifted/1")
            }
        },
        Check::Event,
    ),
];

#[test]
fn every_forged_event_is_named_though_the_chain_holds_i2_i3_i4_i5_i8_i9_i10() {
    for (name, forge, check) in FORGERIES {
        let events = chained(&story(), forge);
        let audit = audited(&database(&events), &kept());
        assert!(audit.found(*check), "{name}: {check:?} was not found, but\n{}", audit.lines());
    }
}

#[test]
fn a_handheld_is_written_off_by_two_people_r16() {
    let lost = |approver| {
        let events = chained(&story(), |draft| {
            if draft.kind() == "device_final/1" {
                draft.approver = approver;
                draft.actor = (1, world::SUPERVISOR);
                draft.payload = json!({"type": "device_lost/1", "body": {"device": drumroll_tests::auditor::bytes::uuid(&DEVICE),
                    "operator": "Sam", "money_collected_minor": 1, "reason": "gone", "out_of_play": [{"first": 23, "last": 100}]}});
            }
        });
        audited(&database(&events), &kept())
    };
    lost(Some([0x52; 16])).expect_clean("on an event with a lost handheld");
    assert!(lost(None).found(Check::Event));
    assert!(lost(Some(world::SUPERVISOR)).found(Check::Event), "one person is not two");
}

#[test]
fn what_clients_were_told_must_be_there_i1_i3() {
    let audit = |edit: fn(&mut Evidence)| {
        let mut evidence = kept();
        edit(&mut evidence);
        audited(&sound(), &evidence)
    };
    let missing = |sale: &Sale| Sale { order: order(99), ..sale.clone() };
    let table: [Slip; 7] = [
        ("a sale is lost", |e| e.sales[0].order = order(99), Check::SaleLost),
        ("a sale has other numbers", |e| e.sales[0].ranges = vec![(701, 719)], Check::SaleDiffers),
        ("a sale has another price", |e| e.sales[0].price_minor = 999, Check::SaleDiffers),
        ("a sale was set aside behind the client's back", |e| e.sales[3].quarantined = None, Check::SaleLost),
        (
            "an accepted sale was called set aside",
            |e| e.sales[2].quarantined = Some("after_close".to_owned()),
            Check::SaleDiffers,
        ),
        ("a key has two answers", |e| e.answers.push((order(1), "sold again".to_owned())), Check::AnswerDiffers),
        ("a refused order was sold", |e| e.refused.push((RAFFLE, order(1), "sold out".to_owned())), Check::RefusedSold),
    ];
    for (name, edit, check) in table {
        let audit = audit(edit);
        assert!(audit.found(check), "{name}: {check:?} was not found, but\n{}", audit.lines());
    }
    let mut unacknowledged = kept();
    let sale = Sale { acknowledged: false, ..missing(&unacknowledged.sales[0]) };
    unacknowledged.sales.push(sale);
    audited(&sound(), &unacknowledged).expect_clean("with a sale that was never acknowledged");
}

/// The provider's ledger, in which the online order was paid and, voided, paid back, and the next one declined.
#[test]
fn what_a_provider_took_must_be_what_was_sold_i3_i5() {
    let audit = audited(&sound(), &kept());
    let account = audit.raffle(RAFFLE);
    let uuid = |id| drumroll_tests::auditor::bytes::uuid(&id);
    let currency = account.config["currency"].as_str().unwrap().to_lowercase();
    let paid = |number: u8, charged: u32| Paid {
        raffle: uuid(RAFFLE),
        order: uuid(order(number)),
        amount_minor: account.orders[&order(number)].price_minor,
        currency: currency.clone(),
        charged,
        refunded: charged > 0,
        declined: charged == 0,
        cancelled: false,
    };
    let statement = vec![paid(2, 1), paid(3, 0)];
    // In one account the order is voided, in the other it stands.
    let mut standing = account.clone();
    standing.tickets.get_mut(&order(2)).unwrap().state = "valid";
    let of = standing.orders.get_mut(&order(2)).unwrap();
    (of.refund_due, of.refunded) = (false, false);
    let found = |edit: fn(&mut Vec<Paid>), stands: bool| {
        let (mut payments, mut findings) = (statement.clone(), Findings::default());
        payments[0].refunded = !stands;
        edit(&mut payments);
        payments::check(&payments, RAFFLE, if stands { &standing } else { account }, &mut findings);
        findings.0.into_iter().map(|finding| finding.check).collect::<Vec<_>>()
    };
    assert_eq!((found(|_| {}, false), found(|_| {}, true)), (vec![], vec![]));
    type Slip = (&'static str, fn(&mut Vec<Paid>), Check);
    let table: [Slip; 9] = [
        ("one payment took money twice", |paid| paid[0].charged = 2, Check::ChargedTwice),
        (
            "two payments of one order",
            |paid| paid.push(Paid { refunded: false, ..paid[0].clone() }),
            Check::ChargedTwice,
        ),
        ("a declined buyer was charged", |paid| paid[1].charged = 1, Check::Charge),
        ("another amount", |paid| paid[0].amount_minor += 1, Check::Charge),
        ("another currency", |paid| paid[0].currency = "xxx".to_owned(), Check::Charge),
        ("an order nobody made", |paid| paid[0].order = "0f".repeat(16), Check::Charge),
        ("a raffle nobody has", |paid| paid[0].raffle = "0f".repeat(16), Check::Charge),
        ("a ticket without its money", |paid| paid[0].charged = 0, Check::Charge),
        ("an ended order could still be charged", |paid| paid[1].declined = false, Check::Charge),
    ];
    for (name, edit, check) in table {
        for stands in [false, true] {
            let found = found(edit, stands);
            assert!(found.contains(&check), "{name} ({stands}): {found:?}");
        }
    }
    assert!(found(|paid| paid[0].refunded = false, false).contains(&Check::Charge), "a refund that was not made");
    assert!(found(|paid| paid[0].refunded = true, true).contains(&Check::Charge), "a ticket that was paid back");
    let mut owed = account.clone();
    owed.orders.get_mut(&order(2)).unwrap().refunded = false;
    let mut findings = Findings::default();
    payments::check(&statement, RAFFLE, &owed, &mut findings);
    assert!(findings.0.iter().any(|finding| finding.check == Check::Charge), "a refund nobody recorded");
}

#[test]
fn what_the_server_reports_must_be_the_journals_i4_i5() {
    let audit = audited(&sound(), &kept());
    let account = audit.raffle(RAFFLE);
    let view = json!({"status": "reconciled", "main_prize_id": 1, "gross_minor": 4000, "net_minor": 3000, "numbers_sold": 42,
        "jackpot": {"value_minor": 1600}, "prizes": [{"id": 1, "value_minor": 1600}, {"id": 2, "value_minor": 5000}],
        "identity": {"total": 1000, "sold": 42, "voided": 2, "held": 0, "reserved": 0, "out_of_play": 1, "unsold": 955},
        "pools": [{"channel": "counter", "identity": {"sold": 21, "voided": 0, "held": 0, "reserved": 0, "out_of_play": 0, "unsold": 179}}]});
    let found = |view: &Value| {
        let mut findings = Findings::default();
        reports::check_raffle(account, view, &mut findings);
        findings.0
    };
    assert_eq!(found(&view), []);
    for pointer in
        ["/gross_minor", "/identity/held", "/pools/0/identity/sold", "/jackpot/value_minor", "/prizes/1/value_minor"]
    {
        let mut view = view.clone();
        *view.pointer_mut(pointer).unwrap() = json!(3);
        assert_eq!(found(&view).len(), 1, "{pointer}");
    }

    let report = json!({"gross_minor": 4000, "voided_minor": 1000, "net_minor": 3000, "tickets": 5, "voided_tickets": 1, "numbers_sold": 42,
        "by_channel": [{"channel": "rsu", "net_minor": 1500, "numbers": 21}, {"channel": "online", "net_minor": 0, "numbers": 0},
            {"channel": "counter", "net_minor": 1000, "numbers": 20}, {"channel": "integration", "net_minor": 500, "numbers": 1}],
        "by_package": [{"package_id": 1, "quantity": 4, "gross_minor": 2000, "voided_minor": 1000}, {"package_id": 2, "quantity": 2, "gross_minor": 2000, "voided_minor": 0}],
        "by_device": [{"device_id": drumroll_tests::auditor::bytes::uuid(&DEVICE), "label": "H-01", "tickets": 2, "gross_minor": 1500, "voided_minor": 0, "misprinted": 1}]});
    let found = |report: &Value| {
        let mut findings = Findings::default();
        reports::check_sales(account, report, &mut findings);
        findings.0
    };
    assert_eq!(found(&report), []);
    for pointer in ["/tickets", "/by_channel/0/numbers", "/by_package/1/quantity", "/by_device/0/misprinted"] {
        let mut report = report.clone();
        *report.pointer_mut(pointer).unwrap() = json!(77);
        assert_eq!(found(&report).len(), 1, "{pointer}");
    }
    let mut short = report.clone();
    short["by_package"].as_array_mut().unwrap().pop();
    assert_eq!(found(&short).len(), 1, "a package is left out");
}

#[test]
fn a_database_refuses_what_the_auditor_would_find_t05_a07() {
    let db = sound();
    let refused = [
        "UPDATE events SET at = 0",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events SELECT * FROM events LIMIT 1",
        "DELETE FROM tickets",
        "DELETE FROM ticket_ranges",
        "INSERT INTO ticket_ranges SELECT raffle, last, last, order_key, organisation FROM ticket_ranges WHERE last > first LIMIT 1",
    ];
    for sql in refused {
        assert!(db.execute(sql, params![]).is_err(), "{sql}");
    }
}
