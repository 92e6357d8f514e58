//! Between a server and its PostgreSQL: passes messages on, and does to them what a network can do.
//!
//! It reads the framing of PostgreSQL's protocol (version 3, without TLS), so it knows a COMMIT and its answer when it
//! sees them, and whether a cut fell into the middle of a message.

use crate::chance::Chance;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_postgres::config::{Config, Host};

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// What the server under test says.
    ToDatabase,
    /// What the database answers.
    FromDatabase,
}

/// What can be done to a connection, while it runs. Each stays until [`Fault::Pass`], unless it says otherwise.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing, from here on; what was armed is forgotten. Connections that lost bytes stay lost until they are cut.
    Pass,
    /// Everything that goes this way comes later.
    Delay(Way, Duration),
    /// All connections end now. New ones are taken.
    Cut,
    /// After so many bytes this way, on whichever connections, the one that carries the next byte ends before it.
    /// Once; giving it again replaces it.
    CutAfter(Way, u64),
    /// Bytes are taken and none are given, on connections old and new.
    Silence,
    /// All connections end, and new ones are refused as by a machine on which nobody listens.
    Refuse,
    /// The next COMMIT reaches the database up to so many bytes, then its connection ends, with nobody waiting for an
    /// answer. Once. A COMMIT has [`COMMIT_BYTES`].
    CutCommit(usize),
    /// So many COMMITs reach the database, which carries them out; their answers are kept back and their connections cut.
    LoseCommitAnswers(u64),
    /// Each COMMIT reaches the database after a time between these two, chosen from the seed.
    SlowCommits(Duration, Duration, u64),
}

/// The length of a COMMIT on the wire.
pub const COMMIT_BYTES: usize = 1 + 4 + "COMMIT\0".len();

/// What was done so far.
#[derive(Debug, Default)]
pub struct Counts {
    /// Connections taken.
    pub taken: AtomicU64,
    /// Connections cut.
    pub cut: AtomicU64,
    /// Of these, those that ended in the middle of a message.
    pub cut_mid_message: AtomicU64,
    /// Of these, those that ended within a transaction.
    pub cut_mid_transaction: AtomicU64,
    /// COMMITs seen.
    pub commits: AtomicU64,
    /// COMMITs whose answer was kept back.
    pub answers_lost: AtomicU64,
    /// Bytes that were taken and not given.
    pub swallowed: AtomicU64,
}

impl Counts {
    /// Reads one of them.
    pub fn of(count: &AtomicU64) -> u64 {
        count.load(Ordering::SeqCst)
    }
}

fn more(count: &AtomicU64, by: u64) {
    count.fetch_add(by, Ordering::SeqCst);
}

#[derive(Debug, Default)]
struct Rules {
    delays: BTreeMap<Way, Duration>,
    cut_after: BTreeMap<Way, u64>,
    cut_commit: Option<usize>,
    silent: bool,
    answers_to_lose: u64,
    slow: Option<(Duration, Duration, Chance)>,
}

#[derive(Debug)]
struct Shared {
    database: SocketAddr,
    rules: Mutex<Rules>,
    counts: Counts,
    /// Counts cuts: a connection ends when this changes.
    cuts: watch::Sender<u64>,
    /// Whether somebody listens.
    open: watch::Sender<bool>,
    /// Whether somebody does, as [`Fault::Refuse`] must know before it is done.
    listening: watch::Sender<bool>,
}

