//! Power that goes while the log is written: what stands on the disk ends somewhere in the middle.
//!
//! A file of SQLite is its pages and a log behind them. A commit is a run of frames in the log, the last of which says
//! so; until a checkpoint they are nowhere else. A power cut leaves a beginning of that log, or a log whose last, not yet
//! confirmed blocks are anything at all. Here a real server's log is kept and cut at every byte.

use drumroll_tests::api::{Client, new_key};
use drumroll_tests::auditor::books::Books;
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::auditor::{self, bytes};
use drumroll_tests::chance::{self, Chance};
use drumroll_tests::database::Database;
use drumroll_tests::now_ms;
use drumroll_tests::programs;
use drumroll_tests::scratch::Scratch;
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use serde_json::{Value, json};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Sizes that SQLite's file format fixes.
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// What a disk writes at once, or not at all.
const SECTOR: usize = 512;
/// Frames that are cut at every byte; whole commits at full scale.
const EVERY_BYTE_OF: usize = 4;

fn log_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", path.display()))
}

/// An order at a counter, and what came of it.
struct Order {
    key: String,
    body: Value,
    /// The answer, and how long the log was when it was heard: the commit lies wholly before that.
    heard: Option<(Value, usize)>,
}

impl Order {
    fn new(raffle: &str, package: u64) -> Self {
        let body = json!({"raffle_id": raffle, "lines": [{"package_id": package, "quantity": 1}]});
        Self { key: new_key(), body, heard: None }
    }
}

/// What the disk held at one moment.
struct Image {
    pages: Vec<u8>,
    log: Vec<u8>,
}

impl Image {
    fn of(path: &Path) -> Self {
        Self { pages: fs::read(path).unwrap(), log: fs::read(log_of(path)).unwrap() }
    }

    /// Where each commit ends in the log.
    fn commits(&self) -> Vec<usize> {
        let word = |at: usize| u32::from_be_bytes(self.log[at..at + 4].try_into().unwrap());
        let frame = self.frame();
        let salts = self.log[16..24].to_vec();
        let starts = (LOG_HEADER..).step_by(frame).take_while(|start| start + frame <= self.log.len());
        let own = starts.take_while(|start| self.log[start + 8..start + 16] == salts[..]);
        own.filter(|start| word(start + 4) != 0).map(|start| start + frame).collect()
    }

    /// Where to cut: behind every byte of the last frames, and around every end and every header of a frame before them.
    fn cuts(&self, commits: &[usize]) -> Vec<usize> {
        let frame = self.frame();
        let last = *commits.last().unwrap();
        let every = if full_scale() { commits[commits.len() - 5] } else { last - EVERY_BYTE_OF * frame };
        let around = |start: usize| [0, 1, 4, 8, 16, 23, 24, 25, 24 + SECTOR, frame - 1].map(|offset| start + offset);
        let frames = (LOG_HEADER..every).step_by(frame).flat_map(around);
        (0..=LOG_HEADER).chain(frames).chain(every..=self.log.len()).rev().collect()
    }

    /// The log as a power cut or a bad disk might leave it.
    fn damage(&self, chance: &mut Chance, commits: &[usize]) -> Vec<u8> {
        let mut log = self.log.clone();
        let mut at = |from: usize, to: usize| from + usize::try_from(chance.below((to - from) as u64)).unwrap();
        let last = (commits[commits.len() - 2], commits[commits.len() - 1]);
        match at(0, 3) {
            0 => log[at(LOG_HEADER, self.log.len())] ^= 1 << at(0, 8),
            1 => {
                let from = at(LOG_HEADER, self.log.len());
                log.truncate(from);
                log.resize_with(from + at(1, 3 * self.frame()), || u8::try_from(at(0, 256)).unwrap());
            }
            _ => {
                // The commit before was confirmed, so the sectors it wrote are there, and a disk does not harm what lies
                // beside the bytes it writes (SQLite's "powersafe overwrite"). Of this one any sectors may be missing.
                let whole = last.0.next_multiple_of(SECTOR)..last.1;
                let lost = at(whole.start / SECTOR, whole.end / SECTOR);
                for sector in whole.step_by(SECTOR) {
                    if sector / SECTOR == lost || at(0, 4) == 0 {
                        let end = (sector + SECTOR).min(last.1);
                        log[sector..end].fill(0);
                    }
                }
            }
        }
        log
    }

