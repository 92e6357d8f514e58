//! One stored payload per kind of event: what was ever written stays readable for ever, to the byte.
//!
//! A new variant fails to compile in `sample` below. Add a sample there and a file with its payload; never
//! change a file that was released, since raffles were recorded with it.

#![allow(clippy::unwrap_used, reason = "the constants of a test")]

use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{DeviceId, DrawId, OrderKey, RaffleId, UserId, VenueId};
use drumroll_engine::money::{Currency, Line, Package, Prize, PrizeRule};
use drumroll_engine::profile::{DrawMode, Profile};
use drumroll_engine::raffle::{
    Acknowledgement, Channel, Config, DeviceRecordRef, Event, HoldEnd, Identity, Kind, PoolKind, PoolShare, PrizeValue,
    QuarantineReason, QuarantinedSale, RaffleKeys, RefundReason, Resolution, Sale, SealedLedger, Slot,
};
use drumroll_engine::ticket::{IssuerSlot, NumberRange, ValidationNumber};
use drumroll_engine::time::{Span, Timestamp};
use std::collections::BTreeSet;
use std::path::PathBuf;

const ORDER: OrderKey = OrderKey([0x11; 16]);
const DEVICE: DeviceId = DeviceId([0x22; 16]);
const AT: Timestamp = Timestamp(1_800_000_000_123_456);

fn range(first: u64, last: u64) -> NumberRange {
    NumberRange::new(first, last).unwrap()
}

fn record() -> DeviceRecordRef {
    DeviceRecordRef { device: DEVICE, seq: 7, hash: Bytes([0x33; 32]), at: AT, error_ms: 250 }
}

fn validation() -> ValidationNumber {
    ValidationNumber::new(IssuerSlot::new(3).unwrap(), [1, 2, 3, 4, 5, 6, 7, 8])
}

fn sale() -> Sale {
    Sale {
        order: ORDER,
        channel: Channel::Rsu,
        seller: Some(UserId([0x44; 16])),
        lines: vec![Line { package: 1, quantity: 2 }, Line { package: 2, quantity: 1 }],
        ranges: vec![range(701, 720), range(751, 752)],
        price_minor: 2_000,
        validation: validation(),
        salt: Bytes([0x55; 32]),
        sold_at: AT,
        device_record: Some(record()),
        payment: None,
    }
}

fn set_aside() -> QuarantinedSale {
    let Sale { order, lines, ranges, price_minor, validation, salt, seller, .. } = sale();
    QuarantinedSale { order, lines, ranges, price_minor, validation, salt, seller }
}

fn config() -> Config {
    let percentage =
        PrizeRule::Percentage { basis_points: 5_000, seed_minor: 100, guarantee_minor: 200, cap_minor: None };
    Config {
        name: "Friday \"night\" – été".to_owned(),
        organisation_name: "Northern Lights Foundation".to_owned(),
        venue: VenueId([0x66; 16]),
        location: "Harbour Arena".to_owned(),
        time_zone: "America/Halifax".to_owned(),
        licence: Some("L-2027-0001".to_owned()),
        currency: Currency::new("CAD").unwrap(),
        numbers: range(1, 1_000),
        pools: vec![
            PoolShare { pool: PoolKind::Rsu, range: range(1, 500) },
            PoolShare { pool: PoolKind::Online, range: range(501, 700) },
            PoolShare { pool: PoolKind::Internal, range: range(701, 1_000) },
        ],
        packages: vec![
            Package { id: 1, label: "1 for $5".to_owned(), numbers: 1, price_minor: 500, stock: None },
            Package { id: 2, label: "20 for $10".to_owned(), numbers: 20, price_minor: 1_000, stock: Some(9) },
        ],
        prizes: vec![
            Prize { id: 1, name: "Half the pot".to_owned(), rule: percentage },
            Prize { id: 2, name: "Shirt".to_owned(), rule: PrizeRule::Fixed { value_minor: 5_000, quantity: 2 } },
        ],
        reserves: 3,
        sales_start: Timestamp(1_800_000_000_000_000),
        sales_end: Timestamp(1_800_003_600_000_000),
        draw_mode: DrawMode::Electronic,
        ticket_lines: vec!["Claim within 30 days".to_owned()],
        device_block: 100,
        hold: Span::seconds(600),
        profile: "default".to_owned(),
    }
}

