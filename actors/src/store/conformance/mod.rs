//! What every store must do, as one suite. `actors/tests/store.rs` runs it on each of them. Each case
//! makes ids of its own, so a store may be used that holds other data already.

mod edges;
mod fixture;
mod journal;
mod leases;
mod lists;
mod outbox;
mod people;
mod sales;

pub use fixture::{Case, Owner};

use super::Store;
use std::pin::Pin;

type Running<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
type Test = for<'a> fn(&'a Case<'a>) -> Running<'a>;

macro_rules! cases {
    ($($module:ident: $($case:ident),+;)+) => {
        const CASES: &[(&str, Test)] =
            &[$($((concat!(stringify!($module), "::", stringify!($case)), |case| Box::pin($module::$case(case)))),+),+];
    };
}

cases! {
    journal: an_empty_journal_is_claimed, events_come_back_as_written_i7, claims_fence_older_owners_i11,
        gaps_and_strangers_are_fenced, a_repeated_batch_is_committed_once, a_fenced_journal_harms_no_other,
        one_journal_many_appends, snapshots_shorten_the_tail, owners_race_and_one_wins_i11, many_journals_at_once;
    leases: a_standing_node_keeps_what_it_holds_i11, a_lease_that_ran_out_ends_when_somebody_says_so_i11,
        many_claim_and_one_holds_i11, what_nobody_runs_is_listed;
    edges: extremes_come_back, unknown_ids_are_none, other_tenants_are_kept_out;
    sales: a_number_is_sold_once_t05, tickets_are_found, tickets_are_listed, voids_change_tickets_a07,
        orders_run_their_course, rows_apply_in_order, a_rebuild_equals_what_it_replaces;
    lists: raffles_by_age, facts_by_position, significant_events_by_any_filter_a02, draws_and_organisations;
    outbox: events_to_tell_of_in_order, a_target_joins_once, a_cursor_moves_once_and_forwards,
        a_refused_message_is_on_record;
    people: accounts_by_login, devices_change, credentials_change, one_rotation_wins, sessions_are_revoked,
        a_code_is_taken_once, a_socket_ticket_is_taken_once, a_secret_is_kept_once, it_answers;
}

/// Runs every case.
///
/// # Panics
/// At the first thing the store does wrong, naming the case before.
pub async fn run(store: &dyn Store) {
    run_named(store, "").await;
}

/// Runs the cases whose name begins with `prefix`, `journal::` for example: for a store that stands in for a
/// real one in a test and keeps only a part.
///
/// # Panics
/// As [`run`], and when there is no such case.
pub async fn run_named(store: &dyn Store, prefix: &str) {
    let mut ran = 0;
    for (number, (name, test)) in (1..).zip(CASES).filter(|(_, (name, _))| name.starts_with(prefix)) {
        println!("{}: {name}", store.kind());
        test(&Case::new(store, number)).await;
        ran += 1;
    }
    assert!(ran > 0, "there is no case {prefix}");
}
