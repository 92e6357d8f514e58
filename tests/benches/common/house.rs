//! The product without its sockets: a node over a real store, raffles on sale, sellers in the same process.

use super::meter::{Meter, run_clients, run_paced};
use drumroll_actors::aggregate::Origin;
use drumroll_actors::clock::{Clock, SystemClock};
use drumroll_actors::intake::Lane;
use drumroll_actors::keys::{KeyStore, MasterKey};
use drumroll_actors::node::{Node, Parts};
use drumroll_actors::store::{Store, StreamId};
use drumroll_actors::{registry, write_behind};
use drumroll_engine::id::{OrderKey, OrganisationId, RaffleId, UserId, VenueId};
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::money::{Currency, Line, Package, Prize, PrizeRule};
use drumroll_engine::organisation;
use drumroll_engine::profile::DrawMode;
use drumroll_engine::raffle::configure::Configure;
use drumroll_engine::raffle::create_raffle::CreateRaffle;
use drumroll_engine::raffle::sell_tickets::SellTickets;
use drumroll_engine::raffle::{Answer, Channel, Command, Config, Kind, PoolKind, PoolShare};
use drumroll_engine::ticket::NumberRange;
use drumroll_engine::time::Span;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use zeroize::Zeroizing;

const MANAGER: UserId = UserId([2; 16]);
const SECOND: UserId = UserId([3; 16]);

pub(crate) fn origin() -> Origin {
    Origin { actor: Actor::User(MANAGER), approver: Some(SECOND), cause: Cause::Internal }
}

/// A node with raffles on sale.
pub(crate) struct House {
    pub(crate) node: Node,
    organisation: OrganisationId,
    pub(crate) raffles: Vec<RaffleId>,
}

impl House {
    pub(crate) async fn open(store: Arc<dyn Store>, raffles: usize) -> Self {
        let node = Self::node(store);
        let organisation = OrganisationId(Uuid::new_v4().into_bytes());
        let create = organisation::create_organisation::CreateOrganisation { name: "Bench".into() };
        node.organise(organisation, origin(), organisation::Command::CreateOrganisation(create)).await.unwrap();
        let mut house = Self { node, organisation, raffles: Vec::new() };
        for number in 1..=raffles {
            let raffle = house.open_raffle(number as u64).await;
            house.raffles.push(raffle);
        }
        house
    }

    /// A node over a store, with the defaults of the server.
    pub(crate) fn node(store: Arc<dyn Store>) -> Node {
        let keys = KeyStore::new(store.clone(), MasterKey::new(&Zeroizing::new([7; 32])));
        Node::start(Parts {
            store,
            clock: Arc::new(SystemClock),
            keys,
            journal: write_behind::Options::default(),
            actors: registry::Options::default(),
            threads: 1,
        })
    }

    pub(crate) fn stream(&self, raffle: RaffleId) -> StreamId {
        StreamId { organisation: self.organisation, raffle }
    }

    async fn open_raffle(&self, event_number: u64) -> RaffleId {
        let raffle = RaffleId(Uuid::new_v4().into_bytes());
        let stream = self.stream(raffle);
        let control = |command| self.node.execute(stream, Lane::Control, origin(), command);
        let create = CreateRaffle { event_number, name: "Bench".into(), kind: Kind::Live };
        control(Command::CreateRaffle(create)).await.unwrap();
        control(Command::Configure(Box::new(Configure { config: config() }))).await.unwrap();
        self.node.open_sales(stream, origin()).await.unwrap();
        raffle
    }

    /// Sells one ticket and returns once it is durable.
    pub(crate) async fn sell(&self, raffle: RaffleId) {
        let order = Uuid::new_v4().into_bytes();
        let mut random = [0; 8];
        random.copy_from_slice(&order[8..]);
        let mut salt = [0; 32];
        salt[..16].copy_from_slice(&order);
        let command = SellTickets {
            order: OrderKey(order),
            channel: Channel::Counter,
            seller: Some(MANAGER),
            lines: vec![Line { package: 1, quantity: 1 }],
            random,
            salt,
        };
        let command = Command::SellTickets(command);
        let answered = self.node.execute(self.stream(raffle), Lane::Counter, origin(), command).await.unwrap();
        assert!(matches!(answered.answer, Answer::Sold(_)));
    }

    /// Sales a second with so many sellers, spread over all raffles.
    pub(crate) async fn measure(self: &Arc<Self>, sellers: usize, window: Duration) -> Meter {
        let house = self.clone();
        run_clients(sellers, window, move |seller| {
            let house = house.clone();
            async move { house.sell(house.raffles[seller % house.raffles.len()]).await }
        })
        .await
    }
}

impl House {
    /// Sales at an even pace, whether or not earlier ones have their answers.
    pub(crate) async fn measure_paced(self: &Arc<Self>, rate: f64, window: Duration) -> Meter {
        let house = self.clone();
        run_paced(rate, window, move || {
            let house = house.clone();
            async move { house.sell(house.raffles[0]).await }
        })
        .await
    }
}

fn config() -> Config {
    let range = |first, last| NumberRange::new(first, last).unwrap();
    let now = SystemClock.now();
    Config {
        name: "Bench".into(),
        organisation_name: "Bench".into(),
        venue: VenueId([9; 16]),
        location: "Bench".into(),
        time_zone: "America/Toronto".into(),
        licence: None,
        currency: Currency::new("CAD").unwrap(),
        numbers: range(1, 900_000_000),
        pools: vec![PoolShare { pool: PoolKind::Internal, range: range(1, 900_000_000) }],
        packages: vec![Package { id: 1, label: "5 for $5".into(), numbers: 5, price_minor: 500, stock: None }],
        prizes: vec![Prize {
            id: 1,
            name: "50/50".into(),
            rule: PrizeRule::Percentage { basis_points: 5_000, seed_minor: 0, guarantee_minor: 0, cap_minor: None },
        }],
        reserves: 0,
        sales_start: now,
        sales_end: now + Span::seconds(86_400),
        draw_mode: DrawMode::Electronic,
        ticket_lines: vec![],
        device_block: 1_000,
        hold: Span::seconds(600),
        profile: "default".into(),
    }
}
