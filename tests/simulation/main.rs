//! The deterministic simulation: real nodes, real handhelds, one thread, virtual time. One seed, one trace.
//!
//! | file | idea |
//! |---|---|
//! | `world` | what everybody shares: time in lanes, chance, the trace, findings |
//! | `run` | one evening, from the opening to the last look |
//! | `cluster`, `clock` | nodes that crash, stop, are cut off and overtaken; clocks that are off |
//! | `store`, `tables`, `link` | the store's contract in memory, and the way to it |
//! | `clients`, `handheld`, `operator` | who uses it all, and writes down what was promised |
//! | `mutation` | deliberate bugs, each of which some seed must catch |
//!
//! `docs/simulation.md` says what is real and how a seed is repeated.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod clients;
mod clock;
mod cluster;
mod handheld;
mod link;
mod mutation;
mod operator;
mod run;
mod store;
mod tables;
mod world;

use mutation::{ALL, Mutation};
use run::{Report, count_panics, run};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Seeds of a run of `make test`.
const SEEDS: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Runs seeds on all cores; the lowest failing one is reported.
fn sweep(first: u64, count: u64) -> Vec<Report> {
    count_panics();
    let next = AtomicU64::new(first);
    let failed = Mutex::new(Vec::new());
    let (sums, digests) = (Mutex::new((0, 0)), Mutex::new(BTreeMap::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let report = run(seed, None);
                    {
                        let mut sums = sums.lock().unwrap();
                        *sums = (sums.0 + report.seen.events, sums.1 + report.seen.tickets);
                    }
                    digests.lock().unwrap().insert(seed, report.digest.clone());
                    if !report.found.is_empty() {
                        failed.lock().unwrap().push(report);
                    }
                }
            });
        }
    });
    let (events, tickets) = *sums.lock().unwrap();
    // The same for the same seeds, wherever they run.
    let digests: Vec<String> = digests.into_inner().unwrap().into_values().collect();
    println!(
        "simulation: seeds {first} to {}: {events} events, {tickets} tickets; all traces: {}",
        first + count - 1,
        world::digest(&digests)
    );
    let mut failed = failed.into_inner().unwrap();
    failed.sort_by_key(|report| report.seed);
    failed
}

/// What a person needs to go on.
fn describe(report: &Report) -> String {
    let found: Vec<String> =
        report.found.iter().take(10).map(|found| format!("  {}: {}", found.check, found.detail)).collect();
    let tail = &report.trace[report.trace.len().saturating_sub(60)..];
    format!(
        "seed {} ({:?}) found:\n{}\nthe last of its trace:\n{}\nrepeat it with: make simulate SEED={}",
        report.seed,
        report.plan,
        found.join("\n"),
        tail.join("\n"),
        report.seed
    )
}

#[test]
fn many_evenings_keep_every_promise_i1_i2_i3_i4_i5_i6_i7_i8_i9_i11() {
    if let Some(seed) = number("SIMULATION_SEED") {
        count_panics();
        let report = run(seed, None);
        println!("{}\n{:?}\ntrace {}", report.trace.join("\n"), report.plan, report.digest);
        assert!(report.found.is_empty(), "seed {seed} found {:#?}", report.found);
        return;
    }
    let (first, count) = (number("SIMULATION_FIRST").unwrap_or(0), number("SIMULATION_SEEDS").unwrap_or(SEEDS));
    let failed = sweep(first, count);
    if let Some(report) = failed.first() {
        let seeds: Vec<u64> = failed.iter().map(|report| report.seed).collect();
        panic!("{} seeds failed: {seeds:?}\n{}", failed.len(), describe(report));
    }
}

/// Seeds that may be tried for one mutation.
const TRIES: u64 = 120;

/// The first seed that catches a mutation, and what it found.
fn caught(mutation: Mutation) -> Option<(u64, String)> {
    (0..number("SIMULATION_TRIES").unwrap_or(TRIES)).find_map(|seed| {
        let found = run(seed, Some(mutation)).found.into_iter().next()?;
        let without = run(seed, None).found;
        assert!(without.is_empty(), "seed {seed} finds something without {mutation:?} too: {without:?}");
        Some((seed, format!("{}: {}", found.check, found.detail.chars().take(110).collect::<String>())))
    })
}

#[test]
fn every_mutation_is_caught() {
    count_panics();
    let only = std::env::var("SIMULATION_MUTATION").ok();
    let wanted = |mutation: &Mutation| only.as_ref().is_none_or(|only| *only == format!("{mutation:?}"));
    let list: Vec<_> = ALL.iter().filter(|(_, mutation)| wanted(mutation)).collect();
    assert!(!list.is_empty(), "there is no mutation {only:?}");
    let (next, escaped) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((place, mutation)) = list.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match caught(*mutation) {
                        Some((seed, found)) => println!("{place}: {mutation:?} caught by seed {seed}: {found}"),
                        None => escaped.lock().unwrap().push(format!("{place}: {mutation:?}")),
                    }
                }
            });
        }
    });
    let escaped = escaped.into_inner().unwrap();
    assert!(escaped.is_empty(), "no seed caught {escaped:?}");
}

#[test]
fn one_seed_has_one_trace() {
    count_panics();
    let first = number("SIMULATION_FIRST").unwrap_or(0);
    for seed in first..first + number("SIMULATION_TWICE").unwrap_or(40) {
        let (one, other) = (run(seed, None), run(seed, None));
        if one.digest != other.digest {
            let at = one.trace.iter().zip(&other.trace).position(|(a, b)| a != b).unwrap_or(0);
            let around =
                |report: &Report| report.trace[at.saturating_sub(5)..(at + 3).min(report.trace.len())].join("\n");
            panic!("seed {seed} has two traces, from line {at}:\n{}\n--- and\n{}", around(&one), around(&other));
        }
    }
}

#[test]
fn the_simulated_store_keeps_the_contract() {
    use drumroll_actors::store::conformance;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = link::Link::plain(Arc::new(store::SimStore::new(None)));
    runtime.block_on(conformance::run_named(&store, "journal::"));
}
