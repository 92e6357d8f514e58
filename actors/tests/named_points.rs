//! A panic at each named point of a node's background work: nothing acknowledged is lost, service goes on without a
//! person, and the neighbour never notices. The points are in front of the node's own parts, a store and a clock that
//! panic when they are told to, so no switch for them is in the program.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use common::gate::GatedStore;
use common::{House, ORGANISATION, START, WINDOW, sell, start_over_any, stream, wait_for};
use drumroll_actors::clock::{Clock, ManualClock};
use drumroll_actors::feed::Publication;
use drumroll_actors::node::{Answered, Failure};
use drumroll_actors::registry::ExecuteError;
use drumroll_actors::store::conformance::Case;
use drumroll_actors::store::sqlite::SqliteStore;
use drumroll_actors::store::{Store, StreamId, TicketFilter};
use drumroll_actors::write_behind::{self, Journal};
use drumroll_engine::raffle::{Answer, Status};
use drumroll_engine::time::Timestamp;
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A house with a neighbour who sells too.
struct Street {
    house: House,
    neighbour_epoch: u64,
}

impl Street {
    async fn open() -> Self {
        let house = House::open().await;
        house.open_raffle(11, 2).await;
        for raffle in [10, 11] {
            house.sell(raffle, 1).await.unwrap();
        }
        let neighbour_epoch = house.node.read(stream(11), |live| live.epoch).await.unwrap();
        Self { house, neighbour_epoch }
    }

    /// Asks until there is an answer, as every client does.
    async fn insist(&self, raffle: u8, order: u8) -> Answered {
        wait_for(|| async {
            match self.house.sell(raffle, order).await {
                Ok(answered) => Some(answered),
                Err(Failure::Failed(error)) => {
                    assert!(!matches!(error, ExecuteError::SetAside), "{error:?}");
                    None
                }
                Err(refused) => panic!("{refused}"),
            }
        })
        .await
    }

    /// Both sell these orders; each is there once, with numbers of its own, and the neighbour has had one life.
    async fn sells(&self, orders: std::ops::RangeInclusive<u8>) {
        let both = orders.clone().flat_map(|order| [(10, order), (11, order)]);
        join_all(both.map(|(raffle, order)| self.insist(raffle, order))).await;
        for raffle in [10, 11] {
            for order in orders.clone() {
                let again = self.house.sell(raffle, order).await.unwrap();
                assert!(matches!(again.answer, Answer::OnRecord(_)), "raffle {raffle}, order {order}: {again:?}");
            }
            let filter = TicketFilter { limit: 1_000, ..TicketFilter::default() };
            let rows = self.house.store.tickets(stream(raffle).raffle, filter).await.unwrap();
            let firsts: BTreeSet<u64> = rows.iter().map(|row| row.ranges[0].first()).collect();
            let sold = self.house.node.read(stream(raffle), |live| live.state.total().count).await.unwrap();
            assert_eq!((firsts.len(), sold), (rows.len(), rows.len() as u64), "no number twice, memory as the store");
            assert_eq!(rows.len(), usize::from(*orders.end()), "each once");
        }
        let epoch = self.house.node.read(stream(11), |live| live.epoch).await.unwrap();
        assert_eq!(epoch, self.neighbour_epoch, "the neighbour was loaded again");
        assert!(self.house.node.raffles().set_aside().is_empty());
    }
}

#[actix::test]
async fn before_and_after_a_commit_i1() {
    let street = Street::open().await;
    let mut last = 1;
    for point in ["append", "appended"] {
        for _ in 0..3 {
            street.house.store.panic_in(point, 1);
            street.sells(last + 1..=last + 4).await;
            last += 4;
            assert_eq!(street.house.store.panics_left(point), 0, "{point}");
        }
    }
}

/// What one raffle decided makes the store panic whenever it is tried: the others commit, and it is set aside.
#[actix::test]
async fn a_raffle_that_makes_every_commit_panic_is_set_aside_and_its_neighbour_never_notices() {
    let street = Street::open().await;
    let house = &street.house;
    house.store.poison(Some(stream(10).raffle));
    for refusal in 1..=4 {
        let (refused, sold) = tokio::join!(house.sell(10, 1 + refusal), street.insist(11, 1 + refusal));
        assert!(matches!(refused, Err(Failure::Failed(ExecuteError::Interrupted))), "{refused:?}");
        assert!(matches!(sold.answer, Answer::Sold(_) | Answer::OnRecord(_)));
    }
    wait_for(|| async { (house.node.raffles().set_aside() == [stream(10)]).then_some(()) }).await;
    let aside = house.sell(10, 7).await.unwrap_err();
    assert!(matches!(aside, Failure::Failed(ExecuteError::SetAside)), "{aside:?}");
    // When the cause is gone and a person has looked, everything that was acknowledged is there.
    house.store.poison(None);
    house.node.raffles().take_back(stream(10));
    street.sells(1..=6).await;
}

/// The actor dies, and so do the first attempts to load its successor; not for ever, if it goes on like that.
#[actix::test]
async fn while_a_raffle_is_loaded() {
    let street = Street::open().await;
    let dies = async || {
        let look = street.house.node.read(stream(10), |_| -> () { panic!("injected by a test") });
        look.await.unwrap_err()
    };
    street.house.store.panic_in("claim", 2);
    assert!(matches!(dies().await, ExecuteError::Interrupted));
    street.sells(2..=6).await;
    assert_eq!(street.house.store.panics_left("claim"), 0);

    street.house.node.raffles().take_back(stream(10));
    street.house.store.panic_in("claim", 1_000);
    assert!(matches!(dies().await, ExecuteError::Interrupted));
    wait_for(|| async {
        matches!(street.house.sell(10, 7).await, Err(Failure::Failed(ExecuteError::SetAside))).then_some(())
    })
    .await;
    assert!(street.house.store.panics_left("claim") > 990, "tried for ever");
    street.insist(11, 7).await;
    street.house.store.panic_in("claim", 0);
    street.house.node.raffles().take_back(stream(10));
    street.sells(7..=8).await;
}

