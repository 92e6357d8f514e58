//! Counter and integrated sales, voids, misprints, stock (T-05, T-07, T-08, T-09, I3).

use super::script::{check, continue_with};
use super::world::{World, config, order, range, with};
use crate::raffle::{Command, Pool, PoolKind, Raffle, sell_tickets::SellTickets};
use crate::ticket::NumberRange;

/// T-05: numbers run sequentially in their pool, whoever sells.
#[test]
fn t05_numbers_are_sequential_within_a_pool() {
    let world = check(
        config(),
        "
        sell c1 2x1 at 1s              -> sold 1..2 for 10.00
        sell i1 1x2 via=integration    -> sold 3..22 for 10.00
        sell c2 1x1 1x3                -> sold 23..28 for 8.00
        hold o1 1x1                    -> held until 601s for 5.00
        pay o1                         -> sold 401..401 for 5.00
        sell c3 1x1                    -> sold 29..29 for 5.00
        ledger                         -> 1..2, 3..22, 23..28, 29..29, 401..401
        money                          -> gross 38.00, voided 0.00
        counts                         -> sold 30, unsold 970
    ",
    );
    let (key, owner) = world.raffle.owner(24).unwrap();
    assert_eq!((*key, owner.numbers), (order("c2"), 6));
    assert!(world.raffle.owner(30).is_none());
}

#[test]
fn t05_a_pool_sells_to_its_last_number_and_not_beyond() {
    check(
        with(|config| config.pools[0].range = range(1, 25)),
        "
        sell c1 1x2 at 1s -> sold 1..20 for 10.00
        sell c2 1x2       -> sold_out, 5 left
        sell c3 6x1       -> sold_out, 5 left
        sell c4 5x1       -> sold 21..25 for 25.00
        sell c5 1x1       -> sold_out, 0 left
        void c4           -> done
        sell c5 1x1       -> sold_out, 0 left      # T-07: numbers are never sold again
        counts            -> sold 20, voided 5, unsold 975
    ",
    );
}

