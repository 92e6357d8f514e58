//! Opening, pausing, moving the close, closing, cancelling (L-03, L-04, L-07).

use super::script::{check, continue_with};
use super::world::{World, config, with};
use crate::raffle::Status;
use crate::time::Span;

/// L-03, L-04: the window is [start, close), to the microsecond.
#[test]
fn l03_l04_the_window_is_exact_to_the_microsecond() {
    check(
        config(),
        "
        sell c1 1x1 at -0.000001s    -> not_yet_selling
        hold o1 1x1                  -> not_yet_selling
        sell c1 1x1 at 0s            -> sold 1..1 for 5.00
        sell c2 1x1 at 3599.999999s  -> sold 2..2 for 5.00
        hold o2 1x1                  -> held until 3600s for 5.00
        sell c3 1x1 at 3600s         -> sales_closed
        hold o3 1x1                  -> sales_closed
        suspend                      -> sales_closed
        close to 3700s               -> sales_closed
        extend to 3700s              -> sales_closed
        status                       -> selling          # nobody has recorded it yet; it binds all the same
        sell c2 1x1                  -> on record, nothing new
        tick                         -> done
        status                       -> reconciling
        closed                       -> 3600s
    ",
    );
}

/// L-04: at the exact instant, by itself, and not a microsecond before.
#[test]
fn l04_the_close_fires_at_the_exact_instant() {
    check(
        config(),
        "
        join d1 at 1s         -> slot 1
        due                   -> 3600s
        tick at 3599.999999s  -> done, nothing new
        status                -> selling
        tick at 3600s         -> done
        status                -> closing
        due                   -> nothing
        tick                  -> done, nothing new
        resume                -> wrong_status closing
        extend to 4000s       -> wrong_status closing
        join d2               -> wrong_status closing
        d1 final              -> accepted
        status                -> reconciling
        facts                 -> opened, draw_planned, closed, reconciling
    ",
    );
}

/// L-04: a server that slept across the close closes when it wakes, and sells nothing in between.
#[test]
fn l04_a_restart_across_the_close_changes_nothing() {
    let world = check(config(), "sell c1 1x1 at 10s -> sold 1..1 for 5.00\n hold o1 1x1 -> held until 610s for 5.00");
    let mut woken = World::open(config());
    woken.raffle = world.replayed();
    assert_eq!(woken.raffle, world.raffle);
    continue_with(
        world,
        "
        sell c2 1x1 at 90000s -> sales_closed
        tick                  -> done
        closed                -> 90000s
        ticket o1             -> ended(expired), refund none
        status                -> reconciling
    ",
    );
}

/// L-03: a close that falls into a pause ends it; nothing resumes afterwards.
#[test]
fn l07_a_pause_needs_a_reason_and_ends_with_the_sales() {
    check(
        config(),
        "
        suspend reason=none at 1s -> reason_missing
        suspend                   -> done
        suspend                   -> wrong_status suspended
        sell c1 1x1               -> sales_suspended
        hold o1 1x1               -> sales_suspended
        join d1                   -> slot 1
        reserve d1                -> sales_suspended
        resume at 2s              -> done
        resume                    -> wrong_status selling
        sell c1 1x1               -> sold 1..1 for 5.00
        suspend at 3s             -> done
        resume at 3600s           -> sales_closed
        sell c2 1x1               -> sales_closed
        tick                      -> done
        status                    -> closing
        facts -> opened, draw_planned, suspended, resumed, suspended, closed
    ",
    );
}

#[test]
fn l04_an_early_close_needs_a_reason_and_cannot_be_taken_back_where_extensions_are_forbidden() {
    check(
        with(|config| config.profile = "strict".to_owned()),
        "
        close to 3600s at 10s        -> bad_closing_time   # where it is already
        close to 3601s               -> bad_closing_time   # later is no slip of the hand
        close to 100s reason=none    -> reason_missing
        close to 100s                -> done
        extend to 3600s              -> not_allowed_by_profile
        sell c1 1x1 at 99.999999s    -> sold 1..1 for 5.00
        sell c2 1x1 at 100s          -> sales_closed
        tick                         -> done
        closed                       -> 100s
    ",
    );
    // An instant already past closes now.
    check(
        config(),
        "
        close to 5s at 10s  -> done
        sell c1 1x1         -> sales_closed
        tick                -> done
        closed              -> 10s
    ",
    );
}

#[test]
fn l04_an_extension_goes_where_the_profile_allows_it_and_before_the_instant() {
    check(
        config(),
        "
        extend to 3600s at 10s  -> bad_closing_time
        extend to 3599s         -> bad_closing_time
        extend to 31700000s     -> bad_closing_time   # more than a year
        extend to 4000s reason=none -> reason_missing
        extend to 4000s         -> done
        tick at 3600s           -> done, nothing new
        sell c1 1x1 at 3999.999999s -> sold 1..1 for 5.00
        sell c2 1x1 at 4000s    -> sales_closed
        extend to 5000s         -> sales_closed
        tick                    -> done
        facts -> opened, draw_planned, close_announced, closed, reconciling
    ",
    );
}

