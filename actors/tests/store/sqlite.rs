//! SQLite only.

use drumroll_actors::store::conformance::{self, Case};
use drumroll_actors::store::sqlite::{SqliteOptions, SqliteStore};
use drumroll_actors::store::{Appended, Store, StoreError};
use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("made/on/the/way/drumroll.db")).unwrap();
    conformance::run(&store).await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_look() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/drumroll.db");
    let store = SqliteStore::open(&path).unwrap();
    store.ping().await.unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[tokio::test]
async fn it_reopens_with_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drumroll.db");
    for round in 1..=3 {
        let store = SqliteStore::open(&path).unwrap();
        let case = Case::new(&store, 1);
        let mut owner = case.owner(1).await;
        case.commit(&[owner.one(vec![])]).await;
        assert_eq!(store.heads().await.unwrap().len(), round);
    }
}

#[tokio::test]
async fn a_newer_schema_or_another_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drumroll.db");
    drop(SqliteStore::open(&path).unwrap());
    let newer = "INSERT INTO refinery_schema_history VALUES (9999, 'later', '2030-01-01T00:00:00Z', '1')";
    Connection::open(&path).unwrap().execute(newer, []).unwrap();
    let refused = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(&refused, StoreError::Migration(text) if text.contains("newer build")), "{refused}");

    let other = folder.path().join("letter.txt");
    std::fs::write(&other, "Dear Sir or Madam,\n".repeat(100)).unwrap();
    let refused = SqliteStore::open(&other).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged(_)), "{refused}");
    assert!(!refused.retry());
    assert!(std::fs::read_to_string(&other).unwrap().starts_with("Dear"), "and left alone");
}

#[tokio::test]
async fn the_journal_cannot_be_changed_a04_a07() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drumroll.db");
    let store = SqliteStore::open(&path).unwrap();
    let case = Case::new(&store, 1);
    let mut owner = case.owner(1).await;
    let batch = [owner.one(super::kept_rows(&case, owner.stream.raffle))];
    case.commit(&batch).await;
    let before = store.records(owner.stream, 0, 9).await.unwrap();
    let intruder = Connection::open(&path).unwrap();
    let changes = [
        "UPDATE events SET payload = x'00'",
        "UPDATE events SET at = at",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events SELECT * FROM events",
    ];
    let deletions = super::KEPT.map(|table| format!("DELETE FROM {table}"));
    for statement in changes.into_iter().chain(deletions.iter().map(String::as_str)) {
        let refused = intruder.execute_batch(statement).expect_err(statement);
        assert!(
            refused.to_string().contains("refused") || refused.to_string().contains("append-only"),
            "{statement}: {refused}"
        );
    }
    for table in super::KEPT {
        let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let rows = intruder.query_row(&format!("SELECT count(*) FROM {table}"), [], count).unwrap();
        assert_eq!(rows, 1, "{table}: there was something to delete");
    }
    assert_eq!(store.records(owner.stream, 0, 9).await.unwrap(), before);
}

/// Somebody else holds the write lock, as a clumsy backup might: unavailable, then well again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_database_is_unavailable_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drumroll.db");
    let options = SqliteOptions { deadline: Duration::from_millis(300), ..SqliteOptions::default() };
    let store = SqliteStore::open_with(&path, options).unwrap();
    let case = Case::new(&store, 1);
    let mut owner = case.owner(1).await;
    let batch = [owner.one(vec![])];
    let intruder = Connection::open(&path).unwrap();
    intruder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.append(&batch).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)) && refused.retry(), "{refused}");
    assert!(store.ping().await.is_err(), "readiness sees it");
    assert!(store.records(owner.stream, 0, 9).await.is_ok(), "reading goes on");
    intruder.execute_batch("ROLLBACK").unwrap();
    let outcome = loop {
        // The writer may still be busy with what was given up on.
        match store.append(&batch).await {
            Ok(outcome) => break outcome,
            Err(problem) => assert!(problem.retry(), "{problem}"),
        }
    };
    assert_eq!(outcome, [Appended::Committed]);
    assert_eq!(store.records(owner.stream, 0, 9).await.unwrap().len(), 1);
}

/// A disk that is full: the batch is refused as a whole and goes in when there is room again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_unavailable_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drumroll.db");
    let store = SqliteStore::open(&path).unwrap();
    let case = Case::new(&store, 1);
    let mut owner = case.owner(1).await;
    case.commit(&[owner.one(vec![])]).await;
    // SQLite's own page limit stands for the disk's: it gives the same error.
    store.limit_pages(1).await.unwrap();
    let payload = vec![b'x'; 4_000_000];
    let batch = [owner.next(&[&payload], vec![]), owner.one(vec![])];
    let refused = store.append(&batch).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
    assert_eq!(store.records(owner.stream, 0, 9).await.unwrap().len(), 1);
    store.limit_pages(u32::MAX).await.unwrap();
    assert_eq!(store.append(&batch).await.unwrap(), [Appended::Committed; 2]);
    assert_eq!(store.records(owner.stream, 0, 9).await.unwrap().len(), 3);
}

/// A page that rotted is damage, not an outage.
#[tokio::test]
async fn a_rotten_page_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drumroll.db");
    let stream = {
        let store = SqliteStore::open(&path).unwrap();
        let case = Case::new(&store, 1);
        let mut owner = case.owner(1).await;
        for _ in 0..50 {
            case.commit(&[owner.next(&[&[b'x'; 3_000]], vec![])]).await;
        }
        owner.stream
    };
    let mut bytes = std::fs::read(&path).unwrap();
    let half = bytes.len() / 2;
    for byte in &mut bytes[half..] {
        *byte = 0xa5;
    }
    std::fs::write(&path, bytes).unwrap();
    let answer = match SqliteStore::open(&path) {
        Ok(store) => store.records(stream, 0, 100).await.map(|records| records.len()),
        Err(problem) => Err(problem),
    };
    assert!(matches!(answer, Err(StoreError::Damaged(_))), "{answer:?}");
}
