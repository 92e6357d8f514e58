//! `kill -9` at chosen moments: in a write of a migration, of a snapshot, of a draw between selection and publication. The
//! seed chooses the write; the server dies in the middle of it.

use drumroll_tests::api::{Client, new_key};
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::auditor::{self, bytes};
use drumroll_tests::chance::{self, Chance};
use drumroll_tests::database::{Database, connect};
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::{full_scale, now_ms, programs, skip};
use serde_json::{Value, json};
use std::path::Path;

const NO_POSTGRES: &str = "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it";

/// A place of its own for every life that begins with an empty database.
async fn place(name: &str, postgres: bool) -> Option<Site> {
    if postgres { Site::postgres(name).await } else { Some(Site::sqlite(name)) }
}

/// A write in each of so many equal stretches of `writes`.
fn moments(chance: &mut Chance, writes: u64, stretches: u64) -> Vec<u64> {
    let stretch = |number: u64| (number * writes / stretches + 1, (number + 1) * writes / stretches);
    (0..stretches)
        .map(stretch)
        .map(|(first, last)| first + chance.below((last + 1).saturating_sub(first).max(1)))
        .collect()
}

/// Migrations that the database says it has: none while the first one is under way.
async fn applied(database: &Database) -> usize {
    match database {
        Database::Sqlite(path) => {
            let count = "SELECT count(*) FROM refinery_schema_history WHERE applied_on IS NOT NULL";
            let open = rusqlite::Connection::open(path).unwrap();
            open.query_row(count, [], |row| row.get::<_, i64>(0)).map_or(0, |rows| usize::try_from(rows).unwrap())
        }
        Database::Postgres(url) => {
            let client = connect(url).await;
            let rows = client.query("SELECT version FROM refinery_schema_history", &[]).await;
            rows.map_or(0, |rows| rows.len())
        }
    }
}

/// A fresh place whose first start is killed in its nth write, or when it is ready; whether it died in a write.
async fn first_start(name: &str, postgres: bool, nth: u64) -> (Site, bool) {
    let mut site = place(name, postgres).await.unwrap();
    site.doom().unwrap().at(nth);
    site.spawn();
    let ended = site.ended_or_ready().await;
    let died = ended.is_some_and(|status| {
        assert_eq!(status.code(), None, "the start failed:\n{}", site.log.tail(40));
        true
    });
    site.database.left_alone().await;
    (site, died)
}

/// Whether the tables are there.
async fn tables(database: &Database) -> bool {
    match database {
        Database::Sqlite(path) => rusqlite::Connection::open(path).unwrap().prepare("SELECT seq FROM events").is_ok(),
        Database::Postgres(url) => connect(url).await.prepare("SELECT seq FROM events").await.is_ok(),
    }
}

/// The first write after which the tables are there: where a migration and its entry in the history could part.
async fn turning_point(name: &str, postgres: bool, writes: u64) -> u64 {
    let (mut without, mut with) = (1, writes);
    while with - without > 1 {
        let nth = (without + with) / 2;
        let (site, _) = first_start(name, postgres, nth).await;
        if tables(&site.database).await {
            with = nth;
        } else {
            without = nth;
        }
        site.close().await;
    }
    with
}

/// B-01 over a file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b01_killed_in_a_migration_the_next_start_succeeds_on_sqlite() {
    migration("killed-migration-sqlite", false).await;
}

/// B-01 over a server, whose session may outlive the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b01_killed_in_a_migration_the_next_start_succeeds_on_postgres() {
    migration("killed-migration-postgres", true).await;
}

