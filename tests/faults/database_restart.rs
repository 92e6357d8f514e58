//! PostgreSQL itself is stopped at once and started again, while a crowd buys.

use crate::crowd::Crowd;
use drumroll_tests::database::Database;
use drumroll_tests::server::Site;
use drumroll_tests::{chance, chance::Chance, programs, skip};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Servers of one's own, from `.ci/services --new`. They go when nobody holds their standard input any more; what this
/// test started again in their folder it stops itself.
struct Services {
    keeper: Child,
    named: BTreeMap<String, String>,
}

impl Services {
    fn start() -> Self {
        let mut command = Command::new(programs::root().join(".ci/services"));
        command.args(["--new", "sh", "-c", "env | grep ^DRUMROLL_TEST_; echo; exec cat"]);
        let mut keeper = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(keeper.stdout.take().unwrap()).lines().map_while(Result::ok);
        let pairs = lines.take_while(|line| !line.is_empty());
        let named =
            pairs.filter_map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())));
        let named = named.collect();
        Self { keeper, named }
    }

    fn of(&self, name: &str) -> &str {
        self.named.get(&format!("DRUMROLL_TEST_{name}")).unwrap_or_else(|| panic!(".ci/services names {name}"))
    }

    /// The options it was started with.
    fn options(&self) -> String {
        let told = std::fs::read_to_string(PathBuf::from(self.of("SERVICES_DIR")).join("pg/postmaster.opts")).unwrap();
        let (_program, options) = told.trim().split_once(' ').unwrap();
        options.to_owned()
    }

    /// `pg_ctl`, as the user that PostgreSQL runs as.
    fn control(&self, arguments: &[&str]) -> bool {
        let data = PathBuf::from(self.of("SERVICES_DIR")).join("pg");
        let program = PathBuf::from(self.of("POSTGRES_BIN")).join("pg_ctl");
        let owner = Command::new("stat").args(["-c", "%U"]).arg(&data).output().unwrap();
        let owner = String::from_utf8(owner.stdout).unwrap();
        let mut command = Command::new("setpriv");
        if programs::run(Command::new("id").arg("-un")).out == owner {
            command = Command::new(program);
        } else {
            command.args(["--reuid", owner.trim(), "--regid", owner.trim(), "--init-groups"]).arg(program);
        }
        command.args(arguments).arg("--silent").arg("--log").arg(data.join("again.log")).arg("--pgdata").arg(&data);
        // The database's own processes would keep a pipe open.
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().unwrap().success()
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.control(&["stop", "--mode", "immediate"]);
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// I1–I3: without a checkpoint, as a machine's end would be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i2_i3_postgres_stopped_at_once_and_started_again_under_load() {
    let name = "postgres-restart";
    if std::env::var_os("DRUMROLL_TEST_POSTGRES").is_none() {
        return skip(name, "DRUMROLL_TEST_POSTGRES is not set; .ci/services sets it");
    }
    let seed = chance::seed(name);
    let mut chance = Chance::new(seed);
    let services = Services::start();
    let mut site = Site::with(name, Database::on(services.of("POSTGRES")).await);
    site.start().await;
    let crowd = Crowd::gather(&site, name, seed).await;
    let options = services.options();
    let times = if drumroll_tests::full_scale() { 6 } else { 2 };
    for _ in 0..times {
        // At any moment: the seed chooses it.
        tokio::time::sleep(Duration::from_millis(chance.below(100))).await;
        let began = Instant::now();
        assert!(services.control(&["stop", "--mode", "immediate"]), "PostgreSQL stops");
        assert!(services.control(&["start", "--options", &options]), "PostgreSQL starts");
        let back = began.elapsed().as_millis();
        crowd.seen.sells().await;
        println!("PostgreSQL was away for {back} ms, sales for {} ms", began.elapsed().as_millis());
    }
    crowd.settle(&mut site).await;

    site.close().await;
}
