//! What the device knows of one raffle, rebuilt from its facts and records.
//!
//! A view is never stored. The same code folds facts and records at start and as they are made, and it
//! refuses what does not add up: a series that sells numbers the device never had is damage, however
//! well it is signed.

use std::collections::{BTreeMap, BTreeSet};

use drumroll_engine::device::{DevicePayload, FinalReport, GENESIS, MisprintReason, Sale, VerifiedRecord, Version1};
use drumroll_engine::id::{OrderKey, RaffleId};
use drumroll_engine::money::Line;
use drumroll_engine::ticket::{IssuerSlot, NumberRange, ValidationNumber};
use drumroll_protocol::{DeviceState, Lease, Notice, NoticeKind, RaffleStatus, Terms};

use crate::sell::warns;
use crate::store::Fact;

/// What does not add up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Contradiction(pub String);

fn contradiction<T>(detail: impl Into<String>) -> Result<T, Contradiction> {
    Err(Contradiction(detail.into()))
}

/// What binds the device: the latest of terms and notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Where it stands among the raffle's events.
    pub as_of_seq: u64,
    /// The raffle's status.
    pub status: RaffleStatus,
    /// When sales stop, microseconds of server time.
    pub closes_at_us: u64,
    /// What the server last said to the seller.
    pub reason: Option<String>,
}

/// One sale of the series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoldTicket {
    /// Its record.
    pub seq: u64,
    /// Server time of the sale as the device estimated it.
    pub sold_at_us: u64,
    /// What was sold.
    pub sale: Sale,
    /// Set once the seller marked it (T-09).
    pub misprint: Option<MisprintReason>,
}

/// One raffle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raffle {
    /// Which.
    pub id: RaffleId,
    /// The latest terms.
    pub terms: Option<Terms>,
    /// The latest of terms and notices.
    pub binding: Option<Binding>,
    /// The numbers, in the order in which they are sold.
    pub leases: Vec<Lease>,
    /// Slot of the validation numbers.
    pub issuer_slot: Option<IssuerSlot>,
    /// Hash of each record; `hashes[seq - 1]`.
    pub hashes: Vec<[u8; 32]>,
    /// Money in each record, 0 for those that are no sale.
    amounts: Vec<u64>,
    /// The sales by order.
    pub sales: BTreeMap<OrderKey, SoldTicket>,
    validation_numbers: BTreeSet<[u8; 10]>,
    /// How often each sale's ticket was printed.
    pub prints: BTreeMap<u64, u32>,
    /// Numbers sold.
    pub numbers_used: u64,
    /// Money taken.
    pub amount_minor: u64,
    /// Misprint marks.
    pub misprints: u64,
    last_sale_seq: u64,
    /// The last record that is durable at the server.
    pub acknowledged_seq: u64,
    /// Records the server did not accept, with the reason.
    pub quarantined: BTreeMap<u64, String>,
    /// The final report, once written.
    pub final_seq: Option<u64>,
    /// The server accepted it.
    pub final_acknowledged: bool,
    /// Set for good when device and server disagree.
    pub stopped: Option<String>,
}

impl Raffle {
    /// A raffle of which nothing is known.
    pub fn new(id: RaffleId) -> Self {
        Self {
            id,
            terms: None,
            binding: None,
            leases: Vec::new(),
            issuer_slot: None,
            hashes: Vec::new(),
            amounts: Vec::new(),
            sales: BTreeMap::new(),
            validation_numbers: BTreeSet::new(),
            prints: BTreeMap::new(),
            numbers_used: 0,
            amount_minor: 0,
            misprints: 0,
            last_sale_seq: 0,
            acknowledged_seq: 0,
            quarantined: BTreeMap::new(),
            final_seq: None,
            final_acknowledged: false,
            stopped: None,
        }
    }

    /// The last record.
    pub fn head_seq(&self) -> u64 {
        self.hashes.len() as u64
    }

    /// Its hash.
    pub fn head(&self) -> [u8; 32] {
        self.hashes.last().copied().unwrap_or(GENESIS)
    }

    /// Records the server does not hold.
    pub fn unsynced_records(&self) -> u64 {
        self.head_seq() - self.acknowledged_seq
    }

