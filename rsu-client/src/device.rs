//! One raffle sales unit: its identity, its memory, its clock and what follows from them.
//!
//! Everything here is synchronous and needs no network. [`crate::sync`] carries it to the server and
//! back; a sale never waits for it.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::Path;

use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::{
    DevicePayload, DeviceRecord, Misprint, MisprintReason, Payment, RecordDraft, Sale, VerifiedRecord, Version1,
};
use drumroll_engine::id::{OrderKey, RaffleId, UserId};
use drumroll_engine::money::Line;
use drumroll_engine::ticket::ValidationNumber;
use drumroll_engine::time::Timestamp;
use drumroll_protocol::{LeaseGranted, Notice, PrinterState, RaffleReport, Terms, UploadAck, VerdictKind};

use crate::clock::{ClockFault, DeviceClock, Reading, TimeSource};
use crate::error::DeviceError;
use crate::identity::{Enrolment, Identity};
use crate::raffle::{Contradiction, Raffle, SoldTicket};
use crate::sell::{SellRefusal, judge};
use crate::store::{Fact, Loaded, Store, StoreError};
use crate::ticket::PrintedTicket;

const DATABASE: &str = "device.sqlite";
const LOCK: &str = "device.lock";
/// The saved anchor is at most this old, so that a restart loses little.
const ANCHOR_SAVE_US: u64 = 10_000_000;

/// A device as seen from outside.
#[derive(Debug)]
pub struct Overview {
    /// Who it is.
    pub enrolment: Enrolment,
    /// The raffles it knows.
    pub raffles: BTreeMap<RaffleId, Raffle>,
    /// Why it is disabled, if it is.
    pub disabled: Option<String>,
}

/// The device.
pub struct Device {
    identity: Identity,
    store: Store,
    clock: DeviceClock,
    raffles: BTreeMap<RaffleId, Raffle>,
    disabled: Option<String>,
    printer: PrinterState,
    poisoned: bool,
    anchor_saved_us: Option<u64>,
    // Held as long as the device is open.
    _lock: File,
}

impl Device {
    /// Opens the device in `dir` after checking all of its memory.
    ///
    /// # Errors
    /// [`DeviceError`]; with damage found, the device does not open and so does not sell.
    pub fn open(dir: &Path, time: Box<dyn TimeSource>) -> Result<Self, DeviceError> {
        let identity = Identity::load(dir)?;
        let lock = File::options().create(true).truncate(false).write(true).open(dir.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DeviceError::InUse(dir.to_owned())),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let public_key = identity.key.public();
        let (store, loaded) = Store::open(&dir.join(DATABASE), identity.enrolment.device_id, &public_key)?;
        let (raffles, disabled) = rebuild(&loaded)?;
        let clock = DeviceClock::new(time, loaded.anchor, loaded.seen_us);
        Ok(Self {
            identity,
            store,
            clock,
            raffles,
            disabled,
            printer: PrinterState::Ok,
            poisoned: false,
            anchor_saved_us: None,
            _lock: lock,
        })
    }

    /// Looks at the device in `dir` while another process may be selling with it: checks everything,
    /// writes nothing.
    ///
    /// # Errors
    /// [`DeviceError`]
    pub fn look(dir: &Path) -> Result<Overview, DeviceError> {
        let identity = Identity::load(dir)?;
        let file = dir.join(DATABASE);
        let (raffles, disabled) = if file.exists() {
            rebuild(&Store::look(&file, identity.enrolment.device_id, &identity.key.public())?)?
        } else {
            (BTreeMap::new(), None)
        };
        Ok(Overview { enrolment: identity.enrolment, raffles, disabled })
    }

    /// Who this is.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The raffles it knows.
    pub const fn raffles(&self) -> &BTreeMap<RaffleId, Raffle> {
        &self.raffles
    }

    /// Why it is disabled, if it is.
    pub fn disabled(&self) -> Option<&str> {
        self.disabled.as_deref()
    }

