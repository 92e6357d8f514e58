//! The raffle: one aggregate, one file per command.
//!
//! | life cycle | selling | devices | draw |
//! |---|---|---|---|
//! | [`create_raffle`], [`configure`], [`open_sales`] | [`sell_tickets`] | [`join_device`] | [`lock_draw`] |
//! | [`suspend_sales`], [`resume_sales`], [`move_close`] | [`hold_order`], [`confirm_payment`], [`end_hold`] | [`reserve_range`], [`acknowledge_notice`] | [`reveal_witness`], [`prove_draw`], [`draw_winners`] |
//! | [`pass_time`], [`start_reconciliation`] | [`void_ticket`], [`mark_misprint`], [`clear_misprint`] | [`record_device`], [`resolve_quarantine`] | [`publish_draw`], [`settle_draw`], [`cancel_draw`] |
//! | [`acknowledge_reconciliation`], [`reopen_reconciliation`], [`cancel_raffle`], [`finalize_raffle`] | [`confirm_refund`] | [`declare_device_lost`] | |

mod apply;
mod blockers;
mod bulk;
mod channel;
mod config;
mod device;
mod draw_parts;
mod draw_state;
mod event;
mod fact;
mod order;
mod pool;
mod range_set;
mod rejection;
mod state;

pub mod acknowledge_notice;
pub mod acknowledge_reconciliation;
pub mod cancel_draw;
pub mod cancel_raffle;
pub mod clear_misprint;
pub mod configure;
pub mod confirm_payment;
pub mod confirm_refund;
pub mod create_raffle;
pub mod declare_device_lost;
pub mod draw_winners;
pub mod end_hold;
pub mod finalize_raffle;
pub mod hold_order;
pub mod join_device;
pub mod lock_draw;
pub mod mark_misprint;
pub mod move_close;
pub mod open_sales;
pub mod pass_time;
pub mod prove_draw;
pub mod publish_draw;
pub mod record_device;
pub mod reopen_reconciliation;
pub mod reserve_range;
pub mod resolve_quarantine;
pub mod resume_sales;
pub mod reveal_witness;
pub mod sell_tickets;
pub mod settle_draw;
pub mod start_reconciliation;
pub mod suspend_sales;
pub mod void_ticket;

#[cfg(test)]
mod tests;

pub use blockers::{Blocker, blockers};
pub use channel::{Channel, PoolKind};
pub use config::{Config, ConfigError, PoolShare, limits};
pub use device::{Device, DeviceStatus, Notice, Reported};
pub use draw_parts::Winner;
pub use draw_state::{Draw, DrawResult, DrawStatus, DrawSteps, RevealedWitness};
pub use event::{
    Acknowledgement, DeviceRecordRef, Event, HoldEnd, Identity, Kind, PrizeValue, QuarantineReason, QuarantinedSale,
    RaffleKeys, RefundReason, Resolution, Sale, SealedLedger, Slot,
};
pub use fact::Fact;
pub use order::{Order, OrderState, Refund, TicketPart};
pub use pool::Pool;
pub use range_set::RangeSet;
pub use rejection::{REASON_MAX, Rejection};
pub use state::{Claim, Quarantined, Raffle, Status, Suspension, Tally};

use crate::id::{OrderKey, RaffleId, UserId};
use crate::journal::{Actor, Head};
use crate::money::Currency;
use crate::ticket::{IssuerSlot, NumberRange, SaleRecord};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The circumstances of a command, stamped by the actor.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Now, never earlier than the raffle's last event.
    pub at: Timestamp,
    /// Who gives it.
    pub actor: Actor,
    /// The second person, already authenticated, of a two-person action.
    pub approver: Option<UserId>,
    /// The end of the raffle's journal.
    pub head: Head,
}

impl Context {
    /// The account that gives the command.
    pub const fn user(&self) -> Option<UserId> {
        match self.actor {
            Actor::User(user) | Actor::Integration(user) => Some(user),
            _ => None,
        }
    }

