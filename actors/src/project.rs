//! From events to read-model rows. A pure function of the journal: live, each event is projected with
//! the state right after it; a rebuild replays the journal and gets the same rows.

use crate::store::{
    AccountRow, DeviceRow, DrawRow, FactRow, OrderRow, OrderStatus, RaffleRow, Row, SignificantRow, StreamId,
    TicketRow, TicketState,
};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{OrderKey, RaffleId};
use drumroll_engine::journal::{Actor, Record};
use drumroll_engine::organisation::{Event as OrganisationEvent, Organisation};
use drumroll_engine::raffle::{Channel, Event, Raffle, RefundReason, Sale, sale_hash};
use drumroll_engine::ticket::NumberRange;
use drumroll_engine::time::Timestamp;

/// The rows of one raffle event; `raffle` is the state right after it.
pub fn raffle_rows(raffle: &Raffle, record: &Record, event: &Event, rows: &mut Vec<Row>) {
    let (id, at) = (raffle.id, record.at);
    match event {
        Event::TicketSold { sale } => {
            rows.push(Row::Ticket(Box::new(ticket_row(raffle, record.seq, sale))));
            if sale.channel == Channel::Online {
                let payment = sale.payment.clone();
                rows.push(Row::OrderStatus { raffle: id, order: sale.order, status: OrderStatus::Paid, payment });
            }
        }
        Event::OrderHeld { order, price_minor, expires_at, .. } => rows.push(Row::Order(Box::new(OrderRow {
            raffle: id,
            organisation: raffle.organisation,
            order: *order,
            status: OrderStatus::Held,
            price_minor: *price_minor,
            made_at: at,
            expires_at: *expires_at,
            payment: None,
            refund_reason: None,
            refund_due_at: None,
            refund_reference: None,
        }))),
        Event::HoldEnded { order, end } => {
            rows.push(Row::OrderStatus { raffle: id, order: *order, status: OrderStatus::Ended(*end), payment: None });
        }
        Event::RefundDue { order, reason, payment, .. } if *reason != RefundReason::Quarantine => {
            rows.push(Row::RefundDue { raffle: id, order: *order, reason: *reason, payment: payment.clone(), at });
        }
        Event::Refunded { order, reference } => {
            rows.push(Row::Refunded { raffle: id, order: *order, reference: reference.clone() });
        }
        Event::TicketVoided { order, reason } => {
            rows.push(ticket_state(id, *order, TicketState::Voided, Some(reason), at));
        }
        Event::TicketMisprinted { order, reason, .. } => {
            rows.push(ticket_state(id, *order, TicketState::Misprinted, Some(reason), at));
        }
        Event::MisprintCleared { order, .. } => rows.push(ticket_state(id, *order, TicketState::Valid, None, at)),
        Event::Cancelled { reason } => rows.push(Row::VoidAll { raffle: id, reason: reason.clone(), at }),
        Event::DrawPlanned { draw, draw_no, .. } => rows.push(Row::Draw(DrawRow {
            draw: *draw,
            raffle: id,
            organisation: raffle.organisation,
            draw_no: *draw_no,
        })),
        _ => {}
    }
    if let Some(fact) = event.fact(raffle) {
        rows.push(Row::Fact(FactRow {
            raffle: id,
            position: fact.position,
            seq: record.seq,
            at,
            kind: fact.kind.to_owned(),
            data: fact.data.to_string(),
        }));
    }
    if let Some((code, component, detail)) = significant(event) {
        rows.push(Row::Significant(SignificantRow {
            organisation: raffle.organisation,
            raffle: id,
            seq: record.seq,
            at,
            code: code.to_owned(),
            component: component.unwrap_or_else(|| format!("raffle:{id}")),
            actor: actor_name(record.actor),
            detail,
        }));
    }
}

