//! What people would build instead: one row per event that says which number is next, locked by every sale.
//! Each sale here does the least such a system can do and still be right: number, order, money, one commit.

use super::common::meter::{Meter, run_clients};
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::{Client, Config, NoTls, Statement};
use uuid::Uuid;

/// The least that a sale needs: the event's row, and a row per order under its key.
const SCHEMA: &str = "
    DROP SCHEMA IF EXISTS baseline CASCADE;
    CREATE SCHEMA baseline;
    CREATE TABLE baseline.event (
        event UUID PRIMARY KEY, next_number BIGINT NOT NULL, sold_minor BIGINT NOT NULL, tickets BIGINT NOT NULL
    ) WITH (fillfactor = 50);
    CREATE TABLE baseline.sale (
        event UUID NOT NULL, order_key UUID NOT NULL, first BIGINT NOT NULL, last BIGINT NOT NULL,
        price_minor BIGINT NOT NULL, validation BYTEA NOT NULL, seller UUID NOT NULL,
        sold_at TIMESTAMPTZ NOT NULL DEFAULT now(), PRIMARY KEY (event, order_key)
    );";

/// Numbers and price of the one package that everything here sells.
const NUMBERS: i64 = 5;
const PRICE: i64 = 500;

/// How a sale gets its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Begin, update … returning, insert, commit.
    RowLock,
    /// The same as one prepared statement.
    OneStatement,
    /// Begin, advisory lock, select, update, insert, commit.
    AdvisoryLock,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::RowLock, Self::OneStatement, Self::AdvisoryLock];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::RowLock => "row_lock",
            Self::OneStatement => "one_statement",
            Self::AdvisoryLock => "advisory_lock",
        }
    }
}

pub(crate) const ONE_STATEMENT: &str = "
    WITH taken AS (
        UPDATE baseline.event SET next_number = next_number + $3, sold_minor = sold_minor + $4, tickets = tickets + 1
        WHERE event = $1 RETURNING next_number
    )
    INSERT INTO baseline.sale (event, order_key, first, last, price_minor, validation, seller)
    SELECT $1, $2, next_number - $3, next_number - 1, $4, $5, $6 FROM taken
    RETURNING first";

pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = url.parse::<Config>().unwrap().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub(crate) async fn prepare(url: &str) -> Uuid {
    let client = connect(url).await;
    client.batch_execute(SCHEMA).await.unwrap();
    let event = Uuid::new_v4();
    client.execute("INSERT INTO baseline.event VALUES ($1, 1, 0, 0)", &[&event]).await.unwrap();
    event
}

struct Seller {
    client: Client,
    update: Statement,
    insert: Statement,
    one: Statement,
    lock: Statement,
    select: Statement,
    set: Statement,
}

impl Seller {
    async fn new(url: &str) -> Self {
        let client = connect(url).await;
        let update = "UPDATE baseline.event SET next_number = next_number + $2, sold_minor = sold_minor + $3,
                      tickets = tickets + 1 WHERE event = $1 RETURNING next_number";
        let insert = "INSERT INTO baseline.sale (event, order_key, first, last, price_minor, validation, seller)
                      VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let set = "UPDATE baseline.event SET next_number = $2, sold_minor = sold_minor + $3, tickets = tickets + 1
                   WHERE event = $1";
        Self {
            update: client.prepare(update).await.unwrap(),
            insert: client.prepare(insert).await.unwrap(),
            one: client.prepare(ONE_STATEMENT).await.unwrap(),
            lock: client.prepare("SELECT pg_advisory_xact_lock($1)").await.unwrap(),
            select: client.prepare("SELECT next_number FROM baseline.event WHERE event = $1").await.unwrap(),
            set: client.prepare(set).await.unwrap(),
            client,
        }
    }

    async fn sell(&mut self, way: Way, event: Uuid) -> Result<(), tokio_postgres::Error> {
        let (order, seller) = (Uuid::new_v4(), Uuid::nil());
        let validation = order.as_bytes().as_slice();
        match way {
            Way::OneStatement => {
                let sale: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
                    [&event, &order, &NUMBERS, &PRICE, &validation, &seller];
                self.client.query_one(&self.one, &sale).await.map(drop)
            }
            Way::RowLock => {
                let transaction = self.client.transaction().await?;
                let row = transaction.query_one(&self.update, &[&event, &NUMBERS, &PRICE]).await?;
                let next: i64 = row.get(0);
                let (first, last) = (next - NUMBERS, next - 1);
                transaction
                    .execute(&self.insert, &[&event, &order, &first, &last, &PRICE, &validation, &seller])
                    .await?;
                transaction.commit().await
            }
            Way::AdvisoryLock => {
                let key = i64::from_be_bytes(event.as_bytes()[..8].try_into().unwrap());
                let transaction = self.client.transaction().await?;
                transaction.query_one(&self.lock, &[&key]).await?;
                let first: i64 = transaction.query_one(&self.select, &[&event]).await?.get(0);
                let (next, last) = (first + NUMBERS, first + NUMBERS - 1);
                transaction.execute(&self.set, &[&event, &next, &PRICE]).await?;
                transaction
                    .execute(&self.insert, &[&event, &order, &first, &last, &PRICE, &validation, &seller])
                    .await?;
                transaction.commit().await
            }
        }
    }
}

/// Sales a second over so many connections.
pub(crate) async fn measure(url: &str, event: Uuid, way: Way, connections: usize, window: Duration) -> Meter {
    let mut sellers = Vec::with_capacity(connections);
    for _ in 0..connections {
        sellers.push(Arc::new(tokio::sync::Mutex::new(Seller::new(url).await)));
    }
    run_clients(connections, window, move |client| {
        let seller = sellers[client].clone();
        async move { seller.lock().await.sell(way, event).await.unwrap() }
    })
    .await
}
