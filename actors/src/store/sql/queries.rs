//! What is read.

use super::decode;
use super::plan::login_key;
use super::value::{Query, Statement, Value, bound, exact};
use crate::store::{
    AccountRow, CredentialRow, CurvePoint, DeviceRow, DrawRow, EnrolmentCodeRow, FactRow, NodeId, OrderPlace, OrderRow,
    OutboxDue, OutboxEvent, OutboxLag, OutboxRefused, Peer, RaffleRow, SecretRow, SessionRow, SignificantFilter,
    SignificantRow, SocketTicketRow, StreamHead, StreamId, TicketFilter, TicketRef, TicketRow,
};
use drumroll_engine::id::{DeviceId, DrawId, OrderKey, OrganisationId, RaffleId, UserId};
use drumroll_engine::journal::Record;
use drumroll_engine::time::Timestamp;

const TICKET: &str = "SELECT raffle, order_key, seq, validation, channel, device, seller, lines, ranges, numbers, \
    price_minor, sold_at, sale_hash, salt, state, reason, changed_at FROM tickets";

const ORDER: &str = "SELECT raffle, order_key, organisation, status, price_minor, made_at, expires_at, payment, \
    refund_reason, refund_due_at, refund_reference FROM orders";

fn limit(limit: u32) -> Value<'static> {
    Value::Int(i64::from(limit))
}

/// Claims a journal with the next epoch for a node, or for the one server there is. No row comes back when
/// the id is another organisation's, or another node's that stands.
pub(in crate::store) fn claim(stream: StreamId, node: Option<NodeId>) -> Query<StreamHead> {
    Query {
        statement: Statement::new(
            "INSERT INTO streams (stream, organisation, raffle, epoch, seq, hash, at, node) \
             VALUES ($1, $2, $3, 1, 0, $4, 0, $5) \
             ON CONFLICT (stream) DO UPDATE SET epoch = streams.epoch + 1, node = excluded.node \
             WHERE streams.organisation = excluded.organisation AND streams.raffle = excluded.raffle \
             AND (streams.node IS NULL OR streams.node = excluded.node \
             OR NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.node = streams.node)) \
             RETURNING organisation, raffle, epoch, seq, hash, at",
            vec![
                Value::Id(stream.key()),
                Value::Id(stream.organisation.0),
                Value::Id(stream.raffle.0),
                Value::bytes(vec![0; 32]),
                Value::optional(node, |node| Value::Id(node.0)),
            ],
        ),
        decode: decode::stream_head,
    }
}

/// The node that runs a journal's actor, if it stands.
pub(in crate::store) fn holder(stream: StreamId) -> Query<Peer> {
    Query {
        statement: Statement::new(
            "SELECT nodes.node, nodes.name, nodes.address FROM streams JOIN nodes ON nodes.node = streams.node \
             WHERE streams.stream = $1 AND streams.organisation = $2",
            vec![Value::Id(stream.key()), Value::Id(stream.organisation.0)],
        ),
        decode: decode::peer,
    }
}

pub(in crate::store) fn stream_head(stream: StreamId) -> Query<StreamHead> {
    Query {
        statement: Statement::new(
            "SELECT organisation, raffle, epoch, seq, hash, at FROM streams WHERE stream = $1",
            vec![Value::Id(stream.key())],
        ),
        decode: decode::stream_head,
    }
}

/// Journals with events; one that was only claimed has no end yet.
pub(in crate::store) fn heads() -> Query<StreamHead> {
    Query {
        statement: Statement::new(
            "SELECT organisation, raffle, epoch, seq, hash, at FROM streams WHERE seq <> 0 ORDER BY organisation, raffle",
            vec![],
        ),
        decode: decode::stream_head,
    }
}

/// The newest snapshot that is not ahead of the journal.
pub(in crate::store) fn snapshot(stream: StreamId, until: u64) -> Query<(u64, Vec<u8>)> {
    Query {
        statement: Statement::new(
            "SELECT seq, bytes FROM snapshots WHERE stream = $1 AND organisation = $2 AND seq <= $3 \
             ORDER BY seq DESC LIMIT 1",
            vec![Value::Id(stream.key()), Value::Id(stream.organisation.0), bound(until)],
        ),
        decode: decode::snapshot,
    }
}

