//! `/ws/public/raffles/{id}`: the jackpot, the countdown and the facts, for anybody.

use crate::viewer::{Entry, Viewer, listen};
use crate::wire::Wire;
use crate::{Sockets, same_origin};
use actix::Actor;
use actix_web::{HttpRequest, HttpResponse, web};
use drumroll_actors::store::StreamId;
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::Status;
use serde::Deserialize;

/// Where a client goes on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct From {
    /// The last fact it knows.
    facts_from: Option<u64>,
}

pub(crate) async fn public(
    request: HttpRequest,
    body: web::Payload,
    raffle: web::Path<String>,
    from: web::Query<From>,
    sockets: web::Data<Sockets>,
) -> Result<HttpResponse, actix_web::Error> {
    if !same_origin(&request) {
        return Ok(HttpResponse::Forbidden().finish());
    }
    let Ok(raffle) = raffle.parse::<RaffleId>() else { return Ok(HttpResponse::NotFound().finish()) };
    let stream = match sockets.0.node.stream(raffle).await {
        Ok(Some(stream)) => stream,
        Ok(None) => return Ok(HttpResponse::NotFound().finish()),
        Err(_) => return Ok(HttpResponse::ServiceUnavailable().insert_header(("retry-after", "5")).finish()),
    };
    watch(&request, body, &sockets, stream, from.facts_from, false).await
}

/// Opens a socket on a raffle.
pub(crate) async fn watch(
    request: &HttpRequest,
    body: web::Payload,
    sockets: &Sockets,
    stream: StreamId,
    facts_from: Option<u64>,
    board: bool,
) -> Result<HttpResponse, actix_web::Error> {
    let unavailable = || HttpResponse::ServiceUnavailable().insert_header(("retry-after", "5")).finish();
    let Some(seat) = sockets.enter() else { return Ok(unavailable()) };
    let Ok(push) = sockets.0.pushes.get(stream).await else { return Ok(unavailable()) };
    // What is not announced yet is nobody's business but the organisation's.
    let announced = !matches!(push.feed.view().status, Status::Draft | Status::Configured);
    if !board && !announced {
        return Ok(HttpResponse::NotFound().finish());
    }
    let (response, session, frames) = actix_ws::handle(request, body)?;
    let wire = request.conn_data::<Wire>().cloned();
    let entry = Entry { raffle: stream.raffle, push, session: session.clone(), wire, facts_from, board, seat };
    let viewer = Viewer::new(sockets.clone(), entry).start();
    actix_web::rt::spawn(listen(frames, session, viewer));
    Ok(response)
}
