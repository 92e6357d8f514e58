//! Hold, then pay (decisions: selling and money).

use super::script::check;
use super::world::{config, range, with};

#[test]
fn a_hold_takes_a_quantity_and_a_payment_takes_numbers() {
    check(
        config(),
        "
        hold o1 1x2 at 10s  -> held until 610s for 10.00
        hold o2 2x1         -> held until 610s for 10.00
        counts              -> held 22, unsold 978
        pay o2 at 20s       -> sold 401..402 for 10.00     # numbers run in the order of payments
        pay o1              -> sold 403..422 for 10.00
        counts              -> sold 22, unsold 978
        pay o9              -> unknown_order
        decline o9          -> unknown_order
        decline o1          -> idempotency_terms_differ
    ",
    );
}

/// I3: a repeat finds the hold, the ticket or the end; other terms are refused by name.
#[test]
fn i3_an_online_key_means_one_order_for_ever() {
    check(
        config(),
        "
        hold o1 1x1 at 10s   -> held until 610s for 5.00
        hold o1 1x1 at 20s   -> held until 610s for 5.00, nothing new
        hold o1 2x1          -> idempotency_terms_differ
        sell o1 1x1          -> idempotency_terms_differ
        hold o1 1x1 at 609.999999s -> held until 610s for 5.00, nothing new
        hold o1 1x1 at 610s  -> hold_ended
        tick                 -> done
        hold o1 1x1          -> hold_ended
        hold o1 2x1          -> idempotency_terms_differ
        hold o2 1x1          -> held until 1210s for 5.00
        pay o2               -> sold 401..401 for 5.00
        pay o2               -> on record, nothing new
        hold o2 1x1          -> on record, nothing new
        void o2              -> done
        hold o2 1x1          -> on record, nothing new
        pay o2               -> on record, nothing new
        ticket o2            -> voided, refund due
        refunded o2          -> done
        refunded o2          -> done, nothing new
        refunded o9          -> unknown_order
        refunded o1          -> no_refund_due
    ",
    );
}

/// The hold ends at its exact instant, and money that comes then goes back, once.
#[test]
fn a_payment_after_the_hold_is_refunded_once_however_often_it_is_reported() {
    check(
        config(),
        "
        hold o1 1x1 at 10s     -> held until 610s for 5.00
        hold o2 1x1            -> held until 610s for 5.00
        hold o3 1x1            -> held until 610s for 5.00
        due                    -> 610s
        tick at 609.999999s    -> done, nothing new
        pay o1                 -> sold 401..401 for 5.00
        pay o2 at 610s         -> refund due          # nobody has recorded the end yet
        ticket o2              -> ended(expired), refund due
        pay o2                 -> refund due, nothing new
        tick                   -> done
        ticket o3              -> ended(expired), refund none
        counts                 -> sold 1, unsold 999
        pay o3                 -> refund due
        pay o3                 -> refund due, nothing new
        refunded o3            -> done
        pay o3                 -> refund due, nothing new
        ticket o3              -> ended(expired), refund done
        money                  -> gross 5.00, voided 0.00
    ",
    );
}

#[test]
fn a_declined_payment_frees_its_numbers() {
    check(
        with(|config| config.pools[1].range = range(401, 402)),
        "
        hold o1 2x1 at 10s -> held until 610s for 10.00
        hold o2 1x1        -> sold_out, 0 left
        decline o1         -> done
        decline o1         -> done, nothing new
        ticket o1          -> ended(declined), refund none
        hold o2 1x1        -> held until 610s for 5.00
        hold o3 1x1        -> held until 610s for 5.00
        pay o3             -> sold 401..401 for 5.00
        pay o2             -> sold 402..402 for 5.00
        pay o1             -> refund due          # the provider changed its mind
        counts             -> sold 2, unsold 998
    ",
    );
}

/// A pause does not end a hold, the close does.
#[test]
fn the_close_ends_holds_and_a_suspension_does_not() {
    check(
        config(),
        "
        hold o1 1x1 at 10s   -> held until 610s for 5.00
        suspend at 20s       -> done
        pay o1 at 30s        -> sold 401..401 for 5.00
        resume               -> done
        hold o2 1x1 at 3500s -> held until 3600s for 5.00    # never beyond the close
        hold o3 1x1          -> held until 3600s for 5.00
        hold o4 1x1          -> held until 3600s for 5.00
        close to 3550s       -> done
        pay o2 at 3549.999999s -> sold 402..402 for 5.00
        pay o3 at 3550s      -> refund due
        ticket o3            -> ended(closed), refund due
        tick                 -> done
        ticket o4            -> ended(closed), refund none
        status               -> reconciling
        pay o4               -> refund due
        acknowledge          -> done
        lock                 -> done
        pay o4               -> refund due, nothing new
        refunded o4          -> done
        counts               -> sold 2, unsold 998
    ",
    );
    // A hold cut short by the regular close ended by the close, not by its own time.
    check(
        config(),
        "
        hold o3 1x1 at 2999s -> held until 3599s for 5.00
        hold o1 1x1 at 3000s -> held until 3600s for 5.00
        hold o2 1x1 at 3100s -> held until 3600s for 5.00
        tick at 3600s        -> done
        ticket o1            -> ended(closed), refund none
        ticket o3            -> ended(expired), refund none
    ",
    );
}

/// A sold ticket that is voided is owed to its buyer; a misprint is not.
#[test]
fn t07_voids_of_paid_orders_are_refunded() {
    check(
        config(),
        "
        hold o1 1x1 at 10s -> held until 610s for 5.00
        pay o1             -> sold 401..401 for 5.00
        mark o1            -> done
        ticket o1          -> misprinted, refund none
        pay o1             -> on record, nothing new
        void o1            -> done
        ticket o1          -> voided, refund due
    ",
    );
}
