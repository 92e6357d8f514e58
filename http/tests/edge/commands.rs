//! The program's commands, run as a person runs them.

use crate::gate::{OURS, Server, Things};
use actix_web::http::Method;
use drumroll_actors::store::StreamId;
use drumroll_engine::organisation::Role;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn drumroll(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drumroll"));
    let output = command.args(arguments).env_remove("DRUMROLL_CONFIG").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

fn vector(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors").join(name)
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

#[test]
fn verify_accepts_rejects_and_says_when_it_cannot_read() {
    let good = vector("rdp1-grade0.json");
    let (code, out, _) = drumroll(&["verify", path(&good), "--json"]);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["ok"], &answer["code"]), (0, &json!(true), &Value::Null));
    let names: Vec<&String> = answer.as_object().unwrap().keys().collect();
    let mut expected = ["ok", "code", "grade", "plan_hash", "lock_hash", "seed", "winners"];
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(answer["grade"], "0 or 1");
    assert!(!answer["winners"].as_array().unwrap().is_empty());
    let hash = answer["plan_hash"].as_str().unwrap();
    let (code, out, _) = drumroll(&["verify", path(&good), "--plan-hash", hash]);
    assert!(code == 0 && out.contains("ACCEPTED") && out.contains("the one you named"), "{out}");
    let (code, out, _) = drumroll(&["verify", path(&good)]);
    assert!(code == 0 && out.contains("not pinned"), "{out}");
    let (code, out, _) = drumroll(&["verify", path(&good), "--json", "--plan-hash", &"00".repeat(32)]);
    assert_eq!((code, serde_json::from_str::<Value>(&out).unwrap()["code"].as_str()), (1, Some("E_PLAN_PIN")));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.json");
    let mut transcript: Value = serde_json::from_slice(&std::fs::read(&good).unwrap()).unwrap();
    transcript["slots"][0][1] = json!("1");
    std::fs::write(&file, transcript.to_string()).unwrap();
    let (code, out, _) = drumroll(&["verify", path(&file), "--json"]);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["ok"], &answer["winners"]), (1, &json!(false), &json!([])));
    assert!(answer["code"].as_str().unwrap().starts_with("E_"));
    std::fs::write(&file, "no transcript").unwrap();
    let (code, out, _) = drumroll(&["verify", path(&file), "--json"]);
    assert_eq!((code, serde_json::from_str::<Value>(&out).unwrap()["code"].as_str()), (1, Some("E_FORMAT")));
    let (code, _, error) = drumroll(&["verify", "/nowhere/at/all.json"]);
    assert!(code == 2 && error.contains("/nowhere/at/all.json"));
    assert_eq!(drumroll(&["verify", path(&good), "--plan-hash", "short"]).0, 2);
}

#[test]
fn each_command_says_what_it_does_and_how_it_exits() {
    let commands: [&[&str]; 7] =
        [&["serve"], &["demo"], &["verify"], &["audit"], &["audit", "verify"], &["audit", "export"], &["rebuild"]];
    for command in commands {
        let (code, out, _) = drumroll(&[command, &["--help"]].concat());
        assert_eq!(code, 0, "{command:?}");
        assert!(command == ["audit"] || out.contains("Exit codes:"), "{command:?}: {out}");
    }
    assert_eq!(drumroll(&["nonsense"]).0, 2);
}

#[test]
fn a_wrong_configuration_is_refused_by_the_name_of_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = format!("data_dir={}", path(folder.path()));
    for (set, key) in [
        ("lisen=127.0.0.1:0", "lisen"),
        ("listen=nowhere", "listen"),
        ("demo.minutes=soon", "demo.minutes"),
        ("lockout.failures=0", "lockout"),
        ("tls_cert=/nowhere.pem", "tls_key"),
        ("log_filter====", "log_filter"),
    ] {
        let (code, _, error) = drumroll(&["serve", "--set", &data, "--set", set]);
        assert!(code == 2 && error.contains(key), "{set}: {code} {error}");
    }
    let unreadable = ["serve", "--set", &data, "--set", "tls_cert=/nowhere.pem", "--set", "tls_key=/nowhere.pem"];
    let (code, _, error) = drumroll(&unreadable);
    assert!(code == 1 && error.contains("tls_cert"), "{code} {error}");
    let (code, _, error) = drumroll(&["serve", "--set", "no value"]);
    assert!(code == 2 && error.contains("KEY=VALUE"), "{error}");
}