    /// Money in those records.
    pub fn unsynced_minor(&self) -> u64 {
        self.amounts.iter().skip(usize::try_from(self.acknowledged_seq).unwrap_or(usize::MAX)).sum()
    }

    /// Numbers leased in all.
    pub fn numbers_leased(&self) -> u64 {
        self.leases.iter().map(|lease| lease.range.count()).sum()
    }

    /// Numbers that can still be sold.
    pub fn numbers_left(&self) -> u64 {
        self.numbers_leased() - self.numbers_used
    }

    /// Whether 80 % of the last lease is used, or there is none.
    pub fn numbers_are_low(&self) -> bool {
        let last = self.leases.last().map_or(0, |lease| lease.range.count());
        warns(last.saturating_sub(self.numbers_left()), last)
    }

    /// Whether sales are over for good, as the server said.
    pub fn sales_are_over(&self) -> bool {
        self.binding.as_ref().is_some_and(|binding| binding.status.sales_are_over())
    }

    /// Whether a validation number is taken.
    pub fn validation_is_taken(&self, number: &ValidationNumber) -> bool {
        self.validation_numbers.contains(&number.to_bytes())
    }

    /// The next `count` unsold numbers, `None` if there are fewer. Sequential through the leases.
    pub fn next_ranges(&self, count: u64) -> Option<Vec<NumberRange>> {
        let (mut skip, mut wanted, mut ranges) = (self.numbers_used, count, Vec::<NumberRange>::new());
        for lease in &self.leases {
            if wanted == 0 {
                break;
            }
            let size = lease.range.count();
            if skip >= size {
                skip -= size;
                continue;
            }
            let first = lease.range.first() + skip;
            let range = NumberRange::starting_at(first, wanted.min(size - skip))?;
            skip = 0;
            wanted -= range.count();
            push_joined(&mut ranges, range);
        }
        (wanted == 0).then_some(ranges)
    }

    /// The final report of the series as it stands.
    pub fn final_report(&self) -> FinalReport {
        let mut unused = self.next_ranges(self.numbers_left()).unwrap_or_default();
        unused.sort_unstable();
        let mut joined = Vec::with_capacity(unused.len());
        for range in unused {
            push_joined(&mut joined, range);
        }
        FinalReport {
            v: Version1,
            last_sale_seq: self.last_sale_seq,
            sales: self.sales.len() as u64,
            numbers_sold: self.numbers_used,
            amount_minor: self.amount_minor,
            misprints: self.misprints,
            unused: joined,
        }
    }

    /// Whether a fact can be true beside what is known. [`Raffle::apply_fact`] cannot fail after it.
    ///
    /// # Errors
    /// [`Contradiction`]
    pub fn check_fact(&self, fact: &Fact) -> Result<(), Contradiction> {
        match fact {
            Fact::Terms { terms } => {
                let new = self.new_leases(terms)?;
                match terms.device.issuer_slot {
                    Some(slot) => self.check_leases(&new, slot),
                    None if new.is_empty() => Ok(()),
                    None => contradiction("a lease without an issuer slot"),
                }
            }
            Fact::Leased { lease, issuer_slot, .. } => self.check_leases(&[*lease], *issuer_slot),
            _ => Ok(()),
        }
    }

    /// Takes one fact of this raffle.
    ///
    /// # Errors
    /// As [`Raffle::check_fact`]; then nothing has changed.
    pub fn apply_fact(&mut self, fact: &Fact) -> Result<(), Contradiction> {
        self.check_fact(fact)?;
        match fact {
            Fact::Terms { terms } => self.apply_terms(terms),
            Fact::Notice { notice } => self.apply_notice(notice),
            Fact::Leased { lease, issuer_slot, .. } => self.add_lease(*lease, *issuer_slot),
            Fact::Acknowledged { seq, quarantined, .. } => {
                self.acknowledged_seq = self.acknowledged_seq.max(*seq);
                self.quarantined.extend(quarantined.iter().cloned());
            }
            Fact::FinalAcknowledged { .. } => self.final_acknowledged = true,
            Fact::Printed { seq, .. } => *self.prints.entry(*seq).or_default() += 1,
            Fact::Stopped { reason, .. } => self.stopped = Some(reason.clone()),
            Fact::Disabled { .. } | Fact::Enabled => {}
        }
        Ok(())
    }

