//! Handhelds: joining, numbers, series, final reports (R-05, R-06, R-12, R-13, I2, I3).

use super::script::{check, continue_with, say};
use super::world::{World, config, range, with};
use crate::raffle::DeviceStatus;

#[test]
fn t03_each_handheld_has_a_slot_of_its_own() {
    check(
        config(),
        "
        join d1 at 1s  -> slot 1
        join d2        -> slot 2
        join d1        -> slot 1, nothing new
        suspend        -> done
        join d3        -> slot 3
        tick at 3600s  -> done
        join d3        -> slot 3, nothing new
        join d4        -> wrong_status closing
    ",
    );
}

/// numbers come in blocks, after everything was uploaded, and lost replies do not drain the pool.
#[test]
fn r06_a_handheld_uploads_first_and_is_given_blocks() {
    check(
        config(),
        "
        reserve d1 at 1s           -> unknown_device
        join d1                    -> slot 1
        reserve d1 lost=yes        -> leased 701..750
        reserve d1 lost=yes        -> leased 701..750, nothing new   # the reply got lost
        reserve d1                 -> leased 701..750, nothing new
        reserve d1                 -> leased 751..800
        reserve d1                 -> range_suffices
        reserve d1 no=1            -> leased 701..750, nothing new
        reserve d1 no=4            -> lease_out_of_step
        reserve d1 no=0            -> lease_out_of_step
        reserve d1 no=4294967295   -> lease_out_of_step
        counts                     -> reserved 100, unsold 900
        d1 sells k1 1x2 kept=yes   -> record 1
        reserve d1                 -> upload_first
        d1 uploads 1               -> accepted
        reserve d1 30              -> leased 801..830
        d1 sells k2 3x2            -> accepted
        reserve d1 0               -> leased 831..831
        join d2                    -> slot 2
        reserve d2 999             -> leased 832..881
        reserve d2                 -> leased 882..931
        d2 sells k3 5x2            -> accepted
        reserve d2                 -> leased 932..981
        reserve d2                 -> leased 982..990         # the rest
        d2 sells k4 50x1           -> accepted
        reserve d2                 -> sold_out, 0 left
        counts d2                  -> sold 150, reserved 9
        suspend                    -> done
        reserve d2                 -> sales_suspended
        reserve d2 no=1            -> leased 832..881, nothing new
        d2 final                   -> accepted
        reserve d2                 -> device_settled
        tick at 3600s              -> done
        reserve d1                 -> sales_closed
    ",
    );
}

/// I2, I3, R-06: uploaded once or often, in whatever order, it is one sale.
#[test]
fn r06_repeated_and_early_uploads_give_one_sale() {
    check(
        config(),
        "
        join d1 at 1s             -> slot 1
        reserve d1                -> leased 701..750
        d1 sells k1 2x1 kept=yes  -> record 1
        d1 sells k2 1x1 kept=yes  -> record 2
        d1 sells k3 1x1 kept=yes  -> record 3
        d1 uploads 2 at 50s       -> series_gap after 0
        d1 uploads 1              -> accepted
        d1 uploads 3              -> series_gap after 1
        d1 uploads 1              -> known, nothing new
        d1 uploads 2              -> accepted
        d1 uploads 3              -> accepted
        d1 uploads 1              -> known, nothing new
        d1 uploads 3              -> known, nothing new
        money                     -> gross 20.00, voided 0.00
        ledger                    -> 701..702, 703..703, 704..704
        void k2                   -> done
        d1 uploads 2              -> known, nothing new
        counts d1                 -> sold 3, voided 1, reserved 46
        sell k1 2x1               -> idempotency_terms_differ
        d1 marks k1               -> accepted
        d1 marks k1               -> quarantined unknown_sale
        d1 uploads 4              -> known, nothing new
        clear k1                  -> done
        d1 marks k9               -> quarantined unknown_sale
        d1 final                  -> accepted
        d1 final                  -> quarantined after_final
        counts d1                 -> sold 3, voided 1, unsold 46
    ",
    );
}

