//! Many simulated sellers with real devices against a real server: the project's demo, its test
//! fixture and its source of load.
//!
//! Every device has its own directory, key, series and socket; only the people are made up. Who sells
//! what, and when the network goes, follows from the seed; keys and validation numbers come from the
//! operating system, as always.
//!
//! | file | idea |
//! |---|---|
//! | `admin` | registers and enables the devices |
//! | `seller` | one seller |
//! | `pace` | deterministic chance |
//! | `report` | what was done, for the auditor |

mod admin;
mod pace;
pub mod report;
mod seller;

pub use admin::AdminError;
pub use report::Report;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use drumroll_engine::id::RaffleId;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use zeroize::Zeroizing;

use self::admin::Admin;
use self::pace::Chance;
use self::seller::{Seller, is_done, is_final};
use crate::clock::SystemClocks;
use crate::device::{Device, random};
use crate::enrol::{EnrolError, enrol, http_client};
use crate::error::DeviceError;
use crate::identity::{Identity, IdentityError};
use crate::printer::Printer;
use crate::sync::{DeviceHandle, Link, SyncConfig, run as run_sync};

/// What to simulate.
#[derive(Debug)]
pub struct Options {
    /// How many devices.
    pub devices: u32,
    /// Seed of the sellers' chances.
    pub seed: u64,
    /// How much faster than people.
    pub speed: f64,
    /// Share of the time a device is offline.
    pub offline_rate: f64,
    /// Address of the server.
    pub server: String,
    /// Administrator's login.
    pub login: String,
    /// Administrator's password.
    pub password: Zeroizing<String>,
    /// The raffle to sell in.
    pub raffle_id: RaffleId,
    /// Where the devices live; each in a directory of its own.
    pub data: PathBuf,
    /// End when every device has reported final, not when sales are over.
    pub until_final: bool,
    /// Where the report goes.
    pub report: Option<PathBuf>,
    /// How many devices go offline after a few sales and stay so.
    pub stragglers: u32,
    /// Stragglers come back when this file exists.
    pub straggler_back_file: Option<PathBuf>,
    /// Stragglers come back this long after all other sellers have stopped.
    pub straggler_back_after: Option<Duration>,
}

/// Why a simulation did not run or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The administrator's part.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// A device's enrolment.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    /// A device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// No HTTP client.
    #[error("no HTTP client")]
    Http(#[source] reqwest::Error),
    /// A file.
    #[error("a file cannot be written")]
    Io(#[from] io::Error),
}

struct Fleet {
    handle: DeviceHandle,
    link: watch::Receiver<Link>,
    straggler: bool,
}

/// Runs a simulation until its end or until `interrupt` says so, and returns what was done.
///
/// # Errors
/// [`SimulateError`]; only before the first sale, afterwards the report says what happened.
pub async fn simulate(options: &Options, mut interrupt: watch::Receiver<bool>) -> Result<Report, SimulateError> {
    let devices = prepare(options).await?;
    let (stop, stopped) = watch::channel(false);
    let (call_back, back) = watch::channel(false);
    let (mut sellers, mut runners, mut fleet) = (JoinSet::new(), JoinSet::new(), Vec::new());
    for (index, device) in (0..options.devices).zip(devices) {
        let handle = DeviceHandle::new(device);
        let (online, switch) = watch::channel(false);
        let (link, shown) = watch::channel(Link::Off);
        let straggler = index < options.stragglers;
        let config = SyncConfig::default().scaled(options.speed);
        runners.spawn(run_sync(handle.clone(), config, switch, link));
        let seller = Seller {
            handle: handle.clone(),
            raffle_id: options.raffle_id,
            chance: Chance::new(options.seed, index),
            speed: options.speed,
            offline_rate: options.offline_rate,
            printer: Printer::Discard,
            straggler,
            back: back.clone(),
            stop: stopped.clone(),
            online,
            link: shown.clone(),
        };
        fleet.push(Fleet { handle, link: seller.link(), straggler });
        sellers.spawn(seller.work());
    }
    progress(options, &fleet, "selling").await;
    let ended = oversee(options, &fleet, &mut sellers, &call_back, &mut interrupt).await;
    stop.send_replace(true);
    // Sellers drop their switches when they end, and the runners end with those.
    let finish = async {
        while sellers.join_next().await.is_some() {}
        while runners.join_next().await.is_some() {}
    };
    // Whoever does not end in time is dropped: the series is safe at any instant.
    let _ = timeout(Duration::from_secs(10), finish).await;
    progress(options, &fleet, ended).await;
    collect(options, &fleet, ended).await
}

/// Watches over the sellers until all have ended or somebody interrupts.
async fn oversee(
    options: &Options,
    fleet: &[Fleet],
    sellers: &mut JoinSet<()>,
    call_back: &watch::Sender<bool>,
    interrupt: &mut watch::Receiver<bool>,
) -> &'static str {
    let mut ticks = interval(Duration::from_millis(500));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut others_done_at: Option<Instant> = None;
    let mut tick = 0u32;
    loop {
        tokio::select! {
            result = interrupt.wait_for(|interrupt| *interrupt) => {
                let _ = result;
                return "interrupted";
            }
            ended = sellers.join_next() => if ended.is_none() {
                return "final";
            },
            _ = ticks.tick() => {
                tick += 1;
                if tick.is_multiple_of(4) {
                    progress(options, fleet, "progress").await;
                }
                let counts = count(options.raffle_id, fleet).await;
                let others = fleet.iter().filter(|device| !device.straggler).count();
                if counts.done_others == others && others_done_at.is_none() {
                    others_done_at = Some(Instant::now());
                }
                if !options.until_final && counts.over == fleet.len() {
                    return "closed";
                }
                let waited = others_done_at.zip(options.straggler_back_after).is_some_and(|(at, after)| at.elapsed() >= after);
                let called = options.straggler_back_file.as_ref().is_some_and(|file| file.exists());
                if (waited || called) && !*call_back.borrow() {
                    call_back.send_replace(true);
                    progress(options, fleet, "stragglers_called").await;
                }
            }
        }
    }
}

