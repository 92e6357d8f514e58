//! Close codes of the device socket, shared with the other sockets of the server.

/// Normal end, or the device went offline on purpose.
pub const NORMAL: u16 = 1000;
/// The server goes away; come back.
pub const GOING_AWAY: u16 = 4000;
/// Nothing was heard for too long; come back.
pub const IDLE: u16 = 4001;
/// The reader was too slow; come back.
pub const SLOW: u16 = 4002;
/// The protocol was broken; coming back unchanged does not help.
pub const PROTOCOL: u16 = 4003;
/// The key or the signature was not accepted.
pub const UNAUTHENTICATED: u16 = 4010;
/// Un-enrolled or disabled.
pub const FORBIDDEN: u16 = 4011;
/// The raffle is not known.
pub const UNKNOWN_RAFFLE: u16 = 4012;
/// Another connection of the same device took over.
pub const SUPERSEDED: u16 = 4020;

/// What a device does after a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconnect {
    /// Back-off from the start of the ladder.
    Soon,
    /// Back-off at the top of the ladder: something must change first, and may.
    Later,
    /// Not by itself: a person has to act.
    Never,
}

/// What a device does after a close with `code`; `None` when the connection just broke.
pub const fn reconnect(code: Option<u16>) -> Reconnect {
    match code {
        Some(PROTOCOL | UNAUTHENTICATED | FORBIDDEN | UNKNOWN_RAFFLE) => Reconnect::Later,
        // Two copies of one device would push each other out for ever, and one of them is wrong.
        Some(SUPERSEDED) => Reconnect::Never,
        _ => Reconnect::Soon,
    }
}