/// The raffle's summary after its last event of a batch.
pub fn raffle_row(raffle: &Raffle, created_at: Timestamp, seq: u64) -> RaffleRow {
    let config = raffle.config.as_deref();
    let total = raffle.total();
    RaffleRow {
        raffle: raffle.id,
        organisation: raffle.organisation,
        event_number: raffle.event_number,
        name: raffle.name.clone(),
        kind: raffle.kind,
        status: raffle.status,
        created_at,
        sales_start: config.map(|config| config.sales_start),
        closes_at: config.map(|config| if raffle.opened_at.is_some() { raffle.closes_at } else { config.sales_end }),
        organisation_name: config.map(|config| config.organisation_name.clone()),
        location: config.map(|config| config.location.clone()),
        time_zone: config.map(|config| config.time_zone.clone()),
        currency: config.map(|config| config.currency.to_string()),
        jackpot_minor: raffle.jackpot_minor(),
        gross_minor: total.gross_minor,
        voided_minor: total.voided_minor,
        tickets: total.count,
        numbers_sold: total.numbers - total.voided_numbers,
        seq,
    }
}

/// A ticket as sold.
pub fn ticket_row(raffle: &Raffle, seq: u64, sale: &Sale) -> TicketRow {
    let currency = raffle.config.as_ref().expect("a raffle that sold has a configuration").currency;
    TicketRow {
        raffle: raffle.id,
        order: sale.order,
        seq,
        validation: sale.validation,
        channel: sale.channel,
        device: sale.device_record.as_ref().map(|record| record.device),
        seller: sale.seller,
        lines: sale.lines.clone(),
        ranges: sale.ranges.clone(),
        numbers: sale.ranges.iter().map(NumberRange::count).sum(),
        price_minor: sale.price_minor,
        sold_at: sale.sold_at,
        sale_hash: Bytes(sale_hash(raffle.id, currency, sale)),
        salt: sale.salt,
        state: TicketState::Valid,
        reason: None,
        changed_at: None,
    }
}

fn ticket_state(raffle: RaffleId, order: OrderKey, state: TicketState, reason: Option<&String>, at: Timestamp) -> Row {
    Row::TicketState { raffle, order, state, reason: reason.cloned(), at }
}

/// Raffle events that stand in the log of significant events as well: code, component if it is not the
/// raffle, and a sentence without buyers' data.
fn significant(event: &Event) -> Option<(&'static str, Option<String>, String)> {
    let rsu = |device: &drumroll_engine::id::DeviceId| Some(format!("rsu:{device}"));
    Some(match event {
        Event::ChangeRefused { attempt } => ("change_refused", None, attempt.clone()),
        Event::SalesOpened { .. } => ("sales_opened", None, String::new()),
        Event::SalesSuspended { reason } => ("sales_suspended", None, reason.clone()),
        Event::SalesResumed => ("sales_resumed", None, String::new()),
        Event::CloseMoved { reason, .. } => ("close_moved", None, reason.clone()),
        Event::SalesClosed => ("sales_closed", None, String::new()),
        Event::ReconciliationAcknowledged { .. } => ("reconciliation_acknowledged", None, String::new()),
        Event::AcknowledgementCleared { reason } => ("acknowledgement_cleared", None, reason.clone()),
        Event::TicketVoided { order, reason } => ("ticket_voided", None, format!("ticket {order}: {reason}")),
        Event::TicketMisprinted { order, reason, .. } => {
            ("ticket_misprinted", None, format!("ticket {order}: {reason}"))
        }
        Event::MisprintCleared { order, reason } => ("misprint_cleared", None, format!("ticket {order}: {reason}")),
        Event::DeviceJoined { device, label, .. } => ("rsu_joined", rsu(device), format!("handheld {label}")),
        Event::RecordQuarantined { record, reason, .. } => {
            ("record_quarantined", rsu(&record.device), format!("record {}: {reason:?}", record.seq))
        }
        Event::QuarantineResolved { device, seq, resolution, reason } => {
            ("quarantine_resolved", rsu(device), format!("record {seq} {resolution:?}: {reason}"))
        }
        Event::DeviceFinal { record, .. } => ("rsu_final", rsu(&record.device), String::new()),
        Event::DeviceLost { device, operator, money_collected_minor, reason, .. } => {
            ("rsu_lost", rsu(device), format!("operator {operator}, collected {money_collected_minor}: {reason}"))
        }
        Event::DrawLocked { lock, .. } => ("draw_locked", None, format!("seal {}", lock.lock_hash)),
        Event::WinnersDrawn { result_hash, .. } => ("winners_drawn", None, format!("result {result_hash}")),
        Event::DrawPublished { .. } => ("draw_published", None, String::new()),
        Event::DrawCancelled { reason, .. } => ("draw_cancelled", None, reason.clone()),
        Event::DrawSettled { reason, .. } => ("draw_settled", None, reason.clone()),
        Event::Cancelled { reason } => ("raffle_cancelled", None, reason.clone()),
        Event::Finalized => ("raffle_finalized", None, String::new()),
        _ => return None,
    })
}

