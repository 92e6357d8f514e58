//! The operators' board of a raffle: sums, handhelds, alerts; confirmed and pending money apart.

use bytestring::ByteString;
use drumroll_actors::feed::RaffleFeed;
use drumroll_actors::node::Node;
use drumroll_actors::presence::Presence;
use drumroll_actors::store::StreamId;
use drumroll_actors::view::{DeviceView, RaffleView};
use drumroll_engine::id::{DeviceId, RaffleId};
use drumroll_engine::raffle::{Channel, DeviceStatus, Identity, Status};
use drumroll_engine::time::{Span, Timestamp};
use drumroll_protocol::PrinterState;
use serde::Serialize;

/// Sums of a way in.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ChannelSums {
    /// Which.
    pub channel: Channel,
    /// Valid tickets.
    pub orders: u64,
    /// Their draw numbers.
    pub numbers: u64,
    /// Their money.
    pub net_minor: u64,
}

/// A handheld on the board.
#[derive(Clone, Debug, Serialize)]
pub struct BoardDevice {
    /// The handheld.
    pub device_id: DeviceId,
    /// Its label.
    pub label: String,
    /// Who has it, when somebody logged on.
    pub seller_name: Option<String>,
    /// `joined`, `selling`, `final` or `lost`.
    pub state: &'static str,
    /// Whether it is connected.
    pub online: bool,
    /// When it was last heard.
    pub last_heartbeat_ms: Option<u64>,
    /// Records it has and we do not.
    pub unsynced_records: u64,
    /// Their money.
    pub unsynced_minor: u64,
    /// Numbers it was given.
    pub range_total: u64,
    /// Numbers it used, as far as we know.
    pub range_used: u64,
    /// Server time minus its own clock.
    pub clock_offset_ms: Option<i64>,
    /// Charge.
    pub battery_percent: Option<u8>,
    /// The printer.
    pub printer: Option<PrinterState>,
    /// Tickets accepted.
    pub sales: u64,
    /// Valid sales.
    pub net_minor: u64,
    /// Whether it will obey the present closing time.
    pub close_acknowledged: bool,
    /// When it became final.
    pub final_at_ms: Option<u64>,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertLevel {
    /// Somebody must act.
    Fault,
    /// Somebody should look.
    Warning,
    /// A handheld sells offline, which is what it is for.
    Offline,
}

/// Something that needs attention.
#[derive(Clone, Debug, Serialize)]
pub struct Alert {
    /// Its stable code.
    pub code: &'static str,
    /// How bad it is.
    pub level: AlertLevel,
    /// The handheld it is about.
    pub device_id: Option<DeviceId>,
    /// Since when.
    pub since_ms: u64,
    /// A figure or word that belongs to it.
    pub detail: String,
}

/// The board.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "t", rename = "board")]
pub struct Board {
    /// The raffle.
    pub raffle_id: RaffleId,
    /// The epoch of its owner.
    pub epoch: u64,
    /// The event it is of.
    pub seq: u64,
    /// The server's time.
    pub server_time_ms: u64,
    /// All sales.
    pub gross_minor: u64,
    /// Sales less voids.
    pub net_minor: u64,
    /// Valid tickets.
    pub orders: u64,
    /// Orders that wait for payment.
    pub held_orders: u64,
    /// Their money.
    pub held_minor: u64,
    /// Decisions on their way to the store; not in any sum yet.
    pub pending_events: u64,
    /// The money they would add.
    pub pending_minor: u64,
    /// The end of the journal in the store.
    pub durable_seq: u64,
    /// The end of the journal in memory.
    pub decided_seq: u64,
    /// How long the last batch took to become durable.
    pub durable_lag_ms: u64,
    /// Records still on handhelds, as they last said.
    pub unsynced_records: u64,
    /// Their money.
    pub unsynced_minor: u64,
    /// Sums per way in.
    pub channels: Vec<ChannelSums>,
    /// The count of every number.
    pub identity: Identity,
    /// The handhelds.
    pub devices: Vec<BoardDevice>,
    /// What needs attention, worst first.
    pub alerts: Vec<Alert>,
}

impl Board {
    pub(crate) fn encode(&self) -> ByteString {
        serde_json::to_string(self).expect("a board has string keys").into()
    }
}

/// The handhelds of a raffle, with what they last said of themselves.
pub fn board_devices(presence: &Presence, feed: &RaffleFeed) -> Vec<BoardDevice> {
    let view = feed.view();
    feed.devices().iter().map(|device| board_device(presence, &view, device)).collect()
}

fn board_device(presence: &Presence, view: &RaffleView, device: &DeviceView) -> BoardDevice {
    let present = presence.get(&device.device);
    let report = present.as_ref().and_then(|present| present.raffle(view.raffle)).copied();
    // What it said may be older than what we have.
    let behind = report.map_or(0, |report| report.head_seq.saturating_sub(device.last_seq));
    BoardDevice {
        device_id: device.device,
        label: device.label.clone(),
        seller_name: None,
        state: match device.status {
            DeviceStatus::Joined if device.range_total == 0 => "joined",
            DeviceStatus::Joined => "selling",
            DeviceStatus::Final { .. } => "final",
            DeviceStatus::Lost { .. } => "lost",
        },
        online: present.as_ref().is_some_and(|present| present.online),
        last_heartbeat_ms: present.as_ref().map(|present| present.heard_at.as_millis()),
        unsynced_records: behind,
        unsynced_minor: if behind == 0 { 0 } else { report.map_or(0, |report| report.unsynced_minor) },
        range_total: device.range_total,
        range_used: report.map_or(0, |report| report.numbers_used).max(device.range_used),
        clock_offset_ms: present.as_ref().and_then(|present| present.clock_offset_ms),
        battery_percent: present.as_ref().and_then(|present| present.battery_percent),
        printer: present.as_ref().and_then(|present| present.printer),
        sales: device.tickets,
        net_minor: device.net_minor,
        close_acknowledged: device.closes_at == Some(view.closes_at),
        final_at_ms: match device.status {
            DeviceStatus::Final { at } => Some(at.as_millis()),
            DeviceStatus::Joined | DeviceStatus::Lost { .. } => None,
        },
    }
}

/// The share of its numbers from which a handheld runs low, in per cent.
const RANGE_LOW_PERCENT: u64 = 80;
/// Charge below which a handheld needs a charger.
const BATTERY_LOW_PERCENT: u8 = 15;
/// Commits slower than this are worth a look.
const LAG_WARNING_MS: u64 = 2_000;
/// A clock this far off is worth a look, although the device corrects for it (C-07).
const CLOCK_WARNING_MS: i64 = 120_000;

fn alerts(board: &Board, view: &RaffleView, failing: bool, now: Timestamp) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let now_ms = now.as_millis();
    let mut add = |code, level, device_id, since_ms, detail: String| {
        alerts.push(Alert { code, level, device_id, since_ms, detail });
    };
    if failing {
        add("store_failing", AlertLevel::Fault, None, now_ms, board.durable_lag_ms.to_string());
    } else if board.durable_lag_ms > LAG_WARNING_MS {
        add("store_slow", AlertLevel::Warning, None, now_ms, board.durable_lag_ms.to_string());
    }
    if view.misprints_open > 0 {
        add("misprints_open", AlertLevel::Warning, None, view.at.as_millis(), view.misprints_open.to_string());
    }
    if view.quarantine_open > 0 {
        add("quarantine_open", AlertLevel::Warning, None, view.at.as_millis(), view.quarantine_open.to_string());
    }
    for device in board.devices.iter().filter(|device| matches!(device.state, "joined" | "selling")) {
        let id = Some(device.device_id);
        let since = device.last_heartbeat_ms.unwrap_or(now_ms);
        if !device.online {
            add("device_offline", AlertLevel::Offline, id, since, device.label.clone());
        }
        match device.printer {
            Some(PrinterState::PaperOut) => add("paper_out", AlertLevel::Fault, id, since, device.label.clone()),
            Some(PrinterState::Disconnected) => add("printer_gone", AlertLevel::Fault, id, since, device.label.clone()),
            Some(PrinterState::PaperLow) => add("paper_low", AlertLevel::Warning, id, since, device.label.clone()),
            Some(PrinterState::Ok) | None => {}
        }
        if device.battery_percent.is_some_and(|percent| percent < BATTERY_LOW_PERCENT) {
            add("battery_low", AlertLevel::Warning, id, since, device.label.clone());
        }
        if device.clock_offset_ms.is_some_and(|offset| offset.abs() > CLOCK_WARNING_MS) {
            add("clock_off", AlertLevel::Warning, id, since, device.label.clone());
        }
        let low = device.range_used * 100 >= device.range_total * RANGE_LOW_PERCENT;
        if view.status == Status::Selling && device.range_total > 0 && low {
            add("range_low", AlertLevel::Warning, id, since, device.label.clone());
        }
        let soon = view.closes_at.since(now) < Span::seconds(600);
        if view.status.on_sale() && soon && !device.close_acknowledged {
            add("close_unacknowledged", AlertLevel::Warning, id, since, device.label.clone());
        }
    }
    alerts.sort_by_key(|alert| (alert.level, alert.since_ms));
    alerts
}