pub(in crate::store) fn records(stream: StreamId, after: u64, until: u64, max: u32) -> Query<(Record, [u8; 32])> {
    Query {
        statement: Statement::new(
            "SELECT format, organisation, raffle, epoch, seq, at, actor_kind, actor, approver, cause_kind, cause, prev, \
             payload, hash FROM events WHERE stream = $1 AND organisation = $2 AND seq > $3 AND seq <= $4 \
             ORDER BY seq LIMIT $5",
            vec![Value::Id(stream.key()), Value::Id(stream.organisation.0), bound(after), bound(until), limit(max)],
        ),
        decode: decode::record,
    }
}

/// The hash that stands at a sequence number.
pub(in crate::store) fn stored_hash(stream: StreamId, seq: u64) -> Query<(u64, [u8; 32])> {
    Query {
        statement: Statement::new(
            "SELECT seq, hash FROM events WHERE stream = $1 AND seq = $2",
            vec![Value::Id(stream.key()), exact(seq)],
        ),
        decode: decode::stored_hash,
    }
}

const RAFFLE: &str = "SELECT raffle, organisation, event_number, name, kind, status, created_at, sales_start, closes_at, \
    organisation_name, location, time_zone, currency, jackpot_minor, gross_minor, voided_minor, tickets, numbers_sold, \
    seq FROM raffles";

pub(in crate::store) fn raffle(raffle: RaffleId) -> Query<RaffleRow> {
    let statement = Statement::new(RAFFLE, vec![]).and(" WHERE raffle = ?", Value::Id(raffle.0));
    Query { statement, decode: decode::raffle }
}

/// A draft is nobody's business yet; everything later is public.
pub(in crate::store) fn raffles(
    organisation: Option<OrganisationId>,
    public: bool,
    after: Option<(Timestamp, RaffleId)>,
    max: u32,
) -> Query<RaffleRow> {
    let mut select = Statement::new(RAFFLE, vec![]).then(" WHERE TRUE");
    if let Some(organisation) = organisation {
        select = select.and(" AND organisation = ?", Value::Id(organisation.0));
    }
    if public {
        select = select.then(" AND status <> 'draft'");
    }
    if let Some((at, raffle)) = after {
        select = select.and(" AND (created_at, raffle) < (?", bound(at.0)).and(", ?)", Value::Id(raffle.0));
    }
    let statement = select.and(" ORDER BY created_at DESC, raffle DESC LIMIT ?", limit(max));
    Query { statement, decode: decode::raffle }
}

/// `None` for an order without its raffle: only the validation number finds a ticket anywhere.
pub(in crate::store) fn ticket(raffle: Option<RaffleId>, ticket: TicketRef) -> Option<Query<TicketRow>> {
    let select = Statement::new(TICKET, vec![]);
    let mut statement = match ticket {
        TicketRef::Order(order) => {
            raffle?;
            select.and(" WHERE order_key = ?", Value::Id(order.0))
        }
        TicketRef::Validation(number) => select.and(" WHERE validation = ?", Value::bytes(number.to_bytes().to_vec())),
    };
    if let Some(raffle) = raffle {
        statement = statement.and(" AND raffle = ?", Value::Id(raffle.0));
    }
    Some(Query { statement: statement.then(" ORDER BY sold_at DESC LIMIT 1"), decode: decode::ticket })
}

/// Ranges do not overlap, so only the nearest one that begins no later can hold the number.
pub(in crate::store) fn ticket_of_number(raffle: RaffleId, number: u64) -> Query<TicketRow> {
    let select = Statement::new(TICKET, vec![Value::Id(raffle.0), exact(number)]);
    let statement = select.then(
        " WHERE raffle = $1 AND order_key = (SELECT order_key FROM ticket_ranges WHERE raffle = $1 AND last >= $2 AND first = \
         (SELECT MAX(first) FROM ticket_ranges WHERE raffle = $1 AND first <= $2))",
    );
    Query { statement, decode: decode::ticket }
}

