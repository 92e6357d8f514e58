//! What a simulation says it did, for an auditor who believes neither it nor the server.

use std::io;
use std::path::Path;

use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{DeviceId, OrderKey, RaffleId};
use drumroll_engine::money::Line;
use drumroll_engine::ticket::NumberRange;
use serde::{Deserialize, Serialize};

use crate::device::Device;
use crate::raffle::Raffle;

/// The whole report. Field names are public API: auditors' scripts read them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Format of this file.
    pub version: u32,
    /// The raffle.
    pub raffle_id: RaffleId,
    /// The seed, to run the same again.
    pub seed: u64,
    /// Whether every device has reported final and was acknowledged.
    pub all_final: bool,
    /// Why the simulation ended: `final`, `closed` or `interrupted`.
    pub ended: String,
    /// One entry per device.
    pub devices: Vec<DeviceReport>,
    /// Every sale that was made, acknowledged or not.
    pub sales: Vec<SaleReport>,
}

/// One device at the end.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceReport {
    /// Who.
    pub device_id: DeviceId,
    /// Its name.
    pub label: String,
    /// It was held offline on purpose.
    pub straggler: bool,
    /// Last record of its series.
    pub head_seq: u64,
    /// That record's hash.
    pub head: Bytes<32>,
    /// The last record the server acknowledged as durable.
    pub acknowledged_seq: u64,
    /// The final report, if it was written.
    pub final_seq: Option<u64>,
    /// The server accepted it.
    pub final_acknowledged: bool,
    /// Ranges leased.
    pub leases: Vec<NumberRange>,
    /// Numbers sold.
    pub numbers_used: u64,
    /// Money taken.
    pub amount_minor: u64,
    /// Why it stopped for good, if it did.
    pub stopped: Option<String>,
}

/// One sale.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaleReport {
    /// Who sold it.
    pub device_id: DeviceId,
    /// Where it stands in the series.
    pub seq: u64,
    /// The record's hash.
    pub record_hash: Bytes<32>,
    /// The order.
    pub order_key: OrderKey,
    /// The ticket's validation number, sixteen characters.
    pub validation_number: String,
    /// What was bought.
    pub lines: Vec<Line>,
    /// The draw numbers.
    pub ranges: Vec<NumberRange>,
    /// How many.
    pub numbers: u64,
    /// The price.
    pub price_minor: u64,
    /// Its currency.
    pub currency: String,
    /// Server time as the device estimated it.
    pub sold_at_us: u64,
    /// The server acknowledged it as durable.
    pub acked: bool,
    /// The engine's reason, if it was quarantined.
    pub quarantined: Option<String>,
    /// The seller marked it.
    pub misprinted: bool,
}

/// Adds what `device` did in `raffle_id` to the report.
pub(super) fn add(report: &mut Report, device: &Device, raffle_id: RaffleId, straggler: bool) {
    let enrolment = &device.identity().enrolment;
    let nothing = Raffle::new(raffle_id);
    let raffle = device.raffles().get(&raffle_id).unwrap_or(&nothing);
    report.devices.push(DeviceReport {
        device_id: enrolment.device_id,
        label: enrolment.label.clone(),
        straggler,
        head_seq: raffle.head_seq(),
        head: Bytes(raffle.head()),
        acknowledged_seq: raffle.acknowledged_seq,
        final_seq: raffle.final_seq,
        final_acknowledged: raffle.final_acknowledged,
        leases: raffle.leases.iter().map(|lease| lease.range).collect(),
        numbers_used: raffle.numbers_used,
        amount_minor: raffle.amount_minor,
        stopped: raffle.stopped.clone(),
    });
    let mut sales: Vec<SaleReport> = raffle
        .sales
        .values()
        .map(|ticket| SaleReport {
            device_id: enrolment.device_id,
            seq: ticket.seq,
            record_hash: Bytes(hash_of(raffle, ticket.seq)),
            order_key: ticket.sale.order_key,
            validation_number: ticket.sale.validation_number.to_compact(),
            lines: ticket.sale.lines.clone(),
            ranges: ticket.sale.ranges.clone(),
            numbers: ticket.sale.ranges.iter().map(NumberRange::count).sum(),
            price_minor: ticket.sale.price_minor,
            currency: ticket.sale.currency.to_string(),
            sold_at_us: ticket.sold_at_us,
            acked: ticket.seq <= raffle.acknowledged_seq,
            quarantined: raffle.quarantined.get(&ticket.seq).cloned(),
            misprinted: ticket.misprint.is_some(),
        })
        .collect();
    sales.sort_by_key(|sale| sale.seq);
    report.sales.append(&mut sales);
}

fn hash_of(raffle: &Raffle, seq: u64) -> [u8; 32] {
    let index = usize::try_from(seq).ok().and_then(|seq| seq.checked_sub(1));
    index.and_then(|index| raffle.hashes.get(index)).copied().unwrap_or_default()
}

/// Writes the report, whole or not at all.
pub(super) fn write(report: &Report, file: &Path) -> io::Result<()> {
    let draft = file.with_extension("tmp");
    std::fs::write(&draft, serde_json::to_vec_pretty(report)?)?;
    std::fs::rename(draft, file)
}
