//! The comprehensive check at start (GLI-31 §3.4.3, R-07): every row is read, every link followed,
//! every signature verified. What it cannot see is a memory that was replaced whole by an older copy
//! of itself: that shows when the server names the head it holds.

use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::{DeviceRecord, VerifiedRecord, verify};
use drumroll_engine::id::{DeviceId, RaffleId};
use drumroll_engine::time::Timestamp;
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::BTreeMap;

use super::{FACTS, Fact, SCHEMA, SCHEMA_VERSION, START, StoreError, anchor_checksum, fact};
use crate::clock::Anchor;

/// Everything a sound memory holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Each raffle's series, in order.
    pub series: BTreeMap<RaffleId, Vec<VerifiedRecord>>,
    /// The facts, in order.
    pub facts: Vec<Fact>,
    /// Server time as last saved.
    pub anchor: Option<Anchor>,
    /// The latest server time on any row.
    pub seen_us: u64,
    pub(super) facts_no: u64,
    pub(super) facts_head: [u8; 32],
}

/// Checks all of it.
pub(super) fn check(connection: &Connection, device: DeviceId, public_key: &[u8; 32]) -> Result<Loaded, StoreError> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version != SCHEMA_VERSION {
        return Err(StoreError::damaged(format!("format {version} is not known")));
    }
    check_structure(connection)?;
    let mut seen_us = 0;
    let series = check_records(connection, device, public_key, &mut seen_us)?;
    let (facts, facts_head) = check_facts(connection, public_key, &mut seen_us)?;
    let facts_no = facts.len() as u64;
    check_tips(connection, &series, facts_no, &facts_head)?;
    let anchor = check_anchor(connection)?;
    Ok(Loaded { series, facts, anchor, seen_us, facts_no, facts_head })
}

/// SQLite's own pages and indexes, and the schema itself: a lost trigger would not be missed otherwise.
fn check_structure(connection: &Connection) -> Result<(), StoreError> {
    let verdict: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| StoreError::damaged(error.to_string()))?;
    if verdict != "ok" {
        return Err(StoreError::Damaged(verdict));
    }
    let mut statement = connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")?;
    let found: Vec<String> =
        statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>().map_err(unreadable)?;
    let fresh = Connection::open_in_memory()?;
    fresh.execute_batch(SCHEMA)?;
    let mut statement = fresh.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")?;
    let wanted: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    if found == wanted { Ok(()) } else { Err(StoreError::damaged("the tables are not those of this program")) }
}

fn check_records(
    connection: &Connection,
    device: DeviceId,
    public_key: &[u8; 32],
    seen_us: &mut u64,
) -> Result<BTreeMap<RaffleId, Vec<VerifiedRecord>>, StoreError> {
    let mut series: BTreeMap<RaffleId, Vec<VerifiedRecord>> = BTreeMap::new();
    let mut statement = connection.prepare(
        "SELECT raffle_id, seq, device_at_us, server_at_us, error_ms, prev, payload, signature
         FROM record ORDER BY raffle_id, seq",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next().map_err(unreadable)? {
        let record = record(row, device)?;
        let (raffle, seq) = (record.raffle_id, record.seq);
        let record = record.verify(public_key).map_err(|e| StoreError::damaged(format!("record {seq}: {e}")))?;
        record.payload().map_err(|error| StoreError::damaged(format!("record {seq}: {error}")))?;
        let chain = series.entry(raffle).or_default();
        let (last_seq, last_head) = chain.last().map_or((0, START), |last| (last.record().seq, *last.hash()));
        if !record.continues(last_seq, &last_head) {
            return Err(StoreError::damaged(format!("record {seq} does not follow record {last_seq}")));
        }
        *seen_us = (*seen_us).max(record.record().server_at_us.0);
        chain.push(record);
    }
    Ok(series)
}