pub(in crate::store) fn tickets(raffle: RaffleId, filter: TicketFilter) -> Query<TicketRow> {
    let mut select = Statement::new(TICKET, vec![])
        .and(" WHERE raffle = ?", Value::Id(raffle.0))
        .and(" AND seq > ?", bound(filter.after_seq));
    if let Some(state) = filter.state {
        select = select.and(" AND state = ?", Value::text(state.as_str()));
        if state != crate::store::TicketState::Valid {
            // Says that the index of the few is enough.
            select = select.then(" AND state <> 'valid'");
        }
    }
    if let Some(channel) = filter.channel {
        select = select.and(" AND channel = ?", Value::Int(i64::from(channel.code())));
    }
    Query { statement: select.and(" ORDER BY seq LIMIT ?", limit(filter.limit)), decode: decode::ticket }
}

/// A misprinted ticket takes part, so it counts.
pub(in crate::store) fn curve(raffle: RaffleId) -> Query<CurvePoint> {
    Query {
        statement: Statement::new(
            "SELECT minute * 60000000, CAST(SUM(price_minor) AS BIGINT), COUNT(*), CAST(SUM(numbers) AS BIGINT) \
             FROM (SELECT sold_at / 60000000 AS minute, price_minor, numbers FROM tickets \
             WHERE raffle = $1 AND state <> 'voided') AS valid GROUP BY minute ORDER BY minute",
            vec![Value::Id(raffle.0)],
        ),
        decode: decode::curve_point,
    }
}

pub(in crate::store) fn order(raffle: RaffleId, order: OrderKey) -> Query<OrderRow> {
    let statement = Statement::new(ORDER, vec![])
        .and(" WHERE raffle = ?", Value::Id(raffle.0))
        .and(" AND order_key = ?", Value::Id(order.0));
    Query { statement, decode: decode::order }
}

pub(in crate::store) fn open_orders(max: u32) -> Query<OrderRow> {
    let statement =
        Statement::new(ORDER, vec![]).and(" WHERE status = 'held' ORDER BY made_at, order_key LIMIT ?", limit(max));
    Query { statement, decode: decode::order }
}

pub(in crate::store) fn ended_orders(after: OrderPlace, max: u32) -> Query<OrderRow> {
    let statement = Statement::new(ORDER, vec![])
        .then(" WHERE status IN ('expired', 'closed', 'cancelled') AND refund_due_at IS NULL")
        .and(" AND (made_at, order_key, raffle) > (?", bound(after.made_at.0))
        .and(", ?", Value::Id(after.order.0))
        .and(", ?)", Value::Id(after.raffle.0))
        .and(" ORDER BY made_at, order_key, raffle LIMIT ?", limit(max));
    Query { statement, decode: decode::order }
}

pub(in crate::store) fn refunds_due(max: u32) -> Query<OrderRow> {
    let statement = Statement::new(ORDER, vec![]).and(
        " WHERE refund_due_at IS NOT NULL AND refund_reference IS NULL ORDER BY refund_due_at, order_key LIMIT ?",
        limit(max),
    );
    Query { statement, decode: decode::order }
}

pub(in crate::store) fn facts(raffle: RaffleId, after: u64, max: u32) -> Query<FactRow> {
    Query {
        statement: Statement::new(
            "SELECT raffle, position, seq, at, kind, data FROM facts WHERE raffle = $1 AND position > $2 \
             ORDER BY position LIMIT $3",
            vec![Value::Id(raffle.0), bound(after), limit(max)],
        ),
        decode: decode::fact,
    }
}

pub(in crate::store) fn draw(draw: DrawId) -> Query<DrawRow> {
    Query {
        statement: Statement::new(
            "SELECT draw, raffle, organisation, draw_no FROM draws WHERE draw = $1",
            vec![Value::Id(draw.0)],
        ),
        decode: decode::draw,
    }
}

