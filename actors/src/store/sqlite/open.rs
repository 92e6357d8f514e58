//! Opening the file.

use super::failed;
use crate::store::{StoreError, migrations};
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// How long a statement waits for another process's lock, a backup's for example.
const BUSY: Duration = Duration::from_secs(5);

/// Statements kept prepared: all there are.
const STATEMENTS: usize = 128;

fn unavailable(path: &Path, problem: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {problem}", path.display()))
}

/// Makes the folder and the file, readable by their owner only. SQLite gives its own side files the
/// rights of the database.
pub(super) fn make_file(path: &Path) -> Result<(), StoreError> {
    if path.exists() {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let make = || -> io::Result<()> {
        make_folder(folder)?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)?.sync_all()?;
        // The file's name must survive a power cut as its contents do.
        fs::File::open(folder)?.sync_all()
    };
    make().map_err(|problem| unavailable(path, &problem))
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => fs::File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn configure(connection: &Connection) -> Result<String, rusqlite::Error> {
    let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    Ok(mode)
}

/// The connection that writes, with the schema up to date.
pub(super) fn writer(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = connect(path).map_err(|e| failed(&e))?;
    let mode = configure(&connection).map_err(|e| failed(&e))?;
    if mode != "wal" {
        return Err(StoreError::Unavailable(format!("{}: write-ahead logging is not possible here", path.display())));
    }
    migrate(&mut connection)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let runner = migrations::runner(migrations::SQLITE)?;
    // A new file has no history to ask for.
    let history = connection
        .query_row("SELECT COUNT(*) FROM sqlite_master WHERE name = 'refinery_schema_history'", [], |row| row.get(0))
        .map_err(|e| failed(&e))?;
    if 0_i64 < history {
        let applied = runner.get_applied_migrations(connection).map_err(|e| migrations::failed(&e))?;
        migrations::check_known(&runner, &applied)?;
    }
    runner.run(connection).map(drop).map_err(|e| migrations::failed(&e))
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let open = || {
        let connection = connect(path)?;
        connection.pragma_update(None, "query_only", "ON")?;
        connection.pragma_update(None, "cache_size", -16_384)?;
        Ok(connection)
    };
    open().map_err(|e| failed(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Durable when COMMIT returns is what these two say, and each connection says it for itself.
    #[test]
    fn what_writes_waits_for_the_disk_b01() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("drumroll.sqlite");
        make_file(&path).unwrap();
        let pragma = |connection: &Connection, name: &str| -> rusqlite::types::Value {
            connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
        };
        let writer = writer(&path).unwrap();
        assert_eq!(pragma(&writer, "synchronous"), 2.into(), "FULL");
        assert_eq!(pragma(&writer, "journal_mode"), "wal".to_owned().into());
        let reader = reader(&path).unwrap();
        assert_eq!(pragma(&reader, "journal_mode"), "wal".to_owned().into());
        assert_eq!(pragma(&reader, "query_only"), 1.into(), "nothing is committed here");
    }
}
