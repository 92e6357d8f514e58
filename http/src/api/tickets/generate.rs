//! `POST /tickets/generate`: a sale at a counter.

use super::dto::{Line, Ticket};
use super::lines::checked;
use super::sell::sell;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, IdempotencyKey};
use crate::auth::Staff;
use crate::auth::permission::SellAtCounter;
use crate::state::App;
use actix_web::{HttpResponse, post, web};
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::Channel;
use serde::Deserialize;
use utoipa::ToSchema;

/// What is sold.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"raffle_id": "018f3a5e-7c2b-7d00-a1b2-c3d4e5f60718", "lines": [{"package_id": 1, "quantity": 2}]}))]
pub struct GenerateRequest {
    /// The raffle.
    #[schema(value_type = Uuid)]
    pub raffle_id: RaffleId,
    /// Packages, each named once, 1 to 100 in all.
    pub lines: Vec<Line>,
}

/// Sells one ticket at a counter. A repeat under the same key gives the same ticket.
#[utoipa::path(
    tag = "tickets",
    security(("staff" = ["sell_at_counter"])),
    params(("Idempotency-Key" = Uuid, Header, description = "The order's key, made before the first attempt.")),
    request_body = GenerateRequest,
    responses(
        (status = 201, body = Ticket),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`not_yet_selling`, `sales_suspended`, `sales_closed`, `channel_not_sold`, `sold_out`, `out_of_stock`, `idempotency_terms_differ`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `bad_lines`, `unknown_package`"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`busy`, `outcome_unknown`, `store_unavailable`: repeat under the same key."),
    ),
)]
#[post("/tickets/generate")]
pub(crate) async fn generate_ticket(
    staff: Staff<SellAtCounter>,
    app: web::Data<App>,
    key: IdempotencyKey,
    Body(request): Body<GenerateRequest>,
) -> Result<HttpResponse, ApiError> {
    let lines = checked(&request.lines)?;
    let stream = staff.stream(&app, request.raffle_id).await?;
    let ticket = sell(&app, &staff, stream, Channel::Counter, key.order(), lines).await?;
    Ok(HttpResponse::Created().json(ticket))
}
