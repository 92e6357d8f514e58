//! The demo event: found, made, opened, described. Each step finds what an interrupted start left.

use super::{SYSTEM, sells};
use crate::api::error::ApiError;
use crate::config::Settings;
use crate::state::App;
use drumroll_actors::intake::Lane;
use drumroll_actors::store::StreamId;
use drumroll_actors::view::RaffleView;
use drumroll_engine::id::{OrganisationId, RaffleId, VenueId};
use drumroll_engine::money::{Currency, Package, Prize, PrizeRule};
use drumroll_engine::organisation;
use drumroll_engine::organisation::add_venue::AddVenue;
use drumroll_engine::organisation::number_event::NumberEvent;
use drumroll_engine::profile::DrawMode;
use drumroll_engine::raffle::configure::Configure;
use drumroll_engine::raffle::create_raffle::CreateRaffle;
use drumroll_engine::raffle::{Command, Config, Kind, PoolKind, PoolShare, Status};
use drumroll_engine::ticket::NumberRange;
use drumroll_engine::time::{Span, Timestamp};

const NAME: &str = "Hawks vs. Kodiaks";
const VENUE: &str = "Tidewater Arena";
const ZONE: &str = "America/Toronto";

/// One venue for all demo events.
const VENUE_ID: VenueId = VenueId(*b"demo:tidewater\0\0");

/// Raffles looked through for the demo's.
const LOOKED_AT: u32 = 50;

/// The newest demo event.
pub(super) async fn latest(app: &App, organisation: OrganisationId) -> Result<Option<StreamId>, ApiError> {
    let rows = app.node.store().raffles(Some(organisation), false, None, LOOKED_AT).await?;
    let newest = rows.iter().filter(|row| row.name == NAME).max_by_key(|row| row.event_number);
    Ok(newest.map(|row| StreamId { organisation, raffle: row.raffle }))
}

/// A new demo event, as a draft.
pub(super) async fn create(app: &App, organisation: OrganisationId) -> Result<StreamId, ApiError> {
    let node = &app.node;
    let venue = AddVenue { venue: VENUE_ID, name: VENUE.to_owned(), time_zone: ZONE.to_owned() };
    node.organise(organisation, SYSTEM, organisation::Command::AddVenue(venue)).await?;
    let raffle = RaffleId(*uuid::Uuid::now_v7().as_bytes());
    let number = NumberEvent { raffle, name: NAME.to_owned(), kind: Kind::Live };
    node.organise(organisation, SYSTEM, organisation::Command::NumberEvent(number)).await?;
    let number = node.read_organisation(organisation, move |state| state.events.get(&raffle).map(|event| event.number));
    let event_number = number.await?.ok_or_else(|| ApiError::new("internal", "The event has no number."))?;
    let stream = StreamId { organisation, raffle };
    let create = CreateRaffle { event_number, name: NAME.to_owned(), kind: Kind::Live };
    node.execute(stream, Lane::Control, SYSTEM, Command::CreateRaffle(create)).await?;
    Ok(stream)
}

/// Configures and opens it, if that was not done.
pub(super) async fn bring_up(app: &App, stream: StreamId, settings: &Settings) -> Result<(), ApiError> {
    let status = app.node.read(stream, |live| live.state.status).await?;
    if !matches!(status, Status::Draft | Status::Configured) {
        return Ok(());
    }
    let name = app.node.read_organisation(stream.organisation, |state| state.name.clone()).await?;
    let config = config(&name, app.node.clock().now(), settings)
        .ok_or_else(|| ApiError::new("internal", "The demo event's configuration is not one."))?;
    app.node.execute(stream, Lane::Control, SYSTEM, Command::Configure(Box::new(Configure { config }))).await?;
    Ok(app.node.open_sales(stream, SYSTEM).await?)
}

