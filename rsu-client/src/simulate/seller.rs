//! One simulated seller with one real device: sells at a human pace, loses the network now and then,
//! hurries before the close, marks a misprint here and there, and stops when it must.

use std::time::Duration;

use drumroll_engine::device::MisprintReason;
use drumroll_engine::id::RaffleId;
use drumroll_engine::money::Line;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::pace::Chance;
use crate::device::{Device, new_order_key};
use crate::error::DeviceError;
use crate::printer::Printer;
use crate::sell::SellRefusal;
use crate::sync::{DeviceHandle, Link};

/// Mean time between two sales of one seller, at speed 1.
const SALE_EVERY: Duration = Duration::from_secs(20);
/// Mean time between two changes of the network, at speed 1.
const NETWORK_EVERY: Duration = Duration::from_secs(45);
/// In the last part of the sale people come this much faster.
const RUSH: f64 = 3.0;
/// How long before the close the rush begins, at speed 1.
const RUSH_BEFORE: Duration = Duration::from_secs(600);
/// Share of tickets that do not print as they should.
const MISPRINTS: f64 = 0.01;
/// Sales a straggler makes before it loses the network.
const STRAGGLER_AFTER_SALES: usize = 3;
/// Longest nap between two looks at the world.
const NAP: Duration = Duration::from_millis(500);

/// How one seller behaves.
pub(super) struct Seller {
    pub(super) handle: DeviceHandle,
    pub(super) raffle_id: RaffleId,
    pub(super) chance: Chance,
    pub(super) speed: f64,
    pub(super) offline_rate: f64,
    pub(super) printer: Printer,
    /// Stays offline from some point on, until told.
    pub(super) straggler: bool,
    /// True once stragglers may come back.
    pub(super) back: watch::Receiver<bool>,
    /// True once the simulation ends.
    pub(super) stop: watch::Receiver<bool>,
    pub(super) online: watch::Sender<bool>,
    pub(super) link: watch::Receiver<Link>,
}

/// What a look at the device says about selling.
enum View {
    /// May sell, these packages; microseconds to the close.
    Open { packages: Vec<u32>, closes_in_us: u64, sales: usize },
    /// Not now.
    Wait,
    /// Never again in this raffle.
    Over,
}

impl Seller {
    /// Sells until sales are over, then stays online until the final report is acknowledged.
    pub(super) async fn work(mut self) {
        self.online.send_replace(true);
        let mut network_changes_at = Instant::now() + self.scaled(NETWORK_EVERY);
        let mut gone_astray = false;
        loop {
            if *self.stop.borrow() {
                return;
            }
            match self.look().await {
                View::Over => break,
                View::Wait => {
                    self.online.send_replace(!gone_astray || *self.back.borrow());
                    self.nap(self.scaled(Duration::from_secs(5)).min(NAP)).await;
                }
                View::Open { packages, closes_in_us, sales } => {
                    gone_astray = self.straggler && sales >= STRAGGLER_AFTER_SALES;
                    if gone_astray {
                        self.online.send_replace(*self.back.borrow());
                    } else if Instant::now() >= network_changes_at {
                        let offline = self.chance.happens(self.offline_rate);
                        self.online.send_replace(!offline);
                        network_changes_at = Instant::now() + self.chance.gap(self.scaled(NETWORK_EVERY));
                    }
                    let gap = self.gap(closes_in_us);
                    self.nap(gap).await;
                    if !*self.stop.borrow() && !packages.is_empty() {
                        self.sell(&packages).await;
                    }
                }
            }
        }
        self.come_home(gone_astray).await;
    }

    /// Online until everything is said, or the simulation ends. A straggler waits for its call first.
    async fn come_home(mut self, astray: bool) {
        if astray && !*self.back.borrow() {
            self.online.send_replace(false);
            tokio::select! {
                () = turned_on(&mut self.back) => {}
                () = turned_on(&mut self.stop) => return,
            }
        }
        self.online.send_replace(true);
        let mut changes = self.handle.changes();
        let raffle_id = self.raffle_id;
        loop {
            changes.mark_unchanged();
            if self.handle.look(move |device| Ok(is_done(device, raffle_id))).await.unwrap_or(true) {
                return;
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = turned_on(&mut self.stop) => return,
            }
        }
    }