/// A pool cut in pieces still sells in order, across the gap, as two ranges of one ticket.
#[test]
fn t05_a_sale_may_span_several_free_ranges() {
    let pool = |free: &str| -> Pool {
        serde_json::from_str(&format!(
            r#"{{"kind":"internal","share":{{"first":1,"last":400}},"free":{free},"held":0,"sold":0,"voided":0}}"#
        ))
        .unwrap()
    };
    let mut cut = pool(r#"[{"first":1,"last":3},{"first":10,"last":12}]"#);
    assert_eq!((cut.free_count(), cut.next(0), cut.next(7)), (6, None, None));
    let ranges = cut.next(5).unwrap();
    assert_eq!(ranges, [range(1, 3), range(10, 11)]);
    cut.take(&ranges);
    assert_eq!((cut.next(1).unwrap(), cut.free_count()), (vec![range(12, 12)], 1));
    let mut cut = pool(r#"[{"first":1,"last":3},{"first":10,"last":12}]"#);
    let skipped = std::panic::catch_unwind(move || cut.take(&[range(2, 3)]));
    assert!(skipped.is_err(), "numbers out of turn would be a second owner");

    let mut world = World::open(config());
    let share = NumberRange::new(1, 400).unwrap();
    let mut state = world.raffle.clone();
    state.pools[0] = pool(r#"[{"first":1,"last":3},{"first":10,"last":12}]"#);
    assert_eq!((state.pools[0].kind, state.pools[0].share), (PoolKind::Internal, share));
    world.now = super::world::instant(0);
    let sold = sold_ranges(&state, &mut world);
    assert_eq!(sold, [range(1, 3), range(10, 11)]);
}

fn sold_ranges(state: &Raffle, world: &mut World) -> Vec<NumberRange> {
    let context = crate::raffle::Context {
        at: world.now,
        actor: crate::journal::Actor::System,
        approver: None,
        head: world.head,
    };
    let lines = vec![crate::money::Line { package: 1, quantity: 5 }];
    let channel = crate::raffle::Channel::Counter;
    let command = SellTickets { order: order("c1"), channel, seller: None, lines, random: [1; 8], salt: [2; 32] };
    let decision = crate::raffle::decide(state, &context, Command::SellTickets(command)).unwrap();
    let crate::raffle::Answer::Sold(sale) = decision.answer else { panic!("nothing was sold") };
    sale.ranges
}

/// I3: the same key and terms give the same sale, for ever; the same key with other terms is refused.
#[test]
fn i3_a_key_means_one_sale_for_ever() {
    check(
        config(),
        "
        sell c1 2x1 1x2 at 1s           -> sold 1..22 for 20.00
        sell c1 2x1 1x2 at 2s           -> on record, nothing new
        sell c1 1x2 2x1                 -> idempotency_terms_differ
        sell c1 2x1                     -> idempotency_terms_differ
        sell c1 2x1 1x2 via=integration -> idempotency_terms_differ
        hold c1 2x1 1x2                 -> idempotency_terms_differ
        pay c1                          -> unknown_order
        decline c1                      -> unknown_order
        void c1                         -> done
        sell c1 2x1 1x2                 -> on record, nothing new
        sell c1 3x1                     -> idempotency_terms_differ
        suspend                         -> done
        sell c1 2x1 1x2                 -> on record, nothing new
        tick at 3600s                   -> done
        sell c1 2x1 1x2                 -> on record, nothing new
        cancel with colleague           -> done
        sell c1 2x1 1x2                 -> on record, nothing new
        counts                          -> voided 22, unsold 978
    ",
    );
}

/// Refusals leave the key free.
#[test]
fn i3_a_refused_key_can_be_used_again() {
    check(
        config(),
        "
        sell c1 1x1 at -1s -> not_yet_selling
        sell c1 1x9 at 1s  -> unknown_package 9
        sell c1 0x1        -> bad_lines
        sell c1 101x1      -> bad_lines
        sell c1            -> bad_lines
        sell c1 1x1 1x1    -> bad_lines
        sell c1 4294967295x1 4294967295x2 -> bad_lines
        sell c1 100x2      -> sold_out, 400 left
        sell c1 100x1      -> sold 1..100 for 500.00
    ",
    );
}

/// Handhelds sell by their records, the public by hold and payment; nothing else reaches their pools.
#[test]
fn i2_the_counter_cannot_sell_for_other_channels() {
    check(
        config(),
        "
        sell c1 1x1 via=rsu at 1s -> channel_not_sold
        sell c1 1x1 via=online    -> channel_not_sold
        sell c1 1x1 via=counter   -> sold 1..1 for 5.00
    ",
    );
}

#[test]
fn stock_counts_holds_and_voids() {
    check(
        config(),
        "
        stock 1            -> None
        stock 3            -> Some(3)
        sell c1 1x3 at 1s  -> sold 1..5 for 3.00
        hold o1 1x3        -> held until 601s for 3.00
        stock 3            -> Some(1)
        sell c2 2x3        -> out_of_stock, 1 left
        hold o2 2x3        -> out_of_stock, 1 left
        void c1            -> done
        stock 3            -> Some(1)       # a series has its fixed stock
        sell c3 1x3        -> sold 6..10 for 3.00
        sell c4 1x3        -> out_of_stock, 0 left
        decline o1         -> done
        stock 3            -> Some(1)       # a hold that ended gives its package back
        hold o3 1x3        -> held until 601s for 3.00
        tick at 601s       -> done
        sell c4 1x3        -> sold 11..15 for 3.00
        stock 3            -> Some(0)
        money              -> gross 9.00, voided 3.00
    ",
    );
}

/// T-07, T-08: whole tickets, with a reason, until the reconciliation is acknowledged.
#[test]
fn t07_t08_voids_take_the_whole_ticket_until_the_acknowledgement() {
    let world = check(
        config(),
        "
        sell c1 1x1 1x2 at 1s  -> sold 1..21 for 15.00
        sell c2 1x1            -> sold 22..22 for 5.00
        sell c3 1x1            -> sold 23..23 for 5.00
        sell c4 1x1            -> sold 24..24 for 5.00
        hold o1 1x1            -> held until 601s for 5.00
        jackpot                -> 15.00
        void c9                -> unknown_order
        void o1                -> no_ticket
        void c1 reason=none    -> reason_missing
        void c1                -> done
        void c1                -> already_voided
        jackpot                -> 7.50          # its value leaves the prize at once
        ledger                 -> 22..22, 23..23, 24..24
        suspend at 10s         -> done
        void c2                -> done
        tick at 3600s          -> done
        void o1                -> no_ticket
        status                 -> reconciling
        void c3                -> done
        acknowledge            -> done
        void c4                -> reconciliation_acknowledged
        mark c4                -> reconciliation_acknowledged
        reopen reason=none     -> reason_missing
        reopen                 -> done
        void c4                -> done
        counts                 -> voided 24, unsold 976
        money                  -> gross 30.00, voided 30.00
    ",
    );
    let voided: Vec<_> = world.facts.iter().filter(|fact| fact.kind == "voided").map(|fact| &fact.data).collect();
    assert_eq!((voided.len(), &voided[0]["numbers"], &voided[0]["amount_minor"]), (4, &21.into(), &1_500.into()));
}

/// T-09: a mark is not a void, and only a supervisor's decision takes it away.
#[test]
fn t09_a_misprint_stays_eligible_and_blocks_until_decided() {
    check(
        config(),
        "
        sell c1 1x1 at 1s    -> sold 1..1 for 5.00
        sell c2 1x1          -> sold 2..2 for 5.00
        clear c1             -> not_misprinted
        mark c9              -> unknown_order
        mark c1 reason=none  -> reason_missing
        mark c1              -> done
        mark c1              -> done, nothing new
        ledger               -> 1..1, 2..2
        mark c2              -> done
        tick at 3600s        -> done
        acknowledge          -> not_reconciled: misprint_open, misprint_open
        clear c9             -> unknown_order
        clear c1 reason=none -> reason_missing
        clear c1             -> done
        acknowledge          -> not_reconciled: misprint_open
        void c2              -> done
        mark c2              -> already_voided
        clear c2             -> not_misprinted
        acknowledge          -> done
        ledger               -> 1..1
    ",
    );
}

/// T-03: a random number that was given out before is not given out again.
#[test]
fn t03_validation_numbers_are_unique_even_when_chance_repeats_itself() {
    let mut world = check(config(), "status at 1s -> selling");
    for key in ["c1", "c2", "c3"] {
        let lines = vec![crate::money::Line { package: 1, quantity: 1 }];
        let channel = crate::raffle::Channel::Counter;
        let random = [0xff; 8];
        world.must(Command::SellTickets(SellTickets {
            order: order(key),
            channel,
            seller: None,
            lines,
            random,
            salt: [0; 32],
        }));
    }
    assert_eq!(world.raffle.validations.len(), 3);
    continue_with(world, "counts -> sold 3, unsold 997");
}
