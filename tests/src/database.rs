//! A database of one's own.

use crate::auditor::books::Books;
use crate::chance::Chance;
use crate::doom::Writes;
use crate::wait::{SOON, until};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_postgres::{Client, Config, NoTls};

/// Where a server keeps its records.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file.
    Sqlite(PathBuf),
    /// A URL.
    Postgres(String),
}

impl Database {
    /// A file in this folder.
    pub fn sqlite(folder: &Path) -> Self {
        Self::Sqlite(folder.join("drumroll.sqlite"))
    }

    /// A new database on the server of `DRUMROLL_TEST_POSTGRES`; `None` when there is none.
    pub async fn postgres() -> Option<Self> {
        Some(Self::on(&std::env::var("DRUMROLL_TEST_POSTGRES").ok()?).await)
    }

    /// A new database on this server.
    pub async fn on(server: &str) -> Self {
        // Tests of one process may begin in the same millisecond.
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (mixed, count) = (Chance::new(crate::now_ms()).bits(), COUNT.fetch_add(1, Ordering::Relaxed));
        let name = format!("drumroll_test_{}_{count}_{mixed:x}", std::process::id());
        connect(server).await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        Self::Postgres(format!("{base}/{name}"))
    }

    /// The value of the server's setting.
    pub fn setting(&self) -> String {
        match self {
            Self::Sqlite(path) => path.to_string_lossy().into_owned(),
            Self::Postgres(url) => url.clone(),
        }
    }

    /// The writes that reach it.
    pub(crate) fn writes(&self) -> Writes {
        match self {
            Self::Sqlite(_) => Writes::Files,
            Self::Postgres(url) => Writes::Port(url.parse::<Config>().unwrap().get_ports()[0]),
        }
    }

    /// A copy as it stands, while nobody is connected.
    pub async fn copy(&self, folder: &Path) -> Self {
        match self {
            Self::Sqlite(path) => {
                let copy = Self::sqlite(folder);
                for end in ["", "-wal"] {
                    let from = format!("{}{end}", path.display());
                    if Path::new(&from).exists() {
                        std::fs::copy(from, format!("{}{end}", copy.setting())).unwrap();
                    }
                }
                copy
            }
            Self::Postgres(url) => {
                let (base, name) = url.rsplit_once('/').unwrap();
                let copy = format!("{name}_copy");
                let client = connect(&format!("{base}/postgres")).await;
                client.batch_execute(&format!("CREATE DATABASE {copy} TEMPLATE {name}")).await.unwrap();
                Self::Postgres(format!("{base}/{copy}"))
            }
        }
    }

    /// Waits until no server is connected any more: PostgreSQL's sessions outlive a process that was killed.
    pub async fn left_alone(&self) {
        let Self::Postgres(url) = self else { return };
        let (base, name) = url.rsplit_once('/').unwrap();
        let client = connect(&format!("{base}/postgres")).await;
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1";
        until("the database is left alone", SOON, async || {
            let others: i64 = client.query_one(others, &[&name]).await.unwrap().get(0);
            (others == 0).then_some(())
        })
        .await;
    }

    /// Everything in it that an audit looks at.
    pub async fn books(&self) -> Books {
        match self {
            Self::Sqlite(path) => Books::sqlite(path),
            Self::Postgres(url) => Books::postgres(&mut connect(url).await).await,
        }
    }

    /// The one number that a query answers.
    pub async fn number(&self, query: &str) -> u64 {
        match self {
            Self::Sqlite(path) => {
                let connection =
                    rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
                connection.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap().cast_unsigned()
            }
            Self::Postgres(url) => {
                connect(url).await.query_one(query, &[]).await.unwrap().get::<_, i64>(0).cast_unsigned()
            }
        }
    }

    /// Removes a database made by [`Database::postgres`], when nobody is connected any more.
    pub async fn remove(&self) {
        if let Self::Postgres(url) = self {
            let (base, name) = url.rsplit_once('/').unwrap();
            let client = connect(&format!("{base}/postgres")).await;
            client.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
        }
    }

    /// Whether this is PostgreSQL.
    pub const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

/// A connection, driven in the background.
pub async fn connect(url: &str) -> Client {
    let config: Config = url.parse().unwrap();
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
