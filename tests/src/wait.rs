//! Until something is so. A test waits for what it needs, never for a time.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Time between two looks.
const TICK: Duration = Duration::from_millis(25);

/// Looks until there is something to see.
///
/// # Panics
/// When the time is over, naming what was awaited.
pub async fn until<T>(what: impl Display, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(began.elapsed() < limit, "waited {} s in vain until {what}", limit.as_secs());
        tokio::time::sleep(TICK).await;
    }
}

/// A bound for what should take a moment, wide enough for a busy machine.
pub const SOON: Duration = Duration::from_secs(30);
