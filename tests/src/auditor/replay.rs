//! A raffle's account from its events alone. Written after the life cycle and the rules of the design, not after the
//! engine's code: where the two read the rules differently, a test fails.

use super::books::{Books, Event};
use super::bytes::{self, Id};
use super::draw::Draw;
use super::numbers::{Before, Identity, Numbers, Place, Pool};
use super::{Check, Findings};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The event that sold it.
    pub seq: u64,
    /// rsu, online, counter or integration.
    pub channel: String,
    /// The handheld and its record.
    pub device: Option<(Id, u64)>,
    /// Package and quantity.
    pub lines: Vec<(u64, u64)>,
    /// First and last numbers.
    pub ranges: Vec<(u64, u64)>,
    /// How many.
    pub numbers: u64,
    /// What was paid.
    pub price_minor: u64,
    /// As printed, without dashes.
    pub validation: String,
    /// When, in microseconds.
    pub sold_at: u64,
    /// The salted hash in the ledger.
    pub sale_hash: [u8; 32],
    /// valid, voided or misprinted.
    pub state: &'static str,
}

/// An online order that waits, waited in vain, or was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// held, paid, expired, declined, closed or cancelled.
    pub status: String,
    /// How many numbers.
    pub numbers: u64,
    /// What it costs.
    pub price_minor: u64,
    /// Package and quantity.
    pub lines: Vec<(u64, u64)>,
    /// When the hold ends, in microseconds.
    pub expires_at: u64,
    /// Money is owed back.
    pub refund_due: bool,
    /// It went back.
    pub refunded: bool,
}

/// A sale that was set aside.
#[derive(Clone, Debug)]
pub struct SetAside {
    /// Why.
    pub reason: String,
    /// The order, when it was a sale.
    pub order: Option<Id>,
    /// Its numbers.
    pub ranges: Vec<(u64, u64)>,
    /// Its price.
    pub price_minor: u64,
    /// Stamp and bound of its error, in microseconds.
    pub at: u64,
    /// Error in microseconds.
    pub error: u64,
    /// Where its numbers counted, if they were the device's.
    pub before: Option<Before>,
    /// accepted or refunded.
    pub resolution: Option<String>,
}

/// A handheld.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// What people call it.
    pub label: String,
    /// Issuer slot of its validation numbers.
    pub slot: u64,
    /// Highest record.
    pub last_seq: u64,
    /// Its hash, where it is on record.
    pub head: Option<String>,
    /// joined, final or lost.
    pub state: &'static str,
    /// What it acknowledged: when, the close it then obeys, whether it knows of a suspension.
    pub notices: Vec<(u64, u64, bool)>,
    /// Tickets ever marked as misprinted.
    pub misprinted: u64,
}

/// Sums over tickets of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Tickets sold, voided ones too.
    pub tickets: u64,
    /// Of these, voided.
    pub voided_tickets: u64,
    /// Numbers of valid tickets.
    pub numbers: u64,
    /// All sales.
    pub gross_minor: u64,
    /// Voided sales.
    pub voided_minor: u64,
}

impl Sums {
    /// What stays.
    pub fn net_minor(&self) -> u64 {
        self.gross_minor - self.voided_minor
    }

    fn add(&mut self, ticket: &Ticket, numbers: u64, minor: u64) {
        self.tickets += 1;
        self.gross_minor += minor;
        if ticket.state == "voided" {
            self.voided_tickets += 1;
            self.voided_minor += minor;
        } else {
            self.numbers += numbers;
        }
    }
}

/// A raffle.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Its id.
    pub id: Id,
    /// Its number.
    pub event_number: u64,
    /// Where it stands.
    pub status: String,
    /// The frozen configuration.
    pub config: Value,
    /// The exact bytes that opened it, hashed.
    pub rules_hash: [u8; 32],
    /// Public keys, in hex.
    pub keys: Value,
    /// Who has which number.
    pub numbers: Numbers,
    /// By order key.
    pub tickets: BTreeMap<Id, Ticket>,
    /// Online orders.
    pub orders: BTreeMap<Id, Order>,
    /// By handheld and record.
    pub set_aside: BTreeMap<(Id, u64), SetAside>,
    /// Handhelds.
    pub devices: BTreeMap<Id, Device>,
    /// When sales end, in microseconds.
    pub closes_at: u64,
    /// When they were opened.
    pub opened_at: u64,
    /// Pauses: from, until.
    pub pauses: Vec<(u64, Option<u64>)>,
    /// Misprints nobody has decided about.
    pub misprints_open: BTreeSet<Id>,
    /// The statement on record.
    pub acknowledgement: Option<Value>,
    /// By draw number.
    pub draws: BTreeMap<u64, Draw>,
    /// Events that are public facts, in order.
    pub facts: Vec<u64>,
    /// The last event.
    pub last_seq: u64,
    /// Types of events seen, with their number.
    pub kinds: BTreeMap<String, u64>,
    validations: BTreeMap<String, Id>,
}

/// A payload's body, read without trust.
#[derive(Clone, Copy)]
pub(super) struct Body<'a>(pub(super) &'a Value);

type Read<T> = Result<T, String>;

