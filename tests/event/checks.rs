//! The server's own tools, after the event.

use drumroll_tests::database::{Database, connect};
use drumroll_tests::programs::{self, Said};
use drumroll_tests::server::Site;
use serde_json::json;

fn audit_verify(site: &Site, database: &str) -> Said {
    programs::run(
        site.command(&["audit", "verify", "--json", "--database", database]).env("DRUMROLL_DATABASE", database),
    )
}

/// `drumroll audit verify` accepts the journal, and finds a byte flipped in a copy of it (I7, A-04).
pub(crate) async fn the_journal_is_checked_and_a_flipped_byte_found(site: &Site) {
    let setting = site.database.setting();
    let said = audit_verify(site, &setting);
    assert_eq!((said.code, &said.json()["ok"]), (0, &json!(true)), "{said:?}");

    // Whoever can flip a byte can drop a trigger first.
    let (copy, flipped) = match &site.database {
        Database::Sqlite(path) => {
            let copy = path.with_file_name("copy.sqlite");
            std::fs::copy(path, &copy).unwrap();
            let db = rusqlite::Connection::open(&copy).unwrap();
            db.execute_batch("DROP TRIGGER events_no_update").unwrap();
            let flipped = db.execute(
                "UPDATE events SET payload = CAST(substr(payload, 1, length(payload) - 3) || '7' || substr(payload, length(payload) - 1) AS BLOB) \
                 WHERE rowid = (SELECT rowid FROM events WHERE raffle = stream ORDER BY seq DESC LIMIT 1 OFFSET 30)",
                [],
            );
            (Database::Sqlite(copy), flipped.unwrap() as u64)
        }
        Database::Postgres(url) => {
            let (base, name) = url.rsplit_once('/').unwrap();
            let copy = format!("{name}_copy");
            connect(&format!("{base}/postgres"))
                .await
                .batch_execute(&format!("CREATE DATABASE {copy} TEMPLATE {name}"))
                .await
                .unwrap();
            let url = format!("{base}/{copy}");
            let client = connect(&url).await;
            client
                .batch_execute("DO $$ DECLARE part TEXT; BEGIN FOR part IN SELECT relname FROM pg_class WHERE relname ~ '^events(_[0-9]+)?$' LOOP \
                    EXECUTE format('DROP TRIGGER append_only ON %I', part); END LOOP; END $$")
                .await
                .unwrap();
            let flipped = client
                .execute(
                    "UPDATE events SET payload = set_byte(payload, length(payload) - 3, get_byte(payload, length(payload) - 3) # 1) \
                     WHERE (stream, seq) = (SELECT stream, seq FROM events WHERE raffle = stream ORDER BY seq DESC LIMIT 1 OFFSET 30)",
                    &[],
                )
                .await
                .unwrap();
            (Database::Postgres(url), flipped)
        }
    };
    assert_eq!(flipped, 1);
    let said = audit_verify(site, &copy.setting());
    let answer = said.json();
    assert_eq!((said.code, &answer["ok"]), (1, &json!(false)), "{said:?}");
    let problems: Vec<String> = answer["journals"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["problem"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(problems.len(), 1, "{answer}");
    println!("drumroll audit verify accepts the journal, and finds a flipped byte: {}", problems[0]);

    // An export is checked without any database.
    let export = site.scratch.path().join("journal.export");
    let said = programs::run(&mut site.command(&["audit", "export", export.to_str().unwrap()]));
    if said.code == 0 && export.exists() {
        let said = programs::drumroll(&["audit", "verify", export.to_str().unwrap(), "--json"]);
        assert_eq!((said.code, &said.json()["ok"]), (0, &json!(true)), "{said:?}");
        let cut: Vec<String> = std::fs::read_to_string(&export).unwrap().lines().map(str::to_owned).collect();
        std::fs::write(&export, cut[..cut.len() - 1].join("\n")).unwrap();
        let said = programs::drumroll(&["audit", "verify", export.to_str().unwrap(), "--json"]);
        assert_eq!((said.code, &said.json()["ok"]), (1, &json!(false)), "a truncated export: {said:?}");
    } else {
        panic!("drumroll audit export: {said:?}");
    }
    if copy.is_postgres() {
        copy.remove().await;
    }
}

/// `drumroll rebuild` derives the read models anew and finds them equal (I6).
pub(crate) async fn a_rebuild_changes_nothing(site: &Site) {
    let before = site.database.books().await;
    let said = programs::run(&mut site.command(&["rebuild"]));
    assert_eq!(said.code, 0, "{said:?}");
    let after = site.database.books().await;
    assert!(before.tickets == after.tickets && before.raffles == after.raffles && before.orders == after.orders);
    assert!(before.ranges == after.ranges && before.facts == after.facts);
    println!("drumroll rebuild: {}", said.out.trim());
}
