//! What time the server thinks it is, without asking it (R-11, C-07).
//!
//! Each clock exchange gives an *anchor*: server time, with an error bound, at an instant of the
//! device's steady clock. Between exchanges the steady clock carries it on and the bound grows. The
//! settable clock is only written beside records, never used to judge them, with one exception: after
//! a reboot the steady clock has lost its count, and then the settable clock must have moved on since
//! the anchor was saved, or nothing is sold until the next exchange.
//!
//! Time never runs backwards here: a reading is never earlier than the latest server time seen, so
//! neither a clock set back nor an older anchor extends sales.

use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// How fast two quartz clocks may part, in parts per million. Documented in `docs/protocol.md`.
pub const DRIFT_PPM: u64 = 200;
/// Resolution of the system's uptime.
const STEP_US: u64 = 10_000;
/// What a reboot adds to the error: the time the settable clock may have been off by.
const REBOOT_ERROR_US: u64 = 2_000_000;

/// The two clocks of a machine. Tests have their own.
pub trait TimeSource: Send + Sync {
    /// The settable clock, microseconds since the Unix epoch.
    fn wall_us(&self) -> u64;
    /// A clock nobody can set, which counts through sleep and restarts of the program.
    fn steady_us(&self) -> u64;
    /// Names the count of [`TimeSource::steady_us`]; another name means that it began again.
    fn boot(&self) -> String;
}

/// The clocks of this machine.
#[derive(Debug, Default)]
pub struct SystemClocks;

struct Start {
    instant: Instant,
    uptime_us: Option<u64>,
    boot: String,
}

fn start() -> &'static Start {
    static START: OnceLock<Start> = OnceLock::new();
    START.get_or_init(|| {
        let uptime_us = uptime_us();
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().filter(|_| uptime_us.is_some());
        // Without a boot id every start of the program counts as a reboot.
        let boot =
            boot.map_or_else(|| format!("process {} {}", std::process::id(), wall_us()), |id| id.trim().to_owned());
        Start { instant: Instant::now(), uptime_us, boot }
    })
}

/// Time since boot, sleep included: the standard library's clock stops while the machine sleeps.
fn uptime_us() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, hundredths) = text.split_whitespace().next()?.split_once('.')?;
    Some(seconds.parse::<u64>().ok()? * 1_000_000 + hundredths.parse::<u64>().ok()? * 10_000)
}

fn wall_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

impl TimeSource for SystemClocks {
    fn wall_us(&self) -> u64 {
        wall_us()
    }

    fn steady_us(&self) -> u64 {
        let start = start();
        let ran = u64::try_from(start.instant.elapsed().as_micros()).unwrap_or(u64::MAX);
        let base = start.uptime_us.unwrap_or(0);
        // The finer clock, unless the machine slept meanwhile.
        base.saturating_add(ran).max(uptime_us().unwrap_or(0))
    }

    fn boot(&self) -> String {
        start().boot.clone()
    }
}

/// Server time as it was known at one instant. Saved, so that a restart knows it too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Server time at the instant.
    pub server_us: u64,
    /// Bound on its error then.
    pub error_us: u64,
    /// The steady clock at the instant.
    pub steady_us: u64,
    /// Whose count that is.
    pub boot: String,
    /// The settable clock at the instant.
    pub wall_us: u64,
}

/// What the clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The settable clock, whatever it shows.
    pub device_at_us: u64,
    /// Server time as estimated.
    pub server_at_us: u64,
    /// Bound on the error of the estimate, rounded up.
    pub error_ms: u32,
}

impl Reading {
    /// The latest that server time may be.
    pub const fn latest_us(&self) -> u64 {
        self.server_at_us.saturating_add(self.error_ms as u64 * 1_000)
    }

    /// The earliest that server time may be.
    pub const fn earliest_us(&self) -> u64 {
        self.server_at_us.saturating_sub(self.error_ms as u64 * 1_000)
    }
}

/// Why the clock says nothing. Ends with the next clock exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockFault {
    /// No exchange yet.
    #[error("the clock was never compared with the server's")]
    NeverSynchronised,
    /// The settable clock was moved back while the device was off.
    #[error("the device's clock was set back")]
    SetBack,
}

/// The device's idea of server time.
pub struct DeviceClock {
    source: Box<dyn TimeSource>,
    anchor: Option<Anchor>,
    seen_us: u64,
}

impl DeviceClock {
    /// Goes on from a saved anchor. `seen_us` is the latest server time on any record.
    pub fn new(source: Box<dyn TimeSource>, anchor: Option<Anchor>, seen_us: u64) -> Self {
        let seen_us = seen_us.max(anchor.as_ref().map_or(0, |anchor| anchor.server_us.saturating_sub(anchor.error_us)));
        Self { source, anchor, seen_us }
    }

