//! The schemas, embedded. `migrations/README.md` has the rules.

use super::StoreError;
use refinery::{Migration, Runner};

type Files = [(&'static str, &'static str)];

/// PostgreSQL's migrations: name and text.
pub const POSTGRES: &Files = &[
    ("V1__journal_and_read_models", include_str!("../../../migrations/postgres/V1__journal_and_read_models.sql")),
    ("V2__several_nodes", include_str!("../../../migrations/postgres/V2__several_nodes.sql")),
    ("V3__outbox", include_str!("../../../migrations/postgres/V3__outbox.sql")),
    ("V4__ended_orders", include_str!("../../../migrations/postgres/V4__ended_orders.sql")),
];

/// SQLite's migrations: name and text.
pub const SQLITE: &Files = &[
    ("V1__journal_and_read_models", include_str!("../../../migrations/sqlite/V1__journal_and_read_models.sql")),
    ("V2__several_nodes", include_str!("../../../migrations/sqlite/V2__several_nodes.sql")),
    ("V3__outbox", include_str!("../../../migrations/sqlite/V3__outbox.sql")),
    ("V4__ended_orders", include_str!("../../../migrations/sqlite/V4__ended_orders.sql")),
];

pub(super) fn runner(files: &Files) -> Result<Runner, StoreError> {
    let migrations: Result<Vec<Migration>, _> =
        files.iter().map(|(name, sql)| Migration::unapplied(name, sql)).collect();
    // In one transaction with their entries in the history. Ungrouped, the entry is a transaction of its own after that
    // of its migration, and a process killed between the two leaves a database that never starts again.
    Ok(Runner::new(&migrations.map_err(|problem| failed(&problem))?).set_grouped(true))
}

pub(super) fn failed(problem: &refinery::Error) -> StoreError {
    StoreError::Migration(problem.to_string())
}

/// Refuses a schema that a newer build made: this one does not know what its tables mean.
pub(super) fn check_known(runner: &Runner, applied: &[Migration]) -> Result<(), StoreError> {
    let known = runner.get_migrations().iter().map(Migration::version).max().unwrap_or_default();
    match applied.iter().map(Migration::version).max() {
        Some(newest) if newest > known => Err(StoreError::Migration(format!(
            "the schema is version {newest}, this build knows up to {known}: run a newer build"
        ))),
        _ => Ok(()),
    }
}
