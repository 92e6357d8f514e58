//! What handhelds do in scripts.
//!
//! ```text
//! join d1                                  -> slot 1
//! reserve d1                               -> leased 701..750
//! d1 sells k1 2x1 at 10s                   -> accepted        # signed and uploaded at once
//! d1 sells k2 1x1 at 20s kept=yes          -> record 2        # signed, still on the handheld
//! d1 uploads 2 at 50s                      -> accepted
//! d1 final                                 -> accepted
//! ```
//!
//! A record is stamped with the present time unless `stamp=` says otherwise. `numbers=`, `price=`,
//! `slot=`, `validation=`, `currency=` make a sale that is not honest.

use super::handheld::{Handheld, device};
use super::script::{Words, minor, number, ranges, refused, time, told};
use super::world::{World, bytes};
use crate::device::{DevicePayload, FinalReport};
use crate::money::Currency;
use crate::raffle::{Answer, Command, acknowledge_notice, join_device, record_device, reserve_range};
use crate::ticket::{IssuerSlot, ValidationNumber};

pub(super) const VERBS: [&str; 3] = ["join", "reserve", "know"];

pub(super) fn run(words: &Words, world: &mut World) -> String {
    match words.words.as_slice() {
        ["join", label] => join(world, label),
        ["reserve", label, rest @ ..] => {
            let wanted = rest.first().map_or(u64::MAX, |wanted| number(wanted));
            let made_seq = match words.option("made") {
                Some(made) => number(made),
                None => world.handhelds.get(*label).map_or(0, |handheld| handheld.series.len() as u64),
            };
            let lease_no = match words.option("no") {
                Some(lease_no) => number(lease_no),
                None => world.handhelds.get(*label).map_or(0, |handheld| handheld.leases) + 1,
            };
            let command = reserve_range::ReserveRange { device: device(label), lease_no, wanted, made_seq };
            let answer = words.give(world, Command::ReserveRange(command));
            if words.option("lost").is_none() {
                learn_leases(world, label);
            }
            answer
        }
        ["know", label, closes_at, rest @ ..] => {
            let suspended = rest == ["suspended"];
            let (device, closes_at) = (device(label), time(closes_at));
            let command = acknowledge_notice::AcknowledgeNotice { device, closes_at, suspended };
            words.give(world, Command::AcknowledgeNotice(command))
        }
        [label, "uploads", seq] => upload(words, world, label, number(seq)),
        [label, "forks", seq, key, ..] => fork(words, world, label, number(seq), key),
        [label, ..] => {
            let mut handheld = world.handhelds.remove(*label).expect("a handheld that joined");
            let seq = make(words, world, &mut handheld);
            world.handhelds.insert((*label).to_owned(), handheld);
            if words.option("kept").is_some() { format!("record {seq}") } else { upload(words, world, label, seq) }
        }
        [] => unreachable!("a line has words"),
    }
}

/// Tells a handheld every lease it was given, as the terms after a reconnect do.
pub(super) fn learn_leases(world: &mut World, label: &str) {
    let leased = world.raffle.devices.get(&device(label)).map(|device| device.leased.clone()).unwrap_or_default();
    if let Some(handheld) = world.handhelds.get_mut(label) {
        handheld.lease(&leased);
    }
}

pub(super) fn join(world: &mut World, label: &str) -> String {
    let command = join_device::JoinDevice { device: device(label), label: label.to_owned() };
    let outcome = world.give(Command::JoinDevice(command));
    if let Ok(Answer::Joined(slot)) = outcome.answer {
        world.handhelds.entry(label.to_owned()).or_insert_with(|| Handheld::new(label, slot));
    }
    told(&outcome)
}

fn upload(words: &Words, world: &mut World, label: &str, seq: u64) -> String {
    let record = world.handhelds[label].uploaded(seq);
    words.give(world, Command::RecordDevice(Box::new(record_device::RecordDevice { record })))
}

/// Makes the next record of the series.
fn make(words: &Words, world: &World, handheld: &mut Handheld) -> u64 {
    let stamp = words.option("stamp").map_or(world.now, time);
    let error_ms = words.option("error").map_or(0, |error| number(error.trim_end_matches("ms")));
    let payload = match words.word(1) {
        "sells" => sale(words, world, handheld, words.word(2)),
        "marks" => handheld.misprint(words.word(2)),
        "final" => DevicePayload::Final(report(words, handheld)),
        "babbles" => return handheld.seal_text("{\"type\":\"refund\",\"v\":1}", stamp),
        verb => panic!("handhelds cannot {verb}"),
    };
    handheld.record(&payload, stamp, error_ms)
}

fn sale(words: &Words, world: &World, handheld: &mut Handheld, key: &str) -> DevicePayload {
    let config = world.raffle.config.as_ref().expect("a raffle that opened");
    let kept = handheld.free.clone();
    let mut sale = handheld.sale(config, key, &words.lines(3)).expect("the handheld has numbers for it");
    if let Some(numbers) = words.option("numbers") {
        handheld.free = kept;
        sale.ranges = ranges(numbers);
    }
    if let Some(price) = words.option("price") {
        sale.price_minor = minor(price);
    }
    if let Some(currency) = words.option("currency") {
        sale.currency = Currency::new(currency).expect("a currency");
    }
    if let Some(slot) = words.option("slot") {
        sale.validation_number = ValidationNumber::new(IssuerSlot::new(number(slot)).unwrap(), [9; 8]);
    }
    if let Some(other) = words.option("validation") {
        let random = bytes(&format!("{} validates {other}", handheld.label));
        sale.validation_number = ValidationNumber::new(handheld.slot, random[..8].try_into().unwrap());
    }
    DevicePayload::Sale(sale)
}

fn report(words: &Words, handheld: &Handheld) -> FinalReport {
    let mut report = handheld.final_report();
    if let Some(sales) = words.option("sales") {
        report.sales = number(sales);
    }
    if let Some(sold) = words.option("sold") {
        report.numbers_sold = number(sold);
    }
    if let Some(amount) = words.option("amount") {
        report.amount_minor = minor(amount);
    }
    if let Some(last) = words.option("last") {
        report.last_sale_seq = number(last);
    }
    if let Some(unused) = words.option("unused") {
        report.unused = ranges(unused);
    }
    report
}

/// Uploads another record under a sequence number that is taken: a series restored from a copy.
fn fork(words: &Words, world: &mut World, label: &str, seq: u64, key: &str) -> String {
    let mut handheld = world.handhelds.remove(label).expect("a handheld that joined");
    let config = world.raffle.config.clone().expect("a raffle that opened");
    let sale = handheld.sale(&config, key, &words.lines(4)).expect("the handheld has numbers for it");
    let prev = seq.checked_sub(2).map_or([0; 32], |index| handheld.series[usize::try_from(index).unwrap()].hash());
    let record = handheld.seal(&DevicePayload::Sale(sale), seq, prev, world.now, 0);
    let record = handheld.verified(record);
    world.handhelds.insert(label.to_owned(), handheld);
    match world.give(Command::RecordDevice(Box::new(record_device::RecordDevice { record }))) {
        super::world::Outcome { answer: Err(rejection), .. } => refused(&rejection),
        outcome => told(&outcome),
    }
}
