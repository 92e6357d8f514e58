//! PostgreSQL only.

use drumroll_actors::store::conformance::{self, Case};
use drumroll_actors::store::postgres::{PostgresConfig, PostgresStore};
use drumroll_actors::store::{Appended, Row, Store, StoreError};
use std::time::Duration;
use tokio_postgres::{Client, Config, NoTls};

/// A database of its own on the server that the environment names; gone when it is dropped with [`Database::end`].
pub(crate) struct Database {
    pub(crate) url: String,
    name: String,
    admin: Client,
}

pub(crate) async fn client(url: &str) -> Client {
    let (client, connection) = url.parse::<Config>().unwrap().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

impl Database {
    /// `None` without a server, which is an error where the tests must be complete.
    pub(crate) async fn new() -> Option<Self> {
        let Ok(server) = std::env::var("DRUMROLL_TEST_POSTGRES") else {
            assert!(std::env::var_os("CI").is_none(), "DRUMROLL_TEST_POSTGRES is not set: run inside .ci/services");
            println!("skipped: DRUMROLL_TEST_POSTGRES is not set (run inside .ci/services)");
            return None;
        };
        let mut random = [0; 8];
        getrandom::fill(&mut random).unwrap();
        let name = format!("store_{}", drumroll_engine::hex::encode(&random));
        let admin = client(&server).await;
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        Some(Self { url: format!("{base}/{name}"), name, admin })
    }

    pub(crate) async fn open(&self) -> PostgresStore {
        PostgresStore::connect(PostgresConfig::new(&self.url)).await.unwrap()
    }

    pub(crate) async fn end(self) {
        self.admin.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_conforms() {
    let Some(database) = Database::new().await else { return };
    conformance::run(&database.open().await).await;
    database.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_together_migrate_in_turn() {
    let Some(database) = Database::new().await else { return };
    let starts = (0..6).map(|_| PostgresStore::connect(PostgresConfig::new(&database.url)));
    for store in futures_util::future::join_all(starts).await {
        store.unwrap().ping().await.unwrap();
    }
    let intruder = client(&database.url).await;
    let newer = "INSERT INTO refinery_schema_history VALUES (9999, 'later', '2030-01-01T00:00:00Z', '1')";
    intruder.batch_execute(newer).await.unwrap();
    let refused = PostgresStore::connect(PostgresConfig::new(&database.url)).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Migration(text) if text.contains("newer build")), "{refused}");
    database.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journal_cannot_be_changed_a04_a07() {
    let Some(database) = Database::new().await else { return };
    let store = database.open().await;
    let case = Case::new(&store, 1);
    let mut owner = case.owner(1).await;
    let batch = [owner.one(super::kept_rows(&case, owner.stream.raffle))];
    case.commit(&batch).await;
    let before = store.records(owner.stream, 0, 9).await.unwrap();
    let intruder = client(&database.url).await;
    let mut statements: Vec<String> =
        (0..16).flat_map(|part| ["DELETE FROM", "TRUNCATE"].map(|verb| format!("{verb} events_{part}"))).collect();
    statements.extend((0..16).map(|part| format!("UPDATE events_{part} SET at = at")));
    statements.push("UPDATE events SET payload = '\\x00'".to_owned());
    for table in super::KEPT.iter().chain(&["events"]) {
        statements.extend(["DELETE FROM", "TRUNCATE"].map(|verb| format!("{verb} {table}")));
    }
    for statement in statements {
        let refused = intruder.batch_execute(&statement).await.expect_err(&statement);
        assert_eq!(refused.code().unwrap().code(), "23001", "{statement}");
    }
    assert_eq!(store.records(owner.stream, 0, 9).await.unwrap(), before);
    database.end().await;
}

/// What the database cannot store at all is its raffle's trouble, not that of everybody in the batch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_does_not_fit_harms_no_neighbour() {
    let Some(database) = Database::new().await else { return };
    let store = database.open().await;
    let case = Case::new(&store, 1);
    let (mut owner, mut neighbour) = (case.owner(1).await, case.owner(2).await);
    let mut raffle = case.raffle(1, drumroll_engine::raffle::Status::Selling, 1);
    // PostgreSQL's texts hold every character but this one.
    raffle.name = "a name\0".into();
    let batch = [owner.one(vec![Row::Raffle(Box::new(raffle))]), neighbour.one(vec![])];
    assert_eq!(case.append(&batch).await, [Appended::Refused, Appended::Committed]);
    assert_eq!(case.append(&batch).await, [Appended::Refused, Appended::Committed], "and again");
    assert!(store.records(owner.stream, 0, 9).await.unwrap().is_empty(), "nothing of it was written");
    database.end().await;
}

/// The server drops every connection, in the middle of the work too: the same batch is repeated until it
/// stands, and stands once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_lose_and_double_nothing_i1() {
    let Some(database) = Database::new().await else { return };
    let store = database.open().await;
    let case = Case::new(&store, 1);
    let mut owner = case.owner(1).await;
    let cutter = {
        let client = client(&database.url).await;
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(7)).await;
                let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                           WHERE datname = current_database() AND pid <> pg_backend_pid()";
                client.batch_execute(cut).await.unwrap();
            }
        })
    };
    let mut failures = 0;
    for round in 0..60u32 {
        let seq = owner.head.seq + 1;
        let sale = case.ticket(owner.stream.raffle, round + 1, seq, seq * 10, 10);
        let batch = [owner.one(vec![Row::Ticket(Box::new(sale))]), owner.one(vec![])];
        let outcome = loop {
            match store.append(&batch).await {
                Ok(outcome) => break outcome,
                Err(problem) => {
                    assert!(problem.retry(), "{problem}");
                    failures += 1;
                }
            }
        };
        assert_eq!(outcome, [Appended::Committed; 2]);
    }
    cutter.abort();
    // The last cut may still be under way.
    tokio::time::sleep(Duration::from_millis(50)).await;
    println!("{failures} commits had no answer");
    let loaded = loop {
        match store.claim(owner.stream).await {
            Ok(loaded) => break loaded,
            Err(problem) => assert!(problem.retry(), "{problem}"),
        }
    };
    assert_eq!((loaded.head, loaded.tail.len()), (owner.head, 120));
    assert_eq!(store.curve(owner.stream.raffle).await.unwrap().len(), 60);
    database.end().await;
}