fn acknowledgement() -> Acknowledgement {
    Acknowledgement {
        by: UserId([0x44; 16]),
        at: AT,
        statement: "All is counted.".to_owned(),
        counts: Identity { sold: 1, voided: 2, held: 0, reserved: 0, out_of_play: 3, unsold: 994 },
        net_minor: 12_345,
        prizes: vec![PrizeValue { prize: 1, value_minor: 6_172 }, PrizeValue { prize: 2, value_minor: 5_000 }],
    }
}

fn sealed() -> SealedLedger {
    SealedLedger {
        close_seq: 4_242,
        journal_head: Bytes([0x77; 32]),
        closed_at_ms: AT.as_millis(),
        range_count: 5,
        sold_count: 1_000,
        ledger_root: Bytes([0x88; 32]),
        lock_hash: Bytes([0x99; 32]),
        signature: Bytes([0xaa; 64]),
    }
}

/// One of each, with every field filled where it can be.
fn samples() -> Vec<Event> {
    let reason = || "because".to_owned();
    vec![
        Event::Created { raffle: RaffleId([0xbb; 16]), event_number: 12, name: "Friday".to_owned(), kind: Kind::Test },
        Event::Configured { config: Box::new(config()) },
        Event::ChangeRefused { attempt: "configuration of Friday".to_owned() },
        Event::SalesOpened {
            config: Box::new(config()),
            profile: Box::new(Profile::default_profile()),
            keys: RaffleKeys { ledger: Bytes([1; 32]), vrf: Bytes([2; 32]), house_witness: Bytes([3; 32]) },
        },
        Event::DrawPlanned {
            draw: DrawId([0xcc; 16]),
            draw_no: 1,
            plan_hash: Bytes([4; 32]),
            house_commitment: Bytes([5; 32]),
        },
        Event::SalesSuspended { reason: reason() },
        Event::SalesResumed,
        Event::CloseMoved { closes_at: AT, reason: reason() },
        Event::SalesClosed,
        Event::ReconciliationStarted,
        Event::ReconciliationAcknowledged { acknowledgement: acknowledgement() },
        Event::AcknowledgementCleared { reason: reason() },
        Event::TicketSold { sale: sale() },
        Event::OrderHeld {
            order: ORDER,
            lines: vec![Line { package: 1, quantity: 2 }],
            numbers: 2,
            price_minor: 1_000,
            expires_at: AT,
        },
        Event::HoldEnded { order: ORDER, end: HoldEnd::Declined },
        Event::RefundDue {
            order: ORDER,
            amount_minor: 1_000,
            reason: RefundReason::NoHold,
            payment: Some("pay_1".to_owned()),
        },
        Event::Refunded { order: ORDER, reference: "re_1".to_owned() },
        Event::TicketVoided { order: ORDER, reason: reason() },
        Event::TicketMisprinted { order: ORDER, reason: reason(), device_record: Some(record()) },
        Event::MisprintCleared { order: ORDER, reason: reason() },
        Event::DeviceJoined { device: DEVICE, label: "H-07".to_owned(), slot: IssuerSlot::new(3).unwrap() },
        Event::RangeReserved { device: DEVICE, range: range(1, 100) },
        Event::NoticeAcknowledged { device: DEVICE, closes_at: AT, suspended: true },
        Event::RecordQuarantined {
            record: record(),
            reason: QuarantineReason::AfterClose,
            sale: Some(Box::new(set_aside())),
        },
        Event::QuarantineResolved { device: DEVICE, seq: 7, resolution: Resolution::Accepted, reason: reason() },
        Event::DeviceFinal { record: record(), returned: vec![range(40, 100)] },
        Event::DeviceLost {
            device: DEVICE,
            operator: "Sam".to_owned(),
            money_collected_minor: 4_200,
            reason: reason(),
            out_of_play: vec![range(40, 100), range(201, 300)],
        },
        Event::DrawLocked { draw_no: 1, lock: sealed() },
        Event::WitnessRevealed { draw_no: 1, witness: 0, reveal: Bytes([6; 32]), signature: Bytes([7; 64]) },
        Event::DrawProven { draw_no: 1, proof: Bytes([8; 80]) },
        Event::WinnersDrawn {
            draw_no: 1,
            seed: Bytes([9; 32]),
            slots: vec![Slot { rank: 735, number: 5_384 }, Slot { rank: 0, number: 1 }],
            result_hash: Bytes([10; 32]),
            signature: Bytes([11; 64]),
        },
        Event::DrawPublished { draw_no: 1 },
        Event::DrawCancelled { draw_no: 1, reason: reason() },
        Event::DrawSettled { draw_no: 1, reason: reason() },
        Event::Cancelled { reason: reason() },
        Event::Finalized,
    ]
}

