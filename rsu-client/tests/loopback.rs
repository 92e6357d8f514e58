//! The connection against a server that misbehaves: nothing is doubled, nothing lost.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use common::server::{Chaos, DeviceSide, TestServer, now_us};
use common::{RAFFLE, TempDir, device_id, enrol, notice};
use drumroll_engine::device::DevicePayload;
use drumroll_engine::id::OrderKey;
use drumroll_engine::money::Line;
use drumroll_engine::ticket::NumberRange;
use drumroll_protocol::{NoticeKind, RaffleStatus};
use drumroll_rsu_client::sync::run;
use drumroll_rsu_client::{Device, DeviceError, DeviceHandle, Link, Raffle, SyncConfig, SystemClocks, new_order_key};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here takes on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(60);

struct Connected {
    handle: DeviceHandle,
    switch: watch::Sender<bool>,
    link: watch::Receiver<Link>,
    runner: JoinHandle<()>,
}

fn config() -> SyncConfig {
    SyncConfig {
        backoff_min: Duration::from_millis(5),
        backoff_max: Duration::from_millis(40),
        answer_timeout: Duration::from_millis(400),
        reserve_pause: Duration::from_millis(20),
    }
}

impl Connected {
    fn new(dir: &Path) -> Self {
        let handle = DeviceHandle::new(Device::open(dir, Box::new(SystemClocks)).unwrap());
        let (switch, online) = watch::channel(true);
        let (shown, link) = watch::channel(Link::Off);
        let runner = tokio::spawn(run(handle.clone(), config(), online, shown));
        Self { handle, switch, link, runner }
    }

    /// Waits for a state of the raffle.
    async fn until(&self, what: &str, condition: impl Fn(&Raffle) -> bool + Copy + Send + 'static) {
        let mut changes = self.handle.changes();
        let wait = async {
            loop {
                changes.mark_unchanged();
                let holds = self.handle.look(move |device| Ok(device.raffles().get(&RAFFLE).is_some_and(condition)));
                if holds.await.unwrap() {
                    return;
                }
                changes.changed().await.unwrap();
            }
        };
        if timeout(PATIENCE, wait).await.is_err() {
            let raffle = self.raffle().await;
            panic!(
                "never: {what}; link {:?}, head {}, acknowledged {}, leases {:?}, stopped {:?}",
                *self.link.borrow(),
                raffle.head_seq(),
                raffle.acknowledged_seq,
                raffle.leases,
                raffle.stopped
            );
        }
    }

    async fn until_link(&mut self, wanted: Link) {
        let reached = timeout(PATIENCE, self.link.wait_for(|link| *link == wanted)).await.is_ok();
        assert!(reached, "the link never gets to {wanted:?}, it is {:?}", *self.link.borrow());
    }

    async fn until_settled(&mut self) {
        self.until_link(Link::Online { settled: true }).await;
    }

    async fn sell(&self) -> Result<(), DeviceError> {
        self.handle
            .change(|device| device.sell(RAFFLE, new_order_key()?, &[Line { package: 2, quantity: 1 }], None).map(drop))
            .await
    }

    async fn raffle(&self) -> Raffle {
        self.handle.look(|device| Ok(device.raffles()[&RAFFLE].clone())).await.unwrap()
    }

    /// Switches off and waits for the end, which frees the directory.
    async fn end(self) {
        drop(self.switch);
        timeout(PATIENCE, self.runner).await.unwrap().unwrap();
    }
}

async fn device(name: &str, server: &TestServer, index: u8) -> (TempDir, Connected) {
    let dir = TempDir::new(name);
    enrol(dir.path(), index, &server.url, TestServer::public_key());
    let connected = Connected::new(dir.path());
    (dir, connected)
}

