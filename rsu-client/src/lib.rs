//! The raffle sales unit: sells with or without a network, and never twice.
//!
//! A device keeps an append-only, hash-chained, signed series per raffle. What it knows is rebuilt from
//! that and from what the server told it; nothing else is stored. A sale is on the disk before it is
//! printed, and it never waits for the network: synchronising is a separate task that plans from
//! the two states and carries out one operation after the other.
//!
//! | file | idea |
//! |---|---|
//! | `identity`, `enrol` | the key made on the device, the server it trusts (R-02) |
//! | `store` | the memory: append-only, chained, signed, checked at start (R-07) |
//! | `raffle` | what follows from facts and records |
//! | `clock` | server time without a server (R-11) |
//! | `sell` | whether a sale may be made (pure) |
//! | `device`, `error` | all of these together, synchronous |
//! | `sync` | the planner (pure), the session and the connection |
//! | `ticket`, `printer` | the paper (T-01) |
//! | `simulate` | many sellers against a real server |
//! | `cli` | the program `rsu`, one file per subcommand |

pub mod cli;
pub mod clock;
pub mod device;
pub mod enrol;
pub mod error;
pub mod identity;
pub mod printer;
pub mod raffle;
pub mod sell;
pub mod simulate;
pub mod software;
pub mod store;
pub mod sync;
pub mod ticket;

#[cfg(test)]
mod testing;

pub use clock::{DeviceClock, Reading, SystemClocks, TimeSource};
pub use device::{Device, Overview, new_order_key};
pub use error::DeviceError;
pub use identity::{Enrolment, Identity, IdentityError};
pub use raffle::{Raffle, SoldTicket};
pub use sell::SellRefusal;
pub use sync::{DeviceHandle, Link, SyncConfig};
