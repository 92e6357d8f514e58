//! Both stores pass the conformance suite; what only one of them can get wrong is tried here as well.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail as the test itself may")]

#[path = "store/crash.rs"]
mod crash;
#[path = "store/postgres.rs"]
mod postgres;
#[path = "store/rates.rs"]
mod rates;
#[path = "store/sqlite.rs"]
mod sqlite;

use drumroll_actors::store::conformance::Case;
use drumroll_actors::store::{DrawRow, FactRow, Row, SignificantRow, migrations};
use drumroll_engine::id::{DrawId, RaffleId};
use drumroll_engine::raffle::Status;
use drumroll_engine::time::Timestamp;
use std::collections::BTreeSet;
use std::path::Path;

/// A file that is forgotten in the list would never be applied.
#[test]
fn every_migration_is_embedded() {
    let lists = [("postgres", migrations::POSTGRES), ("sqlite", migrations::SQLITE)];
    for (folder, embedded) in lists {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(folder);
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".sql").map(str::to_owned))
            .collect();
        assert_eq!(files, embedded.iter().map(|(name, _)| (*name).to_owned()).collect());
    }
    let names = |list: &[(&'static str, &str)]| list.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    assert_eq!(names(migrations::POSTGRES), names(migrations::SQLITE), "both databases move together");
}

/// What is made from events and from which only a rebuild may delete.
const KEPT: [&str; 7] = ["raffles", "tickets", "ticket_ranges", "orders", "facts", "draws", "significant"];

/// Rows that leave one in each of the tables in [`KEPT`].
fn kept_rows(case: &Case<'_>, raffle: RaffleId) -> Vec<Row> {
    let (organisation, at) = (case.organisation(), Timestamp(1));
    let fact = FactRow { raffle, position: 1, seq: 1, at, kind: "opened".into(), data: "{}".into() };
    let line = SignificantRow {
        organisation,
        raffle,
        seq: 1,
        at,
        code: "sales_opened".into(),
        component: "raffle:1".into(),
        actor: "system".into(),
        detail: String::new(),
    };
    vec![
        Row::Raffle(Box::new(case.raffle(1, Status::Selling, 1))),
        Row::Ticket(Box::new(case.ticket(raffle, 1, 1, 1, 10))),
        Row::Order(Box::new(case.order(raffle, 2))),
        Row::Fact(fact),
        Row::Draw(DrawRow { draw: DrawId(case.id(5)), raffle, organisation, draw_no: 1 }),
        Row::Significant(line),
    ]
}
