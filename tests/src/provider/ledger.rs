//! What was charged and paid back, and what was answered under which key. It survives every server.

use super::mood::{Creation, Mood, Moods};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Where an intent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    RequiresPaymentMethod,
    Processing,
    Succeeded,
    Canceled,
}

impl State {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

/// One payment.
#[derive(Clone, Debug)]
pub(super) struct Intent {
    pub(super) raffle: String,
    pub(super) order: String,
    pub(super) amount_minor: u64,
    pub(super) currency: String,
    pub(super) state: State,
    pub(super) declined: bool,
    pub(super) charged: u32,
    pub(super) refund: Option<String>,
}

/// A payment in the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// The raffle's id, as it was named.
    pub raffle: String,
    /// The order's key, as it was named.
    pub order: String,
    /// What it costs, in minor units.
    pub amount_minor: u64,
    /// ISO 4217, in lower case.
    pub currency: String,
    /// How often money was taken.
    pub charged: u32,
    /// Whether all of it was paid back.
    pub refunded: bool,
    /// Whether it was declined.
    pub declined: bool,
    /// Whether it was cancelled before anything was taken.
    pub cancelled: bool,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls that came in.
    pub calls: u64,
    /// Payments that were made.
    pub intents: u64,
    /// Times that money was taken.
    pub charges: u64,
    /// Confirmations that came again for money that was taken already: without keys and state each would have been
    /// another charge.
    pub second_charges_prevented: u64,
    /// Refunds made.
    pub refunds: u64,
    /// Refunds asked for again.
    pub second_refunds_prevented: u64,
    /// Payments declined.
    pub declined: u64,
    /// Payments cancelled.
    pub cancelled: u64,
    /// One key with other terms: the house never should.
    pub keys_with_other_terms: u64,
    /// Answers that never came: cut, hung or later than anybody waits.
    pub silences: u64,
    /// Answers of 500.
    pub failures: u64,
    /// Webhooks sent, all copies and repeats.
    pub webhooks: u64,
    /// Webhooks sent with a wrong signature or an old one.
    pub forged: u64,
    /// Of those, the ones that were taken: none should be.
    pub forged_taken: u64,
    /// Events that were never sent.
    pub webhooks_lost: u64,
    /// Events that nobody took, however often they were sent.
    pub webhooks_given_up: u64,
}

/// What was answered under a key.
#[derive(Clone, Debug)]
pub(super) enum Saved {
    /// The intent, as it began.
    Begun { intent: String },
    /// The intent, as it stood then.
    Stood { intent: String, state: State },
    /// 402.
    Declined { intent: String },
    /// 400: not in this state.
    Refused,
    /// 500.
    Failed,
    /// A refund.
    Refunded { intent: String, refund: String },
}

/// What a request under a key finds.
pub(super) enum Found {
    /// Another one is under way.
    Busy,
    /// It was used with other terms.
    OtherTerms,
    /// It was answered.
    Answered(Saved),
    /// It is new; whoever asked must say what became of it. The number counts requests under it, from 1.
    New(u32),
}

#[derive(Debug)]
pub(super) struct Ledger {
    moods: Moods,
    pub(super) intents: BTreeMap<String, Intent>,
    saved: HashMap<String, (String, Saved)>,
    under_way: HashSet<String>,
    tries: HashMap<String, u32>,
    pub(super) counts: Counts,
}

impl Ledger {
    pub(super) fn new(moods: Moods) -> Self {
        Self {
            moods,
            intents: BTreeMap::new(),
            saved: HashMap::new(),
            under_way: HashSet::new(),
            tries: HashMap::new(),
            counts: Counts::default(),
        }
    }

    /// Looks a key up and takes it when it is new.
    pub(super) fn find(&mut self, key: &str, terms: &str) -> Found {
        if self.under_way.contains(key) {
            return Found::Busy;
        }
        if let Some((known, saved)) = self.saved.get(key) {
            if known != terms {
                self.counts.keys_with_other_terms += 1;
                return Found::OtherTerms;
            }
            return Found::Answered(saved.clone());
        }
        self.under_way.insert(key.to_owned());
        let tries = self.tries.entry(key.to_owned()).or_default();
        *tries += 1;
        Found::New(*tries)
    }

    /// The request under a key is over: with an answer to remember, or as if it had never come.
    pub(super) fn done(&mut self, key: &str, terms: &str, saved: Option<Saved>) {
        self.under_way.remove(key);
        if let Some(saved) = saved {
            self.tries.remove(key);
            self.saved.insert(key.to_owned(), (terms.to_owned(), saved));
        }
    }

    /// Makes an intent.
    pub(super) fn make(&mut self, intent: Intent) -> String {
        self.counts.intents += 1;
        let id = format!("pi_{:08}", self.counts.intents);
        self.intents.insert(id.clone(), intent);
        id
    }

    pub(super) fn creation(&self, order: &str) -> Creation {
        self.moods.creation(order)
    }

    pub(super) fn mood(&self, intent: &str) -> Mood {
        self.intents.get(intent).map_or(Mood::Declines, |intent| self.moods.confirmation(&intent.order))
    }

    /// Takes the money. The one place where it moves.
    pub(super) fn charge(&mut self, id: &str) -> State {
        let intent = self.intents.get_mut(id).expect("an intent that exists");
        if intent.state != State::Canceled {
            intent.charged += 1;
            intent.state = State::Succeeded;
            self.counts.charges += 1;
        }
        intent.state
    }

    pub(super) fn decline(&mut self, id: &str) {
        let intent = self.intents.get_mut(id).expect("an intent that exists");
        intent.declined = true;
        intent.state = State::RequiresPaymentMethod;
        self.counts.declined += 1;
    }

    /// Pays back, or says how it was paid back before. `None`: there is nothing to pay back.
    pub(super) fn refund(&mut self, id: &str, amount_minor: u64) -> Option<(String, bool)> {
        let intent = self.intents.get_mut(id)?;
        if intent.charged == 0 || intent.amount_minor != amount_minor {
            return None;
        }
        if let Some(refund) = &intent.refund {
            self.counts.second_refunds_prevented += 1;
            return Some((refund.clone(), false));
        }
        let refund = id.replacen("pi_", "re_", 1);
        intent.refund = Some(refund.clone());
        self.counts.refunds += 1;
        Some((refund, true))
    }

    pub(super) fn processing(&self) -> usize {
        self.under_way.len() + self.intents.values().filter(|intent| intent.state == State::Processing).count()
    }

    pub(super) fn payments(&self) -> Vec<Paid> {
        let paid = self.intents.values().map(|intent| Paid {
            raffle: intent.raffle.clone(),
            order: intent.order.clone(),
            amount_minor: intent.amount_minor,
            currency: intent.currency.clone(),
            charged: intent.charged,
            refunded: intent.refund.is_some(),
            declined: intent.declined,
            cancelled: intent.state == State::Canceled,
        });
        paid.collect()
    }
}