    fn frame(&self) -> usize {
        FRAME_HEADER + u32::from_be_bytes(self.log[8..12].try_into().unwrap()) as usize
    }

    fn write(&self, path: &Path, log: &[u8]) {
        let _ = fs::remove_file(format!("{}-shm", path.display()));
        fs::write(path, &self.pages).unwrap();
        fs::write(log_of(path), log).unwrap();
    }
}

/// A copy of an image that is damaged again and again.
struct Copy {
    path: PathBuf,
    log: File,
}

impl Copy {
    fn new(image: &Image, path: PathBuf) -> Self {
        image.write(&path, &image.log);
        let log = OpenOptions::new().write(true).open(log_of(&path)).unwrap();
        Self { path, log }
    }

    /// What SQLite makes of it. It alone, so that nothing but the two files counts; and it leaves them as they are.
    fn open(&self) -> Connection {
        let connection = Connection::open(&self.path).unwrap();
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
        let alone = connection.query_row("PRAGMA locking_mode=EXCLUSIVE", [], |row| row.get::<_, String>(0));
        assert_eq!(alone.unwrap(), "exclusive");
        connection
    }

    /// Where every journal and every read model stands, in a line: all that a commit of a sale changes.
    fn standing(&self) -> String {
        let line = "SELECT (SELECT group_concat(hex(stream) || ' ' || seq || ' ' || hex(hash), ';') FROM streams) || \
            ' events ' || (SELECT count(*) FROM events) || \
            ' tickets ' || (SELECT count(*) || ' ' || coalesce(sum(numbers), 0) FROM tickets) || \
            ' ranges ' || (SELECT count(*) || ' ' || coalesce(sum(last), 0) FROM ticket_ranges) || \
            ' orders ' || (SELECT count(*) FROM orders) || ' facts ' || (SELECT count(*) FROM facts) || \
            ' raffles ' || (SELECT group_concat(seq || ' ' || gross_minor || ' ' || numbers_sold) FROM raffles)";
        self.open().query_row(line, [], |row| row.get(0)).unwrap()
    }

    fn books(&self) -> Books {
        Books::sqlite_connection(&self.open())
    }

    fn cut(&self, length: usize) {
        self.log.set_len(length as u64).unwrap();
    }

    fn rewrite(&self, log: &[u8]) {
        self.log.write_all_at(log, 0).unwrap();
        self.cut(log.len());
    }
}

/// Sells one order after the other until the server is gone, and passes on what was heard, and when.
async fn counter(client: Client, raffle: String, mut chance: Chance, log: PathBuf, done: UnboundedSender<Order>) {
    loop {
        let mut order = Order::new(&raffle, chance.below(3) + 1);
        let call = client.try_call(reqwest::Method::POST, "/tickets/generate", Some(&order.key), Some(&order.body));
        let reply = call.await.ok();
        let length = usize::try_from(fs::metadata(&log).unwrap().len()).unwrap();
        order.heard = reply.map(|reply| (reply.expect_one_of(&[200, 201]), length));
        let gone = order.heard.is_none();
        done.send(order).unwrap();
        if gone {
            return;
        }
    }
}

/// A server that sold with a log of its own, and was killed on the way.
struct Sold {
    /// What was promised before the log began.
    before: Evidence,
    orders: Vec<Order>,
    image: Image,
}

