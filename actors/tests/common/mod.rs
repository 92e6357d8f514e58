//! A small house for whole-node tests: the real SQLite store behind a gate, a clock that tests move, one
//! organisation, one raffle.

#![allow(dead_code, reason = "each test binary uses its own part of the house")]
#![allow(clippy::unwrap_used, reason = "this is a test's house; what fails here fails the test")]

pub(crate) mod gate;

use drumroll_actors::aggregate::Origin;
use drumroll_actors::clock::{Clock, ManualClock};
use drumroll_actors::draws::DrawError;
use drumroll_actors::intake::Lane;
use drumroll_actors::keys::{KeyStore, MasterKey};
use drumroll_actors::node::{Answered, Failure, Node, Parts};
use drumroll_actors::registry;
use drumroll_actors::store::sqlite::SqliteStore;
use drumroll_actors::store::{Store, StreamId};
use drumroll_actors::write_behind;
use drumroll_engine::id::{OrderKey, OrganisationId, RaffleId, UserId, VenueId};
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::money::{Currency, Line, Package, Prize, PrizeRule};
use drumroll_engine::organisation;
use drumroll_engine::profile::DrawMode;
use drumroll_engine::raffle::configure::Configure;
use drumroll_engine::raffle::create_raffle::CreateRaffle;
use drumroll_engine::raffle::sell_tickets::SellTickets;
use drumroll_engine::raffle::{Channel, Command, Config, Kind, PoolKind, PoolShare};
use drumroll_engine::ticket::NumberRange;
use drumroll_engine::time::{Span, Timestamp};
use gate::GatedStore;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

pub(crate) const ORGANISATION: OrganisationId = OrganisationId([1; 16]);
pub(crate) const MANAGER: UserId = UserId([2; 16]);
pub(crate) const SECOND: UserId = UserId([3; 16]);
pub(crate) const START: Timestamp = Timestamp(1_800_000_000_000_000);
/// Sales close this long after [`START`].
pub(crate) const WINDOW: Span = Span(3_600_000_000);

pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: Arc<GatedStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) node: Node,
}

pub(crate) fn manager() -> Origin {
    Origin { actor: Actor::User(MANAGER), approver: Some(SECOND), cause: Cause::Internal }
}

pub(crate) fn stream(raffle: u8) -> StreamId {
    StreamId { organisation: ORGANISATION, raffle: RaffleId([raffle; 16]) }
}

pub(crate) fn config() -> Config {
    let range = |first, last| NumberRange::new(first, last).unwrap();
    Config {
        name: "Hawks vs. Kodiaks".into(),
        organisation_name: "Hawks Community Foundation".into(),
        venue: VenueId([9; 16]),
        location: "Tidewater Arena".into(),
        time_zone: "America/Toronto".into(),
        licence: None,
        currency: Currency::new("CAD").unwrap(),
        numbers: range(1, 30_000),
        pools: vec![
            PoolShare { pool: PoolKind::Rsu, range: range(1, 10_000) },
            PoolShare { pool: PoolKind::Online, range: range(10_001, 20_000) },
            PoolShare { pool: PoolKind::Internal, range: range(20_001, 30_000) },
        ],
        packages: vec![Package { id: 1, label: "5 for $5".into(), numbers: 5, price_minor: 500, stock: None }],
        prizes: vec![
            Prize { id: 1, name: "Jersey".into(), rule: PrizeRule::Fixed { value_minor: 20_000, quantity: 1 } },
            Prize {
                id: 2,
                name: "50/50".into(),
                rule: PrizeRule::Percentage { basis_points: 5_000, seed_minor: 0, guarantee_minor: 0, cap_minor: None },
            },
        ],
        reserves: 2,
        sales_start: START,
        sales_end: START + WINDOW,
        draw_mode: DrawMode::Electronic,
        ticket_lines: vec![],
        device_block: 1_000,
        hold: Span::seconds(600),
        profile: "default".into(),
    }
}

/// A node over the store in `folder`. Callers wait half a second at most, so that a test of silence ends.
pub(crate) fn start(folder: &std::path::Path, clock: Arc<ManualClock>) -> (Arc<GatedStore>, Node) {
    let store = GatedStore::new(Arc::new(SqliteStore::open(folder.join("drumroll.sqlite")).unwrap()));
    (store.clone(), start_over(store, clock))
}