macro_rules! kinds {
    ($($variant:ident => $name:literal,)*) => {
        const KINDS: &[&str] = &[$($name),*];

        /// The stored name of an event. No wildcard: a new variant must come by here.
        fn kind(event: &Event) -> &'static str {
            match event {
                $(Event::$variant { .. } => $name,)*
            }
        }
    };
}

kinds! {
    Created => "raffle_created/1",
    Configured => "raffle_configured/1",
    ChangeRefused => "change_refused/1",
    SalesOpened => "sales_opened/1",
    DrawPlanned => "draw_planned/1",
    SalesSuspended => "sales_suspended/1",
    SalesResumed => "sales_resumed/1",
    CloseMoved => "close_moved/1",
    SalesClosed => "sales_closed/1",
    ReconciliationStarted => "reconciliation_started/1",
    ReconciliationAcknowledged => "reconciliation_acknowledged/1",
    AcknowledgementCleared => "acknowledgement_cleared/1",
    TicketSold => "ticket_sold/1",
    OrderHeld => "order_held/1",
    HoldEnded => "hold_ended/1",
    RefundDue => "refund_due/1",
    Refunded => "refunded/1",
    TicketVoided => "ticket_voided/1",
    TicketMisprinted => "ticket_misprinted/1",
    MisprintCleared => "misprint_cleared/1",
    DeviceJoined => "device_joined/1",
    RangeReserved => "range_reserved/1",
    NoticeAcknowledged => "notice_acknowledged/1",
    RecordQuarantined => "record_quarantined/1",
    QuarantineResolved => "quarantine_resolved/1",
    DeviceFinal => "device_final/1",
    DeviceLost => "device_lost/1",
    DrawLocked => "draw_locked/1",
    WitnessRevealed => "witness_revealed/1",
    DrawProven => "draw_proven/1",
    WinnersDrawn => "winners_drawn/1",
    DrawPublished => "draw_published/1",
    DrawCancelled => "draw_cancelled/1",
    DrawSettled => "draw_settled/1",
    Cancelled => "raffle_cancelled/1",
    Finalized => "raffle_finalized/1",
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/events")
}

/// `ticket_sold/1` stands in `ticket_sold-1.json`. The newline that ends a text file is not part of it.
fn stored(kind: &str) -> String {
    let path = folder().join(format!("{}.json", kind.replace('/', "-")));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{kind} has no golden file: {error}"));
    text.trim_end_matches('\n').to_owned()
}