    /// The leases in `terms` that are new here.
    ///
    /// # Errors
    /// [`Contradiction`] if terms and device tell of different leases.
    pub fn new_leases(&self, terms: &Terms) -> Result<Vec<Lease>, Contradiction> {
        for (known, told) in self.leases.iter().zip(&terms.device.leases) {
            if known != told {
                return contradiction(format!("lease {} is not the one that was given", told.no));
            }
        }
        Ok(terms.device.leases.iter().skip(self.leases.len()).copied().collect())
    }

    fn apply_terms(&mut self, terms: &Terms) {
        for lease in terms.device.leases.iter().skip(self.leases.len()) {
            self.add_lease(*lease, terms.device.issuer_slot.unwrap_or_default());
        }
        if self.terms.as_ref().is_some_and(|known| known.as_of_seq > terms.as_of_seq) {
            return;
        }
        if matches!(terms.device.state, DeviceState::Lost) && self.stopped.is_none() {
            self.stopped = Some("the device was declared lost".into());
        }
        self.bind(Binding {
            as_of_seq: terms.as_of_seq,
            status: terms.status,
            closes_at_us: terms.closes_at_us.0,
            reason: None,
        });
        self.terms = Some(terms.clone());
    }

    fn apply_notice(&mut self, notice: &Notice) {
        let Some(binding) = self.binding.clone() else { return };
        let closes_at_us = notice.closes_at_us.0;
        let (status, closes_at_us) = match notice.kind {
            NoticeKind::Close => (binding.status, binding.closes_at_us.min(closes_at_us)),
            NoticeKind::Extend => (binding.status, closes_at_us),
            NoticeKind::Suspend => (RaffleStatus::Suspended, binding.closes_at_us),
            NoticeKind::Resume => (RaffleStatus::Selling, closes_at_us),
            NoticeKind::Closed => (RaffleStatus::Closing, binding.closes_at_us.min(closes_at_us)),
            NoticeKind::Cancel => (RaffleStatus::Cancelled, binding.closes_at_us),
            NoticeKind::ComeHome => (binding.status, binding.closes_at_us),
        };
        self.bind(Binding { as_of_seq: notice.as_of_seq, status, closes_at_us, reason: notice.reason.clone() });
    }

    /// Newer binds, and what is over stays over.
    fn bind(&mut self, new: Binding) {
        let rebinds = self.binding.as_ref().is_none_or(|old| {
            new.as_of_seq >= old.as_of_seq && (!old.status.sales_are_over() || new.status.sales_are_over())
        });
        if rebinds {
            self.binding = Some(new);
        }
    }

    /// Whether leases follow what is known, overlap nothing and keep the slot.
    fn check_leases(&self, leases: &[Lease], issuer_slot: u16) -> Result<(), Contradiction> {
        let Ok(slot) = IssuerSlot::new(issuer_slot) else { return contradiction("an issuer slot out of range") };
        if self.issuer_slot.is_some_and(|known| known != slot) {
            return contradiction("the issuer slot changed");
        }
        for (index, lease) in leases.iter().enumerate() {
            let earlier = || self.leases.iter().chain(&leases[..index]);
            if let Some(known) = earlier().find(|known| known.no == lease.no) {
                if known == lease {
                    continue;
                }
                return contradiction(format!("lease {} changed", lease.no));
            }
            if u64::from(lease.no) != earlier().count() as u64 + 1 {
                return contradiction(format!("lease {} came out of order", lease.no));
            }
            if earlier().any(|known| known.range.overlaps(&lease.range)) {
                return contradiction(format!("lease {} repeats numbers", lease.no));
            }
        }
        Ok(())
    }

    fn add_lease(&mut self, lease: Lease, issuer_slot: u16) {
        self.issuer_slot = IssuerSlot::new(issuer_slot).ok();
        if !self.leases.contains(&lease) {
            self.leases.push(lease);
        }
    }

