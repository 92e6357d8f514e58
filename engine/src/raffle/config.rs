//! What is set before opening and frozen by it (L-01, L-02).

use super::channel::{Channel, PoolKind};
use crate::id::VenueId;
use crate::money::{Currency, Package, Prize};
use crate::profile::{DrawMode, Profile};
use crate::ticket::NumberRange;
use crate::time::{Span, Timestamp};
use core::fmt;
use serde::{Deserialize, Serialize};

/// The numbers of one pool, set before opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolShare {
    /// Which pool.
    pub pool: PoolKind,
    /// Its contiguous share of the number range.
    pub range: NumberRange,
}

/// Everything that defines a raffle for its buyers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The event's name on tickets and screens.
    pub name: String,
    /// The organisation's name on tickets (GLI-31 §2.3.1 a).
    pub organisation_name: String,
    /// Where it is held (§2.3.1 b).
    pub venue: VenueId,
    /// The location as printed.
    pub location: String,
    /// IANA name of the venue's time zone, for people; the engine reckons in UTC.
    pub time_zone: String,
    /// The licence, where the jurisdiction asks (§2.3.1 h).
    pub licence: Option<String>,
    /// The currency of every amount.
    pub currency: Currency,
    /// All draw numbers there are.
    pub numbers: NumberRange,
    /// Contiguous, disjoint shares of `numbers`, one per pool in use.
    pub pools: Vec<PoolShare>,
    /// The price list.
    pub packages: Vec<Package>,
    /// The prizes in announced order.
    pub prizes: Vec<Prize>,
    /// Further slots drawn after the prizes, for replacements.
    pub reserves: u32,
    /// No sale before this instant.
    pub sales_start: Timestamp,
    /// No sale at or after this instant, unless the close is moved.
    pub sales_end: Timestamp,
    /// How winners are chosen.
    pub draw_mode: DrawMode,
    /// Lines printed on every ticket.
    pub ticket_lines: Vec<String>,
    /// Draw numbers a handheld is given at a time.
    pub device_block: u64,
    /// How long an online order may wait for its payment.
    pub hold: Span,
    /// Name of the jurisdiction profile.
    pub profile: String,
}

/// Bounds that keep arithmetic far from overflow and one configuration from hurting a node.
pub mod limits {
    /// Draw numbers in a raffle (the field's largest known needs were 49 million).
    pub const NUMBERS_MAX: u64 = 1_000_000_000_000;
    /// The largest draw number: exact in every JSON reader.
    pub const NUMBER_MAX: u64 = (1 << 53) - 1;
    /// Packages on a price list.
    pub const PACKAGES_MAX: usize = 50;
    /// Draw numbers in one package.
    pub const PACKAGE_NUMBERS_MAX: u32 = 100_000;
    /// Price of one package in minor units.
    pub const PRICE_MINOR_MAX: u64 = 100_000_000;
    /// Prizes of a raffle.
    pub const PRIZES_MAX: usize = 100;
    /// Winners of all prizes and reserves together.
    pub const SLOTS_MAX: u64 = 10_000;
    /// Value of a prize in minor units.
    pub const PRIZE_MINOR_MAX: u64 = 1_000_000_000_000;
    /// Characters of any text.
    pub const TEXT_MAX: usize = 200;
    /// Lines on a ticket.
    pub const TICKET_LINES_MAX: usize = 20;
    /// Microseconds in the longest sales window: a year.
    pub const WINDOW_MAX: u64 = 366 * 86_400 * 1_000_000;
}

