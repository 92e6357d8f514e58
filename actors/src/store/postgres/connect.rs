//! Connections: made, borrowed, given back clean or closed.

use super::PostgresConfig;
use super::values::failed;
use crate::store::sql::{Query, Rows, Statement, Value};
use crate::store::{StoreError, migrations};
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use std::str::FromStr;
use std::time::Duration;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, NoTls};
use tracing::warn;

/// The key under which nodes take turns with migrations. Any number would do; all nodes use this one.
const MIGRATING: i64 = 0x6472_756d_726f_6c6c;

/// How long a node waits for its turn, and its own migrations may take.
const MIGRATION: Duration = Duration::from_secs(600);

pub(super) async fn pool(config: &PostgresConfig) -> Result<Pool, StoreError> {
    let wrong = |problem: tokio_postgres::Error| StoreError::Migration(format!("the database URL: {problem}"));
    let mut target = Config::from_str(&config.url).map_err(wrong)?;
    let connect_timeout = config.deadline.min(Duration::from_secs(5));
    target.connect_timeout(connect_timeout).keepalives_idle(Duration::from_secs(30));
    target.tcp_user_timeout(config.deadline.saturating_mul(2));
    if target.get_application_name().is_none() {
        target.application_name("drumroll");
    }
    tokio::time::timeout(MIGRATION, migrate(&target))
        .await
        .unwrap_or_else(|_| Err(StoreError::Migration("another node has been migrating for too long".to_owned())))?;

    let settings = session_settings(config.deadline);
    let prepare = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
        let settings = settings.clone();
        Box::pin(async move { client.batch_execute(&settings).await.map_err(HookError::Backend) })
    });
    let manager = Manager::from_config(target, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    Pool::builder(manager)
        .max_size(config.connections.max(1))
        .runtime(Runtime::Tokio1)
        .post_create(prepare)
        .build()
        .map_err(|problem| StoreError::Unavailable(problem.to_string()))
}

/// A transaction in which nothing happens for so long ends. Whoever was frozen or cut off in the middle of one holds
/// its rows, and nobody could take over his raffles before that.
const FORGOTTEN: Duration = Duration::from_secs(2);

/// A server that is told to answer before a commit is on disk would make "durable" a lie, so that
/// setting is put right; stronger ones stay. Statements, locks and forgotten transactions end by themselves.
fn session_settings(deadline: Duration) -> String {
    let ms = deadline.as_millis().max(1);
    format!(
        "SET statement_timeout = {ms}; SET lock_timeout = {ms}; SET idle_in_transaction_session_timeout = {idle}; \
         SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
        idle = FORGOTTEN.as_millis()
    )
}

async fn migrate(target: &Config) -> Result<(), StoreError> {
    let (mut client, connection) = target.connect(NoTls).await.map_err(|e| failed(&e))?;
    let connection = tokio::spawn(connection);
    let answer = migrate_on(&mut client).await;
    // The session ends with its connection, and the lock with the session.
    drop(client);
    if let Ok(Err(problem)) = connection.await {
        warn!(error = %failed(&problem), "the migrating connection ended badly");
    }
    answer
}

async fn migrate_on(client: &mut tokio_postgres::Client) -> Result<(), StoreError> {
    client.execute("SELECT pg_advisory_lock($1)", &[&MIGRATING]).await.map_err(|e| failed(&e))?;
    let runner = migrations::runner(migrations::POSTGRES)?;
    let history = client
        .query_one("SELECT to_regclass('refinery_schema_history') IS NOT NULL, current_setting('fsync')", &[])
        .await
        .map_err(|e| failed(&e))?;
    if history.try_get(0).map_err(|e| failed(&e))? {
        let applied = runner.get_applied_migrations_async(client).await.map_err(|e| migrations::failed(&e))?;
        migrations::check_known(&runner, &applied)?;
    }
    if history.try_get::<_, &str>(1).map_err(|e| failed(&e))? == "off" {
        warn!("the database runs with fsync off: a power cut loses sales that were acknowledged");
    }
    runner.run_async(client).await.map(drop).map_err(|e| migrations::failed(&e))
}

/// A borrowed connection. It goes back to the pool only from a clean state; otherwise, and when the
/// borrower's future is dropped in the middle, it is closed, and the server rolls back.
pub(super) struct Lease {
    object: Option<Object>,
    clean: bool,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.object.take().filter(|_| !self.clean) {
            drop(Object::take(object));
        }
    }
}

