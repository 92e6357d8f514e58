//! One raffle with everything around it that the shell would bring: a clock, keys, a journal.

use super::audit::audit;
use super::handheld::Handheld;
use super::matrix;
use crate::bytes::Bytes;
use crate::draw::{LedgerSecret, VrfSecret, WitnessRandom, WitnessSecret};
use crate::hash::sha256;
use crate::id::{DrawId, OrderKey, OrganisationId, RaffleId, UserId, VenueId};
use crate::journal::{self, Actor, Cause, Head};
use crate::money::{Currency, Package, Prize, PrizeRule};
use crate::profile::DrawMode;
use crate::raffle::{
    Answer, Command, Config, Context, Event, Fact, Kind, PoolKind, PoolShare, Raffle, RaffleKeys, Rejection, Status,
    configure::Configure, create_raffle::CreateRaffle, decide, open_sales,
};
use crate::ticket::NumberRange;
use crate::time::{Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// The start of sales in every test.
pub(super) const START: Timestamp = Timestamp(1_800_000_000_000_000);
pub(super) const MANAGER: UserId = UserId([0xaa; 16]);
pub(super) const COLLEAGUE: UserId = UserId([0xbb; 16]);
pub(super) const RAFFLE: RaffleId = RaffleId([7; 16]);

/// `offset` microseconds after the start of sales.
pub(super) fn instant(offset: i64) -> Timestamp {
    Timestamp(START.0.checked_add_signed(offset).expect("tests stay near their start"))
}

pub(super) fn range(first: u64, last: u64) -> NumberRange {
    NumberRange::new(first, last).expect("tests name ranges that exist")
}

/// The bytes a label stands for: keys, ids, salts.
pub(super) fn bytes(label: &str) -> [u8; 32] {
    sha256(label.as_bytes())
}

pub(super) fn id(label: &str) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&bytes(label)[..16]);
    id
}

pub(super) fn order(label: &str) -> OrderKey {
    OrderKey(id(label))
}

/// Counter 1–400, online 401–700, handhelds 701–990 in blocks of 50, and ten numbers that no pool has.
/// Half of net sales and two fixed prizes; sales for an hour, holds for ten minutes.
pub(super) fn config() -> Config {
    let package = |id, label: &str, numbers, price_minor, stock| Package {
        id,
        label: label.to_owned(),
        numbers,
        price_minor,
        stock,
    };
    Config {
        name: "Friday night".to_owned(),
        organisation_name: "Northern Lights Foundation".to_owned(),
        venue: VenueId([3; 16]),
        location: "Harbour Arena".to_owned(),
        time_zone: "America/Halifax".to_owned(),
        licence: Some("L-2027-0001".to_owned()),
        currency: Currency::new("CAD").unwrap(),
        numbers: range(1, 1_000),
        pools: vec![
            PoolShare { pool: PoolKind::Internal, range: range(1, 400) },
            PoolShare { pool: PoolKind::Online, range: range(401, 700) },
            PoolShare { pool: PoolKind::Rsu, range: range(701, 990) },
        ],
        packages: vec![
            package(1, "1 for $5", 1, 500, None),
            package(2, "20 for $10", 20, 1_000, None),
            package(3, "5 for $3, first three", 5, 300, Some(3)),
        ],
        prizes: vec![
            Prize {
                id: 1,
                name: "Half the pot".to_owned(),
                rule: PrizeRule::Percentage {
                    basis_points: 5_000,
                    seed_minor: 0,
                    guarantee_minor: 0,
                    cap_minor: Some(1_000_000),
                },
            },
            Prize {
                id: 2,
                name: "Signed shirt".to_owned(),
                rule: PrizeRule::Fixed { value_minor: 5_000, quantity: 2 },
            },
        ],
        reserves: 2,
        sales_start: START,
        sales_end: START + Span::seconds(3_600),
        draw_mode: DrawMode::Electronic,
        ticket_lines: vec!["Claim within 30 days".to_owned()],
        device_block: 50,
        hold: Span::seconds(600),
        profile: "default".to_owned(),
    }
}

/// The standard configuration with one change.
pub(super) fn with(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = config();
    change(&mut config);
    config
}