pub(in crate::store) fn significant(organisation: OrganisationId, filter: SignificantFilter) -> Query<SignificantRow> {
    let SignificantFilter { from, to, code, component, limit: max } = filter;
    let mut select = Statement::new(
        "SELECT organisation, raffle, seq, at, code, component, actor, detail FROM significant WHERE organisation = $1",
        vec![Value::Id(organisation.0)],
    );
    if let Some(from) = from {
        select = select.and(" AND at >= ?", bound(from.0));
    }
    if let Some(to) = to {
        select = select.and(" AND at < ?", bound(to.0));
    }
    if let Some(code) = code {
        select = select.and(" AND code = ?", Value::text(code));
    }
    if let Some(component) = component {
        select = select.and(" AND component = ?", Value::text(component));
    }
    let statement = select.and(" ORDER BY at DESC, raffle DESC, seq DESC LIMIT ?", limit(max));
    Query { statement, decode: decode::significant }
}

pub(in crate::store) fn organisations() -> Query<(OrganisationId, String)> {
    Query {
        statement: Statement::new("SELECT organisation, name FROM organisations ORDER BY organisation", vec![]),
        decode: decode::organisation,
    }
}

const ACCOUNT: &str = "SELECT account, organisation, login, name, role, enabled FROM accounts";

/// Of two with one login the older.
pub(in crate::store) fn account_by_login(login: &str) -> Query<AccountRow> {
    let statement = Statement::new(ACCOUNT, vec![])
        .and(" WHERE login_key = ? ORDER BY ordinal, account LIMIT 1", Value::text(login_key(login)));
    Query { statement, decode: decode::account }
}

pub(in crate::store) fn account(user: UserId) -> Query<AccountRow> {
    let statement = Statement::new(ACCOUNT, vec![]).and(" WHERE account = ?", Value::Id(user.0));
    Query { statement, decode: decode::account }
}

pub(in crate::store) fn account_ordinals(organisation: OrganisationId) -> Query<([u8; 16], u64)> {
    Query {
        statement: Statement::new(
            "SELECT account, ordinal FROM accounts WHERE organisation = $1",
            vec![Value::Id(organisation.0)],
        ),
        decode: decode::account_ordinal,
    }
}

pub(in crate::store) fn device(device: DeviceId) -> Query<DeviceRow> {
    Query {
        statement: Statement::new(
            "SELECT device, organisation, label, public_key, enabled, registered_at, enrolled_at FROM devices \
             WHERE device = $1",
            vec![Value::Id(device.0)],
        ),
        decode: decode::device,
    }
}

pub(in crate::store) fn credential(user: UserId) -> Query<CredentialRow> {
    Query {
        statement: Statement::new(
            "SELECT account, password_hash, must_change, failures, locked_until FROM credentials WHERE account = $1",
            vec![Value::Id(user.0)],
        ),
        decode: decode::credential,
    }
}

pub(in crate::store) fn session_by_token(token_hash: [u8; 32]) -> Query<SessionRow> {
    Query {
        statement: Statement::new(
            "SELECT s.family, s.account, s.token_hash, s.expires_at, s.revoked FROM session_tokens AS t \
             JOIN sessions AS s ON s.family = t.family WHERE t.token_hash = $1",
            vec![Value::bytes(token_hash.to_vec())],
        ),
        decode: decode::session,
    }
}

/// Takes a code away: one caller gets it. Whether it had ended is for the caller to see, for an ended
/// one is of no use to anybody.
pub(in crate::store) fn take_enrolment_code(code_hash: [u8; 32]) -> Query<EnrolmentCodeRow> {
    Query {
        statement: Statement::new(
            "DELETE FROM enrolment_codes WHERE code_hash = $1 RETURNING device, organisation, code_hash, expires_at",
            vec![Value::bytes(code_hash.to_vec())],
        ),
        decode: decode::enrolment_code,
    }
}

