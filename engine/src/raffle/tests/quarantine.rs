//! Every reason for setting a record aside, and what may be decided about it (R-12, I2, I4, D-03).

use super::script::{check, continue_with};
use super::world::{World, config};
use crate::raffle::{Event, QuarantineReason};
use std::collections::BTreeSet;

const START: &str = "
    join d1 at 1s    -> slot 1
    join d2          -> slot 2
    reserve d1       -> leased 701..750
    reserve d2       -> leased 751..800
    sell c1 1x1      -> sold 1..1 for 5.00
    d1 sells k1 1x1  -> accepted
";

fn started() -> World {
    check(config(), START)
}

/// What no decision can make right: it can only be refunded, and its numbers leave the game if they were its own.
#[test]
fn r12_a_sale_that_cannot_take_part_can_only_be_refunded() {
    continue_with(
        started(),
        "
        d1 sells k2 1x1 price=4.99                      -> quarantined price_mismatch
        d1 sells k3 1x1 price=5.01                      -> quarantined price_mismatch
        d1 sells k4 1x1 currency=USD                    -> quarantined price_mismatch
        d1 sells k5 1x3                                 -> quarantined price_mismatch     # a package with a stock
        d1 sells k6 1x1 numbers=730..731                -> quarantined numbers_not_leased
        d1 sells k7 1x1 numbers=751..751                -> quarantined numbers_not_leased # the other handheld's
        d1 sells k8 1x1 numbers=1..1                    -> quarantined numbers_not_leased # the counter's
        d1 sells k9 2x1 numbers=732..732                -> quarantined numbers_not_leased
        d1 sells ka 2x1 numbers=720..720+720..720       -> quarantined numbers_used
        d1 sells kb 1x1 numbers=701..701                -> quarantined numbers_used       # sold before
        d1 sells kc 1x1 numbers=702..702                -> quarantined numbers_used       # set aside before
        d1 sells kd 1x1 slot=2                          -> quarantined validation_invalid
        d1 sells ke 1x1 slot=0                          -> quarantined validation_invalid
        d1 sells kf 1x1 validation=k1                   -> quarantined validation_invalid
        d1 sells c1 1x1                                 -> quarantined order_key_used
        d1 sells k1 1x1 validation=kz                   -> quarantined order_key_used
        d1 babbles                                      -> quarantined unreadable
        accept d1 18                                    -> not_quarantined
        accept d1 2                                     -> not_acceptable
        accept d1 5                                     -> not_acceptable
        accept d1 6                                     -> not_acceptable
        accept d1 10                                    -> not_acceptable
        accept d1 11                                    -> not_acceptable
        accept d1 13                                    -> not_acceptable
        accept d1 16                                    -> not_acceptable
        refund d1 2 reason=none                         -> reason_missing
        refund d1 2                                     -> done
        refund d1 2                                     -> not_quarantined
        refund d1 7                                     -> done       # not its numbers: nothing leaves the game
        refund d9 1                                     -> not_quarantined
        refund d1 99                                    -> not_quarantined
        money                                           -> gross 10.00, voided 0.00
        counts                                          -> sold 2, reserved 98, out 1, unsold 899
    ",
    );
}

/// Two sales in quarantine under one key or one validation number: one of them at most is accepted.
#[test]
fn i2_i3_what_was_set_aside_twice_is_accepted_once() {
    let world = continue_with(
        started(),
        "
        suspend at 10s                      -> done
        d1 sells k2 1x1 at 20s              -> quarantined while_suspended
        d1 sells k2 1x1                     -> quarantined while_suspended
        d1 sells k3 1x1                     -> quarantined while_suspended
        d1 sells k4 1x1 validation=k3       -> quarantined while_suspended
        d2 sells k2 1x1                     -> quarantined while_suspended
        accept d1 2                         -> done
        accept d1 3                         -> not_acceptable
        accept d2 1                         -> not_acceptable
        accept d1 4                         -> done
        accept d1 5                         -> not_acceptable
        refund d1 3                         -> done
        refund d1 5                         -> done
        refund d2 1                         -> done
        counts                              -> sold 4, reserved 94, out 3, unsold 899
        sell k3 1x1                         -> idempotency_terms_differ
        void k3                             -> done
        counts d1                           -> sold 2, voided 1, reserved 45, out 2
    ",
    );
    let refunds =
        world.log.iter().filter(|record| matches!(Event::decode(&record.payload), Ok(Event::RefundDue { .. })));
    assert_eq!(refunds.count(), 3, "each refund is on record, with its amount");
    assert!(world.raffle.refunds_due.is_empty(), "cash goes back over the counter");
}