/// The secrets the shell would keep.
pub(super) struct Secrets {
    pub(super) ledger: LedgerSecret,
    pub(super) vrf: VrfSecret,
    pub(super) witness: WitnessSecret,
    pub(super) random: WitnessRandom,
}

pub(super) fn secrets() -> Secrets {
    let seed = |label| Zeroizing::new(bytes(label));
    Secrets {
        ledger: LedgerSecret::new(seed("test ledger key")),
        vrf: VrfSecret::new(seed("test vrf key")),
        witness: WitnessSecret::new(seed("test house witness")),
        random: WitnessRandom::new(seed("test house randomness")),
    }
}

pub(super) fn keys() -> RaffleKeys {
    let secrets = secrets();
    RaffleKeys {
        ledger: Bytes(secrets.ledger.public().0),
        vrf: Bytes(secrets.vrf.public().0),
        house_witness: Bytes(secrets.witness.public().0),
    }
}

/// What a command led to.
pub(super) struct Outcome {
    pub(super) answer: Result<Answer, Rejection>,
    pub(super) events: Vec<Event>,
}

/// A raffle under test.
pub(super) struct World {
    pub(super) raffle: Raffle,
    /// The same raffle, built from decoded payloads alone.
    shadow: Raffle,
    pub(super) log: Vec<journal::Record>,
    pub(super) head: Head,
    pub(super) now: Timestamp,
    pub(super) facts: Vec<Fact>,
    pub(super) handhelds: BTreeMap<String, Handheld>,
    /// The last command and its answer.
    pub(super) last: Option<(Command, Result<Answer, Rejection>)>,
    /// Kinds of commands that were given.
    pub(super) given: BTreeSet<&'static str>,
    /// Audit and replay after every so many events.
    pub(super) audit_every: usize,
    drawn_bytes: u64,
}

impl World {
    /// A stream without events.
    pub(super) fn empty() -> Self {
        let organisation = OrganisationId([1; 16]);
        Self {
            raffle: Raffle::empty(organisation, RAFFLE),
            shadow: Raffle::empty(organisation, RAFFLE),
            log: Vec::new(),
            head: Head::default(),
            now: instant(-100_000_000),
            facts: Vec::new(),
            handhelds: BTreeMap::new(),
            last: None,
            given: BTreeSet::new(),
            audit_every: 1,
            drawn_bytes: 0,
        }
    }

    /// A draft.
    pub(super) fn draft() -> Self {
        let mut world = Self::empty();
        let name = "Friday night".to_owned();
        world.must(Command::CreateRaffle(CreateRaffle { event_number: 12, name, kind: Kind::Live }));
        world
    }

    /// A configured raffle.
    pub(super) fn configured(config: Config) -> Self {
        let mut world = Self::draft();
        world.must(Command::Configure(Box::new(Configure { config })));
        world
    }

    /// A raffle that opened a minute before its sales start.
    pub(super) fn open(config: Config) -> Self {
        let mut world = Self::configured(config);
        world.now = instant(-60_000_000);
        let opening = world.opening();
        world.must(opening);
        world
    }

    pub(super) fn opening(&self) -> Command {
        let secrets = secrets();
        let house_commitment = match open_sales::prepare(&self.raffle, keys()) {
            Ok(opening) => Bytes(secrets.random.commit(&opening.plan.hash(), &secrets.witness.public()).0),
            Err(_) => Bytes::default(),
        };
        Command::OpenSales(open_sales::OpenSales { keys: keys(), draw: DrawId([5; 16]), house_commitment })
    }

    /// Fresh bytes, different each time and the same in every run.
    pub(super) fn random(&mut self) -> [u8; 32] {
        self.drawn_bytes += 1;
        bytes(&format!("random {}", self.drawn_bytes))
    }

    pub(super) fn random8(&mut self) -> [u8; 8] {
        self.random()[..8].try_into().expect("8 of 32 bytes")
    }

    /// Gives a command as the manager, alone.
    pub(super) fn give(&mut self, command: Command) -> Outcome {
        self.give_as(Actor::User(MANAGER), None, command)
    }