    /// Whether a record may be the next of the series. [`Raffle::apply_record`] cannot fail after it.
    ///
    /// # Errors
    /// [`Contradiction`]: no sound device makes this record.
    pub fn check_record(&self, record: &VerifiedRecord) -> Result<(), Contradiction> {
        let row = record.record();
        if row.raffle_id != self.id || !record.continues(self.head_seq(), &self.head()) {
            return contradiction(format!("record {} does not follow", row.seq));
        }
        if self.final_seq.is_some() {
            return contradiction(format!("record {} follows the final report", row.seq));
        }
        match record.payload().map_err(|error| Contradiction(error.to_string()))? {
            DevicePayload::Sale(sale) => {
                if self.next_ranges(numbers_of(sale)).as_ref() != Some(&sale.ranges) {
                    return contradiction(format!("record {} sells numbers out of turn", row.seq));
                }
                if self.issuer_slot != Some(sale.validation_number.issuer_slot())
                    || self.validation_is_taken(&sale.validation_number)
                {
                    return contradiction(format!("record {} has a foreign or repeated validation number", row.seq));
                }
                if self.sales.contains_key(&sale.order_key) {
                    return contradiction(format!("record {} repeats an order", row.seq));
                }
            }
            DevicePayload::Misprint(mark) => {
                if self.sales.get(&mark.order_key).is_none_or(|ticket| ticket.misprint.is_some()) {
                    return contradiction(format!("record {} marks no sale", row.seq));
                }
            }
            DevicePayload::Final(report) => {
                if *report != self.final_report() {
                    return contradiction(format!("record {} does not add up", row.seq));
                }
            }
        }
        Ok(())
    }

    /// Takes the next record of the series.
    ///
    /// # Errors
    /// As [`Raffle::check_record`]; then nothing has changed.
    pub fn apply_record(&mut self, record: &VerifiedRecord) -> Result<(), Contradiction> {
        self.check_record(record)?;
        let row = record.record();
        let mut amount = 0;
        match record.payload().map_err(|error| Contradiction(error.to_string()))? {
            DevicePayload::Sale(sale) => {
                amount = sale.price_minor;
                self.numbers_used += numbers_of(sale);
                self.amount_minor += amount;
                self.last_sale_seq = row.seq;
                self.validation_numbers.insert(sale.validation_number.to_bytes());
                let ticket =
                    SoldTicket { seq: row.seq, sold_at_us: row.server_at_us.0, sale: sale.clone(), misprint: None };
                self.sales.insert(sale.order_key, ticket);
            }
            DevicePayload::Misprint(mark) => {
                if let Some(ticket) = self.sales.get_mut(&mark.order_key) {
                    ticket.misprint = Some(mark.reason);
                }
                self.misprints += 1;
            }
            DevicePayload::Final(_) => self.final_seq = Some(row.seq),
        }
        self.hashes.push(*record.hash());
        self.amounts.push(amount);
        Ok(())
    }

    /// The sale of an order, if it has the same lines; the refusal otherwise is the caller's.
    pub fn sale_of(&self, order: OrderKey, lines: &[Line]) -> Option<Result<&SoldTicket, ()>> {
        self.sales.get(&order).map(|ticket| if ticket.sale.lines == lines { Ok(ticket) } else { Err(()) })
    }
}

fn numbers_of(sale: &Sale) -> u64 {
    sale.ranges.iter().map(NumberRange::count).sum()
}

/// Appends a range, joined with the last where they touch.
fn push_joined(ranges: &mut Vec<NumberRange>, range: NumberRange) {
    if let Some(last) = ranges.last_mut()
        && last.last().checked_add(1) == Some(range.first())
        && let Ok(joined) = NumberRange::new(last.first(), range.last())
    {
        *last = joined;
        return;
    }
    ranges.push(range);
}

impl Fact {
    /// The raffle a fact is about, `None` if it is about the device.
    pub fn raffle_id(&self) -> Option<RaffleId> {
        match self {
            Self::Terms { terms } => Some(terms.raffle_id),
            Self::Notice { notice } => Some(notice.raffle_id),
            Self::Leased { raffle_id, .. }
            | Self::Acknowledged { raffle_id, .. }
            | Self::FinalAcknowledged { raffle_id, .. }
            | Self::Printed { raffle_id, .. }
            | Self::Stopped { raffle_id, .. } => Some(*raffle_id),
            Self::Disabled { .. } | Self::Enabled => None,
        }
    }
}
