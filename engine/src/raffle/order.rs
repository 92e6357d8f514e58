//! An order, remembered for ever under its key (I3). Kept small: a league night has hundreds of thousands.

use super::channel::Channel;
use super::event::HoldEnd;
use crate::bytes::Bytes;
use crate::hash::Hasher;
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
    /// Digest of the terms it was made under.
    pub terms: Bytes<16>,
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
    /// Whether it takes part in a draw.
    pub const fn eligible(&self) -> bool {
        matches!(self.state, OrderState::Sold | OrderState::Misprinted)
    }
}

/// Digest of what an order asks for. The same key with another digest is refused by name (I3).
pub fn terms_digest(channel: Channel, lines: &[Line]) -> Bytes<16> {
    let mut hasher = Hasher::new("drumroll/terms/1").u8(channel.code());
    for line in lines {
        hasher = hasher.u32(line.package).u32(line.quantity);
    }
    let mut digest = [0; 16];
    digest.copy_from_slice(&hasher.finish()[..16]);
    Bytes(digest)
}
