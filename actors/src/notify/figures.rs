//! How far behind a target is, for metrics and readiness.

use crate::store::OutboxLag;
use drumroll_engine::time::{Span, Timestamp};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// One target's figures, as of its last look.
#[derive(Debug)]
pub struct Figures {
    target: String,
    waiting: AtomicU64,
    /// When the oldest event that waits happened; 0 when none does.
    oldest_at: AtomicU64,
    away: AtomicBool,
    told: AtomicU64,
    failures: AtomicU64,
    refused: AtomicU64,
}

impl Figures {
    pub(super) fn new(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            waiting: AtomicU64::new(0),
            oldest_at: AtomicU64::new(0),
            away: AtomicBool::new(false),
            told: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// The target's name.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Events it was not told of yet, of whatever kind.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How long the oldest of them has waited.
    pub fn lag(&self, now: Timestamp) -> Span {
        match self.oldest_at.load(Ordering::Relaxed) {
            0 => Span(0),
            at => now.since(Timestamp(at)),
        }
    }

    /// Whether the last try found it away.
    pub fn away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// Messages it confirmed since the start.
    pub fn told(&self) -> u64 {
        self.told.load(Ordering::Relaxed)
    }

    /// Tries that failed since the start.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Messages set aside, over all time.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    pub(super) fn confirmed(&self) {
        self.told.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Answers whether that is news.
    pub(super) fn set_away(&self, away: bool) -> bool {
        self.away.swap(away, Ordering::Relaxed) != away
    }

    pub(super) fn set_lag(&self, lag: OutboxLag) {
        self.waiting.store(lag.events, Ordering::Relaxed);
        self.oldest_at.store(lag.oldest_at.map_or(0, |at| at.0), Ordering::Relaxed);
        self.refused.store(lag.refused, Ordering::Relaxed);
    }
}
