//! An actor that panics is rebuilt from the store, keeps its queue, and harms nobody else.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use common::{House, stream, wait_for};
use drumroll_actors::node::Failure;
use drumroll_actors::registry::ExecuteError;
use drumroll_engine::raffle::Answer;
use std::sync::mpsc;
use std::time::Duration;

/// Makes the actor of a raffle panic in the middle of its work.
async fn panic_in(house: &House, raffle: u8) -> ExecuteError {
    house.node.read(stream(raffle), |_| -> () { panic!("injected by a test") }).await.unwrap_err()
}

#[actix::test]
async fn a_panic_loses_nothing_acknowledged_and_the_queue_goes_on() {
    let house = House::open().await;
    house.sell(10, 1).await.unwrap();
    let before = house.node.read(stream(10), |live| live.state.clone()).await.unwrap();
    let (release, held) = mpsc::channel::<()>();
    // The actor is held in its work, while sales queue up behind it; then it panics.
    let blocked = house.node.read(stream(10), move |_| -> () {
        // Bounded, so that a failing test ends.
        let _ = held.recv_timeout(Duration::from_secs(5));
        panic!("injected by a test");
    });
    let sales = futures_util::future::join_all((2..=9).map(|order| house.sell(10, order)));
    let release = async {
        wait_for(|| {
            let waiting = house.node.raffles().figures(stream(10)).map_or(0, |figures| figures.waiting);
            std::future::ready((waiting >= 8).then_some(()))
        })
        .await;
        release.send(()).unwrap();
    };
    let (blocked, sales, ()) = tokio::join!(blocked, sales, release);
    assert!(matches!(blocked, Err(ExecuteError::Interrupted)), "{blocked:?}");
    for sale in sales {
        assert!(matches!(sale.unwrap().answer, Answer::Sold(_)));
    }
    let after = house.node.read(stream(10), |live| live.state.clone()).await.unwrap();
    assert_eq!(after.total().count, before.total().count + 8);
    assert_eq!(after.orders.keys().take(1).collect::<Vec<_>>(), before.orders.keys().collect::<Vec<_>>());
}

#[actix::test]
async fn an_actor_that_panics_again_and_again_is_set_aside_and_its_neighbour_never_notices() {
    let house = House::open().await;
    house.open_raffle(11, 2).await;
    // Each panic counts, also one that meets the rebuilding after the one before: three rebuilds, then aside.
    for number in 1..=4 {
        assert!(house.node.raffles().set_aside().is_empty(), "set aside before panic {number}");
        let error = panic_in(&house, 10).await;
        assert!(matches!(error, ExecuteError::Interrupted), "panic {number}: {error:?}");
    }
    wait_for(|| async { (house.node.raffles().set_aside() == [stream(10)]).then_some(()) }).await;
    let refused = house.sell(10, 1).await.unwrap_err();
    assert!(matches!(refused, Failure::Failed(ExecuteError::SetAside)), "{refused:?}");
    house.sell(11, 1).await.expect("the neighbour sells");
    house.node.raffles().take_back(stream(10));
    house.sell(10, 1).await.expect("after a person looked it works again");
}

#[actix::test]
async fn callers_in_a_crowd_never_start_a_second_actor_beside_the_one_being_rebuilt() {
    let house = House::open().await;
    for round in 0..3_u8 {
        let crowd = (1..=40).map(|order| house.sell(10, round * 40 + order));
        let panics = panic_in(&house, 10);
        let (sales, error) = tokio::join!(futures_util::future::join_all(crowd), panics);
        assert!(matches!(error, ExecuteError::Interrupted), "{error:?}");
        // Whoever waited is served by the successor: not one is told to ask again.
        for sale in sales {
            assert!(matches!(sale.unwrap().answer, Answer::Sold(_)));
        }
    }
    let total = house.node.read(stream(10), |live| live.state.total()).await.unwrap();
    assert_eq!(total.count, 120);
    assert!(house.node.raffles().set_aside().is_empty());
}
