//! `PUT /admin/raffles/{id}/configuration` (L-01, L-02)

use super::config::{RaffleConfig, renamed};
use super::dto::RaffleAdmin;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, PathOf};
use crate::auth::Staff;
use crate::auth::permission::SetUp;
use crate::state::App;
use actix_web::{put, web};
use drumroll_actors::intake::Lane;
use drumroll_actors::node::Failure;
use drumroll_engine::id::RaffleId;
use drumroll_engine::journal::Cause;
use drumroll_engine::raffle::configure::Configure;
use drumroll_engine::raffle::{Command, Rejection};

/// Sets or replaces the whole configuration. Once sales opened it is refused, and the attempt is on record.
#[utoipa::path(
    tag = "admin",
    security(("staff" = ["set_up"])),
    params(("id" = Uuid, Path, description = "The raffle.")),
    request_body = RaffleConfig,
    responses(
        (status = 200, body = RaffleAdmin),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`frozen`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `invalid_configuration` with every field that is wrong"),
    ),
)]
#[put("/admin/raffles/{id}/configuration")]
pub(crate) async fn configure_raffle(
    staff: Staff<SetUp>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
    Body(request): Body<RaffleConfig>,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    let stream = staff.stream(&app, id).await?;
    let config = request.read()?;
    let venue = config.venue;
    let known = app.node.read_organisation(stream.organisation, move |state| state.venues.contains_key(&venue));
    if !known.await? {
        return Err(ApiError::field("venue_id", "Choose one of the organisation's venues."));
    }
    let command = Command::Configure(Box::new(Configure { config }));
    match app.node.execute(stream, Lane::Control, staff.origin(Cause::Internal), command).await {
        Ok(_) => RaffleAdmin::read(&app, stream).await.map(web::Json),
        Err(Failure::Refused(Rejection::InvalidConfig(errors))) => {
            let fields = renamed(&errors);
            Err(ApiError { errors: fields, ..Rejection::InvalidConfig(errors).into() })
        }
        Err(failure) => Err(failure.into()),
    }
}
