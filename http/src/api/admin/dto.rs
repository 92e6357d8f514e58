//! A raffle as its organisers see it.

use super::actions::{ActionState, actions};
use super::board_device::BoardDevice;
use super::config::RaffleConfig;
use crate::api::error::ApiError;
use crate::api::raffles::dto::{RaffleSummary, RaffleView};
use crate::api::raffles::wire::{Channel, Identity, PoolChannel};
use crate::state::App;
use drumroll_actors::aggregate::Live;
use drumroll_actors::store::StreamId;
use drumroll_actors::view::{DeviceView, Frame, RaffleView as Committed};
use drumroll_engine::raffle::{self, PoolKind, Raffle};
use drumroll_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Words that must be given.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Fire alarm in the north stand"}))]
pub struct Reason {
    /// Why, 1 to 500 characters. It stands in the journal and may be shown to everybody.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// A raffle in the organisers' list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AdminRaffleSummary {
    /// As the public sees it.
    #[serde(flatten)]
    pub summary: RaffleSummary,
    /// All sales.
    pub gross_minor: u64,
    /// Sales less voids.
    pub net_minor: u64,
}

/// What a channel sold, voids taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChannelSales {
    /// The way in.
    pub channel: Channel,
    /// Valid tickets.
    pub orders: u64,
    /// Their draw numbers.
    pub numbers: u64,
    /// Their money.
    pub net_minor: u64,
}

/// What each channel sold, in the order of reports.
pub fn channels(tallies: &[raffle::Tally; 4]) -> Vec<ChannelSales> {
    let each = raffle::Channel::ALL.into_iter().zip(tallies);
    each.map(|(channel, tally)| ChannelSales {
        channel: channel.into(),
        orders: tally.count - tally.voided_count,
        numbers: tally.numbers - tally.voided_numbers,
        net_minor: tally.net_minor(),
    })
    .collect()
}

/// The count of one pool's numbers, handhelds included.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct PoolIdentity {
    /// Which pool.
    pub channel: PoolChannel,
    /// The count.
    pub identity: Identity,
}

/// The counts of every pool.
pub fn pools(raffle: &Raffle) -> Vec<PoolIdentity> {
    let each = PoolKind::ALL.into_iter().filter(|kind| raffle.pool(*kind).is_some());
    each.map(|kind| PoolIdentity { channel: kind.into(), identity: raffle.pool_identity(kind).into() }).collect()
}

/// The counts that were confirmed.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct AcknowledgedCounts {
    /// Sold numbers.
    pub sold: u64,
    /// Voided numbers.
    pub voided: u64,
    /// Unsold numbers.
    pub unsold: u64,
}

/// The confirmation of the reconciliation (D-01).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Acknowledgement {
    /// Who made it.
    pub by: String,
    /// When.
    pub at_ms: u64,
    /// The words agreed to.
    pub statement: String,
    /// The counts at that moment.
    pub counts: AcknowledgedCounts,
}

impl Acknowledgement {
    /// With the name of whoever made it.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn of(app: &App, made: &raffle::Acknowledgement) -> Result<Self, ApiError> {
        let account = app.node.store().account(made.by).await?;
        let raffle::Identity { sold, voided, unsold, .. } = made.counts;
        Ok(Self {
            by: account.map_or_else(|| made.by.to_string(), |account| account.name),
            at_ms: made.at.as_millis(),
            statement: made.statement.clone(),
            counts: AcknowledgedCounts { sold, voided, unsold },
        })
    }
}

/// A raffle as its organisers see it: all of one moment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RaffleAdmin {
    /// As the public sees it.
    #[serde(flatten)]
    pub view: RaffleView,
    /// Its configuration, once set.
    pub config: Option<RaffleConfig>,
    /// All sales.
    pub gross_minor: u64,
    /// Sales less voids.
    pub net_minor: u64,
    /// Voided tickets.
    pub voided_tickets: u64,
    /// Misprinted tickets that wait for a decision.
    pub misprinted_open: u64,
    /// Sales that were set aside and wait for a decision.
    pub quarantined_open: u64,
    /// Orders that wait for their payment.
    pub held_orders: u64,
    /// Their money.
    pub held_minor: u64,
    /// What each channel sold.
    pub channels: Vec<ChannelSales>,
    /// The count of every number.
    pub identity: Identity,
    /// The same per pool.
    pub pools: Vec<PoolIdentity>,
    /// Its handhelds.
    pub devices: Vec<BoardDevice>,
    /// What can be done now, and why not.
    pub actions: Vec<ActionState>,
    /// The confirmation of the reconciliation, while it holds.
    pub acknowledgement: Option<Acknowledgement>,
    /// The last event that is safe on disk.
    pub durable_seq: u64,
    /// The last event that is decided; the difference is being saved.
    pub decided_seq: u64,
    /// How long saving takes at the moment.
    pub durable_lag_ms: u64,
}

/// A raffle's state at one moment, taken within its actor and given out once that moment is durable.
pub struct Moment {
    /// What everybody may see.
    pub view: Committed,
    devices: Vec<DeviceView>,
    pools: Vec<PoolIdentity>,
    actions: Vec<ActionState>,
    acknowledgement: Option<raffle::Acknowledgement>,
}

impl Moment {
    /// Of a raffle in memory.
    pub fn of(live: &Live<Raffle>, now: Timestamp) -> Self {
        let raffle = &live.state;
        Self {
            view: committed(live),
            devices: raffle.devices.iter().map(|(id, device)| DeviceView::of(*id, device)).collect(),
            pools: pools(raffle),
            actions: actions(raffle, now.max(live.head.at)),
            acknowledgement: raffle.acknowledgement.as_deref().cloned(),
        }
    }
}

/// The view of a raffle in memory. It may be given out once the read that took it is durable.
pub fn committed(live: &Live<Raffle>) -> Committed {
    let frame = Arc::new(Frame::of(&live.state));
    Committed::of(&live.state, live.epoch, live.head.seq, live.head.at, frame)
}

impl RaffleAdmin {
    /// As it stands now.
    ///
    /// # Errors
    /// The raffle or the store did not answer.
    pub async fn read(app: &App, stream: StreamId) -> Result<Self, ApiError> {
        let now = app.node.clock().now();
        let moment = app.node.read(stream, move |live| Moment::of(live, now)).await?;
        let acknowledgement = match &moment.acknowledgement {
            Some(made) => Some(Acknowledgement::of(app, made).await?),
            None => None,
        };
        let Moment { view, devices, pools, actions, .. } = moment;
        let decided_seq = app.node.raffles().figures(stream).map_or(view.seq, |figures| figures.decided_seq);
        let lag = app.node.journal().figures().lag().as_millis();
        let devices = devices.iter().map(|device| BoardDevice::of(app, view.raffle, view.closes_at, device));
        Ok(Self {
            config: view.config().map(RaffleConfig::from),
            gross_minor: view.total.gross_minor,
            net_minor: view.total.net_minor(),
            voided_tickets: view.total.voided_count,
            misprinted_open: view.misprints_open,
            quarantined_open: view.quarantine_open,
            held_orders: view.held_orders,
            held_minor: view.held_minor,
            channels: channels(&view.channels),
            identity: view.identity.into(),
            pools,
            devices: devices.collect(),
            actions,
            acknowledgement,
            durable_seq: view.seq,
            decided_seq: decided_seq.max(view.seq),
            durable_lag_ms: u64::try_from(lag).unwrap_or(u64::MAX),
            view: RaffleView::of(&view, &*app.payment, now),
        })
    }
}
