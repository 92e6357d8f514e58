//! What the whole-system tests share: the auditor, and the ways to run and talk to real programs.
//!
//! | file | idea |
//! |---|---|
//! | `auditor` | reads a database and clients' records, and believes neither |
//! | `chance` | seeded choices; `DRUMROLL_TEST_SEED` repeats a run |
//! | `clock` | a machine whose clock is wrong, and is set while programs run |
//! | `doom` | a program that is killed in its nth write |
//! | `scratch` | a folder that goes when its test passes and stays when it fails |
//! | `programs` | where `drumroll` and `rsu` are, and running them to their end |
//! | `provider` | a payment provider outside the server, with moods and a ledger of its own |
//! | `buyers` | hostile people who buy online, and keep every answer |
//! | `database` | a database of one's own |
//! | `proxy` | what a network can do between a server and PostgreSQL |
//! | `front` | HAProxy before several servers, and a Redis that may go away |
//! | `league` | three servers over one database |
//! | `server` | `drumroll serve` as a process that never outlives its test |
//! | `api` | REST calls |
//! | `moto` | Amazon's topics and queues, on this machine |
//! | `socket` | WebSocket clients |
//! | `stage` | people, a venue, a raffle that sells |
//! | `simulation` | `rsu simulate` beside the test |
//! | `browser` | a script in a real Chromium, in step with the test |
//! | `swarm` | hostile clients that write down what they were told |
//! | `wait` | until something is so, with a bound |

#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test that cannot go on stops where it stands")]

pub mod api;
pub mod auditor;
pub mod browser;
pub mod buyers;
pub mod chance;
pub mod clock;
pub mod database;
pub mod doom;
pub mod figures;
pub mod front;
pub mod league;
pub mod moto;
pub mod programs;
pub mod provider;
pub mod proxy;
pub mod scratch;
pub mod server;
pub mod simulation;
pub mod socket;
pub mod stage;
pub mod swarm;
pub mod wait;

/// Whether a service that a test needs may be missing. On the continuous integration it may not.
pub fn skip(test: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{test}: {why}");
    println!("{test} is skipped: {why}");
}

/// Whether tests run at full length, as in `make e2e`.
pub fn full_scale() -> bool {
    std::env::var("DRUMROLL_SCALE").is_ok_and(|scale| scale == "full")
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
    u64::try_from(since.as_millis()).expect("it is before the year 500 million")
}
