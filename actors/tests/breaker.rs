//! A store that is away is asked one question at a time, and the journal's commits are never kept from it.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use common::gate::{Gate, GatedStore};
use common::{START, sell, start_over_any, wait_for};
use drumroll_actors::clock::ManualClock;
use drumroll_actors::store::breaker::{Breaker, Options};
use drumroll_actors::store::conformance;
use drumroll_actors::store::sqlite::SqliteStore;
use drumroll_actors::store::{Store, StoreError};
use drumroll_engine::id::RaffleId;
use futures_util::FutureExt;
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;

const NOBODY: RaffleId = RaffleId([99; 16]);

fn options() -> Options {
    Options {
        failures: 3,
        pause: Duration::from_millis(500),
        pause_max: Duration::from_millis(500),
        patience: Duration::from_millis(200),
    }
}

struct Stand {
    _folder: tempfile::TempDir,
    store: Arc<GatedStore>,
    breaker: Arc<Breaker>,
}

impl Stand {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = GatedStore::new(Arc::new(SqliteStore::open(folder.path().join("drumroll.sqlite")).unwrap()));
        let breaker = Breaker::with(store.clone(), options());
        Self { _folder: folder, store, breaker }
    }

    /// Reads fail until they are refused.
    async fn open_the_circuit(&self) {
        self.store.set_queries(Gate::Failing);
        for failure in 1..=3 {
            assert_eq!(self.breaker.refusing(), None, "before failure {failure}");
            self.breaker.raffle(NOBODY).await.unwrap_err();
        }
        assert_eq!(self.breaker.refusing(), Some("reads"));
    }
}

fn refused<T: std::fmt::Debug>(answer: Option<Result<T, StoreError>>) -> bool {
    matches!(answer, Some(Err(StoreError::Unavailable(text))) if text.contains("are refused until it answers: the gate fails") || text.contains("are refused until it answers: its caller"))
}

#[actix::test]
async fn it_keeps_the_contract_of_the_store_behind_it() {
    let stand = Stand::open();
    conformance::run(&*stand.breaker).await;
    assert_eq!(stand.breaker.refusing(), None);
}

#[actix::test]
async fn a_store_that_is_away_is_not_asked_by_everybody_i12() {
    let stand = Stand::open();
    stand.open_the_circuit().await;
    // Refused at once, without a question, and each with an error that says to try again.
    stand.store.set_queries(Gate::Shut);
    let asked = stand.store.asked();
    for _ in 0..100 {
        assert!(refused(stand.breaker.raffle(NOBODY).now_or_never()));
    }
    assert_eq!(stand.store.asked(), asked, "somebody got through");
    // When the pause is over one asks, and the others are refused while he waits.
    let calls: Vec<_> = wait_for(|| async {
        let calls: Vec<_> = (0..20).map(|_| Box::pin(stand.breaker.raffle(NOBODY))).collect();
        let mut waiting = Vec::new();
        for mut call in calls {
            match call.as_mut().now_or_never() {
                None => waiting.push(call),
                answer => assert!(refused(answer)),
            }
        }
        (!waiting.is_empty()).then_some(waiting)
    })
    .await;
    assert_eq!((calls.len(), stand.store.asked()), (1, asked + 1), "one question at a time");
    assert!(refused(stand.breaker.raffle(NOBODY).now_or_never()));
    // He is not kept for ever, and then another one asks.
    for call in calls {
        assert!(refused(Some(call.await)), "he waits no longer than the question may take");
    }
    stand.store.set_queries(Gate::Open);
    wait_for(|| async { stand.breaker.raffle(NOBODY).await.ok() }).await;
    assert_eq!(stand.breaker.refusing(), None);
    for answer in join_all((0..20).map(|_| stand.breaker.raffle(NOBODY))).await {
        answer.unwrap();
    }
}

#[actix::test]
async fn only_calls_in_a_row_that_nobody_answered_count() {
    let stand = Stand::open();
    for _ in 0..10 {
        stand.store.set_queries(Gate::Failing);
        for _ in 0..2 {
            stand.breaker.raffle(NOBODY).await.unwrap_err();
        }
        stand.store.set_queries(Gate::Open);
        stand.breaker.raffle(NOBODY).await.unwrap();
    }
    // Who turns away at once says nothing about the store.
    stand.store.set_queries(Gate::Shut);
    for _ in 0..10 {
        assert!(stand.breaker.raffle(NOBODY).now_or_never().is_none());
    }
    assert_eq!(stand.breaker.refusing(), None);
    // Who waits in vain does.
    let wait = || tokio::time::timeout(options().patience + Duration::from_millis(50), stand.breaker.raffle(NOBODY));
    for waited in join_all((0..3).map(|_| wait())).await {
        waited.unwrap_err();
    }
    assert_eq!(stand.breaker.refusing(), Some("reads"));
}

/// A full disk: nothing can be written, everything can be read.
#[actix::test]
async fn reads_go_on_while_writes_are_refused() {
    let stand = Stand::open();
    stand.store.set_queries(Gate::Failing);
    for _ in 0..3 {
        stand.breaker.ping().await.unwrap_err();
    }
    assert_eq!(stand.breaker.refusing(), Some("writes"));
    stand.store.set_queries(Gate::Open);
    stand.breaker.raffle(NOBODY).await.unwrap();
    assert!(refused(stand.breaker.ping().now_or_never()));
    wait_for(|| async { stand.breaker.ping().await.ok() }).await;
    assert_eq!(stand.breaker.refusing(), None);
}

/// The writer of the journal is not kept from its store: it finds out by itself, and what it finds closes the circuit.
#[actix::test]
async fn commits_are_never_refused_and_are_the_judge_i1() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let store = GatedStore::new(Arc::new(SqliteStore::open(folder.path().join("drumroll.sqlite")).unwrap()));
    // Only a commit can close this circuit before the test is over.
    let patient = Options { pause: Duration::from_secs(600), pause_max: Duration::from_secs(600), ..options() };
    let breaker = Breaker::with(store.clone(), patient);
    let node = start_over_any(breaker.clone(), clock.clone());
    let house = common::House { folder, store: store.clone(), clock, node };
    house.furnish().await;
    store.set(Gate::Failing);
    let sale = sell(&house.node, 10, 1);
    let outage = async {
        wait_for(|| std::future::ready((breaker.refusing() == Some("writes")).then_some(()))).await;
        let arrived = store.arrived();
        wait_for(|| std::future::ready((store.arrived() > arrived + 1).then_some(()))).await;
        assert!(refused(breaker.ping().now_or_never()), "a probe would close it otherwise");
        store.set(Gate::Open);
    };
    let (sale, ()) = tokio::join!(sale, outage);
    sale.unwrap();
    assert_eq!(breaker.refusing(), None, "the commit closed it");
    breaker.ping().await.unwrap();
}
