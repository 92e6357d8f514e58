//! `GET /admin/raffles/{id}/reconciliation`: everything the event manager looks at before he confirms (D-01,
//! D-02).

use super::board_device::DeviceRaffleState;
use super::dto::{Acknowledgement, PoolIdentity, pools};
use super::quarantine::QuarantineResolution;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::PathOf;
use crate::api::raffles::wire::Identity;
use crate::api::tickets::dto::{Eyes, Ticket, Tickets};
use crate::auth::Staff;
use crate::auth::permission::Watch;
use crate::state::App;
use actix_web::{get, web};
use drumroll_actors::store::{StreamId, TicketFilter, TicketRow, TicketState};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{DeviceId, RaffleId};
use drumroll_engine::raffle::{self, Blocker as Open, DeviceStatus, Raffle, blockers};
use drumroll_engine::ticket::NumberRange;
use drumroll_engine::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// How a handheld was written off.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LostDevice {
    /// Who had it.
    pub operator: String,
    /// The money he handed in.
    pub money_collected_minor: u64,
    /// Why.
    pub reason: String,
    /// When.
    pub at_ms: u64,
}

/// A handheld's account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReconDevice {
    /// The handheld.
    #[schema(value_type = Uuid)]
    pub device_id: DeviceId,
    /// Its label.
    pub label: String,
    /// Where it stands.
    pub state: DeviceRaffleState,
    /// Its highest record that is here.
    pub last_seq: u64,
    /// That record's hash, as the handheld shows it.
    #[schema(value_type = String)]
    pub head: Bytes<32>,
    /// Tickets accepted.
    pub sales: u64,
    /// Their money.
    pub gross_minor: u64,
    /// Of it, voided.
    pub voided_minor: u64,
    /// Tickets marked as misprinted.
    pub misprinted: u64,
    /// The count of its numbers.
    pub identity: Identity,
    /// When its final report was accepted.
    pub final_at_ms: Option<u64>,
    /// How it was written off.
    pub lost: Option<LostDevice>,
}

/// One thing that stands between the raffle and the confirmation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Blocker {
    /// Its stable code.
    pub code: String,
    /// A sentence.
    pub detail: String,
    /// The handheld it is about.
    #[schema(value_type = Option<Uuid>)]
    pub device_id: Option<DeviceId>,
}

/// A record of a handheld that was set aside.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QuarantinedSale {
    /// The handheld.
    #[schema(value_type = Uuid)]
    pub device_id: DeviceId,
    /// Its label.
    pub device_label: String,
    /// The record.
    pub device_seq: u64,
    /// Why it was set aside: a stable code.
    pub reason: String,
    /// Its price; 0 for a record that is no sale.
    pub price_minor: u64,
    /// Its draw numbers; 0 for a record that is no sale, which needs no decision.
    pub numbers_count: u64,
    /// The handheld's stamp.
    pub sold_at_ms: u64,
    /// What was decided.
    pub resolution: Option<QuarantineResolution>,
}

/// A prize and what it is worth.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReconPrize {
    /// The prize.
    pub id: u32,
    /// What people read.
    pub name: String,
    /// What each winner gets.
    pub value_minor: u64,
    /// How many winners it has.
    pub quantity: u32,
}

/// Everything the event manager looks at before he confirms.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reconciliation {
    /// The count of every number.
    pub identity: Identity,
    /// The same per pool.
    pub pools: Vec<PoolIdentity>,
    /// Every handheld's account.
    pub devices: Vec<ReconDevice>,
    /// What stands in the way, in the order in which to clear it.
    pub blockers: Vec<Blocker>,
    /// The words to agree to.
    pub statement: String,
    /// Voided tickets: the list of counterfoils to pull.
    pub voids: Vec<Ticket>,
    /// Misprinted tickets that wait for a decision.
    pub misprints: Vec<Ticket>,
    /// Whether the two lists above are whole: they end after 5,000 tickets, and `GET /tickets/raffle/{id}`
    /// pages through the rest.
    pub lists_complete: bool,
    /// What handhelds sent that was set aside.
    pub quarantine: Vec<QuarantinedSale>,
    /// The prizes in announced order.
    pub prizes: Vec<ReconPrize>,
    /// All sales.
    pub gross_minor: u64,
    /// Voided sales.
    pub voided_minor: u64,
    /// Sales less voids.
    pub net_minor: u64,
    /// The confirmation, while it holds.
    pub acknowledgement: Option<Acknowledgement>,
}

/// Tickets in a list of the report.
const LIST_MAX: usize = 5_000;

/// The part of the report that is the raffle's own, at one moment.
struct Account {
    identity: raffle::Identity,
    pools: Vec<PoolIdentity>,
    devices: Vec<ReconDevice>,
    blockers: Vec<Blocker>,
    statement: String,
    quarantine: Vec<QuarantinedSale>,
    prizes: Vec<ReconPrize>,
    total: raffle::Tally,
    acknowledgement: Option<raffle::Acknowledgement>,
}