/// A series restored from a copy: nothing of it is believed, nothing is called known that is not on record.
#[test]
fn r07_a_forked_series_is_refused() {
    let world = check(
        config(),
        "
        join d1 at 1s        -> slot 1
        join d2              -> slot 2
        reserve d1           -> leased 701..750
        reserve d2           -> leased 751..800
        d1 sells k1 1x1      -> accepted
        d1 sells k2 1x1 price=1.00 -> quarantined price_mismatch
        d1 sells k3 1x1      -> accepted
        d1 forks 3 k9 1x1    -> series_broken after 3
        d1 forks 2 k9 1x1    -> series_broken after 3
        d1 forks 1 k9 1x1    -> series_broken after 3
        d1 forks 1 k3 1x1    -> series_broken after 3
        d2 sells k4 1x1      -> accepted
        d1 forks 1 k4 1x1    -> series_broken after 3
        d1 uploads 1         -> known, nothing new
        d1 uploads 2         -> known, nothing new
        d1 uploads 3         -> known, nothing new
    ",
    );
    // A record that follows another past than the one on record.
    let mut world = world;
    let handheld = &world.handhelds["d1"];
    let record = handheld.seal(&handheld.misprint("k1"), 4, [9; 32], world.now, 0);
    let record = handheld.verified(record);
    let command = crate::raffle::record_device::RecordDevice { record };
    let outcome = world.give(crate::raffle::Command::RecordDevice(Box::new(command)));
    assert_eq!(super::script::told(&outcome), "series_broken after 3");
    // A record of another raffle, from a handheld that takes part in this one.
    let other = World::open(config());
    let mut elsewhere = other.branch();
    elsewhere.raffle.id = crate::id::RaffleId([8; 16]);
    elsewhere.handhelds = world.branch().handhelds;
    elsewhere.raffle.devices = world.raffle.devices.clone();
    assert_eq!(say(&mut elsewhere, "d1 marks k1"), "series_broken after 3");
    elsewhere.raffle.devices.clear();
    assert_eq!(say(&mut elsewhere, "d1 marks k1"), "unknown_device");
}

/// A ticket across two neighbouring leases is one ticket.
#[test]
fn a_sale_may_span_leases() {
    let world = check(
        config(),
        "
        join d1 at 1s         -> slot 1
        reserve d1            -> leased 701..750
        reserve d1            -> leased 751..800
        d1 sells k1 3x2       -> accepted
        ledger                -> 701..760
        join d2               -> slot 2
        reserve d2            -> leased 801..850
        reserve d1            -> leased 851..900
        d1 sells k2 3x2       -> accepted           # 761..800 and 851..870
        ledger                -> 701..760, 761..800, 851..870
        d1 sells k3 1x2 numbers=841..860 -> quarantined numbers_not_leased
        counts d1             -> sold 120, reserved 30
    ",
    );
    assert!(!world.raffle.devices[&super::handheld::device("d1")].holds(&range(790, 860)));
}

/// L-03, R-12: sales of a handheld are judged by its stamp, not by their arrival.
#[test]
fn r12_a_sale_before_the_close_counts_although_it_arrives_later() {
    check(
        config(),
        "
        join d1 at 1s                           -> slot 1
        reserve d1                              -> leased 701..750
        d1 sells k1 1x1 at 10s kept=yes         -> record 1
        d1 sells k2 1x1 at 3599.999999s kept=yes -> record 2
        tick at 3600s                           -> done
        d1 uploads 1 at 4000s                   -> accepted
        start                                   -> done
        d1 uploads 2                            -> accepted
        acknowledge                             -> not_reconciled: device_open
        d1 final                                -> accepted
        acknowledge                             -> done
        money                                   -> gross 10.00, voided 0.00
    ",
    );
}

/// the handheld's account must be ours before its numbers return.
#[test]
fn r13_a_final_report_that_disagrees_is_set_aside() {
    let world = check(
        config(),
        "
        join d1 at 1s                -> slot 1
        reserve d1                   -> leased 701..750
        d1 sells k1 2x1              -> accepted
        d1 sells k2 1x1 price=1.00   -> quarantined price_mismatch
        d1 final sales=1             -> quarantined final_mismatch
        d1 final sold=2              -> quarantined final_mismatch
        d1 final amount=15.00        -> quarantined final_mismatch
        d1 final last=1              -> quarantined final_mismatch
        d1 final unused=704..749     -> quarantined final_mismatch
        d1 final unused=none         -> quarantined final_mismatch
        d1 final unused=704..720+721..750 -> quarantined final_mismatch  # not joined where they touch
        counts d1                    -> sold 2, reserved 48
        d1 final                     -> accepted
        counts d1                    -> sold 2, reserved 1, unsold 47
        refund d1 2                  -> done
        counts d1                    -> sold 2, out 1, unsold 47
        counts                       -> sold 2, out 1, unsold 997
        reserve d1                   -> device_settled
        lose d1 with colleague       -> device_settled
    ",
    );
    let device = &world.raffle.devices[&super::handheld::device("d1")];
    assert!(matches!(device.status, DeviceStatus::Final { .. }));
    assert_eq!((device.leased_count(), device.used.count(), device.returned), (50, 3, 47));
}

