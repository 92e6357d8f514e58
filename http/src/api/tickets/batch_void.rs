//! `POST /tickets/batch-void`: many voids in one call with one reason, each with a verdict of its own. What a night of
//! double charges needs (T-07, T-08).

use crate::api::error::{ApiError, FieldError, Problem};
use crate::api::extract::Body;
use crate::auth::Staff;
use crate::auth::permission::DecideTicket;
use crate::state::App;
use actix_web::{post, web};
use drumroll_actors::intake::Lane;
use drumroll_actors::store::{StreamId, TicketRef};
use drumroll_engine::id::{OrderKey, RaffleId};
use drumroll_engine::journal::Cause;
use drumroll_engine::raffle::void_ticket::VoidTicket;
use drumroll_engine::raffle::{Command, Rejection};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use utoipa::ToSchema;

/// Tickets in one call. They are judged in one turn of the raffle, which others wait for.
const TICKETS_MAX: usize = 200;

/// Many tickets of one raffle, voided for one reason.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"raffle_id": "018f3a5e-7c2b-7d00-a1b2-c3d4e5f60718", "tickets": ["018f3a5e-7c2b-7d00-a1b2-c3d4e5f60719", "0C1P-7Q2M-9D4X-W8TR"], "reason": "Charged twice on 7 August"}))]
pub struct BatchVoidRequest {
    /// The raffle.
    #[schema(value_type = Uuid)]
    pub raffle_id: RaffleId,
    /// 1 to 200 tickets, each once: order keys or validation numbers.
    pub tickets: Vec<String>,
    /// Why, 1 to 500 characters; on record with every ticket.
    #[schema(max_length = 500)]
    pub reason: String,
}

/// What became of one ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VoidOutcome {
    /// It was voided by this call.
    Voided,
    /// It was voided before: by an earlier try of this call, or by somebody else.
    AlreadyVoided,
    /// It was not voided; `code` says why.
    Refused,
}

/// The verdict on one ticket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VoidResult {
    /// As it was named.
    pub ticket: String,
    /// Its order, where there is one.
    #[schema(value_type = Option<Uuid>)]
    pub order_key: Option<OrderKey>,
    /// What became of it.
    pub outcome: VoidOutcome,
    /// Why not: a code of the error table.
    pub code: Option<String>,
    /// Why not, in words.
    pub detail: Option<String>,
}

/// One verdict per ticket, in the order asked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BatchVoidResponse {
    /// The verdicts.
    pub results: Vec<VoidResult>,
}

/// Voids many tickets, each for itself: one that is refused does not hold up the rest. Each is on record like a single
/// void, money paid online goes back, and repeating the call voids nothing twice.
#[utoipa::path(
    tag = "tickets",
    security(("staff" = ["decide_ticket"])),
    request_body = BatchVoidRequest,
    responses(
        (status = 200, body = BatchVoidResponse, description = "A verdict for each ticket. Codes: `unknown_order`, `no_ticket`, `ledger_sealed`, `reconciliation_acknowledged`, `wrong_status`, `reason_missing`."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`: nothing was voided."),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`busy`, `outcome_unknown`, `store_unavailable`: repeat the same call."),
    ),
)]
#[post("/tickets/batch-void")]
pub(crate) async fn batch_void_tickets(
    staff: Staff<DecideTicket>,
    app: web::Data<App>,
    Body(request): Body<BatchVoidRequest>,
) -> Result<web::Json<BatchVoidResponse>, ApiError> {
    let BatchVoidRequest { raffle_id, tickets, reason } = request;
    let named = check(&tickets, &reason)?;
    let stream = staff.stream(&app, raffle_id).await?;
    let mut orders = Vec::with_capacity(tickets.len());
    for name in named {
        orders.push(order(&app, stream, name).await?);
    }
    // A ticket that is named twice, by its order and by its number, is voided once.
    let mut once = HashSet::new();
    let distinct: Vec<OrderKey> = orders.iter().flatten().copied().filter(|order| once.insert(*order)).collect();
    let void = |order: &OrderKey| {
        (Command::VoidTicket(VoidTicket { order: *order, reason: reason.clone() }), Some(Cause::Order(*order)))
    };
    let commands = distinct.iter().map(void).collect();
    // Not in the lane of a single void: thousands of these must not go ahead of a close or a draw.
    let done = app.node.execute_all(stream, Lane::Counter, staff.origin(Cause::Internal), commands, false).await?;
    let judged: HashMap<OrderKey, Option<Rejection>> =
        distinct.into_iter().zip(done.answers.into_iter().map(Result::err)).collect();
    let results = tickets.into_iter().zip(orders).map(|(ticket, order)| {
        let rejection = match order.map(|order| judged.get(&order)) {
            Some(Some(judged)) => judged.clone(),
            Some(None) | None => Some(Rejection::UnknownOrder),
        };
        let outcome = match &rejection {
            None => VoidOutcome::Voided,
            Some(Rejection::AlreadyVoided) => VoidOutcome::AlreadyVoided,
            Some(_) => VoidOutcome::Refused,
        };
        let why = rejection.filter(|_| outcome == VoidOutcome::Refused);
        let (code, detail) = why.map(|why| (why.code().to_owned(), why.to_string())).unzip();
        VoidResult { ticket, order_key: order, outcome, code, detail }
    });
    Ok(web::Json(BatchVoidResponse { results: results.collect() }))
}

/// The order behind a name. One that is named by its key is the engine's to judge.
async fn order(app: &App, stream: StreamId, named: TicketRef) -> Result<Option<OrderKey>, ApiError> {
    match named {
        TicketRef::Order(order) => Ok(Some(order)),
        number => Ok(app.node.store().ticket(Some(stream.raffle), number).await?.map(|row| row.order)),
    }
}

/// What the tickets are named by.
fn check(tickets: &[String], reason: &str) -> Result<Vec<TicketRef>, ApiError> {
    if tickets.is_empty() || tickets.len() > TICKETS_MAX {
        return Err(ApiError::field("tickets", "Between 1 and 200 tickets."));
    }
    // The engine says so of each ticket; one answer for all is clearer.
    if reason.trim().is_empty() {
        return Err(ApiError::field("reason", "Say why."));
    }
    let (mut named, mut wrong, mut seen) = (Vec::with_capacity(tickets.len()), Vec::new(), HashSet::new());
    for (index, ticket) in tickets.iter().enumerate() {
        let mut refuse = |message: &str| {
            wrong.push(FieldError { field: format!("tickets[{index}]"), message: message.to_owned() });
        };
        if !seen.insert(ticket) {
            refuse("Each ticket once.");
        }
        match (ticket.parse().map(TicketRef::Order), ticket.parse().map(TicketRef::Validation)) {
            (Ok(name), _) | (_, Ok(name)) => named.push(name),
            _ => refuse("This is neither an order key nor a validation number."),
        }
    }
    if wrong.is_empty() { Ok(named) } else { Err(ApiError::validation(wrong)) }
}