/// A lock that does not come free: the call ends at its deadline, the next one finds a clean connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_ends_a_call() {
    let Some(database) = Database::new().await else { return };
    let config =
        PostgresConfig { deadline: Duration::from_millis(700), connections: 1, ..PostgresConfig::new(&database.url) };
    let store = PostgresStore::connect(config).await.unwrap();
    let case = Case::new(&store, 1);
    let mut owner = case.owner(1).await;
    let batch = [owner.one(vec![])];
    let intruder = client(&database.url).await;
    intruder.batch_execute("BEGIN; LOCK TABLE streams IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let began = std::time::Instant::now();
    let late = store.append(&batch).await.unwrap_err();
    assert!(matches!(late, StoreError::Unavailable(_)), "{late}");
    assert!(began.elapsed() < Duration::from_secs(5));
    intruder.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(store.append(&batch).await.unwrap(), [Appended::Committed]);
    assert_eq!(store.append(&batch).await.unwrap(), [Appended::Committed]);
    assert_eq!(store.records(owner.stream, 0, 9).await.unwrap().len(), 1);
    // Nothing is left open on the server.
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
    assert_eq!(intruder.query_one(open, &[]).await.unwrap().get::<_, i64>(0), 0);
    database.end().await;
}

#[tokio::test]
async fn no_server_is_unavailable() {
    let config = PostgresConfig {
        deadline: Duration::from_secs(1),
        ..PostgresConfig::new("postgres://nobody:secret@127.0.0.1:1/nowhere")
    };
    assert!(!format!("{config:?}").contains("secret"));
    let problem = PostgresStore::connect(config).await.unwrap_err();
    assert!(matches!(problem, StoreError::Unavailable(_)), "{problem}");
}
