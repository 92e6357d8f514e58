//! A handheld: it signs its series and knows nothing of the server but what it was told.

use super::world::{MANAGER, RAFFLE, bytes, id, order};
use crate::bytes::Bytes;
use crate::device::{
    DevicePayload, DeviceRecord, FinalReport, Misprint, MisprintReason, Payment, RecordDraft, Sale, SecretKey,
    VerifiedRecord, Version1,
};
use crate::id::DeviceId;
use crate::money::{Currency, Line, price};
use crate::raffle::Config;
use crate::ticket::{IssuerSlot, NumberRange, ValidationNumber};
use crate::time::Timestamp;

pub(super) struct Handheld {
    pub(super) label: String,
    pub(super) id: DeviceId,
    key: SecretKey,
    pub(super) slot: IssuerSlot,
    /// Leased and not used, as far as it knows.
    pub(super) free: Vec<NumberRange>,
    pub(super) leases: u32,
    /// Every record it ever made; forks and forgeries stand in `extra`.
    pub(super) series: Vec<DeviceRecord>,
    pub(super) report: FinalReport,
}

impl Handheld {
    pub(super) fn new(label: &str, slot: IssuerSlot) -> Self {
        Self {
            label: label.to_owned(),
            id: device(label),
            key: SecretKey::from_bytes(&bytes(label)),
            slot,
            free: Vec::new(),
            leases: 0,
            series: Vec::new(),
            report: FinalReport {
                v: Version1,
                last_sale_seq: 0,
                sales: 0,
                numbers_sold: 0,
                amount_minor: 0,
                misprints: 0,
                unused: Vec::new(),
            },
        }
    }

    /// The same handheld, to try something out.
    pub(super) fn copy(&self) -> Self {
        Self {
            free: self.free.clone(),
            leases: self.leases,
            series: self.series.clone(),
            report: self.report.clone(),
            ..Self::new(&self.label, self.slot)
        }
    }

    /// Takes a lease it does not have yet.
    pub(super) fn lease(&mut self, leased: &[NumberRange]) {
        for range in leased.iter().skip(self.leases as usize) {
            match self.free.last_mut() {
                Some(last) if last.last() + 1 == range.first() => {
                    *last = NumberRange::new(last.first(), range.last()).unwrap();
                }
                _ => self.free.push(*range),
            }
            self.leases += 1;
        }
    }

    /// The next `count` of its own numbers, or `None`.
    pub(super) fn take(&mut self, count: u64) -> Option<Vec<NumberRange>> {
        if count == 0 || self.free.iter().map(NumberRange::count).sum::<u64>() < count {
            return None;
        }
        let (mut taken, mut wanted) = (Vec::new(), count);
        while wanted > 0 {
            let front = self.free.remove(0);
            let part = NumberRange::starting_at(front.first(), wanted.min(front.count())).unwrap();
            if let Ok(rest) = NumberRange::new(part.last() + 1, front.last()) {
                self.free.insert(0, rest);
            }
            wanted -= part.count();
            taken.push(part);
        }
        Some(taken)
    }

    /// An honest sale by the frozen price list.
    pub(super) fn sale(&mut self, config: &Config, key: &str, lines: &[Line]) -> Option<Sale> {
        let priced = price(&config.packages, lines).ok()?;
        let ranges = self.take(priced.numbers)?;
        let random: [u8; 8] = bytes(&format!("{} validates {key}", self.label))[..8].try_into().unwrap();
        Some(Sale {
            v: Version1,
            order_key: order(key),
            validation_number: ValidationNumber::new(self.slot, random),
            lines: lines.to_vec(),
            ranges,
            price_minor: priced.price_minor,
            currency: Currency::new("CAD").unwrap(),
            salt: Bytes(bytes(key)),
            seller: Some(MANAGER),
            payment: Payment::Cash,
            terms_seq: 1,
        })
    }

    pub(super) fn misprint(&self, key: &str) -> DevicePayload {
        DevicePayload::Misprint(Misprint { v: Version1, order_key: order(key), reason: MisprintReason::PaperFault })
    }

    /// Its own account of the series.
    pub(super) fn final_report(&self) -> FinalReport {
        FinalReport { unused: self.free.clone(), ..self.report.clone() }
    }

    /// Signs the next record of the series. `stamp` is its estimate of the server's time.
    pub(super) fn record(&mut self, payload: &DevicePayload, stamp: Timestamp, error_ms: u32) -> u64 {
        let seq = self.series.len() as u64 + 1;
        let prev = self.series.last().map_or([0; 32], DeviceRecord::hash);
        let report = &mut self.report;
        match payload {
            DevicePayload::Sale(sale) => {
                report.sales += 1;
                report.last_sale_seq = seq;
                report.amount_minor = report.amount_minor.saturating_add(sale.price_minor);
                let numbers = sale.ranges.iter().fold(0u64, |sum, range| sum.saturating_add(range.count()));
                report.numbers_sold = report.numbers_sold.saturating_add(numbers);
            }
            DevicePayload::Misprint(_) => report.misprints += 1,
            DevicePayload::Final(_) => {}
        }
        let record = self.seal(payload, seq, prev, stamp, error_ms);
        self.series.push(record);
        seq
    }

    /// A record that need not continue the series.
    pub(super) fn seal(
        &self,
        payload: &DevicePayload,
        seq: u64,
        prev: [u8; 32],
        stamp: Timestamp,
        error_ms: u32,
    ) -> DeviceRecord {
        let (device_at_us, server_at_us) = (Timestamp(stamp.0 / 2), stamp);
        let draft =
            RecordDraft { device_id: self.id, raffle_id: RAFFLE, seq, device_at_us, server_at_us, error_ms, prev };
        draft.seal(payload, &self.key)
    }

    /// The same, with a payload that is no known text.
    pub(super) fn seal_text(&mut self, text: &str, stamp: Timestamp) -> u64 {
        let seq = self.series.len() as u64 + 1;
        let prev = self.series.last().map_or([0; 32], DeviceRecord::hash);
        let mut record = self.seal(&self.misprint("nothing"), seq, prev, stamp, 0);
        text.clone_into(&mut record.payload);
        record.signature = Bytes(self.key.sign("drumroll/device-record-sig/1", &record.hash()));
        self.series.push(record);
        seq
    }

    pub(super) fn verified(&self, record: DeviceRecord) -> VerifiedRecord {
        record.verify(&self.key.public()).expect("it signed this record itself")
    }

    pub(super) fn uploaded(&self, seq: u64) -> VerifiedRecord {
        let index = usize::try_from(seq - 1).expect("a test series is short");
        self.verified(self.series[index].clone())
    }
}

pub(super) fn device(label: &str) -> DeviceId {
    DeviceId(id(label))
}