impl<'a> Body<'a> {
    pub(super) fn of(&self, name: &str) -> Read<Body<'a>> {
        self.0.get(name).map(Body).ok_or_else(|| format!("has no {name}"))
    }
    pub(super) fn u64(&self, name: &str) -> Read<u64> {
        self.of(name)?.0.as_u64().ok_or_else(|| format!("{name} is no number"))
    }
    pub(super) fn text(&self, name: &str) -> Read<&'a str> {
        self.of(name)?.0.as_str().ok_or_else(|| format!("{name} is no text"))
    }
    fn flag(&self, name: &str) -> Read<bool> {
        self.of(name)?.0.as_bool().ok_or_else(|| format!("{name} is no flag"))
    }
    fn id(&self, name: &str) -> Read<Id> {
        bytes::id(self.text(name)?).ok_or_else(|| format!("{name} is no id"))
    }
    pub(super) fn hex32(&self, name: &str) -> Read<[u8; 32]> {
        bytes::unhex32(self.text(name)?).ok_or_else(|| format!("{name} is no hash"))
    }
    pub(super) fn list(&self, name: &str) -> Read<impl Iterator<Item = Body<'a>> + use<'a>> {
        Ok(self.of(name)?.0.as_array().ok_or_else(|| format!("{name} is no list"))?.iter().map(Body))
    }
    fn range(&self) -> Read<(u64, u64)> {
        Ok((self.u64("first")?, self.u64("last")?))
    }
    fn ranges(&self, name: &str) -> Read<Vec<(u64, u64)>> {
        self.list(name)?.map(|range| range.range()).collect()
    }
    fn lines(&self, name: &str) -> Read<Vec<(u64, u64)>> {
        self.list(name)?.map(|line| Ok((line.u64("package")?, line.u64("quantity")?))).collect()
    }
    fn record(&self, name: &str) -> Read<Option<Record>> {
        let record = self.of(name)?;
        if record.0.is_null() {
            return Ok(None);
        }
        Ok(Some(Record {
            device: record.id("device")?,
            seq: record.u64("seq")?,
            hash: record.text("hash")?.to_owned(),
            at: record.u64("at")?,
            error: record.u64("error_ms")? * 1_000,
        }))
    }
}

/// A device record behind an event.
struct Record {
    device: Id,
    seq: u64,
    hash: String,
    at: u64,
    error: u64,
}

/// Numbers in ranges.
pub fn count(ranges: &[(u64, u64)]) -> u64 {
    ranges.iter().map(|(first, last)| last.saturating_sub(*first).saturating_add(1)).fold(0, u64::saturating_add)
}

/// The salted hash of a sale, which stands in the ledger.
fn sale_hash(raffle: Id, currency: &str, order: Id, ticket: &Ticket, validation: [u8; 10], salt: [u8; 32]) -> [u8; 32] {
    let channel = ["rsu", "online", "counter", "integration"].iter().position(|name| *name == ticket.channel);
    let mut lines = Vec::new();
    for (package, quantity) in &ticket.lines {
        lines.extend(u32::try_from(*package).unwrap_or(0).to_be_bytes());
        lines.extend(u32::try_from(*quantity).unwrap_or(0).to_be_bytes());
    }
    let mut ranges = Vec::new();
    for (first, last) in &ticket.ranges {
        ranges.extend(first.to_be_bytes());
        ranges.extend(last.to_be_bytes());
    }
    let length = |items: usize| u32::try_from(items).unwrap_or(0).to_be_bytes();
    bytes::tagged(
        "drumroll/sale/1",
        &[
            &raffle,
            &order,
            &validation,
            &[channel.map_or(0, |at| u8::try_from(at).unwrap_or(0) + 1)],
            &ticket.device.map_or(bytes::NIL, |(device, _)| device),
            &(ticket.sold_at / 1_000).to_be_bytes(),
            currency.as_bytes(),
            &ticket.price_minor.to_be_bytes(),
            &length(ticket.lines.len()),
            &lines,
            &length(ticket.ranges.len()),
            &ranges,
            &salt,
        ],
    )
}

const FACTS: [&str; 18] = [
    "sales_opened/1",
    "sales_suspended/1",
    "sales_resumed/1",
    "close_moved/1",
    "sales_closed/1",
    "reconciliation_started/1",
    "reconciliation_acknowledged/1",
    "acknowledgement_cleared/1",
    "ticket_voided/1",
    "draw_planned/1",
    "draw_locked/1",
    "draw_proven/1",
    "winners_drawn/1",
    "draw_published/1",
    "draw_cancelled/1",
    "draw_settled/1",
    "raffle_cancelled/1",
    "raffle_finalized/1",
];

/// The account of one journal.
pub fn replay(raffle: Id, events: &[Event], findings: &mut Findings) -> Account {
    let mut replay = Replay { account: Account { id: raffle, ..Account::default() }, findings };
    for event in events {
        replay.account.last_seq = event.seq;
        let result = serde_json::from_slice::<Value>(&event.payload).map_err(|error| error.to_string());
        let result = result.and_then(|payload| {
            let body = payload.get("body").cloned().unwrap_or_default();
            let kind = Body(&payload).text("type")?.to_owned();
            replay.event(event, &kind, Body(&body))?;
            if FACTS.contains(&kind.as_str()) {
                replay.account.facts.push(event.seq);
            }
            *replay.account.kinds.entry(kind).or_default() += 1;
            Ok(())
        });
        if let Err(error) = result {
            let text = String::from_utf8_lossy(&event.payload).chars().take(200).collect::<String>();
            replay.find(Check::Event, event, &format!("{error}: {text}"));
        }
    }
    replay.account
}

