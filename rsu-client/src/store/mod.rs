//! The device's memory: SQLite, append-only, every row chained and signed.
//!
//! Durable means a returned `COMMIT` in WAL with `synchronous=FULL`. What is appended here is complete
//! or absent after a power cut at any instant.
//!
//! | file | idea |
//! |---|---|
//! | `schema.sql` | the tables, and triggers that refuse to change them |
//! | `fact` | what the device was told |
//! | `check` | the comprehensive check at start (R-07) |

mod check;
pub mod fact;

pub use check::Loaded;
pub use fact::Fact;

use std::path::Path;
use std::time::Duration;

use drumroll_engine::device::{DeviceRecord, GENESIS, SecretKey, VerifiedRecord};
use drumroll_engine::hash::Hasher;
use drumroll_engine::id::{DeviceId, RaffleId};
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use crate::clock::Anchor;

const SCHEMA: &str = include_str!("schema.sql");
const SCHEMA_VERSION: i64 = 1;
/// The name of the facts' chain; raffles' chains are named by their id.
const FACTS: &[u8] = b"facts";

/// Why the memory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something in it is not what was written. The device stops: only people can help.
    #[error("the device's memory is damaged: {0}")]
    Damaged(String),
    /// The disk or the database said no; nothing was appended. May pass.
    #[error("the device's memory cannot be written or read")]
    Database(#[from] rusqlite::Error),
}

impl StoreError {
    /// Whether the same call may succeed later.
    pub const fn may_retry(&self) -> bool {
        matches!(self, Self::Database(_))
    }

    fn damaged(detail: impl Into<String>) -> Self {
        Self::Damaged(detail.into())
    }
}

/// The open memory of one device. One process at a time; [`crate::device`] holds the lock.
pub struct Store {
    connection: Connection,
    facts_no: u64,
    facts_head: [u8; 32],
}