impl Lease {
    pub(super) async fn take(pool: &Pool) -> Result<Self, StoreError> {
        use deadpool_postgres::PoolError;
        let object = pool.get().await.map_err(|problem| match problem {
            PoolError::Backend(problem) | PoolError::PostCreateHook(HookError::Backend(problem)) => {
                // Whatever it is: without a connection nothing was looked at.
                match failed(&problem) {
                    StoreError::Damaged(text) => StoreError::Unavailable(text),
                    other => other,
                }
            }
            other => StoreError::Unavailable(other.to_string()),
        })?;
        Ok(Self { object: Some(object), clean: true })
    }

    fn client(&self) -> &Object {
        self.object.as_ref().expect("a lease has its connection until it is dropped")
    }

    pub(super) fn closed(&self) -> bool {
        self.client().is_closed()
    }

    /// Runs a call outside a transaction, or the one that ends it: an answer from the server, good or
    /// bad, leaves the connection clean.
    async fn alone<T>(
        &mut self,
        call: impl AsyncFnOnce(&Object) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, StoreError> {
        let in_transaction = !self.clean;
        self.clean = false;
        let answer = call(self.client()).await;
        let answered = answer.as_ref().err().is_none_or(|problem| problem.as_db_error().is_some());
        self.clean = answered && !in_transaction;
        answer.map_err(|e| failed(&e))
    }

    pub(super) async fn rows<T>(&mut self, query: &Query<T>) -> Result<Vec<T>, StoreError> {
        let found = self
            .alone(async |client| {
                let statement = client.prepare_cached(&query.statement.sql).await?;
                client.query(&statement, &parameters(&query.statement.params)).await
            })
            .await?;
        found.iter().map(|row| (query.decode)(row)).collect()
    }

    pub(super) async fn execute(&mut self, statement: &Statement) -> Result<u64, StoreError> {
        self.alone(async |client| {
            let prepared = client.prepare_cached(&statement.sql).await?;
            client.execute(&prepared, &parameters(&statement.params)).await
        })
        .await
    }

    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        self.clean = false;
        self.client().batch_execute("BEGIN").await.map_err(|e| failed(&e))
    }

    /// Only after every statement since [`Lease::begin`] succeeded: PostgreSQL answers the COMMIT of a
    /// failed transaction with a ROLLBACK and without an error.
    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        self.client().batch_execute("COMMIT").await.map_err(|e| failed(&e))?;
        self.clean = true;
        Ok(())
    }

    pub(super) async fn rollback(&mut self) -> Result<(), StoreError> {
        self.client().batch_execute("ROLLBACK").await.map_err(|e| failed(&e))?;
        self.clean = true;
        Ok(())
    }

    /// Runs set-based writes one after the other without waiting in between; with `begin`, they open the
    /// transaction as well. How many rows each changed, or the first failure.
    pub(super) async fn pipeline(
        &mut self,
        begin: bool,
        writes: &[&Rows<'_>],
    ) -> Result<Vec<u64>, tokio_postgres::Error> {
        self.clean = false;
        let client = self.client();
        let mut prepared = Vec::with_capacity(writes.len());
        for rows in writes {
            prepared.push((client.prepare_cached(rows.table.postgres()).await?, columns(rows)));
        }
        // Few enough to be polled, and so sent, in order; the answers come in order in any case.
        let opening = async { if begin { client.batch_execute("BEGIN").await } else { Ok(()) } };
        let sent = futures_util::future::join_all(prepared.iter().map(|(statement, columns)| async move {
            let parameters: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as _).collect();
            client.execute(statement, &parameters).await
        }));
        let (opened, changed) = futures_util::future::join(opening, sent).await;
        opened?;
        changed.into_iter().collect()
    }

    /// Runs text inside a transaction.
    pub(super) async fn run(&mut self, sql: &str) -> Result<(), StoreError> {
        self.client().batch_execute(sql).await.map_err(|e| failed(&e))
    }
}

fn parameters<'a>(values: &'a [Value<'static>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as _).collect()
}

/// Rows turned into columns, as UNNEST takes them.
fn columns<'a>(rows: &Rows<'a>) -> Vec<Vec<Value<'a>>> {
    let mut columns: Vec<Vec<Value<'a>>> =
        (0..rows.table.width()).map(|_| Vec::with_capacity(rows.rows.len())).collect();
    for row in &rows.rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value.clone());
        }
    }
    columns
}
