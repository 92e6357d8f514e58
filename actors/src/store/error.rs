//! Why a store did not answer.

use thiserror::Error;

/// A failed dependency, never a refusal.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The store is away, too slow or full. The outcome of a write is uncertain: retry the same batch.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The store holds something this build cannot read, or not what it should. Retrying does not help.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The schema cannot be brought up to date. Nothing was started.
    #[error("the schema cannot be migrated: {0}")]
    Migration(String),
}

impl StoreError {
    /// Whether the same call may succeed later.
    pub const fn retry(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
