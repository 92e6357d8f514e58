//! REST API, OpenAPI, metrics, static interfaces and the server.

pub mod api;
pub mod auth;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod demo;
pub mod edge;
pub mod health;
pub mod ids;
pub mod interfaces;
pub mod metrics;
pub mod notify;
pub mod payment;
pub mod server;
pub mod state;
