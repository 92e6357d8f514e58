//! An auditor that believes nobody: it reads a database and what clients kept, and says what does not fit.
//!
//! It shares no code with the engine: hashes, JSON, hex, UUIDs, sums, the number range and the draw's arithmetic are
//! written here a second time, after `docs/journal.md`, `docs/protocol.md` and the draw protocol. A fault that engine
//! and server share shows here as a difference.
//!
//! | file | idea |
//! |---|---|
//! | `bytes` | hex, ids, tagged SHA-256, validation numbers |
//! | `books` | what stands in a database, read from SQLite or PostgreSQL |
//! | `chain` | the hash chain of every journal (I7) |
//! | `numbers` | who has which draw number (I2, I4) |
//! | `replay` | a raffle's account, from its events alone |
//! | `draw` | the sealed ledger and the winners, recomputed |
//! | `tables` | read models against that account |
//! | `evidence` | what clients were told, against that account (I1, I3) |
//! | `payments` | the payment provider's own ledger, against that account (I3, I5) |
//! | `reports` | what the server says over REST, against that account (I4, I5) |

pub mod books;
pub mod bytes;
pub mod chain;
pub mod draw;
pub mod evidence;
pub mod numbers;
pub mod payments;
pub mod replay;
pub mod reports;
pub mod tables;

use books::Books;
use bytes::Id;
use evidence::Evidence;
use replay::Account;
use std::collections::BTreeMap;
use std::fmt;

/// What can be wrong. The list is closed; each entry names what it guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// I7: an event is missing, doubled or out of order.
    ChainSequence,
    /// I7: an event does not name the hash of the one before it.
    ChainLink,
    /// I7: an event was altered after it was written.
    ChainHash,
    /// I7: an event is stamped earlier than its predecessor.
    ChainTime,
    /// I7: an event stands in a journal that is not its own.
    ChainStream,
    /// I7: the journal's end is not the end on record.
    ChainEnd,
    /// I6: an event cannot be read or does not follow from those before it.
    Event,
    /// L-06: a step of the life cycle that does not exist.
    LifeCycle,
    /// L-05: event numbers have a gap or repeat.
    EventNumber,
    /// I2, T-05: a draw number was sold twice, or by somebody who did not have it.
    NumberTwice,
    /// I3: one order, two sales.
    OrderTwice,
    /// T-03: one validation number, two tickets.
    ValidationTwice,
    /// I5: a ticket's price or count of numbers is not that of its lines.
    Price,
    /// L-03, I8: accepted outside the sales window.
    Window,
    /// a device's series has a gap or a repeat.
    DeviceSeries,
    /// D-01, I9: a step of the draw before its time.
    DrawOrder,
    /// D-01, D-02, I4: the acknowledged counts are not those of the journal.
    Counts,
    /// D-04, I10: the sealed ledger is not what was sold.
    Ledger,
    /// D-05, I10: winners that do not follow from the seed and the ledger.
    Winners,
    /// I5: a sum in a read model or report is not that of the journal.
    Sums,
    /// I6: a row of a read model is not what the journal says.
    Rows,
    /// I1: a sale that a client was promised is not there.
    SaleLost,
    /// I1, I3: a sale is there with other numbers or another price than the client was told.
    SaleDiffers,
    /// I3: one key was answered in two ways.
    AnswerDiffers,
    /// I8: a sale that was refused is there all the same.
    RefusedSold,
    /// I3: one order, money taken twice.
    ChargedTwice,
    /// I5: money taken without a ticket and not paid back, or a ticket without its money.
    Charge,
}

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// A sentence that says where and how.
    pub detail: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.check, self.detail)
    }
}

/// Findings while they are gathered.
#[derive(Clone, Debug, Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// Adds a finding.
    pub fn add(&mut self, check: Check, detail: impl Into<String>) {
        self.0.push(Finding { check, detail: detail.into() });
    }

    /// Adds a finding when `found` is not `expected`.
    pub fn equal<T: PartialEq + fmt::Debug>(&mut self, check: Check, what: impl fmt::Display, found: T, expected: T) {
        if found != expected {
            self.add(check, format!("{what}: found {found:?}, the journal says {expected:?}"));
        }
    }
}

/// The outcome of an audit.
#[derive(Debug)]
pub struct Audit {
    /// The account of every raffle, recomputed from its events.
    pub raffles: BTreeMap<Id, Account>,
    /// What does not fit.
    pub findings: Findings,
    /// How much was looked at, for people.
    pub seen: Seen,
}

/// How much an audit looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Journals.
    pub streams: usize,
    /// Events.
    pub events: usize,
    /// Tickets.
    pub tickets: usize,
    /// Draw numbers sold.
    pub numbers: u64,
    /// Records of clients.
    pub records: usize,
}

impl Audit {
    /// The account of one raffle.
    ///
    /// # Panics
    /// When the journal has no such raffle.
    pub fn raffle(&self, id: Id) -> &Account {
        self.raffles.get(&id).unwrap_or_else(|| panic!("the journal knows no raffle {}", bytes::uuid(&id)))
    }

    /// Stops the test unless everything fits, and says what was looked at.
    ///
    /// # Panics
    /// When something does not fit, naming all of it.
    pub fn expect_clean(&self, where_: &str) {
        let Seen { streams, events, tickets, numbers, records } = self.seen;
        println!(
            "auditor, {where_}: {events} events in {streams} journals, {tickets} tickets, {numbers} numbers sold, \
             {records} records of clients: {}",
            if self.findings.0.is_empty() {
                "all fits".to_owned()
            } else {
                format!("{} FINDINGS", self.findings.0.len())
            }
        );
        assert!(self.findings.0.is_empty(), "the auditor found, {where_}:\n{}", self.lines());
    }

    /// The findings, one a line, cut where there are very many.
    pub fn lines(&self) -> String {
        let lines: Vec<String> = self.findings.0.iter().take(40).map(ToString::to_string).collect();
        lines.join("\n")
    }

    /// Whether a finding of this kind was made.
    pub fn found(&self, check: Check) -> bool {
        self.findings.0.iter().any(|finding| finding.check == check)
    }
}

/// Checks everything that a database and the clients' records can show.
pub fn audit(books: &Books, evidence: &Evidence) -> Audit {
    let mut findings = Findings::default();
    chain::check(books, &mut findings);
    let mut raffles = BTreeMap::new();
    let mut streams = 0;
    for (_, events) in books.journals() {
        streams += 1;
        let raffle = events[0].raffle;
        if raffle != bytes::NIL {
            raffles.insert(raffle, replay::replay(raffle, events, &mut findings));
        }
    }
    replay::event_numbers(books, &raffles, &mut findings);
    tables::check(books, &raffles, &mut findings);
    evidence::check(evidence, &raffles, &mut findings);
    let seen = Seen {
        streams,
        events: books.events.len(),
        tickets: raffles.values().map(|account| account.tickets.len()).sum(),
        numbers: raffles.values().map(|account| account.identity().sold).sum(),
        records: evidence.records(),
    };
    Audit { raffles, findings, seen }
}
