//! The closed lists of the wire, in the words of the contract. Kept apart from the engine's types so that
//! a rename inside never shows outside.

use drumroll_actors::store;
use drumroll_engine::raffle;
use drumroll_engine::ticket;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a raffle stands (L-06).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RaffleStatus {
    /// It has a number and a name.
    Draft,
    /// It could be opened.
    Configured,
    /// Tickets are sold.
    Selling,
    /// Sales are paused.
    Suspended,
    /// Sales are over; handhelds upload.
    Closing,
    /// Handhelds become final, voids are processed.
    Reconciling,
    /// The counts are confirmed.
    Reconciled,
    /// All is settled.
    Finalized,
    /// Cancelled before any lock; all tickets are void.
    Cancelled,
}

impl From<raffle::Status> for RaffleStatus {
    fn from(status: raffle::Status) -> Self {
        use raffle::Status;
        match status {
            Status::Draft => Self::Draft,
            Status::Configured => Self::Configured,
            Status::Selling => Self::Selling,
            Status::Suspended => Self::Suspended,
            Status::Closing => Self::Closing,
            Status::Reconciling => Self::Reconciling,
            Status::Reconciled => Self::Reconciled,
            Status::Finalized => Self::Finalized,
            Status::Cancelled => Self::Cancelled,
        }
    }
}

/// Whether a raffle's money and draw are real (L-08).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RaffleKind {
    /// Real.
    Live,
    /// A rehearsal, marked TEST everywhere.
    Test,
}

impl From<raffle::Kind> for RaffleKind {
    fn from(kind: raffle::Kind) -> Self {
        match kind {
            raffle::Kind::Live => Self::Live,
            raffle::Kind::Test => Self::Test,
        }
    }
}

impl From<RaffleKind> for raffle::Kind {
    fn from(kind: RaffleKind) -> Self {
        match kind {
            RaffleKind::Live => Self::Live,
            RaffleKind::Test => Self::Test,
        }
    }
}

/// Where a draw stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrawStatusName {
    /// Its plan is frozen.
    Planned,
    /// The reconciliation of its sales is confirmed.
    Acknowledged,
    /// Its list is sealed, one way.
    Locked,
    /// Its outcome is determined and nobody has looked.
    Proven,
    /// Its winners are on record.
    Drawn,
    /// Its result is public.
    Published,
    /// Its prizes are disposed of.
    Settled,
    /// Something stands in its way. Draws of grade 0 wait for nobody outside and never get here.
    Blocked,
    /// It was cancelled before its lock.
    Cancelled,
}

impl From<raffle::DrawStatus> for DrawStatusName {
    fn from(status: raffle::DrawStatus) -> Self {
        use raffle::DrawStatus;
        match status {
            DrawStatus::Planned => Self::Planned,
            DrawStatus::Acknowledged => Self::Acknowledged,
            DrawStatus::Locked => Self::Locked,
            DrawStatus::Proven => Self::Proven,
            DrawStatus::Drawn => Self::Drawn,
            DrawStatus::Published => Self::Published,
            DrawStatus::Settled => Self::Settled,
            DrawStatus::Cancelled => Self::Cancelled,
        }
    }
}

/// How a ticket was sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

impl From<raffle::Channel> for Channel {
    fn from(channel: raffle::Channel) -> Self {
        match channel {
            raffle::Channel::Rsu => Self::Rsu,
            raffle::Channel::Online => Self::Online,
            raffle::Channel::Counter => Self::Counter,
            raffle::Channel::Integration => Self::Integration,
        }
    }
}

impl From<Channel> for raffle::Channel {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Rsu => Self::Rsu,
            Channel::Online => Self::Online,
            Channel::Counter => Self::Counter,
            Channel::Integration => Self::Integration,
        }
    }
}

/// A pool of draw numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PoolChannel {
    /// Leased to handhelds in blocks.
    Rsu,
    /// Held for online orders.
    Online,
    /// Counter sales and integrated systems.
    Counter,
}

