//! What stands in a database. Reading changes nothing, and nothing is assumed of what is read.

use super::bytes::{Id, NIL};
use rusqlite::{Connection, OpenFlags, Row, types::FromSql};
use std::path::Path;

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The journal it stands in.
    pub stream: Id,
    /// Its place, from 1.
    pub seq: u64,
    /// Envelope layout.
    pub format: u64,
    /// The tenant.
    pub organisation: Id,
    /// The raffle, nil in an organisation's own journal.
    pub raffle: Id,
    /// The lease's epoch.
    pub epoch: u64,
    /// Microseconds since 1970.
    pub at: u64,
    /// Kind and id of who caused it.
    pub actor: (u64, Id),
    /// The second person.
    pub approver: Option<Id>,
    /// Kind and id of what led to it.
    pub cause: (u64, Id),
    /// Hash of the event before it.
    pub prev: Vec<u8>,
    /// Its own hash.
    pub hash: Vec<u8>,
    /// The exact bytes.
    pub payload: Vec<u8>,
}

/// The end of a journal, as it is stored beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The journal.
    pub stream: Id,
    /// The last event's place.
    pub seq: u64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// Its time.
    pub at: u64,
}

/// A row of `ticket_ranges`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RangeRow {
    /// The raffle.
    pub raffle: Id,
    /// First and last number.
    pub range: (u64, u64),
    /// The order.
    pub order: Id,
}

/// A row of `tickets`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketRow {
    /// The raffle.
    pub raffle: Id,
    /// The order.
    pub order: Id,
    /// The event that sold it.
    pub seq: u64,
    /// Ten bytes.
    pub validation: Vec<u8>,
    /// Code of the way in.
    pub channel: u64,
    /// The handheld.
    pub device: Option<Id>,
    /// JSON.
    pub ranges: String,
    /// How many numbers.
    pub numbers: u64,
    /// What was paid.
    pub price_minor: u64,
    /// When.
    pub sold_at: u64,
    /// 32 bytes.
    pub sale_hash: Vec<u8>,
    /// valid, voided or misprinted.
    pub state: String,
}

/// A row of `raffles`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaffleRow {
    /// The raffle.
    pub raffle: Id,
    /// Its number.
    pub event_number: u64,
    /// Where it stands.
    pub status: String,
    /// What the main prize's winner gets.
    pub jackpot_minor: u64,
    /// All sales.
    pub gross_minor: u64,
    /// Voided sales.
    pub voided_minor: u64,
    /// Tickets sold, voided ones too.
    pub tickets: u64,
    /// Numbers of valid tickets.
    pub numbers_sold: u64,
    /// The last event it covers.
    pub seq: u64,
}

/// A row of `orders`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// The raffle.
    pub raffle: Id,
    /// The order.
    pub order: Id,
    /// Where it stands.
    pub status: String,
    /// What it costs.
    pub price_minor: u64,
    /// Whether money is owed back, and whether it went.
    pub refund: (bool, bool),
}

/// A row of `facts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactRow {
    /// The raffle.
    pub raffle: Id,
    /// Its place, from 1.
    pub position: u64,
    /// The event behind it.
    pub seq: u64,
}

/// Everything an audit looks at.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// By journal, in order.
    pub events: Vec<Event>,
    /// One per journal.
    pub ends: Vec<End>,
    /// By raffle and first number.
    pub ranges: Vec<RangeRow>,
    /// By raffle and order of sale.
    pub tickets: Vec<TicketRow>,
    /// All raffles.
    pub raffles: Vec<RaffleRow>,
    /// Online orders.
    pub orders: Vec<OrderRow>,
    /// By raffle and position.
    pub facts: Vec<FactRow>,
}

const EVENTS: &str = "SELECT stream, seq, format, organisation, raffle, epoch, at, actor_kind, actor, approver, \
    cause_kind, cause, prev, hash, payload FROM events ORDER BY stream, seq";
