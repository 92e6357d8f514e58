//! What every request passes on its way in and out: an id, the access log, the security headers, the
//! deadline, the rate limits, and who runs the raffle it is about.

pub mod address;
pub mod deadline;
pub mod headers;
pub mod limit;
pub mod owner;
pub mod trace;

pub use trace::RequestId;