    /// Its clock.
    pub const fn clock(&mut self) -> &mut DeviceClock {
        &mut self.clock
    }

    /// What time it is.
    ///
    /// # Errors
    /// [`ClockFault`]
    pub fn now(&mut self) -> Result<Reading, ClockFault> {
        self.clock.read()
    }

    /// The printer's state, as its driver reports it.
    pub const fn printer(&self) -> PrinterState {
        self.printer
    }

    /// Tells the device how its printer is.
    pub const fn set_printer(&mut self, state: PrinterState) {
        self.printer = state;
    }

    /// Sells one bearer ticket. When this returns the sale is on the disk and may be printed.
    ///
    /// `order` is the idempotency key: a repeat with the same lines returns the sale that was made.
    ///
    /// # Errors
    /// [`DeviceError::Refused`] leaves everything as it was. After [`DeviceError::Store`] it is not
    /// known whether the sale was made: the device must be opened again, and the same order tried again.
    pub fn sell(
        &mut self,
        raffle_id: RaffleId,
        order: OrderKey,
        lines: &[Line],
        seller: Option<UserId>,
    ) -> Result<SoldTicket, DeviceError> {
        self.check_sound()?;
        let clock = self.clock.read();
        let raffle = self.raffles.get(&raffle_id).ok_or(SellRefusal::UnknownRaffle)?;
        if let Some(known) = raffle.sale_of(order, lines) {
            return known.cloned().map_err(|()| SellRefusal::OrderDiffers.into());
        }
        let permit = judge(raffle, self.disabled.as_deref(), self.printer, lines, clock)?;
        let mut validation_number = ValidationNumber::new(permit.issuer_slot, random()?);
        while raffle.validation_is_taken(&validation_number) {
            validation_number = ValidationNumber::new(permit.issuer_slot, random()?);
        }
        let payload = DevicePayload::Sale(Sale {
            v: Version1,
            order_key: order,
            validation_number,
            lines: lines.to_vec(),
            ranges: permit.ranges,
            price_minor: permit.price_minor,
            currency: permit.currency,
            salt: Bytes(random()?),
            seller,
            payment: Payment::Cash,
            terms_seq: permit.terms_seq,
        });
        self.append(raffle_id, &payload, permit.reading)?;
        let raffle = self.raffles.get(&raffle_id).ok_or(SellRefusal::UnknownRaffle)?;
        raffle.sales.get(&order).cloned().ok_or(DeviceError::NoSuchSale)
    }

    /// Marks a ticket as misprinted (T-09). It stays sold; a supervisor decides. Marking twice changes
    /// nothing.
    ///
    /// # Errors
    /// [`DeviceError::NoSuchSale`] also when the final report is written: then the desk marks it.
    pub fn misprint(
        &mut self,
        raffle_id: RaffleId,
        order: OrderKey,
        reason: MisprintReason,
    ) -> Result<(), DeviceError> {
        self.check_sound()?;
        let raffle = self.raffles.get(&raffle_id).ok_or(DeviceError::NoSuchSale)?;
        let ticket = raffle.sales.get(&order).ok_or(DeviceError::NoSuchSale)?;
        if ticket.misprint.is_some() {
            return Ok(());
        }
        if raffle.final_seq.is_some() {
            return Err(DeviceError::NoSuchSale);
        }
        // A mark moves no money and no numbers, so it needs no exact time.
        let reading = self.clock.read().unwrap_or(Reading {
            device_at_us: self.clock.wall_us(),
            server_at_us: ticket.sold_at_us,
            error_ms: u32::MAX,
        });
        self.append(raffle_id, &DevicePayload::Misprint(Misprint { v: Version1, order_key: order, reason }), reading)
    }

