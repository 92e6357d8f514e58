//! a process killed at any instant leaves every sale complete or absent, never half.
//!
//! The test runs itself as a child that sells without end and says each sale only when it is durable,
//! kills it after a random time, and looks at what it left. The seed is printed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use common::{Offline, RAFFLE, enrol, lease, terms};
use drumroll_engine::hash::sha256;
use drumroll_engine::id::OrderKey;
use drumroll_engine::money::Line;
use drumroll_rsu_client::{Device, SystemClocks, new_order_key};

const CHILD: &str = "RSU_CRASH_TEST_DIR";
const ROUNDS: u64 = 40;

/// The child: sells until it is killed.
#[test]
fn child_sells_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let mut device = Device::open(dir.as_ref(), Box::new(SystemClocks)).unwrap();
    let steady = device.clock().steady_us();
    let now = common::server::now_us();
    device.exchange_clocks(steady, steady, now, now);
    for count in 0u64.. {
        let order = new_order_key().unwrap();
        println!("begun {order}");
        device.sell(RAFFLE, order, &[Line { package: 2, quantity: 1 }], None).unwrap();
        println!("sold {order}");
        if count % 3 == 0 {
            device.print(RAFFLE, order).unwrap();
            println!("printed {order}");
        }
    }
}

#[test]
fn r04_a_killed_device_keeps_every_sale_it_said_it_made_and_none_by_halves() {
    let mut offline = Offline::new("crash", vec![lease(1, 1, 1_000_000)]);
    let mut wide = terms(vec![lease(1, 1, 1_000_000)]);
    wide.as_of_seq = 11;
    wide.device.buffer_records_max = u32::MAX;
    wide.sales_start_us.0 = 0;
    wide.closes_at_us.0 = common::server::now_us() + 3_600_000_000;
    offline.get().take_terms(&wide).unwrap();
    offline.device = None;
    let seed = std::env::var("RSU_SEED").map_or_else(|_| common::server::now_us(), |seed| seed.parse().unwrap());
    println!("RSU_SEED={seed}");
    let (mut said, mut begun): (BTreeSet<OrderKey>, BTreeSet<OrderKey>) = Default::default();
    let mut before = 0;
    for round in 0..ROUNDS {
        let hash = sha256(&[seed.to_be_bytes(), round.to_be_bytes()].concat());
        // So many lines, then the kill: it lands anywhere in the work on the next ones.
        let lines = u64::from(hash[0]) % 40 + 1;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child_sells_until_it_is_killed", "--exact", "--nocapture"])
            .env(CHILD, offline.dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut note = |line: String, said: &mut BTreeSet<OrderKey>| {
            if let Some(order) = line.strip_prefix("sold ") {
                said.insert(order.parse().unwrap());
            } else if let Some(order) = line.split("begun ").nth(1) {
                begun.insert(order.parse().unwrap());
            }
        };
        for _ in 0..lines {
            note(output.next().unwrap().unwrap(), &mut said);
        }
        // SIGKILL on Unix.
        child.kill().unwrap();
        child.wait().unwrap();
        output.map_while(Result::ok).for_each(|line| note(line, &mut said));
        let left = Device::look(offline.dir.path()).unwrap();
        let raffle = &left.raffles[&RAFFLE];
        for order in &said {
            assert!(raffle.sales.contains_key(order), "seed {seed}, round {round}: sale {order} was said and is gone");
        }
        assert!(raffle.sales.keys().all(|order| begun.contains(order)), "seed {seed}, round {round}: an invented sale");
        assert_eq!(raffle.numbers_used, raffle.sales.len() as u64 * 3, "seed {seed}, round {round}");
        assert!(raffle.sales.len() >= before);
        before = raffle.sales.len();
    }
    assert!(before as u64 > ROUNDS, "{before}");
    // And the device goes on.
    enrolled_still_works(&offline);
}

fn enrolled_still_works(offline: &Offline) {
    // Enrolling again is refused, opening is not.
    let error = drumroll_rsu_client::identity::prepare_key(offline.dir.path()).unwrap_err();
    assert!(matches!(error, drumroll_rsu_client::IdentityError::AlreadyEnrolled(_)));
    let mut device = Device::open(offline.dir.path(), Box::new(SystemClocks)).unwrap();
    let steady = device.clock().steady_us();
    let now = common::server::now_us();
    device.exchange_clocks(steady, steady, now, now);
    device.sell(RAFFLE, new_order_key().unwrap(), &[Line { package: 1, quantity: 1 }], None).unwrap();
}

/// The enrolment fixture is the one `rsu enrol` writes.
#[test]
fn the_fixture_is_an_enrolment() {
    let dir = common::TempDir::new("fixture");
    enrol(dir.path(), 3, "http://127.0.0.1:1", [0; 32]);
    let device = Device::open(dir.path(), Box::new(SystemClocks)).unwrap();
    assert_eq!(device.identity().enrolment.device_id, common::device_id(3));
}
