//! A handheld on the live board: its durable part from the raffle, and what it last said of itself.

use crate::state::App;
use drumroll_actors::view::DeviceView;
use drumroll_engine::id::{DeviceId, RaffleId};
use drumroll_engine::raffle::DeviceStatus;
use drumroll_engine::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Where a handheld stands in a raffle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceRaffleState {
    /// It takes part and has no numbers yet.
    Joined,
    /// It has numbers.
    Selling,
    /// Everything it sold is here; it cannot sell in this raffle again.
    Final,
    /// It was written off.
    Lost,
}

impl DeviceRaffleState {
    /// From the raffle's record of it.
    pub const fn of(status: &DeviceStatus, numbers: u64) -> Self {
        match status {
            DeviceStatus::Joined if numbers == 0 => Self::Joined,
            DeviceStatus::Joined => Self::Selling,
            DeviceStatus::Final { .. } => Self::Final,
            DeviceStatus::Lost { .. } => Self::Lost,
        }
    }
}

/// A handheld's printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrinterState {
    /// It prints.
    Ok,
    /// Paper is running low.
    PaperLow,
    /// No paper.
    PaperOut,
    /// It is not there.
    Disconnected,
}

impl From<drumroll_protocol::PrinterState> for PrinterState {
    fn from(printer: drumroll_protocol::PrinterState) -> Self {
        use drumroll_protocol::PrinterState as Said;
        match printer {
            Said::Ok => Self::Ok,
            Said::PaperLow => Self::PaperLow,
            Said::PaperOut => Self::PaperOut,
            Said::Disconnected => Self::Disconnected,
        }
    }
}

/// A handheld on the live board.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BoardDevice {
    /// The handheld.
    #[schema(value_type = Uuid)]
    pub device_id: DeviceId,
    /// Its label.
    pub label: String,
    /// Who sells with it now. Sellers log on to handhelds with the device's own issue; none until then.
    pub seller_name: Option<String>,
    /// Where it stands.
    pub state: DeviceRaffleState,
    /// Whether it is connected. Offline is normal: it sells on.
    pub online: bool,
    /// When it was last heard.
    pub last_heartbeat_ms: Option<u64>,
    /// Records it has and the server has not, as far as it said.
    pub unsynced_records: u64,
    /// Their money.
    pub unsynced_minor: u64,
    /// Numbers it was given.
    pub range_total: u64,
    /// Numbers it used, as far as they are here or it said so.
    pub range_used: u64,
    /// Server time minus its own clock.
    pub clock_offset_ms: Option<i64>,
    /// Its battery.
    pub battery_percent: Option<u8>,
    /// Its printer.
    pub printer: Option<PrinterState>,
    /// Tickets accepted from it.
    pub sales: u64,
    /// Valid sales.
    pub net_minor: u64,
    /// Whether it has acknowledged the closing time that holds.
    pub close_acknowledged: bool,
    /// When its final report was accepted.
    pub final_at_ms: Option<u64>,
}

/// What a handheld last said of itself; nothing since the start says nothing.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    online: bool,
    at: Option<Timestamp>,
    unsynced_records: u64,
    unsynced_minor: u64,
    range_used: u64,
    clock_offset_ms: Option<i64>,
    battery_percent: Option<u8>,
    printer: Option<PrinterState>,
}

/// The one place that asks who is in touch. What a handheld said may be older than what is here.
fn heard(app: &App, raffle: RaffleId, device: &DeviceView) -> Heard {
    let Some(presence) = app.presence.get(&device.device) else { return Heard::default() };
    let report = presence.raffle(raffle);
    let behind = report.map_or(0, |report| report.head_seq.saturating_sub(device.last_seq));
    Heard {
        online: presence.online,
        at: Some(presence.heard_at),
        unsynced_records: behind,
        unsynced_minor: report.filter(|_| behind > 0).map_or(0, |report| report.unsynced_minor),
        range_used: report.map_or(0, |report| report.numbers_used),
        clock_offset_ms: presence.clock_offset_ms,
        battery_percent: presence.battery_percent,
        printer: presence.printer.map(Into::into),
    }
}

impl BoardDevice {
    /// From the raffle's record of a handheld and its last heartbeat.
    pub fn of(app: &App, raffle: RaffleId, closes_at: Timestamp, device: &DeviceView) -> Self {
        let heard = heard(app, raffle, device);
        let final_at = match &device.status {
            DeviceStatus::Final { at } => Some(*at),
            DeviceStatus::Joined | DeviceStatus::Lost { .. } => None,
        };
        Self {
            device_id: device.device,
            label: device.label.clone(),
            seller_name: None,
            state: DeviceRaffleState::of(&device.status, device.range_total),
            online: heard.online,
            last_heartbeat_ms: heard.at.map(Timestamp::as_millis),
            unsynced_records: heard.unsynced_records,
            unsynced_minor: heard.unsynced_minor,
            range_total: device.range_total,
            range_used: heard.range_used.max(device.range_used),
            clock_offset_ms: heard.clock_offset_ms,
            battery_percent: heard.battery_percent,
            printer: heard.printer,
            sales: device.tickets,
            net_minor: device.net_minor,
            close_acknowledged: device.closes_at == Some(closes_at),
            final_at_ms: final_at.map(Timestamp::as_millis),
        }
    }
}