const ENDS: &str = "SELECT stream, seq, hash, at FROM streams ORDER BY stream";
const RANGES: &str = "SELECT raffle, first, last, order_key FROM ticket_ranges ORDER BY raffle, first";
const TICKETS: &str = "SELECT raffle, order_key, seq, validation, channel, device, ranges, numbers, price_minor, \
    sold_at, sale_hash, state FROM tickets ORDER BY raffle, seq";
const RAFFLES: &str = "SELECT raffle, event_number, status, jackpot_minor, gross_minor, voided_minor, tickets, \
    numbers_sold, seq FROM raffles ORDER BY raffle";
const ORDERS: &str = "SELECT raffle, order_key, status, price_minor, refund_due_at, refund_reference FROM orders \
    ORDER BY raffle, order_key";
const FACTS: &str = "SELECT raffle, position, seq FROM facts ORDER BY raffle, position";

/// One value of either database, in the few shapes there are.
trait Fields {
    fn id(&self, at: usize) -> Id;
    fn optional_id(&self, at: usize) -> Option<Id>;
    fn number(&self, at: usize) -> u64;
    fn small(&self, at: usize) -> u64;
    fn bytes(&self, at: usize) -> Vec<u8>;
    fn text(&self, at: usize) -> String;
    fn is_null(&self, at: usize, number: bool) -> bool;
}

struct SqliteRow<'a>(&'a Row<'a>);

impl SqliteRow<'_> {
    fn get<T: FromSql>(&self, at: usize) -> T {
        self.0.get(at).unwrap_or_else(|error| panic!("column {at}: {error}"))
    }
}

impl Fields for SqliteRow<'_> {
    fn id(&self, at: usize) -> Id {
        self.get(at)
    }
    fn optional_id(&self, at: usize) -> Option<Id> {
        self.get(at)
    }
    fn number(&self, at: usize) -> u64 {
        self.get::<i64>(at).cast_unsigned()
    }
    fn small(&self, at: usize) -> u64 {
        self.number(at)
    }
    fn bytes(&self, at: usize) -> Vec<u8> {
        self.get(at)
    }
    fn text(&self, at: usize) -> String {
        self.get(at)
    }
    fn is_null(&self, at: usize, _: bool) -> bool {
        self.get::<rusqlite::types::Value>(at) == rusqlite::types::Value::Null
    }
}

struct PostgresRow(tokio_postgres::Row);

impl Fields for PostgresRow {
    fn id(&self, at: usize) -> Id {
        self.0.get::<_, uuid::Uuid>(at).into_bytes()
    }
    fn optional_id(&self, at: usize) -> Option<Id> {
        self.0.get::<_, Option<uuid::Uuid>>(at).map(uuid::Uuid::into_bytes)
    }
    fn number(&self, at: usize) -> u64 {
        self.0.get::<_, i64>(at).cast_unsigned()
    }
    fn small(&self, at: usize) -> u64 {
        i64::from(self.0.get::<_, i16>(at)).cast_unsigned()
    }
    fn bytes(&self, at: usize) -> Vec<u8> {
        self.0.get(at)
    }
    fn text(&self, at: usize) -> String {
        self.0.get(at)
    }
    fn is_null(&self, at: usize, number: bool) -> bool {
        if number { self.0.get::<_, Option<i64>>(at).is_none() } else { self.0.get::<_, Option<&str>>(at).is_none() }
    }
}

fn event(row: &dyn Fields) -> Event {
    Event {
        stream: row.id(0),
        seq: row.number(1),
        format: row.small(2),
        organisation: row.id(3),
        raffle: row.id(4),
        epoch: row.number(5),
        at: row.number(6),
        actor: (row.small(7), row.id(8)),
        approver: row.optional_id(9),
        cause: (row.small(10), row.id(11)),
        prev: row.bytes(12),
        hash: row.bytes(13),
        payload: row.bytes(14),
    }
}

fn end(row: &dyn Fields) -> End {
    End { stream: row.id(0), seq: row.number(1), hash: row.bytes(2), at: row.number(3) }
}

fn range(row: &dyn Fields) -> RangeRow {
    RangeRow { raffle: row.id(0), range: (row.number(1), row.number(2)), order: row.id(3) }
}