struct Replay<'a> {
    account: Account,
    findings: &'a mut Findings,
}

impl Replay<'_> {
    fn find(&mut self, check: Check, event: &Event, what: &str) {
        self.findings.add(check, format!("raffle {}, event {}: {what}", bytes::uuid(&self.account.id), event.seq));
    }

    /// One step of the life cycle.
    fn step(&mut self, event: &Event, from: &[&str], to: &str) {
        if !from.contains(&self.account.status.as_str()) {
            let what = format!("{} was {:?}, which does not lead to {to}", "the raffle", self.account.status);
            self.find(Check::LifeCycle, event, &what);
        }
        to.clone_into(&mut self.account.status);
    }

    fn moves(&mut self, event: &Event, range: (u64, u64), to: Place, from: impl Fn(Place) -> bool) {
        for (first, last, place) in self.account.numbers.move_to(range, to, from) {
            let what = format!("numbers {first}-{last} go to {to:?}, but stood at {place:?}");
            self.find(Check::NumberTwice, event, &what);
        }
    }

    #[expect(clippy::too_many_lines, reason = "the list of events, read from top to bottom")]
    fn event(&mut self, event: &Event, kind: &str, body: Body<'_>) -> Read<()> {
        match kind {
            "raffle_created/1" => {
                self.step(event, &[""], "draft");
                self.account.event_number = body.u64("event_number")?;
                if body.id("raffle")? != self.account.id || event.seq != 1 {
                    self.find(Check::Event, event, "a raffle is created once, in its own journal");
                }
            }
            "raffle_configured/1" => {
                self.step(event, &["draft", "configured"], "configured");
                self.account.config = body.of("config")?.0.clone();
            }
            "change_refused/1" => {}
            "sales_opened/1" => self.open(event, body)?,
            "draw_planned/1" => {
                let draw = Draw::planned(&self.account, event, body)?;
                self.account.draws.insert(body.u64("draw_no")?, draw);
            }
            "sales_suspended/1" => {
                self.step(event, &["selling"], "suspended");
                self.account.pauses.push((event.at, None));
            }
            "sales_resumed/1" => {
                self.step(event, &["suspended"], "selling");
                self.end_pause(event.at);
            }
            "close_moved/1" => {
                let closes_at = body.u64("closes_at")?;
                if !["selling", "suspended"].contains(&self.account.status.as_str()) {
                    self.find(Check::LifeCycle, event, "the close moved when sales were not open");
                }
                if event.at >= self.account.closes_at || closes_at < event.at {
                    self.find(Check::Window, event, "the close moved into the past or after it had come");
                }
                self.account.closes_at = closes_at;
            }
            "sales_closed/1" => {
                self.step(event, &["selling", "suspended"], "closing");
                self.end_pause(event.at);
                if event.at < self.account.closes_at {
                    self.find(Check::Window, event, "sales ended before the announced instant");
                }
            }
            "reconciliation_started/1" => self.step(event, &["closing"], "reconciling"),
            "reconciliation_acknowledged/1" => self.acknowledge(event, body)?,
            "acknowledgement_cleared/1" => {
                self.step(event, &["reconciled"], "reconciling");
                self.account.acknowledgement = None;
            }
            "ticket_sold/1" => self.sell(event, body.of("sale")?)?,
            "order_held/1" => self.hold(event, body)?,
            "hold_ended/1" => {
                let end = body.text("end")?.to_owned();
                match self.account.orders.get_mut(&body.id("order")?) {
                    Some(order) if order.status == "held" => order.status = end,
                    _ => self.find(Check::Event, event, "a hold ends that is not there"),
                }
            }
            "refund_due/1" => {
                let (order, quarantine) = (body.id("order")?, body.text("reason")? == "quarantine");
                match self.account.orders.get_mut(&order) {
                    Some(order) if !quarantine => order.refund_due = true,
                    None if !quarantine && !self.account.tickets.contains_key(&order) => {
                        self.find(Check::Event, event, "money is owed for an order that is not there");
                    }
                    _ => {}
                }
            }
            "refunded/1" => match self.account.orders.get_mut(&body.id("order")?) {
                Some(order) if order.refund_due && !order.refunded => order.refunded = true,
                _ => self.find(Check::Event, event, "money went back that was not owed"),
            },
            "ticket_voided/1" => self.void(event, body.id("order")?),
            "ticket_misprinted/1" => {
                let order = body.id("order")?;
                match self.account.tickets.get_mut(&order) {
                    Some(ticket) if ticket.state == "valid" => {
                        ticket.state = "misprinted";
                        if let Some((device, _)) = ticket.device
                            && let Some(device) = self.account.devices.get_mut(&device)
                        {
                            device.misprinted += 1;
                        }
                        self.account.misprints_open.insert(order);
                    }
                    _ => self.find(Check::Event, event, "a ticket is marked that is not valid"),
                }
                if let Some(record) = body.record("device_record")? {
                    self.advance(event, &record);
                }
            }
            "misprint_cleared/1" => {
                let order = body.id("order")?;
                self.account.misprints_open.remove(&order);
                match self.account.tickets.get_mut(&order) {
                    Some(ticket) if ticket.state == "misprinted" => ticket.state = "valid",
                    _ => self.find(Check::Event, event, "a ticket is cleared that was not marked"),
                }
            }
            "device_joined/1" => {
                let device = Device {
                    label: body.text("label")?.to_owned(),
                    slot: body.u64("slot")?,
                    state: "joined",
                    ..Device::default()
                };
                let taken = self.account.devices.values().any(|other| other.slot == device.slot) || device.slot == 0;
                if self.account.devices.insert(body.id("device")?, device).is_some() || taken {
                    self.find(Check::ValidationTwice, event, "a handheld or an issuer slot takes part twice");
                }
            }
            "range_reserved/1" => {
                let (device, range) = (body.id("device")?, body.of("range")?.range()?);
                if self.account.status != "selling" || self.device_state(device) != "joined" {
                    self.find(Check::LifeCycle, event, "numbers were leased out of season");
                }
                self.moves(event, range, Place::Leased(device), |place| place == Place::Free(Pool::Rsu));
            }
            "notice_acknowledged/1" => {
                let notice = (event.at, body.u64("closes_at")?, body.flag("suspended")?);
                match self.account.devices.get_mut(&body.id("device")?) {
                    Some(device) => device.notices.push(notice),
                    None => self.find(Check::Event, event, "a handheld that takes no part acknowledges"),
                }
            }
            "record_quarantined/1" => self.quarantine(event, body)?,
            "quarantine_resolved/1" => self.resolve(event, body)?,
            "device_final/1" => {
                let record = body.record("record")?.ok_or("has no record")?;
                self.advance(event, &record);
                for range in body.ranges("returned")? {
                    let device = record.device;
                    self.moves(event, range, Place::Returned(device), |place| place == Place::Leased(device));
                }
                let left = self.account.numbers.count(|place| place == Place::Leased(record.device));
                if left > 0 {
                    self.find(Check::Counts, event, &format!("a final handheld kept {left} numbers"));
                }
                self.settle(event, record.device, "final");
            }
            "device_lost/1" => {
                let device = body.id("device")?;
                if event.approver.is_none() || event.approver == Some(event.actor.1) {
                    self.find(Check::Event, event, "a handheld was written off by one person alone");
                }
                for range in body.ranges("out_of_play")? {
                    self.moves(event, range, Place::OutOfPlay, |place| place == Place::Leased(device));
                }
                let left = self.account.numbers.count(|place| place == Place::Leased(device));
                if left > 0 {
                    self.find(Check::Counts, event, &format!("a lost handheld kept {left} numbers"));
                }
                self.settle(event, device, "lost");
            }
            "draw_cancelled/1" | "draw_locked/1" | "witness_revealed/1" | "draw_proven/1" | "winners_drawn/1"
            | "draw_published/1" | "draw_settled/1" => {
                let number = body.u64("draw_no")?;
                let mut draw = self.account.draws.remove(&number).ok_or("names a draw that was not planned")?;
                let result = draw.event(&self.account, event, kind, body, self.findings);
                self.account.draws.insert(number, draw);
                result?;
            }
            "raffle_cancelled/1" => {
                if self.account.draws.values().any(|draw| draw.lock.is_some()) {
                    self.find(Check::LifeCycle, event, "a raffle was cancelled after a lock");
                }
                self.account.status = "cancelled".to_owned();
                self.account.acknowledgement = None;
                self.end_pause(event.at);
                let valid = self.account.tickets.iter().filter(|(_, ticket)| ticket.state != "voided");
                for order in valid.map(|(order, _)| *order).collect::<Vec<_>>() {
                    self.void(event, order);
                }
            }
            "raffle_finalized/1" => self.step(event, &["reconciled"], "finalized"),
            other => return Err(format!("{other} is not among the known events")),
        }
        Ok(())
    }

    fn open(&mut self, event: &Event, body: Body<'_>) -> Read<()> {
        self.step(event, &["configured"], "selling");
        let config = body.of("config")?;
        if *config.0 != self.account.config {
            self.find(Check::Event, event, "what was opened is not what was configured");
        }
        self.account.config = config.0.clone();
        self.account.keys = body.of("keys")?.0.clone();
        self.account.rules_hash = bytes::sha256(&event.payload);
        self.account.opened_at = event.at;
        self.account.closes_at = config.u64("sales_end")?;
        let (first, last) = config.of("numbers")?.range()?;
        self.account.numbers = Numbers::new(first, last);
        for pool in config.list("pools")? {
            let kind = Pool::named(pool.text("pool")?).ok_or("has an unknown pool")?;
            let range = pool.of("range")?.range()?;
            self.moves(event, range, Place::Free(kind), |place| place == Place::Unassigned);
        }
        Ok(())
    }

    fn end_pause(&mut self, at: u64) {
        if let Some((_, until @ None)) = self.account.pauses.last_mut() {
            *until = Some(at);
        }
    }

    fn device_state(&self, device: Id) -> &'static str {
        self.account.devices.get(&device).map_or("unknown", |device| device.state)
    }

    fn settle(&mut self, event: &Event, device: Id, state: &'static str) {
        if self.device_state(device) != "joined" {
            self.find(Check::LifeCycle, event, "a handheld was settled twice or never joined");
        }
        if let Some(device) = self.account.devices.get_mut(&device) {
            device.state = state;
        }
    }

    /// The next record of a handheld's series.
    fn advance(&mut self, event: &Event, record: &Record) {
        match self.account.devices.get_mut(&record.device) {
            Some(device) if device.last_seq + 1 == record.seq => {
                device.last_seq = record.seq;
                device.head = Some(record.hash.clone());
            }
            other => {
                let what = format!("record {} follows record {:?}", record.seq, other.map(|device| device.last_seq));
                self.find(Check::DeviceSeries, event, &what);
            }
        }
    }

    fn hold(&mut self, event: &Event, body: Body<'_>) -> Read<()> {
        let key = body.id("order")?;
        let order = Order {
            status: "held".to_owned(),
            numbers: body.u64("numbers")?,
            price_minor: body.u64("price_minor")?,
            lines: body.lines("lines")?,
            expires_at: body.u64("expires_at")?,
            refund_due: false,
            refunded: false,
        };
        if self.account.status != "selling" || event.at >= self.account.closes_at || event.at < self.sales_start() {
            self.find(Check::Window, event, "an order was held outside the sales window");
        }
        if order.expires_at > self.account.closes_at {
            self.find(Check::Window, event, "a hold outlives the sales");
        }
        if self.priced(&order.lines) != Some((order.numbers, order.price_minor)) {
            self.find(Check::Price, event, "a hold's price is not that of its lines");
        }
        if self.account.orders.insert(key, order).is_some() || self.account.tickets.contains_key(&key) {
            self.find(Check::OrderTwice, event, "an order was held twice");
        }
        if self.account.held() > self.account.numbers.count(|place| place == Place::Free(Pool::Online)) {
            self.find(Check::Counts, event, "more numbers are promised than the pool has");
        }
        Ok(())
    }

    fn sales_start(&self) -> u64 {
        Body(&self.account.config).u64("sales_start").unwrap_or(u64::MAX).max(self.account.opened_at)
    }

    /// Numbers and price of lines by the frozen list.
    fn priced(&self, lines: &[(u64, u64)]) -> Option<(u64, u64)> {
        let packages = self.account.config.get("packages")?.as_array()?;
        lines.iter().try_fold((0u64, 0u64), |(numbers, price), (id, quantity)| {
            let package = packages.iter().find(|package| package["id"] == *id)?;
            Some((
                numbers.checked_add(package["numbers"].as_u64()?.checked_mul(*quantity)?)?,
                price.checked_add(package["price_minor"].as_u64()?.checked_mul(*quantity)?)?,
            ))
        })
    }

    fn sell(&mut self, event: &Event, sale: Body<'_>) -> Read<()> {
        let order = sale.id("order")?;
        let record = sale.record("device_record")?;
        let ranges = sale.ranges("ranges")?;
        let mut ticket = Ticket {
            seq: event.seq,
            channel: sale.text("channel")?.to_owned(),
            device: record.as_ref().map(|record| (record.device, record.seq)),
            lines: sale.lines("lines")?,
            numbers: count(&ranges),
            ranges,
            price_minor: sale.u64("price_minor")?,
            validation: sale.text("validation")?.to_owned(),
            sold_at: sale.u64("sold_at")?,
            sale_hash: [0; 32],
            state: "valid",
        };
        let validation = bytes::validation(&ticket.validation).ok_or("validation is no validation number")?;
        let slot = u64::from(u16::from_be_bytes([validation[0], validation[1]])) << 3 | u64::from(validation[2] >> 5);
        let currency = Body(&self.account.config).text("currency")?.to_owned();
        ticket.sale_hash = sale_hash(self.account.id, &currency, order, &ticket, validation, sale.hex32("salt")?);

        if self.priced(&ticket.lines) != Some((ticket.numbers, ticket.price_minor)) {
            self.find(Check::Price, event, "a ticket's price or numbers are not those of its lines");
        }
        if self.account.draws.values().any(|draw| draw.lock.is_some()) {
            self.find(Check::DrawOrder, event, "a ticket was sold after the lock");
        }
        let issuer = match &record {
            Some(record) => self.sell_device(event, &ticket, record)?,
            None => {
                self.sell_here(event, order, &ticket);
                0
            }
        };
        if slot != issuer {
            self.find(
                Check::ValidationTwice,
                event,
                &format!("a validation number of slot {slot}, issued by {issuer}"),
            );
        }
        if let Some(other) = self.account.validations.insert(ticket.validation.clone(), order) {
            let what = format!(
                "{} stands on two tickets, {} and {}",
                "a validation number",
                bytes::uuid(&other),
                bytes::uuid(&order)
            );
            self.find(Check::ValidationTwice, event, &what);
        }
        for range in ticket.ranges.clone() {
            let from: Vec<Place> = match (&record, ticket.channel.as_str()) {
                (Some(record), _) => {
                    let mut from = vec![Place::Leased(record.device)];
                    for before in [Before::Leased, Before::Returned, Before::OutOfPlay] {
                        from.push(Place::SetAside(record.device, record.seq, before));
                    }
                    from
                }
                (None, "online") => vec![Place::Free(Pool::Online)],
                (None, _) => vec![Place::Free(Pool::Internal)],
            };
            self.moves(event, range, Place::Sold(order), |place| from.contains(&place));
        }
        if self.account.tickets.insert(order, ticket).is_some() {
            self.find(Check::OrderTwice, event, &format!("order {} was sold twice", bytes::uuid(&order)));
        }
        Ok(())
    }

    /// A sale of the server's own: its instant is the acceptance.
    fn sell_here(&mut self, event: &Event, order: Id, ticket: &Ticket) {
        if ticket.sold_at != event.at {
            self.find(Check::Window, event, "a sale's instant is not its acceptance");
        }
        if event.at >= self.account.closes_at || event.at < self.sales_start() {
            self.find(Check::Window, event, "a sale was accepted outside the window");
        }
        let status = self.account.status.clone();
        match ticket.channel.as_str() {
            "online" => {
                if status != "selling" && status != "suspended" {
                    self.find(Check::Window, event, &format!("an online sale while {status}"));
                }
                let (numbers, price, lines) = (ticket.numbers, ticket.price_minor, ticket.lines.clone());
                let at = event.at;
                match self.account.orders.get_mut(&order) {
                    Some(held) if held.status == "held" => {
                        let same = held.numbers == numbers && held.price_minor == price && held.lines == lines;
                        let late = at >= held.expires_at;
                        "paid".clone_into(&mut held.status);
                        if !same || late {
                            self.find(
                                Check::Price,
                                event,
                                "a paid order is not the one that was held, or its hold was over",
                            );
                        }
                    }
                    _ => self.find(Check::Event, event, "an online sale without a hold"),
                }
            }
            "counter" | "integration" => {
                if status != "selling" {
                    self.find(Check::Window, event, &format!("a sale while {status}"));
                }
                if self.account.orders.contains_key(&order) {
                    self.find(Check::OrderTwice, event, "an online order's key was sold at the counter");
                }
            }
            other => self.find(Check::Event, event, &format!("a sale by {other} without a device record")),
        }
    }

    /// A handheld's sale: its instant is the device's stamp, within its error (I8). Answers the issuer slot.
    fn sell_device(&mut self, event: &Event, ticket: &Ticket, record: &Record) -> Read<u64> {
        if ticket.channel != "rsu" || ticket.sold_at != record.at {
            self.find(Check::Window, event, "a handheld's sale is not stamped by the handheld");
        }
        let latest = record.at.saturating_add(record.error);
        let device = self.account.devices.get(&record.device).ok_or("names a handheld that takes no part")?;
        let slot = device.slot;
        let before = self.account.set_aside.get(&(record.device, record.seq)).cloned();
        match before {
            Some(aside) => {
                if aside.resolution.as_deref() != Some("accepted") || aside.ranges != ticket.ranges {
                    self.find(Check::Event, event, "a sale that was set aside came in without a decision");
                }
                // A handheld is bound by the close it knew, which may be later than an early one, never than the
                // latest ever announced.
                let configured = Body(&self.account.config).u64("sales_end")?;
                let known = device_knew(&self.account.devices[&record.device], record.at).unwrap_or(configured);
                let bound = known.min(configured.max(self.account.closes_at)).max(self.account.closes_at);
                if latest >= bound || record.at < self.sales_start() {
                    self.find(Check::Window, event, "a sale after the close was accepted from quarantine");
                }
            }
            None => {
                self.advance(event, record);
                if latest >= self.account.closes_at || record.at < self.sales_start() {
                    self.find(Check::Window, event, "a handheld's sale outside the window was accepted");
                }
                if record.at > event.at.saturating_add(record.error) {
                    self.find(Check::Window, event, "a handheld's sale from the future was accepted");
                }
                let paused = |(from, until): &(u64, Option<u64>)| {
                    record.at >= *from && until.is_none_or(|until| record.at < until)
                };
                if self.account.pauses.iter().any(paused) {
                    self.find(Check::Window, event, "a handheld's sale while suspended was accepted");
                }
                let status = self.account.status.as_str();
                if !["selling", "suspended", "closing", "reconciling"].contains(&status) {
                    let what = format!("a handheld's sale was accepted while {status}");
                    self.find(Check::Window, event, &what);
                }
            }
        }
        Ok(slot)
    }

    fn void(&mut self, event: &Event, order: Id) {
        match self.account.tickets.get_mut(&order) {
            Some(ticket) if ticket.state != "voided" => {
                ticket.state = "voided";
                for range in ticket.ranges.clone() {
                    self.moves(event, range, Place::Voided(order), |place| place == Place::Sold(order));
                }
                self.account.misprints_open.remove(&order);
            }
            _ => self.find(Check::Event, event, "a ticket is voided that is not valid"),
        }
        if ["reconciled", "finalized"].contains(&self.account.status.as_str()) {
            self.find(Check::DrawOrder, event, "a ticket was voided under a standing acknowledgement (T-08)");
        }
    }

    fn quarantine(&mut self, event: &Event, body: Body<'_>) -> Read<()> {
        let record = body.record("record")?.ok_or("has no record")?;
        self.advance(event, &record);
        let sale = body.of("sale")?;
        let (order, ranges, price_minor) = if sale.0.is_null() {
            (None, Vec::new(), 0)
        } else {
            (Some(sale.id("order")?), sale.ranges("ranges")?, sale.u64("price_minor")?)
        };
        let (device, seq) = (record.device, record.seq);
        let (own, before) = match self.device_state(device) {
            "final" => (Place::Returned(device), Before::Returned),
            "lost" => (Place::OutOfPlay, Before::OutOfPlay),
            _ => (Place::Leased(device), Before::Leased),
        };
        // Whatever the handheld wrote: only numbers that are its own and unused are set aside.
        let theirs = order.is_some()
            && disjoint(&ranges)
            && ranges.iter().all(|&(first, last)| {
                let inside = |(from, to, place): (u64, u64, Place)| from <= last && to >= first && place != own;
                first <= last
                    && !self.account.numbers.spans().any(inside)
                    && self.account.numbers.place(first).is_some()
                    && self.account.numbers.place(last).is_some()
            });
        if theirs {
            for range in &ranges {
                self.moves(event, *range, Place::SetAside(device, seq, before), |place| place == own);
            }
        }
        let aside = SetAside {
            reason: body.text("reason")?.to_owned(),
            order,
            ranges,
            price_minor,
            at: record.at,
            error: record.error,
            before: theirs.then_some(before),
            resolution: None,
        };
        self.account.set_aside.insert((device, seq), aside);
        Ok(())
    }

    fn resolve(&mut self, event: &Event, body: Body<'_>) -> Read<()> {
        let (key, resolution) = ((body.id("device")?, body.u64("seq")?), body.text("resolution")?.to_owned());
        let Some(aside) = self.account.set_aside.get_mut(&key) else {
            return Err("resolves a record that was not set aside".to_owned());
        };
        let again = aside.resolution.replace(resolution.clone()).is_some();
        let (ranges, before) = (aside.ranges.clone(), aside.before);
        if again {
            self.find(Check::Event, event, "a record was decided twice");
        }
        if resolution == "refunded"
            && let Some(before) = before
        {
            for range in ranges {
                self.moves(event, range, Place::OutOfPlay, |place| place == Place::SetAside(key.0, key.1, before));
            }
        }
        Ok(())
    }

    fn acknowledge(&mut self, event: &Event, body: Body<'_>) -> Read<()> {
        self.step(event, &["reconciling"], "reconciled");
        let statement = body.of("acknowledgement")?;
        if statement.id("by")? != event.actor.1 || statement.text("statement")?.is_empty() {
            self.find(Check::Counts, event, "an acknowledgement without its author or its words");
        }
        let counts = statement.of("counts")?;
        let stated = Identity {
            sold: counts.u64("sold")?,
            voided: counts.u64("voided")?,
            held: counts.u64("held")?,
            reserved: counts.u64("reserved")?,
            out_of_play: counts.u64("out_of_play")?,
            unsold: counts.u64("unsold")?,
        };
        let counted = self.account.identity();
        if stated != counted {
            self.find(Check::Counts, event, &format!("acknowledged {stated:?}, counted {counted:?}"));
        }
        let net = self.account.sums().net_minor();
        if statement.u64("net_minor")? != net {
            self.find(
                Check::Sums,
                event,
                &format!("net sales of {} were acknowledged, not {net}", statement.u64("net_minor")?),
            );
        }
        let prizes: Read<Vec<_>> =
            statement.list("prizes")?.map(|prize| Ok((prize.u64("prize")?, prize.u64("value_minor")?))).collect();
        let computed = self.account.prize_values(net);
        if prizes? != computed {
            self.find(Check::Sums, event, &format!("the prizes are worth {computed:?} (prize, minor units)"));
        }
        let open = [
            ("handhelds", self.account.devices.values().filter(|device| device.state == "joined").count()),
            ("sales in quarantine", self.account.open_quarantine()),
            ("misprints", self.account.misprints_open.len()),
            ("unpaid orders", self.account.orders.values().filter(|order| order.status == "held").count()),
        ];
        for (what, count) in open.into_iter().filter(|(_, count)| *count > 0) {
            self.find(Check::Counts, event, &format!("acknowledged with {count} {what} open"));
        }
        self.account.acknowledgement = Some(statement.0.clone());
        Ok(())
    }
}

