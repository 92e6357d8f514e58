//! `GET /tickets/{id}/validate`: whether a ticket is the one that was sold, and what it won.

use super::dto::{Eyes, Ticket, Tickets};
use super::maybe_staff::MaybeStaff;
use crate::api::draw::places::places;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::PathOf;
use crate::api::raffles::dto::is_public;
use crate::api::raffles::wire::TicketState;
use crate::auth::Staff;
use crate::auth::permission::FindTicket;
use crate::state::App;
use actix_web::{get, web};
use drumroll_actors::store::{TicketRef, TicketRow};
use drumroll_actors::view::RaffleView;
use drumroll_engine::id::OrderKey;
use drumroll_engine::ticket::ValidationNumber;
use serde::Serialize;
use utoipa::ToSchema;

/// A prize that a ticket won.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WonPrize {
    /// The prize.
    pub prize_id: u32,
    /// Its name.
    pub prize_name: String,
    /// Place among the winners of this prize, from 1.
    pub position: u32,
    /// The number on this ticket that won it.
    pub number: u64,
}

/// The verdict on a ticket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TicketCheck {
    /// Whether it takes part.
    pub valid: bool,
    /// Its state.
    pub state: TicketState,
    /// What it won; none while no result is published.
    pub won: Option<Vec<WonPrize>>,
    /// The ticket.
    pub ticket: Ticket,
}

/// Looks a ticket up: anybody by its validation number, the staff also by its order key.
#[utoipa::path(
    tag = "tickets",
    security((), ("staff" = ["find_ticket"])),
    params(("id" = String, Path, description = "The validation number, in whatever way it was typed; for the staff also the order key.")),
    responses(
        (status = 200, body = TicketCheck),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`not_found`: no such ticket, or none of this caller's business."),
    ),
)]
#[get("/tickets/{id}/validate")]
pub(crate) async fn validate_ticket(
    MaybeStaff(staff): MaybeStaff<FindTicket>,
    app: web::Data<App>,
    PathOf(id): PathOf<String>,
) -> Result<web::Json<TicketCheck>, ApiError> {
    let found = match (&staff, id.parse::<OrderKey>(), id.parse::<ValidationNumber>()) {
        (Some(staff), Ok(order), _) => by_order(&app, staff, order).await?,
        (_, _, Ok(number)) => app.node.store().ticket(None, TicketRef::Validation(number)).await?,
        _ => None,
    };
    let row = found.ok_or_else(ApiError::not_found)?;
    let stream = app.node.stream(row.raffle).await?.ok_or_else(ApiError::not_found)?;
    // The staff of another organisation is a stranger, who holds the validation number like everybody.
    let staff = staff.filter(|staff| staff.sees(stream.organisation));
    let feed = app.node.feed(stream).await?;
    let won = won(&feed.view(), &row);
    let eyes = if staff.is_some() { Eyes::Staff } else { Eyes::Public };
    let ticket = Tickets::new(&app, feed, eyes).one(&row).await?;
    Ok(web::Json(TicketCheck { valid: ticket.state != TicketState::Voided, state: ticket.state, won, ticket }))
}

/// Keys of orders are scoped by raffle, so the staff's raffles are looked through, newest first.
async fn by_order(app: &App, staff: &Staff<FindTicket>, order: OrderKey) -> Result<Option<TicketRow>, ApiError> {
    let raffles = app.node.store().raffles(Some(staff.organisation), false, None, RAFFLES_MAX).await?;
    for raffle in raffles {
        let row = app.node.store().ticket(Some(raffle.raffle), TicketRef::Order(order)).await?;
        if row.is_some() {
            return Ok(row);
        }
    }
    Ok(None)
}

/// Raffles in which an order is looked for: years of them.
const RAFFLES_MAX: u32 = 500;

/// What the ticket won in the published draws; `None` before there are any.
fn won(view: &RaffleView, row: &TicketRow) -> Option<Vec<WonPrize>> {
    let mut published = view.frame.draws.iter().filter(|draw| is_public(draw)).peekable();
    published.peek()?;
    let holds = |number: u64| row.ranges.iter().any(|range| range.contains(number));
    let places = published.flat_map(|draw| places(view, draw)).filter(|place| holds(place.number));
    let prizes = places.filter_map(|place| {
        let (prize_id, prize_name) = place.prize?;
        Some(WonPrize { prize_id, prize_name, position: place.position, number: place.number })
    });
    Some(prizes.collect())
}