/// As [`take_enrolment_code`].
pub(in crate::store) fn take_socket_ticket(ticket_hash: [u8; 32]) -> Query<SocketTicketRow> {
    Query {
        statement: Statement::new(
            "DELETE FROM socket_tickets WHERE ticket_hash = $1 \
             RETURNING ticket_hash, account, organisation, everywhere, expires_at",
            vec![Value::bytes(ticket_hash.to_vec())],
        ),
        decode: decode::socket_ticket,
    }
}

pub(in crate::store) fn secret(name: &str) -> Query<SecretRow> {
    Query {
        statement: Statement::new(
            "SELECT name, sealed FROM secrets WHERE name = $1",
            vec![Value::text(name.to_owned())],
        ),
        decode: decode::secret,
    }
}

/// The nil id stands before every journal.
const FIRST: [u8; 16] = [0; 16];

/// Each journal costs two looks into an index, and only if it grew since the last one.
pub(in crate::store) fn outbox_due(target: &str, after: Option<StreamId>, max: u32) -> Query<OutboxDue> {
    Query {
        statement: Statement::new(
            "SELECT s.organisation, s.raffle, COALESCE(c.seq, 0), COALESCE(c.told, 0) FROM streams AS s \
             LEFT JOIN outbox_cursors AS c ON c.target = $1 AND c.stream = s.stream \
             WHERE s.stream > $2 AND s.seq > COALESCE(c.seq, 0) \
             AND (EXISTS (SELECT 1 FROM significant AS g WHERE g.organisation = s.organisation \
             AND g.raffle = s.raffle AND g.seq > COALESCE(c.seq, 0)) \
             OR EXISTS (SELECT 1 FROM facts AS f WHERE f.raffle = s.raffle AND f.seq > COALESCE(c.seq, 0))) \
             ORDER BY s.stream LIMIT $3",
            vec![Value::text(target.to_owned()), Value::Id(after.map_or(FIRST, |stream| stream.key())), limit(max)],
        ),
        decode: decode::outbox_due,
    }
}

/// One statement, so that an event that is a fact and a significant event is seen whole or not at all.
pub(in crate::store) fn outbox_events(stream: StreamId, after: u64, max: u32) -> Query<OutboxEvent> {
    Query {
        statement: Statement::new(
            "SELECT e.seq, COALESCE(g.at, f.at), r.event_number, r.kind, f.kind, f.data, g.code, g.component \
             FROM (SELECT seq FROM significant WHERE organisation = $1 AND raffle = $2 AND seq > $3 \
             UNION SELECT seq FROM facts WHERE raffle = $2 AND seq > $3 ORDER BY seq LIMIT $4) AS e \
             LEFT JOIN significant AS g ON g.organisation = $1 AND g.raffle = $2 AND g.seq = e.seq \
             LEFT JOIN facts AS f ON f.raffle = $2 AND f.seq = e.seq \
             LEFT JOIN raffles AS r ON r.raffle = $2 ORDER BY e.seq",
            vec![Value::Id(stream.organisation.0), Value::Id(stream.raffle.0), bound(after), limit(max)],
        ),
        decode: decode::outbox_event,
    }
}

pub(in crate::store) fn outbox_refused(target: &str, max: u32) -> Query<OutboxRefused> {
    Query {
        statement: Statement::new(
            "SELECT organisation, raffle, seq, at, kind, tries, problem FROM outbox_refused WHERE target = $1 \
             ORDER BY at DESC, stream DESC, seq DESC LIMIT $2",
            vec![Value::text(target.to_owned()), limit(max)],
        ),
        decode: decode::outbox_refused,
    }
}

