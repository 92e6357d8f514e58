//! A device without a network: what it sells, what it refuses, and what it remembers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{Offline, RAFFLE, SECOND, T0, lease, notice, terms};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::MisprintReason;
use drumroll_engine::id::OrderKey;
use drumroll_engine::money::Line;
use drumroll_engine::ticket::NumberRange;
use drumroll_engine::time::Timestamp;
use drumroll_protocol::{NoticeKind, PrinterState, RaffleStatus, UploadAck, Verdict, VerdictKind};
use drumroll_rsu_client::{Device, DeviceError, SellRefusal};

fn acknowledge(offline: &mut Offline, seq: u64) {
    let head = offline.get().raffles()[&RAFFLE].hashes[seq as usize - 1];
    let ack =
        UploadAck { id: 1, raffle_id: RAFFLE, acknowledged_seq: seq, acknowledged_head: Bytes(head), verdicts: vec![] };
    offline.get().take_acknowledgement(&ack).unwrap();
}

#[test]
fn r04_sales_run_through_the_leases_in_order_and_survive_a_restart() {
    let mut offline = Offline::new("order", vec![lease(1, 101, 104), lease(2, 501, 600)]);
    let first = offline.sell(2, 1).unwrap();
    let second = offline.sell(2, 1).unwrap();
    assert_eq!(Offline::ranges(&first), [(101, 103)]);
    assert_eq!(Offline::ranges(&second), [(104, 104), (501, 502)], "one ticket may span leases");
    assert_eq!((second.seq, second.sale.price_minor, second.sale.terms_seq), (2, 1_000, 10));
    assert_ne!(first.sale.validation_number, second.sale.validation_number);
    assert_eq!(second.sale.validation_number.issuer_slot().get(), 12);
    assert_ne!(first.sale.salt, second.sale.salt);
    let before = offline.get().raffles().clone();
    offline.reopen().unwrap();
    assert_eq!(*offline.get().raffles(), before, "views are rebuilt from the records");
    assert_eq!(Offline::ranges(&offline.sell(1, 1).unwrap()), [(503, 503)]);
}

#[test]
fn leases_that_touch_are_one_range_on_the_ticket() {
    let mut offline = Offline::new("touch", vec![lease(1, 101, 102), lease(2, 103, 110)]);
    assert_eq!(Offline::ranges(&offline.sell(2, 1).unwrap()), [(101, 103)]);
}

#[test]
fn i03_the_same_order_is_the_same_sale() {
    let mut offline = Offline::new("idempotent", vec![lease(1, 1, 100)]);
    let lines = [Line { package: 2, quantity: 1 }];
    let order = OrderKey([9; 16]);
    let first = offline.get().sell(RAFFLE, order, &lines, None).unwrap();
    assert_eq!(offline.get().sell(RAFFLE, order, &lines, None).unwrap(), first);
    let differs = offline.get().sell(RAFFLE, order, &[Line { package: 2, quantity: 2 }], None);
    assert!(matches!(differs, Err(DeviceError::Refused(SellRefusal::OrderDiffers))));
    assert_eq!(offline.get().raffles()[&RAFFLE].head_seq(), 1);
}

#[test]
fn r05_the_buffer_limit_is_exact() {
    let mut offline = Offline::new("buffer", vec![lease(1, 1, 1_000)]);
    for _ in 0..50 {
        assert_eq!(offline.try_sell(), "sold");
    }
    assert_eq!(offline.refusal(1, 1), SellRefusal::BufferFull { unsynced: 50, max: 50 });
    acknowledge(&mut offline, 1);
    assert_eq!((offline.try_sell(), offline.try_sell()), ("sold", "buffer_full"));
    acknowledge(&mut offline, 51);
    assert_eq!(offline.try_sell(), "sold");
}

#[test]
fn r05_the_last_number_is_sold_and_no_more() {
    let mut offline = Offline::new("numbers", vec![lease(1, 1, 4)]);
    offline.sell(2, 1).unwrap();
    assert_eq!(offline.refusal(2, 1), SellRefusal::OutOfNumbers { left: 1 });
    assert_eq!(Offline::ranges(&offline.sell(1, 1).unwrap()), [(4, 4)]);
    assert_eq!(offline.refusal(1, 1), SellRefusal::OutOfNumbers { left: 0 });
}

