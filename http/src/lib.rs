//! REST API, OpenAPI, metrics, static interfaces and the server.

pub mod api;
pub mod auth;
pub mod edge;
pub mod ids;
pub mod payment;
pub mod state;
