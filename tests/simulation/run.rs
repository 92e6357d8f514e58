//! One run: a world of one seed, from the opening to the last look.

use crate::clients::Client;
use crate::cluster::{Cluster, RAFFLE, STREAM};
use crate::handheld::Handheld;
use crate::mutation::Mutation;
use crate::operator::Operator;
use crate::store::SimStore;
use crate::world::{Found, Lane, Plan, START, World, digest, lock};
use drumroll_actors::aggregate::Live;
use drumroll_engine::journal::Head;
use drumroll_engine::raffle::Raffle;
use drumroll_tests::auditor::Seen;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) seed: u64,
    pub(crate) plan: Plan,
    pub(crate) found: Vec<Found>,
    pub(crate) trace: Vec<String>,
    pub(crate) digest: String,
    pub(crate) seen: Seen,
}

thread_local! {
    /// Panics of the run on this thread. An engine that breaks an invariant panics, and its actor is rebuilt.
    static PANICS: Cell<u32> = const { Cell::new(0) };
    /// Whether panics are expected here.
    static MUTATED: Cell<bool> = const { Cell::new(false) };
}

/// Counts panics within runs; those of mutated ones are not printed.
pub(crate) fn count_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            if !MUTATED.get() {
                usual(info);
            }
        }));
    });
}

/// Runs one seed.
pub(crate) fn run(seed: u64, mutation: Option<Mutation>) -> Report {
    PANICS.set(0);
    MUTATED.set(mutation.is_some());
    let system = actix::System::with_tokio_rt(|| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().start_paused(true).build().expect("a runtime can be made")
    });
    let report = system.block_on(evening(seed, mutation));
    MUTATED.set(false);
    report
}

async fn evening(seed: u64, mutation: Option<Mutation>) -> Report {
    let world = World::new(seed, mutation);
    let cluster = Cluster::new(world.clone());
    let first = cluster.start();
    let lease = Arc::default();
    let plan = world.plan;
    let handhelds: Vec<Rc<Handheld>> =
        (0..plan.handhelds).map(|number| Handheld::new(&world, &cluster, number, Arc::clone(&lease))).collect();
    let client = |lane, name, number| Client::new(&world, &cluster, lane, name, number);
    let mut operator = Operator::new(client(Lane::Operator, "operator", 2), handhelds.clone());
    operator.set_up(&first).await;
    drop(first);
    world.set_rough(true);
    actix::spawn(cluster.clone().fate());
    for number in 0..plan.counters as u64 {
        actix::spawn(client(Lane::Counter, "counter", 100 + number).counter());
    }
    actix::spawn(client(Lane::Counter, "last moment", 120).last_moment());
    for number in 0..plan.buyers as u64 {
        actix::spawn(client(Lane::Buyer, "buyer", 140 + number).buyers());
    }
    for handheld in &handhelds {
        actix::spawn(handheld.clone().connections());
        actix::spawn(handheld.clone().seller());
    }
    let peace = world.clone();
    actix::spawn(async move {
        // The roughness has an end, or nothing could be asked of the evening.
        peace.until(Lane::Fate, peace.plan.window_s * 1_000 + 40_000).await;
        peace.set_rough(false);
        peace.note("nothing goes wrong from now on");
    });
    operator.run().await;
    world.set_rough(false);
    if world.findings().is_empty() {
        // Whoever still waits hears something, or gives up.
        world.pass(Lane::Operator, 15_000).await;
    }
    let seen = judge(&world, &cluster, &handhelds).await;
    let trace = world.trace();
    let digest = digest(&trace);
    Report { seed, plan, found: world.findings(), trace, digest, seen }
}

/// Looks at the store alone, and at what clients kept.
async fn judge(world: &Arc<World>, cluster: &Arc<Cluster>, handhelds: &[Rc<Handheld>]) -> Seen {
    let store = &world.store;
    let mut promised = Vec::new();
    for handheld in handhelds {
        let (records, sales) = handheld.testimony().await;
        promised.push((handheld.id.0, records));
        lock(&world.evidence).sales.extend(sales);
    }
    let audit = world.inspect();
    let evidence = lock(&world.evidence).clone();
    for conflict in store.conflicts() {
        world.find("RowRefused", conflict);
    }
    let panics = PANICS.get();
    if panics > 0 {
        world.find("Panicked", format!("{panics} times"));
    }
    printed_twice(world, &evidence);
    if let Some(account) = audit.raffles.get(&RAFFLE.0) {
        for (device, records) in promised {
            let durable = account.devices.get(&device).map_or(0, |device| device.last_seq);
            if durable < records {
                world.find("RecordsLost", format!("{records} were acknowledged, {durable} are there"));
            }
        }
        for (order, promised) in lock(&world.payments).iter() {
            let order = account.orders.get(order);
            let kept = order.is_some_and(|order| order.status == "paid" || order.refund_due);
            if !kept {
                world.find("PaymentLost", format!("{promised:?} was promised, on record is {order:?}"));
            }
        }
        if !world.plan.clock_jumps {
            let closed_ms = (account.closes_at - START.0) / 1_000;
            for (order, asked) in lock(&world.asked_at).iter() {
                if account.tickets.contains_key(order) && *asked >= closed_ms {
                    world.find("SoldAfterClose", format!("asked for at {asked}, closed at {closed_ms}"));
                }
            }
        }
    }
    if world.findings().is_empty() {
        memory_is_replay(world, cluster).await;
    }
    audit.seen
}

/// No number is on two pieces of paper, whoever printed them (I2).
fn printed_twice(world: &World, evidence: &drumroll_tests::auditor::evidence::Evidence) {
    let mut owners: BTreeMap<u64, [u8; 16]> = BTreeMap::new();
    for sale in &evidence.sales {
        for number in sale.ranges.iter().flat_map(|(first, last)| *first..=*last) {
            let owner = owners.entry(number).or_insert(sale.order);
            if *owner != sale.order {
                world.find("PrintedTwice", format!("number {number}, the second time by {}", sale.source));
                return;
            }
        }
    }
}

/// What a node has in memory is what the journal says, and so is a snapshot with the events after it (I6).
async fn memory_is_replay(world: &Arc<World>, cluster: &Arc<Cluster>) {
    let newest = cluster.up().last().cloned().unwrap_or_else(|| cluster.start());
    for (name, member) in [("memory", newest.clone()), ("snapshot and tail", cluster.start())] {
        let mut live = None;
        // The first try may find an owner that is overtaken in this moment.
        for _ in 0..8 {
            let read = tokio::time::timeout(Duration::from_secs(20), member.node.read(STREAM, Live::clone)).await;
            live = read.ok().and_then(Result::ok);
            if live.is_some() {
                break;
            }
            world.pass(Lane::Operator, 500).await;
        }
        match live {
            Some(live)
                if replayed(&world.store, live.head.seq)
                    .is_some_and(|(state, head)| (state, head) == (live.state.clone(), live.head)) => {}
            Some(live) => world.find("MemoryDiffers", format!("{name} at event {} is not the replay", live.head.seq)),
            None => world.find("Unreadable", format!("{name}: no answer")),
        }
    }
    newest.node.shut_down().await;
}

/// The journal's first events, applied one by one.
fn replayed(store: &SimStore, until: u64) -> Option<(Raffle, Head)> {
    let mut tail = store.records(STREAM, 0, u32::MAX).ok()?;
    tail.retain(|(record, _)| record.seq <= until);
    let mut live = Live::<Raffle>::empty(STREAM, 0);
    live.replay(&tail).ok()?;
    Some((live.state, live.head))
}