fn config(organisation_name: &str, now: Timestamp, settings: &Settings) -> Option<Config> {
    let range = |first, last| NumberRange::new(first, last).ok();
    let pool = |pool, first, last| Some(PoolShare { pool, range: range(first, last)? });
    let package = |id, numbers: u32, price_minor: u64| {
        let label = format!("{numbers} for ${}", price_minor / 100);
        Package { id, label, numbers, price_minor, stock: None }
    };
    let prize = |id, name: &str, rule| Prize { id, name: name.to_owned(), rule };
    let fixed = |value_minor| PrizeRule::Fixed { value_minor, quantity: 1 };
    let jackpot = PrizeRule::Percentage { basis_points: 5_000, seed_minor: 0, guarantee_minor: 0, cap_minor: None };
    // On the minute, so that the countdown ends with the clock on the wall.
    let minute = 60_000;
    let end = (now.as_millis() + u64::from(settings.demo.minutes) * minute).div_ceil(minute) * minute;
    Some(Config {
        name: NAME.to_owned(),
        organisation_name: organisation_name.to_owned(),
        venue: VENUE_ID,
        location: VENUE.to_owned(),
        time_zone: ZONE.to_owned(),
        licence: None,
        currency: Currency::new("CAD")?,
        numbers: range(1, 1_500_000)?,
        pools: vec![
            pool(PoolKind::Rsu, 1, 900_000)?,
            pool(PoolKind::Online, 900_001, 1_300_000)?,
            pool(PoolKind::Internal, 1_300_001, 1_500_000)?,
        ],
        packages: vec![package(1, 5, 500), package(2, 20, 1_000), package(3, 60, 2_000), package(4, 150, 4_000)],
        prizes: vec![
            prize(1, "Signed team jersey", fixed(35_000)),
            prize(2, "Two season tickets", fixed(480_000)),
            prize(3, "50/50 jackpot", jackpot),
        ],
        reserves: 3,
        sales_start: now,
        sales_end: Timestamp::from_millis(end),
        draw_mode: DrawMode::Electronic,
        ticket_lines: vec![
            "Winning numbers at the end of the third period.".to_owned(),
            "Demonstration: no real money.".to_owned(),
        ],
        device_block: 1_000,
        hold: Span::seconds(settings.hold_s),
        profile: "default".to_owned(),
    })
}

/// What happens now, in one sentence or two.
pub(super) fn situation(view: &RaffleView, now: Timestamp, settings: &Settings) -> String {
    let minutes = view.closes_at.since(now).0.div_ceil(60_000_000);
    let handhelds = settings.demo.devices;
    let published = view.frame.draws.iter().any(|draw| draw.steps.published.is_some());
    match view.status {
        Status::Selling => {
            format!("Sales close in about {minutes} minutes. {handhelds} simulated handhelds are selling.")
        }
        Status::Suspended => "Sales are suspended. Resume them in the administration.".to_owned(),
        Status::Closing | Status::Reconciling => {
            "Sales are over. Reconcile, acknowledge and draw in the administration.".to_owned()
        }
        Status::Reconciled if !published => {
            "The counts are acknowledged. The draw is next, in the administration.".to_owned()
        }
        Status::Draft | Status::Configured => "The event is not open.".to_owned(),
        Status::Reconciled | Status::Finalized | Status::Cancelled => {
            "The demo event is over. Begin a new one with: drumroll demo --new (make run ARGS=--new)".to_owned()
        }
    }
}

/// Whether handhelds should be running.
pub(super) async fn wants_sellers(app: &App, stream: StreamId) -> bool {
    app.node.feed(stream).await.is_ok_and(|feed| sells(feed.view().status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_event_may_be_opened() {
        let config =
            config("Hawks Community Foundation", Timestamp(1_795_212_345_678_901), &Settings::default()).unwrap();
        assert_eq!(config.errors(), vec![]);
        assert_eq!(config.sales_end.0 % 60_000_000, 0);
        let minutes = config.sales_end.since(config.sales_start).0 / 60_000_000;
        assert!((45..=46).contains(&minutes));
        assert_eq!(config.packages[3].label, "150 for $40");
    }
}
