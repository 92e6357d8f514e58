//! `drumroll serve` as a process: started with data of its own, its words kept, and never left behind.

use crate::api::Client;
use crate::chance::Chance;
use crate::clock::Hand;
use crate::database::Database;
use crate::doom::Doom;
use crate::league::League;
use crate::programs;
use crate::scratch::Scratch;
use crate::wait::{SOON, until};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Everything a server said, on both of its outputs, over all its lives.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<String>>);

impl Log {
    /// All of it.
    pub fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    /// Takes down what comes, until its end.
    pub fn follow(&self, from: impl Read + Send + 'static) {
        let log = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
                let mut text = log.0.lock().unwrap();
                text.push_str(&String::from_utf8_lossy(&line));
                text.push('\n');
            }
        });
    }

    /// The last lines.
    pub fn tail(&self, lines: usize) -> String {
        let text = self.text();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// What of `secrets` it says, which should be nothing.
    pub fn leaks<'a>(&self, secrets: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let text = self.text();
        secrets.into_iter().filter(|secret| !secret.is_empty() && text.contains(*secret)).collect()
    }
}

/// The place of one server: its port, data and log outlive its process.
#[derive(Debug)]
pub struct Site {
    /// Its folder.
    pub scratch: Scratch,
    /// Its records.
    pub database: Database,
    /// What it says.
    pub log: Log,
    /// `http://…`, without a slash at the end.
    pub base: String,
    settings: Vec<(String, String)>,
    environment: Vec<(String, String)>,
    clock: Option<Hand>,
    doom: Option<Doom>,
    child: Option<Child>,
    /// The servers behind it, where it is the front of several.
    pub league: Option<Box<League>>,
}