#[derive(Default)]
struct Counts {
    online: usize,
    sales: usize,
    amount_minor: u64,
    unsynced: u64,
    over: usize,
    done: usize,
    done_others: usize,
    stopped: usize,
}

async fn count(raffle_id: RaffleId, fleet: &[Fleet]) -> Counts {
    let mut counts = Counts::default();
    for device in fleet {
        counts.online += usize::from(matches!(*device.link.borrow(), Link::Online { .. }));
        let straggler = device.straggler;
        let one = device.handle.look(move |device| {
            let done = is_done(device, raffle_id);
            let Some(raffle) = device.raffles().get(&raffle_id) else { return Ok(Counts::default()) };
            Ok(Counts {
                online: 0,
                sales: raffle.sales.len(),
                amount_minor: raffle.amount_minor,
                unsynced: raffle.unsynced_records(),
                over: usize::from(raffle.sales_are_over()),
                done: usize::from(done),
                done_others: usize::from(done && !straggler),
                stopped: usize::from(raffle.stopped.is_some()),
            })
        });
        let one = one.await.unwrap_or_default();
        counts.sales += one.sales;
        counts.amount_minor += one.amount_minor;
        counts.unsynced += one.unsynced;
        counts.over += one.over;
        counts.done += one.done;
        counts.done_others += one.done_others;
        counts.stopped += one.stopped;
    }
    counts
}

/// One line of JSON on standard error.
async fn progress(options: &Options, fleet: &[Fleet], event: &str) {
    let counts = count(options.raffle_id, fleet).await;
    eprintln!(
        "{}",
        json!({
            "event": event,
            "devices": fleet.len(),
            "online": counts.online,
            "sales": counts.sales,
            "amount_minor": counts.amount_minor,
            "unsynced": counts.unsynced,
            "closed": counts.over,
            "final": counts.done,
            "stopped": counts.stopped,
        })
    );
}

async fn collect(options: &Options, fleet: &[Fleet], ended: &str) -> Result<Report, SimulateError> {
    let mut report = Report {
        version: 1,
        raffle_id: options.raffle_id,
        seed: options.seed,
        all_final: true,
        ended: ended.to_owned(),
        devices: Vec::new(),
        sales: Vec::new(),
    };
    for Fleet { handle, straggler, .. } in fleet {
        let (raffle_id, straggler) = (options.raffle_id, *straggler);
        report = handle
            .look(move |device| {
                report::add(&mut report, device, raffle_id, straggler);
                report.all_final &= is_final(device, raffle_id);
                Ok(report)
            })
            .await?;
    }
    if let Some(file) = &options.report {
        report::write(&report, file)?;
    }
    Ok(report)
}

/// Registers, enrols, enables and opens the devices. What an earlier run prepared is used again.
async fn prepare(options: &Options) -> Result<Vec<Device>, SimulateError> {
    let http = http_client().map_err(SimulateError::Http)?;
    let admin = Admin::login(http.clone(), &options.server, &options.login, &options.password).await?;
    let run: [u8; 16] = random()?;
    let mut devices = Vec::new();
    for index in 0..options.devices {
        let dir = options.data.join(format!("device-{index:03}"));
        if !is_enrolled(&dir)? {
            let label = format!("Simulated {:02}", index + 1);
            let registered = admin.register(&label, run).await?;
            // The code stays good if the answer was lost: the key in the directory is the same.
            let enrolment = enrol(&http, &options.server, &registered.enrolment_code, &dir).await?;
            debug_assert_eq!(enrolment.device_id, registered.device.id);
            admin.enable(registered.device.id).await?;
        }
        devices.push(
            tokio::task::spawn_blocking(move || Device::open(&dir, Box::new(SystemClocks)))
                .await
                .unwrap_or(Err(DeviceError::Poisoned))?,
        );
    }
    Ok(devices)
}

fn is_enrolled(dir: &Path) -> Result<bool, SimulateError> {
    match Identity::load(dir) {
        Ok(_) => Ok(true),
        Err(IdentityError::NotEnrolled(_)) => Ok(false),
        Err(error) => Err(DeviceError::from(error).into()),
    }
}
