//! What the house is built like (design: shape): who may know whom, and what is absent on purpose.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn packages() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    serde_json::from_value(metadata["packages"].take()).unwrap()
}

fn dependencies(package: &Value) -> impl Iterator<Item = (&str, &str)> {
    package["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dependency| (dependency["name"].as_str().unwrap(), dependency["kind"].as_str().unwrap_or("normal")))
}

/// Downwards only, tests included: a crate knows those on lower floors and none beside or above it.
#[test]
fn dependencies_point_downwards_only() {
    let may_know: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("drumroll-engine", &[][..]),
        ("drumroll-protocol", &["drumroll-engine"]),
        ("drumroll-actors", &["drumroll-engine", "drumroll-protocol"]),
        ("drumroll-ws", &["drumroll-engine", "drumroll-protocol", "drumroll-actors"]),
        ("drumroll-http", &["drumroll-engine", "drumroll-protocol", "drumroll-actors", "drumroll-ws"]),
        // The handheld shares the ticket code and the wire types with the server, and nothing else.
        ("drumroll-rsu-client", &["drumroll-engine", "drumroll-protocol"]),
        // From outside: the crates for making bad messages, in tests alone; the actors in benchmarks and the
        // simulation alone, the handheld in the simulation alone.
        ("drumroll-tests", &["drumroll-engine", "drumroll-protocol", "drumroll-actors", "drumroll-rsu-client"]),
    ]);
    let packages = packages();
    let names: BTreeSet<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    assert_eq!(names, may_know.keys().copied().collect(), "a new crate needs a floor here");
    for package in &packages {
        let name = package["name"].as_str().unwrap();
        for (dependency, kind) in dependencies(package).filter(|(dependency, _)| names.contains(dependency)) {
            assert!(may_know[name].contains(&dependency), "{name} must not know {dependency} ({kind})");
            assert!(name != "drumroll-tests" || kind == "dev", "the auditor's library must not know {dependency}");
        }
    }
    let inside = [["drumroll", "actors"].join("_"), ["drumroll", "rsu", "client"].join("_")];
    for folder in [
        "tests/auditor",
        "tests/badinput",
        "tests/cluster",
        "tests/event",
        "tests/faults",
        "tests/notify",
        "tests/oilers",
        "tests/src",
    ] {
        for source in sources(folder) {
            let looks = inside.iter().any(|name| source.code.contains(name));
            assert!(!looks, "{} looks at the house from inside", source.path);
        }
    }
}

/// The certified part is built from a closed list (decisions: dependencies and targets; V-05). Everything it is built
/// from, direct or not, is checked by `make verify` against `.ci/engine-deps.txt`.
#[test]
fn v05_the_engine_names_only_what_is_allowed() {
    let allowed =
        ["curve25519-dalek", "ed25519-dalek", "rand_chacha", "serde", "serde_json", "sha2", "subtle", "zeroize"];
    let packages = packages();
    let engine = packages.iter().find(|package| package["name"] == "drumroll-engine").unwrap();
    let optional: BTreeSet<&str> = engine["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|dependency| dependency["optional"] == true)
        .filter_map(|dependency| dependency["name"].as_str())
        .collect();
    assert!(optional.is_subset(&BTreeSet::from(["blst"])), "only the beacon is optional: {optional:?}");
    let named: BTreeSet<&str> = dependencies(engine)
        .filter(|(name, kind)| *kind != "dev" && !optional.contains(name))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(named, BTreeSet::from(allowed));
    assert_eq!(engine["targets"].as_array().unwrap().iter().filter(|t| t["kind"][0] == "custom-build").count(), 0);
}

/// A source file without its comments and the tests at its foot.
struct Source {
    path: String,
    code: String,
}

fn sources(of: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders = vec![root().join(of)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                // Modules of tests and the suite that both stores must pass.
                if !["tests", "conformance", "node_modules"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if name.ends_with(".rs")
                && !["tests.rs", "testing.rs"].contains(&name.as_str())
                && !name.ends_with("_test.rs")
            {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
                let path = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                sources.push(Source { path, code: lines.collect::<Vec<_>>().join("\n") });
            }
        }
    }
    assert!(!sources.is_empty(), "{of} has no sources");
    sources
}

/// Files of `folders` whose code has `needle`.
fn with(folders: &[&str], needle: &str) -> BTreeSet<String> {
    let all = folders.iter().flat_map(|folder| sources(folder));
    all.filter(|source| source.code.contains(needle)).map(|source| source.path).collect()
}

const SERVER: [&str; 3] = ["actors/src", "ws/src", "http/src"];

/// `do_send` ignores the mailbox's bound (house style: actors).
#[test]
fn nobody_sends_past_a_mailboxs_bound() {
    let with = with(&["actors/src", "ws/src", "http/src", "rsu-client/src"], "do_send");
    assert_eq!(with, BTreeSet::new(), "use try_send or send");
}

/// Only a `RaffleActor` appends a raffle's events: the shared shell claims room and hands decisions over, and nobody
/// else does (I11, invariants of absence).
#[test]
fn i11_only_an_aggregates_actor_appends_events() {
    let one = |path: &str| BTreeSet::from([path.to_owned()]);
    assert_eq!(with(&SERVER, "slot.send("), one("actors/src/aggregate_actor.rs"));
    assert_eq!(with(&SERVER, "journal.reserve()"), one("actors/src/aggregate_actor.rs"));
    assert_eq!(with(&SERVER, "store.append("), one("actors/src/write_behind.rs"));
}

/// Events are written by one statement per store, and nothing changes or deletes one.
#[test]
fn a07_no_code_changes_or_deletes_an_event() {
    for folder in SERVER {
        for source in sources(folder) {
            let code = source.code.to_lowercase();
            for needle in
                ["delete from events", "update events", "truncate events", "replace into events", "drop table"]
            {
                assert!(!code.contains(needle), "{} has {needle}", source.path);
            }
        }
    }
}

/// The engine has no clock, no I/O, no async and no chance of its own (house style: shape).
#[test]
fn the_engine_is_pure() {
    let impure = [
        "SystemTime",
        "Instant::now",
        "std::fs",
        "std::net",
        "std::env",
        "async fn",
        ".await",
        "println!",
        "getrandom",
        "thread_rng",
        "OsRng",
        "HashMap",
        "HashSet",
        "unsafe ",
    ];
    for source in sources("engine/src") {
        for needle in impure {
            assert!(!source.code.contains(needle), "{} has {needle}", source.path);
        }
    }
}

/// The auditor shares no code with what it audits.
#[test]
fn the_auditor_is_a_stranger_to_the_house() {
    for source in sources("tests/src/auditor") {
        for needle in ["drumroll_engine", "drumroll_actors", "drumroll_protocol", "drumroll_http"] {
            assert!(!source.code.contains(needle), "{} uses {needle}", source.path);
        }
    }
}

/// A migration that was released is never edited: both stores have the same versions.
#[test]
fn both_stores_have_the_same_migrations() {
    let versions = |store: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(root().join("migrations").join(store)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(versions("postgres"), versions("sqlite"));
}
