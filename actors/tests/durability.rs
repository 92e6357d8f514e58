//! Nothing leaves the node before it is durable (I1); uncertain commits come right; owners are fenced (I11).

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use common::gate::Gate;
use common::{House, START, WINDOW, manager, sell, start, start_over, stream, wait_for};
use drumroll_actors::aggregate::Live;
use drumroll_actors::clock::Clock;
use drumroll_actors::node::Failure;
use drumroll_actors::registry::ExecuteError;
use drumroll_actors::store::Store;
use drumroll_engine::raffle::{Answer, Command, Status};
use drumroll_engine::raffle::{publish_draw::PublishDraw, suspend_sales::SuspendSales};
use futures_util::FutureExt;
use std::collections::BTreeSet;
use std::time::Duration;

/// The decided end of raffle 10's journal, which is not to leave the node.
fn decided(house: &House) -> u64 {
    house.node.raffles().figures(stream(10)).map_or(0, |figures| figures.decided_seq)
}

#[actix::test]
async fn with_a_store_that_never_answers_no_reply_push_or_read_escapes_i1() {
    let house = House::open().await;
    let feed = house.node.feed(stream(10)).await.unwrap();
    let before = feed.view();
    let (mut views, mut facts) = (feed.subscribe(), feed.subscribe_facts());
    house.store.set(Gate::Shut);

    let mut sale = Box::pin(house.sell(10, 1));
    // Decided first: a command of control would overtake it in the intake, and rightly.
    wait_for(|| {
        assert!(sale.as_mut().now_or_never().is_none(), "the reply to a sale escaped");
        std::future::ready((decided(&house) > before.seq).then_some(()))
    })
    .await;
    let suspend = Command::SuspendSales(SuspendSales { reason: "rain".into() });
    let mut suspended = Box::pin(house.control(10, suspend));
    let mut read = Box::pin(house.node.read(stream(10), |live| live.state.total().count));
    let mut repeat = Box::pin(house.sell(10, 1));
    // Everything is decided in memory: sale and suspension.
    wait_for(|| {
        let early = [sale.as_mut().now_or_never().is_some(), repeat.as_mut().now_or_never().is_some()];
        let early_too = [suspended.as_mut().now_or_never().is_some(), read.as_mut().now_or_never().is_some()];
        assert_eq!((early, early_too), ([false; 2], [false; 2]), "an answer escaped");
        let done = decided(&house) >= before.seq + 2 && house.store.arrived() > 0;
        std::future::ready(done.then_some(()))
    })
    .await;
    // Give everything that could leak every chance to run.
    for _ in 0..500 {
        tokio::task::yield_now().await;
        assert!(sale.as_mut().now_or_never().is_none(), "the reply to a sale escaped");
        assert!(repeat.as_mut().now_or_never().is_none(), "the reply to a repeated sale escaped");
        assert!(suspended.as_mut().now_or_never().is_none(), "the reply to a command escaped");
        assert!(read.as_mut().now_or_never().is_none(), "a read of undurable state escaped");
    }
    assert!(!views.has_changed().unwrap() && !facts.has_changed().unwrap(), "a push escaped");
    assert_eq!(feed.view(), before);

    house.store.set(Gate::Open);
    let Answer::Sold(sold) = sale.await.unwrap().answer else { panic!("a ticket was due") };
    suspended.await.unwrap();
    assert_eq!(read.await.unwrap(), 1);
    assert_eq!(repeat.await.unwrap().answer, Answer::OnRecord(sold.order));
    views.changed().await.unwrap();
    facts.changed().await.unwrap();
    assert_eq!(feed.view().status, Status::Suspended);
}

