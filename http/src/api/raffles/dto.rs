//! What everybody may see of a raffle. Made from its committed view alone, never from its actor.

use super::wire::{DrawStatusName, RaffleKind, RaffleStatus};
use crate::api::draw::places::{Place, places};
use crate::payment::PaymentProvider;
use drumroll_actors::store::RaffleRow;
use drumroll_actors::view::RaffleView as Committed;
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{DrawId, RaffleId};
use drumroll_engine::money::PrizeRule;
use drumroll_engine::raffle::{Channel, Config, Draw, DrawStatus, Status};
use drumroll_engine::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// ISO 4217's code for "no currency": a draft has none yet.
const NO_CURRENCY: &str = "XXX";

/// A raffle in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RaffleSummary {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: RaffleId,
    /// Its gapless number (L-05).
    pub event_number: u64,
    /// Its name.
    pub name: String,
    /// Who holds it; empty before it is configured.
    pub organisation_name: String,
    /// Where it is held, as printed on tickets; empty before it is configured.
    pub venue_name: String,
    /// IANA name of the venue's time zone; `UTC` before it is configured.
    pub time_zone: String,
    /// Where it stands.
    pub status: RaffleStatus,
    /// Live or test.
    pub kind: RaffleKind,
    /// ISO 4217; `XXX` before it is configured.
    pub currency: String,
    /// Start of sales.
    pub sales_start_ms: Option<u64>,
    /// When sales close or closed.
    pub closes_at_ms: Option<u64>,
    /// What the main prize's winner gets.
    pub jackpot_minor: u64,
    /// The event of the raffle's journal that all this is of.
    pub as_of_seq: u64,
}

impl From<&RaffleRow> for RaffleSummary {
    fn from(row: &RaffleRow) -> Self {
        Self {
            id: row.raffle,
            event_number: row.event_number,
            name: row.name.clone(),
            organisation_name: row.organisation_name.clone().unwrap_or_default(),
            venue_name: row.location.clone().unwrap_or_default(),
            time_zone: row.time_zone.clone().unwrap_or_else(|| "UTC".to_owned()),
            status: row.status.into(),
            kind: row.kind.into(),
            currency: row.currency.clone().unwrap_or_else(|| NO_CURRENCY.to_owned()),
            sales_start_ms: row.sales_start.map(Timestamp::as_millis),
            closes_at_ms: row.closes_at.map(Timestamp::as_millis),
            jackpot_minor: row.jackpot_minor,
            as_of_seq: row.seq,
        }
    }
}

impl From<&Committed> for RaffleSummary {
    fn from(view: &Committed) -> Self {
        let config = view.config();
        let text = |get: fn(&Config) -> &String| config.map(|config| get(config).clone());
        Self {
            id: view.raffle,
            event_number: view.event_number,
            name: view.frame.name.clone(),
            organisation_name: text(|config| &config.organisation_name).unwrap_or_default(),
            venue_name: text(|config| &config.location).unwrap_or_default(),
            time_zone: text(|config| &config.time_zone).unwrap_or_else(|| "UTC".to_owned()),
            status: view.status.into(),
            kind: view.kind.into(),
            currency: config.map_or_else(|| NO_CURRENCY.to_owned(), |config| config.currency.to_string()),
            sales_start_ms: config.map(|config| config.sales_start.as_millis()),
            closes_at_ms: closes_at(view).map(Timestamp::as_millis),
            jackpot_minor: view.jackpot_minor,
            as_of_seq: view.seq,
        }
    }
}

/// The closing time: as configured until the opening fixes it.
fn closes_at(view: &Committed) -> Option<Timestamp> {
    let config = view.config()?;
    Some(if view.opened_at.is_some() { view.closes_at } else { config.sales_end })
}

/// A page of raffles.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RafflePage {
    /// Newest first.
    pub items: Vec<RaffleSummary>,
    /// Where the next page begins; none on the last.
    pub next_cursor: Option<String>,
}

/// A package on the price list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Package {
    /// Its id in the raffle.
    pub id: u32,
    /// What people read.
    pub label: String,
    /// Draw numbers in it.
    pub numbers: u32,
    /// Its price.
    pub price_minor: u64,
    /// How many are left, where the stock is limited.
    pub remaining: Option<u64>,
}

/// How a prize's value is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrizeKind {
    /// A share of net sales.
    Percentage,
    /// A fixed value.
    Fixed,
}

/// A prize, in announced order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PrizeView {
    /// Its id in the raffle.
    pub id: u32,
    /// What people read.
    pub name: String,
    /// How its value is found.
    pub kind: PrizeKind,
    /// How many winners it has.
    pub quantity: u32,
    /// What each winner gets as sales stand; final once the reconciliation is confirmed (D-09).
    pub value_minor: u64,
    /// The share in hundredths of a per cent.
    pub basis_points: Option<u32>,
    /// The least it pays, where that is more than nothing.
    pub guarantee_minor: Option<u64>,
    /// The most it pays.
    pub cap_minor: Option<u64>,
}