/// R-05: 80 % of the last lease, however much was sold before.
#[test]
fn r05_numbers_are_low_from_80_percent_of_the_last_lease() {
    let mut offline = Offline::new("low", vec![lease(1, 1, 10), lease(2, 11, 20)]);
    for sold in 1..=20 {
        assert_eq!(offline.get().raffles()[&RAFFLE].numbers_are_low(), sold > 18, "{sold}");
        assert_eq!(offline.try_sell(), "sold");
    }
}

#[test]
fn wrong_lines_are_refused() {
    let mut offline = Offline::new("lines", vec![lease(1, 1, 100)]);
    assert_eq!(offline.refusal(1, 0), SellRefusal::BadQuantity);
    assert_eq!(offline.refusal(1, 101), SellRefusal::BadQuantity);
    assert_eq!(offline.refusal(1, u32::MAX), SellRefusal::BadQuantity);
    assert_eq!(offline.refusal(3, 1), SellRefusal::UnknownPackage(3));
    assert_eq!(offline.get().raffles()[&RAFFLE].head_seq(), 0);
}

/// R-11: the close is obeyed offline, earlier by the error bound, and never past it.
#[test]
fn r11_sales_stop_at_the_close_minus_the_error_bound() {
    let mut offline = Offline::new("close", vec![lease(1, 1, 1_000)]);
    let notice = notice(NoticeKind::Close, 11, T0 + 100 * SECOND);
    offline.get().take_notice(&notice).unwrap();
    offline.reopen().unwrap();
    offline.synchronise(T0);
    // 10 ms resolution and 200 ppm of 99 s: about 31 ms.
    offline.time.pass(99 * SECOND + 900_000);
    assert_eq!(offline.try_sell(), "sold");
    let error_ms = u64::from(offline.get().now().unwrap().error_ms);
    assert!((20..60).contains(&error_ms), "{error_ms}");
    offline.time.pass(100_000 - error_ms * 1_000 - 1_000);
    assert_eq!(offline.try_sell(), "sold");
    offline.time.pass(1_000);
    assert_eq!(offline.try_sell(), "past_close");
    // Setting the clock back, with or without a restart, does not open it again.
    offline.time.set_wall(T0 - 3_600 * SECOND);
    assert_eq!(offline.try_sell(), "past_close");
    offline.reopen().unwrap();
    assert_eq!(offline.try_sell(), "past_close");
    offline.time.reboot(T0 - 3_600 * SECOND);
    offline.reopen().unwrap();
    assert_eq!(offline.try_sell(), "clock_set_back");
}

#[test]
fn r11_only_an_extension_moves_the_close_back() {
    let mut offline = Offline::new("extend", vec![lease(1, 1, 1_000)]);
    let closes = |offline: &mut Offline| offline.get().raffles()[&RAFFLE].binding.as_ref().unwrap().closes_at_us;
    offline.get().take_notice(&notice(NoticeKind::Close, 11, T0 + 100)).unwrap();
    offline.get().take_notice(&notice(NoticeKind::Close, 12, T0 + 200)).unwrap();
    assert_eq!(closes(&mut offline), T0 + 100);
    // An older notice that comes late changes nothing.
    offline.get().take_notice(&notice(NoticeKind::Extend, 9, T0 + 900)).unwrap();
    assert_eq!(closes(&mut offline), T0 + 100);
    offline.get().take_notice(&notice(NoticeKind::Extend, 13, T0 + 300)).unwrap();
    assert_eq!(closes(&mut offline), T0 + 300);
}

#[test]
fn l03_nothing_is_sold_before_the_start_and_without_time() {
    let mut offline = Offline::new("start", vec![lease(1, 1, 1_000)]);
    let mut later = terms(vec![lease(1, 1, 1_000)]);
    later.as_of_seq = 11;
    later.sales_start_us = Timestamp(T0 + 10 * SECOND);
    offline.get().take_terms(&later).unwrap();
    assert_eq!(offline.try_sell(), "not_begun");
    offline.time.pass(10 * SECOND + 50_000);
    assert_eq!(offline.try_sell(), "sold");
}