    async fn look(&mut self) -> View {
        let raffle_id = self.raffle_id;
        let view = self.handle.look(move |device| {
            let now = device.now().ok();
            let Some(raffle) = device.raffles().get(&raffle_id) else { return Ok(View::Wait) };
            if raffle.sales_are_over() || raffle.final_seq.is_some() || raffle.stopped.is_some() {
                return Ok(View::Over);
            }
            let (Some(terms), Some(binding), Some(now)) = (&raffle.terms, &raffle.binding, now) else {
                return Ok(View::Wait);
            };
            if now.latest_us() >= binding.closes_at_us {
                // Offline past the close: nothing left but to go home.
                return Ok(View::Over);
            }
            if raffle.leases.is_empty() || binding.status != drumroll_protocol::RaffleStatus::Selling {
                return Ok(View::Wait);
            }
            let packages = terms.packages.iter().map(|package| package.id).collect();
            let closes_in_us = binding.closes_at_us - now.latest_us();
            Ok(View::Open { packages, closes_in_us, sales: raffle.sales.len() })
        });
        // A device that cannot be used any more sells no more.
        view.await.unwrap_or(View::Over)
    }

    /// Until the next buyer comes, never past the close.
    fn gap(&mut self, closes_in_us: u64) -> Duration {
        let closes_in = Duration::from_micros(closes_in_us);
        let rush = closes_in < self.scaled(RUSH_BEFORE);
        let mean = self.scaled(SALE_EVERY).div_f64(if rush { RUSH } else { 1.0 });
        self.chance.gap(mean).min(closes_in)
    }

    async fn sell(&mut self, packages: &[u32]) {
        let package = packages[self.chance.pick(packages.len())];
        let quantity = if self.chance.happens(0.2) { 2 } else { 1 };
        let (raffle_id, misprint) = (self.raffle_id, self.chance.happens(MISPRINTS));
        let printer = self.printer.clone();
        let result = self
            .handle
            .change(move |device| {
                let order = new_order_key()?;
                let lines = [Line { package, quantity }];
                device.sell(raffle_id, order, &lines, None)?;
                let ticket = device.print(raffle_id, order)?;
                // A printer that fails is a misprint, as for any seller.
                if printer.print(&ticket).is_err() || misprint {
                    device.misprint(raffle_id, order, MisprintReason::PaperFault)?;
                }
                Ok(())
            })
            .await;
        match result {
            Ok(()) | Err(DeviceError::Refused(SellRefusal::PastClose | SellRefusal::Closed)) => {}
            // Only the network can help: the seller walks to where there is one.
            Err(DeviceError::Refused(SellRefusal::OutOfNumbers { .. } | SellRefusal::BufferFull { .. })) => {
                if !self.straggler {
                    self.online.send_replace(true);
                }
                self.nap(NAP.min(self.scaled(Duration::from_secs(10)))).await;
            }
            Err(error) => {
                tracing::warn!(error = %error, "no sale");
                self.nap(NAP).await;
            }
        }
    }

    fn scaled(&self, time: Duration) -> Duration {
        time.div_f64(self.speed)
    }

    /// Waits, unless the simulation ends or the close comes: changes of the device wake it.
    async fn nap(&mut self, time: Duration) {
        let until = Instant::now() + time;
        let mut changes = self.handle.changes();
        let raffle_id = self.raffle_id;
        loop {
            tokio::select! {
                () = sleep_until(until) => return,
                () = turned_on(&mut self.stop) => return,
                changed = changes.changed() => {
                    if changed.is_err() {
                        // The device is gone; do not spin.
                        sleep(NAP).await;
                        return;
                    }
                    let over = self.handle.look(move |device| {
                        Ok(device.raffles().get(&raffle_id).is_some_and(crate::raffle::Raffle::sales_are_over))
                    });
                    if over.await.unwrap_or(true) {
                        return;
                    }
                }
            }
        }
    }

    /// Whether the connection is up, for the progress line.
    pub(super) fn link(&self) -> watch::Receiver<Link> {
        self.link.clone()
    }
}

/// Waits until a flag is raised, or its owner is gone.
async fn turned_on(flag: &mut watch::Receiver<bool>) {
    let _ = flag.wait_for(|flag| *flag).await;
}

/// Whether the server accepted the device's final report, or there is nothing to report.
pub(super) fn is_final(device: &Device, raffle_id: RaffleId) -> bool {
    let Some(raffle) = device.raffles().get(&raffle_id) else { return false };
    let took_part = !raffle.leases.is_empty() || raffle.head_seq() > 0;
    raffle.stopped.is_none() && (raffle.final_acknowledged || (raffle.sales_are_over() && !took_part))
}

/// Whether nothing more can happen without a person: final, stopped, or with a report that was not
/// accepted.
pub(super) fn is_done(device: &Device, raffle_id: RaffleId) -> bool {
    let stuck = device.raffles().get(&raffle_id).is_some_and(|raffle| {
        raffle.stopped.is_some() || raffle.final_seq.is_some_and(|seq| raffle.quarantined.contains_key(&seq))
    });
    stuck || is_final(device, raffle_id)
}