fn ticket(row: &dyn Fields) -> TicketRow {
    TicketRow {
        raffle: row.id(0),
        order: row.id(1),
        seq: row.number(2),
        validation: row.bytes(3),
        channel: row.small(4),
        device: row.optional_id(5),
        ranges: row.text(6),
        numbers: row.number(7),
        price_minor: row.number(8),
        sold_at: row.number(9),
        sale_hash: row.bytes(10),
        state: row.text(11),
    }
}

fn raffle(row: &dyn Fields) -> RaffleRow {
    RaffleRow {
        raffle: row.id(0),
        event_number: row.number(1),
        status: row.text(2),
        jackpot_minor: row.number(3),
        gross_minor: row.number(4),
        voided_minor: row.number(5),
        tickets: row.number(6),
        numbers_sold: row.number(7),
        seq: row.number(8),
    }
}

fn order(row: &dyn Fields) -> OrderRow {
    OrderRow {
        raffle: row.id(0),
        order: row.id(1),
        status: row.text(2),
        price_minor: row.number(3),
        refund: (!row.is_null(4, true), !row.is_null(5, false)),
    }
}

fn fact(row: &dyn Fields) -> FactRow {
    FactRow { raffle: row.id(0), position: row.number(1), seq: row.number(2) }
}

impl Books {
    /// Reads an SQLite file, in one transaction.
    ///
    /// # Panics
    /// When the file cannot be read.
    pub fn sqlite(path: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection =
            Connection::open_with_flags(path, flags).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        connection.busy_timeout(std::time::Duration::from_secs(10)).expect("a timeout can be set");
        let transaction = connection.transaction().expect("a database can be read");
        Self::sqlite_connection(&transaction)
    }

    /// Reads what a connection sees.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn sqlite_connection(connection: &Connection) -> Self {
        fn all<T>(connection: &Connection, query: &str, read: fn(&dyn Fields) -> T) -> Vec<T> {
            let mut statement = connection.prepare(query).expect("the tables are there");
            let rows = statement.query_map([], |row| Ok(read(&SqliteRow(row)))).expect("rows can be read");
            rows.collect::<Result<_, _>>().expect("rows can be read")
        }
        Self {
            events: all(connection, EVENTS, event),
            ends: all(connection, ENDS, end),
            ranges: all(connection, RANGES, range),
            tickets: all(connection, TICKETS, ticket),
            raffles: all(connection, RAFFLES, raffle),
            orders: all(connection, ORDERS, order),
            facts: all(connection, FACTS, fact),
        }
    }

    /// Reads a PostgreSQL database, in one snapshot.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn postgres(client: &mut tokio_postgres::Client) -> Self {
        async fn all<T>(
            transaction: &tokio_postgres::Transaction<'_>,
            query: &str,
            read: fn(&dyn Fields) -> T,
        ) -> Vec<T> {
            let rows = transaction.query(query, &[]).await.expect("rows can be read");
            rows.into_iter().map(|row| read(&PostgresRow(row))).collect()
        }
        let transaction = client
            .build_transaction()
            .read_only(true)
            .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
            .start()
            .await
            .expect("a database can be read");
        Self {
            events: all(&transaction, EVENTS, event).await,
            ends: all(&transaction, ENDS, end).await,
            ranges: all(&transaction, RANGES, range).await,
            tickets: all(&transaction, TICKETS, ticket).await,
            raffles: all(&transaction, RAFFLES, raffle).await,
            orders: all(&transaction, ORDERS, order).await,
            facts: all(&transaction, FACTS, fact).await,
        }
    }

    /// The events, journal by journal.
    pub fn journals(&self) -> impl Iterator<Item = (Id, &[Event])> {
        self.events.chunk_by(|a, b| a.stream == b.stream).map(|events| (events[0].stream, events))
    }

    /// The journal of one raffle.
    pub fn journal(&self, raffle: Id) -> &[Event] {
        self.journals().find(|(stream, _)| *stream == raffle).map_or(&[], |(_, events)| events)
    }
}

impl Event {
    /// The journal this event belongs to by its own account.
    pub fn own_stream(&self) -> Id {
        if self.raffle == NIL { self.organisation } else { self.raffle }
    }
}
