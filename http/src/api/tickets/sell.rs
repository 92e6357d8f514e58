//! A sale that is paid on the spot.

use super::dto::{Eyes, Ticket, Tickets};
use crate::api::error::ApiError;
use crate::auth::Staff;
use crate::auth::permission::Permission;
use crate::state::App;
use drumroll_actors::feed::RaffleFeed;
use drumroll_actors::intake::Lane;
use drumroll_actors::keys;
use drumroll_actors::store::{StreamId, TicketRef};
use drumroll_engine::id::OrderKey;
use drumroll_engine::journal::Cause;
use drumroll_engine::money::Line;
use drumroll_engine::raffle::sell_tickets::SellTickets;
use drumroll_engine::raffle::{Answer, Channel, Command};
use std::sync::Arc;

/// The command that sells `lines`.
pub(super) fn command<P: Permission>(
    staff: &Staff<P>,
    channel: Channel,
    order: OrderKey,
    lines: Vec<Line>,
) -> Result<Command, ApiError> {
    let (random, salt) = (*keys::random::<8>()?, *keys::random::<32>()?);
    Ok(Command::SellTickets(SellTickets { order, channel, seller: Some(staff.user), lines, random, salt }))
}

/// Sells and gives the ticket; a repeat gives the ticket on record (I3).
pub(super) async fn sell<P: Permission>(
    app: &App,
    staff: &Staff<P>,
    stream: StreamId,
    channel: Channel,
    order: OrderKey,
    lines: Vec<Line>,
) -> Result<Ticket, ApiError> {
    let command = command(staff, channel, order, lines)?;
    let answered = app.node.execute(stream, Lane::Counter, staff.origin(Cause::Order(order)), command).await?;
    let feed = app.node.feed(stream).await?;
    ticket_of(app, &feed, &answered.answer).await
}

/// The ticket behind an answer.
pub(super) async fn ticket_of(app: &App, feed: &Arc<RaffleFeed>, answer: &Answer) -> Result<Ticket, ApiError> {
    let mut tickets = Tickets::new(app, feed.clone(), Eyes::Seller);
    let order = match answer {
        Answer::Sold(sale) => return tickets.sold(sale).await,
        Answer::OnRecord(order) => *order,
        _ => return Err(ApiError::new("internal", "A sale was answered with something else.")),
    };
    let row = app.node.store().ticket(Some(feed.view().raffle), TicketRef::Order(order)).await?;
    let row = row.ok_or_else(|| ApiError::new("outcome_unknown", "The ticket cannot be read yet. Ask again."))?;
    tickets.one(&row).await
}