    /// The steady clock, for measuring round trips.
    pub fn steady_us(&self) -> u64 {
        self.source.steady_us()
    }

    /// The settable clock.
    pub fn wall_us(&self) -> u64 {
        self.source.wall_us()
    }

    /// Takes one clock exchange: the device sent at `sent` and heard at `heard` by its steady clock,
    /// the server's stamps lie between. Returns the new anchor if it is better than the one it has.
    pub fn exchange(&mut self, sent: u64, heard: u64, server_received: u64, server_sent: u64) -> Option<&Anchor> {
        let round_trip = heard.checked_sub(sent)?.saturating_sub(server_sent.checked_sub(server_received)?);
        let error_us = (round_trip / 2).saturating_add(STEP_US);
        let trusted = self.anchored().is_ok();
        let current = self.anchored().map_or(u64::MAX, |(_, error)| error);
        if trusted && error_us > current {
            return None;
        }
        let now = self.source.steady_us();
        let age = now.saturating_sub(heard);
        let server_us = server_sent.saturating_add(round_trip / 2).saturating_add(age);
        // A stamp that the server must have passed already, whatever the estimate says.
        self.seen_us = self.seen_us.max(server_sent);
        self.anchor = Some(Anchor {
            server_us,
            error_us,
            steady_us: now,
            boot: self.source.boot(),
            wall_us: self.source.wall_us(),
        });
        self.anchor.as_ref()
    }

    /// Server time and its error now, from the anchor alone.
    fn anchored(&self) -> Result<(u64, u64), ClockFault> {
        let anchor = self.anchor.as_ref().ok_or(ClockFault::NeverSynchronised)?;
        let (elapsed, extra) = if anchor.boot == self.source.boot() {
            let steady = self.source.steady_us();
            // Another start of the program may count up to a step less.
            if steady + 2 * STEP_US < anchor.steady_us {
                return Err(ClockFault::SetBack);
            }
            (steady.saturating_sub(anchor.steady_us), 0)
        } else {
            (self.source.wall_us().checked_sub(anchor.wall_us).ok_or(ClockFault::SetBack)?, REBOOT_ERROR_US)
        };
        let drift = elapsed / 1_000_000 * DRIFT_PPM + DRIFT_PPM;
        let error = anchor.error_us.saturating_add(extra).saturating_add(drift);
        Ok((anchor.server_us.saturating_add(elapsed), error))
    }

    /// What time it is.
    ///
    /// # Errors
    /// [`ClockFault`]: nothing may be sold.
    pub fn read(&mut self) -> Result<Reading, ClockFault> {
        let (estimate, error) = self.anchored()?;
        self.seen_us = self.seen_us.max(estimate);
        Ok(Reading {
            device_at_us: self.source.wall_us(),
            server_at_us: self.seen_us,
            error_ms: u32::try_from(error.div_ceil(1_000)).unwrap_or(u32::MAX),
        })
    }