impl Sold {
    /// Everything that was promised while the log was no longer than this.
    fn promised(&self, length: usize) -> Evidence {
        let mut evidence = self.before.clone();
        for order in &self.orders {
            if let Some((ticket, _)) = order.heard.as_ref().filter(|(_, heard)| *heard <= length) {
                evidence.ticket(&format!("a counter, log of {length} bytes"), ticket);
            }
        }
        evidence
    }
}

async fn sell_and_kill(site: &mut Site, crew: &Crew, raffle: &str, chance: &mut Chance, copies: &Path) -> Sold {
    let seller = &crew.seller.client;
    let mut before = Evidence::default();
    for package in 1..=3 {
        let order = Order::new(raffle, package);
        let sold = seller.post_once("/tickets/generate", &order.key, &order.body).await.expect(201);
        before.ticket("before the log", &sold);
    }

    // A log that begins here, and a reader whose view keeps everybody from checkpointing it.
    let Database::Sqlite(path) = site.database.clone() else { unreachable!("this place has a file") };
    let log = log_of(&path);
    let reader = Connection::open(&path).unwrap();
    until("the log is empty", SOON, async || {
        let busy: u32 = reader.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
        (busy == 0).then_some(())
    })
    .await;
    reader.execute_batch("BEGIN").unwrap();
    let _: u32 = reader.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap();

    let half = if full_scale() { 12 } else { 4 };
    let (sender, mut done) = unbounded_channel();
    for _ in 0..3 {
        let chance = Chance::new(chance.bits());
        tokio::spawn(counter(seller.clone(), raffle.to_owned(), chance, log.clone(), sender.clone()));
    }
    drop(sender);
    let mut orders = Vec::new();
    while orders.len() < half {
        orders.push(done.recv().await.unwrap());
    }
    // A copy in the middle, as a snapshot of the disk would be; by another process, since closing a file in this one
    // would give up the reader's lock on it.
    let mut told = before.clone();
    let tickets = orders.iter().filter_map(|order| Some(&order.heard.as_ref()?.0));
    tickets.for_each(|ticket| told.ticket("before the copy", ticket));
    let warm = copies.join("warm.sqlite");
    for (from, to) in [(&path, &warm), (&log, &log_of(&warm))] {
        assert!(Command::new("cp").arg(from).arg(to).status().unwrap().success());
    }
    while orders.len() < 2 * half {
        orders.push(done.recv().await.unwrap());
    }
    site.kill();
    while let Some(order) = done.recv().await {
        orders.push(order);
    }
    let image = Image::of(&path);
    drop(reader);
    let copy = Copy::new(&Image::of(&warm), copies.join("warm-copy.sqlite"));
    auditor::audit(&copy.books(), &told).expect_clean("a copy taken while sales went on");
    Sold { before, orders, image }
}

/// What stands after a commit: all of it in one word, the events, the tickets.
type State = (String, usize, usize);

fn full_scale() -> bool {
    std::env::var("DRUMROLL_SCALE").is_ok_and(|scale| scale == "full")
}

