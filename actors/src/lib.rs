//! Order, memory and durability: one actor per live raffle and per organisation, write-behind with
//! group commit, stores, and the feed of committed news.
//!
//! Nothing here leaves the node before it is durable: [`registry::Registry::execute`] answers after the
//! commit, and [`feed::Feed`] is written by the committer alone.

pub mod aggregate;
pub mod aggregate_actor;
pub mod clock;
pub mod cluster;
pub mod crew;
pub mod device_actor;
pub mod draws;
pub mod feed;
pub mod guard;
pub mod intake;
pub mod keys;
pub mod node;
pub mod notify;
pub mod organisation_actor;
pub mod presence;
pub mod project;
pub mod raffle_actor;
pub mod registry;
pub mod store;
pub mod view;
pub mod write_behind;
