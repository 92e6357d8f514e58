//! A close or a pause that a handheld did not know of, and clocks that are wrong (I8, R-11, R-12).

use super::script::check;
use super::world::{config, with};

/// I8: only a sale that was made for certain before the close counts; the error bound is not in its favour.
#[test]
fn i8_no_sale_whose_bound_reaches_the_close_is_accepted() {
    check(
        config(),
        "
        join d1 at 1s                                    -> slot 1
        reserve d1                                       -> leased 701..750
        know d1 3600s                                    -> done
        d1 sells k1 1x1 stamp=3599.499999s error=500ms at 3599.6s -> accepted
        d1 sells k2 1x1 stamp=3599.5s error=500ms        -> quarantined after_close
        d1 sells k3 1x1 stamp=3599.999999s error=0ms at 3599.999999s -> accepted
        d1 sells k4 1x1 stamp=3600s at 3601s             -> quarantined after_close
        d1 sells k5 1x1 stamp=3601s                      -> quarantined after_close
        tick                                             -> done
        accept d1 2                                      -> not_acceptable
        accept d1 4                                      -> not_acceptable
        accept d1 5                                      -> not_acceptable
        refund d1 2                                      -> done
        refund d1 4                                      -> done
        refund d1 5                                      -> done
        counts d1                                        -> sold 2, reserved 45, out 3
    ",
    );
}

/// Decisions: what was sold between an early close and learning of it is set aside and may be accepted; what
/// was sold past the close the handheld knew is not, nor what was sold after it learned.
#[test]
fn i8_r12_an_early_close_binds_from_the_moment_it_is_known() {
    check(
        config(),
        "
        join d1 at 1s                        -> slot 1
        join d2                              -> slot 2
        reserve d1                           -> leased 701..750
        reserve d2                           -> leased 751..800
        know d1 3600s                        -> done
        d1 sells k1 1x1 at 50s kept=yes      -> record 1
        close to 60s at 55s                  -> done
        tick at 60s                          -> done
        d1 sells k2 1x1 at 70s kept=yes      -> record 2      # offline, it cannot know
        d1 sells k3 1x1 at 80s kept=yes      -> record 3
        know d1 60s at 90s                   -> done
        d1 uploads 1                         -> accepted
        d1 uploads 2                         -> quarantined after_close
        d1 uploads 3                         -> quarantined after_close
        d1 sells k4 1x1 at 100s              -> quarantined after_close    # now it knows
        d2 sells k5 1x1                      -> quarantined after_close    # it never heard of another close
        blockers -> not_reconciling, device_open, device_open, quarantine_open, quarantine_open, quarantine_open, quarantine_open
        counts                               -> sold 1, reserved 99, unsold 900
        accept d1 2 reason=none              -> reason_missing
        accept d1 2                          -> done
        accept d1 2                          -> not_quarantined
        refund d1 2                          -> not_quarantined
        accept d1 1                          -> not_quarantined
        refund d1 3                          -> done
        accept d1 4                          -> not_acceptable
        refund d1 4                          -> done
        accept d2 1                          -> done
        d1 uploads 2                         -> known, nothing new
        d1 uploads 3                         -> known, nothing new
        d1 final                             -> accepted
        d2 final                             -> accepted
        acknowledge                          -> done
        counts                               -> sold 3, out 2, unsold 995
        ledger                               -> 701..701, 702..702, 751..751
        money                                -> gross 15.00, voided 0.00
    ",
    );
}

/// A handheld cannot make itself a later close by claiming to know of one.
#[test]
fn i8_a_handheld_cannot_invent_a_close() {
    check(
        config(),
        "
        join d1 at 1s                         -> slot 1
        reserve d1                            -> leased 701..750
        know d1 90000s                        -> done
        tick at 3600s                         -> done
        d1 sells k1 1x1 stamp=3600s at 4000s  -> quarantined after_close
        accept d1 1                           -> not_acceptable
        know d1 1s at 4001s                   -> done
        d1 sells k2 1x1 stamp=3599s           -> quarantined clock_went_back
    ",
    );
}

/// An extension that was announced binds too: what was sold under it before it was taken back is good faith.
#[test]
fn r11_an_extension_taken_back_is_an_early_close() {
    check(
        config(),
        "
        join d1 at 1s                        -> slot 1
        reserve d1                           -> leased 701..750
        know d1 3600s                        -> done
        extend to 5000s at 100s              -> done
        know d1 5000s                        -> done
        close to 3700s at 200s               -> done
        d1 sells k1 1x1 at 3650s             -> accepted
        d1 sells k2 1x1 at 3699.999999s      -> accepted
        tick at 3700s                        -> done
        d1 sells k3 1x1                      -> quarantined after_close
        accept d1 3                          -> not_acceptable   # announced closes are 3600 s and 3700 s
    ",
    );
}

