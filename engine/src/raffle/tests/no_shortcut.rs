//! L-06, I9: an exhaustive search for a way to a sealed ledger, or back to selling.

use super::script::say;
use super::world::{World, config, order};
use crate::raffle::{DrawStatus, OrderState};
use std::collections::{BTreeSet, VecDeque};

const ACTIONS: [&str; 27] = [
    "sell c1 1x1",
    "hold o1 1x1",
    "pay o1",
    "decline o1",
    "void c1",
    "mark c1",
    "clear c1",
    "suspend",
    "resume",
    "close to 20s",
    "extend to 9000s",
    "tick",
    "tick at 9000s",
    "join d1",
    "reserve d1",
    "d1 final",
    "lose d1 with colleague",
    "start",
    "reopen",
    "cancel with colleague",
    "finalize",
    "lock",
    "reveal",
    "prove",
    "draw",
    "publish",
    "settle",
];

/// What makes two states different for the search: everything a status or a refusal depends on.
fn essence(world: &World) -> String {
    let raffle = &world.raffle;
    let state = |key: &str| {
        raffle.orders.get(&order(key)).map(|order| match order.state {
            OrderState::Held { .. } => "held".to_owned(),
            other => format!("{other:?}"),
        })
    };
    let devices: Vec<_> = raffle.devices.values().map(|device| (device.settled(), device.leased.len())).collect();
    let draws: Vec<_> = raffle.draws.iter().map(|draw| (draw.status, draw.house_reveal.is_some())).collect();
    format!(
        "{:?} {:?} {:?} {devices:?} {draws:?} due {} ack {}",
        raffle.status,
        state("c1"),
        state("o1"),
        world.now >= raffle.closes_at,
        raffle.acknowledgement.is_some(),
    )
}

/// Visits every state that can be reached by `actions`, whatever their order and number.
fn search(actions: &[&str], mut visit: impl FnMut(&World)) -> usize {
    let mut start = World::open(config());
    start.now = super::world::instant(10_000_000);
    let mut seen = BTreeSet::from([essence(&start)]);
    let mut waiting = VecDeque::from([start.branch()]);
    while let Some(world) = waiting.pop_front() {
        visit(&world);
        for action in actions {
            if action.starts_with("d1") && !world.handhelds.contains_key("d1") {
                continue;
            }
            let mut next = world.branch();
            let (_, at) = (say(&mut next, action), next.now);
            next.now = at.max(world.now);
            if seen.insert(essence(&next)) {
                waiting.push_back(next);
            }
        }
    }
    seen.len()
}

#[test]
fn l06_i9_nothing_reaches_a_lock_without_an_acknowledgement() {
    let states = search(&ACTIONS, |world| {
        let raffle = &world.raffle;
        assert!(!raffle.locked() && raffle.acknowledgement.is_none());
        assert!(raffle.draws.iter().all(|draw| matches!(draw.status, DrawStatus::Planned | DrawStatus::Cancelled)));
    });
    assert!(states > 300, "the search found {states} states only");
}

#[test]
fn l06_with_it_the_draw_is_reached_and_every_state_is_sound() {
    let mut reached = BTreeSet::new();
    let states = search(&[ACTIONS.as_slice(), &["acknowledge", "cancel draw"]].concat(), |world| {
        world.audit();
        reached.extend(world.raffle.draws.iter().map(|draw| draw.status));
        reached.extend(world.raffle.status.on_sale().then_some(DrawStatus::Planned));
    });
    assert_eq!(reached.len(), 8, "every draw status is reached: {reached:?}");
    assert!(states > 500, "the search found {states} states only");
}
