//! The rules of a raffle, and nothing else.
//!
//! This crate is the certified part of Drumroll (GLI-31 §4 and the "critical files" of the test
//! laboratories): it decides what a command does, what an event changes, which numbers a ticket
//! carries and who wins. It has no clock, no I/O, no async and no ambient randomness: time and random
//! bytes arrive inside commands, secrets are handed in for one call and never kept.
//!
//! `decide(state, command) → events | Rejection`, `apply(state, event)`. One command, one file.

pub mod bytes;
pub mod device;
pub mod draw;
pub mod hash;
pub mod hex;
pub mod id;
pub mod journal;
pub mod ledger;
pub mod money;
pub mod organisation;
pub mod profile;
pub mod raffle;
pub mod ticket;
pub mod time;
