//! Holds commits back from outside, as another writer would.

use drumroll_tests::database::{Database, connect};
use drumroll_tests::wait::{SOON, until};

/// While it stands nothing is committed; readers go on.
pub(crate) enum Lock {
    /// The one writer's place of the file.
    Sqlite(rusqlite::Connection),
    /// A lock on the tables that every commit writes to: the journal, and the row that shows whether one is possible.
    Postgres(tokio_postgres::Client),
}

impl Lock {
    /// Waits its turn.
    pub(crate) async fn take(database: &Database) -> Self {
        match database {
            Database::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                connection.busy_timeout(SOON).unwrap();
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                Self::Sqlite(connection)
            }
            Database::Postgres(url) => {
                let client = connect(url).await;
                let turn = SOON.as_millis();
                client
                    .batch_execute(&format!(
                        "BEGIN; SET LOCAL lock_timeout = {turn}; LOCK TABLE events, health IN EXCLUSIVE MODE"
                    ))
                    .await
                    .unwrap();
                Self::Postgres(client)
            }
        }
    }

    /// Lets commits through again.
    pub(crate) async fn release(self) {
        match self {
            Self::Sqlite(connection) => connection.execute_batch("ROLLBACK").unwrap(),
            Self::Postgres(client) => client.batch_execute("ROLLBACK").await.unwrap(),
        }
    }

    /// Lets go after the server was killed. A file forgets a dead process at once; PostgreSQL's sessions outlive it:
    /// they stand behind this lock with statements of somebody who is gone, and notice only now. Returns when the last
    /// of them has ended.
    pub(crate) async fn release_after_a_kill(self) {
        let Self::Postgres(client) = self else { return self.release().await };
        client.batch_execute("ROLLBACK").await.unwrap();
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
            AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
        until("the dead server's sessions have ended", SOON, async || {
            let others: i64 = client.query_one(others, &[]).await.unwrap().get(0);
            (others == 0).then_some(())
        })
        .await;
    }
}
