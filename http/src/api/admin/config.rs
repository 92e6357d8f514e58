//! A raffle's configuration on the wire, to and from the engine's (L-01).

use crate::api::error::{ApiError, FieldError};
use crate::api::raffles::wire::{NumberRange, PoolChannel};
use drumroll_engine::id::VenueId;
use drumroll_engine::money::{self, Currency};
use drumroll_engine::profile;
use drumroll_engine::raffle::{Config, ConfigError, PoolShare};
use drumroll_engine::ticket;
use drumroll_engine::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The numbers of one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolConfig {
    /// Which; `counter` serves counters and integrated systems.
    pub channel: PoolChannel,
    /// Its share of the number range.
    pub range: NumberRange,
}

/// A package on the price list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PackageConfig {
    /// Unique in the raffle.
    pub id: u32,
    /// What people read.
    pub label: String,
    /// Draw numbers in it, 1 to 100,000.
    pub numbers: u32,
    /// Its price, at least 1.
    pub price_minor: u64,
    /// How many may be sold in all; not offered by handhelds.
    pub stock: Option<u32>,
}

/// How a prize's value is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PrizeRule {
    /// Seed + share × net sales, rounded down, raised to the guarantee, lowered to the cap.
    Percentage {
        /// The share in hundredths of a per cent.
        basis_points: u32,
        /// Put in before the first sale.
        seed_minor: u64,
        /// The least it pays.
        guarantee_minor: u64,
        /// The most it pays.
        cap_minor: Option<u64>,
    },
    /// A fixed value for each winner.
    Fixed {
        /// The value of each.
        value_minor: u64,
        /// How many are drawn.
        quantity: u32,
    },
}

/// A prize.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrizeConfig {
    /// Unique in the raffle.
    pub id: u32,
    /// What people read.
    pub name: String,
    /// How its value is found.
    pub rule: PrizeRule,
}

/// How winners are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrawMode {
    /// RDP-1.
    Electronic,
}

/// Everything that defines a raffle for its buyers; frozen by the opening (L-02).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Game 12 50/50", "venue_id": "018f3a5e-7c2b-7d00-a1b2-c3d4e5f60718", "location": "Harbour Arena",
    "organisation_name": "Harbour City Hockey Foundation", "licence": "ON-2026-0042", "currency": "CAD",
    "time_zone": "America/Toronto", "numbers": {"first": 1, "last": 30000},
    "pools": [
        {"channel": "rsu", "range": {"first": 1, "last": 20000}}, {"channel": "online", "range": {"first": 20001, "last": 30000}}
    ],
    "packages": [{"id": 1, "label": "3 for $10", "numbers": 3, "price_minor": 1000, "stock": null}],
    "prizes": [{"id": 1, "name": "50/50 jackpot", "rule": {
        "kind": "percentage", "basis_points": 5000, "seed_minor": 0, "guarantee_minor": 0, "cap_minor": null
    }}],
    "reserves": 3, "sales_start_ms": 1800000000000u64, "sales_end_ms": 1800010800000u64, "draw_mode": "electronic",
    "ticket_lines": ["18 or over"], "device_block": 1000, "hold_s": 600, "profile_id": "default"
}))]
pub struct RaffleConfig {
    /// The event's name on tickets and screens.
    pub name: String,
    /// Where it is held: a venue of the organisation.
    #[schema(value_type = Uuid)]
    pub venue_id: VenueId,
    /// The location as printed.
    pub location: String,
    /// The organisation's name on tickets.
    pub organisation_name: String,
    /// The licence, where the jurisdiction asks for one.
    pub licence: Option<String>,
    /// ISO 4217.
    #[schema(example = "CAD")]
    pub currency: String,
    /// IANA name of the venue's time zone.
    #[schema(example = "America/Toronto")]
    pub time_zone: String,
    /// All draw numbers there are.
    pub numbers: NumberRange,
    /// Disjoint shares of them.
    pub pools: Vec<PoolConfig>,
    /// The price list.
    pub packages: Vec<PackageConfig>,
    /// The prizes in announced order.
    pub prizes: Vec<PrizeConfig>,
    /// Further numbers drawn after the prizes.
    pub reserves: u32,
    /// No sale before.
    pub sales_start_ms: u64,
    /// No sale at or after, unless the close is moved.
    pub sales_end_ms: u64,
    /// How winners are chosen.
    pub draw_mode: DrawMode,
    /// Lines printed on every ticket.
    pub ticket_lines: Vec<String>,
    /// Draw numbers a handheld is given at a time.
    pub device_block: u64,
    /// Seconds an online order may wait for its payment.
    pub hold_s: u64,
    /// The jurisdiction profile.
    #[schema(example = "default")]
    pub profile_id: String,
}