    /// Server time minus the settable clock, in milliseconds, for display.
    pub fn offset_ms(&mut self) -> Option<i64> {
        let reading = self.read().ok()?;
        let (server, device) = (i64::try_from(reading.server_at_us).ok()?, i64::try_from(reading.device_at_us).ok()?);
        Some((server - device) / 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone)]
    struct Fake(Arc<Mutex<(u64, u64, &'static str)>>);

    impl Fake {
        fn new(wall: u64, steady: u64) -> Self {
            Self(Arc::new(Mutex::new((wall, steady, "boot 1"))))
        }

        fn pass(&self, us: u64) {
            let mut state = self.0.lock().unwrap();
            state.0 += us;
            state.1 += us;
        }

        fn reboot(&self, wall: u64) {
            *self.0.lock().unwrap() = (wall, 7, "boot 2");
        }

        fn set_wall(&self, wall: u64) {
            self.0.lock().unwrap().0 = wall;
        }
    }

    impl TimeSource for Fake {
        fn wall_us(&self) -> u64 {
            self.0.lock().unwrap().0
        }
        fn steady_us(&self) -> u64 {
            self.0.lock().unwrap().1
        }
        fn boot(&self) -> String {
            self.0.lock().unwrap().2.to_owned()
        }
    }

    const SECOND: u64 = 1_000_000;
    const SERVER: u64 = 5_000 * SECOND;

    /// A clock that just exchanged over a 40 ms round trip with 2 ms at the server.
    fn synchronised(fake: &Fake) -> DeviceClock {
        let mut clock = DeviceClock::new(Box::new(fake.clone()), None, 0);
        assert_eq!(clock.read(), Err(ClockFault::NeverSynchronised));
        let sent = clock.steady_us();
        fake.pass(40_000);
        let heard = clock.steady_us();
        clock.exchange(sent, heard, SERVER, SERVER + 2_000).unwrap();
        clock
    }

    #[test]
    fn c07_an_exchange_gives_time_and_a_bound_that_grows() {
        let fake = Fake::new(1_000 * SECOND, 50 * SECOND);
        let mut clock = synchronised(&fake);
        let reading = clock.read().unwrap();
        assert_eq!(reading.server_at_us, SERVER + 2_000 + 19_000);
        assert_eq!(reading.device_at_us, 1_000 * SECOND + 40_000);
        assert_eq!(reading.error_ms, 30, "half of 38 ms, 10 ms resolution, drift rounded up");
        fake.pass(3_600 * SECOND);
        let later = clock.read().unwrap();
        assert_eq!(later.server_at_us, reading.server_at_us + 3_600 * SECOND);
        assert_eq!(later.error_ms, 30 + 720, "200 ppm of an hour");
        assert_eq!(clock.offset_ms(), Some(4_000_000 - 19));
    }

    /// the settable clock does not matter while the device runs.
    #[test]
    fn r11_setting_the_clock_back_changes_nothing() {
        let fake = Fake::new(1_000 * SECOND, 50 * SECOND);
        let mut clock = synchronised(&fake);
        let before = clock.read().unwrap().server_at_us;
        fake.pass(60 * SECOND);
        fake.set_wall(3);
        assert_eq!(clock.read().unwrap().server_at_us, before + 60 * SECOND);
        // Nor across a restart of the program: the steady clock goes on counting, to within a step.
        let mut anchor = clock.anchor.clone();
        anchor.as_mut().unwrap().steady_us += 60 * SECOND + STEP_US;
        let mut restarted = DeviceClock::new(Box::new(fake.clone()), anchor, 0);
        assert!(restarted.read().is_ok());
        let anchor = clock.anchor.clone();
        let mut restarted = DeviceClock::new(Box::new(fake.clone()), anchor, 0);
        fake.pass(60 * SECOND);
        assert_eq!(restarted.read().unwrap().server_at_us, before + 120 * SECOND);
    }

    #[test]
    fn r11_after_a_reboot_a_clock_set_back_stops_sales_until_the_next_exchange() {
        let fake = Fake::new(1_000 * SECOND, 50 * SECOND);
        let clock = synchronised(&fake);
        let anchor = clock.anchor.clone();
        fake.reboot(1_000 * SECOND - 5);
        let mut clock = DeviceClock::new(Box::new(fake.clone()), anchor.clone(), 0);
        assert_eq!(clock.read(), Err(ClockFault::SetBack));
        let sent = clock.steady_us();
        assert!(clock.exchange(sent, sent + 10, SERVER + SECOND, SERVER + SECOND).is_some());
        assert!(clock.read().unwrap().server_at_us >= SERVER + SECOND);
        // A clock that went on counts, with a wider bound.
        fake.reboot(1_100 * SECOND);
        let mut clock = DeviceClock::new(Box::new(fake), anchor, 0);
        let reading = clock.read().unwrap();
        assert_eq!(reading.server_at_us, SERVER + 21_000 + 100 * SECOND - 40_000);
        assert!(reading.error_ms >= 2_000);
    }

    #[test]
    fn r11_time_never_runs_backwards() {
        let fake = Fake::new(1_000 * SECOND, 50 * SECOND);
        let mut clock = synchronised(&fake);
        fake.pass(10 * SECOND);
        let before = clock.read().unwrap().server_at_us;
        let sent = clock.steady_us();
        // The server's clock was put back by a minute: its stamps are lower than what was seen.
        clock.exchange(sent, sent, SERVER - 60 * SECOND, SERVER - 60 * SECOND).unwrap();
        assert_eq!(clock.read().unwrap().server_at_us, before);
        // Records remember it across restarts.
        let mut restarted = DeviceClock::new(Box::new(fake), clock.anchor.clone(), before + 5);
        assert_eq!(restarted.read().unwrap().server_at_us, before + 5);
    }

    #[test]
    fn a_worse_exchange_does_not_replace_a_better_one() {
        let fake = Fake::new(1_000 * SECOND, 50 * SECOND);
        let mut clock = synchronised(&fake);
        let sent = clock.steady_us();
        fake.pass(3 * SECOND);
        let heard = clock.steady_us();
        assert_eq!(clock.exchange(sent, heard, SERVER, SERVER), None);
        assert_eq!(clock.exchange(heard, sent, SERVER, SERVER), None, "heard before it was sent");
        assert_eq!(clock.exchange(sent, heard, SERVER, SERVER - 1), None, "sent before it was received");
    }

    #[test]
    fn the_machine_has_clocks() {
        let clocks = SystemClocks;
        let first = clocks.steady_us();
        assert!(clocks.steady_us() >= first);
        assert!(clocks.wall_us() > 1_700_000_000_000_000);
        assert_eq!(clocks.boot(), clocks.boot());
    }
}
