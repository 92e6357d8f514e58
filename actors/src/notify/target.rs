//! What a target must do.

use super::notice::Notice;
use std::pin::Pin;
use thiserror::Error;

/// Why a target was not told. The texts go to the log and into the records: no secrets, no message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TellError {
    /// The target is away, busy or not set up: every message would fail. It is tried again without end.
    #[error("the target is away: {0}")]
    Away(String),
    /// The target took a look at this very message and does not want it. After some tries it is set aside.
    #[error("the target refused: {0}")]
    Refused(String),
}

/// The answer of [`Target::tell`].
pub type Telling<'a> = Pin<Box<dyn Future<Output = Result<(), TellError>> + Send + 'a>>;

/// Somebody who is told.
pub trait Target: Send + Sync + 'static {
    /// The name under which the store knows how far it was told; it stays for ever.
    fn name(&self) -> &str;

    /// Tells of one thing. `Ok` means that the target has it for good. It may be told of the same again.
    fn tell<'a>(&'a self, notice: &'a Notice) -> Telling<'a>;
}