/// A snapshot that cannot be read or saved: it is made at the next look.
#[actix::test]
async fn while_a_snapshot_is_made_i6() {
    let street = Street::open().await;
    let mut last = 1;
    for point in ["snapshot", "records", "save_snapshot"] {
        street.sells(last + 1..=last + 8).await;
        last += 8;
        let before = street.house.store.snapshot(stream(10)).await.unwrap().map_or(0, |(seq, _)| seq);
        // Of both raffles, so that it is hit whichever has its turn.
        street.house.store.panic_in(point, 2);
        wait_for(|| async {
            street.house.node.raffles().tend().await;
            (street.house.store.panics_left(point) == 0).then_some(())
        })
        .await;
        let made = wait_for(|| async {
            street.house.node.raffles().tend().await;
            let made = street.house.store.snapshot(stream(10)).await.unwrap();
            made.filter(|(seq, _)| *seq > before)
        });
        made.await;
    }
    street.sells(last + 1..=last + 2).await;
}

/// A snapshot in the actor, at the end of a node.
#[actix::test]
async fn while_a_node_saves_its_actors_at_its_end_i6() {
    let street = Street::open().await;
    street.sells(2..=5).await;
    street.house.store.panic_in("save_snapshot", 1);
    let node = street.house.node.clone();
    // The panic is its caller's, who ends the process; what was acknowledged is on record all the same.
    let _ = tokio::spawn(async move { node.raffles().settle().await }).await;
    let next = common::start_over(street.house.store.clone(), street.house.clock.clone());
    for raffle in [10, 11] {
        assert_eq!(next.read(stream(raffle), |live| live.state.total().count).await.unwrap(), 5);
    }
}

#[actix::test]
async fn in_an_organisation() {
    let street = Street::open().await;
    let organisations = street.house.node.organisations();
    let journal = StreamId::organisation(ORGANISATION);
    for _ in 0..2 {
        let died = organisations.read(journal, |_| -> () { panic!("injected by a test") }).await.unwrap_err();
        assert!(matches!(died, ExecuteError::Interrupted), "{died:?}");
        street.house.node.read_organisation(ORGANISATION, |organisation| organisation.name.clone()).await.unwrap();
    }
    assert!(organisations.set_aside().is_empty());
    street.sells(2..=4).await;
}

/// A clock that panics the next so many times somebody waits for it.
struct Frail {
    clock: Arc<ManualClock>,
    left: AtomicUsize,
}

impl Clock for Frail {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let less = |left: usize| left.checked_sub(1);
        let due = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok();
        assert!(!due, "injected by a test in sleep_until");
        self.clock.sleep_until(at)
    }
}

/// Whoever watches the time for a raffle dies twice, and sales close by themselves all the same (L-04).
#[actix::test]
async fn while_time_is_kept_l04() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let frail = Arc::new(Frail { clock: clock.clone(), left: AtomicUsize::new(2) });
    let store = GatedStore::new(Arc::new(SqliteStore::open(folder.path().join("drumroll.sqlite")).unwrap()));
    let node = start_over_any(store.clone(), frail.clone());
    let house = House { folder, store, clock, node };
    house.furnish().await;
    house.sell(10, 1).await.unwrap();
    wait_for(|| std::future::ready((frail.left.load(Ordering::SeqCst) == 0).then_some(()))).await;
    house.clock.set(START + WINDOW);
    let feed = house.node.feed(stream(10)).await.unwrap();
    wait_for(|| std::future::ready((feed.view().status == Status::Reconciling).then_some(()))).await;
    let late = sell(&house.node, 10, 2).await.unwrap_err();
    assert!(matches!(&late, Failure::Refused(rejection) if rejection.code() == "sales_closed"), "{late:?}");
}

/// The writer itself, beside its store: what it was about is not lost from sight, and the next batch is served.
#[actix::test]
async fn in_the_writer_of_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path().join("drumroll.sqlite")).unwrap());
    let case = Case::new(&*store, 1);
    let (mut fenced, mut neighbour) = (case.owner(1).await, case.owner(2).await);
    // Another owner: the first one's batch is lost, and telling of it panics the first time.
    case.owner(1).await;
    let told = Arc::new(AtomicUsize::new(0));
    let telling = told.clone();
    let lost = move |_, _| assert!(telling.fetch_add(1, Ordering::SeqCst) > 0, "injected by a test");
    let journal = Journal::start(store.clone(), Arc::default(), write_behind::Options::default(), lost);
    let send = |append| journal.reserve().unwrap().send(append, None, Publication::default());
    let unanswered = send(fenced.one(vec![])).await;
    assert!(matches!(unanswered, Err(_) | Ok(Err(_))), "never told that it is durable");
    wait_for(|| std::future::ready((told.load(Ordering::SeqCst) == 2).then_some(()))).await;
    for _ in 0..3 {
        send(neighbour.one(vec![])).await.unwrap().unwrap();
    }
    assert_eq!(store.records(neighbour.stream, 0, 9).await.unwrap().len(), 3);
}