/// A store with sales in it, left behind by a server.
async fn left_behind() -> (tempfile::TempDir, String) {
    let server = Server::start().await;
    let things = Things::make(&server).await;
    for _ in 0..5 {
        let sale = json!({ "raffle_id": things.raffle, "lines": [{ "package_id": 1, "quantity": 2 }] });
        server.as_role(Role::Seller, Method::POST, "/tickets/generate", Some(sale)).await.expect(201);
    }
    server.app.node.shut_down().await;
    (server.folder, things.raffle)
}

#[actix_web::test]
async fn i7_audit_accepts_what_was_written_and_finds_what_was_changed() {
    let (folder, _) = left_behind().await;
    let data = path(folder.path()).to_owned();
    let (code, out, error) = drumroll(&["audit", "verify", "--data-dir", &data]);
    assert!(code == 0 && out.contains("Every chain holds: 3 journals."), "{out} {error}");
    let export = folder.path().join("export.jsonl");
    let (code, out, error) = drumroll(&["audit", "export", path(&export), "--data-dir", &data]);
    assert!(code == 0 && out.starts_with("3 journals"), "{out} {error}");
    assert_eq!(drumroll(&["audit", "export", path(&export), "--data-dir", &data]).0, 2, "nothing is overwritten");
    let verify = |content: &str| {
        let file = folder.path().join("changed.jsonl");
        std::fs::write(&file, content).unwrap();
        let (code, out, _) = drumroll(&["audit", "verify", path(&file), "--json"]);
        let answer: Value = serde_json::from_str(&out).unwrap_or(Value::Null);
        (code, answer)
    };
    let whole = std::fs::read_to_string(&export).unwrap();
    let (code, answer) = verify(&whole);
    assert_eq!((code, &answer["ok"]), (0, &json!(true)));
    let lines: Vec<&str> = whole.lines().collect();
    let at = lines.iter().position(|line| line.contains("ticket_sold")).unwrap();
    let without =
        |skip: usize| lines.iter().enumerate().filter(move |(index, _)| *index != skip).map(|(_, line)| *line);
    let join = |lines: Vec<&str>| lines.join("\n") + "\n";
    let mut doubled = lines.clone();
    doubled.insert(at, lines[at]);
    let mut swapped = lines.clone();
    swapped.swap(at, at + 1);
    let flipped = whole.replacen("price_minor\\\":500", "price_minor\\\":501", 1);
    assert_ne!(flipped, whole);
    let changed = [
        flipped,
        join(without(at).collect()),
        join(lines[..lines.len() - 1].to_vec()),
        join(doubled),
        join(swapped),
        whole.clone() + "{}\n",
        whole.clone() + lines[at].replace(&OURS.to_string(), "03030303-0303-0303-0303-030303030303").as_str(),
    ];
    for (index, content) in changed.iter().enumerate() {
        let (code, answer) = verify(content);
        assert_eq!((code, &answer["ok"]), (1, &json!(false)), "change {index}: {answer}");
    }
    let empty = |format: &str| format!("{{\"format\":\"{format}\",\"exported_at_ms\":1,\"journals\":[]}}\n");
    for content in ["".to_owned(), "nothing\n".to_owned(), empty("other/1"), empty("drumroll-journal/1")] {
        assert_eq!(verify(&content).0, 2, "{content}");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&export).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "it holds validation numbers");
    let nothing = folder.path().join("nothing.jsonl");
    let unknown = "01010101-0101-0101-0101-010101010101";
    assert_eq!(drumroll(&["audit", "export", path(&nothing), "--raffle", unknown, "--data-dir", &data]).0, 1);
    assert!(!nothing.exists(), "nothing half-done remains");
    assert_eq!(drumroll(&["audit", "verify", "/nowhere/at/all"]).0, 2);
}

