//! What benchmarks share: the product in process, and load upon it.

#![allow(dead_code, reason = "each benchmark uses its own part")]

pub(crate) mod house;
pub(crate) mod meter;
pub(crate) mod wire;
