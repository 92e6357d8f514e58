//! `GET /tickets/raffle/{raffle_id}`

use super::dto::{Eyes, Ticket, Tickets};
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{PathOf, QueryOf};
use crate::api::raffles::wire::{Channel, TicketState};
use crate::auth::Staff;
use crate::auth::permission::FindTicket;
use crate::state::App;
use actix_web::{get, web};
use drumroll_actors::store::TicketFilter;
use drumroll_engine::id::RaffleId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which tickets.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TicketQuery {
    /// At most so many, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Only of this state.
    pub state: Option<TicketState>,
    /// Only of this way in.
    pub channel: Option<Channel>,
}

/// A page of tickets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TicketPage {
    /// In the order in which they came in.
    pub items: Vec<Ticket>,
    /// Where the next page begins; none on the last.
    pub next_cursor: Option<String>,
}

/// Tickets of a raffle.
#[utoipa::path(
    tag = "tickets",
    security(("staff" = ["find_ticket"])),
    params(("raffle_id" = Uuid, Path, description = "The raffle."), TicketQuery),
    responses(
        (status = 200, body = TicketPage),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`"),
    ),
)]
#[get("/tickets/raffle/{raffle_id}")]
pub(crate) async fn list_tickets(
    staff: Staff<FindTicket>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
    QueryOf(query): QueryOf<TicketQuery>,
) -> Result<web::Json<TicketPage>, ApiError> {
    let limit = query.limit.unwrap_or(50);
    if !(1..=app.limits.page_max).contains(&limit) {
        return Err(ApiError::field("limit", &format!("Between 1 and {}.", app.limits.page_max)));
    }
    let after_seq = match &query.cursor {
        Some(cursor) => {
            cursor.parse().map_err(|_| ApiError::field("cursor", "Use the `next_cursor` of the page before."))?
        }
        None => 0,
    };
    let stream = staff.stream(&app, id).await?;
    let filter =
        TicketFilter { state: query.state.map(Into::into), channel: query.channel.map(Into::into), after_seq, limit };
    let rows = app.node.store().tickets(id, filter).await?;
    let feed = app.node.feed(stream).await?;
    let next_cursor = rows.last().filter(|_| rows.len() as u64 >= u64::from(limit)).map(|row| row.seq.to_string());
    Ok(web::Json(TicketPage { items: Tickets::new(&app, feed, Eyes::Staff).all(&rows).await?, next_cursor }))
}