    pub(super) fn give_as(&mut self, actor: Actor, approver: Option<UserId>, command: Command) -> Outcome {
        self.given.insert(matrix::name(&command));
        let asked = command.clone();
        // Any node may be asked; the raffle's own judges what it is sent, and its answer travels back.
        let command: Command = travelled(&command);
        assert_eq!(format!("{command:?}"), format!("{asked:?}"), "a command arrives as it was sent");
        let context = Context { at: self.now, actor, approver, head: self.head };
        let outcome = match decide(&self.raffle, &context, command) {
            Ok(decision) => {
                for event in &decision.events {
                    self.append(&context, event);
                }
                Outcome { answer: Ok(decision.answer), events: decision.events }
            }
            Err(rejection) => Outcome { answer: Err(rejection), events: vec![] },
        };
        assert_eq!(travelled::<Result<Answer, Rejection>>(&outcome.answer), outcome.answer, "so does its answer");
        self.last = Some((asked, outcome.answer.clone()));
        outcome
    }

    pub(super) fn must(&mut self, command: Command) -> Answer {
        let shown = format!("{command:?}");
        self.give_as(Actor::User(MANAGER), Some(COLLEAGUE), command)
            .answer
            .unwrap_or_else(|rejection| panic!("{rejection} ({}) for {shown}", rejection.code()))
    }

    fn append(&mut self, context: &Context, event: &Event) {
        let payload = event.encode();
        let decoded = Event::decode(&payload).expect("an event reads back");
        assert_eq!(decoded, *event, "an event reads back as written");
        assert_eq!(decoded.encode(), payload, "an event has one spelling");
        let record = journal::Record {
            format: journal::FORMAT,
            organisation: self.raffle.organisation,
            raffle: self.raffle.id,
            epoch: 1,
            seq: self.head.seq + 1,
            at: context.at,
            actor: context.actor,
            approver: context.approver,
            cause: Cause::Internal,
            prev: self.head.hash,
            payload,
        };
        self.head.follow(&record, &record.hash()).expect("the chain holds");
        self.log.push(record);
        let before = self.raffle.status;
        self.raffle.apply(context.at, event);
        self.shadow.apply(context.at, &decoded);
        assert!(!sold_again(before, self.raffle.status), "L-04: {before:?} became {:?}", self.raffle.status);
        if let Some(fact) = event.fact(&self.raffle) {
            assert_eq!(fact.position, self.facts.len() as u64 + 1, "facts are dense");
            self.facts.push(fact);
        }
        assert_eq!(self.raffle.facts, self.facts.len() as u64);
        if self.log.len().is_multiple_of(self.audit_every) {
            self.audit();
        }
    }

    /// I6 and everything in [`audit`]. In scripts the whole log is replayed every time.
    pub(super) fn audit(&self) {
        if self.audit_every == 1 {
            assert_eq!(self.replayed(), self.raffle, "I6: replay gives the state in memory");
        }
        assert!(self.shadow == self.raffle, "I6: decoded events give the state in memory");
        audit(&self.raffle);
    }

    /// Another raffle in the same state, to try something out. Its journal is not copied, so it is
    /// audited but not replayed.
    pub(super) fn branch(&self) -> Self {
        Self {
            raffle: self.raffle.clone(),
            shadow: self.shadow.clone(),
            log: Vec::new(),
            head: self.head,
            now: self.now,
            facts: self.facts.clone(),
            handhelds: self.handhelds.iter().map(|(label, handheld)| (label.clone(), handheld.copy())).collect(),
            last: None,
            given: self.given.clone(),
            audit_every: usize::MAX,
            drawn_bytes: self.drawn_bytes,
        }
    }

    /// The state that the stored bytes alone give.
    pub(super) fn replayed(&self) -> Raffle {
        let mut raffle = Raffle::empty(self.raffle.organisation, self.raffle.id);
        for record in &self.log {
            raffle.apply(record.at, &Event::decode(&record.payload).expect("a stored event reads back"));
        }
        raffle
    }
}

/// Whether sales came back after they had ended.
fn sold_again(before: Status, after: Status) -> bool {
    !matches!(before, Status::Draft | Status::Configured) && !before.on_sale() && after.on_sale()
}

/// What arrives at another node.
fn travelled<T: serde::Serialize + serde::de::DeserializeOwned>(sent: &T) -> T {
    serde_json::from_slice(&serde_json::to_vec(sent).expect("it can be sent")).expect("it can be read")
}
