//! What must hold at every sequence number, counted anew from the orders.

use crate::money::Line;
use crate::raffle::{
    Channel, Claim, DeviceStatus, Order, OrderState, PoolKind, Quarantined, Raffle, Refund, Resolution, Status, Tally,
};
use crate::ticket::NumberRange;
use std::collections::{BTreeMap, BTreeSet};

/// Panics when the state contradicts itself.
pub(super) fn audit(raffle: &Raffle) {
    if raffle.opened_at.is_none() {
        assert!(raffle.orders.is_empty() && raffle.devices.is_empty() && raffle.draws.is_empty());
        return;
    }
    identities(raffle);
    ownership(raffle);
    money(raffle);
    devices(raffle);
    indexes(raffle);
    draws(raffle);
}

fn sum<'a>(orders: impl Iterator<Item = &'a Order>) -> u64 {
    orders.map(|order| u64::from(order.numbers)).sum()
}

fn held(order: &Order) -> bool {
    matches!(order.state, OrderState::Held { .. })
}

/// I4, D-02: sold + voided + held + reserved + out of play + unsold = the number range, per pool and in total.
fn identities(raffle: &Raffle) {
    let config = raffle.config.as_ref().expect("an opened raffle is configured");
    assert_eq!(raffle.identity().total(), config.numbers.count(), "I4 in total");
    for pool in &raffle.pools {
        let counted = raffle.pool_identity(pool.kind);
        assert_eq!(counted.total(), pool.share.count(), "I4 in pool {:?}", pool.kind);
        let orders = || raffle.orders.values().filter(|order| order.channel.pool() == pool.kind);
        assert_eq!(counted.sold, sum(orders().filter(|order| order.eligible())), "sold in {:?}", pool.kind);
        assert_eq!(counted.voided, sum(orders().filter(|order| order.state == OrderState::Voided)), "voided");
        assert_eq!(counted.held, sum(orders().filter(|order| held(order))), "held in {:?}", pool.kind);
        assert!(pool.held <= pool.free_count(), "more is held than free");
    }
}

/// I2, T-05: no number has two owners, and each lies where its order may sell.
fn ownership(raffle: &Raffle) {
    let mut owned: Vec<NumberRange> = Vec::new();
    for (key, order) in &raffle.orders {
        let Some(ticket) = &order.ticket else { continue };
        assert_eq!(ticket.ranges.iter().map(NumberRange::count).sum::<u64>(), u64::from(order.numbers), "{key}");
        let share = raffle.pool(order.channel.pool()).expect("an order has a pool").share;
        assert!(ticket.ranges.iter().all(|range| share.contains_range(range)), "{key} lies outside its pool");
        owned.extend(ticket.ranges.iter());
    }
    disjoint(owned, "I2: a number is owned twice");
    let leased: Vec<NumberRange> = raffle.devices.values().flat_map(|device| device.leased.clone()).collect();
    if let Some(pool) = raffle.pool(PoolKind::Rsu) {
        assert!(leased.iter().all(|range| pool.share.contains_range(range)));
    }
    disjoint(leased, "a number is leased twice");
}

fn disjoint(mut ranges: Vec<NumberRange>, complaint: &str) {
    ranges.sort_unstable();
    for pair in ranges.windows(2) {
        assert!(pair[0].last() < pair[1].first(), "{complaint}: {} and {}", pair[0], pair[1]);
    }
}

/// I5: order lines = gross = channels = packages, to the cent.
fn money(raffle: &Raffle) {
    let config = raffle.config.as_ref().expect("an opened raffle is configured");
    let listed = |line: &Line| config.packages.iter().find(|package| package.id == line.package).expect("is listed");
    let mut channels = [Tally::default(); 4];
    let mut packages: BTreeMap<u32, Tally> = BTreeMap::new();
    let mut lines_minor = 0;
    for order in raffle.orders.values() {
        let price: u64 = order.lines.iter().map(|line| listed(line).price_minor * u64::from(line.quantity)).sum();
        assert_eq!(order.price_minor, price, "an order costs what its lines cost");
        if order.ticket.is_none() {
            continue;
        }
        lines_minor += price;
        let voided = order.state == OrderState::Voided;
        let index = Channel::ALL.iter().position(|channel| *channel == order.channel).unwrap();
        add(&mut channels[index], 1, u64::from(order.numbers), price, voided);
        for line in &order.lines {
            let (quantity, package) = (u64::from(line.quantity), listed(line));
            let (numbers, minor) = (u64::from(package.numbers) * quantity, package.price_minor * quantity);
            add(packages.entry(line.package).or_default(), quantity, numbers, minor, voided);
        }
    }
    assert_eq!(raffle.channels, channels, "I5: channel tallies");
    assert_eq!(raffle.packages, packages, "I5: package tallies");
    let total = raffle.total();
    assert_eq!(total.gross_minor, lines_minor, "I5: gross is the sum of the lines");
    assert_eq!(total.gross_minor, packages.values().map(|tally| tally.gross_minor).sum::<u64>());
    assert_eq!(total.voided_minor, packages.values().map(|tally| tally.voided_minor).sum::<u64>());
    assert_eq!(raffle.net_minor(), total.gross_minor - total.voided_minor);
    for package in &config.packages {
        let promised = packages.get(&package.id).map_or(0, |tally| tally.count)
            + raffle.packages_held.get(&package.id).copied().unwrap_or(0);
        assert!(package.stock.is_none_or(|stock| promised <= u64::from(stock)), "package {} oversold", package.id);
    }
}

