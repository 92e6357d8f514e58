//! `GET /raffles/{id}/orders/{key}`: what became of an order, for whoever holds its key (I3).

use super::public_raffle;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::PathOf;
use crate::api::tickets::dto::{Eyes, Ticket, Tickets};
use crate::state::App;
use actix_web::{get, web};
use drumroll_actors::feed::RaffleFeed;
use drumroll_actors::store::{OrderRow, OrderStatus, StreamId, TicketRef, TicketRow, TicketState};
use drumroll_engine::id::{OrderKey, RaffleId};
use drumroll_engine::raffle::HoldEnd;
use drumroll_engine::time::Timestamp;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Whether the server has the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderAnswer {
    /// It is settled; `state` says how.
    Accepted,
    /// It waits for its payment. Ask again; nothing is charged twice.
    Pending,
    /// The server has never seen it. Sending it again under the same key is safe.
    NotSeen,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderState)]
pub enum OrderStateName {
    /// It holds numbers until it is paid.
    Held,
    /// It has a ticket.
    Paid,
    /// The payment was declined.
    Declined,
    /// Its hold ended unpaid.
    Expired,
    /// Its ticket was voided.
    Voided,
    /// Money is on its way back.
    RefundDue,
    /// The money went back.
    Refunded,
}

/// An order, without anything about its buyer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Order {
    /// Its key.
    #[schema(value_type = Uuid)]
    pub key: OrderKey,
    /// Whether the server has it.
    pub answer: OrderAnswer,
    /// Where it stands.
    pub state: Option<OrderStateName>,
    /// When its hold ends, while it waits.
    pub expires_at_ms: Option<u64>,
    /// What it costs.
    pub amount_minor: u64,
    /// Its ticket.
    pub ticket: Option<Ticket>,
}

/// What became of an order: accepted, pending or not seen, never an error for a raffle that exists.
#[utoipa::path(
    tag = "raffles",
    params(("id" = Uuid, Path, description = "The raffle."), ("key" = Uuid, Path, description = "The order's key.")),
    responses(
        (status = 200, body = Order),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`busy`, `outcome_unknown`, `store_unavailable`"),
    ),
)]
#[get("/raffles/{id}/orders/{key}")]
pub(crate) async fn get_order(
    app: web::Data<App>,
    PathOf((id, key)): PathOf<(RaffleId, OrderKey)>,
) -> Result<web::Json<Order>, ApiError> {
    let (stream, feed) = public_raffle(&app, id).await?;
    if let Some(order) = recorded(&app, &feed, key, Eyes::Holder).await? {
        return Ok(web::Json(order));
    }
    // It may be decided and not committed yet: this answers after that commit, or there is no order.
    if in_flight(&app, stream, key).await?
        && let Some(order) = recorded(&app, &feed, key, Eyes::Holder).await?
    {
        return Ok(web::Json(order));
    }
    let nothing =
        Order { key, answer: OrderAnswer::NotSeen, state: None, expires_at_ms: None, amount_minor: 0, ticket: None };
    Ok(web::Json(nothing))
}

async fn in_flight(app: &App, stream: StreamId, key: OrderKey) -> Result<bool, ApiError> {
    Ok(app.node.read(stream, move |live| live.state.orders.contains_key(&key)).await?)
}

/// The order as the store has it; `None` when it has none. What the store has is durable, so most askers
/// never trouble the raffle's actor.
///
/// # Errors
/// The store did not answer.
pub(crate) async fn recorded(
    app: &App,
    feed: &Arc<RaffleFeed>,
    key: OrderKey,
    eyes: Eyes,
) -> Result<Option<Order>, ApiError> {
    let raffle = feed.view().raffle;
    let order = app.node.store().order(raffle, key).await?;
    if let Some(order) = order.as_ref().filter(|order| order.status != OrderStatus::Paid) {
        return Ok(Some(unpaid(order)));
    }
    let Some(row) = app.node.store().ticket(Some(raffle), TicketRef::Order(key)).await? else { return Ok(None) };
    let ticket = Tickets::new(app, feed.clone(), eyes).one(&row).await?;
    Ok(Some(Order {
        key,
        answer: OrderAnswer::Accepted,
        state: Some(state_of(&row, order.as_ref())),
        expires_at_ms: None,
        amount_minor: row.price_minor,
        ticket: Some(ticket),
    }))
}

fn state_of(ticket: &TicketRow, order: Option<&OrderRow>) -> OrderStateName {
    match order.and_then(refund) {
        Some(refund) => refund,
        None if ticket.state == TicketState::Voided => OrderStateName::Voided,
        None => OrderStateName::Paid,
    }
}

fn refund(order: &OrderRow) -> Option<OrderStateName> {
    order.refund_due_at?;
    Some(if order.refund_reference.is_some() { OrderStateName::Refunded } else { OrderStateName::RefundDue })
}

fn unpaid(order: &OrderRow) -> Order {
    let ended = |state| (OrderAnswer::Accepted, refund(order).unwrap_or(state), None);
    let (answer, state, expires_at) = match order.status {
        OrderStatus::Held | OrderStatus::Paid => (OrderAnswer::Pending, OrderStateName::Held, Some(order.expires_at)),
        OrderStatus::Ended(HoldEnd::Declined) => ended(OrderStateName::Declined),
        OrderStatus::Ended(HoldEnd::Expired | HoldEnd::Closed | HoldEnd::Cancelled) => ended(OrderStateName::Expired),
    };
    Order {
        key: order.order,
        answer,
        state: Some(state),
        expires_at_ms: expires_at.map(Timestamp::as_millis),
        amount_minor: order.price_minor,
        ticket: None,
    }
}