    /// The person who gives the command: an outside system, a handheld or a timer is none.
    pub const fn person(&self) -> Option<UserId> {
        match self.actor {
            Actor::User(user) => Some(user),
            _ => None,
        }
    }

    /// Two people, and not the same one twice.
    fn require_approver(&self) -> Result<(), Rejection> {
        match (self.person(), self.approver) {
            (Some(person), Some(approver)) if person != approver => Ok(()),
            _ => Err(Rejection::ApproverMissing),
        }
    }
}

/// What a command led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What is to be recorded, in order. Empty when the command repeats what is on record.
    pub events: Vec<Event>,
    /// What the caller is told, once the events are durable.
    pub answer: Answer,
}

impl Decision {
    fn done(events: Vec<Event>) -> Result<Self, Rejection> {
        Ok(Self { events, answer: Answer::Done })
    }
}

/// What the caller is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Done, or done before.
    Done,
    /// A ticket was sold now.
    Sold(Box<Sale>),
    /// This order is on record; the ticket, if any, is in the store (I3).
    OnRecord(OrderKey),
    /// A hold was placed, or stands.
    Held {
        /// When it ends.
        expires_at: Timestamp,
        /// What it costs.
        price_minor: u64,
    },
    /// The payment came too late; it will go back.
    RefundDue,
    /// The device's slot.
    Joined(IssuerSlot),
    /// Numbers for a device.
    Reserved(NumberRange),
    /// A device record has its verdict.
    Verdict(Verdict),
    /// A refusal that is itself on record and waits for durability (L-02).
    Refused(Rejection),
}

/// What became of a device record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It counts.
    Accepted,
    /// It was set aside.
    Quarantined(QuarantineReason),
    /// It is on record since an earlier upload.
    Known,
}

/// Everything that can be asked of a raffle.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each variant is documented on its command")]
pub enum Command {
    CreateRaffle(create_raffle::CreateRaffle),
    Configure(Box<configure::Configure>),
    OpenSales(open_sales::OpenSales),
    SuspendSales(suspend_sales::SuspendSales),
    ResumeSales(resume_sales::ResumeSales),
    MoveClose(move_close::MoveClose),
    PassTime(pass_time::PassTime),
    StartReconciliation(start_reconciliation::StartReconciliation),
    AcknowledgeReconciliation(acknowledge_reconciliation::AcknowledgeReconciliation),
    ReopenReconciliation(reopen_reconciliation::ReopenReconciliation),
    CancelRaffle(cancel_raffle::CancelRaffle),
    FinalizeRaffle(finalize_raffle::FinalizeRaffle),
    SellTickets(sell_tickets::SellTickets),
    HoldOrder(hold_order::HoldOrder),
    ConfirmPayment(confirm_payment::ConfirmPayment),
    EndHold(end_hold::EndHold),
    ConfirmRefund(confirm_refund::ConfirmRefund),
    VoidTicket(void_ticket::VoidTicket),
    MarkMisprint(mark_misprint::MarkMisprint),
    ClearMisprint(clear_misprint::ClearMisprint),
    JoinDevice(join_device::JoinDevice),
    ReserveRange(reserve_range::ReserveRange),
    AcknowledgeNotice(acknowledge_notice::AcknowledgeNotice),
    RecordDevice(Box<record_device::RecordDevice>),
    ResolveQuarantine(resolve_quarantine::ResolveQuarantine),
    DeclareDeviceLost(declare_device_lost::DeclareDeviceLost),
    LockDraw(Box<lock_draw::LockDraw>),
    RevealWitness(reveal_witness::RevealWitness),
    ProveDraw(prove_draw::ProveDraw),
    DrawWinners(Box<draw_winners::DrawWinners>),
    PublishDraw(publish_draw::PublishDraw),
    SettleDraw(settle_draw::SettleDraw),
    CancelDraw(cancel_draw::CancelDraw),
}