/// C-07
#[test]
fn c07_a_clock_that_may_be_too_wrong_stops_sales() {
    let mut offline = Offline::new("skew", vec![lease(1, 1, 1_000)]);
    let mut strict = terms(vec![lease(1, 1, 1_000)]);
    strict.as_of_seq = 11;
    strict.device.clock_error_max_ms = 100;
    offline.get().take_terms(&strict).unwrap();
    assert_eq!(offline.try_sell(), "sold");
    // 200 ppm of 450 s is 90 ms, and 10 ms resolution.
    offline.time.pass(460 * SECOND);
    assert_eq!(offline.try_sell(), "clock_uncertain");
    let now = T0 + 460 * SECOND;
    offline.synchronise(now);
    assert_eq!(offline.try_sell(), "sold");
}

#[test]
fn suspension_is_obeyed_offline_and_ends_with_a_resume() {
    let mut offline = Offline::new("suspend", vec![lease(1, 1, 1_000)]);
    let closes = T0 + 7_200 * SECOND;
    offline.get().take_notice(&notice(NoticeKind::Suspend, 11, closes)).unwrap();
    assert_eq!(offline.try_sell(), "not_selling");
    offline.reopen().unwrap();
    assert_eq!(offline.try_sell(), "not_selling");
    offline.get().take_notice(&notice(NoticeKind::ComeHome, 12, closes)).unwrap();
    assert_eq!(offline.try_sell(), "not_selling");
    offline.get().take_notice(&notice(NoticeKind::Resume, 13, closes)).unwrap();
    assert_eq!(offline.try_sell(), "sold");
}

#[test]
fn r01_a_disabled_device_stays_disabled_across_restarts() {
    let mut offline = Offline::new("disabled", vec![lease(1, 1, 1_000)]);
    offline.get().set_disabled(Some("reported missing".into())).unwrap();
    assert_eq!(offline.try_sell(), "disabled");
    offline.reopen().unwrap();
    assert_eq!(offline.try_sell(), "disabled");
    offline.get().set_disabled(None).unwrap();
    assert_eq!(offline.try_sell(), "sold");
}

#[test]
fn r13_after_the_final_report_the_device_never_sells_here_again() {
    let mut offline = Offline::new("final", vec![lease(1, 101, 110), lease(2, 111, 120), lease(3, 51, 60)]);
    let misprinted = offline.sell(2, 2).unwrap();
    offline.get().misprint(RAFFLE, misprinted.sale.order_key, MisprintReason::Unreadable).unwrap();
    assert!(matches!(offline.get().write_final(RAFFLE), Err(DeviceError::Refused(SellRefusal::NotSelling))));
    offline.get().take_notice(&notice(NoticeKind::Closed, 11, T0)).unwrap();
    assert_eq!(offline.try_sell(), "closed");
    offline.get().write_final(RAFFLE).unwrap();
    offline.get().write_final(RAFFLE).unwrap();
    let records = offline.get().records(RAFFLE, 1, 100, 1_000_000).unwrap();
    assert_eq!(records.len(), 3);
    let report = records[2].payload.clone();
    assert_eq!(
        report,
        concat!(
            r#"{"type":"final","v":1,"last_sale_seq":1,"sales":1,"numbers_sold":6,"amount_minor":2000,"misprints":1,"#,
            r#""unused":[{"first":51,"last":60},{"first":107,"last":120}]}"#
        )
    );
    // Not by terms that say it sells, not by a restart, not by a resume.
    let mut again = terms(vec![lease(1, 101, 110), lease(2, 111, 120), lease(3, 51, 60)]);
    again.as_of_seq = 20;
    offline.get().take_terms(&again).unwrap();
    offline.get().take_notice(&notice(NoticeKind::Resume, 21, T0 + 9_000 * SECOND)).unwrap();
    assert_eq!(offline.try_sell(), "final");
    offline.reopen().unwrap();
    assert_eq!(offline.try_sell(), "final");
    assert_eq!(offline.get().raffles()[&RAFFLE].binding.as_ref().unwrap().status, RaffleStatus::Closing);
}

