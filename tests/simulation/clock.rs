//! The clocks of nodes and handhelds: virtual time, and how far each is off.

use crate::world::{START, World, lock};
use drumroll_actors::clock::Clock;
use drumroll_engine::time::Timestamp;
use drumroll_rsu_client::TimeSource;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A node's clock.
pub(crate) struct NodeClock {
    world: Arc<World>,
    off_us: AtomicI64,
}

impl NodeClock {
    pub(crate) fn new(world: Arc<World>, off_us: i64) -> Arc<Self> {
        Arc::new(Self { world, off_us: AtomicI64::new(off_us) })
    }

    /// Somebody sets it.
    pub(crate) fn set(&self, off_us: i64) {
        self.off_us.store(off_us, Ordering::Relaxed);
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.world.now().0.saturating_add_signed(self.off_us.load(Ordering::Relaxed)))
    }

    fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            // In slices, as the machine's clock does it.
            loop {
                let left = at.since(self.now()).0;
                if left == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_micros(left.min(1_000_000))).await;
            }
        })
    }
}

/// The two clocks of a handheld. It drifts, and its owner may set one of them.
#[derive(Clone)]
pub(crate) struct HandClock(Arc<Hand>);

struct Hand {
    world: Arc<World>,
    drift_ppm: i64,
    wall_off_us: AtomicI64,
    boot: Mutex<u32>,
}

impl HandClock {
    pub(crate) fn new(world: Arc<World>, drift_ppm: i64, wall_off_us: i64) -> Self {
        Self(Arc::new(Hand { world, drift_ppm, wall_off_us: AtomicI64::new(wall_off_us), boot: Mutex::new(1) }))
    }

    /// Its owner sets the clock.
    pub(crate) fn set_wall(&self, off_us: i64) {
        self.0.wall_off_us.store(off_us, Ordering::Relaxed);
    }

    /// Its count begins anew.
    pub(crate) fn reboot(&self) {
        *lock(&self.0.boot) += 1;
    }

    fn ran_us(&self) -> u64 {
        let us = self.0.world.us();
        let drift = i64::try_from(us).unwrap_or(i64::MAX) / 1_000_000 * self.0.drift_ppm;
        us.saturating_add_signed(drift)
    }
}

impl TimeSource for HandClock {
    fn wall_us(&self) -> u64 {
        (START.0 + self.ran_us()).saturating_add_signed(self.0.wall_off_us.load(Ordering::Relaxed))
    }

    fn steady_us(&self) -> u64 {
        1_000_000_000 + self.ran_us()
    }

    fn boot(&self) -> String {
        format!("boot {}", lock(&self.0.boot))
    }
}