/// L-07: everything is void, whoever paid online is owed the money, holds end.
#[test]
fn l07_cancelling_voids_and_refunds_every_order() {
    check(
        config(),
        "
        sell c1 1x1 at 1s  -> sold 1..1 for 5.00
        hold o1 1x1        -> held until 601s for 5.00
        pay o1             -> sold 401..401 for 5.00
        hold o2 1x1        -> held until 601s for 5.00
        hold o3 1x1        -> held until 601s for 5.00
        pay o3             -> sold 402..402 for 5.00
        void o3            -> done
        refunded o3        -> done
        mark c1            -> done
        join d1            -> slot 1
        reserve d1         -> leased 701..750
        d1 sells k1 1x1    -> accepted
        counts             -> sold 3, voided 1, held 1, reserved 49, unsold 946
        cancel reason=none with colleague -> reason_missing
        cancel             -> approver_missing
        cancel with oneself -> approver_missing
        cancel with colleague -> done
        status             -> cancelled
        counts             -> voided 4, reserved 49, unsold 947
        money              -> gross 20.00, voided 20.00
        ticket c1          -> voided, refund none
        ticket o1          -> voided, refund due
        ticket o2          -> ended(cancelled), refund none
        ticket o3          -> voided, refund done       # paid back once
        cancel             -> wrong_status cancelled
        sell c9 1x1        -> sales_closed
        pay o2             -> refund due
        pay o2             -> refund due, nothing new
        refunded o2        -> done
        refunded o2        -> done, nothing new
        refunded o1        -> done
        refunded c1        -> no_refund_due
        d1 sells k2 1x1    -> quarantined raffle_over
        accept d1 2        -> wrong_status cancelled
        refund d1 2        -> done
        d1 final           -> accepted
        counts             -> voided 4, out 1, unsold 995
        drawn              -> cancelled
        lock               -> wrong_draw_status cancelled
        due                -> nothing
    ",
    );
}

/// Before the first sale one person is enough.
#[test]
fn l07_an_unsold_raffle_is_cancelled_by_one_person() {
    check(config(), "cancel at 1s -> done\n status -> cancelled\n counts -> unsold 1000");
    for world in [World::draft(), World::configured(config())] {
        let world = continue_with(world, "cancel -> done");
        assert_eq!(world.raffle.status, Status::Cancelled);
        continue_with(world, "cancel -> wrong_status cancelled\n tick -> done, nothing new");
    }
}

#[test]
fn l07_a_reconciled_raffle_can_be_cancelled_until_its_ledger_is_sealed() {
    let script = "
        sell c1 1x1 at 1s     -> sold 1..1 for 5.00
        tick at 3600s         -> done
        acknowledge           -> done
    ";
    check(config(), &format!("{script}\n cancel with colleague -> done\n jackpot -> 0.00"));
    check(config(), &format!("{script}\n lock -> done\n cancel with colleague -> ledger_sealed"));
}

/// Thousands of holds end in batches; nothing is sold meanwhile and the close follows the last.
#[test]
fn l04_many_holds_end_in_batches_before_the_close() {
    let mut world = World::open(with(|config| {
        config.numbers = super::world::range(1, 10_000);
        config.pools[1].range = super::world::range(1_001, 9_000);
        config.pools[2].range = super::world::range(9_001, 9_900);
    }));
    world.audit_every = 1_000;
    world.now = super::world::instant(3_500_000_000);
    for index in 0..2_000 {
        let hold = crate::raffle::hold_order::HoldOrder {
            order: super::world::order(&format!("o{index}")),
            lines: vec![crate::money::Line { package: 1, quantity: 1 }],
        };
        world.must(crate::raffle::Command::HoldOrder(hold));
    }
    world.now = world.now + Span::seconds(100);
    for left in [1_000, 0, 0] {
        world.must(crate::raffle::Command::PassTime(crate::raffle::pass_time::PassTime));
        assert_eq!(world.raffle.holds.len(), left);
        // A payment that comes between two batches is not lost: it goes back.
        if left > 0 {
            let (_, waiting) = *world.raffle.holds.last().unwrap();
            let label = (0..2_000).find(|index| super::world::order(&format!("o{index}")) == waiting).unwrap();
            world = continue_with(
                world,
                &format!(
                    "pay o{label} -> refund due\n pay o{label} -> refund due, nothing new\n sell c1 1x1 -> sales_closed"
                ),
            );
            assert_eq!(world.raffle.holds.len(), 999);
        }
    }
    assert_eq!(world.raffle.status, Status::Reconciling);
    world.audit();
}