fn assert_same_series(raffle: &Raffle, side: &DeviceSide) {
    assert_eq!(raffle.hashes, side.records.iter().map(|record| record.hash()).collect::<Vec<_>>());
    assert_eq!(raffle.leases, side.leases);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r06_a_device_gets_numbers_sells_uploads_and_reports_final() {
    let server = TestServer::start().await;
    let (_dir, mut device) = device("happy", &server, 1).await;
    device.until_settled().await;
    for _ in 0..26 {
        device.sell().await.unwrap();
    }
    device.until("everything is acknowledged", |raffle| raffle.acknowledged_seq == 26).await;
    assert_eq!(device.raffle().await.leases.len(), 1, "78 of 100 numbers are used");
    // the next sale passes 80 %.
    device.sell().await.unwrap();
    device.until("a second lease", |raffle| raffle.leases.len() == 2).await;
    for _ in 27..40 {
        device.sell().await.unwrap();
    }
    device.until("everything is acknowledged", |raffle| raffle.acknowledged_seq == 40).await;
    server.change(|state| state.set_status(RaffleStatus::Closing));
    device.until("final", |raffle| raffle.final_acknowledged).await;
    let (raffle, side) = (device.raffle().await, server.device(device_id(1)));
    assert_same_series(&raffle, &side);
    assert_eq!(raffle.final_seq, Some(41));
    assert!(side.heartbeats > 0 && !side.asked_too_early);
    assert_eq!(side.terms_acked, 11);
    device.end().await;
}

/// with answers lost and repeated and connections cut before and after the effect.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r06_nothing_is_doubled_or_lost_by_a_server_that_misbehaves() {
    for seed in [11, 12, 13] {
        println!("seed {seed}");
        let server = TestServer::start().await;
        let mut devices = Vec::new();
        for index in 1..=3 {
            devices.push(device("chaos", &server, index).await);
        }
        for (_, device) in &mut devices {
            device.until_settled().await;
        }
        server.change(|state| {
            state.seed = seed;
            state.chaos = Chaos { drop_answer: 60, repeat_answer: 150, cut_before: 60, cut_after: 60 };
        });
        let mut made = 0;
        for round in 0..30 {
            for (_, device) in &devices {
                match device.sell().await {
                    Ok(()) => made += 1,
                    // Numbers run out while the connection is cut: that is what the limit is for.
                    Err(DeviceError::Refused(refusal)) => assert_eq!(refusal.code(), "out_of_numbers"),
                    Err(error) => panic!("{error}"),
                }
                if round % 10 == 5 {
                    device.switch.send_replace(false);
                }
                if round % 10 == 8 {
                    device.switch.send_replace(true);
                }
            }
        }
        for (_, device) in &devices {
            device.switch.send_replace(true);
        }
        assert!(made > 60, "{made}");
        for (_, device) in &devices {
            device.until("everything is acknowledged", |raffle| raffle.unsynced_records() == 0).await;
        }
        server.change(|state| state.set_status(RaffleStatus::Closing));
        for (_, device) in &devices {
            device.until("final", |raffle| raffle.final_acknowledged).await;
        }
        server.change(|state| state.chaos = Chaos::default());
        let mut sold = BTreeSet::new();
        let mut sales = 0;
        for (index, (_, device)) in (1u8..).zip(&devices) {
            let (raffle, side) = (device.raffle().await, server.device(device_id(index)));
            assert_same_series(&raffle, &side);
            assert!(!side.asked_too_early, "numbers were asked for before the upload was done");
            for record in &side.records {
                let Ok(DevicePayload::Sale(sale)) = DevicePayload::parse(&record.payload) else { continue };
                sales += 1;
                for number in sale.ranges.iter().flat_map(NumberRange::iter) {
                    assert!(sold.insert(number), "number {number} is sold twice");
                }
            }
        }
        assert_eq!(sales, made, "seed {seed}");
        for (_, device) in devices {
            device.end().await;
        }
    }
}

///
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r02_a_device_tells_nothing_to_a_server_it_does_not_know() {
    let server = TestServer::start().await;
    let dir = TempDir::new("wrong-server");
    enrol(dir.path(), 1, &server.url, [5; 32]);
    let mut device = Connected::new(dir.path());
    device.until_link(Link::Waiting).await;
    assert_eq!(server.device(device_id(1)).connections, 0, "no hello, no welcome");
    device.end().await;
}