fn add(tally: &mut Tally, count: u64, numbers: u64, minor: u64, voided: bool) {
    tally.count += count;
    tally.numbers += numbers;
    tally.gross_minor += minor;
    if voided {
        tally.voided_count += count;
        tally.voided_numbers += numbers;
        tally.voided_minor += minor;
    }
}

/// I4 and I5 per handheld: every leased number has one fate.
fn devices(raffle: &Raffle) {
    let mut slots = BTreeSet::new();
    for (id, device) in &raffle.devices {
        assert!(device.slot.get() > 0 && slots.insert(device.slot.get()), "an issuer slot is given once");
        let counted = device.identity();
        assert_eq!(counted.total(), device.leased_count(), "I4 of {}", device.label);
        let orders = || {
            let own = raffle.orders.values().filter(|order| order.slot == device.slot.get());
            own.filter(|order| order.ticket.is_some())
        };
        let voided = || orders().filter(|order| order.state == OrderState::Voided);
        assert_eq!(counted.sold, sum(orders().filter(|order| order.eligible())));
        assert_eq!(counted.voided, sum(voided()));
        assert_eq!((device.tickets, device.voided_tickets), (orders().count() as u64, voided().count() as u64));
        assert_eq!(device.gross_minor, orders().map(|order| order.price_minor).sum::<u64>());
        assert_eq!(device.voided_minor, voided().map(|order| order.price_minor).sum::<u64>());
        let waiting: u64 = raffle
            .quarantine
            .iter()
            .filter(|((owner, _), entry)| owner == id && waits(raffle, entry))
            .flat_map(|(_, entry)| &entry.sale.as_ref().expect("what waits has a sale").ranges)
            .map(NumberRange::count)
            .sum();
        let unused: u64 = device.unused().iter().map(NumberRange::count).sum();
        let expected = if device.status == DeviceStatus::Joined { unused + waiting } else { waiting };
        assert_eq!(counted.reserved, expected, "numbers of unknown fate of {}", device.label);
    }
}

/// Whether the numbers of a sale that was set aside are neither sold nor out of the game: nothing is
/// decided yet, or it was accepted by this very event and its sale is the next one.
fn waits(raffle: &Raffle, entry: &Quarantined) -> bool {
    let sold = entry.sale.as_ref().is_some_and(|sale| raffle.validations.contains(&sale.validation));
    match entry.resolution {
        None => entry.open() && entry.claim == Claim::Reserved,
        Some(Resolution::Accepted) => !sold && entry.claim != Claim::Nothing,
        Some(Resolution::Refunded) => false,
    }
}

/// The indexes beside the orders say what the orders say.
fn indexes(raffle: &Raffle) {
    let orders = || raffle.orders.iter();
    let holds: BTreeSet<_> = orders()
        .filter_map(|(key, order)| match order.state {
            OrderState::Held { expires_at } => Some((expires_at, *key)),
            _ => None,
        })
        .collect();
    assert_eq!(raffle.holds, holds);
    let misprints: BTreeSet<_> =
        orders().filter(|(_, order)| order.state == OrderState::Misprinted).map(|(key, _)| *key).collect();
    assert_eq!(raffle.misprints_open, misprints);
    let due: BTreeSet<_> = orders().filter(|(_, order)| order.refund == Refund::Due).map(|(key, _)| *key).collect();
    assert_eq!(raffle.refunds_due, due);
    let tickets = || raffle.orders.values().filter_map(|order| order.ticket.as_ref());
    let validations: BTreeSet<_> = tickets().map(|ticket| ticket.validation).collect();
    assert_eq!(validations.len(), tickets().count(), "T-03: a validation number was given twice");
    assert_eq!(raffle.validations, validations);
    assert!(raffle.status.on_sale() || raffle.holds.is_empty(), "a hold outlived the sales");
}

/// I9: nothing of a draw exists before the acknowledgement, and each part only after the one before it.
fn draws(raffle: &Raffle) {
    let acknowledged = matches!(raffle.status, Status::Reconciled | Status::Finalized);
    assert_eq!(raffle.acknowledgement.is_some(), acknowledged, "the acknowledgement stands exactly while reconciled");
    for draw in &raffle.draws {
        assert!(draw.lock.is_none() || acknowledged, "I9: a seal without an acknowledgement");
        assert!(draw.house_reveal.is_none() || draw.lock.is_some());
        assert!(draw.proof.is_none() || draw.house_reveal.is_some());
        assert!(draw.result.is_none() || draw.proof.is_some());
        assert_eq!(raffle.plan(draw.draw_no).unwrap().hash().0, draw.plan_hash.0, "the plan is the frozen one");
        let Some(result) = &draw.result else { continue };
        let sold = raffle.sold_ledger();
        for slot in &result.slots {
            let ends = |range: &&crate::ledger::SoldRange| range.first <= slot.number && slot.number <= range.last;
            assert!(sold.iter().any(|range| ends(&range)), "D-04: {} was not sold", slot.number);
        }
    }
}
