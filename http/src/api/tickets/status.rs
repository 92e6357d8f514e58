//! `PUT /tickets/{id}/status`: voiding, marking as misprinted, clearing the mark (T-07 … T-09).

use super::dto::{Eyes, Ticket, Tickets};
use crate::api::error::{ApiError, Problem};
use crate::api::extract::{Body, PathOf};
use crate::api::raffles::wire::TicketState;
use crate::auth::Staff;
use crate::auth::permission::{DecideTicket, MarkMisprint, Permission};
use crate::state::App;
use actix_web::{put, web};
use drumroll_actors::intake::Lane;
use drumroll_actors::store::{StreamId, TicketRef, TicketRow};
use drumroll_engine::id::{OrderKey, RaffleId};
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::organisation::Event;
use drumroll_engine::raffle::clear_misprint::ClearMisprint;
use drumroll_engine::raffle::mark_misprint::MarkMisprint as Mark;
use drumroll_engine::raffle::void_ticket::VoidTicket;
use drumroll_engine::raffle::{Command, Rejection};
use drumroll_engine::ticket::ValidationNumber;
use serde::Deserialize;
use utoipa::ToSchema;

/// The new state, and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"raffle_id": "018f3a5e-7c2b-7d00-a1b2-c3d4e5f60718", "status": "voided", "reason": "Sold twice by mistake"}))]
pub struct TicketStatusRequest {
    /// The raffle.
    #[schema(value_type = Uuid)]
    pub raffle_id: RaffleId,
    /// `voided` voids for good, `misprinted` marks, `valid` clears the mark.
    pub status: TicketState,
    /// Why, 1 to 500 characters.
    #[schema(max_length = 500)]
    pub reason: String,
}

/// Voids a ticket, marks it as misprinted or clears the mark. Whoever sells may mark; the rest takes a
/// supervisor. Money paid online goes back.
#[utoipa::path(
    tag = "tickets",
    security(("staff" = ["mark_misprint"])),
    params(("id" = String, Path, description = "Order key or validation number.")),
    request_body = TicketStatusRequest,
    responses(
        (status = 200, body = Ticket),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "`forbidden`: voiding and clearing need the permission `decide_ticket`."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`, `unknown_order`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`already_voided`, `no_ticket`, `not_misprinted`, `ledger_sealed`, `reconciliation_acknowledged`, `wrong_status`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`, `reason_missing`"),
    ),
)]
#[put("/tickets/{id}/status")]
pub(crate) async fn set_ticket_status(
    staff: Staff<MarkMisprint>,
    app: web::Data<App>,
    PathOf(id): PathOf<String>,
    Body(request): Body<TicketStatusRequest>,
) -> Result<web::Json<Ticket>, ApiError> {
    let TicketStatusRequest { raffle_id, status, reason } = request;
    if status != TicketState::Misprinted && !DecideTicket::ROLES.contains(&staff.role) {
        let event = Event::AccessDenied { user: staff.user, permission: DecideTicket::NAME.to_owned() };
        app.auth.note(staff.organisation, Actor::User(staff.user), event).await?;
        let detail = format!("Your role, {}, may mark a ticket; a supervisor decides.", staff.role.as_str());
        return Err(ApiError::new("forbidden", detail));
    }
    let stream = staff.stream(&app, raffle_id).await?;
    let order = find(&app, stream, &id).await?.order;
    let command = match status {
        TicketState::Voided => Command::VoidTicket(VoidTicket { order, reason }),
        TicketState::Misprinted => Command::MarkMisprint(Mark { order, reason }),
        TicketState::Valid => Command::ClearMisprint(ClearMisprint { order, reason }),
    };
    app.node.execute(stream, Lane::Control, staff.origin(Cause::Order(order)), command).await?;
    let row = find(&app, stream, &id).await?;
    let feed = app.node.feed(stream).await?;
    Ok(web::Json(Tickets::new(&app, feed, Eyes::Staff).one(&row).await?))
}

async fn find(app: &App, stream: StreamId, id: &str) -> Result<TicketRow, ApiError> {
    let by_order = id.parse::<OrderKey>().ok().map(TicketRef::Order);
    let by_number = id.parse::<ValidationNumber>().ok().map(TicketRef::Validation);
    let named = by_order.or(by_number).ok_or(Rejection::UnknownOrder)?;
    let row = app.node.store().ticket(Some(stream.raffle), named).await?;
    Ok(row.ok_or(Rejection::UnknownOrder)?)
}
