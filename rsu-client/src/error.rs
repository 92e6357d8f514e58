//! Why a device cannot be used or cannot do something, in one list.

use std::io;
use std::path::PathBuf;

use crate::identity::IdentityError;
use crate::raffle::Contradiction;
use crate::sell::SellRefusal;
use crate::store::StoreError;

/// Why a device cannot be used or cannot do something.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// No identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The memory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The sale is refused.
    #[error(transparent)]
    Refused(#[from] SellRefusal),
    /// What came or is stored cannot be true.
    #[error("device and server disagree: {0}")]
    Contradiction(#[from] Contradiction),
    /// There is no such sale, or it cannot be marked any more.
    #[error("there is no such sale to mark")]
    NoSuchSale,
    /// Another process uses this directory.
    #[error("another process uses {0}")]
    InUse(PathBuf),
    /// An earlier write failed: the memory must be opened again.
    #[error("the device must be restarted: an earlier write failed")]
    Poisoned,
    /// The system gave no random bytes.
    #[error("the system has no random bytes to give")]
    Entropy,
    /// The disk said no.
    #[error("the data directory cannot be used")]
    Io(#[from] io::Error),
}

impl DeviceError {
    /// Whether the same call may succeed later.
    pub const fn may_retry(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.may_retry(),
            Self::Store(error) => error.may_retry(),
            Self::InUse(_) | Self::Entropy | Self::Io(_) | Self::Poisoned => true,
            Self::Identity(_) | Self::Contradiction(_) | Self::NoSuchSale => false,
        }
    }
}
