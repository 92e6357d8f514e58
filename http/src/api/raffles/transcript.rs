//! `GET /raffles/{id}/transcript`: all it takes to check a draw (I10).

use super::dto::is_public;
use super::public_raffle;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{PathOf, QueryOf};
use crate::state::App;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::{HttpResponse, get, web};
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::Rejection;
use serde::Deserialize;
use std::collections::VecDeque;
use std::sync::{LazyLock, Mutex, PoisonError};
use utoipa::IntoParams;

/// Which draw.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TranscriptQuery {
    /// Its number in the raffle; the main draw when left out.
    #[param(minimum = 1)]
    pub draw_no: Option<u32>,
}

/// A published transcript never changes, and making one takes the whole ledger: the few that are asked
/// for at a time are kept, so that a crowd which checks a draw costs its raffle nothing.
static MADE: LazyLock<Mutex<VecDeque<(RaffleId, u32, web::Bytes)>>> = LazyLock::new(Mutex::default);

/// Transcripts kept. A league night's is some ten megabytes.
const KEPT: usize = 4;

fn made(raffle: RaffleId, draw_no: u32) -> Option<web::Bytes> {
    let made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.iter().find(|(id, no, _)| (*id, *no) == (raffle, draw_no)).map(|(_, _, bytes)| bytes.clone())
}

fn keep(raffle: RaffleId, draw_no: u32, bytes: &web::Bytes) {
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if made.iter().all(|(id, no, _)| (*id, *no) != (raffle, draw_no)) {
        made.push_back((raffle, draw_no, bytes.clone()));
        while made.len() > KEPT {
            made.pop_front();
        }
    }
}

/// The transcript of a published draw (RDP-1).
#[utoipa::path(
    tag = "raffles",
    params(("id" = Uuid, Path, description = "The raffle."), TranscriptQuery),
    responses(
        (status = 200, body = Object, content_type = "application/json", description = "A transcript, as `drumroll verify` reads it."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `unknown_draw`, `not_found`; also for a draw that is not published."),
    ),
)]
#[get("/raffles/{id}/transcript")]
pub(crate) async fn get_transcript(
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
    QueryOf(query): QueryOf<TranscriptQuery>,
) -> Result<HttpResponse, ApiError> {
    let (stream, feed) = public_raffle(&app, id).await?;
    let draw_no = query.draw_no.unwrap_or(1);
    let unknown = || ApiError::from(Rejection::UnknownDraw);
    let view = feed.view();
    let published = view.frame.draws.iter().any(|draw| draw.draw_no == draw_no && is_public(draw));
    if !published {
        return Err(unknown());
    }
    let bytes = match made(id, draw_no) {
        Some(bytes) => bytes,
        None => {
            let bytes = app.node.transcript(stream, draw_no).await?.ok_or_else(unknown)?;
            let bytes = web::Bytes::from(bytes);
            keep(id, draw_no, &bytes);
            bytes
        }
    };
    let name = format!("attachment; filename=\"draw-{}-{draw_no}.json\"", view.event_number);
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "public, max-age=86400"))
        .insert_header((CONTENT_DISPOSITION, name))
        .body(bytes))
}
