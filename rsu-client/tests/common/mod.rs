//! Shared by the tests of this crate: an enrolled device in a directory of its own, a clock that only
//! moves when told, and terms to sell under.
#![allow(dead_code, reason = "each test binary uses its part")]

pub(crate) mod rest;
pub(crate) mod server;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::SecretKey;
use drumroll_engine::hex;
use drumroll_engine::id::{DeviceId, OrderKey, RaffleId};
use drumroll_engine::money::{Currency, Line};
use drumroll_engine::ticket::NumberRange;
use drumroll_engine::time::Timestamp;
use drumroll_protocol::{
    DeviceState, DeviceTerms, EventText, Lease, Notice, NoticeKind, PackageTerms, RaffleStatus, Terms,
};
use drumroll_rsu_client::identity::{Enrolment, save};
use drumroll_rsu_client::{Device, DeviceError, SellRefusal, SoldTicket, TimeSource};

pub(crate) const RAFFLE: RaffleId = RaffleId([0xaa; 16]);
/// Server time at which the test clock is synchronised.
pub(crate) const T0: u64 = 1_792_350_300_000_000;
pub(crate) const SECOND: u64 = 1_000_000;

/// A directory that goes away with its value.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("rsu-test-{name}-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A machine whose clocks move when told.
#[derive(Clone)]
pub(crate) struct TestTime(Arc<Mutex<(u64, u64, String)>>);

impl TestTime {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new((T0 + 5, 1_000 * SECOND, "boot 1".into()))))
    }

    pub(crate) fn pass(&self, us: u64) {
        let mut state = self.0.lock().unwrap();
        state.0 += us;
        state.1 += us;
    }

    pub(crate) fn set_wall(&self, us: u64) {
        self.0.lock().unwrap().0 = us;
    }

    pub(crate) fn reboot(&self, wall_us: u64) {
        *self.0.lock().unwrap() = (wall_us, 5, "boot 2".into());
    }
}

impl TimeSource for TestTime {
    fn wall_us(&self) -> u64 {
        self.0.lock().unwrap().0
    }

    fn steady_us(&self) -> u64 {
        self.0.lock().unwrap().1
    }

    fn boot(&self) -> String {
        self.0.lock().unwrap().2.clone()
    }
}

pub(crate) fn device_key(index: u8) -> [u8; 32] {
    [index; 32]
}

pub(crate) fn device_id(index: u8) -> DeviceId {
    DeviceId([index; 16])
}

/// Writes the files of an enrolment, as `rsu enrol` does.
pub(crate) fn enrol(dir: &Path, index: u8, server_url: &str, server_key: [u8; 32]) {
    std::fs::write(dir.join("device.key"), hex::encode(&device_key(index))).unwrap();
    let enrolment = Enrolment {
        device_id: device_id(index),
        label: format!("Handheld {index:02}"),
        organisation_name: "Harbour City Hockey Foundation".into(),
        server_url: server_url.into(),
        server_public_key: Bytes(server_key),
        public_key: Bytes(SecretKey::from_bytes(&device_key(index)).public()),
    };
    save(dir, &enrolment).unwrap();
}

pub(crate) fn lease(no: u32, first: u64, last: u64) -> Lease {
    Lease { no, range: NumberRange::new(first, last).unwrap() }
}

/// Terms of a raffle that sells for two hours from a minute before T0.
pub(crate) fn terms(leases: Vec<Lease>) -> Terms {
    Terms {
        raffle_id: RAFFLE,
        as_of_seq: 10,
        status: RaffleStatus::Selling,
        test: false,
        event: EventText {
            organisation_name: "Harbour City Hockey Foundation".into(),
            name: "Game 12 50/50".into(),
            event_number: 112,
            location: "Harbour Arena".into(),
            licence: Some("ON-2026-0042".into()),
            time_zone: "America/Toronto".into(),
        },
        currency: Currency::new("CAD").unwrap(),
        packages: vec![
            PackageTerms { id: 1, label: "1 for $5".into(), numbers: 1, price_minor: 500 },
            PackageTerms { id: 2, label: "3 for $10".into(), numbers: 3, price_minor: 1_000 },
        ],
        ticket_lines: vec!["Prize must be claimed within 60 days. Play responsibly: 1-866-531-2600.".into()],
        sales_start_us: Timestamp(T0 - 60 * SECOND),
        closes_at_us: Timestamp(T0 + 7_200 * SECOND),
        plan_hash: None,
        device: DeviceTerms {
            state: if leases.is_empty() { DeviceState::Joined } else { DeviceState::Selling },
            issuer_slot: (!leases.is_empty()).then_some(12),
            leases,
            block: 100,
            buffer_records_max: 50,
            clock_error_max_ms: 5_000,
            acknowledged_seq: 0,
            acknowledged_head: Bytes([0; 32]),
        },
    }
}

pub(crate) fn notice(kind: NoticeKind, as_of_seq: u64, closes_at_us: u64) -> Notice {
    Notice { id: as_of_seq, raffle_id: RAFFLE, as_of_seq, kind, closes_at_us: Timestamp(closes_at_us), reason: None }
}

/// A device with a synchronised clock, offline.
pub(crate) struct Offline {
    pub(crate) dir: TempDir,
    pub(crate) time: TestTime,
    pub(crate) device: Option<Device>,
    orders: u8,
}

impl Offline {
    pub(crate) fn new(name: &str, leases: Vec<Lease>) -> Self {
        let dir = TempDir::new(name);
        enrol(dir.path(), 1, "http://127.0.0.1:1", [0; 32]);
        let time = TestTime::new();
        let mut this = Self { dir, time, device: None, orders: 0 };
        this.reopen().unwrap();
        this.synchronise(T0);
        this.get().take_terms(&terms(leases)).unwrap();
        this
    }

    pub(crate) fn get(&mut self) -> &mut Device {
        self.device.as_mut().unwrap()
    }

    /// A clock exchange without delay that says it is `server_us`.
    pub(crate) fn synchronise(&mut self, server_us: u64) {
        let steady = self.time.steady_us();
        self.get().exchange_clocks(steady, steady, server_us, server_us);
    }

    pub(crate) fn reopen(&mut self) -> Result<(), DeviceError> {
        self.device = None;
        self.device = Some(Device::open(self.dir.path(), Box::new(self.time.clone()))?);
        Ok(())
    }

    pub(crate) fn sell(&mut self, package: u32, quantity: u32) -> Result<SoldTicket, DeviceError> {
        self.orders += 1;
        let order = OrderKey([self.orders; 16]);
        self.get().sell(RAFFLE, order, &[Line { package, quantity }], None)
    }

    /// Sells one number and says how it went in a word.
    pub(crate) fn try_sell(&mut self) -> &'static str {
        match self.sell(1, 1) {
            Ok(_) => "sold",
            Err(DeviceError::Refused(refusal)) => refusal.code(),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn refusal(&mut self, package: u32, quantity: u32) -> SellRefusal {
        match self.sell(package, quantity) {
            Err(DeviceError::Refused(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn ranges(ticket: &SoldTicket) -> Vec<(u64, u64)> {
        ticket.sale.ranges.iter().map(|range| (range.first(), range.last())).collect()
    }
}