fn disjoint(ranges: &[(u64, u64)]) -> bool {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).all(|pair| pair[0].1 < pair[1].0)
}

fn device_knew(device: &Device, at: u64) -> Option<u64> {
    device.notices.iter().rev().find(|(heard, _, _)| *heard <= at).map(|(_, closes_at, _)| *closes_at)
}

impl Account {
    /// Numbers promised to unpaid orders.
    pub fn held(&self) -> u64 {
        self.orders.values().filter(|order| order.status == "held").map(|order| order.numbers).sum()
    }

    /// The six counts over the whole range.
    pub fn identity(&self) -> Identity {
        self.numbers.identity(self.held(), |_, _| true)
    }

    /// The six counts of one pool, handhelds' numbers included.
    pub fn pool_identity(&self, pool: Pool) -> Option<Identity> {
        let pools = self.config.get("pools")?.as_array()?;
        let share = pools.iter().find(|share| share["pool"].as_str().and_then(Pool::named) == Some(pool))?;
        let (first, last) = (share["range"]["first"].as_u64()?, share["range"]["last"].as_u64()?);
        let held = if pool == Pool::Online { self.held() } else { 0 };
        Some(self.numbers.identity(held, |from, to| from >= first && to <= last))
    }

    /// The size of the range.
    pub fn total(&self) -> u64 {
        self.numbers.count(|_| true)
    }