impl Store {
    /// Opens or creates the memory in `file`, checks all of it and returns what it holds.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn open(file: &Path, device_id: DeviceId, public_key: &[u8; 32]) -> Result<(Self, Loaded), StoreError> {
        let connection = Connection::open(file)?;
        Self::start(connection, device_id, public_key, true)
    }

    /// Like [`Store::open`], for looking only: nothing is written, and another process may be selling.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn look(file: &Path, device_id: DeviceId, public_key: &[u8; 32]) -> Result<Loaded, StoreError> {
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.execute_batch("PRAGMA query_only = ON; BEGIN")?;
        Self::start(connection, device_id, public_key, false).map(|(_, loaded)| loaded)
    }

    fn start(
        mut connection: Connection,
        device_id: DeviceId,
        public_key: &[u8; 32],
        create: bool,
    ) -> Result<(Self, Loaded), StoreError> {
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        if create {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if version == 0 && tables == 0 {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                transaction.execute_batch(SCHEMA)?;
                transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
                transaction.commit()?;
            }
        }
        let loaded = check::check(&connection, device_id, public_key)?;
        let store = Self { connection, facts_no: loaded.facts_no, facts_head: loaded.facts_head };
        Ok((store, loaded))
    }

    /// Appends one record that continues its series; it is on the disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::Database`]: whether it was appended is unknown. The caller drops the store and
    /// opens it again rather than guess.
    pub fn append_record(&mut self, record: &VerifiedRecord) -> Result<(), StoreError> {
        let row = record.record();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction
            .prepare_cached(
                "INSERT INTO record (raffle_id, seq, device_at_us, server_at_us, error_ms, prev, payload, signature)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                row.raffle_id.0,
                integer(row.seq)?,
                integer(row.device_at_us.0)?,
                integer(row.server_at_us.0)?,
                row.error_ms,
                row.prev.0,
                row.payload,
                row.signature.0,
            ])?;
        move_tip(&transaction, &row.raffle_id.0, row.seq, record.hash())?;
        transaction.commit()?;
        Ok(())
    }

    /// Appends one fact; it is on the disk when this returns.
    ///
    /// # Errors
    /// As [`Store::append_record`].
    pub fn append_fact(&mut self, fact: &Fact, at_us: u64, key: &SecretKey) -> Result<(), StoreError> {
        let body = serde_json::to_string(fact).map_err(|error| StoreError::damaged(error.to_string()))?;
        let no = self.facts_no + 1;
        let hash = fact::hash(no, at_us, &self.facts_head, &body);
        let signature = key.sign(fact::SIGNATURE_TAG, &hash);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction
            .prepare_cached("INSERT INTO fact (no, at_us, prev, body, signature) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![integer(no)?, integer(at_us)?, self.facts_head, body, signature])?;
        move_tip(&transaction, FACTS, no, &hash)?;
        transaction.commit()?;
        (self.facts_no, self.facts_head) = (no, hash);
        Ok(())
    }

    /// Saves what server time is, replacing the last.
    ///
    /// # Errors
    /// [`StoreError::Database`]; harmless, the older anchor stays.
    pub fn save_anchor(&mut self, anchor: &Anchor) -> Result<(), StoreError> {
        let body = serde_json::to_string(anchor).map_err(|error| StoreError::damaged(error.to_string()))?;
        let checksum = anchor_checksum(&body);
        self.connection.execute(
            "INSERT INTO anchor (id, body, checksum) VALUES (1, ?1, ?2)
             ON CONFLICT (id) DO UPDATE SET body = excluded.body, checksum = excluded.checksum",
            params![body, checksum],
        )?;
        Ok(())
    }

    /// Reads records `first..=last` of a series, for uploading; stops early at `bytes_max` of payload,
    /// but never before the first record.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn records(
        &self,
        device_id: DeviceId,
        raffle_id: RaffleId,
        first: u64,
        last: u64,
        bytes_max: usize,
    ) -> Result<Vec<DeviceRecord>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT raffle_id, seq, device_at_us, server_at_us, error_ms, prev, payload, signature
             FROM record WHERE raffle_id = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq",
        )?;
        let mut rows = statement.query(params![raffle_id.0, integer(first)?, integer(last)?])?;
        let (mut records, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let record = check::record(row, device_id)?;
            // Escaping at most doubles a payload; the envelope is below 500 bytes.
            bytes += record.payload.len() * 2 + 500;
            if bytes > bytes_max && !records.is_empty() {
                break;
            }
            records.push(record);
        }
        Ok(records)
    }
}

fn move_tip(connection: &Connection, chain: &[u8], seq: u64, hash: &[u8; 32]) -> Result<(), StoreError> {
    let before: Option<i64> =
        connection.query_row("SELECT seq FROM tip WHERE chain = ?1", [chain], |row| row.get(0)).optional()?;
    if before.unwrap_or(0) + 1 != integer(seq)? {
        return Err(StoreError::damaged(format!("record {seq} does not follow the end of its chain")));
    }
    connection.execute(
        "INSERT INTO tip (chain, seq, hash) VALUES (?1, ?2, ?3)
         ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
        params![chain, integer(seq)?, hash],
    )?;
    Ok(())
}

fn anchor_checksum(body: &str) -> [u8; 32] {
    Hasher::new("drumroll/device-anchor/1").bytes(body.as_bytes()).finish()
}

/// SQLite's integers are signed; nothing here comes near their end.
fn integer(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::damaged(format!("{value} is out of range")))
}

/// The start of every chain.
const START: [u8; 32] = GENESIS;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TempDir;

    /// Durable when COMMIT returns is what these two say.
    #[test]
    fn r04_what_is_appended_waits_for_the_disk() {
        let dir = TempDir::new("pragmas");
        let key = SecretKey::from_bytes(&[5; 32]);
        let (store, _) = Store::open(&dir.path().join("device.sqlite"), DeviceId([5; 16]), &key.public()).unwrap();
        let pragma = |name: &str| -> rusqlite::types::Value {
            store.connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
        };
        assert_eq!(pragma("synchronous"), 2.into(), "FULL");
        assert_eq!(pragma("journal_mode"), "wal".to_owned().into());
    }
}
