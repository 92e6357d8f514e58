//! `POST /raffle/{id}/tickets/generate`: a sale by an integrated outside system.

use super::dto::{Line, Ticket};
use super::lines::checked;
use super::sell::sell;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, IdempotencyKey, PathOf};
use crate::auth::Staff;
use crate::auth::permission::SellIntegrated;
use crate::state::App;
use actix_web::{HttpResponse, post, web};
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::Channel;
use serde::Deserialize;
use utoipa::ToSchema;

/// How many of which package.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"package_id": 1, "quantity": 2}))]
pub struct IntegrationRequest {
    /// The package.
    pub package_id: u32,
    /// Packages, 1 to 100; the ticket carries the numbers of all of them.
    #[schema(minimum = 1, maximum = 100)]
    pub quantity: u32,
}

/// Sells one ticket of `quantity` packages. A repeat under the same key gives the same ticket.
#[utoipa::path(
    tag = "tickets",
    security(("staff" = ["sell_integrated"])),
    params(
        ("id" = Uuid, Path, description = "The raffle."),
        ("Idempotency-Key" = Uuid, Header, description = "The order's key, made before the first attempt."),
    ),
    request_body = IntegrationRequest,
    responses(
        (status = 201, body = Ticket),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`not_yet_selling`, `sales_suspended`, `sales_closed`, `channel_not_sold`, `sold_out`, `out_of_stock`, `idempotency_terms_differ`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `unknown_package`"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`busy`, `outcome_unknown`, `store_unavailable`: repeat under the same key."),
    ),
)]
#[post("/raffle/{id}/tickets/generate")]
pub(crate) async fn generate_integration_ticket(
    staff: Staff<SellIntegrated>,
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
    key: IdempotencyKey,
    Body(request): Body<IntegrationRequest>,
) -> Result<HttpResponse, ApiError> {
    let IntegrationRequest { package_id, quantity } = request;
    if !(1..=100).contains(&quantity) {
        return Err(ApiError::field("quantity", "Between 1 and 100."));
    }
    let lines = checked(&[Line { package_id, quantity }])?;
    let stream = staff.stream(&app, id).await?;
    let ticket = sell(&app, &staff, stream, Channel::Integration, key.order(), lines).await?;
    Ok(HttpResponse::Created().json(ticket))
}