impl RaffleConfig {
    /// The engine's configuration, as far as it can be said at all; the engine judges the rest.
    ///
    /// # Errors
    /// `validation_failed` with every field that cannot be read.
    pub fn read(&self) -> Result<Config, ApiError> {
        let mut wrong: Vec<FieldError> = Vec::new();
        let mut range = |field: String, range: NumberRange| {
            let read = ticket::NumberRange::new(range.first, range.last).ok();
            if read.is_none() {
                wrong.push(FieldError { field, message: "The last number must not be below the first.".to_owned() });
            }
            read
        };
        let numbers = range("numbers".to_owned(), self.numbers);
        let pools: Vec<Option<PoolShare>> = (self.pools.iter().enumerate())
            .map(|(index, pool)| {
                let range = range(format!("pools[{index}].range"), pool.range)?;
                Some(PoolShare { pool: pool.channel.into(), range })
            })
            .collect();
        let currency = Currency::new(&self.currency);
        if currency.is_none() {
            let message = "Three upper-case letters, as in ISO 4217.".to_owned();
            wrong.push(FieldError { field: "currency".to_owned(), message });
        }
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            let message = "The IANA name of a time zone, for example America/Toronto.".to_owned();
            wrong.push(FieldError { field: "time_zone".to_owned(), message });
        }
        let (Some(numbers), Some(currency), true) = (numbers, currency, wrong.is_empty()) else {
            return Err(ApiError::validation(wrong));
        };
        Ok(Config {
            name: self.name.trim().to_owned(),
            organisation_name: self.organisation_name.trim().to_owned(),
            venue: self.venue_id,
            location: self.location.trim().to_owned(),
            time_zone: self.time_zone.clone(),
            licence: self.licence.clone(),
            currency,
            numbers,
            pools: pools.into_iter().flatten().collect(),
            packages: self.packages.iter().map(PackageConfig::read).collect(),
            prizes: self.prizes.iter().map(PrizeConfig::read).collect(),
            reserves: self.reserves,
            sales_start: Timestamp::from_millis(self.sales_start_ms),
            sales_end: Timestamp::from_millis(self.sales_end_ms),
            draw_mode: match self.draw_mode {
                DrawMode::Electronic => profile::DrawMode::Electronic,
            },
            ticket_lines: self.ticket_lines.clone(),
            device_block: self.device_block,
            hold: Span::seconds(self.hold_s),
            profile: self.profile_id.clone(),
        })
    }
}

impl PackageConfig {
    fn read(&self) -> money::Package {
        let Self { id, label, numbers, price_minor, stock } = self.clone();
        money::Package { id, label, numbers, price_minor, stock }
    }
}

impl PrizeConfig {
    fn read(&self) -> money::Prize {
        let rule = match self.rule {
            PrizeRule::Percentage { basis_points, seed_minor, guarantee_minor, cap_minor } => {
                money::PrizeRule::Percentage { basis_points, seed_minor, guarantee_minor, cap_minor }
            }
            PrizeRule::Fixed { value_minor, quantity } => money::PrizeRule::Fixed { value_minor, quantity },
        };
        money::Prize { id: self.id, name: self.name.clone(), rule }
    }
}

impl From<&Config> for RaffleConfig {
    fn from(config: &Config) -> Self {
        let rule = |rule: &money::PrizeRule| match *rule {
            money::PrizeRule::Percentage { basis_points, seed_minor, guarantee_minor, cap_minor } => {
                PrizeRule::Percentage { basis_points, seed_minor, guarantee_minor, cap_minor }
            }
            money::PrizeRule::Fixed { value_minor, quantity } => PrizeRule::Fixed { value_minor, quantity },
        };
        let (pools, packages, prizes) = (config.pools.iter(), config.packages.iter(), config.prizes.iter());
        Self {
            name: config.name.clone(),
            venue_id: config.venue,
            location: config.location.clone(),
            organisation_name: config.organisation_name.clone(),
            licence: config.licence.clone(),
            currency: config.currency.to_string(),
            time_zone: config.time_zone.clone(),
            numbers: config.numbers.into(),
            pools: pools.map(|pool| PoolConfig { channel: pool.pool.into(), range: pool.range.into() }).collect(),
            packages: packages
                .map(|package| {
                    let money::Package { id, label, numbers, price_minor, stock } = package.clone();
                    PackageConfig { id, label, numbers, price_minor, stock }
                })
                .collect(),
            prizes: prizes
                .map(|prize| PrizeConfig { id: prize.id, name: prize.name.clone(), rule: rule(&prize.rule) })
                .collect(),
            reserves: config.reserves,
            sales_start_ms: config.sales_start.as_millis(),
            sales_end_ms: config.sales_end.as_millis(),
            draw_mode: DrawMode::Electronic,
            ticket_lines: config.ticket_lines.clone(),
            device_block: config.device_block,
            hold_s: config.hold.0 / 1_000_000,
            profile_id: config.profile.clone(),
        }
    }
}

