//! A raffle whose rows the store refuses for good is set aside, and its neighbours never notice.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use common::{House, ORGANISATION, stream, wait_for};
use drumroll_actors::node::Failure;
use drumroll_actors::registry::ExecuteError;
use drumroll_engine::raffle::Answer;

/// Somebody wrote into the database by hand: raffle 10's next number but one is sold to an order nobody made.
fn intrude(house: &House) {
    let file = house.folder.path().join("drumroll.sqlite");
    let row =
        "INSERT INTO ticket_ranges (raffle, first, last, order_key, organisation) VALUES (?1, 20007, 20007, ?1, ?2)";
    rusqlite::Connection::open(file).unwrap().execute(row, ([10_u8; 16], ORGANISATION.0)).unwrap();
}

/// The person who looked takes it away again, in the only way the tables allow.
fn repair(house: &House) {
    let connection = rusqlite::Connection::open(house.folder.path().join("drumroll.sqlite")).unwrap();
    connection
        .execute_batch(
            "INSERT INTO rebuilding VALUES (x'00', x'00'); DELETE FROM ticket_ranges WHERE order_key = raffle; \
             DELETE FROM rebuilding",
        )
        .unwrap();
}

#[actix::test]
async fn a_raffle_that_the_store_refuses_is_set_aside_and_its_neighbour_never_notices_t05() {
    let house = House::open().await;
    house.open_raffle(11, 2).await;
    house.sell(10, 1).await.unwrap();
    house.sell(11, 1).await.unwrap();
    let epoch = house.node.read(stream(11), |live| live.epoch).await.unwrap();
    intrude(&house);
    for refusal in 1..=4_u8 {
        assert!(house.node.raffles().set_aside().is_empty(), "set aside before refusal {refusal}");
        // In one batch with the neighbour's, as often as it falls so.
        let (refused, sold) = tokio::join!(house.sell(10, 1 + refusal), house.sell(11, 1 + refusal));
        assert!(matches!(refused, Err(Failure::Failed(ExecuteError::Interrupted))), "{refused:?}");
        assert!(matches!(sold.unwrap().answer, Answer::Sold(_)));
    }
    wait_for(|| async { (house.node.raffles().set_aside() == [stream(10)]).then_some(()) }).await;
    let aside = house.sell(10, 6).await.unwrap_err();
    assert!(matches!(aside, Failure::Failed(ExecuteError::SetAside)), "{aside:?}");
    house.sell(11, 6).await.expect("the neighbour sells");
    assert_eq!(house.node.read(stream(11), |live| live.epoch).await.unwrap(), epoch, "in one life");

    repair(&house);
    house.node.raffles().take_back(stream(10));
    // What was refused was never sold; what was sold is there.
    for order in 1..=6 {
        let answer = house.sell(10, order).await.unwrap().answer;
        assert_eq!(matches!(answer, Answer::OnRecord(_)), order == 1, "{order}: {answer:?}");
    }
    assert_eq!(house.node.read(stream(10), |live| live.state.total().count).await.unwrap(), 6);
}

/// Another owner is no fault of the raffle's: however often it is lost, it is loaded again.
#[actix::test]
async fn a_raffle_that_changes_hands_again_and_again_is_not_set_aside_i11() {
    let house = House::open().await;
    for order in 1..=8 {
        house.store.claim_again().await;
        let fenced = house.sell(10, order).await.unwrap_err();
        assert!(matches!(fenced, Failure::Failed(ExecuteError::Interrupted)), "{fenced:?}");
        house.sell(10, order).await.unwrap();
    }
    assert!(house.node.raffles().set_aside().is_empty());
}
