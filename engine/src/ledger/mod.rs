//! The eligible ledger: which numbers are sold, in what order, and the one hash that fixes them (RDP-1 step 3).
//!
//! | file | idea |
//! |---|---|
//! | `sold` | sold ranges, their validation, rank → number |
//! | `tree` | the sum-Merkle tree whose root goes into the lock |
//! | `opening` | a short proof that one rank is one number |

mod opening;
mod sold;
mod tree;

pub use opening::{Opening, OpeningError, Side, Step};
pub use sold::{Ledger, LedgerError, SOLD_COUNT_MAX, SoldRange};
pub use tree::{Node, SumTree};
