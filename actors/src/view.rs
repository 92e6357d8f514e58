//! What the outside may see of a raffle: made with each decision, shown once that decision is durable.

use drumroll_engine::id::{DeviceId, OrganisationId, RaffleId};
use drumroll_engine::raffle::{
    Config, Device, DeviceStatus, Draw, Identity, Kind, PrizeValue, Raffle, RaffleKeys, Status, Tally,
};
use drumroll_engine::time::Timestamp;
use std::sync::Arc;

/// The parts of a raffle that change seldom, shared by all its views until they do.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Its configuration, once set.
    pub config: Option<Config>,
    /// Its public keys, once opened.
    pub keys: Option<RaffleKeys>,
    /// Its draws.
    pub draws: Vec<Draw>,
    /// Its name.
    pub name: String,
    /// Why it is suspended or cancelled.
    pub reason: Option<String>,
}

/// A committed view of a raffle: immutable, shared, and cheap to make.
#[derive(Clone, Debug, PartialEq)]
pub struct RaffleView {
    /// The raffle.
    pub raffle: RaffleId,
    /// Its organisation.
    pub organisation: OrganisationId,
    /// The epoch of its owner.
    pub epoch: u64,
    /// The event this view is of; everything up to it is durable.
    pub seq: u64,
    /// When that event was.
    pub at: Timestamp,
    /// Its gapless number.
    pub event_number: u64,
    /// Live or test.
    pub kind: Kind,
    /// Where it stands.
    pub status: Status,
    /// When sales close.
    pub closes_at: Timestamp,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When sales closed.
    pub closed_at: Option<Timestamp>,
    /// What the main prize's winner gets.
    pub jackpot_minor: u64,
    /// What each prize is worth.
    pub prizes: Vec<PrizeValue>,
    /// Sums over all channels.
    pub total: Tally,
    /// Sums per channel.
    pub channels: [Tally; 4],
    /// The count of every number.
    pub identity: Identity,
    /// Packages left, for packages with a stock.
    pub stock: Vec<(u32, u64)>,
    /// Orders that wait for payment.
    pub held_orders: u64,
    /// Their money.
    pub held_minor: u64,
    /// Tickets that wait for a misprint decision.
    pub misprints_open: u64,
    /// Sales in quarantine that wait for a decision.
    pub quarantine_open: u64,
    /// Position of the last fact.
    pub facts: u64,
    /// The parts that change seldom.
    pub frame: Arc<Frame>,
}

impl Frame {
    /// The frame of a state.
    pub fn of(raffle: &Raffle) -> Self {
        Self {
            config: raffle.config.as_deref().cloned(),
            keys: raffle.keys,
            draws: raffle.draws.clone(),
            name: raffle.name.clone(),
            reason: raffle.reason.clone(),
        }
    }

    /// Whether it still says what the state says, without comparing the large parts.
    pub fn fits(&self, raffle: &Raffle) -> bool {
        self.reason == raffle.reason
            && self.name == raffle.name
            && self.keys == raffle.keys
            && self.config.is_some() == raffle.config.is_some()
            && self.draws.len() == raffle.draws.len()
            && self.draws.iter().zip(&raffle.draws).all(|(old, new)| old.status == new.status && old.steps == new.steps)
            && (raffle.opened_at.is_some() || self.config.as_ref() == raffle.config.as_deref())
    }
}

impl RaffleView {
    /// The view of a state, sharing `frame`.
    pub fn of(raffle: &Raffle, epoch: u64, seq: u64, at: Timestamp, frame: Arc<Frame>) -> Self {
        let (held_orders, held_minor) = raffle.held();
        let packages = raffle.config.iter().flat_map(|config| &config.packages);
        Self {
            raffle: raffle.id,
            organisation: raffle.organisation,
            epoch,
            seq,
            at,
            event_number: raffle.event_number,
            kind: raffle.kind,
            status: raffle.status,
            closes_at: raffle.closes_at,
            opened_at: raffle.opened_at,
            closed_at: raffle.closed_at,
            jackpot_minor: raffle.jackpot_minor(),
            prizes: raffle.prize_values(),
            total: raffle.total(),
            channels: raffle.channels,
            identity: raffle.identity(),
            stock: packages.filter_map(|package| Some((package.id, raffle.stock_left(package.id)?))).collect(),
            held_orders,
            held_minor,
            misprints_open: raffle.misprints_open.len() as u64,
            quarantine_open: raffle.quarantine.values().filter(|entry| entry.open()).count() as u64,
            facts: raffle.facts,
            frame,
        }
    }

    /// The configuration.
    pub fn config(&self) -> Option<&Config> {
        self.frame.config.as_ref()
    }
}

/// A handheld's part in a raffle, as committed.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceView {
    /// The handheld.
    pub device: DeviceId,
    /// Its label.
    pub label: String,
    /// Where it stands.
    pub status: DeviceStatus,
    /// Its highest durable record.
    pub last_seq: u64,
    /// Numbers it was given.
    pub range_total: u64,
    /// Numbers it used.
    pub range_used: u64,
    /// Tickets accepted.
    pub tickets: u64,
    /// Valid sales in minor units.
    pub net_minor: u64,
    /// Misprinted tickets.
    pub misprinted: u64,
    /// The closing time it has acknowledged.
    pub closes_at: Option<Timestamp>,
    /// The count of its numbers.
    pub identity: Identity,
}

impl DeviceView {
    /// The view of a device.
    pub fn of(id: DeviceId, device: &Device) -> Self {
        Self {
            device: id,
            label: device.label.clone(),
            status: device.status.clone(),
            last_seq: device.last_seq,
            range_total: device.leased_count(),
            range_used: device.used.count(),
            tickets: device.tickets,
            net_minor: device.gross_minor - device.voided_minor,
            misprinted: device.misprinted,
            closes_at: device.closes_at,
            identity: device.identity(),
        }
    }
}
