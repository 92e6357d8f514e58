//! The state of a raffle: everything a decision needs, compactly, and nothing else.

use super::bulk;
use super::channel::{Channel, PoolKind};
use super::config::Config;
use super::device::Device;
use super::draw_state::Draw;
use super::event::{
    Acknowledgement, Identity, Kind, PrizeValue, QuarantineReason, QuarantinedSale, RaffleKeys, Resolution,
};
use super::order::{Order, OrderState};
use super::pool::Pool;
use crate::bytes::Bytes;
use crate::id::{DeviceId, OrderKey, OrganisationId, RaffleId};
use crate::ledger::SoldRange;
use crate::profile::Profile;
use crate::ticket::{IssuerSlot, ValidationNumber};
use crate::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Where a raffle stands (design: raffle life cycle).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It has a number and a name.
    Draft,
    /// It could be opened.
    Configured,
    /// Tickets are sold.
    Selling,
    /// Sales are paused.
    Suspended,
    /// Sales are over; buffers upload.
    Closing,
    /// Devices become final, voids are processed.
    Reconciling,
    /// The event manager acknowledged.
    Reconciled,
    /// All is settled.
    Finalized,
    /// Cancelled before any lock.
    Cancelled,
}

impl Status {
    /// Every status, for the matrix tests.
    pub const ALL: [Self; 9] = [
        Self::Draft,
        Self::Configured,
        Self::Selling,
        Self::Suspended,
        Self::Closing,
        Self::Reconciling,
        Self::Reconciled,
        Self::Finalized,
        Self::Cancelled,
    ];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Configured => "configured",
            Self::Selling => "selling",
            Self::Suspended => "suspended",
            Self::Closing => "closing",
            Self::Reconciling => "reconciling",
            Self::Reconciled => "reconciled",
            Self::Finalized => "finalized",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the sales window is open or paused.
    pub const fn on_sale(self) -> bool {
        matches!(self, Self::Selling | Self::Suspended)
    }
}

/// Sums over tickets of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Tickets (for packages: packages) ever sold.
    pub count: u64,
    /// Their draw numbers.
    pub numbers: u64,
    /// Their money.
    pub gross_minor: u64,
    /// Tickets or packages voided.
    pub voided_count: u64,
    /// Voided draw numbers.
    pub voided_numbers: u64,
    /// Voided money.
    pub voided_minor: u64,
}

impl Tally {
    /// Sales less voids.
    pub const fn net_minor(&self) -> u64 {
        self.gross_minor - self.voided_minor
    }

    pub(super) const fn sell(&mut self, count: u64, numbers: u64, minor: u64) {
        self.count += count;
        self.numbers += numbers;
        self.gross_minor += minor;
    }

    pub(super) const fn void(&mut self, count: u64, numbers: u64, minor: u64) {
        self.voided_count += count;
        self.voided_numbers += numbers;
        self.voided_minor += minor;
    }
}

/// A pause in sales.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// When it began.
    pub from: Timestamp,
    /// When it ended, if it did.
    pub until: Option<Timestamp>,
}

/// Which count of its device a quarantined sale's numbers stand in while nothing is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Claim {
    /// None: they were not this device's to use, or were used before.
    Nothing,
    /// Leased and of unknown fate.
    Reserved,
    /// Declared out of play when the device was written off.
    OutOfPlay,
    /// Returned as unsold by the device's final report.
    Returned,
}

/// A device record set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Why.
    pub reason: QuarantineReason,
    /// The sale, when it was one.
    pub sale: Option<Box<QuarantinedSale>>,
    /// The device's stamp.
    pub at: Timestamp,
    /// The bound on its error, in milliseconds.
    pub error_ms: u32,
    /// Where its numbers stand.
    pub claim: Claim,
    /// The decision, once made.
    pub resolution: Option<Resolution>,
}

impl Quarantined {
    /// The latest instant at which it may have been made.
    pub fn latest(&self) -> Timestamp {
        self.at + Span::millis(u64::from(self.error_ms))
    }

    /// Whether it still waits for a decision. Records that carry no sale need none: they stand in the
    /// close report.
    pub const fn open(&self) -> bool {
        self.resolution.is_none() && self.sale.is_some()
    }
}

