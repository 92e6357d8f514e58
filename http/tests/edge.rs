//! The edge of the server: who may come in, what is refused and how, what the log keeps to itself, what the
//! program's commands say. The whole stack stands behind every call: middleware, handlers, actors, SQLite.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "edge/accounts.rs"]
mod accounts;
#[path = "edge/bad_input.rs"]
mod bad_input;
#[path = "edge/codes.rs"]
mod codes;
#[path = "edge/commands.rs"]
mod commands;
#[path = "edge/denial.rs"]
mod denial;
#[path = "edge/front.rs"]
mod front;
#[path = "edge/gate.rs"]
mod gate;
#[path = "edge/log.rs"]
mod log;
#[path = "edge/openapi.rs"]
mod openapi;
#[path = "edge/tenants.rs"]
mod tenants;
#[path = "edge/tls.rs"]
mod tls;
