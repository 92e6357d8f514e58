//! An order, remembered for ever under its key (I3). Kept small: a league night has hundreds of thousands.

use super::channel::Channel;
use super::event::HoldEnd;
use crate::bytes::Bytes;
use crate::money::Line;
use crate::ticket::{NumberRange, ValidationNumber};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderState {
    /// It holds a quantity until it is paid or the hold ends.
    Held {
        /// When the hold ends.
        expires_at: Timestamp,
    },
    /// Its hold ended without a sale.
    Ended(HoldEnd),
    /// A valid ticket.
    Sold,
    /// A valid ticket somebody marked as misprinted (T-09).
    Misprinted,
    /// A voided ticket.
    Voided,
}

/// Money owed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refund {
    /// None.
    None,
    /// Owed.
    Due,
    /// Paid back.
    Done,
}

/// The parts that exist once numbers are assigned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketPart {
    /// Its draw numbers.
    pub ranges: Box<[NumberRange]>,
    /// Its validation number.
    pub validation: ValidationNumber,
    /// The hash that stands for it in the published ledger.
    pub sale_hash: Bytes<32>,
    /// The decisive instant.
    pub sold_at: Timestamp,
}

/// One order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Where it stands.
    pub state: OrderState,
    /// Whether money is owed back.
    pub refund: Refund,
    /// The way in.
    pub channel: Channel,
    /// The issuer slot: a handheld's, or 0 for the server.
    pub slot: u16,
    /// How many draw numbers.
    pub numbers: u32,
    /// What it costs.
    pub price_minor: u64,
    /// What was bought.
    pub lines: Box<[Line]>,
    /// The ticket, once sold.
    pub ticket: Option<Box<TicketPart>>,
}

impl Order {
    /// Whether it was made under these terms. The same key with others is refused by name (I3).
    pub fn has_terms(&self, channel: Channel, lines: &[Line]) -> bool {
        self.channel == channel && *self.lines == *lines
    }

    /// Whether it takes part in a draw.
    pub const fn eligible(&self) -> bool {
        matches!(self.state, OrderState::Sold | OrderState::Misprinted)
    }
}
