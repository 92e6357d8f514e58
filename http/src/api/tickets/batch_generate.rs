//! `POST /tickets/batch-generate`: many counter sales in one call, each with a verdict of its own.

use super::dto::{Line, Ticket};
use super::lines;
use super::sell::{command, ticket_of};
use crate::api::error::{ApiError, FieldError, Problem};
use crate::api::extract::Body;
use crate::auth::Staff;
use crate::auth::permission::SellAtCounter;
use crate::state::App;
use actix_web::{post, web};
use drumroll_actors::intake::Lane;
use drumroll_engine::id::{OrderKey, RaffleId};
use drumroll_engine::journal::Cause;
use drumroll_engine::money;
use drumroll_engine::raffle::Channel;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Orders in one call. They are judged in one turn of the raffle, which others wait for.
const ORDERS_MAX: usize = 200;

/// One order of a batch.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchOrder {
    /// Its idempotency key.
    #[schema(value_type = Uuid)]
    pub key: OrderKey,
    /// Packages, each named once, 1 to 100 in all.
    pub lines: Vec<Line>,
}

/// Many orders of one raffle.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"raffle_id": "018f3a5e-7c2b-7d00-a1b2-c3d4e5f60718", "orders": [{"key": "018f3a5e-7c2b-7d00-a1b2-c3d4e5f60719", "lines": [{"package_id": 1, "quantity": 2}]}]}))]
pub struct BatchRequest {
    /// The raffle.
    #[schema(value_type = Uuid)]
    pub raffle_id: RaffleId,
    /// 1 to 200 orders, each under a key of its own.
    pub orders: Vec<BatchOrder>,
}

/// What became of one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BatchOutcome {
    /// It has a ticket, now or since an earlier call.
    Sold,
    /// It was refused; `code` says why.
    Refused,
}

/// The verdict on one order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BatchResult {
    /// Its key.
    #[schema(value_type = Uuid)]
    pub key: OrderKey,
    /// What became of it.
    pub outcome: BatchOutcome,
    /// Its ticket.
    pub ticket: Option<Ticket>,
    /// Why not: a code of the error table.
    pub code: Option<String>,
    /// Why not, in words.
    pub detail: Option<String>,
}

/// One verdict per order, in the order asked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BatchResponse {
    /// The verdicts.
    pub results: Vec<BatchResult>,
}

/// Sells many tickets at a counter, each order for itself: one that is refused does not hold up the rest,
/// and repeating the call sells nothing twice.
#[utoipa::path(
    tag = "tickets",
    security(("staff" = ["sell_at_counter"])),
    request_body = BatchRequest,
    responses(
        (status = 200, body = BatchResponse, description = "A verdict for each order. Codes: `not_yet_selling`, `sales_suspended`, `sales_closed`, `channel_not_sold`, `sold_out`, `out_of_stock`, `idempotency_terms_differ`, `unknown_package`."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`: nothing was sold."),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`busy`, `outcome_unknown`, `store_unavailable`: repeat the same call."),
    ),
)]
#[post("/tickets/batch-generate")]
pub(crate) async fn batch_generate_tickets(
    staff: Staff<SellAtCounter>,
    app: web::Data<App>,
    Body(request): Body<BatchRequest>,
) -> Result<web::Json<BatchResponse>, ApiError> {
    check(&request.orders)?;
    let stream = staff.stream(&app, request.raffle_id).await?;
    let mut commands = Vec::with_capacity(request.orders.len());
    for BatchOrder { key, lines } in &request.orders {
        let lines = lines.iter().map(|line| money::Line { package: line.package_id, quantity: line.quantity });
        let command = command(&staff, Channel::Counter, *key, lines.collect())?;
        commands.push((command, Some(Cause::Order(*key))));
    }
    let origin = staff.origin(Cause::Internal);
    let done = app.node.execute_all(stream, Lane::Counter, origin, commands, false).await?;
    let feed = app.node.feed(stream).await?;
    let mut results = Vec::with_capacity(request.orders.len());
    for (order, judged) in request.orders.iter().zip(done.answers) {
        results.push(match judged {
            Ok(answer) => BatchResult {
                key: order.key,
                outcome: BatchOutcome::Sold,
                ticket: Some(ticket_of(&app, &feed, &answer).await?),
                code: None,
                detail: None,
            },
            Err(rejection) => BatchResult {
                key: order.key,
                outcome: BatchOutcome::Refused,
                ticket: None,
                code: Some(rejection.code().to_owned()),
                detail: Some(rejection.to_string()),
            },
        });
    }
    Ok(web::Json(BatchResponse { results }))
}

fn check(orders: &[BatchOrder]) -> Result<(), ApiError> {
    if orders.is_empty() || orders.len() > ORDERS_MAX {
        return Err(ApiError::field("orders", "Between 1 and 200 orders."));
    }
    let mut wrong: Vec<FieldError> = Vec::new();
    for (index, order) in orders.iter().enumerate() {
        if order.key == OrderKey::NIL || orders[..index].iter().any(|earlier| earlier.key == order.key) {
            let message = "A UUID of its own for each order.".to_owned();
            wrong.push(FieldError { field: format!("orders[{index}].key"), message });
        }
        let lines = lines::errors(&order.lines).into_iter();
        wrong.extend(lines.map(|error| FieldError { field: format!("orders[{index}].{}", error.field), ..error }));
    }
    if wrong.is_empty() { Ok(()) } else { Err(ApiError::validation(wrong)) }
}
