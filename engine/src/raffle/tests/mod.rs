//! Tests of the raffle aggregate. Most read as scripts through [`script::check`].
//!
//! | file | idea |
//! |---|---|
//! | `world` | one raffle, its journal, its keys; every event is replayed and audited |
//! | `handheld` | a handheld that signs its series |
//! | `audit` | what must hold at every sequence number (I2, I4, I5, I9) |
//! | `script` | `check`: the scripts' language |
//! | `model`, `storm` | seeded random commands against a model of its own |
//! | the rest | by subject |

mod audit;
mod configuration;
mod devices;
mod draw;
mod early_close;
mod handheld;
mod handheld_script;
mod life_cycle;
mod lost;
mod matrix;
mod model;
mod no_shortcut;
mod online;
mod quarantine;
mod reconciliation;
mod script;
mod storm;
mod tickets;
mod world;