/// A pause binds a handheld from the moment it knows of it.
#[test]
fn r12_sales_during_a_pause_are_set_aside() {
    check(
        config(),
        "
        join d1 at 1s                     -> slot 1
        reserve d1                        -> leased 701..750
        suspend at 100s                   -> done
        d1 sells k1 1x1 at 110s kept=yes  -> record 1
        know d1 3600s suspended at 120s   -> done
        d1 sells k2 1x1 at 130s kept=yes  -> record 2
        resume at 200s                    -> done
        d1 sells k3 1x1 stamp=199.999999s kept=yes -> record 3
        know d1 3600s                     -> done
        d1 sells k4 1x1 stamp=200s kept=yes -> record 4
        d1 uploads 1 at 210s              -> quarantined while_suspended
        d1 uploads 2                      -> quarantined while_suspended
        d1 uploads 3                      -> quarantined while_suspended
        d1 uploads 4                      -> accepted
        accept d1 1                       -> done
        accept d1 2                       -> not_acceptable
        accept d1 3                       -> not_acceptable
        refund d1 2                       -> done
        refund d1 3                       -> done
        counts d1                         -> sold 2, reserved 46, out 2
    ",
    );
    // The instant at which the pause begins belongs to it, and the close ends an open one.
    check(
        config(),
        "
        join d1 at 1s                                  -> slot 1
        reserve d1                                     -> leased 701..750
        suspend at 100s                                -> done
        d1 sells k1 1x1 stamp=99.999999s               -> accepted
        d1 sells k2 1x1 stamp=100s                     -> quarantined while_suspended
        tick at 3600s                                  -> done
        d1 sells k3 1x1 stamp=3599s                    -> quarantined while_suspended
    ",
    );
}

/// a clock that is set back or runs ahead buys nothing.
#[test]
fn r11_clocks_that_are_wrong_are_noticed() {
    check(
        config(),
        "
        join d1 at 1s                                 -> slot 1
        reserve d1                                    -> leased 701..750
        d1 sells k1 1x1 at 100s                       -> accepted
        d1 sells k2 1x1 stamp=99.999999s              -> quarantined clock_went_back
        d1 sells k3 1x1 stamp=100s                    -> accepted
        accept d1 2                                   -> not_acceptable
        d1 sells k4 1x1 stamp=100.5s error=500ms      -> accepted
        d1 sells k5 1x1 stamp=100.500001s error=500ms -> quarantined clock_ahead
        accept d1 5                                   -> done
        tick at 3600s                                 -> done
        d1 sells k6 1x1 stamp=3500s at 4000s          -> accepted      # it was offline
        d1 sells k7 1x1 stamp=3499s                   -> quarantined clock_went_back
    ",
    );
    // A stamp ahead of its arrival that an early close then overtakes.
    check(
        config(),
        "
        join d1 at 1s                       -> slot 1
        reserve d1                          -> leased 701..750
        know d1 3600s                       -> done
        d1 sells k1 1x1 stamp=3599s at 10s  -> quarantined clock_ahead
        d1 sells k2 1x1 stamp=3600s         -> quarantined after_close
        close to 20s                        -> done
        tick at 20s                         -> done
        accept d1 2                         -> not_acceptable
        accept d1 1                         -> done        # before the close it knew
    ",
    );
}

/// L-03: nothing is sold before the start, nor before the opening when that came later.
#[test]
fn l03_sales_stamped_before_the_opening_are_set_aside() {
    check(
        config(),
        "
        join d1 at -50s                         -> slot 1
        reserve d1                              -> not_yet_selling
        reserve d1 at 0s                        -> leased 701..750
        d1 sells k1 1x1 stamp=-0.000001s        -> quarantined before_opening
        accept d1 1                             -> not_acceptable
        d1 sells k2 1x1 stamp=0s                -> accepted
    ",
    );
    let started_long_ago = with(|config| config.sales_start = super::world::instant(-1_000_000_000));
    check(
        started_long_ago,
        "
        join d1 at -50s                  -> slot 1
        reserve d1                       -> leased 701..750
        d1 sells k1 1x1 stamp=-60.000001s -> quarantined before_opening   # it opened at -60 s
        d1 sells k2 1x1 stamp=-60s       -> accepted
    ",
    );
}
