//! What a notification target has been told of each journal, and what there is to tell.

use super::StreamId;
use drumroll_engine::raffle::Kind;
use drumroll_engine::time::Timestamp;

/// How far a target has been told of one journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxCursor {
    /// The last event that was looked at.
    pub seq: u64,
    /// The last event of which the target was told; 0 when it was told of none.
    pub told: u64,
}

/// A journal with events that a target was not told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxDue {
    /// The journal.
    pub stream: StreamId,
    /// How far the target is.
    pub cursor: OutboxCursor,
}

/// An event that may be told of: a fact, a significant event, or both at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEvent {
    /// Its sequence number in its journal.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// The raffle's event number and kind; none in an organisation's own journal.
    pub raffle: Option<(u64, Kind)>,
    /// Its kind and details as a fact, where it is one.
    pub fact: Option<(String, String)>,
    /// Its code and component as a significant event, where it is one.
    pub significant: Option<(String, String)>,
}

/// A message that a target refused for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRefused {
    /// The journal.
    pub stream: StreamId,
    /// The event it was of.
    pub seq: u64,
    /// When it was set aside.
    pub at: Timestamp,
    /// Its kind.
    pub kind: String,
    /// How often it was refused.
    pub tries: u32,
    /// What the target said.
    pub problem: String,
}

/// How far a target is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxLag {
    /// Events it has not been told of, of whatever kind.
    pub events: u64,
    /// When the oldest of them happened.
    pub oldest_at: Option<Timestamp>,
    /// Messages set aside, over all time.
    pub refused: u64,
}
