//! Several servers over one PostgreSQL, and what can happen to one of them: it dies, it is frozen beyond its lease, it
//! is cut off from the database, Redis goes away, it is asked to stop. Every time: nothing that was promised is lost,
//! nothing is sold twice, nothing of an old epoch is accepted, and the raffles sell again by themselves (I1–I3, I11).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

mod anywhere;
mod bus;
mod cut_off;
mod dead;
mod frozen;
mod stopped;
mod trade;