/// Reads what is still to be told and nothing else; a fact that is a significant event as well counts once.
pub(in crate::store) fn outbox_lag(target: &str) -> Query<OutboxLag> {
    Query {
        statement: Statement::new(
            "SELECT CAST(COALESCE(SUM(d.significant + d.facts), 0) AS BIGINT), MIN(COALESCE(d.at, d.fact_at)), \
             (SELECT COUNT(*) FROM outbox_refused WHERE target = $1) FROM (SELECT \
             (SELECT COUNT(*) FROM significant AS g WHERE g.organisation = s.organisation AND g.raffle = s.raffle \
             AND g.seq > COALESCE(c.seq, 0)) AS significant, \
             (SELECT COUNT(*) FROM facts AS f WHERE f.raffle = s.raffle AND f.seq > COALESCE(c.seq, 0) \
             AND NOT EXISTS (SELECT 1 FROM significant AS g WHERE g.organisation = s.organisation \
             AND g.raffle = s.raffle AND g.seq = f.seq)) AS facts, \
             (SELECT g.at FROM significant AS g WHERE g.organisation = s.organisation AND g.raffle = s.raffle \
             AND g.seq > COALESCE(c.seq, 0) ORDER BY g.seq LIMIT 1) AS at, \
             (SELECT f.at FROM facts AS f WHERE f.raffle = s.raffle AND f.seq > COALESCE(c.seq, 0) \
             ORDER BY f.seq LIMIT 1) AS fact_at \
             FROM streams AS s LEFT JOIN outbox_cursors AS c ON c.target = $1 AND c.stream = s.stream \
             WHERE s.seq > COALESCE(c.seq, 0)) AS d",
            vec![Value::text(target.to_owned())],
        ),
        decode: decode::outbox_lag,
    }
}

/// Events of an organisation's own journal have the nil raffle, so this serves both kinds of journal.
pub(super) fn significant_of(stream: StreamId) -> Query<SignificantRow> {
    Query {
        statement: Statement::new(
            "SELECT organisation, raffle, seq, at, code, component, actor, detail FROM significant \
             WHERE organisation = $1 AND raffle = $2 ORDER BY seq",
            vec![Value::Id(stream.organisation.0), Value::Id(stream.raffle.0)],
        ),
        decode: decode::significant,
    }
}

pub(super) fn ranges_of(raffle: RaffleId, after: Option<u64>, max: u32) -> Query<(u64, String)> {
    let mut select = Statement::new(
        "SELECT raffle, first, last, order_key FROM ticket_ranges WHERE raffle = $1",
        vec![Value::Id(raffle.0)],
    );
    if let Some(after) = after {
        select = select.and(" AND first > ?", exact(after));
    }
    Query { statement: select.and(" ORDER BY first LIMIT ?", limit(max)), decode: decode::range_line }
}

pub(super) fn orders_of(raffle: RaffleId) -> Query<OrderRow> {
    let statement = Statement::new(ORDER, vec![]).and(" WHERE raffle = ? ORDER BY order_key", Value::Id(raffle.0));
    Query { statement, decode: decode::order }
}

pub(super) fn draws_of(raffle: RaffleId) -> Query<DrawRow> {
    Query {
        statement: Statement::new(
            "SELECT draw, raffle, organisation, draw_no FROM draws WHERE raffle = $1 ORDER BY draw",
            vec![Value::Id(raffle.0)],
        ),
        decode: decode::draw,
    }
}

pub(super) fn organisation_of(organisation: OrganisationId) -> Query<(OrganisationId, String)> {
    Query {
        statement: Statement::new(
            "SELECT organisation, name FROM organisations WHERE organisation = $1",
            vec![Value::Id(organisation.0)],
        ),
        decode: decode::organisation,
    }
}

pub(super) fn accounts_of(organisation: OrganisationId) -> Query<AccountRow> {
    let statement =
        Statement::new(ACCOUNT, vec![]).and(" WHERE organisation = ? ORDER BY account", Value::Id(organisation.0));
    Query { statement, decode: decode::account }
}

pub(super) fn devices_of(organisation: OrganisationId) -> Query<DeviceRow> {
    Query {
        statement: Statement::new(
            "SELECT device, organisation, label, public_key, enabled, registered_at, enrolled_at FROM devices \
             WHERE organisation = $1 ORDER BY device",
            vec![Value::Id(organisation.0)],
        ),
        decode: decode::device,
    }
}
