//! PostgreSQL: a pool of connections, appends by UNNEST, a deadline on every call.

mod append;
mod connect;
mod leases;
mod values;

use super::sql::writes::Write;
use super::sql::{Backend, Query};
use super::{Append, Appended, Leases, Row, StoreError, StreamId};
use connect::Lease;
use deadpool_postgres::Pool;
use std::time::Duration;

/// Where the database is and how it is used.
#[derive(Clone)]
pub struct PostgresConfig {
    /// A URL or key/value string, as libpq takes it.
    pub url: String,
    /// Connections at most.
    pub connections: usize,
    /// When a call that has not answered counts as unavailable. The server gives up on a statement then, too.
    pub deadline: Duration,
}

impl PostgresConfig {
    /// The usual configuration for a database.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), connections: 16, deadline: Duration::from_secs(10) }
    }
}

/// Without the URL, which has the password.
impl std::fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("connections", &self.connections)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// The store for several nodes.
pub struct PostgresStore {
    pool: Pool,
    deadline: Duration,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").field("pool", &self.pool.status()).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Connects and brings the schema up to date; nodes that start together take turns.
    ///
    /// # Errors
    /// The database cannot be reached, or its schema is newer than this build.
    pub async fn connect(config: PostgresConfig) -> Result<Self, StoreError> {
        let pool = connect::pool(&config).await?;
        Ok(Self { pool, deadline: config.deadline })
    }

    /// Runs `work` within the deadline. On any error that may have left the connection in the middle
    /// of something, `work` has not marked the lease as clean, and the connection is closed.
    async fn within<T>(
        &self,
        deadline: Duration,
        work: impl AsyncFnOnce(&mut Lease) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let run = async {
            let mut lease = Lease::take(&self.pool).await?;
            work(&mut lease).await
        };
        let answer = tokio::time::timeout(deadline, run).await;
        answer.unwrap_or_else(|_| Err(StoreError::Unavailable("the deadline passed".to_owned())))
    }
}

impl Backend for PostgresStore {
    const KIND: &'static str = "postgres";

    async fn fetch<T: Send + 'static>(&self, query: Query<T>) -> Result<Vec<T>, StoreError> {
        self.within(self.deadline, async |lease| match lease.rows(&query).await {
            // A connection that had died in the pool says nothing about the database: once more, on another.
            Err(StoreError::Unavailable(_)) if lease.closed() => {
                *lease = Lease::take(&self.pool).await?;
                lease.rows(&query).await
            }
            answer => answer,
        })
        .await
    }

    async fn change<T: Send + 'static>(&self, query: Query<T>) -> Result<Vec<T>, StoreError> {
        self.within(self.deadline, async |lease| lease.rows(&query).await).await
    }

    async fn write(&self, write: Write) -> Result<u64, StoreError> {
        self.within(self.deadline, async |lease| {
            if write.then.is_empty() {
                return lease.execute(&write.first).await;
            }
            lease.begin().await?;
            let changed = lease.execute(&write.first).await?;
            if changed > 0 {
                for statement in &write.then {
                    lease.execute(statement).await?;
                }
            }
            lease.commit().await?;
            Ok(changed)
        })
        .await
    }

    async fn append(&self, batch: &[Append]) -> Result<Vec<Appended>, StoreError> {
        self.within(self.deadline, async |lease| append::append(lease, batch).await).await
    }

    fn leases(&self) -> Option<&dyn Leases> {
        Some(self)
    }

    async fn rebuild(&self, stream: StreamId, rows: Vec<Row>) -> Result<(), StoreError> {
        let deadline = self.deadline * super::REBUILD_DEADLINES;
        self.within(deadline, async |lease| append::rebuild(lease, stream, &rows, deadline).await).await
    }
}