    /// The ticket of a sale, counted as printed from now on: a second one says REPRINT (T-13).
    ///
    /// # Errors
    /// [`DeviceError::NoSuchSale`], or the memory.
    pub fn print(&mut self, raffle_id: RaffleId, order: OrderKey) -> Result<PrintedTicket, DeviceError> {
        self.check_sound()?;
        let raffle = self.raffles.get(&raffle_id).ok_or(DeviceError::NoSuchSale)?;
        let ticket = raffle.sales.get(&order).ok_or(DeviceError::NoSuchSale)?;
        let terms = raffle.terms.as_ref().ok_or(DeviceError::NoSuchSale)?;
        let copy = raffle.prints.get(&ticket.seq).copied().unwrap_or(0) + 1;
        let printed = PrintedTicket::new(terms, &self.identity.enrolment.label, ticket, copy);
        let seq = ticket.seq;
        self.remember(Fact::Printed { raffle_id, seq })?;
        Ok(printed)
    }

    /// Writes the final report. Does nothing if it is written.
    ///
    /// # Errors
    /// The memory. [`SellRefusal::NotSelling`] while the server has not said that sales are over.
    pub fn write_final(&mut self, raffle_id: RaffleId) -> Result<(), DeviceError> {
        self.check_sound()?;
        let raffle = self.raffles.get(&raffle_id).ok_or(SellRefusal::UnknownRaffle)?;
        if raffle.final_seq.is_some() {
            return Ok(());
        }
        if !raffle.sales_are_over() {
            return Err(SellRefusal::NotSelling.into());
        }
        let report = raffle.final_report();
        let reading = self.clock.read().unwrap_or(Reading {
            device_at_us: self.clock.wall_us(),
            server_at_us: 0,
            error_ms: u32::MAX,
        });
        self.append(raffle_id, &DevicePayload::Final(report), reading)
    }

    /// Takes terms; they bind when this returns, unless something newer does.
    ///
    /// # Errors
    /// [`DeviceError::Contradiction`] stops the raffle for good.
    pub fn take_terms(&mut self, terms: &Terms) -> Result<(), DeviceError> {
        let known = self.raffles.get(&terms.raffle_id).and_then(|raffle| raffle.terms.as_ref());
        if !known.is_some_and(|known| says_the_same(known, terms)) {
            self.remember_or_stop(terms.raffle_id, Fact::Terms { terms: Box::new(terms.clone()) })?;
        }
        Ok(())
    }

    /// Takes a notice; it binds when this returns, unless something newer does.
    ///
    /// # Errors
    /// The memory.
    pub fn take_notice(&mut self, notice: &Notice) -> Result<(), DeviceError> {
        self.remember(Fact::Notice { notice: notice.clone() })
    }

    /// Takes numbers. Taking the same lease twice changes nothing.
    ///
    /// # Errors
    /// [`DeviceError::Contradiction`] stops the raffle for good.
    pub fn take_lease(&mut self, granted: &LeaseGranted) -> Result<(), DeviceError> {
        let known = self.raffles.get(&granted.raffle_id).is_some_and(|raffle| raffle.leases.contains(&granted.lease));
        if known {
            return Ok(());
        }
        let fact =
            Fact::Leased { raffle_id: granted.raffle_id, lease: granted.lease, issuer_slot: granted.issuer_slot };
        self.remember_or_stop(granted.raffle_id, fact)
    }

    /// Takes the server's word on how much of the series is durable. The caller has compared the head.
    ///
    /// # Errors
    /// The memory.
    pub fn take_acknowledgement(&mut self, ack: &UploadAck) -> Result<(), DeviceError> {
        let quarantined: Vec<(u64, String)> = ack
            .verdicts
            .iter()
            .filter(|verdict| verdict.verdict == VerdictKind::Quarantined)
            .map(|verdict| (verdict.seq, verdict.reason.clone().unwrap_or_default()))
            .collect();
        let known = self.raffles.get(&ack.raffle_id).map_or(0, |raffle| raffle.acknowledged_seq);
        if ack.acknowledged_seq <= known && quarantined.is_empty() {
            return Ok(());
        }
        self.remember(Fact::Acknowledged {
            raffle_id: ack.raffle_id,
            seq: ack.acknowledged_seq,
            head: ack.acknowledged_head,
            quarantined,
        })
    }

