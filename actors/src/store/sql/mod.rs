//! What both databases share: statements, parameters, decoding. A backend only runs statements; SQL is
//! written once, with `$n` parameters, in the dialect both understand.

pub(super) mod backend;
pub(super) mod decode;
mod delegate;
mod dump;
mod judge;
pub(super) mod plan;
pub(super) mod queries;
pub(super) mod tables;
mod value;
pub(super) mod writes;

pub(super) use backend::Backend;
pub(super) use decode::Cells;
pub(super) use judge::{Position, Verdict, groups};
pub(super) use plan::{Phase, Plan, Rows};
pub(super) use value::{Query, Statement, Value};