/// One raffle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raffle {
    /// Its id.
    pub id: RaffleId,
    /// Its organisation.
    pub organisation: OrganisationId,
    /// Its gapless number within the organisation; 0 before it is created.
    pub event_number: u64,
    /// Its working name.
    pub name: String,
    /// Live or test.
    pub kind: Kind,
    /// Where it stands.
    pub status: Status,
    /// Its configuration, once set.
    pub config: Option<Box<Config>>,
    /// Its profile, once opened.
    pub profile: Option<Box<Profile>>,
    /// Its public keys, once opened.
    pub keys: Option<RaffleKeys>,
    /// SHA-256 of the opening event's payload.
    pub rules_hash: Bytes<32>,
    /// When sales close, once opened.
    pub closes_at: Timestamp,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When sales closed.
    pub closed_at: Option<Timestamp>,
    /// Its pauses, oldest first.
    pub suspensions: Vec<Suspension>,
    /// The reason of the current pause or of the cancellation.
    pub reason: Option<String>,
    /// Its pools.
    pub pools: Vec<Pool>,
    /// Its handhelds.
    pub devices: BTreeMap<DeviceId, Device>,
    /// Every order ever made under a key.
    #[serde(deserialize_with = "bulk::map")]
    pub orders: BTreeMap<OrderKey, Order>,
    /// Every validation number given out.
    #[serde(deserialize_with = "bulk::set")]
    pub validations: BTreeSet<ValidationNumber>,
    /// Orders that hold numbers, by the end of their hold.
    pub holds: BTreeSet<(Timestamp, OrderKey)>,
    /// Sums per channel, in the order of [`Channel::ALL`].
    pub channels: [Tally; 4],
    /// Sums per package, in packages.
    pub packages: BTreeMap<u32, Tally>,
    /// Packages held per package id.
    pub packages_held: BTreeMap<u32, u64>,
    /// Misprinted tickets nobody has decided about.
    pub misprints_open: BTreeSet<OrderKey>,
    /// Device records set aside, by device and sequence number.
    pub quarantine: BTreeMap<(DeviceId, u64), Quarantined>,
    /// Numbers that left the game outside any device (cancelled raffles have none).
    pub acknowledgement: Option<Box<Acknowledgement>>,
    /// Its draws, in order.
    pub draws: Vec<Draw>,
    /// Money owed back and not yet paid.
    pub refunds_due: BTreeSet<OrderKey>,
    /// Position of its last public fact.
    pub facts: u64,
}

impl Raffle {
    /// A stream without events.
    pub fn empty(organisation: OrganisationId, id: RaffleId) -> Self {
        Self {
            id,
            organisation,
            event_number: 0,
            name: String::new(),
            kind: Kind::Live,
            status: Status::Draft,
            config: None,
            profile: None,
            keys: None,
            rules_hash: Bytes::default(),
            closes_at: Timestamp::default(),
            opened_at: None,
            closed_at: None,
            suspensions: Vec::new(),
            reason: None,
            pools: Vec::new(),
            devices: BTreeMap::new(),
            orders: BTreeMap::new(),
            validations: BTreeSet::new(),
            holds: BTreeSet::new(),
            channels: [Tally::default(); 4],
            packages: BTreeMap::new(),
            packages_held: BTreeMap::new(),
            misprints_open: BTreeSet::new(),
            quarantine: BTreeMap::new(),
            acknowledgement: None,
            draws: Vec::new(),
            refunds_due: BTreeSet::new(),
            facts: 0,
        }
    }

    /// Whether its first event exists.
    pub const fn exists(&self) -> bool {
        self.event_number != 0
    }

    /// The pool that serves `kind`.
    pub fn pool(&self, kind: PoolKind) -> Option<&Pool> {
        self.pools.iter().find(|pool| pool.kind == kind)
    }

    pub(super) fn pool_mut(&mut self, kind: PoolKind) -> &mut Pool {
        self.pools.iter_mut().find(|pool| pool.kind == kind).expect("an event names a pool that is not configured")
    }

    /// The sums of a channel.
    pub const fn channel(&self, channel: Channel) -> &Tally {
        &self.channels[channel.code() as usize - 1]
    }