    /// Takes the server's word that the final report is accepted.
    ///
    /// # Errors
    /// The memory.
    pub fn take_final_acknowledgement(&mut self, raffle_id: RaffleId, seq: u64) -> Result<(), DeviceError> {
        let open = self
            .raffles
            .get(&raffle_id)
            .is_some_and(|raffle| raffle.final_seq == Some(seq) && !raffle.final_acknowledged);
        if open { self.remember(Fact::FinalAcknowledged { raffle_id, seq }) } else { Ok(()) }
    }

    /// The server disabled the device, or let it in again.
    ///
    /// # Errors
    /// The memory.
    pub fn set_disabled(&mut self, reason: Option<String>) -> Result<(), DeviceError> {
        if self.disabled == reason {
            return Ok(());
        }
        self.remember(reason.map_or(Fact::Enabled, |reason| Fact::Disabled { reason }))
    }

    /// Device and server disagree: no more sales in this raffle until people have looked.
    ///
    /// # Errors
    /// The memory.
    pub fn stop(&mut self, raffle_id: RaffleId, reason: &str) -> Result<(), DeviceError> {
        if self.raffles.get(&raffle_id).is_some_and(|raffle| raffle.stopped.is_some()) {
            return Ok(());
        }
        self.remember(Fact::Stopped { raffle_id, reason: reason.to_owned() })
    }

    /// Takes one clock exchange, and saves it now and then.
    pub fn exchange_clocks(&mut self, sent: u64, heard: u64, server_received: u64, server_sent: u64) {
        let due = self.anchor_saved_us.is_none_or(|saved| heard.saturating_sub(saved) >= ANCHOR_SAVE_US);
        let anchor = self.clock.exchange(sent, heard, server_received, server_sent).cloned();
        if let Some(anchor) = anchor.filter(|_| due && !self.poisoned) {
            match self.store.save_anchor(&anchor) {
                Ok(()) => self.anchor_saved_us = Some(heard),
                // The older anchor stays, with a wider bound: nothing is lost but precision.
                Err(error) => tracing::warn!(error = %error, "the time could not be saved"),
            }
        }
    }

    /// Records for an upload.
    ///
    /// # Errors
    /// The memory.
    pub fn records(
        &self,
        raffle_id: RaffleId,
        first: u64,
        last: u64,
        bytes_max: usize,
    ) -> Result<Vec<DeviceRecord>, DeviceError> {
        Ok(self.store.records(self.identity.enrolment.device_id, raffle_id, first, last, bytes_max)?)
    }

    /// What a heartbeat says of each raffle.
    pub fn report(&self) -> Vec<RaffleReport> {
        let report = |raffle: &Raffle| RaffleReport {
            raffle_id: raffle.id,
            head_seq: raffle.head_seq(),
            acknowledged_seq: raffle.acknowledged_seq,
            unsynced_records: raffle.unsynced_records(),
            unsynced_minor: raffle.unsynced_minor(),
            numbers_leased: raffle.numbers_leased(),
            numbers_used: raffle.numbers_used,
        };
        self.raffles.values().map(report).collect()
    }

    fn check_sound(&self) -> Result<(), DeviceError> {
        if self.poisoned { Err(DeviceError::Poisoned) } else { Ok(()) }
    }

    fn append(&mut self, raffle_id: RaffleId, payload: &DevicePayload, reading: Reading) -> Result<(), DeviceError> {
        let raffle = self.raffles.get_mut(&raffle_id).ok_or(SellRefusal::UnknownRaffle)?;
        let draft = RecordDraft {
            device_id: self.identity.enrolment.device_id,
            raffle_id,
            seq: raffle.head_seq() + 1,
            device_at_us: Timestamp(reading.device_at_us),
            server_at_us: Timestamp(reading.server_at_us),
            error_ms: reading.error_ms,
            prev: raffle.head(),
        };
        let record = draft.seal(payload, &self.identity.key);
        let record: VerifiedRecord = record
            .verify(&self.identity.key.public())
            .map_err(|error| StoreError::Damaged(format!("a record could not be sealed: {error}")))?;
        // What could not be read back must not be written.
        raffle.check_record(&record)?;
        if let Err(error) = self.store.append_record(&record) {
            self.poisoned = true;
            return Err(error.into());
        }
        Ok(raffle.apply_record(&record)?)
    }

