//! kill -9 while SQLite appends (I1): what was reported is there, and the chain is whole (I7, B-01).

use drumroll_actors::store::conformance::{Case, Owner};
use drumroll_actors::store::sqlite::SqliteStore;
use drumroll_actors::store::{Appended, Row, Store, StreamId, TicketFilter};
use drumroll_engine::id::{OrganisationId, RaffleId};
use drumroll_engine::journal::Head;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

const CHILD: &str = "DRUMROLL_TEST_STORE_CHILD";

const STREAM: StreamId = StreamId { organisation: OrganisationId([1; 16]), raffle: RaffleId([2; 16]) };

/// The child's life: appends for ever and says after each what stands. No test by itself.
#[tokio::test]
async fn child_appends_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let store = SqliteStore::open(path).unwrap();
    let mut owner = Owner::new(STREAM, &store.claim(STREAM).await.unwrap());
    let case = Case::new(&store, 1);
    loop {
        let batch: Vec<_> = (0..3)
            .map(|_| {
                let seq = owner.head.seq + 1;
                let sale = case.ticket(STREAM.raffle, u32::try_from(seq).unwrap(), seq, seq * 10, 10);
                owner.one(vec![Row::Ticket(Box::new(sale))])
            })
            .collect();
        assert_eq!(store.append(&batch).await.unwrap(), [Appended::Committed; 3]);
        let mut out = std::io::stdout().lock();
        writeln!(out, "stands {}", owner.head.seq).unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_nothing_reported_is_lost_i1() {
    let full = std::env::var("DRUMROLL_SCALE").is_ok_and(|scale| scale == "full");
    let rounds = if full { 200 } else { 12 };
    let mut seed = match std::env::var("DRUMROLL_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => u64::from_ne_bytes(std::array::from_fn(|_| random_byte())),
    };
    println!("DRUMROLL_SEED={seed}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drumroll.db");
    let mut known = 0;
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["crash::child_appends_until_it_is_killed", "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let reported = |line: &str| line.split_once("stands ").and_then(|(_, seq)| seq.trim().parse::<u64>().ok());
        // The first report shows that it is under way; then the blow falls somewhere in the next moments.
        let first = lines.by_ref().map_while(Result::ok).find_map(|line| reported(&line));
        known = first.expect("the child reports").max(known);
        std::thread::sleep(Duration::from_micros(step(&mut seed) % 60_000));
        child.kill().unwrap();
        child.wait().unwrap();
        known = lines.map_while(Result::ok).filter_map(|line| reported(&line)).fold(known, u64::max);

        let store = SqliteStore::open(&path).unwrap();
        let loaded = store.claim(STREAM).await.unwrap();
        let mut head = Head::default();
        for (record, hash) in &loaded.tail {
            head.follow(record, hash).unwrap();
        }
        assert_eq!(head, loaded.head, "round {round}");
        assert!(head.seq >= known, "round {round}: {known} was reported, {} is there", head.seq);
        assert_eq!(head.seq % 3, 0, "round {round}: a batch is all or nothing");
        let filter = TicketFilter { limit: u32::MAX, ..TicketFilter::default() };
        let sold = store.tickets(STREAM.raffle, filter).await.unwrap();
        assert_eq!(sold.len() as u64, head.seq, "round {round}: events and rows go together");
        known = head.seq;
    }
    println!("{rounds} kills, {known} events");
}

fn random_byte() -> u8 {
    let mut byte = [0];
    getrandom::fill(&mut byte).unwrap();
    byte[0]
}

/// splitmix64.
fn step(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