/// What is wrong with a configuration: a field and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigError {
    /// The path of the field, for example `packages[2].price_minor`.
    pub field: String,
    /// What to do about it.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl Config {
    /// The pool that serves `channel`, if it has any numbers.
    pub fn pool(&self, kind: PoolKind) -> Option<&PoolShare> {
        self.pools.iter().find(|share| share.pool == kind)
    }

    /// Whether the public can buy online.
    pub fn sells(&self, channel: Channel) -> bool {
        self.pool(channel.pool()).is_some()
    }

    /// Everything wrong with it, in the order of the fields; empty when it may be opened (L-01).
    pub fn errors(&self) -> Vec<ConfigError> {
        let mut check = Checker(Vec::new());
        self.check_texts(&mut check);
        self.check_numbers(&mut check);
        self.check_packages(&mut check);
        self.check_prizes(&mut check);
        self.check_window(&mut check);
        self.check_profile(&mut check);
        check.0
    }

    fn check_texts(&self, check: &mut Checker) {
        for (field, text) in [
            ("name", &self.name),
            ("organisation_name", &self.organisation_name),
            ("location", &self.location),
            ("time_zone", &self.time_zone),
        ] {
            check.text(field, text);
        }
        if let Some(licence) = &self.licence {
            check.text("licence", licence);
        }
        check.that(
            self.ticket_lines.len() <= limits::TICKET_LINES_MAX,
            "ticket_lines",
            "at most 20 lines fit on a ticket",
        );
        for (index, line) in self.ticket_lines.iter().enumerate() {
            check.text(&format!("ticket_lines[{index}]"), line);
        }
    }

    fn check_numbers(&self, check: &mut Checker) {
        let fits = self.numbers.last() <= limits::NUMBER_MAX && self.numbers.count() <= limits::NUMBERS_MAX;
        check.that(fits, "numbers", "use at most 1,000,000,000,000 numbers, none above 9,007,199,254,740,991");
        check.that(!self.pools.is_empty(), "pools", "give at least one channel numbers to sell");
        for (index, share) in self.pools.iter().enumerate() {
            let field = format!("pools[{index}]");
            check.that(self.numbers.contains_range(&share.range), &field, "lies outside the number range");
            let earlier = &self.pools[..index];
            check.that(earlier.iter().all(|other| other.pool != share.pool), &field, "this pool is set twice");
            check.that(
                earlier.iter().all(|other| !other.range.overlaps(&share.range)),
                &field,
                "overlaps another pool",
            );
        }
        let largest = self.packages.iter().map(|package| u64::from(package.numbers)).max().unwrap_or(0);
        check.that(
            self.device_block >= largest && self.device_block > 0 && self.device_block <= 1_000_000,
            "device_block",
            "a handheld's block must hold the largest package, and at most 1,000,000 numbers",
        );
    }

    fn check_packages(&self, check: &mut Checker) {
        check.that(!self.packages.is_empty(), "packages", "set at least one price");
        check.that(self.packages.len() <= limits::PACKAGES_MAX, "packages", "at most 50 price points");
        for (index, package) in self.packages.iter().enumerate() {
            let field = |name: &str| format!("packages[{index}].{name}");
            check.text(&field("label"), &package.label);
            let numbers_fit = (1..=limits::PACKAGE_NUMBERS_MAX).contains(&package.numbers);
            check.that(numbers_fit, &field("numbers"), "between 1 and 100,000 draw numbers");
            let price_fits = (1..=limits::PRICE_MINOR_MAX).contains(&package.price_minor);
            check.that(price_fits, &field("price_minor"), "between 1 and 100,000,000 minor units");
            check.that(package.stock != Some(0), &field("stock"), "leave empty for no limit");
            let unique = self.packages[..index].iter().all(|other| other.id != package.id);
            check.that(unique, &field("id"), "is used twice");
        }
    }

    fn check_prizes(&self, check: &mut Checker) {
        use crate::money::PrizeRule;
        check.that(!self.prizes.is_empty(), "prizes", "set at least one prize");
        check.that(self.prizes.len() <= limits::PRIZES_MAX, "prizes", "at most 100 prizes");
        let mut share = 0u64;
        let mut slots = u64::from(self.reserves);
        for (index, prize) in self.prizes.iter().enumerate() {
            let field = |name: &str| format!("prizes[{index}].{name}");
            check.text(&field("name"), &prize.name);
            let unique = self.prizes[..index].iter().all(|other| other.id != prize.id);
            check.that(unique, &field("id"), "is used twice");
            slots += u64::from(prize.rule.quantity());
            match prize.rule {
                PrizeRule::Percentage { basis_points, seed_minor, guarantee_minor, cap_minor } => {
                    share += u64::from(basis_points);
                    check.that((1..=10_000).contains(&basis_points), &field("rule"), "between 0.01 and 100 per cent");
                    let amounts = [Some(seed_minor), Some(guarantee_minor), cap_minor];
                    let fit = amounts.iter().flatten().all(|amount| *amount <= limits::PRIZE_MINOR_MAX);
                    check.that(fit, &field("rule"), "an amount is too large");
                    check.that(cap_minor != Some(0), &field("rule"), "a cap of nothing leaves no prize");
                }
                PrizeRule::Fixed { value_minor, quantity } => {
                    check.that(quantity >= 1, &field("rule"), "at least one winner");
                    check.that((1..=limits::PRIZE_MINOR_MAX).contains(&value_minor), &field("rule"), "set a value");
                }
            }
        }
        check.that(share <= 10_000, "prizes", "percentage prizes must not exceed 100 per cent of net sales together");
        check.that(slots <= limits::SLOTS_MAX, "prizes", "at most 10,000 winners and reserves together");
    }

    fn check_window(&self, check: &mut Checker) {
        let window = self.sales_end.since(self.sales_start).0;
        check.that(self.sales_end > self.sales_start, "sales_end", "must be after the start of sales");
        check.that(window <= limits::WINDOW_MAX, "sales_end", "sales may last a year at most");
        let hold_fits = (Span::seconds(30)..=Span::seconds(3_600)).contains(&self.hold);
        check.that(hold_fits, "hold", "between 30 seconds and one hour");
    }

    fn check_profile(&self, check: &mut Checker) {
        let Some(profile) = Profile::by_id(&self.profile) else {
            check.that(false, "profile", "no such jurisdiction profile");
            return;
        };
        check.that(
            !profile.licence_required || self.licence.is_some(),
            "licence",
            "the profile asks for a licence number",
        );
        let lines_fit = self.ticket_lines.len() >= profile.ticket_lines_min as usize;
        check.that(lines_fit, "ticket_lines", "the profile asks for mandatory lines");
        for (index, prize) in self.prizes.iter().enumerate() {
            let field = format!("prizes[{index}].rule");
            check.that(profile.allows_prize(&prize.rule), &field, "the profile asks for a cap on the prize");
        }
        let online = profile.online_sales || self.pool(PoolKind::Online).is_none();
        check.that(online, "pools", "the profile forbids online sales");
        // The drum has its own issue; a manual raffle that could never be drawn must not open.
        let mode = self.draw_mode == DrawMode::Electronic && profile.electronic_draw;
        check.that(mode, "draw_mode", "only electronic draws are available under this profile");
    }
}

/// Gathers errors, so that a form can show all of them at once.
struct Checker(Vec<ConfigError>);

impl Checker {
    fn that(&mut self, holds: bool, field: &str, message: &str) {
        if !holds {
            self.0.push(ConfigError { field: field.to_owned(), message: message.to_owned() });
        }
    }

    fn text(&mut self, field: &str, text: &str) {
        let fits = !text.trim().is_empty() && text.chars().count() <= limits::TEXT_MAX;
        self.that(fits, field, "between 1 and 200 characters");
        self.that(!text.chars().any(char::is_control), field, "no control characters");
    }
}