fn check_facts(
    connection: &Connection,
    public_key: &[u8; 32],
    seen_us: &mut u64,
) -> Result<(Vec<Fact>, [u8; 32]), StoreError> {
    let (mut facts, mut head) = (Vec::new(), START);
    let mut statement = connection.prepare("SELECT no, at_us, prev, body, signature FROM fact ORDER BY no")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next().map_err(unreadable)? {
        let (no, at_us): (u64, u64) = (unsigned(row, 0)?, unsigned(row, 1)?);
        let (prev, body, signature): ([u8; 32], String, [u8; 64]) = (get(row, 2)?, get(row, 3)?, get(row, 4)?);
        if no != facts.len() as u64 + 1 || prev != head {
            return Err(StoreError::damaged(format!("fact {no} does not follow the one before")));
        }
        head = fact::hash(no, at_us, &prev, &body);
        if !verify(public_key, fact::SIGNATURE_TAG, &head, &signature) {
            return Err(StoreError::damaged(format!("fact {no} is not signed by this device")));
        }
        let fact = serde_json::from_str(&body).map_err(|_| StoreError::damaged(format!("fact {no} is not known")))?;
        *seen_us = (*seen_us).max(at_us);
        facts.push(fact);
    }
    Ok((facts, head))
}

fn check_tips(
    connection: &Connection,
    series: &BTreeMap<RaffleId, Vec<VerifiedRecord>>,
    facts_no: u64,
    facts_head: &[u8; 32],
) -> Result<(), StoreError> {
    let mut wanted: BTreeMap<Vec<u8>, (u64, [u8; 32])> = series
        .iter()
        .filter_map(|(raffle, chain)| chain.last().map(|last| (raffle.0.to_vec(), (last.record().seq, *last.hash()))))
        .collect();
    if facts_no > 0 {
        wanted.insert(FACTS.to_vec(), (facts_no, *facts_head));
    }
    let mut found = BTreeMap::new();
    let mut statement = connection.prepare("SELECT chain, seq, hash FROM tip")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next().map_err(unreadable)? {
        found.insert(get::<Vec<u8>>(row, 0)?, (unsigned(row, 1)?, get::<[u8; 32]>(row, 2)?));
    }
    if found == wanted { Ok(()) } else { Err(StoreError::damaged("a chain does not end where it was left")) }
}

fn check_anchor(connection: &Connection) -> Result<Option<Anchor>, StoreError> {
    let row = connection
        .query_row("SELECT body, checksum FROM anchor", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, [u8; 32]>(1)?))
        })
        .optional()
        .map_err(unreadable)?;
    let Some((body, checksum)) = row else { return Ok(None) };
    if checksum != anchor_checksum(&body) {
        return Err(StoreError::damaged("the saved time does not fit its checksum"));
    }
    serde_json::from_str(&body).map(Some).map_err(|_| StoreError::damaged("the saved time cannot be read"))
}

/// One row of `record`, as written.
pub(super) fn record(row: &Row<'_>, device_id: DeviceId) -> Result<DeviceRecord, StoreError> {
    let error_ms =
        u32::try_from(unsigned(row, 4)?).map_err(|_| StoreError::damaged("an error bound is out of range"))?;
    Ok(DeviceRecord {
        device_id,
        raffle_id: RaffleId(get(row, 0)?),
        seq: unsigned(row, 1)?,
        device_at_us: Timestamp(unsigned(row, 2)?),
        server_at_us: Timestamp(unsigned(row, 3)?),
        error_ms,
        prev: Bytes(get(row, 5)?),
        payload: get(row, 6)?,
        signature: Bytes(get(row, 7)?),
    })
}

fn get<T: FromSql>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    row.get(column).map_err(unreadable)
}

fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, StoreError> {
    u64::try_from(get::<i64>(row, column)?).map_err(|_| StoreError::damaged("a number is negative"))
}

/// A row that was written and cannot be read is damage, whatever SQLite calls it.
fn unreadable(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => StoreError::Database(error),
        _ => StoreError::damaged(error.to_string()),
    }
}
