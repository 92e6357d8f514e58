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

use drumroll_actors::store::migrations;
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