/// D-03: late data clears the acknowledgement, never slips in; after the lock nothing moves.
#[test]
fn d03_late_records_clear_the_acknowledgement_until_the_lock() {
    let world = continue_with(
        started(),
        "
        d1 final                -> accepted
        d2 final                -> accepted
        tick at 3600s           -> done
        acknowledge             -> done
        drawn                   -> acknowledged
        d1 marks k1             -> quarantined after_acknowledgement
        status                  -> reconciling
        drawn                   -> planned
        blockers                -> none                 # nothing to decide: it stands in the close report
        acknowledge             -> done
        d1 sells k2 1x1 stamp=5s -> quarantined after_final
        status                  -> reconciling
        acknowledge             -> not_reconciled: quarantine_open
        accept d1 4             -> not_acceptable
        refund d1 4             -> done
        counts d1               -> sold 1, out 1, unsold 48
        acknowledge             -> done
        lock                    -> done
        d1 marks k1             -> quarantined after_lock
        d1 sells k3 1x1 stamp=6s -> quarantined after_final
        status                  -> reconciled
        accept d1 6             -> ledger_sealed
        counts d1               -> sold 1, out 1, unsold 48
        refund d1 6             -> done
        reveal                  -> done
        prove                   -> done
        draw                    -> done
        publish                 -> done
        settle                  -> done
        finalize                -> done
        d1 sells k4 1x1 stamp=7s -> quarantined after_final
        refund d1 7             -> done
    ",
    );
    let cleared = world.facts.iter().filter(|fact| fact.kind == "reconciliation_cleared").count();
    assert_eq!(cleared, 2);
}

/// Past the series' own final report nothing can be accepted, whatever else is wrong with it.
#[test]
fn r13_nothing_sold_after_the_final_report_is_accepted() {
    continue_with(
        started(),
        "
        close to 100s at 50s                  -> done
        tick at 100s                          -> done
        d1 final                              -> accepted
        d1 sells k2 1x1 stamp=200s at 300s    -> quarantined after_final
        d1 sells k3 1x1 stamp=30s             -> quarantined after_final
        accept d1 3                           -> not_acceptable
        accept d1 4                           -> not_acceptable
        refund d1 3                           -> done
        counts d1                             -> sold 1, out 1, unsold 48
    ",
    );
}

/// Every reason is reached, here or nowhere.
#[test]
fn r12_every_reason_is_reached() {
    let worlds = [
        continue_with(
            started(),
            "
            d1 sells k2 1x1 price=1.00        -> quarantined price_mismatch
            d1 sells k3 1x1 numbers=1..1      -> quarantined numbers_not_leased
            d1 sells k4 1x1 numbers=701..701  -> quarantined numbers_used
            d1 sells k5 1x1 slot=2            -> quarantined validation_invalid
            d1 sells c1 1x1                   -> quarantined order_key_used
            d1 sells k6 1x1 stamp=0s          -> quarantined clock_went_back
            d2 sells k6 1x1 stamp=-1s         -> quarantined before_opening
            d1 sells k7 1x1 stamp=4000s       -> quarantined after_close
            d1 sells k8 1x1 stamp=2000s       -> quarantined clock_ahead
            d1 marks k9                       -> quarantined unknown_sale
            d1 babbles                        -> quarantined unreadable
            d1 final sales=77                 -> quarantined final_mismatch
            lose d2 with colleague            -> done
            d2 sells ka 1x1                   -> quarantined device_lost
            d1 final                          -> accepted
            d1 sells kb 1x1                   -> quarantined after_final
            suspend at 10s                    -> done
            join d3                           -> slot 3
        ",
        ),
        continue_with(
            started(),
            "
            suspend at 10s                    -> done
            d1 sells k2 1x1                   -> quarantined while_suspended
            cancel with colleague             -> done
            d2 sells k3 1x1 stamp=5s          -> quarantined raffle_over
        ",
        ),
        continue_with(
            started(),
            "
            d1 final                          -> accepted
            d2 final                          -> accepted
            tick at 3600s                     -> done
            acknowledge                       -> done
            d1 marks k1                       -> quarantined after_acknowledgement
            acknowledge                       -> done
            lock                              -> done
            d1 marks k1                       -> quarantined after_lock
        ",
        ),
    ];
    let reached: BTreeSet<QuarantineReason> =
        worlds.iter().flat_map(|world| world.raffle.quarantine.values().map(|entry| entry.reason)).collect();
    assert_eq!(reached.len(), 18, "{reached:?}");
}