    /// Sales set aside that nobody has decided about.
    pub fn open_quarantine(&self) -> usize {
        self.set_aside.values().filter(|aside| aside.order.is_some() && aside.resolution.is_none()).count()
    }

    /// Sums over all tickets.
    pub fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for ticket in self.tickets.values() {
            sums.add(ticket, ticket.numbers, ticket.price_minor);
        }
        sums
    }

    /// Sums by way in.
    pub fn by_channel(&self) -> BTreeMap<String, Sums> {
        let mut sums = BTreeMap::<String, Sums>::new();
        for ticket in self.tickets.values() {
            sums.entry(ticket.channel.clone()).or_default().add(ticket, ticket.numbers, ticket.price_minor);
        }
        sums
    }

    /// Sums by handheld.
    pub fn by_device(&self) -> BTreeMap<Id, Sums> {
        let mut sums = BTreeMap::<Id, Sums>::new();
        for ticket in self.tickets.values() {
            if let Some((device, _)) = ticket.device {
                sums.entry(device).or_default().add(ticket, ticket.numbers, ticket.price_minor);
            }
        }
        sums
    }

    /// Sums by package: here `tickets` are packages.
    pub fn by_package(&self) -> BTreeMap<u64, Sums> {
        let mut sums = BTreeMap::<u64, Sums>::new();
        for ticket in self.tickets.values() {
            for (package, quantity) in &ticket.lines {
                let listed =
                    self.config["packages"].as_array().into_iter().flatten().find(|item| item["id"] == *package);
                let field = |name: &str| listed.and_then(|item| item[name].as_u64()).unwrap_or(0) * quantity;
                let sum = sums.entry(*package).or_default();
                sum.add(ticket, field("numbers"), field("price_minor"));
                // One line may hold several packages.
                sum.tickets += quantity - 1;
                if ticket.state == "voided" {
                    sum.voided_tickets += quantity - 1;
                }
            }
        }
        sums
    }

    /// Each prize's value when net sales are `net`: seed + share, raised to the guarantee, lowered to the cap.
    pub fn prize_values(&self, net: u64) -> Vec<(u64, u64)> {
        let prizes = self.config["prizes"].as_array().cloned().unwrap_or_default();
        let value = |prize: &Value| -> Option<u64> {
            if let Some(fixed) = prize["rule"].get("fixed") {
                return fixed["value_minor"].as_u64();
            }
            let rule = &prize["rule"]["percentage"];
            let share = u128::from(net) * u128::from(rule["basis_points"].as_u64()?) / 10_000;
            let value = rule["seed_minor"].as_u64()? + u64::try_from(share).ok()?;
            let value = value.max(rule["guarantee_minor"].as_u64()?);
            Some(rule["cap_minor"].as_u64().map_or(value, |cap| value.min(cap)))
        };
        prizes.iter().map(|prize| (prize["id"].as_u64().unwrap_or(0), value(prize).unwrap_or(u64::MAX))).collect()
    }
}

/// Event numbers of every organisation: from 1, consecutive, each given to one raffle that carries it (L-05).
pub fn event_numbers(books: &Books, raffles: &BTreeMap<Id, Account>, findings: &mut Findings) {
    for (stream, events) in books.journals().filter(|(_, events)| events[0].raffle == bytes::NIL) {
        let mut last = 0;
        for event in events {
            let Ok(payload) = serde_json::from_slice::<Value>(&event.payload) else {
                findings
                    .add(Check::Event, format!("journal {}, event {} cannot be read", bytes::uuid(&stream), event.seq));
                continue;
            };
            if payload["type"] != "event_numbered/1" {
                continue;
            }
            let number = payload["body"]["number"].as_u64().unwrap_or(0);
            if number != last + 1 {
                findings.add(Check::EventNumber, format!("event number {} is due, {number} was given", last + 1));
            }
            last = number;
            let raffle = payload["body"]["raffle"].as_str().and_then(bytes::id).unwrap_or_default();
            // A crash between the two leaves a number without a raffle, never a raffle without its number.
            if let Some(account) = raffles.get(&raffle) {
                findings.equal(Check::EventNumber, "a raffle's event number", account.event_number, number);
            }
        }
    }
}
