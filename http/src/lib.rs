//! REST API, OpenAPI, metrics, static interfaces and the server.

pub mod api;
pub mod auth;
pub mod payment;
pub mod state;