#[actix::test]
async fn a_caller_who_waits_too_long_learns_that_the_outcome_is_unknown_and_asks_again_i3() {
    let house = House::open().await;
    house.store.set(Gate::Failing);
    let first = house.sell(10, 1).await.unwrap_err();
    assert!(matches!(first, Failure::Failed(ExecuteError::Uncertain)), "{first:?}");
    assert!(house.node.journal().figures().failing(), "readiness says which dependency it is");
    house.store.set(Gate::Open);
    let again = house.sell(10, 1).await.unwrap();
    assert!(matches!(again.answer, Answer::OnRecord(_)), "the first decision stood and became durable: {again:?}");
    let tickets = house.node.read(stream(10), |live| live.state.total().count).await.unwrap();
    assert_eq!(tickets, 1, "nothing doubled");
    assert!(!house.node.journal().figures().failing());
}

#[actix::test]
async fn a_commit_whose_answer_is_lost_stands_once() {
    let house = House::open().await;
    house.store.set(Gate::AnswerLost);
    let arrived = house.store.arrived();
    let sale = house.sell(10, 1);
    let open_later = async {
        // The commit was written at least twice without its answer.
        wait_for(|| std::future::ready((house.store.arrived() >= arrived + 2).then_some(()))).await;
        house.store.set(Gate::Open);
    };
    let (sale, ()) = tokio::join!(sale, open_later);
    assert!(matches!(sale.unwrap().answer, Answer::Sold(_)));
    let head = house.node.read(stream(10), |live| live.head).await.unwrap();
    let records = house.node.store().records(stream(10), 0, 1_000).await.unwrap();
    assert_eq!(records.len() as u64, head.seq);
    let rows = house
        .node
        .store()
        .tickets(stream(10).raffle, drumroll_actors::store::TicketFilter { limit: 10, ..Default::default() });
    assert_eq!(rows.await.unwrap().len(), 1);
}

#[actix::test]
async fn two_owners_cannot_both_write_i11() {
    let house = House::open().await;
    house.sell(10, 1).await.unwrap();
    // A second node takes the raffle over, as after a lease that ran out.
    let other = start_over(house.store.clone(), house.clock.clone());
    sell(&other, 10, 2).await.unwrap();
    // The first one's next decision is fenced off: no success for its caller …
    let fenced = house.sell(10, 3).await.unwrap_err();
    assert!(matches!(fenced, Failure::Failed(ExecuteError::Interrupted)), "{fenced:?}");
    // … and asked again it reloads, and goes on from what the other one wrote.
    house.sell(10, 3).await.unwrap();
    let sold = house.node.read(stream(10), |live| live.state.total().count).await.unwrap();
    assert_eq!(sold, 3);
    let rows = house
        .node
        .store()
        .tickets(stream(10).raffle, drumroll_actors::store::TicketFilter { limit: 10, ..Default::default() });
    let firsts: BTreeSet<u64> = rows.await.unwrap().iter().map(|row| row.ranges[0].first()).collect();
    assert_eq!(firsts.len(), 3, "no number twice (I2)");
}

#[actix::test]
async fn a_restart_finds_the_same_state_with_and_without_a_snapshot_i6() {
    let house = House::open().await;
    for order in 1..=20 {
        house.sell(10, order).await.unwrap();
    }
    house.node.raffles().settle().await;
    for order in 21..=25 {
        house.sell(10, order).await.unwrap();
    }
    let live = house.node.read(stream(10), Clone::clone).await.unwrap();
    let loaded = house.store.claim_again().await;
    assert!(loaded.snapshot.is_some() && loaded.tail.len() == 5, "a snapshot and a tail: {:?}", loaded.tail.len());
    let by_snapshot =
        drumroll_actors::aggregate::Live::<drumroll_engine::raffle::Raffle>::load(stream(10), &loaded).unwrap();
    let mut whole =
        drumroll_actors::aggregate::Live::<drumroll_engine::raffle::Raffle>::empty(stream(10), loaded.epoch);
    whole.replay(&house.node.store().records(stream(10), 0, 1_000).await.unwrap()).unwrap();
    assert_eq!(by_snapshot.state, live.state);
    assert_eq!(whole.state, live.state);
    assert_eq!((by_snapshot.head, whole.head), (live.head, live.head));
}

