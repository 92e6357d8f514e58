//! `/ws/operator`: the board, for staff with a one-time ticket. A token in an address would end up in logs.

use crate::public::watch;
use crate::{Sockets, same_origin};
use actix_web::{HttpRequest, HttpResponse, web};
use drumroll_engine::id::RaffleId;
use serde::Deserialize;

/// What an operator's client brings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// The one-time ticket.
    ticket: String,
    /// The raffle to watch.
    raffle_id: String,
    /// The last fact it knows.
    facts_from: Option<u64>,
}

pub(crate) async fn operator(
    request: HttpRequest,
    body: web::Payload,
    entry: web::Query<Entry>,
    sockets: web::Data<Sockets>,
) -> Result<HttpResponse, actix_web::Error> {
    if !same_origin(&request) {
        return Ok(HttpResponse::Forbidden().finish());
    }
    let away = || Ok(HttpResponse::ServiceUnavailable().insert_header(("retry-after", "5")).finish());
    let holder = match sockets.0.tickets.take(&entry.ticket).await {
        Ok(Some(holder)) => holder,
        Ok(None) => return Ok(HttpResponse::Unauthorized().finish()),
        Err(_) => return away(),
    };
    let Ok(raffle) = entry.raffle_id.parse::<RaffleId>() else { return Ok(HttpResponse::NotFound().finish()) };
    let stream = match sockets.0.node.stream(raffle).await {
        // Another organisation's raffle looks like none at all.
        Ok(Some(stream)) if holder.everywhere || stream.organisation == holder.organisation => stream,
        Ok(_) => return Ok(HttpResponse::NotFound().finish()),
        Err(_) => return away(),
    };
    watch(&request, body, &sockets, stream, entry.facts_from, true).await
}
