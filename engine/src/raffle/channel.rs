//! Ways in, and the pools of numbers behind them.

use serde::{Deserialize, Serialize};

/// How a ticket was sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A handheld.
    Rsu,
    /// The public, over the web.
    Online,
    /// Staff at a counter.
    Counter,
    /// An integrated outside system.
    Integration,
}

impl Channel {
    /// All channels, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Rsu, Self::Online, Self::Counter, Self::Integration];

    /// The code hashed into a sale.
    pub const fn code(self) -> u8 {
        match self {
            Self::Rsu => 1,
            Self::Online => 2,
            Self::Counter => 3,
            Self::Integration => 4,
        }
    }

    /// The inverse of [`Channel::code`].
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Rsu),
            2 => Some(Self::Online),
            3 => Some(Self::Counter),
            4 => Some(Self::Integration),
            _ => None,
        }
    }

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rsu => "rsu",
            Self::Online => "online",
            Self::Counter => "counter",
            Self::Integration => "integration",
        }
    }

    /// The pool its numbers come from.
    pub const fn pool(self) -> PoolKind {
        match self {
            Self::Rsu => PoolKind::Rsu,
            Self::Online => PoolKind::Online,
            Self::Counter | Self::Integration => PoolKind::Internal,
        }
    }
}

/// A pool of draw numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolKind {
    /// Leased to handhelds in blocks.
    Rsu,
    /// Held for online orders.
    Online,
    /// Counter sales and integrated systems.
    Internal,
}

impl PoolKind {
    /// All pools, in the order of reports.
    pub const ALL: [Self; 3] = [Self::Rsu, Self::Online, Self::Internal];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rsu => "rsu",
            Self::Online => "online",
            Self::Internal => "counter",
        }
    }
}
