//! SQLite: one writer thread that owns its connection, a few readers, durable when COMMIT returns (WAL,
//! `synchronous=FULL`).

mod append;
mod open;
mod threads;

use super::sql::writes::Write;
use super::sql::{Backend, Query};
use super::{Append, Appended, Row, StoreError, StreamId};
use rusqlite::{Connection, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::time::Duration;
use threads::Threads;

/// How a SQLite store is run.
#[derive(Clone, Copy, Debug)]
pub struct SqliteOptions {
    /// When a call that has not answered counts as unavailable.
    pub deadline: Duration,
    /// Threads that read.
    pub readers: usize,
    /// Calls that may wait for the writer, and for the readers.
    pub queue: usize,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(10), readers: 3, queue: 256 }
    }
}

/// The embedded store: one file, one process.
pub struct SqliteStore {
    writer: Threads,
    readers: Threads,
    deadline: Duration,
    path: PathBuf,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the file with the usual options.
    ///
    /// # Errors
    /// See [`SqliteStore::open_with`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(path, SqliteOptions::default())
    }

    /// Opens the file, makes it and its folder if they are not there (for the owner's eyes only), and
    /// brings its schema up to date. Blocks.
    ///
    /// # Errors
    /// The file cannot be opened, is no database, or its schema is newer than this build.
    pub fn open_with(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        open::make_file(&path)?;
        let writer = open::writer(&path)?;
        let readers: Result<Vec<_>, _> = (0..options.readers.max(1)).map(|_| open::reader(&path)).collect();
        Ok(Self {
            writer: Threads::start("store-writer", vec![writer], options.queue)?,
            readers: Threads::start("store-reader", readers?, options.queue)?,
            deadline: options.deadline,
            path,
        })
    }

    /// Lets the file grow to no more than so many pages, or to its size now if that is more: the way to
    /// see what a full disk does.
    ///
    /// # Errors
    /// The store is unavailable.
    #[doc(hidden)]
    pub async fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        self.on_writer(move |connection| {
            let set = connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
            set.map_err(|e| failed(&e))
        })
        .await
    }

    async fn on_writer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(self.deadline, work).await
    }
}

/// Work in one immediate transaction: it has the write lock from its first statement on, so it never
/// fails half-way for want of it.
fn in_transaction<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|e| failed(&e))?;
    // Dropped on an error, it rolls back.
    let value = work(&transaction)?;
    transaction.commit().map_err(|e| failed(&e))?;
    Ok(value)
}

impl Backend for SqliteStore {
    const KIND: &'static str = "sqlite";

    async fn fetch<T: Send + 'static>(&self, query: Query<T>) -> Result<Vec<T>, StoreError> {
        self.readers.run(self.deadline, move |connection| append::rows(connection, &query)).await
    }

    async fn change<T: Send + 'static>(&self, query: Query<T>) -> Result<Vec<T>, StoreError> {
        self.on_writer(move |connection| in_transaction(connection, |inside| append::rows(inside, &query))).await
    }

    async fn write(&self, write: Write) -> Result<u64, StoreError> {
        self.on_writer(move |connection| {
            in_transaction(connection, |inside| {
                let changed = append::execute(inside, &write.first)?;
                if changed > 0 {
                    for statement in &write.then {
                        append::execute(inside, statement)?;
                    }
                }
                Ok(changed)
            })
        })
        .await
    }

    async fn append(&self, batch: &[Append]) -> Result<Vec<Appended>, StoreError> {
        let batch = batch.to_vec();
        self.on_writer(move |connection| in_transaction(connection, |inside| append::append(inside, &batch))).await
    }

    async fn rebuild(&self, stream: StreamId, rows: Vec<Row>) -> Result<(), StoreError> {
        // A rebuild of a big raffle takes longer than any other call, and somebody waits for it.
        let work = move |connection: &mut Connection| {
            in_transaction(connection, |inside| append::rebuild(inside, stream, &rows))
        };
        self.writer.run(self.deadline * super::REBUILD_DEADLINES, work).await
    }
}

/// A database error as the contract's. Texts of SQLite name tables and columns, never values.
fn failed(problem: &rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode as Code;
    let text = match problem.sqlite_error_code().and_then(in_plain_words) {
        Some(words) => format!("{words} ({problem})"),
        None => problem.to_string(),
    };
    match problem.sqlite_error_code() {
        Some(
            Code::DiskFull
            | Code::DatabaseBusy
            | Code::DatabaseLocked
            | Code::SystemIoFailure
            | Code::OutOfMemory
            | Code::CannotOpen
            | Code::OperationInterrupted
            | Code::OperationAborted
            | Code::ReadOnly
            | Code::PermissionDenied
            | Code::FileLockingProtocolFailed,
        ) => StoreError::Unavailable(text),
        _ => StoreError::Damaged(text),
    }
}

/// What whoever starts a server needs to hear, where SQLite's own words do not say it.
fn in_plain_words(code: rusqlite::ErrorCode) -> Option<&'static str> {
    use rusqlite::ErrorCode as Code;
    Some(match code {
        Code::DiskFull => "there is no room left on the disk of the database",
        Code::SystemIoFailure => "the disk of the database cannot be written or read; it may be full or broken",
        Code::ReadOnly | Code::PermissionDenied | Code::CannotOpen => {
            "the database's file cannot be opened and written; look at its folder's and its own rights, and at the room \
             on its disk"
        }
        Code::DatabaseBusy | Code::DatabaseLocked => "another program holds the database's lock",
        _ => return None,
    })
}