/// The rows of one organisation event; `state` is the state right after it.
pub fn organisation_rows(
    stream: StreamId,
    state: &Organisation,
    record: &Record,
    event: &OrganisationEvent,
    rows: &mut Vec<Row>,
) {
    let organisation = stream.organisation;
    match event {
        OrganisationEvent::Created { name } => rows.push(Row::Organisation { organisation, name: name.clone() }),
        OrganisationEvent::AccountCreated { user, .. } | OrganisationEvent::AccountEnabled { user, .. } => {
            if let Some(account) = state.accounts.get(user) {
                rows.push(Row::Account(AccountRow {
                    user: *user,
                    organisation,
                    login: account.login.clone(),
                    name: account.name.clone(),
                    role: account.role,
                    enabled: account.enabled,
                }));
            }
        }
        OrganisationEvent::DeviceRegistered { device, .. }
        | OrganisationEvent::DeviceEnrolled { device, .. }
        | OrganisationEvent::DeviceUnenrolled { device, .. }
        | OrganisationEvent::DeviceEnabled { device }
        | OrganisationEvent::DeviceDisabled { device, .. } => {
            if let Some(known) = state.devices.get(device) {
                rows.push(Row::Device(DeviceRow {
                    device: *device,
                    organisation,
                    label: known.label.clone(),
                    public_key: known.enrolled.map(|(key, _)| key),
                    enabled: known.enabled,
                    registered_at: known.registered_at,
                    enrolled_at: known.enrolled.map(|(_, at)| at),
                }));
            }
        }
        _ => {}
    }
    let (code, component) = event.significant();
    let detail = match event {
        OrganisationEvent::Significant { detail, .. } => detail.clone(),
        OrganisationEvent::AccessDenied { permission, .. } => permission.clone(),
        OrganisationEvent::DeviceDisabled { reason, .. } | OrganisationEvent::DeviceUnenrolled { reason, .. } => {
            reason.clone()
        }
        OrganisationEvent::DeviceRegistered { label, .. } => format!("handheld {label}"),
        OrganisationEvent::EventNumbered { number, name, .. } => format!("event {number}: {name}"),
        OrganisationEvent::AccountCreated { login, role, .. } => format!("{login}, {}", role.as_str()),
        _ => String::new(),
    };
    rows.push(Row::Significant(SignificantRow {
        organisation,
        raffle: RaffleId::NIL,
        seq: record.seq,
        at: record.at,
        code: code.to_owned(),
        component,
        actor: actor_name(record.actor),
        detail,
    }));
}

/// Kind and id of whoever caused an event.
pub fn actor_name(actor: Actor) -> String {
    match actor {
        Actor::System => "system".to_owned(),
        Actor::User(user) => format!("user:{user}"),
        Actor::Device(device) => format!("rsu:{device}"),
        Actor::Integration(user) => format!("integration:{user}"),
        Actor::Public => "public".to_owned(),
    }
}