pub(crate) fn start_over(store: Arc<GatedStore>, clock: Arc<ManualClock>) -> Node {
    start_over_any(store, clock)
}

pub(crate) fn start_over_any(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Node {
    let master = MasterKey::new(&Zeroizing::new([7; 32]));
    Node::start(Parts {
        store: store.clone(),
        clock,
        keys: KeyStore::new(store, master),
        journal: write_behind::Options { room: 256, ..write_behind::Options::default() },
        actors: registry::Options {
            deadline: Duration::from_secs(5),
            snapshot_every: 5,
            ..registry::Options::default()
        },
        threads: 2,
    })
}

impl House {
    /// An organisation with one raffle, number 10, on sale.
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let (store, node) = start(folder.path(), clock.clone());
        let house = Self { folder, store, clock, node };
        house.furnish().await;
        house
    }

    /// Makes the organisation and its raffle.
    pub(crate) async fn furnish(&self) {
        let create = organisation::create_organisation::CreateOrganisation { name: "Hawks".into() };
        self.node.organise(ORGANISATION, manager(), organisation::Command::CreateOrganisation(create)).await.unwrap();
        self.open_raffle(10, 1).await;
    }

    /// Creates, configures and opens a raffle.
    pub(crate) async fn open_raffle(&self, raffle: u8, event_number: u64) {
        let create = CreateRaffle { event_number, name: "Night".into(), kind: Kind::Live };
        self.control(raffle, Command::CreateRaffle(create)).await.unwrap();
        let now = self.clock.now();
        let config = Config { sales_start: now, sales_end: now + WINDOW, ..config() };
        self.control(raffle, Command::Configure(Box::new(Configure { config }))).await.unwrap();
        self.node.open_sales(stream(raffle), manager()).await.unwrap();
    }

    pub(crate) async fn control(&self, raffle: u8, command: Command) -> Result<Answered, Failure> {
        self.node.execute(stream(raffle), Lane::Control, manager(), command).await
    }

    pub(crate) async fn sell(&self, raffle: u8, order: u8) -> Result<Answered, Failure> {
        sell(&self.node, raffle, order).await
    }

    /// Brings the raffle to an acknowledged reconciliation.
    pub(crate) async fn reconcile(&self, raffle: u8) {
        use drumroll_engine::raffle::acknowledge_reconciliation::AcknowledgeReconciliation;
        self.clock.set(START + WINDOW);
        let counts = wait_for(|| async {
            let look = |live: &drumroll_actors::aggregate::Live<drumroll_engine::raffle::Raffle>| {
                (live.state.status == drumroll_engine::raffle::Status::Reconciling).then(|| live.state.identity())
            };
            self.node.read(stream(raffle), look).await.unwrap()
        })
        .await;
        let acknowledge = AcknowledgeReconciliation {
            statement: "I have reconciled.".into(),
            sold: counts.sold,
            voided: counts.voided,
            unsold: counts.unsold,
        };
        self.control(raffle, Command::AcknowledgeReconciliation(acknowledge)).await.unwrap();
    }

    pub(crate) async fn draw(&self, raffle: u8) -> Result<(), DrawError> {
        self.node.lock_draw(stream(raffle), 1, manager()).await?;
        self.node.execute_draw(stream(raffle), 1, manager()).await
    }
}

pub(crate) async fn sell(node: &Node, raffle: u8, order: u8) -> Result<Answered, Failure> {
    let command = SellTickets {
        order: OrderKey([order; 16]),
        channel: Channel::Counter,
        seller: Some(MANAGER),
        lines: vec![Line { package: 1, quantity: 1 }],
        random: [order; 8],
        salt: [order; 32],
    };
    node.execute(stream(raffle), Lane::Counter, manager(), Command::SellTickets(command)).await
}

/// Waits until `look` sees something, at most ten seconds.
pub(crate) async fn wait_for<T, F: Future<Output = Option<T>>>(mut look: impl FnMut() -> F) -> T {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(tokio::time::Instant::now() < deadline, "nothing came in ten seconds");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