/// The engine's findings under the names of the wire.
pub fn renamed(errors: &[ConfigError]) -> Vec<FieldError> {
    let wire = |field: &str| match field {
        "venue" => "venue_id".to_owned(),
        "sales_start" => "sales_start_ms".to_owned(),
        "sales_end" => "sales_end_ms".to_owned(),
        "hold" => "hold_s".to_owned(),
        "profile" => "profile_id".to_owned(),
        other => other.to_owned(),
    };
    errors.iter().map(|error| FieldError { field: wire(&error.field), message: error.message.clone() }).collect()
}

/// A configuration with these prizes, for tests.
#[cfg(test)]
pub(crate) fn sample(prizes: Vec<money::Prize>) -> Config {
    let range = |first, last| ticket::NumberRange::new(first, last).unwrap();
    Config {
        name: "Game 12".into(),
        organisation_name: "Harbour City Hockey".into(),
        venue: VenueId([7; 16]),
        location: "Harbour Arena".into(),
        time_zone: "America/Toronto".into(),
        licence: None,
        currency: Currency::new("CAD").unwrap(),
        numbers: range(1, 10_000),
        pools: vec![PoolShare { pool: PoolChannel::Counter.into(), range: range(1, 10_000) }],
        packages: vec![money::Package {
            id: 1,
            label: "1 for $5".into(),
            numbers: 1,
            price_minor: 500,
            stock: Some(9),
        }],
        prizes,
        reserves: 2,
        sales_start: Timestamp::from_millis(1_000),
        sales_end: Timestamp::from_millis(2_000),
        draw_mode: profile::DrawMode::Electronic,
        ticket_lines: vec!["18 or over".into()],
        device_block: 1_000,
        hold: Span::seconds(600),
        profile: "default".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let percentage =
            money::PrizeRule::Percentage { basis_points: 5_000, seed_minor: 1, guarantee_minor: 2, cap_minor: Some(3) };
        sample(vec![
            money::Prize {
                id: 1,
                name: "Jersey".into(),
                rule: money::PrizeRule::Fixed { value_minor: 5, quantity: 2 },
            },
            money::Prize { id: 2, name: "Jackpot".into(), rule: percentage },
        ])
    }

    #[test]
    fn what_goes_out_comes_back_the_same() {
        let wire = RaffleConfig::from(&config());
        let text = serde_json::to_string(&wire).unwrap();
        let back: RaffleConfig = serde_json::from_str(&text).unwrap();
        assert_eq!(back, wire);
        assert_eq!(back.read().unwrap(), config());
    }

    #[test]
    fn what_cannot_be_said_is_named_field_by_field() {
        let mut wire = RaffleConfig::from(&config());
        wire.numbers = NumberRange { first: 9, last: 1 };
        wire.pools[0].range = NumberRange { first: 3, last: 2 };
        wire.currency = "cad".into();
        wire.time_zone = "Mars/Olympus".into();
        let error = wire.read().unwrap_err();
        let fields: Vec<&str> = error.errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(
            (error.code, fields),
            ("validation_failed", vec!["numbers", "pools[0].range", "currency", "time_zone"])
        );
    }

    /// Every field that the engine complains about has its name on the wire.
    #[test]
    fn the_engines_findings_point_at_fields_of_the_wire() {
        let mut bad = config();
        (bad.sales_end, bad.hold, bad.profile) = (Timestamp(0), Span(0), "moon".into());
        let fields: Vec<String> = renamed(&bad.errors()).into_iter().map(|error| error.field).collect();
        assert_eq!(fields, ["sales_end_ms", "hold_s", "profile_id"]);
        let wire = serde_json::to_value(RaffleConfig::from(&bad)).unwrap();
        assert!(fields.iter().all(|field| wire.get(field).is_some()));
    }
}