async fn migration(name: &str, postgres: bool) {
    let folder = programs::root().join("migrations").join(if postgres { "postgres" } else { "sqlite" });
    let migrations = std::fs::read_dir(folder).unwrap().count();
    let mut chance = Chance::new(chance::seed(name));
    let Some(mut whole) = place(name, postgres).await else { return skip(name, NO_POSTGRES) };
    if let Err(why) = whole.doom() {
        return skip(name, &why);
    }
    whole.start().await;
    let writes = whole.doom().unwrap().seen();
    assert_eq!(applied(&whole.database).await, migrations);
    whole.close().await;

    let stretches = if full_scale() { writes } else { 5 };
    let turning_point = turning_point(name, postgres, writes).await;
    let mut chosen = moments(&mut chance, writes, stretches);
    chosen.extend([turning_point - 1, turning_point, turning_point + 1]);
    let (starts, mut died, mut halfway) = (chosen.len(), 0, 0);
    for nth in chosen {
        // A start that needs fewer writes this time lives on, and is killed where it is.
        let (mut site, in_a_write) = first_start(name, postgres, nth).await;
        died += usize::from(in_a_write);
        halfway += usize::from(applied(&site.database).await < migrations);
        site.doom().unwrap().never();
        site.start().await;
        assert_eq!(applied(&site.database).await, migrations, "killed in write {nth}: each once");
        // Everything can be done from here on.
        let crew = Crew::take_over(&site).await;
        let raffle = crew.open_raffle("After all", now_ms() + 3_600_000).await;
        let order = json!({"raffle_id": raffle, "lines": [{"package_id": 2, "quantity": 1}]});
        let mut evidence = Evidence::default();
        let sold = crew.seller.client.post_once("/tickets/generate", &new_key(), &order).await.expect(201);
        evidence.ticket("after the start", &sold);
        assert_eq!(site.stop().await, Some(0));
        auditor::audit(&site.database.books().await, &evidence)
            .expect_clean(&format!("{name}, write {nth} of {writes}"));
        site.close().await;
    }
    println!(
        "{starts} starts of {writes} writes, {died} died in one, {halfway} before the schema was there, which is in write \
         {turning_point}"
    );
    assert!(died * 2 > starts && halfway > 0, "the kills missed the migration");
}

/// I1, I6 over a file: the server ends as it is told to, saving what it has in memory, and dies on the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i6_killed_in_a_snapshot_nothing_is_lost_on_sqlite() {
    snapshot("killed-snapshot-sqlite", false).await;
}

/// I1, I6 over a server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i6_killed_in_a_snapshot_nothing_is_lost_on_postgres() {
    snapshot("killed-snapshot-postgres", true).await;
}

async fn snapshot(name: &str, postgres: bool) {
    let mut chance = Chance::new(chance::seed(name));
    let Some(mut site) = place(name, postgres).await else { return skip(name, NO_POSTGRES) };
    if let Err(why) = site.doom() {
        return skip(name, &why);
    }
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = crew.open_raffle("Saved", now_ms() + 3_600_000).await;
    let order = json!({"raffle_id": raffle, "lines": [{"package_id": 2, "quantity": 1}]});
    let (mut evidence, mut keys) = (Evidence::default(), Vec::new());
    let (mut writes, mut died) = (0, 0);
    let rounds = if full_scale() { 60 } else { 8 };
    for round in 0..rounds + 2 {
        for _ in 0..3 {
            let key = new_key();
            let sold = crew.seller.client.post_once("/tickets/generate", &key, &order).await.expect(201);
            evidence.ticket(&format!("round {round}"), &sold);
            keys.push(key);
        }
        // The first ends are whole, to see how many writes one takes: all of them are of snapshots. (SQLite's first also
        // empties the log of everything before.)
        let nth = if round < 2 { 0 } else { chance.below(writes) + 1 };
        site.doom().unwrap().at(nth);
        site.ask_to_stop();
        let code = site.ended().await;
        if round < 2 {
            assert_eq!(code, Some(0));
            writes = site.doom().unwrap().seen();
        }
        died += usize::from(code.is_none());
        site.database.left_alone().await;
        site.doom().unwrap().never();
        site.start().await;
        // Whoever asks again hears what he heard: memory is as it was, whatever became of its snapshot.
        let key = chance.of(&keys);
        let again = crew.seller.client.post_once("/tickets/generate", key, &order).await.expect_one_of(&[200, 201]);
        evidence.ticket(&format!("asked again after round {round}"), &again);
    }
    println!("{rounds} ends of {writes} writes, {died} died in one");
    assert!(died * 2 > rounds, "the kills missed the snapshots");
    assert_eq!(site.stop().await, Some(0));
    let audit = auditor::audit(&site.database.books().await, &evidence);
    audit.expect_clean(name);
    assert_eq!(audit.raffle(bytes::id(&raffle).unwrap()).tickets.len(), keys.len());
    site.close().await;
}

