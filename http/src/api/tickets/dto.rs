//! A bearer ticket on the wire (T-01), and who may see how much of it.

use crate::api::error::ApiError;
use crate::api::raffles::wire::{Channel, NumberRange, TicketState};
use crate::state::App;
use drumroll_actors::feed::RaffleFeed;
use drumroll_actors::store::{self, TicketRow};
use drumroll_actors::view::RaffleView as Committed;
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{DeviceId, OrderKey, RaffleId, UserId};
use drumroll_engine::raffle::{Kind, Sale, sale_hash};
use drumroll_engine::ticket::NumberRange as Range;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// So many of one package.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"package_id": 1, "quantity": 2}))]
pub struct Line {
    /// The package.
    pub package_id: u32,
    /// How many, 1 to 100.
    #[schema(minimum = 1, maximum = 100)]
    pub quantity: u32,
}

/// A line of a ticket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TicketLine {
    /// The package.
    pub package_id: u32,
    /// What people read.
    pub label: String,
    /// How many.
    pub quantity: u32,
}

/// A bearer ticket: everything GLI-31 §2.3.1 asks for, and what the holder needs to check the draw.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ticket {
    /// The order, and the ticket's identity.
    #[schema(value_type = Uuid)]
    pub order_key: OrderKey,
    /// The raffle.
    #[schema(value_type = Uuid)]
    pub raffle_id: RaffleId,
    /// The raffle's gapless number.
    pub event_number: u64,
    /// Who holds the raffle.
    pub organisation_name: String,
    /// The raffle.
    pub event_name: String,
    /// Where it is held.
    pub location: String,
    /// The licence.
    pub licence: Option<String>,
    /// Sixteen characters in fours (T-03).
    #[schema(example = "0C1P-7Q2M-9D4X-W8TR")]
    pub validation_number: String,
    /// The way in.
    pub channel: Channel,
    /// The handheld that sold it.
    pub device_label: Option<String>,
    /// Who sold it; for the staff's eyes.
    pub seller_name: Option<String>,
    /// What was paid.
    pub price_minor: u64,
    /// ISO 4217.
    pub currency: String,
    /// What was bought.
    pub lines: Vec<TicketLine>,
    /// Its draw numbers.
    pub ranges: Vec<NumberRange>,
    /// How many they are.
    pub numbers_count: u64,
    /// When it was sold.
    pub sold_at_ms: u64,
    /// IANA name of the venue's time zone, for showing that instant.
    pub time_zone: String,
    /// Whether it takes part.
    pub state: TicketState,
    /// Why it is voided or marked.
    pub void_reason: Option<String>,
    /// The salt under the sale's hash, in hex: whoever has it can show what was bought. Only for the holder,
    /// that is whoever names the order key or made the sale.
    #[schema(value_type = Option<String>)]
    pub salt: Option<Bytes<32>>,
    /// The hash that stands for the sale in the published list.
    #[schema(value_type = String)]
    pub sale_hash: Bytes<32>,
    /// Lines printed on every ticket.
    pub ticket_lines: Vec<String>,
    /// Whether it is a rehearsal's: not a valid ticket (L-08).
    pub test: bool,
    /// Hash of the main draw's plan, to pin when checking the draw.
    #[schema(value_type = Option<String>)]
    pub plan_hash: Option<Bytes<32>>,
}

/// Who looks at a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eyes {
    /// Somebody who holds its validation number.
    Public,
    /// Whoever presented its order key.
    Holder,
    /// A member of the staff.
    Staff,
    /// Whoever just made the sale.
    Seller,
}

impl Eyes {
    const fn see_salt(self) -> bool {
        matches!(self, Self::Holder | Self::Seller)
    }

    const fn see_seller(self) -> bool {
        matches!(self, Self::Staff | Self::Seller)
    }
}

/// Turns rows into tickets of one raffle. Names are looked up once for all of them.
pub struct Tickets<'a> {
    app: &'a App,
    feed: Arc<RaffleFeed>,
    view: Arc<Committed>,
    eyes: Eyes,
    sellers: BTreeMap<UserId, String>,
}

impl<'a> Tickets<'a> {
    /// For tickets of the raffle of `feed`, as `eyes` may see them.
    pub fn new(app: &'a App, feed: Arc<RaffleFeed>, eyes: Eyes) -> Self {
        let view = feed.view();
        Self { app, feed, view, eyes, sellers: BTreeMap::new() }
    }