/// The account of a raffle's numbers and money, handheld by handheld (D-02).
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["watch"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    responses(
        (status = 200, body = Reconciliation),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
    ),
)]
#[get("/admin/raffles/{id}/reconciliation")]
pub(crate) async fn get_reconciliation(
    staff: Staff<Watch>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
) -> Result<web::Json<Reconciliation>, ApiError> {
    let stream = staff.stream(&app, id).await?;
    let account = app.node.read(stream, |live| Account::of(&live.state)).await?;
    let (voids, voids_complete) = tickets(&app, stream, TicketState::Voided).await?;
    let (misprints, misprints_complete) = tickets(&app, stream, TicketState::Misprinted).await?;
    let acknowledgement = match &account.acknowledgement {
        Some(made) => Some(Acknowledgement::of(&app, made).await?),
        None => None,
    };
    Ok(web::Json(Reconciliation {
        identity: account.identity.into(),
        pools: account.pools,
        devices: account.devices,
        blockers: account.blockers,
        statement: account.statement,
        voids,
        misprints,
        lists_complete: voids_complete && misprints_complete,
        quarantine: account.quarantine,
        prizes: account.prizes,
        gross_minor: account.total.gross_minor,
        voided_minor: account.total.voided_minor,
        net_minor: account.total.net_minor(),
        acknowledgement,
    }))
}

/// The raffle's tickets of one state, and whether that is all of them.
async fn tickets(app: &App, stream: StreamId, state: TicketState) -> Result<(Vec<Ticket>, bool), ApiError> {
    let mut rows: Vec<TicketRow> = Vec::new();
    loop {
        let after_seq = rows.last().map_or(0, |row| row.seq);
        let filter = TicketFilter { state: Some(state), channel: None, after_seq, limit: 1_000 };
        let page = app.node.store().tickets(stream.raffle, filter).await?;
        let last = page.len() < 1_000;
        rows.extend(page);
        if last || rows.len() >= LIST_MAX {
            let feed = app.node.feed(stream).await?;
            return Ok((Tickets::new(app, feed, Eyes::Staff).all(&rows).await?, last));
        }
    }
}

impl Account {
    fn of(raffle: &Raffle) -> Self {
        let label = |device: &DeviceId| raffle.devices.get(device).map(|known| known.label.clone()).unwrap_or_default();
        let values = raffle.prize_values();
        let value = |id: u32| values.iter().find(|value| value.prize == id).map_or(0, |value| value.value_minor);
        let prizes = raffle.config.iter().flat_map(|config| &config.prizes);
        let quarantine = raffle.quarantine.iter();
        Self {
            identity: raffle.identity(),
            pools: pools(raffle),
            devices: raffle.devices.iter().map(|(id, device)| ReconDevice::of(*id, device)).collect(),
            blockers: blockers(raffle).iter().map(Blocker::of).collect(),
            statement: statement(raffle),
            quarantine: quarantine
                .map(|((device, seq), entry)| {
                    let ranges = entry.sale.iter().flat_map(|sale| &sale.ranges);
                    QuarantinedSale {
                        device_id: *device,
                        device_label: label(device),
                        device_seq: *seq,
                        reason: code(entry.reason),
                        price_minor: entry.sale.as_ref().map_or(0, |sale| sale.price_minor),
                        numbers_count: ranges.map(NumberRange::count).sum(),
                        sold_at_ms: entry.at.as_millis(),
                        resolution: entry.resolution.map(Into::into),
                    }
                })
                .collect(),
            prizes: prizes
                .map(|prize| ReconPrize {
                    id: prize.id,
                    name: prize.name.clone(),
                    value_minor: value(prize.id),
                    quantity: prize.rule.quantity(),
                })
                .collect(),
            total: raffle.total(),
            acknowledgement: raffle.acknowledgement.as_deref().cloned(),
        }
    }
}

/// The words to agree to, with the counts that are confirmed by them.
fn statement(raffle: &Raffle) -> String {
    let raffle::Identity { sold, voided, unsold, .. } = raffle.identity();
    format!(
        "All handhelds of event {} have reported or are written off, all voids are processed, and I confirm {sold} \
         numbers sold, {voided} voided and {unsold} unsold.",
        raffle.event_number
    )
}

/// The stable code of a reason, as it stands in the journal.
fn code(reason: raffle::QuarantineReason) -> String {
    serde_json::to_value(reason).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

impl Blocker {
    fn of(open: &Open) -> Self {
        Self { code: open.code().to_owned(), detail: open.to_string(), device_id: open.device() }
    }
}

impl ReconDevice {
    fn of(device_id: DeviceId, device: &raffle::Device) -> Self {
        let (final_at, lost) = match &device.status {
            DeviceStatus::Joined => (None, None),
            DeviceStatus::Final { at } => (Some(*at), None),
            DeviceStatus::Lost { at, operator, money_collected_minor, reason } => {
                let lost = LostDevice {
                    operator: operator.clone(),
                    money_collected_minor: *money_collected_minor,
                    reason: reason.clone(),
                    at_ms: at.as_millis(),
                };
                (None, Some(lost))
            }
        };
        Self {
            device_id,
            label: device.label.clone(),
            state: DeviceRaffleState::of(&device.status, device.leased_count()),
            last_seq: device.last_seq,
            head: device.head,
            sales: device.tickets,
            gross_minor: device.gross_minor,
            voided_minor: device.voided_minor,
            misprinted: device.misprinted,
            identity: device.identity().into(),
            final_at_ms: final_at.map(Timestamp::as_millis),
            lost,
        }
    }
}
