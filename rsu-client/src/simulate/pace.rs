//! A simulated seller's chances: a stream of its own from the seed, so that a run can be repeated.

use drumroll_engine::hash::Hasher;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::time::Duration;

/// Deterministic chance of one device.
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of device `index` under `seed`.
    pub(super) fn new(seed: u64, index: u32) -> Self {
        Self(ChaCha8Rng::from_seed(Hasher::new("drumroll/simulate/1").u64(seed).u32(index).finish()))
    }

    /// Uniform in [0, 1).
    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with this probability.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of `0..count`; a bias of 2^-50 does not matter here.
    pub(super) fn pick(&mut self, count: usize) -> usize {
        (self.unit() * count as f64) as usize
    }

    /// An exponential gap around `mean`, as people come to a seller.
    pub(super) fn gap(&mut self, mean: Duration) -> Duration {
        mean.mul_f64(-(1.0 - self.unit()).ln())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_device_have_the_same_chances() {
        let stream = |seed, index| {
            let mut chance = Chance::new(seed, index);
            (0..50).map(|_| chance.pick(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(stream(1, 1), stream(1, 1));
        assert_ne!(stream(1, 1), stream(1, 2));
        assert_ne!(stream(1, 1), stream(2, 1));
        let mut chance = Chance::new(3, 0);
        let mean = Duration::from_secs(10);
        let sum: Duration = (0..10_000).map(|_| chance.gap(mean)).sum();
        assert!((95_000..105_000).contains(&sum.as_secs()), "{sum:?}");
    }
}