/// D-05 over a file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d05_i9_a_draw_killed_again_and_again_comes_to_the_same_winners_on_sqlite() {
    let name = "killed-draw-sqlite";
    draw(name, Site::sqlite(name)).await;
}

/// D-05 over a server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d05_i9_a_draw_killed_again_and_again_comes_to_the_same_winners_on_postgres() {
    let name = "killed-draw-postgres";
    match Site::postgres(name).await {
        Some(site) => draw(name, site).await,
        None => skip(name, NO_POSTGRES),
    }
}

/// One draw, as its manager sees it.
struct Table<'a> {
    raffle: &'a str,
    draw: &'a str,
    lock_hash: &'a str,
    manager: Client,
}

impl Table<'_> {
    async fn at<'a>(of: &'a (String, String, String), crew: &Crew, site: &Site) -> Table<'a> {
        let manager = Client::login(&site.base, &crew.manager.login, &crew.manager.password).await;
        Table { raffle: &of.0, draw: &of.1, lock_hash: &of.2, manager }
    }

    fn execution(&self) -> (String, Value) {
        ("/draw/execute".to_owned(), json!({"draw_id": self.draw}))
    }

    fn publication(&self) -> (String, Value) {
        (format!("/draw/{}/publish", self.draw), json!({"lock_hash": self.lock_hash}))
    }

    async fn winners(&self) -> Value {
        self.manager.get(&format!("/draw/{}/results", self.draw)).await.expect(200)["winners"].clone()
    }

    async fn transcript(&self) -> Value {
        self.manager.get(&format!("/raffles/{}/transcript", self.raffle)).await.expect(200)
    }

    /// What everybody sees of it.
    async fn shown(&self, site: &Site) -> Value {
        let view = Client::new(&site.base).get(&format!("/raffles/{}", self.raffle)).await.expect(200);
        view["draws"][0]["winners"].clone()
    }
}

