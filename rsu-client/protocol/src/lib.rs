//! The one documented protocol between a raffle sales unit and the server (C-06), shared by both.
//!
//! JSON text frames over `/ws/device`, one object each, member `t` names the type. The lists of types
//! are closed: [`ToDevice`] and [`FromDevice`]; whatever is not in them is refused. The prose is in
//! `docs/protocol.md`, whose every example is parsed by this crate's tests.
//!
//! | file | idea |
//! |---|---|
//! | `handshake` | who is there: challenge, hello, welcome (R-02) |
//! | `enrol` | the proof that a device holds the key it enrols |
//! | `to_device`, `from_device` | the messages, one closed list per direction |
//! | `terms` | all a device must know to sell in a raffle, online or not |
//! | `frame` | text to message and back, with limits |
//! | `close` | why a socket was closed, and whether to come back |

pub mod close;
pub mod enrol;
pub mod frame;
pub mod from_device;
pub mod handshake;
pub mod terms;
pub mod to_device;

pub use enrol::{EnrolRequest, EnrolResponse};
pub use frame::{DecodeError, FRAME_BYTES_MAX};
pub use from_device::{
    FromDevice, Heartbeat, Hello, NoticeAck, PrinterState, RaffleReport, Reserve, Software, TermsAck,
    UPLOAD_RECORDS_MAX, Upload,
};
pub use terms::{DeviceState, DeviceTerms, EventText, Lease, PackageTerms, RaffleStatus, Terms};
pub use to_device::{
    Challenge, Disabled, ErrorCode, FinalAck, HeartbeatAck, LeaseGranted, LeaseRefusal, LeaseRefused, Notice,
    NoticeKind, ProtocolError, Ready, ToDevice, UploadAck, Verdict, VerdictKind, Welcome,
};

/// The version of the protocol that this crate speaks. Both sides must name the same one.
pub const PROTOCOL: u16 = 1;