#[actix_web::test]
async fn rebuild_makes_the_read_models_again_and_says_what_differed() {
    let (folder, raffle) = left_behind().await;
    let data = path(folder.path()).to_owned();
    let rebuild = || drumroll(&["rebuild", "--data-dir", &data]);
    let (code, out, error) = rebuild();
    assert!(code == 0 && out.contains("3 journals rebuilt, 0 had differed."), "{out} {error}");
    {
        let store = drumroll_actors::store::sqlite::SqliteStore::open(folder.path().join("drumroll.sqlite")).unwrap();
        let stream = StreamId { organisation: OURS, raffle: raffle.parse().unwrap() };
        drumroll_actors::store::Store::rebuild(&store, stream, Vec::new()).await.unwrap();
    }
    let (code, out, _) = rebuild();
    assert!(code == 1 && out.contains("1 had differed") && out.contains(&raffle), "{out}");
    assert_eq!(rebuild().0, 0);
    let _held = drumroll_http::server::Folder::lock(folder.path()).unwrap();
    let (code, _, error) = rebuild();
    assert!(code == 2 && error.contains("data_dir"), "a running server is in the way: {error}");
}

/// The lines a demonstration prints until it is running, then it is told to end.
#[cfg(unix)]
fn demonstrate(data: &Path, more: &[&str]) -> Vec<String> {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_drumroll"))
        .args(["demo", "--listen", "127.0.0.1:0", "--set", "demo.devices=0", "--data-dir", path(data)])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = Vec::new();
    for line in BufReader::new(demo.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.contains("Ctrl-C") {
            Command::new("kill").arg(demo.id().to_string()).status().unwrap();
        }
        lines.push(line);
    }
    assert_eq!(demo.wait().unwrap().code(), Some(0));
    lines
}

#[cfg(unix)]
#[test]
fn demo_opens_an_event_goes_on_with_it_and_begins_anew_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let event = |lines: &[String]| {
        let line = lines.iter().find(|line| line.contains("Public page")).unwrap();
        line.split("/events/").nth(1).unwrap().to_owned()
    };
    let first = demonstrate(folder.path(), &[]);
    assert!(first.iter().any(|line| line.contains("one-time password")));
    assert!(first.iter().any(|line| line.contains("Sales close in about 4")), "{first:#?}");
    let second = demonstrate(folder.path(), &[]);
    assert_eq!(event(&first), event(&second), "it goes on where it was");
    let third = demonstrate(folder.path(), &["--new"]);
    assert_ne!(event(&first), event(&third));
    assert_eq!(drumroll(&["audit", "verify", "--data-dir", path(folder.path())]).0, 0);
}

#[cfg(unix)]
#[test]
fn serve_starts_says_where_it_is_and_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_drumroll"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", path(folder.path())])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let address = first.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
    let second = lines.next().unwrap().unwrap();
    assert!(second.starts_with("First administrator: login admin, one-time password "), "{second}");
    let (code, _, error) = drumroll(&["serve", "--listen", "127.0.0.1:0", "--data-dir", path(folder.path())]);
    assert!(code == 1 && error.contains("another drumroll uses this folder"), "{error}");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for path in ["health/ready", "metrics"] {
        let answer = runtime.block_on(async { reqwest::get(format!("{address}{path}")).await.unwrap().status() });
        assert_eq!(answer.as_u16(), 200, "{path}, on this machine");
    }
    Command::new("kill").arg(server.id().to_string()).status().unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(0));
    let key = std::fs::metadata(folder.path().join("master.key")).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&key) & 0o777, 0o600);
}