    /// Sums over all channels.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        for tally in &self.channels {
            total.sell(tally.count, tally.numbers, tally.gross_minor);
            total.void(tally.voided_count, tally.voided_numbers, tally.voided_minor);
        }
        total
    }

    /// Net sales: gross less voided (D-09).
    pub fn net_minor(&self) -> u64 {
        self.total().net_minor()
    }

    /// What each prize is worth: frozen by the acknowledgement, otherwise as sales stand.
    pub fn prize_values(&self) -> Vec<PrizeValue> {
        if let Some(acknowledgement) = &self.acknowledgement {
            return acknowledgement.prizes.clone();
        }
        let net_minor = self.net_minor();
        let prizes = self.config.iter().flat_map(|config| &config.prizes);
        prizes.map(|prize| PrizeValue { prize: prize.id, value_minor: prize.rule.value_minor(net_minor) }).collect()
    }

    /// The prize whose winner's share is called the jackpot: the first percentage prize of the largest
    /// share, or the first prize of all.
    pub fn main_prize(&self) -> Option<u32> {
        use crate::money::PrizeRule;
        let prizes = &self.config.as_ref()?.prizes;
        let share = |rule: &PrizeRule| match rule {
            PrizeRule::Percentage { basis_points, .. } => *basis_points,
            PrizeRule::Fixed { .. } => 0,
        };
        let mut main = prizes.first()?;
        for prize in &prizes[1..] {
            if share(&prize.rule) > share(&main.rule) {
                main = prize;
            }
        }
        Some(main.id)
    }

    /// What the main prize's winner gets (decisions: "jackpot" is not the pot).
    pub fn jackpot_minor(&self) -> u64 {
        let main = self.main_prize();
        self.prize_values().iter().find(|value| Some(value.prize) == main).map_or(0, |value| value.value_minor)
    }

    /// The count of every number (I4): sums to the number range.
    pub fn identity(&self) -> Identity {
        let pooled: u64 = self.pools.iter().map(|pool| pool.share.count()).sum();
        let unallocated = self.config.as_ref().map_or(0, |config| config.numbers.count()) - pooled;
        let mut identity = Identity { unsold: unallocated, ..Identity::default() };
        for pool in &self.pools {
            identity = identity.plus(self.pool_identity(pool.kind));
        }
        identity
    }

    /// The count of one pool's numbers, devices included.
    pub fn pool_identity(&self, kind: PoolKind) -> Identity {
        let own = self.pool(kind).map(Pool::identity).unwrap_or_default();
        if kind != PoolKind::Rsu {
            return own;
        }
        self.devices.values().fold(own, |sum, device| sum.plus(device.identity()))
    }

    /// Whether a draw has sealed the ledger.
    pub fn locked(&self) -> bool {
        self.draws.iter().any(|draw| draw.lock.is_some())
    }

    /// The draw with this number.
    pub fn draw(&self, draw_no: u32) -> Option<&Draw> {
        self.draws.iter().find(|draw| draw.draw_no == draw_no)
    }

    pub(super) fn draw_mut(&mut self, draw_no: u32) -> &mut Draw {
        self.draws.iter_mut().find(|draw| draw.draw_no == draw_no).expect("an event names a draw that was not planned")
    }

    /// The sold ledger: sold and not voided numbers as ascending ranges, derived, never entered (D-04).
    /// Linear in the number of orders; run it off the actor.
    pub fn sold_ledger(&self) -> Vec<SoldRange> {
        let mut ledger: Vec<SoldRange> = Vec::with_capacity(self.orders.len());
        for order in self.orders.values().filter(|order| order.eligible()) {
            let Some(ticket) = &order.ticket else { continue };
            ledger.extend(ticket.ranges.iter().map(|range| SoldRange {
                first: range.first(),
                last: range.last(),
                sale_hash: ticket.sale_hash.0,
            }));
        }
        ledger.sort_unstable_by_key(|range| range.first);
        ledger
    }

    /// The order that owns a draw number, sold or voided. Linear in the number of orders.
    pub fn owner(&self, number: u64) -> Option<(&OrderKey, &Order)> {
        self.orders.iter().find(|(_, order)| {
            order.ticket.as_ref().is_some_and(|ticket| ticket.ranges.iter().any(|range| range.contains(number)))
        })
    }

    /// The handheld behind an issuer slot.
    pub fn device_of_slot(&self, slot: u16) -> Option<(&DeviceId, &Device)> {
        self.devices.iter().find(|(_, device)| device.slot.get() == slot)
    }

    /// The next free issuer slot for a handheld; slot 0 is the server's.
    pub(super) fn next_slot(&self) -> Option<IssuerSlot> {
        let used = u16::try_from(self.devices.len()).ok()?;
        IssuerSlot::new(used.checked_add(1)?).ok()
    }

    /// Held orders and their money.
    pub fn held(&self) -> (u64, u64) {
        let orders = self.holds.iter().filter_map(|(_, key)| self.orders.get(key));
        orders.fold((0, 0), |(count, minor), order| (count + 1, minor + order.price_minor))
    }

    /// The next instant at which something happens by itself: the close or the end of a hold.
    pub fn next_due(&self) -> Option<Timestamp> {
        let close = self.status.on_sale().then_some(self.closes_at);
        let hold = self.holds.first().map(|(at, _)| *at);
        close.into_iter().chain(hold).min()
    }

    /// Whether sales were suspended at `at`.
    pub fn suspended_at(&self, at: Timestamp) -> bool {
        self.suspensions.iter().any(|pause| pause.from <= at && pause.until.is_none_or(|until| at < until))
    }

    pub(super) fn order_expect(&mut self, key: &OrderKey) -> &mut Order {
        self.orders.get_mut(key).expect("an event names an order that does not exist")
    }

    pub(super) fn device_expect(&mut self, id: &DeviceId) -> &mut Device {
        self.devices.get_mut(id).expect("an event names a device that has not joined")
    }

    /// Tickets that wait for a decision or would.
    pub fn is_held(&self, key: &OrderKey) -> bool {
        matches!(self.orders.get(key), Some(Order { state: OrderState::Held { .. }, .. }))
    }
}