async fn draw(name: &str, mut site: Site) {
    let mut chance = Chance::new(chance::seed(name));
    if let Err(why) = site.doom() {
        return skip(name, &why);
    }
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = crew.open_raffle("Drawn", now_ms() + 3_600_000).await;
    let mut evidence = Evidence::default();
    for _ in 0..12 {
        let order = json!({"raffle_id": raffle, "lines": [{"package_id": chance.below(3) + 1, "quantity": 1}]});
        let sold = crew.seller.client.post_once("/tickets/generate", &new_key(), &order).await.expect(201);
        evidence.ticket("a counter", &sold);
    }
    let id = crew.reconcile(&raffle).await;
    let locked =
        crew.manager.client.post("/draw/initiate", &json!({"raffle_id": raffle, "draw_no": 1})).await.expect(200);
    let of = (raffle, id, locked["lock_hash"].as_str().unwrap().to_owned());
    assert_eq!(site.stop().await, Some(0));
    site.database.left_alone().await;

    // A twin of the whole house, in which nothing happens to the draw.
    let folder = site.scratch.path().join("twin");
    std::fs::create_dir_all(&folder).unwrap();
    let mut twin = Site::with(&format!("{name}-twin"), site.database.copy(&folder).await);
    copy_folder(&site.scratch.path().join("data"), &twin.scratch.path().join("data"));
    twin.doom().unwrap();
    twin.start().await;
    let table = Table::at(&of, &crew, &twin).await;
    let mut writes = Vec::new();
    for (path, body) in [table.execution(), table.publication()] {
        twin.doom().unwrap().never();
        table.manager.post(&path, &body).await.expect(200);
        writes.push(twin.doom().unwrap().seen());
    }
    let (due, transcript) = (table.winners().await, table.transcript().await);
    assert_eq!(due.as_array().unwrap().len(), 3);
    twin.close().await;

    let lives = if full_scale() { 40 } else { 4 };
    let mut died = [0; 2];
    for (step, writes) in writes.iter().enumerate() {
        for life in 0..lives {
            site.start().await;
            let table = Table::at(&of, &crew, &site).await;
            let (path, body) = [table.execution(), table.publication()][step].clone();
            // A third of the way, so that there are several deaths on it.
            let nth = chance.below(writes.div_ceil(3)) + 1;
            site.doom().unwrap().at(nth);
            let answer = table.manager.try_call(reqwest::Method::POST, &path, None, Some(&body)).await.ok();
            let done = answer.as_ref().is_some_and(|reply| reply.status == 200);
            if done || answer.as_ref().is_some_and(|reply| reply.code() == "wrong_draw_status") {
                // Everything was on record by an earlier life, or needed fewer writes.
                assert!(step == 0 || table.shown(&site).await == public(&due), "life {life}");
            }
            if done && step == 0 {
                assert_eq!(table.winners().await, due, "life {life}");
            }
            if answer.is_none() {
                assert_eq!(site.ended().await, None, "only its death leaves a call without an answer");
                died[step] += 1;
            } else {
                site.kill();
            }
            site.doom().unwrap().never();
            site.database.left_alone().await;
            auditor::audit(&site.database.books().await, &evidence).expect_clean(&format!("{name}, life {life}"));
            site.start().await;
            let table = Table::at(&of, &crew, &site).await;
            if step == 0 {
                assert_eq!(table.shown(&site).await, Value::Null, "life {life}: shown before the publication");
            } else {
                // Published or not, never something else.
                let shown = table.shown(&site).await;
                assert!(shown.is_null() || shown == public(&due), "life {life}: {shown}");
                assert_eq!(table.winners().await, due, "life {life}");
            }
            site.kill();
            site.database.left_alone().await;
        }
        // Whoever clicks now gets what was due, and who clicks twice as well.
        site.start().await;
        let table = Table::at(&of, &crew, &site).await;
        let (path, body) = [table.execution(), table.publication()][step].clone();
        for _ in 0..2 {
            let reply = table.manager.post(&path, &body).await;
            assert!(reply.status == 200 || step == 1 && reply.code() == "wrong_draw_status", "{}", reply.text);
        }
        assert_eq!(table.winners().await, due);
        if step == 1 {
            assert_eq!(table.shown(&site).await, public(&due));
            assert_eq!(table.transcript().await, transcript, "the transcript too, to the last signature");
        }
        assert_eq!(site.stop().await, Some(0));
        site.database.left_alone().await;
    }
    println!("{} deaths in {} writes of the draw, {} in {} of its publication", died[0], writes[0], died[1], writes[1]);
    assert!(died[0] > 1 && died[1] > 0, "the kills missed the draw");
    auditor::audit(&site.database.books().await, &evidence).expect_clean(name);
    site.close().await;
}

/// Winners as the public sees them: without their tickets and ranks.
fn public(winners: &Value) -> Value {
    let strip = |winner: &Value| {
        let mut winner = winner.clone();
        winner.as_object_mut().unwrap().retain(|name, _| !matches!(&name[..], "ticket" | "rank"));
        winner
    };
    winners.as_array().unwrap().iter().map(strip).collect()
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