/// I1, I2, I6, I7: a server is killed while it sells, and its log is cut at every byte of its last frames, and damaged in
/// other ways. What is left is always the whole of the commits before the damage and nothing of the others, and a server
/// sells on from it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i7_a_log_that_ends_anywhere_holds_whole_sales_only() {
    let name = "torn-log";
    let mut chance = Chance::new(chance::seed(name));
    let folder = Scratch::new("torn-log-copies");
    let mut site = Site::sqlite(name);
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = crew.open_raffle("Torn", now_ms() + 3_600_000).await;
    let sold = sell_and_kill(&mut site, &crew, &raffle, &mut chance, folder.path()).await;
    let image = &sold.image;
    let ends = image.commits();
    let cut_short = sold.orders.iter().filter(|order| order.heard.is_none()).count();
    let (orders, commits, bytes) = (sold.orders.len(), ends.len(), image.log.len());
    println!("{orders} orders, {cut_short} of them cut short, {commits} commits, a log of {bytes} bytes");

    // What stands after each commit, with everything that was promised up to there.
    let copy = Copy::new(image, folder.path().join("commits.sqlite"));
    let mut states = Vec::new();
    for &end in [LOG_HEADER].iter().chain(&ends).rev() {
        copy.cut(end);
        let audit = auditor::audit(&copy.books(), &sold.promised(end));
        audit.expect_clean(&format!("a log cut behind byte {end}"));
        states.push((copy.standing(), audit.seen.events, audit.seen.tickets));
    }
    states.reverse();
    // Notifications move their cursors in commits of their own, which add no event.
    let adds = |(was, is): (&State, &State)| if was.1 == is.1 { was.0 == is.0 } else { was.0 != is.0 && was.1 < is.1 };
    assert!(states.iter().zip(&states[1..]).all(adds), "commits of events add something, others nothing");
    assert!(states.last().unwrap().2 > sold.before.sales.len(), "the log holds sales");
    let standings: Vec<&str> = states.iter().map(|(standing, ..)| &standing[..]).collect();
    let standing = |intact: usize| standings[ends.iter().filter(|end| **end <= intact).count()];

    // Every byte.
    let every = image.cuts(&ends);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for (index, cuts) in every.chunks(every.len().div_ceil(2)).enumerate() {
            let copy = Copy::new(image, folder.path().join(format!("cut-{index}.sqlite")));
            scope.spawn(move || {
                for &length in cuts {
                    copy.cut(length);
                    assert_eq!(copy.standing(), standing(length), "cut behind byte {length}");
                }
            });
        }
    });
    println!("{} cuts in {:.1} s", every.len(), began.elapsed().as_secs_f32());

    // One byte that is another; an end that is anything; sectors of the last commit that never reached the disk.
    let rounds = if full_scale() { 1_000 } else { 300 };
    let copy = Copy::new(image, folder.path().join("damaged.sqlite"));
    let mut damaged = Vec::new();
    for _ in 0..rounds {
        let damage = image.damage(&mut chance, &ends);
        let intact = image.log.iter().zip(&damage).take_while(|(was, is)| was == is).count();
        copy.rewrite(&damage);
        assert_eq!(copy.standing(), standing(intact), "damaged from byte {intact} on");
        damaged.push((intact, damage));
    }
    println!("{rounds} damaged logs");

    // A server goes on where the log ends: halfway through the last commit, a byte before its end, and two others.
    let last = (ends[ends.len() - 2], ends[ends.len() - 1]);
    let cut = |length: usize| (length, image.log[..length].to_vec());
    let mut pick = || damaged.swap_remove(chance.below(damaged.len() as u64) as usize);
    for (intact, log) in [cut(last.0.midpoint(last.1)), cut(last.1 - 1), pick(), pick()] {
        let Database::Sqlite(path) = &site.database else { unreachable!("this place has a file") };
        image.write(path, &log);
        let verified = programs::run(&mut site.command(&["audit", "verify"]));
        assert_eq!(verified.code, 0, "damaged from byte {intact} on: {verified:?}");
        site.start().await;
        let mut evidence = sold.promised(intact);
        for order in &sold.orders {
            let (reply, _) = crew.seller.client.insist("/tickets/generate", &order.key, &order.body).await;
            evidence.ticket("after the power came back", &reply.expect_one_of(&[200, 201]));
        }
        assert_eq!(site.stop().await, Some(0));
        let audit = auditor::audit(&site.database.books().await, &evidence);
        audit.expect_clean(&format!("sold on from a log that was damaged from byte {intact} on"));
        let tickets = audit.raffle(bytes::id(&raffle).unwrap()).tickets.len();
        assert_eq!(tickets, sold.before.sales.len() + sold.orders.len(), "each order once");
    }
    site.close().await;
}
