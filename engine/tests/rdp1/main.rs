//! RDP-1 from outside: known answers, forged and damaged transcripts, golden files.
#![allow(clippy::unwrap_used, reason = "a fixture that does not come about is a failed test")]

mod fixture;
mod golden;
mod hostile;
mod known_answers;
mod tampering;
mod vrf;