    /// One ticket.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn one(&mut self, row: &TicketRow) -> Result<Ticket, ApiError> {
        let seller_name = match row.seller.filter(|_| self.eyes.see_seller()) {
            Some(seller) => self.seller(seller).await?,
            None => None,
        };
        let device_label = match row.device {
            Some(device) => self.device(device).await?,
            None => None,
        };
        Ok(self.describe(row, seller_name, device_label))
    }

    /// Several tickets.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn all(&mut self, rows: &[TicketRow]) -> Result<Vec<Ticket>, ApiError> {
        let mut tickets = Vec::with_capacity(rows.len());
        for row in rows {
            tickets.push(self.one(row).await?);
        }
        Ok(tickets)
    }

    /// A ticket that was sold just now and is durable: no need to read it back.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn sold(&mut self, sale: &Sale) -> Result<Ticket, ApiError> {
        let row = self.row(sale)?;
        self.one(&row).await
    }

    fn row(&self, sale: &Sale) -> Result<TicketRow, ApiError> {
        let currency = self.view.config().map(|config| config.currency);
        let currency = currency.ok_or_else(|| ApiError::new("internal", "A sale without a configuration."))?;
        Ok(TicketRow {
            raffle: self.view.raffle,
            order: sale.order,
            seq: 0,
            validation: sale.validation,
            channel: sale.channel,
            device: sale.device_record.as_ref().map(|record| record.device),
            seller: sale.seller,
            lines: sale.lines.clone(),
            ranges: sale.ranges.clone(),
            numbers: sale.ranges.iter().map(Range::count).sum(),
            price_minor: sale.price_minor,
            sold_at: sale.sold_at,
            sale_hash: Bytes(sale_hash(self.view.raffle, currency, sale)),
            salt: sale.salt,
            state: store::TicketState::Valid,
            reason: None,
            changed_at: None,
        })
    }

    async fn seller(&mut self, user: UserId) -> Result<Option<String>, ApiError> {
        if let Some(name) = self.sellers.get(&user) {
            return Ok(Some(name.clone()));
        }
        let account = self.app.node.store().account(user).await?;
        Ok(account.map(|account| {
            self.sellers.insert(user, account.name.clone());
            account.name
        }))
    }

    async fn device(&self, device: DeviceId) -> Result<Option<String>, ApiError> {
        if let Some(known) = self.feed.device(&device) {
            return Ok(Some(known.label));
        }
        Ok(self.app.node.store().device(device).await?.map(|row| row.label))
    }

    fn describe(&self, row: &TicketRow, seller_name: Option<String>, device_label: Option<String>) -> Ticket {
        let config = self.view.config();
        let label = |package: u32| {
            let listed = config.and_then(|config| config.packages.iter().find(|listed| listed.id == package));
            listed.map(|listed| listed.label.clone()).unwrap_or_default()
        };
        let lines = row.lines.iter();
        Ticket {
            order_key: row.order,
            raffle_id: row.raffle,
            event_number: self.view.event_number,
            organisation_name: config.map(|config| config.organisation_name.clone()).unwrap_or_default(),
            event_name: self.view.frame.name.clone(),
            location: config.map(|config| config.location.clone()).unwrap_or_default(),
            licence: config.and_then(|config| config.licence.clone()),
            validation_number: row.validation.to_string(),
            channel: row.channel.into(),
            device_label,
            seller_name,
            price_minor: row.price_minor,
            currency: config.map(|config| config.currency.to_string()).unwrap_or_default(),
            lines: lines
                .map(|line| TicketLine {
                    package_id: line.package,
                    label: label(line.package),
                    quantity: line.quantity,
                })
                .collect(),
            ranges: row.ranges.iter().map(|range| (*range).into()).collect(),
            numbers_count: row.numbers,
            sold_at_ms: row.sold_at.as_millis(),
            time_zone: config.map(|config| config.time_zone.clone()).unwrap_or_default(),
            state: row.state.into(),
            void_reason: row.reason.clone(),
            salt: self.eyes.see_salt().then_some(row.salt),
            sale_hash: row.sale_hash,
            ticket_lines: config.map(|config| config.ticket_lines.clone()).unwrap_or_default(),
            test: self.view.kind == Kind::Test,
            plan_hash: self.view.frame.draws.first().map(|draw| draw.plan_hash),
        }
    }
}