/// The proxy; it ends with its owner.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    shared: Arc<Shared>,
    listener: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// Stands before the database of a URL.
    pub async fn before(url: &str) -> Self {
        let config: Config = url.parse().unwrap();
        let (Host::Tcp(host), port) = (&config.get_hosts()[0], config.get_ports()[0]) else {
            panic!("a proxy stands before TCP")
        };
        let database = tokio::net::lookup_host((host.as_str(), port)).await.unwrap().next().unwrap();
        let own = SocketAddr::from(([127, 0, 0, 1], crate::server::free_port()));
        let there = format!("@{host}:{port}/");
        assert!(url.contains(&there), "the URL names host and port");
        let shared = Arc::new(Shared {
            database,
            rules: Mutex::default(),
            counts: Counts::default(),
            cuts: watch::Sender::new(0),
            open: watch::Sender::new(true),
            listening: watch::Sender::new(false),
        });
        let listener = tokio::spawn(listen(shared.clone(), own));
        shared.listening.subscribe().wait_for(|listening| *listening).await.unwrap();
        Self { url: url.replace(&there, &format!("@{own}/")), shared, listener }
    }

    /// The URL of the same database, through here.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What was done so far.
    pub fn counts(&self) -> &Counts {
        &self.shared.counts
    }

    /// Does this from now on. Returns when it is in force.
    pub async fn inject(&self, fault: Fault) {
        let Shared { rules, cuts, open, listening, .. } = &*self.shared;
        let rules = || rules.lock().unwrap();
        let cut = || cuts.send_modify(|cuts| *cuts += 1);
        match fault {
            Fault::Pass => {
                *rules() = Rules::default();
                open.send_replace(true);
                listening.subscribe().wait_for(|listening| *listening).await.unwrap();
            }
            Fault::Delay(way, by) => {
                rules().delays.insert(way, by);
            }
            Fault::Cut => cut(),
            Fault::CutAfter(way, bytes) => {
                rules().cut_after.insert(way, bytes);
            }
            Fault::Silence => rules().silent = true,
            Fault::Refuse => {
                open.send_replace(false);
                listening.subscribe().wait_for(|listening| !*listening).await.unwrap();
                cut();
            }
            Fault::CutCommit(bytes) => rules().cut_commit = Some(bytes),
            Fault::LoseCommitAnswers(count) => rules().answers_to_lose = count,
            Fault::SlowCommits(least, most, seed) => rules().slow = Some((least, most, Chance::new(seed))),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listener.abort();
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn listen(shared: Arc<Shared>, own: SocketAddr) {
    let mut open = shared.open.subscribe();
    loop {
        let listener = TcpListener::bind(own).await.unwrap_or_else(|error| panic!("the proxy's port {own}: {error}"));
        shared.listening.send_replace(true);
        loop {
            tokio::select! {
                taken = listener.accept() => {
                    let Ok((stream, _)) = taken else { continue };
                    more(&shared.counts.taken, 1);
                    // Subscribed here, so that a cut finds every connection that was taken before it.
                    tokio::spawn(connection(shared.clone(), stream, shared.cuts.subscribe()));
                }
                closed = open.wait_for(|open| !*open) => {
                    if closed.is_err() {
                        return;
                    }
                    break;
                }
            }
        }
        drop(listener);
        shared.listening.send_replace(false);
        if open.wait_for(|open| *open).await.is_err() {
            return;
        }
    }
}

async fn connection(shared: Arc<Shared>, server: TcpStream, mut cuts: watch::Receiver<u64>) {
    let Ok(database) = TcpStream::connect(shared.database).await else { return };
    let _ = (server.set_nodelay(true), database.set_nodelay(true));
    let ((from_server, to_server), (from_database, to_database)) = (server.into_split(), database.into_split());
    let state = State::default();
    let pump = |way, from, to, tagged| Pump { shared: &shared, state: &state, way, from, to, tagged, lost: false };
    tokio::select! {
        _ = cuts.changed() => count_cut(&shared.counts, &state, false),
        () = pump(Way::ToDatabase, from_server, to_database, false).run() => {}
        () = pump(Way::FromDatabase, from_database, to_server, true).run() => {}
    }
}

/// A cut counts when it is decided, whatever the other direction does meanwhile.
fn count_cut(counts: &Counts, state: &State, mid_message: bool) {
    more(&counts.cut_mid_message, mid_message.into());
    more(&counts.cut_mid_transaction, state.0.lock().unwrap().in_transaction.into());
    more(&counts.cut, 1);
}

/// What both directions of a connection know.
#[derive(Default)]
struct State(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// As the database said last.
    in_transaction: bool,
    /// The answer to the COMMIT that is under way is to be kept back.
    lose_answer: bool,
}

struct Pump<'a> {
    shared: &'a Shared,
    state: &'a State,
    way: Way,
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    /// Whether messages begin with a byte that names them; those that open a connection do not.
    tagged: bool,
    lost: bool,
}

impl Pump<'_> {
    async fn run(mut self) {
        let mut taken = Vec::with_capacity(16_384);
        loop {
            if !matches!(self.from.read_buf(&mut taken).await, Ok(1..)) {
                // What is said after this end matters to nobody: PostgreSQL's protocol knows no half-open connection.
                return;
            }
            let delay = self.shared.rules.lock().unwrap().delays.get(&self.way).copied();
            if let Some(delay) = delay {
                tokio::time::sleep(delay).await;
            }
            let mut at = 0;
            while let Some(length) = self.whole(&taken[at..]) {
                if !self.message(&taken[at..at + length]).await {
                    return;
                }
                at += length;
            }
            taken.drain(..at);
        }
    }

    /// The length of the first message, when all of it is there.
    fn whole(&self, bytes: &[u8]) -> Option<usize> {
        let tag = usize::from(self.tagged);
        let length = u32::from_be_bytes(bytes.get(tag..tag + 4)?.try_into().unwrap());
        let length = tag + usize::try_from(length).unwrap();
        assert!((8..1 << 28).contains(&(length + 4 * tag)), "this is not PostgreSQL's protocol without TLS");
        (bytes.len() >= length).then_some(length)
    }

    /// Passes one message on, or not. Whether the connection lives on.
    async fn message(&mut self, message: &[u8]) -> bool {
        let tag = if self.tagged { message[0] } else { 0 };
        let body = &message[usize::from(self.tagged) + 4..];
        // Of the untagged messages only the one with the protocol's version is followed by tagged ones.
        self.tagged |= body.starts_with(&[0, 3]);
        match (self.way, tag) {
            (Way::ToDatabase, b'Q') if body.trim_ascii_start().to_ascii_uppercase().starts_with(b"COMMIT") => {
                if let Some(slow) = self.commit() {
                    tokio::time::sleep(slow).await;
                }
                let cut = self.shared.rules.lock().unwrap().cut_commit.take();
                if let Some(bytes) = cut {
                    let bytes = bytes.min(message.len());
                    count_cut(&self.shared.counts, self.state, bytes > 0 && bytes < message.len());
                    let _ = self.to.write_all(&message[..bytes]).await;
                    return false;
                }
            }
            (Way::FromDatabase, b'C') if body == b"COMMIT\0" && self.state.0.lock().unwrap().lose_answer => {
                count_cut(&self.shared.counts, self.state, false);
                more(&self.shared.counts.answers_lost, 1);
                return false;
            }
            (Way::FromDatabase, b'Z') => self.state.0.lock().unwrap().in_transaction = body == b"T",
            _ => {}
        }
        let (pass, cut) = {
            let mut rules = self.shared.rules.lock().unwrap();
            self.lost |= rules.silent;
            let length = message.len() as u64;
            match rules.cut_after.get(&self.way).copied() {
                _ if self.lost => (0, false),
                Some(left) if left < length => {
                    rules.cut_after.remove(&self.way);
                    (usize::try_from(left).unwrap(), true)
                }
                Some(left) => {
                    rules.cut_after.insert(self.way, left - length);
                    (message.len(), false)
                }
                None => (message.len(), false),
            }
        };
        if self.lost {
            more(&self.shared.counts.swallowed, message.len() as u64);
        }
        if cut {
            count_cut(&self.shared.counts, self.state, pass > 0);
        }
        self.to.write_all(&message[..pass]).await.is_ok() && !cut
    }

    /// A COMMIT: how long it takes to get there, and whether its answer is lost.
    fn commit(&self) -> Option<Duration> {
        more(&self.shared.counts.commits, 1);
        let mut rules = self.shared.rules.lock().unwrap();
        if rules.answers_to_lose > 0 {
            rules.answers_to_lose -= 1;
            self.state.0.lock().unwrap().lose_answer = true;
        }
        let (least, most, chance) = rules.slow.as_mut()?;
        let spread = u64::try_from(most.saturating_sub(*least).as_millis()).unwrap();
        Some(*least + Duration::from_millis(chance.below(spread + 1)))
    }
}
