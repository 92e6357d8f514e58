//! Closing the books: blockers by name, counts, the acknowledgement (L-06, D-01, D-02, D-03, D-09).

use super::script::{check, continue_with, say};
use super::world::{COLLEAGUE, MANAGER, config};
use crate::raffle::{Blocker, Rejection, blockers};

/// L-06: everything that is open is named, in the order in which one would clear it.
#[test]
fn l06_blockers_are_named_until_each_is_cleared() {
    let world = check(
        config(),
        "
        join d1 at 1s          -> slot 1
        join d2                -> slot 2
        reserve d1             -> leased 701..750
        sell c1 1x1            -> sold 1..1 for 5.00
        mark c1                -> done
        hold o1 1x1            -> held until 601s for 5.00
        d1 sells k1 1x1 price=1.00 -> quarantined price_mismatch
        d1 babbles             -> quarantined unreadable
        blockers    -> not_reconciling, device_open, device_open, quarantine_open, misprint_open, hold_open
        tick at 3600s          -> done
        acknowledge            -> wrong_status closing
        start                  -> done
        start                  -> wrong_status reconciling
        acknowledge  -> not_reconciled: device_open, device_open, quarantine_open, misprint_open
        d2 final               -> accepted
        lose d1 with colleague -> done
        acknowledge            -> not_reconciled: quarantine_open, misprint_open
        refund d1 1            -> done
        acknowledge            -> not_reconciled: misprint_open
        clear c1               -> done
        blockers               -> none
        acknowledge            -> done
        acknowledge            -> wrong_status reconciled
        blockers               -> not_reconciling
    ",
    );
    assert!(matches!(blockers(&world.raffle)[..], [Blocker::NotReconciling { .. }]));
    let world = check(config(), "join d1 at 1s -> slot 1\n tick at 3600s -> done");
    let open = blockers(&world.raffle);
    assert_eq!(open[1].device(), Some(super::handheld::device("d1")));
    assert_eq!(open[1].to_string(), "Handheld d1 is not final and not written off.");
}

/// D-01: the person agrees to counts that were seen; other counts are refused.
#[test]
fn d01_d02_the_acknowledgement_repeats_the_counts() {
    let mut world = check(
        config(),
        "
        sell c1 3x1 at 1s      -> sold 1..3 for 15.00
        sell c2 1x1            -> sold 4..4 for 5.00
        void c2                -> done
        tick at 3600s          -> done
        acknowledge 3 1 995    -> counts_differ
        acknowledge 3 0 996    -> counts_differ
        acknowledge 4 1 996    -> counts_differ
        acknowledge 3 1 996 reason=none -> reason_missing
        acknowledge 3 1 996 as system -> not_allowed_by_profile
        acknowledge 3 1 996 as public -> not_allowed_by_profile
        acknowledge 3 1 996 as device -> not_allowed_by_profile
        acknowledge 3 1 996 as integration -> not_allowed_by_profile
        acknowledge 3 1 996    -> done
    ",
    );
    let acknowledgement = world.raffle.acknowledgement.clone().unwrap();
    assert_eq!((acknowledgement.by, acknowledgement.at), (MANAGER, world.now));
    assert_eq!((acknowledgement.counts, acknowledgement.net_minor), (world.raffle.identity(), 1_500));
    assert_eq!(acknowledgement.prizes, world.raffle.prize_values());
    assert_eq!(acknowledgement.prizes[0].value_minor, 750);
    let fact = world.facts.last().unwrap();
    assert_eq!((fact.kind, &fact.data["sold"]), ("reconciled", &3.into()));
    // Another person may make it anew.
    assert_eq!(say(&mut world, "reopen"), "done");
    assert_eq!(say(&mut world, "acknowledge as colleague"), "done");
    assert_eq!(world.raffle.acknowledgement.as_ref().unwrap().by, COLLEAGUE);
}

/// T-08: reopening clears it, and the numbers of the next one are found anew.
#[test]
fn t08_reopening_clears_the_acknowledgement() {
    check(
        config(),
        "
        sell c1 2x1 at 1s    -> sold 1..2 for 10.00
        reopen               -> wrong_status selling
        tick at 3600s        -> done
        acknowledge          -> done
        reopen               -> done
        status               -> reconciling
        drawn                -> planned
        reopen               -> wrong_status reconciling
        void c1              -> done
        acknowledge 2 0 998  -> counts_differ
        acknowledge 0 2 998  -> done
        lock                 -> nothing_sold
        facts -> opened, draw_planned, closed, reconciling, reconciled, reconciliation_cleared, voided, reconciled
    ",
    );
}

/// A draw that was cancelled stays cancelled when the reconciliation is reopened.
#[test]
fn a_cancelled_draw_does_not_come_back() {
    let world = check(
        config(),
        "
        tick at 3600s  -> done
        acknowledge    -> done
        cancel draw    -> done
        reopen         -> done
        drawn          -> cancelled
        acknowledge    -> done
        drawn          -> cancelled
        lock           -> wrong_draw_status cancelled
    ",
    );
    continue_with(world, "finalize -> done");
}

#[test]
fn refusals_have_a_stable_code_and_words_for_people() {
    let world = check(config(), "join d1 at 1s -> slot 1\n tick at 3600s -> done\n start -> done");
    let rejection = Rejection::NotReconciled(blockers(&world.raffle));
    assert_eq!((rejection.code(), rejection.to_string().as_str()), ("not_reconciled", "1 points are open."));
}
