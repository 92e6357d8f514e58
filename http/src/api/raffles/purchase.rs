//! `POST /raffles/{id}/purchase`

use super::order::{Order, OrderAnswer, OrderStateName, recorded};
use super::public_raffle;
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, IdempotencyKey, PathOf};
use crate::api::tickets::dto::{Eyes, Line, Tickets};
use crate::api::tickets::lines::checked;
use crate::payment::PaymentInstruction;
use crate::payment::checkout::{Bought, buy};
use crate::state::App;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use drumroll_actors::store::StreamId;
use drumroll_engine::id::{OrderKey, RaffleId};
use drumroll_engine::money;
use serde::Deserialize;
use utoipa::ToSchema;

/// What is bought, and how it is paid.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"lines": [{"package_id": 1, "quantity": 2}], "payment": {"outcome": "pay"}}))]
pub struct PurchaseRequest {
    /// Packages, each named once, 1 to 100 in all.
    pub lines: Vec<Line>,
    /// For the payment provider.
    pub payment: PaymentInstruction,
}

/// Buys a ticket. A repeat under the same key, also at the same moment, charges once and answers the same.
#[utoipa::path(
    tag = "raffles",
    params(
        ("id" = Uuid, Path, description = "The raffle."),
        ("Idempotency-Key" = Uuid, Header, description = "The order's key, made before the first attempt. Keep it: it is the way to the ticket."),
    ),
    request_body = PurchaseRequest,
    responses(
        (status = 201, body = Order, description = "Paid; the ticket is in it."),
        (status = 202, body = Order, description = "The provider has not answered yet. Ask for the order."),
        (status = 200, body = Order, description = "A repeat of an order that was voided, refunded or paid too late."),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "`malformed_json`, `idempotency_key_missing`"),
        (status = 402, body = Problem, content_type = "application/problem+json", description = "`payment_declined`"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `not_found`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`not_yet_selling`, `sales_suspended`, `sales_closed`, `channel_not_sold`, `sold_out`, `out_of_stock`, `idempotency_terms_differ`, `hold_ended`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `bad_lines`, `unknown_package`"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`busy`, `outcome_unknown`, `payment_unavailable`, `store_unavailable`: repeat under the same key."),
    ),
)]
#[post("/raffles/{id}/purchase")]
pub(crate) async fn purchase(
    app: web::Data<App>,
    PathOf(id): PathOf<RaffleId>,
    key: IdempotencyKey,
    Body(request): Body<PurchaseRequest>,
) -> Result<HttpResponse, ApiError> {
    let lines = checked(&request.lines)?;
    let (stream, _) = public_raffle(&app, id).await?;
    // A buyer who goes away must not leave the provider's answer unheard.
    let run = tokio::spawn(run(app, stream, key.order(), lines, request.payment));
    let (status, order) =
        run.await.map_err(|_| ApiError::new("internal", "The purchase broke off. Ask for the order."))??;
    Ok(HttpResponse::build(status).json(order))
}

async fn run(
    app: web::Data<App>,
    stream: StreamId,
    key: OrderKey,
    lines: Vec<money::Line>,
    payment: PaymentInstruction,
) -> Result<(StatusCode, Order), ApiError> {
    let bought = buy(&app, stream, key, lines, payment).await?;
    let feed = app.node.feed(stream).await?;
    if let Bought::Sold(sale) = bought {
        let ticket = Tickets::new(&app, feed, Eyes::Holder).sold(&sale).await?;
        let order = Order {
            key,
            answer: OrderAnswer::Accepted,
            state: Some(OrderStateName::Paid),
            expires_at_ms: None,
            amount_minor: sale.price_minor,
            ticket: Some(ticket),
        };
        return Ok((StatusCode::CREATED, order));
    }
    let order = recorded(&app, &feed, key, Eyes::Holder).await?;
    let order = order.ok_or_else(|| ApiError::new("outcome_unknown", "Ask for the order under the same key."))?;
    match order.state {
        Some(OrderStateName::Paid) => Ok((StatusCode::CREATED, order)),
        Some(OrderStateName::Declined) => {
            Err(ApiError::new("payment_declined", "The payment was declined. Nothing was sold and nothing charged."))
        }
        Some(OrderStateName::Expired) => Err(ApiError::new(
            "hold_ended",
            "The time to pay this order is over. Nothing was sold and nothing charged.",
        )),
        Some(OrderStateName::Held) | None => Ok((StatusCode::ACCEPTED, order)),
        Some(OrderStateName::Voided | OrderStateName::RefundDue | OrderStateName::Refunded) => {
            Ok((StatusCode::OK, order))
        }
    }
}
