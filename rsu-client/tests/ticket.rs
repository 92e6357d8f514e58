//! T-01: the printed ticket, whole, as golden text.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{RAFFLE, T0, lease, terms};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::{Payment, Sale, Version1};
use drumroll_engine::id::OrderKey;
use drumroll_engine::money::Line;
use drumroll_engine::ticket::{IssuerSlot, NumberRange, ValidationNumber};
use drumroll_rsu_client::SoldTicket;
use drumroll_rsu_client::ticket::{PrintedTicket, WIDTH};

fn ticket() -> SoldTicket {
    let terms = terms(vec![lease(1, 100_001, 101_000)]);
    SoldTicket {
        seq: 1,
        sold_at_us: T0,
        sale: Sale {
            v: Version1,
            order_key: OrderKey([1; 16]),
            validation_number: ValidationNumber::new(
                IssuerSlot::new(12).unwrap(),
                0x1122_3344_5566_7788u64.to_be_bytes(),
            ),
            lines: vec![Line { package: 2, quantity: 2 }, Line { package: 1, quantity: 1 }],
            ranges: vec![NumberRange::new(100_001, 100_006).unwrap(), NumberRange::new(207, 207).unwrap()],
            price_minor: 2_500,
            currency: terms.currency,
            salt: Bytes([3; 32]),
            seller: None,
            payment: Payment::Cash,
            terms_seq: 10,
        },
        misprint: None,
    }
}

fn check(name: &str, printed: &PrintedTicket) {
    let path = format!("{}/tests/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = printed.to_string();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&path).unwrap(), "{path}; UPDATE_GOLDEN=1 writes it anew");
    assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
}

#[test]
fn t01_the_ticket_carries_all_eight_items() {
    let terms = terms(vec![lease(1, 100_001, 101_000)]);
    assert_eq!(terms.raffle_id, RAFFLE);
    let printed = PrintedTicket::new(&terms, "Handheld 07", &ticket(), 1);
    check("ticket", &printed);
    let text = printed.to_string();
    for item in [
        "Harbour City Hockey Foundation",
        "Harbour Arena",
        "100001 to 100006",
        "207",
        "2026-10-18 15:05",
        "Handheld 07",
        "CAD 25.00",
        &ticket().sale.validation_number.to_string(),
        "ON-2026-0042",
    ] {
        assert!(text.contains(item), "{item}");
    }
}

#[test]
fn l08_t13_test_and_reprint_are_marked_at_both_ends() {
    let mut terms = terms(vec![lease(1, 100_001, 101_000)]);
    terms.test = true;
    terms.event.licence = None;
    terms.plan_hash = Some(Bytes([0xab; 32]));
    let printed = PrintedTicket::new(&terms, "Handheld 07", &ticket(), 3);
    check("ticket-test-reprint", &printed);
    let text = printed.to_string();
    assert_eq!(text.matches("TEST").count(), 2);
    assert_eq!(text.matches("REPRINT 2").count(), 2);
}
