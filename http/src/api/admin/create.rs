//! `POST /admin/raffles`: a draft under its gapless number (L-05).

use super::dto::RaffleAdmin;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, IdempotencyKey};
use crate::api::raffles::wire::RaffleKind;
use crate::auth::Staff;
use crate::auth::permission::SetUp;
use crate::ids;
use crate::state::App;
use actix_web::{HttpResponse, post, web};
use drumroll_actors::intake::Lane;
use drumroll_actors::store::StreamId;
use drumroll_engine::id::RaffleId;
use drumroll_engine::organisation;
use drumroll_engine::organisation::number_event::NumberEvent;
use drumroll_engine::raffle::Command;
use drumroll_engine::raffle::create_raffle::CreateRaffle;
use serde::Deserialize;
use utoipa::ToSchema;

/// A new raffle.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Game 12 50/50", "kind": "live"}))]
pub struct NewRaffle {
    /// Its working name, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Live, or a rehearsal.
    pub kind: RaffleKind,
}

/// Creates a draft. It takes the organisation's next event number, for ever; a repeat under the same key
/// gives the same raffle.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["set_up"])),
    params(("Idempotency-Key" = Uuid, Header, description = "Made before the first attempt.")),
    request_body = NewRaffle,
    responses(
        (status = 201, body = RaffleAdmin),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`idempotency_terms_differ`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `bad_name`"),
    ),
)]
#[post("/admin/raffles")]
pub(crate) async fn create_raffle(
    staff: Staff<SetUp>,
    app: web::Data<App>,
    key: IdempotencyKey,
    Body(request): Body<NewRaffle>,
) -> Result<HttpResponse, ApiError> {
    let NewRaffle { name, kind } = request;
    let raffle = RaffleId(ids::derived("raffle", staff.organisation, key.0));
    let origin = staff.origin(key.command());
    let number = NumberEvent { raffle, name: name.clone(), kind: kind.into() };
    app.node.organise(staff.organisation, origin, organisation::Command::NumberEvent(number)).await?;
    let numbered = app.node.read_organisation(staff.organisation, move |state| state.events.get(&raffle).cloned());
    let numbered = numbered.await?.ok_or_else(|| ApiError::new("internal", "The event has no number."))?;
    let stream = StreamId { organisation: staff.organisation, raffle };
    let create = CreateRaffle { event_number: numbered.number, name: numbered.name, kind: numbered.kind };
    app.node.execute(stream, Lane::Control, origin, Command::CreateRaffle(create)).await?;
    Ok(HttpResponse::Created().json(RaffleAdmin::read(&app, stream).await?))
}
