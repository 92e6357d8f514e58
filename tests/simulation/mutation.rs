//! Deliberate bugs. Each sits in the simulated parts or in what stands around the real ones, so that the code
//! under test has no switch for it; some seed must catch every one.

use drumroll_actors::aggregate::Live;
use drumroll_actors::store::{Loaded, StreamId};
use drumroll_engine::id::RaffleId;
use drumroll_engine::money::PrizeRule;
use drumroll_engine::raffle::{Acknowledgement, DrawStatus, OrderState, Pool, PoolKind, Raffle, Resolution, Status};
use drumroll_engine::time::{Span, Timestamp};
use serde_json::Value;

/// A deliberate bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutation {
    // The store's contract.
    /// Appends are taken whatever their epoch and sequence number.
    SkipFence,
    /// A repeated batch goes in a second time.
    RepeatIsNew,
    /// Half of the events of a batch go in, and all are answered for.
    HalfBatch,
    /// Events of several decisions go in without their rows.
    RowsForgotten,
    /// What was committed in the last moments is gone after a power cut.
    DiskLies,
    /// The events after a snapshot come without the first of them.
    TailSkipsOne,
    // Write-behind.
    /// Callers are answered before the commit.
    AckBeforeCommit,
    /// A failed commit counts as done.
    ErrorIsSuccess,
    /// A decision that was fenced off counts as done.
    FencedIsCommitted,
    // The engine's memory: what an owner knows after it was rebuilt.
    /// The last order's key is forgotten.
    ForgetsKey,
    /// The counter's numbers are handed out from the beginning again.
    ReusesRange,
    /// Handhelds' numbers are leased from the beginning again.
    LeasesTwice,
    /// Sales close a microsecond late.
    ClosesLate,
    /// The prize is a cent too high.
    RoundsUp,
    /// An unpaid order is forgotten, but not its numbers.
    ForgetsHold,
    /// A hold can be paid ten seconds too late.
    HoldLingers,
    /// A handheld's last record is forgotten.
    ForgetsRecord,
    /// A sale set aside counts as decided.
    ForgetsQuarantine,
    /// The raffle counts as reconciled although nobody acknowledged.
    DrawsTooEarly,
    // The device protocol.
    /// Uploads are acknowledged before the server has them.
    AcksUnseen,
    /// Every handheld is told that it has the first one's numbers.
    SharesLease,
    /// A handheld is not told that a sale of its was set aside.
    HidesVerdict,
    // The edge.
    /// Every try of a sale gets a key of its own.
    NewKeyPerTry,
    /// The node's clock is three seconds slow.
    SlowClock,
}

/// All of them, with their place.
pub(crate) const ALL: &[(&str, Mutation)] = &[
    ("store", Mutation::SkipFence),
    ("store", Mutation::RepeatIsNew),
    ("store", Mutation::HalfBatch),
    ("store", Mutation::RowsForgotten),
    ("store", Mutation::DiskLies),
    ("store", Mutation::TailSkipsOne),
    ("write-behind", Mutation::AckBeforeCommit),
    ("write-behind", Mutation::ErrorIsSuccess),
    ("write-behind", Mutation::FencedIsCommitted),
    ("engine", Mutation::ForgetsKey),
    ("engine", Mutation::ReusesRange),
    ("engine", Mutation::LeasesTwice),
    ("engine", Mutation::ClosesLate),
    ("engine", Mutation::RoundsUp),
    ("engine", Mutation::ForgetsHold),
    ("engine", Mutation::HoldLingers),
    ("engine", Mutation::ForgetsRecord),
    ("engine", Mutation::ForgetsQuarantine),
    ("engine", Mutation::DrawsTooEarly),
    ("device protocol", Mutation::AcksUnseen),
    ("device protocol", Mutation::SharesLease),
    ("device protocol", Mutation::HidesVerdict),
    ("edge", Mutation::NewKeyPerTry),
    ("edge", Mutation::SlowClock),
];

/// What an owner gets to remember: with one of the engine's mutations a raffle comes back as one whose
/// events were applied wrongly.
pub(crate) fn remember(mutation: Option<Mutation>, stream: StreamId, loaded: Loaded) -> Loaded {
    let Some(mutation) = mutation.filter(|_| stream.raffle != RaffleId::NIL && loaded.head.seq > 0) else {
        return loaded;
    };
    let Ok(mut live) = Live::<Raffle>::load(stream, &loaded) else { return loaded };
    if !corrupt(mutation, &mut live.state, live.head.at, &loaded) {
        return loaded;
    }
    let snapshot = Some((live.head.seq, live.snapshot()));
    Loaded { snapshot, tail: Vec::new(), ..loaded }
}