/// A port nobody listens on at the moment, below those that the system hands out by itself: while a server is down
/// between two of its lives, no other program's connection may come to stand in its place.
pub(crate) fn free_port() -> u16 {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let mixed = crate::now_ms() ^ u64::from(std::process::id()) << 44 ^ COUNT.fetch_add(1, Ordering::Relaxed) << 56;
    let mut chance = Chance::new(mixed);
    let mut ports = std::iter::repeat_with(|| 20_000 + u16::try_from(chance.below(12_000)).unwrap());
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

impl Site {
    /// A place with SQLite.
    pub fn sqlite(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let database = Database::sqlite(scratch.path());
        Self::new(scratch, database)
    }

    /// A place with PostgreSQL; `None` when there is none.
    pub async fn postgres(name: &str) -> Option<Self> {
        let database = Database::postgres().await?;
        Some(Self::new(Scratch::new(name), database))
    }

    /// A place with a database that is at hand.
    pub fn with(name: &str, database: Database) -> Self {
        Self::new(Scratch::new(name), database)
    }

    /// The front of three servers over one PostgreSQL and the Redis of `DRUMROLL_TEST_REDIS`: what is started, stopped
    /// and killed here are those servers. `None` when there is no PostgreSQL.
    pub async fn league(name: &str) -> Option<Self> {
        let database = Database::postgres().await?;
        let redis = std::env::var("DRUMROLL_TEST_REDIS").ok();
        let league = League::new(name, &database, redis.as_deref());
        let mut site = Self::new(Scratch::new(name), database);
        site.set("MASTER_KEY", &"5a".repeat(32));
        site.log = league.members[0].log.clone();
        site.league = Some(Box::new(league));
        Some(site)
    }

    fn new(scratch: Scratch, database: Database) -> Self {
        let base = format!("http://127.0.0.1:{}", free_port());
        let log = Log::default();
        let mut site = Self {
            scratch,
            database,
            log,
            base,
            settings: Vec::new(),
            environment: Vec::new(),
            clock: None,
            doom: None,
            child: None,
            league: None,
        };
        // One address stands for a whole arena here; the limits have a test of their own.
        for class in ["LOGIN", "PURCHASE", "VALIDATE", "ENROL"] {
            site.set(&format!("RATES__{class}"), "0");
        }
        site.set("HEARTBEAT_S", "1");
        site
    }

    /// Sets a setting, by the name it has in the environment without the prefix.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Sets a variable of the server's environment that is none of its settings.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Puts the machine's clock ahead of ours: from the next start on, or at once for a server that was started after
    /// this was called before.
    ///
    /// # Errors
    /// Why that cannot be done here.
    pub fn set_ahead(&mut self, seconds: u64) -> Result<(), String> {
        self.set_clock(i64::try_from(seconds).unwrap() * 1_000)
    }

    /// The same in milliseconds, and back too.
    ///
    /// # Errors
    /// Why that cannot be done here.
    pub fn set_clock(&mut self, ahead_ms: i64) -> Result<(), String> {
        if self.clock.is_none() {
            self.clock = Some(Hand::new(self.scratch.path())?);
        }
        self.clock.iter().for_each(|hand| hand.put(ahead_ms));
        Ok(())
    }

    /// Lets the server be killed in one of its writes to its database, from the next start on. It has either this or a
    /// clock that is set.
    ///
    /// # Errors
    /// Why that cannot be done here.
    pub fn doom(&mut self) -> Result<&Doom, String> {
        assert!(self.clock.is_none(), "one library at a time");
        if self.doom.is_none() {
            self.doom = Some(Doom::new(self.scratch.path(), self.database.writes())?);
        }
        Ok(self.doom.as_ref().expect("it was just made"))
    }

    /// Waits until the server has ended by itself. Answers its exit code; `None` after a signal.
    pub async fn ended(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("the server runs");
        until("the server has ended", SOON, async || child.try_wait().unwrap()).await.code()
    }

    /// Waits until a start has either ended by itself, and answers how, or come to its end; then it is killed.
    pub async fn ended_or_ready(&mut self) -> Option<ExitStatus> {
        let client = Client::new(&self.base);
        let child = self.child.as_mut().expect("the server runs");
        let ended = until("the start is over, one way or the other", SOON, async || {
            if let Some(status) = child.try_wait().unwrap() {
                return Some(Some(status));
            }
            client.try_get("/health/ready").await.filter(|reply| reply.status == 200).map(|_| None)
        })
        .await;
        if ended.is_some() {
            self.child = None;
        } else {
            self.kill();
        }
        ended
    }

    /// Asks it to end and waits for nothing.
    pub fn ask_to_stop(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// A command of the server's program, with this place's settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = programs::command("drumroll");
        command.args(arguments).current_dir(self.scratch.path());
        let (listen, data) = (self.base.trim_start_matches("http://"), self.scratch.path().join("data"));
        command.env("DRUMROLL_LISTEN", listen).env("DRUMROLL_DATA_DIR", data);
        command.env("DRUMROLL_DATABASE", self.database.setting());
        for (name, value) in &self.settings {
            command.env(format!("DRUMROLL_{name}"), value);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(hand) = &self.clock {
            hand.rule(&mut command);
        }
        if let Some(doom) = &self.doom {
            doom.rule(&mut command);
        }
        command
    }

    /// Starts the server and waits until it takes sales.
    pub async fn start(&mut self) {
        if let Some(league) = &mut self.league {
            // Where a league calls this for its members, they have none of their own.
            Box::pin(league.start()).await;
            self.base = league.open().await;
            return;
        }
        self.spawn();
        self.ready().await;
    }

    /// Waits until it takes sales.
    pub async fn ready(&mut self) {
        let client = Client::new(&self.base);
        let child = self.child.as_mut().unwrap();
        let log = &self.log;
        until("the server is ready", SOON, async || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the server ended at its start, {status}:\n{}", log.tail(40));
            }
            client.try_get("/health/ready").await.filter(|reply| reply.status == 200)
        })
        .await;
    }

    /// Starts the server and waits for nothing.
    pub fn spawn(&mut self) {
        assert!(self.child.is_none(), "a place has one server");
        let mut command = self.command(&["serve"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        self.log.follow(child.stdout.take().unwrap());
        self.log.follow(child.stderr.take().unwrap());
        self.child = Some(child);
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the server runs").id()
    }

    /// Ends it as a supervisor would, and waits until it is gone. Answers its exit code.
    pub async fn stop(&mut self) -> Option<i32> {
        if let Some(league) = &mut self.league {
            return Box::pin(league.stop()).await;
        }
        self.ask_to_stop();
        self.ended().await
    }

    /// Ends it at once; of several, the one that runs the most raffles.
    pub async fn kill_busiest(&mut self) {
        match &mut self.league {
            None => self.kill(),
            Some(league) => {
                let at = league.busiest().await;
                league.members[at].kill();
            }
        }
    }

    /// Ends it at once, without a warning, as `kill -9` does.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("the server runs");
        // One that is dead already is as dead as one should be.
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Forgets a process that ended.
    pub fn forget_dead(&mut self) {
        if !self.lives() {
            self.child = None;
        }
    }

    /// Whether the process lives.
    pub fn lives(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// The one-time password of the first administrator. It is printed once the server listens, so one that is ready
    /// may not have said it yet.
    pub fn one_time_password(&self) -> String {
        let began = Instant::now();
        loop {
            let text = self.log.text();
            if let Some(line) = text.lines().rev().find(|line| line.contains("one-time password ")) {
                return line.split_whitespace().last().unwrap().to_owned();
            }
            assert!(began.elapsed() < SOON, "the server printed no password:\n{}", self.log.tail(40));
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops what runs and removes what is left; a test that failed leaves it for people to look at.
    pub async fn close(mut self) {
        if self.child.is_some() || self.league.is_some() {
            self.stop().await;
        }
        self.database.remove().await;
    }

    /// Resident memory of the process in KiB.
    pub fn memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if thread::panicking() {
            eprintln!("--- the server's last words ---\n{}", self.log.tail(60));
        }
    }
}