#[test]
fn t09_a_misprint_is_a_mark_and_marking_twice_is_one_record() {
    let mut offline = Offline::new("misprint", vec![lease(1, 1, 100)]);
    let ticket = offline.sell(1, 1).unwrap();
    let order = ticket.sale.order_key;
    offline.get().misprint(RAFFLE, order, MisprintReason::NotPrinted).unwrap();
    offline.get().misprint(RAFFLE, order, MisprintReason::Other).unwrap();
    let raffle = &offline.get().raffles()[&RAFFLE];
    assert_eq!((raffle.head_seq(), raffle.misprints, raffle.amount_minor), (2, 1, 500));
    assert_eq!(raffle.sales[&order].misprint, Some(MisprintReason::NotPrinted));
    let unknown = offline.get().misprint(RAFFLE, OrderKey([99; 16]), MisprintReason::Other);
    assert!(matches!(unknown, Err(DeviceError::NoSuchSale)));
}

#[test]
fn a_printer_that_is_not_ready_refuses_the_next_sale() {
    let mut offline = Offline::new("printer", vec![lease(1, 1, 100)]);
    offline.get().set_printer(PrinterState::PaperOut);
    assert_eq!(offline.try_sell(), "printer_not_ready");
    offline.get().set_printer(PrinterState::PaperLow);
    assert_eq!(offline.try_sell(), "sold");
}

/// R-07: what the server says is not believed against the device's own memory.
#[test]
fn r07_a_contradiction_about_numbers_stops_the_raffle_for_good() {
    let mut offline = Offline::new("contradiction", vec![lease(1, 1, 100)]);
    let mut other = terms(vec![lease(1, 2, 100)]);
    other.as_of_seq = 11;
    assert!(matches!(offline.get().take_terms(&other), Err(DeviceError::Contradiction(_))));
    assert_eq!(offline.try_sell(), "stopped");
    offline.reopen().unwrap();
    assert_eq!(offline.try_sell(), "stopped");
}

#[test]
fn verdicts_are_remembered() {
    let mut offline = Offline::new("verdicts", vec![lease(1, 1, 100)]);
    offline.sell(1, 1).unwrap();
    let head = Bytes(offline.get().raffles()[&RAFFLE].head());
    let verdict = Verdict { seq: 1, verdict: VerdictKind::Quarantined, reason: Some("after_close".into()) };
    let ack =
        UploadAck { id: 1, raffle_id: RAFFLE, acknowledged_seq: 1, acknowledged_head: head, verdicts: vec![verdict] };
    offline.get().take_acknowledgement(&ack).unwrap();
    offline.reopen().unwrap();
    let raffle = &offline.get().raffles()[&RAFFLE];
    assert_eq!((raffle.acknowledged_seq, raffle.quarantined[&1].as_str()), (1, "after_close"));
    assert_eq!(raffle.unsynced_minor(), 0);
}

#[test]
fn one_process_at_a_time_and_others_may_look() {
    let mut offline = Offline::new("lock", vec![lease(1, 1, 100)]);
    offline.sell(1, 1).unwrap();
    let second = Device::open(offline.dir.path(), Box::new(offline.time.clone()));
    assert!(matches!(second, Err(DeviceError::InUse(_))));
    let overview = Device::look(offline.dir.path()).unwrap();
    assert_eq!(overview.raffles, *offline.get().raffles());
}

#[test]
fn new_leases_in_terms_are_taken_whole_or_not_at_all() {
    let mut offline = Offline::new("leases", vec![lease(1, 1, 100)]);
    let mut more = terms(vec![lease(1, 1, 100), lease(2, 101, 200), lease(3, 150, 300)]);
    more.as_of_seq = 11;
    assert!(offline.get().take_terms(&more).is_err());
    let raffle = &offline.get().raffles()[&RAFFLE];
    assert_eq!(raffle.leases.iter().map(|lease| lease.range).collect::<Vec<_>>(), [NumberRange::new(1, 100).unwrap()]);
}