/// Whether there was something to get wrong.
fn corrupt(mutation: Mutation, raffle: &mut Raffle, at: Timestamp, loaded: &Loaded) -> bool {
    match mutation {
        Mutation::ForgetsKey => {
            let newest = raffle.orders.iter().filter(|(_, order)| order.state == OrderState::Sold);
            let newest = newest.max_by_key(|(key, order)| (order.ticket.as_ref().map(|it| it.sold_at), **key));
            let newest = newest.map(|(key, _)| *key);
            newest.is_some_and(|key| raffle.orders.remove(&key).is_some())
        }
        Mutation::ReusesRange => rewind(raffle, PoolKind::Internal),
        Mutation::LeasesTwice => rewind(raffle, PoolKind::Rsu),
        Mutation::ClosesLate => {
            raffle.closes_at = raffle.closes_at + Span(1);
            raffle.status.on_sale()
        }
        Mutation::RoundsUp => {
            let rules = raffle.config.iter_mut().flat_map(|config| &mut config.prizes).map(|prize| &mut prize.rule);
            let mut changed = false;
            for rule in rules {
                if let PrizeRule::Percentage { seed_minor, .. } = rule {
                    *seed_minor += 1;
                    changed = true;
                }
            }
            changed
        }
        Mutation::ForgetsHold => raffle.holds.pop_first().is_some(),
        Mutation::HoldLingers => {
            let later = |at: Timestamp| at + Span::seconds(10);
            raffle.holds = raffle.holds.iter().map(|(at, order)| (later(*at), *order)).collect();
            for order in raffle.orders.values_mut() {
                if let OrderState::Held { expires_at } = &mut order.state {
                    *expires_at = later(*expires_at);
                }
            }
            !raffle.holds.is_empty()
        }
        Mutation::ForgetsRecord => forget_record(raffle, loaded),
        Mutation::ForgetsQuarantine => {
            let mut changed = false;
            for entry in raffle.quarantine.values_mut().filter(|entry| entry.open()) {
                entry.resolution = Some(Resolution::Refunded);
                changed = true;
            }
            changed
        }
        Mutation::DrawsTooEarly => {
            let undecided = matches!(raffle.status, Status::Closing | Status::Reconciling) && raffle.total().count > 0;
            if undecided {
                raffle.status = Status::Reconciled;
                raffle.draws.iter_mut().for_each(|draw| draw.status = DrawStatus::Acknowledged);
                raffle.acknowledgement = Some(Box::new(Acknowledgement {
                    by: crate::cluster::MANAGER,
                    at,
                    statement: "nobody said so".to_owned(),
                    counts: raffle.identity(),
                    net_minor: raffle.net_minor(),
                    prizes: raffle.prize_values(),
                }));
            }
            undecided
        }
        _ => false,
    }
}

/// The pool's numbers are all free again.
fn rewind(raffle: &mut Raffle, kind: PoolKind) -> bool {
    let Some(pool) = raffle.pools.iter_mut().find(|pool| pool.kind == kind) else { return false };
    let (held, sold, voided) = (pool.held, pool.sold, pool.voided);
    let used = pool.free_count() < pool.share.count();
    *pool = Pool::new(kind, pool.share);
    (pool.held, pool.sold, pool.voided) = (held, sold, voided);
    used
}

/// The last record of a handheld, with what it brought, was never applied.
fn forget_record(raffle: &mut Raffle, loaded: &Loaded) -> bool {
    let Some((id, device)) = raffle.devices.iter_mut().find(|(_, device)| device.last_seq > 1 && !device.settled())
    else {
        return false;
    };
    let before = device.last_seq - 1;
    let hash = loaded.tail.iter().find_map(|(record, _)| {
        let payload: Value = serde_json::from_slice(&record.payload).ok()?;
        let body = &payload["body"];
        [&body["sale"]["device_record"], &body["record"], &body["device_record"]].into_iter().find_map(|record| {
            let theirs = record["device"] == id.to_string() && record["seq"] == before;
            theirs.then(|| record["hash"].as_str().map(str::to_owned)).flatten()
        })
    });
    let Some(hash) = hash.and_then(|hash| drumroll_engine::hex::decode_array::<32>(&hash)) else { return false };
    device.last_seq = before;
    device.head = drumroll_engine::bytes::Bytes(hash);
    true
}