/// Judges one command against one state. Changes nothing.
///
/// # Errors
/// The first refusal that holds, in the order documented at each command.
pub fn decide(raffle: &Raffle, context: &Context, command: Command) -> Result<Decision, Rejection> {
    if let Command::CreateRaffle(command) = command {
        return create_raffle::create_raffle(raffle, &command);
    }
    if !raffle.exists() {
        return Err(Rejection::UnknownRaffle);
    }
    match command {
        Command::CreateRaffle(command) => create_raffle::create_raffle(raffle, &command),
        Command::Configure(command) => configure::configure(raffle, *command),
        Command::OpenSales(command) => open_sales::open_sales(raffle, context, &command),
        Command::SuspendSales(command) => suspend_sales::suspend_sales(raffle, context, &command),
        Command::ResumeSales(command) => resume_sales::resume_sales(raffle, context, &command),
        Command::MoveClose(command) => move_close::move_close(raffle, context, &command),
        Command::PassTime(command) => pass_time::pass_time(raffle, context, command),
        Command::StartReconciliation(_) => start_reconciliation::start_reconciliation(raffle),
        Command::AcknowledgeReconciliation(command) => {
            acknowledge_reconciliation::acknowledge_reconciliation(raffle, context, &command)
        }
        Command::ReopenReconciliation(command) => reopen_reconciliation::reopen_reconciliation(raffle, &command),
        Command::CancelRaffle(command) => cancel_raffle::cancel_raffle(raffle, context, &command),
        Command::FinalizeRaffle(_) => finalize_raffle::finalize_raffle(raffle),
        Command::SellTickets(command) => sell_tickets::sell_tickets(raffle, context, command),
        Command::HoldOrder(command) => hold_order::hold_order(raffle, context, command),
        Command::ConfirmPayment(command) => confirm_payment::confirm_payment(raffle, context, command),
        Command::EndHold(command) => end_hold::end_hold(raffle, &command),
        Command::ConfirmRefund(command) => confirm_refund::confirm_refund(raffle, command),
        Command::VoidTicket(command) => void_ticket::void_ticket(raffle, &command),
        Command::MarkMisprint(command) => mark_misprint::mark_misprint(raffle, &command),
        Command::ClearMisprint(command) => clear_misprint::clear_misprint(raffle, &command),
        Command::JoinDevice(command) => join_device::join_device(raffle, command),
        Command::ReserveRange(command) => reserve_range::reserve_range(raffle, context, &command),
        Command::AcknowledgeNotice(command) => acknowledge_notice::acknowledge_notice(raffle, &command),
        Command::RecordDevice(command) => record_device::record_device(raffle, context, &command.record),
        Command::ResolveQuarantine(command) => resolve_quarantine::resolve_quarantine(raffle, &command),
        Command::DeclareDeviceLost(command) => declare_device_lost::declare_device_lost(raffle, context, &command),
        Command::LockDraw(command) => lock_draw::lock_draw(raffle, context, &command),
        Command::RevealWitness(command) => reveal_witness::reveal_witness(raffle, &command),
        Command::ProveDraw(command) => prove_draw::prove_draw(raffle, &command),
        Command::DrawWinners(command) => draw_winners::draw_winners(raffle, &command),
        Command::PublishDraw(command) => publish_draw::publish_draw(raffle, &command),
        Command::SettleDraw(command) => settle_draw::settle_draw(raffle, &command),
        Command::CancelDraw(command) => cancel_draw::cancel_draw(raffle, &command),
    }
}

/// The hash that stands for a sale in the published ledger (decisions: sale record and its hash).
pub fn sale_hash(raffle: RaffleId, currency: Currency, sale: &Sale) -> [u8; 32] {
    let packages: Vec<(u32, u32)> = sale.lines.iter().map(|line| (line.package, line.quantity)).collect();
    SaleRecord {
        raffle_id: raffle.0,
        order_key: sale.order.0,
        validation: sale.validation,
        channel: sale.channel.code(),
        device_id: sale.device_record.as_ref().map(|record| record.device.0),
        sold_at_ms: sale.sold_at.as_millis(),
        currency: *currency.as_bytes(),
        price_minor: sale.price_minor,
        packages: &packages,
        ranges: &sale.ranges,
        salt: &sale.salt.0,
    }
    .hash()
}
