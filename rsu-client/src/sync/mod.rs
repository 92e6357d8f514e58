//! Carrying the series to the server, and the server's word back.
//!
//! | file | idea |
//! |---|---|
//! | `plan` | what to say next (pure, table-tested) |
//! | `handshake` | who is there (R-02) |
//! | `session` | one connection: carries out the plan, obeys what comes |
//! | `wire` | what carries the frames |
//! | `runner` | connections, one after the other, with back-off |

mod handshake;
pub mod plan;
mod runner;
mod session;
mod wire;

pub use runner::{converse, run};
pub use wire::Wire;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use drumroll_protocol::close::{self, Reconnect};
use drumroll_protocol::{DecodeError, ProtocolError};
use tokio::sync::watch;

use crate::device::Device;
use crate::error::DeviceError;

/// Times of the connection. The defaults are those of `docs/protocol.md`; tests and simulations scale
/// them.
#[derive(Clone, Copy, Debug)]
pub struct SyncConfig {
    /// First pause after a failure.
    pub backoff_min: Duration,
    /// Longest pause.
    pub backoff_max: Duration,
    /// How long to wait for any answer before the connection is given up.
    pub answer_timeout: Duration,
    /// How long to wait before asking for numbers again after a refusal that may pass.
    pub reserve_pause: Duration,
}

impl Default for SyncConfig {
    fn default() -> Self {
        Self {
            backoff_min: Duration::from_millis(500),
            backoff_max: Duration::from_secs(15),
            answer_timeout: Duration::from_secs(10),
            reserve_pause: Duration::from_secs(5),
        }
    }
}

impl SyncConfig {
    /// The same with pauses `speed` times shorter. Answers are still given a second.
    pub fn scaled(self, speed: f64) -> Self {
        let scale = |pause: Duration| pause.div_f64(speed.max(0.001)).max(Duration::from_millis(10));
        Self {
            backoff_min: scale(self.backoff_min),
            backoff_max: scale(self.backoff_max),
            answer_timeout: scale(self.answer_timeout).max(Duration::from_secs(5)),
            reserve_pause: scale(self.reserve_pause),
        }
    }
}

/// State of the connection, for the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Off, because it was asked to be.
    Off,
    /// Trying.
    Connecting,
    /// Connected and authenticated. `settled`: all is uploaded and nothing is left to ask.
    Online {
        /// Nothing is left to do.
        settled: bool,
    },
    /// Failed; will try again.
    Waiting,
    /// Failed; a person has to act. Switching off and on tries again.
    Barred,
}

/// A device shared between a seller and the connection. Whoever works with it holds it alone, and off
/// the asynchronous threads, since its memory waits for the disk.
#[derive(Clone)]
pub struct DeviceHandle {
    device: Arc<Mutex<Device>>,
    changed: watch::Sender<u64>,
    /// Whether work goes to tokio's threads for blocking work.
    pool: bool,
}

impl DeviceHandle {
    /// Shares `device`.
    pub fn new(device: Device) -> Self {
        Self { device: Arc::new(Mutex::new(device)), changed: watch::Sender::new(0), pool: true }
    }

    /// Shares `device`, whose work is done on the thread that asks for it: for a program that has one thread
    /// and must do one thing after the other.
    pub fn on_this_thread(device: Device) -> Self {
        Self { pool: false, ..Self::new(device) }
    }

    /// Does something with the device, and tells everybody who waits for a change.
    ///
    /// # Errors
    /// What `work` fails with; [`DeviceError::Poisoned`] if it, or an earlier one, panicked.
    pub async fn change<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Device) -> Result<R, DeviceError> + Send + 'static,
    ) -> Result<R, DeviceError> {
        let result = self.look(work).await;
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
        result
    }

    /// Like [`DeviceHandle::change`] for work that changes nothing anybody waits for.
    ///
    /// # Errors
    /// As [`DeviceHandle::change`].
    pub async fn look<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Device) -> Result<R, DeviceError> + Send + 'static,
    ) -> Result<R, DeviceError> {
        let device = Arc::clone(&self.device);
        let work = move || match device.lock() {
            Ok(mut device) => work(&mut device),
            Err(_) => Err(DeviceError::Poisoned),
        };
        if self.pool { tokio::task::spawn_blocking(work).await.unwrap_or(Err(DeviceError::Poisoned)) } else { work() }
    }

    /// Counts changes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The network.
    #[error("the connection failed")]
    Socket(#[source] Box<tokio_tungstenite::tungstenite::Error>),
    /// No answer in time.
    #[error("no {0} in time")]
    Timeout(&'static str),
    /// The server closed it.
    #[error("the server closed the connection (code {0:?})")]
    Closed(Option<u16>),
    /// It is not the server this device trusts.
    #[error("this is not the server that this device was enrolled with")]
    WrongServer,
    /// The server speaks another version.
    #[error("the server speaks version {0} of the protocol")]
    OtherVersion(u16),
    /// A frame that is not documented (C-06).
    #[error("the server broke the protocol")]
    Frame(#[from] DecodeError),
    /// A documented message where it has no place.
    #[error("the server sent {0} out of place")]
    Unexpected(&'static str),
    /// The server reported an error.
    #[error("the server reported: {0}")]
    Server(ProtocolError),
    /// An answer that changes nothing would be asked for again without end.
    #[error("the server does not move on")]
    NoProgress,
    /// The device.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

impl SyncError {
    /// What to do after it.
    pub fn reconnect(&self) -> Reconnect {
        match self {
            Self::Closed(code) => close::reconnect(*code),
            Self::WrongServer | Self::OtherVersion(_) | Self::Frame(_) | Self::Unexpected(_) => Reconnect::Later,
            Self::Server(error) if !error.code.may_retry() => Reconnect::Later,
            Self::Device(error) if !error.may_retry() => Reconnect::Never,
            Self::Device(DeviceError::Poisoned) => Reconnect::Never,
            Self::Socket(_) | Self::Timeout(_) | Self::Server(_) | Self::NoProgress | Self::Device(_) => {
                Reconnect::Soon
            }
        }
    }

    /// The code to close the connection with.
    pub(crate) const fn close_code(&self) -> u16 {
        match self {
            Self::WrongServer => close::UNAUTHENTICATED,
            Self::OtherVersion(_) | Self::Frame(_) | Self::Unexpected(_) => close::PROTOCOL,
            _ => close::NORMAL,
        }
    }
}

impl From<tokio_tungstenite::tungstenite::Error> for SyncError {
    fn from(error: tokio_tungstenite::tungstenite::Error) -> Self {
        Self::Socket(Box::new(error))
    }
}
