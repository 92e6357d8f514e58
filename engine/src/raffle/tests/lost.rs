//! Handhelds that do not come back (R-16, GLI-31 §2.8.1 g).

use super::script::check;
use super::world::config;

/// Its known sales stay, the rest of its numbers leave the game, two people sign, and the raffle can go on.
#[test]
fn r16_a_lost_handheld_does_not_block_the_draw() {
    check(
        config(),
        "
        join d1 at 1s                      -> slot 1
        join d2                            -> slot 2
        reserve d1                         -> leased 701..750
        d1 sells k1 2x1                    -> accepted
        d2 final                           -> accepted
        tick at 3600s                      -> done
        lose d9 with colleague             -> unknown_device
        lose d2 with colleague             -> device_settled
        lose d1 with colleague operator=none -> reason_missing
        lose d1 with colleague reason=none -> reason_missing
        lose d1                            -> approver_missing
        lose d1 with oneself               -> approver_missing
        lose d1 with colleague money=10.00 -> done
        status                             -> reconciling     # it was the last one
        lose d1 with colleague             -> device_settled
        counts                             -> sold 2, out 48, unsold 950
        acknowledge                        -> done
        lock                               -> done
    ",
    );
}

#[test]
fn r16_a_handheld_may_be_written_off_while_selling_goes_on() {
    check(
        config(),
        "
        join d1 at 1s            -> slot 1
        reserve d1               -> leased 701..750
        lose d1 with colleague   -> done
        status                   -> selling
        reserve d1               -> device_settled
        counts d1                -> out 50
        join d2                  -> slot 2
        reserve d2               -> leased 751..800
        d2 final                 -> accepted
        tick at 3600s            -> done
        status                   -> reconciling
    ",
    );
}

/// It is found: its late sales are decided upon one by one, and every number keeps one fate.
#[test]
fn r16_i4_late_records_of_a_lost_handheld_are_decided_one_by_one() {
    check(
        config(),
        "
        join d1 at 1s                       -> slot 1
        reserve d1                          -> leased 701..750
        d1 sells k1 1x1                     -> accepted
        d1 sells k2 2x1 at 10s kept=yes     -> record 2
        d1 sells k3 3x1 at 11s kept=yes     -> record 3
        d1 sells k4 1x1 at 12s kept=yes     -> record 4
        suspend at 20s                      -> done
        d1 sells k5 1x1 at 21s              -> series_gap after 1
        tick at 3600s                       -> done
        lose d1 with colleague              -> done
        counts d1                           -> sold 1, out 49
        acknowledge                         -> done
        d1 uploads 2 at 4000s               -> quarantined device_lost
        status                              -> reconciling       # D-03
        d1 uploads 3                        -> quarantined device_lost
        d1 uploads 4                        -> quarantined device_lost
        d1 uploads 5                        -> quarantined while_suspended
        counts d1                           -> sold 1, out 49
        accept d1 2                         -> done
        counts d1                           -> sold 3, out 47
        refund d1 3                         -> done
        counts d1                           -> sold 3, out 47
        acknowledge                         -> not_reconciled: quarantine_open, quarantine_open
        accept d1 5                         -> done
        counts d1                           -> sold 4, out 46
        void k2                             -> done
        counts d1                           -> sold 2, voided 2, out 46
        d1 marks k1                         -> accepted
        clear k1                            -> done
        d1 final                            -> quarantined device_lost
        accept d1 7                         -> not_quarantined
        refund d1 4                         -> done
        acknowledge                         -> done
        lock                                -> done
        ledger                              -> 701..701, 708..708
        counts                              -> sold 2, voided 2, out 46, unsold 950
    ",
    );
}

/// What was set aside before the loss keeps its own count.
#[test]
fn r16_i4_a_sale_set_aside_before_the_loss_waits_for_its_own_decision() {
    check(
        config(),
        "
        join d1 at 1s             -> slot 1
        reserve d1                -> leased 701..750
        suspend at 5s             -> done
        d1 sells k1 5x1 at 6s     -> quarantined while_suspended
        d1 sells k2 3x1           -> quarantined while_suspended
        lose d1 with colleague    -> done
        counts d1                 -> reserved 8, out 42
        refund d1 1               -> done
        counts d1                 -> reserved 3, out 47
        accept d1 2               -> done
        counts d1                 -> sold 3, out 47
        d1 sells k3 1x1 numbers=701..701 -> quarantined numbers_used
        refund d1 3               -> done
        counts d1                 -> sold 3, out 47
    ",
    );
}
