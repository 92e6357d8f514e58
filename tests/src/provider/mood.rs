//! How one payment goes wrong. It follows from the seed and the order, not from when anybody asked.

use crate::chance::Chance;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How bad a day it is.
#[derive(Clone, Debug)]
pub struct Moods {
    /// Chooses everything.
    pub seed: u64,
    /// The caller's patience: what is late comes after it.
    pub deadline: Duration,
    /// The longest a payment is processed, and a webhook is on its way.
    pub longest: Duration,
    /// Whether anything goes wrong at all.
    pub good: bool,
}

/// What happens to the creation of an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Creation {
    /// Nothing.
    Plain,
    /// 500, remembered under the key, and nothing is made.
    Fails,
    /// The first request is cut before anything is made.
    CutBefore,
    /// The first request is cut after the intent is made.
    CutAfter,
    /// The first request is told to slow down.
    Throttled,
}

/// What happens to a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// The money is taken and the answer comes.
    Pays,
    /// Declined.
    Declines,
    /// Declined, and the answer comes after the caller's patience.
    DeclinesLate,
    /// The money is taken at once, the answer comes after the caller's patience.
    AnswersLate,
    /// The money is taken, and the connection cut.
    CutAfter,
    /// The money is taken, and the answer is 500.
    FailsAfter,
    /// The first request is cut before anything happens.
    CutBefore,
    /// The first request is left hanging, nothing happens, and it is cut.
    HangsBefore,
    /// 500, remembered under the key: this payment never happens.
    FailsBefore,
    /// The money is taken after the caller's patience.
    ThinksLong,
    /// It is processed for a while and succeeds.
    ProcessedThenPays,
    /// It is processed for a while and fails.
    ProcessedThenFails,
}

/// In thousandths; what is left pays.
const CONFIRMATIONS: &[(u64, Mood)] = &[
    (60, Mood::Declines),
    (15, Mood::DeclinesLate),
    (35, Mood::AnswersLate),
    (40, Mood::CutAfter),
    (30, Mood::FailsAfter),
    (30, Mood::CutBefore),
    (15, Mood::HangsBefore),
    (15, Mood::FailsBefore),
    (25, Mood::ThinksLong),
    (40, Mood::ProcessedThenPays),
    (10, Mood::ProcessedThenFails),
];

const CREATIONS: &[(u64, Creation)] =
    &[(5, Creation::Fails), (10, Creation::CutBefore), (10, Creation::CutAfter), (10, Creation::Throttled)];

fn pick<T: Copy>(table: &[(u64, T)], chance: &mut Chance, otherwise: T) -> T {
    let mut at = chance.below(1_000);
    for (share, mood) in table {
        if at < *share {
            return *mood;
        }
        at -= share;
    }
    otherwise
}

impl Moods {
    /// Choices about `what`, the same whenever they are asked for.
    pub(super) fn about(&self, what: &str) -> Chance {
        let digest = Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(what).finalize();
        Chance::new(u64::from_be_bytes(digest[..8].try_into().expect("a digest has eight bytes")))
    }

    pub(super) fn creation(&self, order: &str) -> Creation {
        if self.good {
            Creation::Plain
        } else {
            pick(CREATIONS, &mut self.about(&format!("create {order}")), Creation::Plain)
        }
    }

    pub(super) fn confirmation(&self, order: &str) -> Mood {
        if self.good {
            Mood::Pays
        } else {
            pick(CONFIRMATIONS, &mut self.about(&format!("confirm {order}")), Mood::Pays)
        }
    }

    /// After the caller's patience.
    pub(super) fn late(&self) -> Duration {
        self.deadline + self.deadline / 4
    }

    /// How long a payment is processed.
    pub(super) fn processing(&self, order: &str) -> Duration {
        self.longest.mul_f64(self.about(&format!("process {order}")).below(1_000) as f64 / 1_000.0)
    }
}