/// What the main prize's winner gets.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Jackpot {
    /// The value.
    pub value_minor: u64,
    /// The event it is of.
    pub seq: u64,
    /// When that was.
    pub as_of_ms: u64,
}

/// Who takes the public's money.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PaymentProvider)]
pub struct PaymentProviderView {
    /// Its name.
    pub name: String,
    /// Whether no real money moves; then TEST stands wherever it shows.
    pub test: bool,
}

/// A winning number, as everybody may see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PublishedWinner {
    /// The prize.
    pub prize_id: u32,
    /// Its name.
    pub prize_name: String,
    /// Place among the winners of this prize, from 1.
    pub position: u32,
    /// The draw number.
    pub number: u64,
    /// What it wins.
    pub value_minor: u64,
}

/// A number drawn as a replacement.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Reserve {
    /// Place among the reserves, from 1.
    pub position: u32,
    /// The draw number.
    pub number: u64,
}

/// A draw of a raffle.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DrawSummary {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: DrawId,
    /// Its number in the raffle, from 1.
    pub draw_no: u32,
    /// Where it stands.
    pub status: DrawStatusName,
    /// How much a reader has to trust; `0` is the house alone.
    pub grade: String,
    /// Hash of the plan frozen at the opening.
    #[schema(value_type = String)]
    pub plan_hash: Bytes<32>,
    /// The seal, once the list is sealed.
    #[schema(value_type = Option<String>)]
    pub lock_hash: Option<Bytes<32>>,
    /// Draw numbers on the sealed list.
    pub sold_count: Option<u64>,
    /// When it was sealed.
    pub locked_at_ms: Option<u64>,
    /// When its result was published.
    pub published_at_ms: Option<u64>,
    /// Its winners, once published.
    pub winners: Option<Vec<PublishedWinner>>,
    /// Its reserves, once published.
    pub reserves: Option<Vec<Reserve>>,
}

/// The house witness alone: the only grade of this release, and never to be called fair.
pub const GRADE: &str = "0";

/// Everything public of a raffle.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RaffleView {
    /// As in lists.
    #[serde(flatten)]
    pub summary: RaffleSummary,
    /// The licence.
    pub licence: Option<String>,
    /// The location as printed.
    pub location: String,
    /// Lines on every ticket.
    pub ticket_lines: Vec<String>,
    /// The price list.
    pub packages: Vec<Package>,
    /// The prizes in announced order.
    pub prizes: Vec<PrizeView>,
    /// The prize that is called the jackpot.
    pub main_prize_id: Option<u32>,
    /// What its winner gets.
    pub jackpot: Jackpot,
    /// Draw numbers on valid tickets.
    pub numbers_sold: u64,
    /// Valid tickets.
    pub tickets_sold: u64,
    /// Voided sales.
    pub voided_minor: u64,
    /// Whether the public can buy online now.
    pub online_sales: bool,
    /// Who takes the money.
    pub payment_provider: PaymentProviderView,
    /// Its draws.
    pub draws: Vec<DrawSummary>,
    /// Position of its last public fact.
    pub facts_position: u64,
    /// The epoch of its owner, as sockets count.
    pub epoch: u64,
    /// The server's clock.
    pub server_time_ms: u64,
    /// Why sales are paused.
    pub suspended_reason: Option<String>,
    /// Why it was cancelled.
    pub cancelled_reason: Option<String>,
}

impl RaffleView {
    /// From a committed view.
    pub fn of(view: &Committed, provider: &dyn PaymentProvider, now: Timestamp) -> Self {
        let config = view.config();
        let reason = |status: Status| view.frame.reason.clone().filter(|_| view.status == status);
        Self {
            summary: view.into(),
            licence: config.and_then(|config| config.licence.clone()),
            location: config.map(|config| config.location.clone()).unwrap_or_default(),
            ticket_lines: config.map(|config| config.ticket_lines.clone()).unwrap_or_default(),
            packages: config.map(|config| packages(config, view)).unwrap_or_default(),
            prizes: config.map(|config| prizes(config, view)).unwrap_or_default(),
            main_prize_id: config.and_then(main_prize),
            jackpot: Jackpot { value_minor: view.jackpot_minor, seq: view.seq, as_of_ms: view.at.as_millis() },
            numbers_sold: view.identity.sold,
            tickets_sold: view.total.count - view.total.voided_count,
            voided_minor: view.total.voided_minor,
            online_sales: view.status == Status::Selling && config.is_some_and(|config| config.sells(Channel::Online)),
            payment_provider: PaymentProviderView { name: provider.name().to_owned(), test: provider.is_test() },
            draws: view.frame.draws.iter().map(|draw| DrawSummary::of(view, draw)).collect(),
            facts_position: view.facts,
            epoch: view.epoch,
            server_time_ms: now.as_millis(),
            suspended_reason: reason(Status::Suspended),
            cancelled_reason: reason(Status::Cancelled),
        }
    }
}