    fn remember(&mut self, fact: Fact) -> Result<(), DeviceError> {
        self.check_sound()?;
        let raffle_id = fact.raffle_id();
        if let Some(id) = raffle_id {
            self.raffles.entry(id).or_insert_with(|| Raffle::new(id)).check_fact(&fact)?;
        }
        let at_us = self.clock.read().map_or(0, |reading| reading.server_at_us);
        if let Err(error) = self.store.append_fact(&fact, at_us, &self.identity.key) {
            self.poisoned = true;
            return Err(error.into());
        }
        if let Some(raffle) = raffle_id.and_then(|id| self.raffles.get_mut(&id)) {
            raffle.apply_fact(&fact)?;
        }
        match fact {
            Fact::Disabled { reason } => self.disabled = Some(reason),
            Fact::Enabled => self.disabled = None,
            _ => {}
        }
        Ok(())
    }

    fn remember_or_stop(&mut self, raffle_id: RaffleId, fact: Fact) -> Result<(), DeviceError> {
        match self.remember(fact) {
            Err(DeviceError::Contradiction(contradiction)) => {
                self.stop(raffle_id, &contradiction.0)?;
                Err(contradiction.into())
            }
            other => other,
        }
    }
}

/// Terms that differ only in how much of the series the server holds say nothing new.
fn says_the_same(known: &Terms, new: &Terms) -> bool {
    let mut known = known.clone();
    known.device.acknowledged_seq = new.device.acknowledged_seq;
    known.device.acknowledged_head = new.device.acknowledged_head;
    known == *new
}

/// Sixteen random bytes in the form of a UUID of version 4.
///
/// # Errors
/// [`DeviceError::Entropy`]
pub fn new_order_key() -> Result<OrderKey, DeviceError> {
    let mut bytes: [u8; 16] = random()?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Ok(OrderKey(bytes))
}

/// Bytes from the operating system (T-03).
pub(crate) fn random<const N: usize>() -> Result<[u8; N], DeviceError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| DeviceError::Entropy)?;
    Ok(bytes)
}

/// Views and the disabled flag from a checked memory.
fn rebuild(loaded: &Loaded) -> Result<(BTreeMap<RaffleId, Raffle>, Option<String>), DeviceError> {
    let damaged = |error: Contradiction| StoreError::Damaged(error.0);
    let (mut raffles, mut disabled) = (BTreeMap::new(), None);
    for fact in &loaded.facts {
        match fact {
            Fact::Disabled { reason } => disabled = Some(reason.clone()),
            Fact::Enabled => disabled = None,
            _ => {}
        }
        if let Some(id) = fact.raffle_id() {
            raffles.entry(id).or_insert_with(|| Raffle::new(id)).apply_fact(fact).map_err(damaged)?;
        }
    }
    for (id, series) in &loaded.series {
        let raffle = raffles.entry(*id).or_insert_with(|| Raffle::new(*id));
        for record in series {
            raffle.apply_record(record).map_err(damaged)?;
        }
    }
    for fact in &loaded.facts {
        if let Fact::Acknowledged { raffle_id, seq, head, .. } = fact {
            let index = usize::try_from(*seq).unwrap_or(usize::MAX).checked_sub(1);
            let own = index.and_then(|index| raffles.get(raffle_id)?.hashes.get(index).copied());
            if *seq > 0 && own != Some(head.0) {
                return Err(StoreError::Damaged(format!("record {seq} is not the one the server acknowledged")).into());
            }
        }
    }
    Ok((raffles, disabled))
}
