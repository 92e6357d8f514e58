//! `apply` records what an event says; nothing else changes a raffle. Live and on replay it is the same
//! code, so memory and log agree (I6). It never refuses: an event that does not fit is a broken
//! invariant, and the actor dies and reloads rather than guess.

use super::channel::{Channel, PoolKind};
use super::device::{Device, DeviceStatus, Notice};
use super::draw_state::{Draw, DrawResult, DrawStatus, DrawSteps, RevealedWitness};
use super::event::{
    DeviceRecordRef, Event, HoldEnd, QuarantineReason, QuarantinedSale, RefundReason, Resolution, Sale,
};
use super::order::{Order, OrderState, Refund, TicketPart};
use super::pool::Pool;
use super::sale_hash;
use super::state::{Claim, Quarantined, Raffle, Status, Suspension};
use crate::bytes::Bytes;
use crate::hash::sha256;
use crate::id::{DeviceId, OrderKey};
use crate::money::{Currency, Line};
use crate::ticket::NumberRange;
use crate::time::Timestamp;

impl Raffle {
    /// Records `event`, which was decided at `at`.
    ///
    /// # Panics
    /// When the event does not follow from this state.
    pub fn apply(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::Created { raffle, event_number, name, kind } => {
                assert!(!self.exists() && *raffle == self.id, "a raffle is created once, in its own stream");
                assert!(*event_number > 0, "event numbers count from 1");
                self.event_number = *event_number;
                name.clone_into(&mut self.name);
                self.kind = *kind;
            }
            Event::Configured { config } => {
                config.name.clone_into(&mut self.name);
                self.config = Some(config.clone());
                self.status = Status::Configured;
            }
            Event::ChangeRefused { .. } => {}
            Event::SalesOpened { config, profile, keys } => {
                self.rules_hash = Bytes(sha256(&event.encode()));
                self.closes_at = config.sales_end;
                self.pools = config.pools.iter().map(|share| Pool::new(share.pool, share.range)).collect();
                self.profile = Some(profile.clone());
                self.keys = Some(*keys);
                self.opened_at = Some(at);
                self.config = Some(config.clone());
                self.status = Status::Selling;
            }
            Event::SalesSuspended { reason } => {
                self.suspensions.push(Suspension { from: at, until: None });
                self.reason = Some(reason.clone());
                self.status = Status::Suspended;
            }
            Event::SalesResumed => {
                self.end_suspension(at);
                self.status = Status::Selling;
            }
            Event::CloseMoved { closes_at, .. } => self.closes_at = *closes_at,
            Event::SalesClosed => {
                self.end_suspension(at);
                self.closed_at = Some(at);
                self.status = Status::Closing;
            }
            Event::ReconciliationStarted => self.status = Status::Reconciling,
            Event::ReconciliationAcknowledged { acknowledgement } => {
                self.acknowledgement = Some(Box::new(acknowledgement.clone()));
                self.status = Status::Reconciled;
                self.move_draws(DrawStatus::Planned, DrawStatus::Acknowledged);
            }
            Event::AcknowledgementCleared { .. } => {
                self.acknowledgement = None;
                self.status = Status::Reconciling;
                self.move_draws(DrawStatus::Acknowledged, DrawStatus::Planned);
            }
            Event::Cancelled { reason } => self.cancel(at, reason),
            Event::Finalized => self.status = Status::Finalized,
            Event::TicketSold { sale } => self.sell(at, sale),
            Event::OrderHeld { order, lines, numbers, price_minor, expires_at } => {
                self.hold(*order, lines, *numbers, *price_minor, *expires_at);
            }
            Event::HoldEnded { order, end } => self.end_hold(order, *end),
            Event::RefundDue { order, reason, .. } => self.owe(order, *reason),
            Event::Refunded { order, .. } => {
                self.order_expect(order).refund = Refund::Done;
                self.refunds_due.remove(order);
            }
            Event::TicketVoided { order, .. } => self.void(order),
            Event::TicketMisprinted { order, device_record, .. } => {
                self.misprint(at, order, device_record.as_ref());
            }
            Event::MisprintCleared { order, .. } => {
                self.order_expect(order).state = OrderState::Sold;
                self.misprints_open.remove(order);
            }
            Event::DeviceJoined { device, label, slot } => {
                self.devices.insert(*device, Device::new(label.clone(), *slot));
            }
            Event::RangeReserved { device, range } => {
                self.pool_mut(PoolKind::Rsu).take(&[*range]);
                self.device_expect(device).leased.push(*range);
            }
            Event::NoticeAcknowledged { device, closes_at, suspended } => {
                let device = self.device_expect(device);
                device.closes_at = Some(*closes_at);
                device.suspended = *suspended;
                device.notices.push(Notice { at, closes_at: *closes_at, suspended: *suspended });
            }
            Event::RecordQuarantined { record, reason, sale } => {
                self.quarantine(at, record, *reason, sale.as_deref());
            }
            Event::QuarantineResolved { device, seq, resolution, .. } => self.resolve(*device, *seq, *resolution),
            Event::DeviceFinal { record, returned } => {
                self.advance(at, record);
                let device = self.device_expect(&record.device);
                device.returned = count(returned);
                device.status = DeviceStatus::Final { at };
            }
            Event::DeviceLost { device, operator, money_collected_minor, reason, out_of_play } => {
                let device = self.device_expect(device);
                device.out_of_play += count(out_of_play);
                device.status = DeviceStatus::Lost {
                    at,
                    operator: operator.clone(),
                    money_collected_minor: *money_collected_minor,
                    reason: reason.clone(),
                };
            }
            Event::DrawPlanned { draw, draw_no, plan_hash, house_commitment } => self.draws.push(Draw {
                id: *draw,
                draw_no: *draw_no,
                plan_hash: *plan_hash,
                house_commitment: *house_commitment,
                status: DrawStatus::Planned,
                steps: DrawSteps { planned: Some(at), ..DrawSteps::default() },
                lock: None,
                house_reveal: None,
                proof: None,
                result: None,
            }),
            Event::DrawLocked { draw_no, lock } => {
                let draw = self.draw_mut(*draw_no);
                draw.lock = Some(lock.clone());
                draw.steps.locked = Some(at);
                draw.status = DrawStatus::Locked;
            }
            Event::WitnessRevealed { draw_no, witness, reveal, signature } => {
                assert!(*witness == 0, "only the house witness is known to this version");
                let draw = self.draw_mut(*draw_no);
                draw.house_reveal = Some(RevealedWitness { reveal: *reveal, signature: *signature });
                draw.steps.revealed = Some(at);
            }
            Event::DrawProven { draw_no, proof } => {
                let draw = self.draw_mut(*draw_no);
                draw.proof = Some(*proof);
                draw.steps.proven = Some(at);
                draw.status = DrawStatus::Proven;
            }
            Event::WinnersDrawn { draw_no, seed, slots, result_hash, signature } => {
                let draw = self.draw_mut(*draw_no);
                let slots = slots.clone().into_boxed_slice();
                draw.result = Some(DrawResult { seed: *seed, slots, result_hash: *result_hash, signature: *signature });
                draw.steps.drawn = Some(at);
                draw.status = DrawStatus::Drawn;
            }
            Event::DrawPublished { draw_no } => {
                let draw = self.draw_mut(*draw_no);
                draw.steps.published = Some(at);
                draw.status = DrawStatus::Published;
            }
            Event::DrawCancelled { draw_no, .. } => self.draw_mut(*draw_no).status = DrawStatus::Cancelled,
            Event::DrawSettled { draw_no, .. } => self.draw_mut(*draw_no).status = DrawStatus::Settled,
        }
        if event.fact_kind().is_some() {
            self.facts += 1;
        }
    }

    fn end_suspension(&mut self, at: Timestamp) {
        if let Some(open) = self.suspensions.last_mut().filter(|pause| pause.until.is_none()) {
            open.until = Some(at);
        }
        self.reason = None;
    }

    fn move_draws(&mut self, from: DrawStatus, to: DrawStatus) {
        for draw in self.draws.iter_mut().filter(|draw| draw.status == from) {
            draw.status = to;
        }
    }

    fn currency(&self) -> Currency {
        self.config.as_ref().expect("an opened raffle has a configuration").currency
    }

    fn sell(&mut self, at: Timestamp, sale: &Sale) {
        if let Some(Order { state: OrderState::Held { expires_at }, .. }) = self.orders.get(&sale.order) {
            let expires_at = *expires_at;
            self.release(&sale.order, expires_at);
        }
        let numbers = count(&sale.ranges);
        let hash = sale_hash(self.id, self.currency(), sale);
        let device = sale.device_record.as_ref().map(|record| record.device);
        let slot = match &sale.device_record {
            Some(record) => {
                // A sale that waited in quarantine was counted when it was set aside.
                if !self.quarantine.contains_key(&(record.device, record.seq)) {
                    self.advance(at, record);
                    let device = self.device_expect(&record.device);
                    device.reported.sales += 1;
                    device.reported.numbers = device.reported.numbers.saturating_add(numbers);
                    device.reported.amount_minor = device.reported.amount_minor.saturating_add(sale.price_minor);
                    device.reported.last_sale_seq = record.seq;
                    for range in &sale.ranges {
                        device.used.insert(*range);
                    }
                }
                let device = self.device_expect(&record.device);
                device.tickets += 1;
                device.gross_minor += sale.price_minor;
                device.sold += numbers;
                device.slot.get()
            }
            None => {
                let pool = self.pool_mut(sale.channel.pool());
                pool.take(&sale.ranges);
                pool.sold += numbers;
                0
            }
        };
        debug_assert!(device.is_some() == (sale.channel == Channel::Rsu));
        self.channels[sale.channel.code() as usize - 1].sell(1, numbers, sale.price_minor);
        self.tally_packages(&sale.lines, false);
        let fresh = self.validations.insert(sale.validation);
        assert!(fresh, "a validation number was given out twice");
        let order = Order {
            state: OrderState::Sold,
            refund: Refund::None,
            channel: sale.channel,
            slot,
            numbers: u32::try_from(numbers).expect("an order's numbers are bounded by the price list"),
            price_minor: sale.price_minor,
            lines: sale.lines.clone().into_boxed_slice(),
            ticket: Some(Box::new(TicketPart {
                ranges: sale.ranges.clone().into_boxed_slice(),
                validation: sale.validation,
                sale_hash: Bytes(hash),
                sold_at: sale.sold_at,
            })),
        };
        let before = self.orders.insert(sale.order, order);
        let known = matches!(before, None | Some(Order { ticket: None, .. }));
        assert!(known, "an order was sold twice");
    }

    fn tally_packages(&mut self, lines: &[Line], void: bool) {
        for line in lines {
            let package =
                self.config.iter().flat_map(|config| &config.packages).find(|package| package.id == line.package);
            let package = package.expect("an event names a package that is not on the price list");
            let quantity = u64::from(line.quantity);
            let (numbers, minor) = (u64::from(package.numbers) * quantity, package.price_minor * quantity);
            let tally = self.packages.entry(line.package).or_default();
            if void { tally.void(quantity, numbers, minor) } else { tally.sell(quantity, numbers, minor) }
        }
    }

    fn hold(&mut self, key: OrderKey, lines: &[Line], numbers: u64, price_minor: u64, expires_at: Timestamp) {
        self.pool_mut(PoolKind::Online).held += numbers;
        for line in lines {
            *self.packages_held.entry(line.package).or_default() += u64::from(line.quantity);
        }
        self.holds.insert((expires_at, key));
        let order = Order {
            state: OrderState::Held { expires_at },
            refund: Refund::None,
            channel: Channel::Online,
            slot: 0,
            numbers: u32::try_from(numbers).expect("an order's numbers are bounded by the price list"),
            price_minor,
            lines: lines.to_vec().into_boxed_slice(),
            ticket: None,
        };
        assert!(self.orders.insert(key, order).is_none(), "an order was held twice");
    }

    /// Gives a hold's numbers and packages back to their pool and stock.
    fn release(&mut self, key: &OrderKey, expires_at: Timestamp) {
        let order = self.orders.get(key).expect("a hold has an order");
        let (numbers, lines) = (u64::from(order.numbers), order.lines.clone());
        self.pool_mut(PoolKind::Online).held -= numbers;
        for line in &lines {
            let held = self.packages_held.get_mut(&line.package).expect("a held package is counted");
            *held -= u64::from(line.quantity);
        }
        assert!(self.holds.remove(&(expires_at, *key)), "a hold ended twice");
    }

    fn end_hold(&mut self, key: &OrderKey, end: HoldEnd) {
        let OrderState::Held { expires_at } = self.order_expect(key).state else {
            panic!("an event ends a hold that is not there");
        };
        self.release(key, expires_at);
        self.order_expect(key).state = OrderState::Ended(end);
    }

    fn owe(&mut self, key: &OrderKey, reason: RefundReason) {
        // A quarantined sale was never an order of this raffle; its refund is cash over the counter.
        if reason != RefundReason::Quarantine {
            self.order_expect(key).refund = Refund::Due;
            self.refunds_due.insert(*key);
        }
    }

    fn void(&mut self, key: &OrderKey) {
        let order = self.order_expect(key);
        assert!(order.eligible(), "an event voids a ticket that is not valid");
        order.state = OrderState::Voided;
        let (numbers, minor, channel, slot) = (u64::from(order.numbers), order.price_minor, order.channel, order.slot);
        let lines = order.lines.clone();
        self.channels[channel.code() as usize - 1].void(1, numbers, minor);
        self.tally_packages(&lines, true);
        self.misprints_open.remove(key);
        if channel == Channel::Rsu {
            let device = self.devices.values_mut().find(|device| device.slot.get() == slot);
            let device = device.expect("a device ticket names a device that joined");
            device.sold -= numbers;
            device.voided += numbers;
            device.voided_minor += minor;
            device.voided_tickets += 1;
        } else {
            let pool = self.pool_mut(channel.pool());
            pool.sold -= numbers;
            pool.voided += numbers;
        }
    }

    fn misprint(&mut self, at: Timestamp, key: &OrderKey, record: Option<&DeviceRecordRef>) {
        let order = self.order_expect(key);
        assert!(order.state == OrderState::Sold, "an event marks a ticket that is not valid");
        order.state = OrderState::Misprinted;
        let slot = order.slot;
        self.misprints_open.insert(*key);
        if let Some(device) = self.devices.values_mut().find(|device| device.slot.get() == slot) {
            device.misprinted += 1;
        }
        if let Some(record) = record {
            self.advance(at, record);
            self.device_expect(&record.device).reported.misprints += 1;
        }
    }

    /// Moves a device's series on to `record`, which arrived at `at`.
    fn advance(&mut self, at: Timestamp, record: &DeviceRecordRef) {
        let device = self.device_expect(&record.device);
        assert!(record.seq == device.last_seq + 1, "a device record is missing");
        device.last_seq = record.seq;
        device.head = record.hash;
        // A record whose clock went back is quarantined; the series' clock does not follow it. Nor does it
        // follow one that runs ahead of its arrival: one bad stamp must not condemn all later sales.
        device.last_at = device.last_at.max(record.at.min(at));
    }

    fn quarantine(
        &mut self,
        at: Timestamp,
        record: &DeviceRecordRef,
        reason: QuarantineReason,
        sale: Option<&QuarantinedSale>,
    ) {
        self.advance(at, record);
        let device = self.device_expect(&record.device);
        let mut claim = Claim::Nothing;
        if let Some(sale) = sale {
            // Nothing of a record that was set aside is believed, its sums least of all.
            let reported = &mut device.reported;
            reported.sales += 1;
            reported.numbers = reported.numbers.saturating_add(count(&sale.ranges));
            reported.amount_minor = reported.amount_minor.saturating_add(sale.price_minor);
            reported.last_sale_seq = record.seq;
            // Its paper is out there, so its numbers are gone, if they were this device's to use.
            if device.may_use(&sale.ranges) {
                claim = match device.status {
                    DeviceStatus::Joined => Claim::Reserved,
                    DeviceStatus::Final { .. } => Claim::Returned,
                    DeviceStatus::Lost { .. } => Claim::OutOfPlay,
                };
                for range in &sale.ranges {
                    device.used.insert(*range);
                }
            }
        }
        let sale = sale.cloned().map(Box::new);
        let entry = Quarantined { reason, sale, at: record.at, error_ms: record.error_ms, claim, resolution: None };
        self.quarantine.insert((record.device, record.seq), entry);
    }

    fn resolve(&mut self, device: DeviceId, seq: u64, resolution: Resolution) {
        let entry = self.quarantine.get_mut(&(device, seq)).expect("an event resolves a record that is not set aside");
        entry.resolution = Some(resolution);
        let numbers = entry.sale.as_ref().map_or(0, |sale| count(&sale.ranges));
        let claim = entry.claim;
        let device = self.device_expect(&device);
        // An accepted sale leaves its count for `sold`, a refunded one leaves the game.
        match (claim, resolution) {
            (Claim::Nothing, _)
            | (Claim::Reserved, Resolution::Accepted)
            | (Claim::OutOfPlay, Resolution::Refunded) => {}
            (Claim::Reserved, Resolution::Refunded) => device.out_of_play += numbers,
            (Claim::OutOfPlay, Resolution::Accepted) => device.out_of_play -= numbers,
            (Claim::Returned, Resolution::Accepted) => device.returned -= numbers,
            (Claim::Returned, Resolution::Refunded) => {
                device.returned -= numbers;
                device.out_of_play += numbers;
            }
        }
    }

    fn cancel(&mut self, at: Timestamp, reason: &str) {
        self.end_suspension(at);
        self.status = Status::Cancelled;
        self.reason = Some(reason.to_owned());
        self.acknowledgement = None;
        let sold: Vec<OrderKey> =
            self.orders.iter().filter(|(_, order)| order.eligible()).map(|(key, _)| *key).collect();
        for key in &sold {
            self.void(key);
        }
        for draw in &mut self.draws {
            draw.status = DrawStatus::Cancelled;
        }
    }
}

/// Saturates, for the ranges of a record that was set aside are whatever its handheld wrote.
fn count(ranges: &[NumberRange]) -> u64 {
    ranges.iter().fold(0, |sum, range| sum.saturating_add(range.count()))
}