fn packages(config: &Config, view: &Committed) -> Vec<Package> {
    let left = |id: u32| view.stock.iter().find(|(package, _)| *package == id).map(|(_, left)| *left);
    let listed = config.packages.iter();
    listed
        .map(|package| Package {
            id: package.id,
            label: package.label.clone(),
            numbers: package.numbers,
            price_minor: package.price_minor,
            remaining: left(package.id),
        })
        .collect()
}

fn prizes(config: &Config, view: &Committed) -> Vec<PrizeView> {
    let value = |id: u32| view.prizes.iter().find(|value| value.prize == id).map_or(0, |value| value.value_minor);
    let announced = config.prizes.iter();
    announced
        .map(|prize| {
            let (kind, basis_points, guarantee_minor, cap_minor) = match prize.rule {
                PrizeRule::Percentage { basis_points, guarantee_minor, cap_minor, .. } => (
                    PrizeKind::Percentage,
                    Some(basis_points),
                    Some(guarantee_minor).filter(|least| *least > 0),
                    cap_minor,
                ),
                PrizeRule::Fixed { .. } => (PrizeKind::Fixed, None, None, None),
            };
            PrizeView {
                id: prize.id,
                name: prize.name.clone(),
                kind,
                quantity: prize.rule.quantity(),
                value_minor: value(prize.id),
                basis_points,
                guarantee_minor,
                cap_minor,
            }
        })
        .collect()
}

/// As the engine's `Raffle::main_prize`, which needs the whole state; a test compares the two.
fn main_prize(config: &Config) -> Option<u32> {
    let share = |rule: &PrizeRule| match rule {
        PrizeRule::Percentage { basis_points, .. } => *basis_points,
        PrizeRule::Fixed { .. } => 0,
    };
    let mut main = config.prizes.first()?;
    for prize in &config.prizes[1..] {
        if share(&prize.rule) > share(&main.rule) {
            main = prize;
        }
    }
    Some(main.id)
}

impl DrawSummary {
    /// What everybody may see of a draw: its numbers only once it is published (GLI-31 §2.6.5).
    pub fn of(view: &Committed, draw: &Draw) -> Self {
        let public = is_public(draw);
        let drawn = public.then(|| places(view, draw));
        let winners = |drawn: &Vec<Place>| drawn.iter().filter_map(PublishedWinner::of).collect();
        let reserves = |drawn: &Vec<Place>| drawn.iter().filter_map(Reserve::of).collect();
        Self {
            id: draw.id,
            draw_no: draw.draw_no,
            status: draw.status.into(),
            grade: GRADE.to_owned(),
            plan_hash: draw.plan_hash,
            lock_hash: draw.lock.as_ref().map(|lock| lock.lock_hash),
            sold_count: draw.lock.as_ref().map(|lock| lock.sold_count),
            locked_at_ms: draw.steps.locked.map(Timestamp::as_millis),
            published_at_ms: draw.steps.published.map(Timestamp::as_millis),
            winners: drawn.as_ref().map(winners),
            reserves: drawn.as_ref().map(reserves),
        }
    }
}

impl PublishedWinner {
    fn of(place: &Place) -> Option<Self> {
        let (prize_id, prize_name) = place.prize.clone()?;
        let Place { position, number, value_minor, .. } = *place;
        Some(Self { prize_id, prize_name, position, number, value_minor })
    }
}

impl Reserve {
    /// A place that is a reserve's.
    pub fn of(place: &Place) -> Option<Self> {
        place.prize.is_none().then_some(Self { position: place.position, number: place.number })
    }
}

/// Whether everybody may see a draw's numbers.
pub const fn is_public(draw: &Draw) -> bool {
    matches!(draw.status, DrawStatus::Published | DrawStatus::Settled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use drumroll_engine::id::OrganisationId;
    use drumroll_engine::money::Prize;
    use drumroll_engine::raffle::Raffle;

    #[test]
    fn the_main_prize_is_the_engines() {
        let percentage = |id, basis_points| Prize {
            id,
            name: format!("prize {id}"),
            rule: PrizeRule::Percentage { basis_points, seed_minor: 0, guarantee_minor: 0, cap_minor: None },
        };
        let fixed =
            |id| Prize { id, name: format!("prize {id}"), rule: PrizeRule::Fixed { value_minor: 1, quantity: 1 } };
        for prizes in [
            vec![fixed(1)],
            vec![fixed(1), percentage(2, 5_000)],
            vec![percentage(3, 1_000), percentage(2, 5_000), percentage(1, 5_000)],
            vec![fixed(9), fixed(8)],
            vec![],
        ] {
            let config = crate::api::admin::config::sample(prizes);
            let found = main_prize(&config);
            let raffle =
                Raffle { config: Some(Box::new(config)), ..Raffle::empty(OrganisationId([1; 16]), RaffleId([2; 16])) };
            assert_eq!(found, raffle.main_prize());
        }
    }
}