///
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r02_a_device_whose_key_is_refused_keeps_trying_slowly_and_gets_in_once_it_is_known() {
    let server = TestServer::start().await;
    server.change(|state| state.devices.entry(device_id(1)).or_default().refuse_key = true);
    let (_dir, mut device) = device("refused", &server, 1).await;
    device.until_link(Link::Waiting).await;
    server.change(|state| state.devices.entry(device_id(1)).or_default().refuse_key = false);
    device.until_settled().await;
    device.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r11_notices_are_obeyed_and_acknowledged_and_bind_offline() {
    let server = TestServer::start().await;
    let (dir, mut device) = device("notices", &server, 1).await;
    device.until_settled().await;
    device.sell().await.unwrap();
    let close_at = now_us() + 1_800_000_000;
    server.change(|state| {
        state.devices.entry(device_id(1)).or_default().push.push(notice(NoticeKind::Suspend, 20, close_at));
    });
    device.until("suspended", |raffle| raffle.binding.as_ref().unwrap().status == RaffleStatus::Suspended).await;
    device.end().await;
    let offline = Device::open(dir.path(), Box::new(SystemClocks));
    let mut offline = offline.unwrap();
    let refused = offline.sell(RAFFLE, OrderKey([3; 16]), &[Line { package: 1, quantity: 1 }], None);
    assert!(matches!(refused, Err(DeviceError::Refused(refusal)) if refusal.code() == "not_selling"));
    assert_eq!(server.device(device_id(1)).notices_acked, [20]);
}

///
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r01_a_disabled_device_uploads_but_does_not_sell_until_it_is_let_in_again() {
    let server = TestServer::start().await;
    let (_dir, mut device) = device("disabled", &server, 1).await;
    device.until_settled().await;
    device.switch.send_replace(false);
    device.until_link(Link::Off).await;
    device.sell().await.unwrap();
    server.change(|state| state.devices.entry(device_id(1)).or_default().disabled = Some("missing".into()));
    device.switch.send_replace(true);
    device.until("uploaded", |raffle| raffle.acknowledged_seq == 1).await;
    let refused = device.sell().await;
    assert!(matches!(refused, Err(DeviceError::Refused(refusal)) if refusal.code() == "disabled"));
    device.switch.send_replace(false);
    device.until_link(Link::Off).await;
    server.change(|state| state.devices.entry(device_id(1)).or_default().disabled = None);
    device.switch.send_replace(true);
    device.until_settled().await;
    device.sell().await.unwrap();
    device.end().await;
}

/// a memory that was replaced by an older copy of itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r07_a_device_that_holds_less_or_other_than_the_server_stops() {
    for claim in [(7, [1; 32]), (1, [1; 32])] {
        let server = TestServer::start().await;
        let (_dir, mut device) = device("behind", &server, 1).await;
        device.until_settled().await;
        device.sell().await.unwrap();
        device.until("uploaded", |raffle| raffle.acknowledged_seq == 1).await;
        device.switch.send_replace(false);
        device.until_link(Link::Off).await;
        server.change(|state| state.devices.entry(device_id(1)).or_default().claim = Some(claim));
        device.switch.send_replace(true);
        device.until("stopped", |raffle| raffle.stopped.is_some()).await;
        let refused = device.sell().await;
        assert!(matches!(refused, Err(DeviceError::Refused(refusal)) if refusal.code() == "stopped"));
        device.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_pushed_out_by_its_double_stays_away_until_somebody_acts() {
    let server = TestServer::start().await;
    let (_dir, mut device) = device("double", &server, 1).await;
    device.until_settled().await;
    server.change(|state| state.devices.entry(device_id(1)).or_default().supersede = true);
    device.until_link(Link::Barred).await;
    assert_eq!(server.device(device_id(1)).connections, 1);
    device.switch.send_replace(false);
    device.until_link(Link::Off).await;
    device.switch.send_replace(true);
    device.until_settled().await;
    device.end().await;
}

/// A server that answers without moving on is not asked without end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_changes_nothing_is_followed_by_a_pause() {
    let server = TestServer::start().await;
    let (_dir, mut device) = device("stall", &server, 1).await;
    device.until_settled().await;
    server.change(|state| state.devices.entry(device_id(1)).or_default().stall = true);
    device.sell().await.unwrap();
    device.until_link(Link::Waiting).await;
    let side = server.device(device_id(1));
    assert!(side.uploads <= side.connections, "one upload a connection: {} in {}", side.uploads, side.connections);
    server.change(|state| state.devices.entry(device_id(1)).or_default().stall = false);
    device.until("uploaded", |raffle| raffle.acknowledged_seq == 1).await;
    // The same lease again and again: one request, then a pause.
    server.change(|state| state.devices.entry(device_id(1)).or_default().repeat_lease = true);
    let reserves = server.device(device_id(1)).reserves;
    for _ in 0..27 {
        device.sell().await.unwrap();
    }
    device.until("uploaded", |raffle| raffle.acknowledged_seq == 28).await;
    device.until_settled().await;
    let asked = server.device(device_id(1)).reserves - reserves;
    assert!(asked < 20, "{asked} requests");
    server.change(|state| state.devices.entry(device_id(1)).or_default().repeat_lease = false);
    device.until("a second lease", |raffle| raffle.leases.len() == 2).await;
    device.end().await;
}
