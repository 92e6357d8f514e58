//! Order, memory and durability.

pub mod project;
pub mod store;
