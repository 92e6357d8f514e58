//! `GET /draw/{id}/results`: for the staff once drawn, for everybody once published (GLI-31 §2.6.5).

use super::dto::{DrawResults, DrawStatus, Winner};
use super::locate;
use super::places::{Place, places};
use crate::api::error::{ApiError, Problem};
use crate::api::extract::PathOf;
use crate::api::raffles::dto::{Reserve, is_public};
use crate::api::tickets::dto::{Eyes, Ticket, Tickets};
use crate::api::tickets::maybe_staff::MaybeStaff;
use crate::auth::permission::Watch;
use crate::state::App;
use actix_web::{get, web};
use drumroll_engine::id::{DrawId, RaffleId};
use drumroll_engine::raffle::Rejection;

/// The winners of a draw. The winning tickets themselves are for the staff alone.
#[utoipa::path(
    tag = "draw",
    security((), ("staff" = ["watch"])),
    params(("id" = Uuid, Path, description = "The draw.")),
    responses(
        (status = 200, body = DrawResults),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_draw`, `not_found`; to the public also while the result is not published."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`wrong_draw_status`: to the staff, before the winners are drawn."),
    ),
)]
#[get("/draw/{id}/results")]
pub(crate) async fn get_draw_results(
    MaybeStaff(staff): MaybeStaff<Watch>,
    app: web::Data<App>,
    PathOf(id): PathOf<DrawId>,
) -> Result<web::Json<DrawResults>, ApiError> {
    let (stream, draw_no) = locate(&app, id).await?;
    let staff = staff.filter(|staff| staff.sees(stream.organisation));
    let feed = app.node.feed(stream).await?;
    let view = feed.view();
    let draw = view.frame.draws.iter().find(|draw| draw.draw_no == draw_no).ok_or(Rejection::UnknownDraw)?;
    if staff.is_none() && !is_public(draw) {
        return Err(Rejection::UnknownDraw.into());
    }
    let result = draw.result.as_ref().ok_or(Rejection::WrongDrawStatus { status: draw.status })?;
    let places = places(&view, draw);
    let mut winners = Vec::new();
    let mut tickets = Tickets::new(&app, feed.clone(), Eyes::Staff);
    for place in &places {
        let Some((prize_id, prize_name)) = place.prize.clone() else { continue };
        let ticket = match &staff {
            Some(_) => ticket(&app, stream.raffle, &mut tickets, place).await?,
            None => None,
        };
        let Place { position, rank, number, value_minor, .. } = *place;
        winners.push(Winner { prize_id, prize_name, position, rank, number, value_minor, ticket });
    }
    Ok(web::Json(DrawResults {
        draw: DrawStatus::of(stream.raffle, draw),
        seed: result.seed,
        result_hash: result.result_hash,
        winners,
        reserves: places.iter().filter_map(Reserve::of).collect(),
    }))
}

async fn ticket(
    app: &App,
    raffle: RaffleId,
    tickets: &mut Tickets<'_>,
    place: &Place,
) -> Result<Option<Ticket>, ApiError> {
    match app.node.store().ticket_of_number(raffle, place.number).await? {
        Some(row) => tickets.one(&row).await.map(Some),
        None => Ok(None),
    }
}