#[actix::test]
async fn sales_close_by_themselves_at_the_instant_even_across_a_restart_l04() {
    let house = House::open().await;
    house.clock.set(drumroll_engine::time::Timestamp((START + WINDOW).0 - 1));
    house.sell(10, 1).await.unwrap();
    // The node goes down before the close and comes back after it.
    house.node.shut_down().await;
    house.clock.set(START + WINDOW + drumroll_engine::time::Span::seconds(60));
    let node = start_over(house.store.clone(), house.clock.clone());
    node.wake_due().await.unwrap();
    let feed = node.feed(stream(10)).await.unwrap();
    wait_for(|| std::future::ready((feed.view().status == Status::Reconciling).then_some(()))).await;
    let late = sell(&node, 10, 2).await.unwrap_err();
    assert!(matches!(&late, Failure::Refused(rejection) if rejection.code() == "sales_closed"), "{late:?}");
}

#[actix::test]
async fn a_draw_clicked_twice_and_interrupted_gives_one_outcome_d05() {
    let house = House::open().await;
    for order in 1..=9 {
        house.sell(10, order).await.unwrap();
    }
    let early = house.draw(10).await.unwrap_err();
    assert!(early.to_string().contains("planned"), "no draw before the acknowledgement (I9): {early}");
    house.reconcile(10).await;
    house.node.lock_draw(stream(10), 1, manager()).await.unwrap();
    // Two clicks at once, while the store is slow.
    house.store.set(Gate::Shut);
    let (first, second, ()) = tokio::join!(house.draw(10), house.draw(10), async {
        tokio::task::yield_now().await;
        house.store.set(Gate::Open);
    });
    first.unwrap();
    second.unwrap();
    let winners = house.node.read(stream(10), |live| live.state.places(1)).await.unwrap();
    assert_eq!(winners.len(), 4);
    // A third one after a restart.
    house.node.shut_down().await;
    let node = start_over(house.store.clone(), house.clock.clone());
    node.execute_draw(stream(10), 1, manager()).await.unwrap();
    assert_eq!(node.read(stream(10), |live| live.state.places(1)).await.unwrap(), winners);
    let lock_hash = node.read(stream(10), |live| live.state.draws[0].lock.clone().unwrap().lock_hash).await.unwrap();
    let publish = Command::PublishDraw(PublishDraw { draw_no: 1, lock_hash });
    node.execute(stream(10), drumroll_actors::intake::Lane::Control, manager(), publish).await.unwrap();
    let json = node.transcript(stream(10), 1).await.unwrap().unwrap();
    let report = drumroll_engine::draw::verify_json(&json, &drumroll_engine::draw::Options::default());
    assert!(report.ok, "{report:?}");
    let _ = house.clock.now();
}