impl From<raffle::PoolKind> for PoolChannel {
    fn from(pool: raffle::PoolKind) -> Self {
        match pool {
            raffle::PoolKind::Rsu => Self::Rsu,
            raffle::PoolKind::Online => Self::Online,
            raffle::PoolKind::Internal => Self::Counter,
        }
    }
}

impl From<PoolChannel> for raffle::PoolKind {
    fn from(pool: PoolChannel) -> Self {
        match pool {
            PoolChannel::Rsu => Self::Rsu,
            PoolChannel::Online => Self::Online,
            PoolChannel::Counter => Self::Internal,
        }
    }
}

/// A ticket's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    /// It takes part.
    Valid,
    /// It does not take part (T-07).
    Voided,
    /// It takes part and waits for a decision (T-09).
    Misprinted,
}

impl From<store::TicketState> for TicketState {
    fn from(state: store::TicketState) -> Self {
        match state {
            store::TicketState::Valid => Self::Valid,
            store::TicketState::Voided => Self::Voided,
            store::TicketState::Misprinted => Self::Misprinted,
        }
    }
}

impl From<TicketState> for store::TicketState {
    fn from(state: TicketState) -> Self {
        match state {
            TicketState::Valid => Self::Valid,
            TicketState::Voided => Self::Voided,
            TicketState::Misprinted => Self::Misprinted,
        }
    }
}

/// Consecutive draw numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberRange {
    /// The lowest.
    pub first: u64,
    /// The highest.
    pub last: u64,
}

impl From<ticket::NumberRange> for NumberRange {
    fn from(range: ticket::NumberRange) -> Self {
        Self { first: range.first(), last: range.last() }
    }
}

/// The count of every number (I4): the six parts sum to `total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Identity {
    /// All numbers there are.
    pub total: u64,
    /// On valid tickets.
    pub sold: u64,
    /// On voided tickets.
    pub voided: u64,
    /// Held for orders that wait for payment.
    pub held: u64,
    /// Leased to handhelds, fate not known yet.
    pub reserved: u64,
    /// Out of the game for good.
    pub out_of_play: u64,
    /// Never sold.
    pub unsold: u64,
}

impl From<raffle::Identity> for Identity {
    fn from(identity: raffle::Identity) -> Self {
        let raffle::Identity { sold, voided, held, reserved, out_of_play, unsold } = identity;
        Self { total: identity.total(), sold, voided, held, reserved, out_of_play, unsold }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The wire's words are the engine's names, so that sockets, logs and HTTP speak alike.
    #[test]
    fn every_list_is_spelled_as_the_engine_spells_it() {
        let text = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        for status in raffle::Status::ALL {
            assert_eq!(text(serde_json::json!(RaffleStatus::from(status))), status.as_str());
        }
        for channel in raffle::Channel::ALL {
            assert_eq!(text(serde_json::json!(Channel::from(channel))), channel.as_str());
            assert_eq!(raffle::Channel::from(Channel::from(channel)), channel);
        }
        for pool in raffle::PoolKind::ALL {
            assert_eq!(text(serde_json::json!(PoolChannel::from(pool))), pool.as_str());
            assert_eq!(raffle::PoolKind::from(PoolChannel::from(pool)), pool);
        }
        for state in [store::TicketState::Valid, store::TicketState::Misprinted, store::TicketState::Voided] {
            assert_eq!(text(serde_json::json!(TicketState::from(state))), state.as_str());
        }
        for status in [
            raffle::DrawStatus::Planned,
            raffle::DrawStatus::Acknowledged,
            raffle::DrawStatus::Locked,
            raffle::DrawStatus::Proven,
            raffle::DrawStatus::Drawn,
            raffle::DrawStatus::Published,
            raffle::DrawStatus::Settled,
            raffle::DrawStatus::Cancelled,
        ] {
            assert_eq!(text(serde_json::json!(DrawStatusName::from(status))), status.as_str());
        }
    }
}
