//! whatever changes in the device's memory is found at start, and then it does not sell.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{Offline, lease, notice};
use drumroll_protocol::NoticeKind;
use drumroll_rsu_client::store::StoreError;
use drumroll_rsu_client::{Device, DeviceError};
use rusqlite::Connection;
use rusqlite::types::Value;

const DATABASE: &str = "device.sqlite";

/// A device that sold, was told things and was closed, with everything in one file.
fn filled(name: &str) -> Offline {
    let mut offline = Offline::new(name, vec![lease(1, 1, 100)]);
    for _ in 0..3 {
        let ticket = offline.sell(2, 1).unwrap();
        offline.get().print(common::RAFFLE, ticket.sale.order_key).unwrap();
    }
    offline.get().take_notice(&notice(NoticeKind::Close, 11, common::T0 + 60 * common::SECOND)).unwrap();
    offline.device = None;
    let connection = Connection::open(offline.dir.path().join(DATABASE)).unwrap();
    connection.pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap();
    offline
}

fn open(offline: &Offline) -> Result<Device, DeviceError> {
    Device::open(offline.dir.path(), Box::new(offline.time.clone()))
}

fn is_damage(result: &Result<Device, DeviceError>) -> bool {
    matches!(result, Err(DeviceError::Store(StoreError::Damaged(_))))
}

/// Every value of every row, changed through SQL past the triggers.
#[test]
fn r07_changing_any_stored_value_is_found() {
    let offline = filled("values");
    let file = offline.dir.path().join(DATABASE);
    let original = std::fs::read(&file).unwrap();
    let columns: &[(&str, &[&str])] = &[
        ("record", &["raffle_id", "seq", "device_at_us", "server_at_us", "error_ms", "prev", "payload", "signature"]),
        ("fact", &["no", "at_us", "prev", "body", "signature"]),
        ("tip", &["chain", "seq", "hash"]),
        ("anchor", &["body", "checksum"]),
    ];
    let mut changes = 0;
    for (table, columns) in columns {
        let rows = Connection::open(&file)
            .unwrap()
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get::<_, i64>(0))
            .unwrap();
        assert!(rows > 0, "{table}");
        for row in 0..rows {
            for column in *columns {
                std::fs::write(&file, &original).unwrap();
                let connection = Connection::open(&file).unwrap();
                let key = if *table == "record" {
                    "seq"
                } else if *table == "fact" {
                    "no"
                } else if *table == "tip" {
                    "chain"
                } else {
                    "id"
                };
                drop_triggers(&connection);
                let (id, value): (Value, Value) = connection
                    .query_row(
                        &format!("SELECT {key}, {column} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {row}"),
                        [],
                        |r| Ok((r.get(0)?, r.get(1)?)),
                    )
                    .unwrap();
                connection
                    .execute(
                        &format!("UPDATE {table} SET {column} = ?1 WHERE {key} = ?2"),
                        rusqlite::params![altered(value), id],
                    )
                    .unwrap();
                restore_triggers(&connection);
                drop(connection);
                let result = open(&offline);
                assert!(is_damage(&result), "{table}.{column} of row {row}: {:?}", result.err());
                changes += 1;
            }
        }
    }
    assert!(changes > 40, "{changes}");
    std::fs::write(&file, &original).unwrap();
    open(&offline).unwrap();
}

fn altered(value: Value) -> Value {
    match value {
        Value::Integer(number) => Value::Integer(number + 1_000),
        Value::Text(text) => {
            let mut bytes = text.into_bytes();
            let middle = bytes.len() / 2;
            bytes[middle] = if bytes[middle] == b'7' { b'8' } else { b'7' };
            Value::Text(String::from_utf8(bytes).unwrap())
        }
        Value::Blob(mut bytes) => {
            bytes[0] ^= 1;
            Value::Blob(bytes)
        }
        other => panic!("{other:?}"),
    }
}

const SCHEMA: &str = include_str!("../src/store/schema.sql");

fn drop_triggers(connection: &Connection) {
    for line in SCHEMA.lines().filter(|line| line.starts_with("CREATE TRIGGER")) {
        let name = line.split_whitespace().nth(2).unwrap();
        connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
}

fn restore_triggers(connection: &Connection) {
    for line in SCHEMA.lines().filter(|line| line.starts_with("CREATE TRIGGER")) {
        connection.execute_batch(line).unwrap();
    }
}

/// Single bytes of the file itself. A flip either is found or changes nothing that was stored (free
/// space, and counters that SQLite keeps for itself).
#[test]
fn r07_flipping_a_byte_of_the_file_is_found_or_changes_nothing() {
    let mut offline = filled("bytes");
    let file = offline.dir.path().join(DATABASE);
    let original = std::fs::read(&file).unwrap();
    offline.reopen().unwrap();
    let before = offline.get().raffles().clone();
    offline.device = None;
    let (mut found, mut harmless) = (0, 0);
    // Every 7th byte reaches every kind of page and every column; a prime, so no alignment hides.
    for offset in (0..original.len()).step_by(7) {
        let mut bytes = original.clone();
        bytes[offset] ^= 0x10;
        std::fs::write(&file, &bytes).unwrap();
        for rest in ["device.sqlite-wal", "device.sqlite-shm"] {
            let _ = std::fs::remove_file(offline.dir.path().join(rest));
        }
        match open(&offline) {
            Err(_) => found += 1,
            Ok(device) => {
                assert_eq!(*device.raffles(), before, "byte {offset} changed something and was not found");
                harmless += 1;
            }
        }
    }
    println!("{found} flips found, {harmless} harmless");
    assert!(found > harmless / 20, "{found} {harmless}");
}

#[test]
fn r07_cutting_a_series_short_is_found() {
    for (table, condition) in [("record", "seq = 3"), ("fact", "no = (SELECT max(no) FROM fact)"), ("tip", "seq = 3")] {
        let offline = filled("cut");
        let connection = Connection::open(offline.dir.path().join(DATABASE)).unwrap();
        drop_triggers(&connection);
        assert_eq!(connection.execute(&format!("DELETE FROM {table} WHERE {condition}"), []).unwrap(), 1);
        restore_triggers(&connection);
        drop(connection);
        assert!(is_damage(&open(&offline)), "{table}");
    }
}

#[test]
fn records_cannot_be_changed_or_deleted_by_accident() {
    let offline = filled("triggers");
    let connection = Connection::open(offline.dir.path().join(DATABASE)).unwrap();
    for statement in [
        "UPDATE record SET error_ms = 0",
        "DELETE FROM record",
        "UPDATE fact SET at_us = 0",
        "DELETE FROM fact",
        "DELETE FROM tip",
        "UPDATE tip SET seq = 1",
    ] {
        assert!(connection.execute(statement, []).is_err(), "{statement}");
    }
    drop(connection);
    open(&offline).unwrap();
}

#[test]
fn r07_a_missing_trigger_is_found() {
    let offline = filled("schema");
    let connection = Connection::open(offline.dir.path().join(DATABASE)).unwrap();
    connection.execute_batch("DROP TRIGGER record_is_not_deleted").unwrap();
    drop(connection);
    assert!(is_damage(&open(&offline)));
}