#[test]
fn i6_every_kind_of_event_has_a_golden_file_that_is_read_and_written_to_the_byte() {
    let samples = samples();
    assert_eq!(samples.iter().map(kind).collect::<Vec<_>>(), KINDS, "one sample of each kind");
    for sample in samples {
        let (kind, text) = (kind(&sample), stored(kind(&sample)));
        assert!(text.starts_with(&format!(r#"{{"type":"{kind}""#)), "{text}");
        let decoded = Event::decode(text.as_bytes()).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(decoded, sample, "{kind} means what it meant");
        assert_eq!(String::from_utf8(decoded.encode()).unwrap(), text, "{kind} is written as it was");
    }
}

/// A file without a kind would be a payload that nobody reads any more.
#[test]
fn i6_no_golden_file_is_forgotten() {
    let names = |kind: &str| format!("{}.json", kind.replace('/', "-"));
    let expected: BTreeSet<String> = KINDS.iter().map(|kind| names(kind)).collect();
    let found = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(found.collect::<BTreeSet<_>>(), expected);
}

/// The journal says so when it does not understand, rather than guess.
#[test]
fn i7_payloads_of_unknown_kinds_are_refused() {
    for unknown in [
        r#"{"type":"ticket_sold/2","body":{}}"#,
        r#"{"type":"sales_opened"}"#,
        r#"{"type":"draw_published/1","body":{}}"#,
        r#"{"type":"draw_published/1"}"#,
        "{}",
        "",
        "sales_closed/1",
    ] {
        assert!(Event::decode(unknown.as_bytes()).is_err(), "{unknown}");
    }
}

/// Every reason and state in an event keeps its stored word.
#[test]
fn i6_stored_words_do_not_change() {
    let words = |values: Vec<serde_json::Value>| {
        let words = values.iter().map(|value| value.as_str().expect("a word").to_owned());
        words.collect::<Vec<_>>().join(" ")
    };
    let value = |value: &dyn erased::Word| value.word();
    assert_eq!(words(Channel::ALL.iter().map(|channel| value(channel)).collect()), "rsu online counter integration");
    assert_eq!(words(PoolKind::ALL.iter().map(|pool| value(pool)).collect()), "rsu online internal");
    let ends = [HoldEnd::Expired, HoldEnd::Declined, HoldEnd::Closed, HoldEnd::Cancelled];
    assert_eq!(words(ends.iter().map(|end| value(end)).collect()), "expired declined closed cancelled");
    let reasons = [RefundReason::NoHold, RefundReason::Voided, RefundReason::Cancelled, RefundReason::Quarantine];
    assert_eq!(words(reasons.iter().map(|reason| value(reason)).collect()), "no_hold voided cancelled quarantine");
    use QuarantineReason as Q;
    let reasons = [
        Q::AfterClose,
        Q::BeforeOpening,
        Q::WhileSuspended,
        Q::AfterAcknowledgement,
        Q::AfterLock,
        Q::DeviceLost,
        Q::AfterFinal,
        Q::RaffleOver,
        Q::PriceMismatch,
        Q::NumbersNotLeased,
        Q::NumbersUsed,
        Q::ValidationInvalid,
        Q::OrderKeyUsed,
        Q::ClockWentBack,
        Q::ClockAhead,
        Q::UnknownSale,
        Q::FinalMismatch,
        Q::Unreadable,
    ];
    assert_eq!(
        words(reasons.iter().map(|reason| value(reason)).collect()),
        "after_close before_opening while_suspended after_acknowledgement after_lock device_lost after_final \
         raffle_over price_mismatch numbers_not_leased numbers_used validation_invalid order_key_used \
         clock_went_back clock_ahead unknown_sale final_mismatch unreadable"
    );
}

/// Any of the closed lists, as stored.
mod erased {
    pub(super) trait Word {
        fn word(&self) -> serde_json::Value;
    }

    impl<T: serde::Serialize> Word for T {
        fn word(&self) -> serde_json::Value {
            serde_json::to_value(self).unwrap()
        }
    }
}