/// A handheld that never sold gives everything back.
#[test]
fn r13_an_idle_handheld_returns_everything() {
    check(
        config(),
        "
        join d1 at 1s     -> slot 1
        d1 final          -> accepted
        join d2           -> slot 2
        reserve d2        -> leased 701..750
        d2 final          -> accepted
        counts            -> unsold 1000
        join d3           -> slot 3
        reserve d3        -> leased 751..800     # returned numbers are never leased again
        d3 final          -> accepted
        tick at 3600s     -> done
        status            -> reconciling         # nobody to wait for
    ",
    );
}

/// T-09: a handheld marks, a supervisor decides.
#[test]
fn t09_a_handheld_marks_its_own_sales_only() {
    let world = check(
        config(),
        "
        join d1 at 1s    -> slot 1
        join d2          -> slot 2
        reserve d1       -> leased 701..750
        reserve d2       -> leased 751..800
        sell c1 1x1      -> sold 1..1 for 5.00
        d1 sells k1 1x1  -> accepted
        d2 marks k1      -> quarantined unknown_sale
        d1 marks c1      -> quarantined unknown_sale
        d1 marks k1      -> accepted
        ticket k1        -> misprinted, refund none
        blockers         -> not_reconciling, device_open, device_open, misprint_open
        void k1          -> done
        ticket k1        -> voided, refund none
        d1 final         -> accepted
        d2 final         -> accepted
        tick at 3600s    -> done
        acknowledge      -> done
        d1 marks k1      -> quarantined unknown_sale     # late data all the same
        status           -> reconciling
    ",
    );
    assert_eq!(world.raffle.devices[&super::handheld::device("d1")].misprinted, 1);
}

/// One handheld's clock that ran ahead for one sale does not condemn its later ones.
#[test]
fn r12_one_stamp_from_the_future_does_not_poison_the_series() {
    check(
        config(),
        "
        join d1 at 1s                 -> slot 1
        reserve d1                    -> leased 701..750
        d1 sells k1 1x1 stamp=3000s   -> quarantined clock_ahead
        d1 sells k2 1x1 at 60s        -> accepted
        d1 sells k3 1x1 stamp=59s     -> quarantined clock_went_back
        d1 sells k4 1x1               -> accepted
    ",
    );
}

/// A hostile handheld writes the largest numbers there are; the raffle lives on.
#[test]
fn i4_absurd_records_are_set_aside_and_counted_without_overflow() {
    let largest = "0..18446744073709551614";
    check(
        with(|config| config.device_block = 60),
        &format!(
            "
        join d1 at 1s     -> slot 1
        reserve d1        -> leased 701..760
        d1 sells k1 1x1 numbers={largest}+{largest} price=184467440737095516.15 -> quarantined price_mismatch
        d1 sells k2 1x1 numbers={largest}+{largest} -> quarantined numbers_not_leased
        d1 sells k3 1x1 numbers={largest} price=184467440737095516.15 -> quarantined price_mismatch
        d1 sells k4 1x1 stamp=9000000000s error=4294967295ms -> quarantined after_close
        d1 sells k5 1x1 error=4294967295ms -> quarantined after_close
        d1 sells k6 1x1   -> accepted
        refund d1 1       -> done
        refund d1 2       -> done
        counts d1         -> sold 1, reserved 59
    "
        ),
    );
}

/// I4 after each step of a long offline night, and the same once more after waking up.
#[test]
fn i6_a_raffle_with_handhelds_replays_bit_for_bit() {
    let world = check(
        config(),
        "
        join d1 at 1s        -> slot 1
        reserve d1           -> leased 701..750
        d1 sells k1 1x2      -> accepted
        d1 babbles           -> quarantined unreadable
        d1 sells k2 1x2      -> accepted
        know d1 3600s        -> done
        know d1 3600s        -> done, nothing new
        know d1 3600s suspended -> done
        know d9 3600s        -> unknown_device
    ",
    );
    assert_eq!(world.replayed(), world.raffle);
    continue_with(world, "d1 final -> accepted\n counts d1 -> sold 40, unsold 10");
}
