//! What the whole-system tests share: the auditor, real programs and the ways to talk to them.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test that cannot go on stops where it stands")]

pub mod auditor;
