//! What a ticket carries: draw numbers, the validation number and the hash of its sale.
//!
//! The handheld sales unit and the server both use this code, with the same test vectors (T-04).
//!
//! | file | idea |
//! |---|---|
//! | `number` | ranges of consecutive draw numbers |
//! | `validation` | the validation number: unique, unpredictable, typable |
//! | `sale_record` | the hash that stands for a sale in the published ledger |

pub mod number;
pub mod sale_record;
pub mod validation;

pub use number::{InvalidRange, NumberRange};
pub use sale_record::SaleRecord;
pub use validation::{InvalidIssuerSlot, IssuerSlot, ParseValidationError, ValidationNumber};