/// The board of a raffle now. Sums are of the committed view; what is pending stands apart.
pub fn board(node: &Node, presence: &Presence, feed: &RaffleFeed) -> Board {
    let view = feed.view();
    let now = node.clock().now();
    let stream = StreamId { organisation: view.organisation, raffle: view.raffle };
    let held = node.raffles().figures(stream).filter(|held| held.decided_seq > view.seq);
    let decided_seq = held.map_or(view.seq, |held| held.decided_seq);
    let figures = node.journal().figures();
    let devices = board_devices(presence, feed);
    let mut board = Board {
        raffle_id: view.raffle,
        epoch: view.epoch,
        seq: view.seq,
        server_time_ms: now.as_millis(),
        gross_minor: view.total.gross_minor,
        net_minor: view.total.net_minor(),
        orders: view.total.count - view.total.voided_count,
        held_orders: view.held_orders,
        held_minor: view.held_minor,
        pending_events: decided_seq - view.seq,
        // A void on its way takes away; there is no less than nothing pending.
        pending_minor: held.map_or(0, |held| held.decided_net_minor.saturating_sub(view.total.net_minor())),
        durable_seq: view.seq,
        decided_seq,
        durable_lag_ms: u64::try_from(figures.lag().as_millis()).unwrap_or(u64::MAX),
        unsynced_records: devices.iter().map(|device| device.unsynced_records).sum(),
        unsynced_minor: devices.iter().map(|device| device.unsynced_minor).sum(),
        channels: Channel::ALL
            .into_iter()
            .zip(view.channels)
            .map(|(channel, tally)| ChannelSums {
                channel,
                orders: tally.count - tally.voided_count,
                numbers: tally.numbers - tally.voided_numbers,
                net_minor: tally.net_minor(),
            })
            .collect(),
        identity: view.identity,
        devices,
        alerts: Vec::new(),
    };
    board.alerts = alerts(&board, &view, figures.failing(), now);
    board
}
