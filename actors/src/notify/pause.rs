//! How long to wait before trying again.

use std::time::Duration;

/// The pause after the `failures`th failure in a row: twice as long each time up to `longest`, and of that a
/// random part between half and all, so that nodes that failed together do not come back together.
pub(super) fn pause(failures: u32, first: Duration, longest: Duration) -> Duration {
    // Without chance there is no jitter, which is no reason not to try again.
    jittered(failures, first, longest, getrandom::u32().unwrap_or(u32::MAX))
}

fn jittered(failures: u32, first: Duration, longest: Duration, chance: u32) -> Duration {
    let doubled = first.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(longest);
    doubled.mul_f64(0.5 + 0.5 * f64::from(chance) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_cap_and_differ() {
        let (first, longest) = (Duration::from_millis(500), Duration::from_secs(60));
        let longest_of = |failures| jittered(failures, first, longest, u32::MAX).as_millis();
        assert_eq!([1, 2, 3, 7, 8, 9, u32::MAX].map(longest_of), [500, 1_000, 2_000, 32_000, 60_000, 60_000, 60_000]);
        assert_eq!(jittered(3, first, longest, 0), Duration::from_secs(1));
        let pauses: Vec<Duration> = (0..20).map(|_| pause(9, first, longest)).collect();
        assert!(pauses.iter().all(|pause| (longest / 2..=longest).contains(pause)), "{pauses:?}");
        assert!(pauses.iter().any(|pause| pause != &pauses[0]), "all the same: {pauses:?}");
    }
}