/// The process ends after none, one, two or all of the steps that follow the seal: reveal, proof, winners. Whoever
/// goes on comes to the winners that were due all along.
#[actix::test]
async fn a_draw_that_is_cut_off_after_any_step_comes_to_the_same_winners_d05_b01() {
    let house = House::open().await;
    for order in 1..=9 {
        house.sell(10, order).await.unwrap();
    }
    house.reconcile(10).await;
    house.node.lock_draw(stream(10), 1, manager()).await.unwrap();
    house.node.shut_down().await;
    let mut outcomes = Vec::new();
    for steps in 0..=3 {
        let folder = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(house.folder.path()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
        let (store, node) = start(folder.path(), house.clock.clone());
        store.let_through(steps);
        let mut draw = Box::pin(node.execute_draw(stream(10), 1, manager()));
        // The step after these waits for ever, or there is none.
        wait_for(|| {
            let done = draw.as_mut().now_or_never().is_some();
            std::future::ready((done || store.arrived() > steps).then_some(()))
        })
        .await;
        let (_, next) = start(folder.path(), house.clock.clone());
        let known = next.read(stream(10), |live| live.state.draws[0].clone()).await.unwrap();
        let recorded = [known.house_reveal.is_some(), known.proof.is_some(), known.result.is_some()];
        assert_eq!(recorded, [steps > 0, steps > 1, steps > 2], "the steps are one commit each");
        next.execute_draw(stream(10), 1, manager()).await.unwrap();
        let places = next.read(stream(10), |live| live.state.places(1)).await.unwrap();
        outcomes
            .push((places.clone(), next.read(stream(10), |live| live.state.draws[0].result.clone()).await.unwrap()));
        // What the first one still held comes too late.
        drop(draw);
        store.set(Gate::Open);
        node.shut_down().await;
        let read = next.read(stream(10), |live| live.state.places(1)).await.unwrap();
        assert_eq!(read, places);
    }
    assert_eq!(outcomes[0].0.len(), 4);
    assert!(outcomes.windows(2).all(|pair| pair[0] == pair[1]), "{outcomes:#?}");
}

/// A repeat and a look wait behind a decision that another owner's writing undoes: what they rest on never was.
#[actix::test]
async fn nothing_behind_a_fenced_decision_is_answered_or_kept_i1_i6() {
    let house = House::open().await;
    house.sell(10, 1).await.unwrap();
    house.store.set(Gate::Shut);
    let before = decided(&house);
    let ask = || {
        let node = house.node.clone();
        actix::spawn(async move { sell(&node, 10, 2).await })
    };
    let sale = ask();
    wait_for(|| std::future::ready((decided(&house) > before).then_some(()))).await;
    let repeat = ask();
    let node = house.node.clone();
    let look = actix::spawn(async move { node.read(stream(10), |live| live.state.orders.len()).await });
    wait_for(|| std::future::ready((house.node.journal().waiting() == 2).then_some(()))).await;
    house.store.claim_again().await;
    house.store.set(Gate::Open);
    let (sale, repeat, look) = (sale.await.unwrap(), repeat.await.unwrap(), look.await.unwrap());
    assert!(matches!(sale, Err(Failure::Failed(ExecuteError::Interrupted))), "{sale:?}");
    assert!(matches!(repeat, Err(Failure::Failed(ExecuteError::Interrupted))), "{repeat:?}");
    assert!(matches!(look, Err(ExecuteError::Interrupted)), "it saw {look:?} orders");
    // Whoever asks now is told the truth.
    assert_eq!(house.node.read(stream(10), |live| live.state.orders.len()).await.unwrap(), 1);
}

#[actix::test]
async fn a_busy_actor_is_not_asked_for_its_snapshot_i6() {
    let house = House::open().await;
    for order in 1..=9 {
        house.sell(10, order).await.unwrap();
    }
    let live = house.node.read(stream(10), Live::clone).await.unwrap();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let busy = house.node.read(stream(10), move |_| {
        // Bounded, so that a failing test ends.
        let _ = held.recv_timeout(Duration::from_secs(10));
    });
    let look = async {
        house.node.raffles().tend().await;
        // The actor is held: whoever waited for it would wait in vain.
        let made = wait_for(|| async { house.store.snapshot(stream(10)).await.unwrap() }).await;
        release.send(()).unwrap();
        made
    };
    let (answered, (seq, bytes)) = tokio::join!(busy, look);
    answered.unwrap();
    assert_eq!(seq, live.head.seq);
    assert_eq!(bytes, live.snapshot(), "the store tells the same story as the actor");
    // The next one begins where this one ended.
    for order in 10..=19 {
        house.sell(10, order).await.unwrap();
    }
    house.node.raffles().tend().await;
    let later =
        wait_for(|| async { house.store.snapshot(stream(10)).await.unwrap().filter(|(later, _)| *later > seq) }).await;
    let live = house.node.read(stream(10), Live::clone).await.unwrap();
    assert_eq!(later, (live.head.seq, live.snapshot()));
}
