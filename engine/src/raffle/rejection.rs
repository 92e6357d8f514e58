//! Why the engine says no. Refusals are answers, not errors: they change nothing and leave the key free.

use super::config::ConfigError;
use super::state::Status;
use core::fmt;
use serde::{Deserialize, Serialize};

/// A refusal. [`Rejection::code`] is public API: stable, and the same in HTTP, sockets and logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rejection {
    /// No such raffle.
    UnknownRaffle,
    /// It exists already, under other terms.
    RaffleExists,
    /// The raffle's status does not allow the command (L-06).
    WrongStatus {
        /// What it is.
        status: Status,
    },
    /// The parameters are frozen since the opening (L-02).
    Frozen,
    /// The configuration cannot be opened (L-01).
    InvalidConfig(Vec<ConfigError>),
    /// The sales window has not begun.
    NotYetSelling,
    /// Sales are paused.
    Suspended,
    /// Sales are closed.
    SalesClosed,
    /// This channel has no numbers in this raffle.
    ChannelNotSold,
    /// The lines of an order make no sense.
    BadLines,
    /// A package that is not on the price list.
    UnknownPackage {
        /// Its id.
        package: u32,
    },
    /// A package's stock does not suffice.
    OutOfStock {
        /// Its id.
        package: u32,
        /// Packages left.
        left: u64,
    },
    /// The pool does not have that many numbers.
    SoldOut {
        /// Numbers left.
        left: u64,
    },
    /// The key was used with other terms (I3).
    TermsDiffer,
    /// The hold of this order ended.
    HoldEnded,
    /// No such order.
    UnknownOrder,
    /// The ticket is voided already.
    AlreadyVoided,
    /// The order has no ticket.
    NoTicket,
    /// The ticket is not marked as misprinted.
    NotMisprinted,
    /// The reconciliation is acknowledged; reopen it first (T-08).
    Acknowledged,
    /// A draw has sealed the ledger.
    Locked,
    /// Words are missing where a reason must be given.
    ReasonMissing,
    /// A second person must approve, and not the same (two-person rule).
    ApproverMissing,
    /// The closing time cannot be moved so.
    BadClosingTime,
    /// The profile does not allow it.
    NotAllowed,
    /// The device has not joined this raffle.
    UnknownDevice,
    /// The device is final or written off in this raffle.
    DeviceSettled,
    /// No issuer slot is left.
    NoIssuerSlot,
    /// The device must upload what it has before it gets new numbers.
    UploadFirst,
    /// The device asks for a lease that is not its next one.
    LeaseOutOfStep {
        /// Leases it has.
        leases: u64,
    },
    /// The device has plenty of unused numbers.
    RangeSuffices,
    /// The device's series does not continue what is known: it was forked or rebuilt.
    SeriesBroken {
        /// The last record known.
        acknowledged: u64,
    },
    /// A record before this one has not arrived.
    SeriesGap {
        /// The last record known.
        acknowledged: u64,
    },
    /// No such record in quarantine, or it is decided.
    NotQuarantined,
    /// A quarantined sale that cannot take part whatever is decided.
    NotAcceptable,
    /// The reconciliation has open points.
    NotReconciled(Vec<super::blockers::Blocker>),
    /// The counts stated are not the counts on record.
    CountsDiffer,
    /// No such draw.
    UnknownDraw,
    /// The draw's status does not allow the command.
    WrongDrawStatus {
        /// What it is.
        status: super::draw_state::DrawStatus,
    },
    /// The time between close and draw is not over.
    TooEarly {
        /// Milliseconds to wait.
        wait_ms: u64,
    },
    /// Nothing was sold, so nothing can be drawn.
    NothingSold,
    /// The raffle moved on since the lock was prepared; prepare it again.
    LockOutdated,
    /// A signature, proof or result does not check out.
    DrawInvalid,
    /// The lock hash repeated for the confirmation is not this draw's.
    LockHashDiffers,
    /// No refund is owed.
    NoRefundDue,
}

impl Rejection {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownRaffle => "unknown_raffle",
            Self::RaffleExists => "raffle_exists",
            Self::WrongStatus { .. } => "wrong_status",
            Self::Frozen => "frozen",
            Self::InvalidConfig(_) => "invalid_configuration",
            Self::NotYetSelling => "not_yet_selling",
            Self::Suspended => "sales_suspended",
            Self::SalesClosed => "sales_closed",
            Self::ChannelNotSold => "channel_not_sold",
            Self::BadLines => "bad_lines",
            Self::UnknownPackage { .. } => "unknown_package",
            Self::OutOfStock { .. } => "out_of_stock",
            Self::SoldOut { .. } => "sold_out",
            Self::TermsDiffer => "idempotency_terms_differ",
            Self::HoldEnded => "hold_ended",
            Self::UnknownOrder => "unknown_order",
            Self::AlreadyVoided => "already_voided",
            Self::NoTicket => "no_ticket",
            Self::NotMisprinted => "not_misprinted",
            Self::Acknowledged => "reconciliation_acknowledged",
            Self::Locked => "ledger_sealed",
            Self::ReasonMissing => "reason_missing",
            Self::ApproverMissing => "approver_missing",
            Self::BadClosingTime => "bad_closing_time",
            Self::NotAllowed => "not_allowed_by_profile",
            Self::UnknownDevice => "unknown_device",
            Self::DeviceSettled => "device_settled",
            Self::NoIssuerSlot => "no_issuer_slot",
            Self::UploadFirst => "upload_first",
            Self::LeaseOutOfStep { .. } => "lease_out_of_step",
            Self::RangeSuffices => "range_suffices",
            Self::SeriesBroken { .. } => "series_broken",
            Self::SeriesGap { .. } => "series_gap",
            Self::NotQuarantined => "not_quarantined",
            Self::NotAcceptable => "not_acceptable",
            Self::NotReconciled(_) => "not_reconciled",
            Self::CountsDiffer => "counts_differ",
            Self::UnknownDraw => "unknown_draw",
            Self::WrongDrawStatus { .. } => "wrong_draw_status",
            Self::TooEarly { .. } => "too_early",
            Self::NothingSold => "nothing_sold",
            Self::LockOutdated => "lock_outdated",
            Self::DrawInvalid => "draw_invalid",
            Self::LockHashDiffers => "lock_hash_differs",
            Self::NoRefundDue => "no_refund_due",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownRaffle => f.write_str("There is no such raffle."),
            Self::RaffleExists => f.write_str("This key stands for another raffle."),
            Self::WrongStatus { status } => write!(f, "The raffle is {}; that does not allow this.", status.as_str()),
            Self::Frozen => {
                f.write_str("This was fixed when sales opened and cannot change. The attempt is on record.")
            }
            Self::InvalidConfig(errors) => {
                write!(f, "{} things must be set right before opening.", errors.len())
            }
            Self::NotYetSelling => f.write_str("Sales have not started yet."),
            Self::Suspended => f.write_str("Sales are paused."),
            Self::SalesClosed => f.write_str("Sales are closed."),
            Self::ChannelNotSold => f.write_str("This raffle is not sold this way."),
            Self::BadLines => f.write_str("An order needs 1 to 100 packages, each named once."),
            Self::UnknownPackage { package } => write!(f, "Package {package} is not on the price list."),
            Self::OutOfStock { package, left } => write!(f, "Only {left} of package {package} are left."),
            Self::SoldOut { left } => write!(f, "Only {left} numbers are left."),
            Self::TermsDiffer => f.write_str("This key was used for another order."),
            Self::HoldEnded => f.write_str("The time to pay this order is over. Nothing was sold."),
            Self::UnknownOrder => f.write_str("There is no such ticket in this raffle."),
            Self::AlreadyVoided => f.write_str("This ticket is voided already."),
            Self::NoTicket => f.write_str("This order has no ticket."),
            Self::NotMisprinted => f.write_str("This ticket is not marked as misprinted."),
            Self::Acknowledged => {
                f.write_str("The reconciliation is confirmed. Reopen it first; that clears the confirmation.")
            }
            Self::Locked => f.write_str("The sold list is sealed and cannot change."),
            Self::ReasonMissing => f.write_str("Give a reason of 1 to 500 characters."),
            Self::ApproverMissing => f.write_str("A second person must approve this."),
            Self::BadClosingTime => f.write_str(
                "The new closing time must lie ahead, and before or after the present one as the command says.",
            ),
            Self::NotAllowed => f.write_str("The rules of this jurisdiction do not allow this."),
            Self::UnknownDevice => f.write_str("This handheld does not take part in this raffle."),
            Self::DeviceSettled => f.write_str("This handheld is closed for this raffle."),
            Self::NoIssuerSlot => f.write_str("No more handhelds can join this raffle."),
            Self::UploadFirst => f.write_str("Upload all sales before asking for numbers."),
            Self::LeaseOutOfStep { leases } => write!(f, "This handheld has {leases} ranges; ask for the next one."),
            Self::RangeSuffices => f.write_str("This handheld has enough unused numbers."),
            Self::SeriesBroken { acknowledged } => {
                write!(f, "The handheld's records do not continue record {acknowledged} as it is known here.")
            }
            Self::SeriesGap { acknowledged } => write!(f, "Records after {acknowledged} are missing."),
            Self::NotQuarantined => f.write_str("There is no such sale to decide about."),
            Self::NotAcceptable => f.write_str("This sale cannot take part. It can only be refunded."),
            Self::NotReconciled(blockers) => write!(f, "{} points are open.", blockers.len()),
            Self::CountsDiffer => f.write_str("The counts changed since you saw them. Check them again."),
            Self::UnknownDraw => f.write_str("There is no such draw."),
            Self::WrongDrawStatus { status } => {
                write!(f, "The draw is {}; that does not allow this.", status.as_str())
            }
            Self::TooEarly { wait_ms } => {
                write!(f, "The rules ask for more time after the close: {} s to wait.", wait_ms.div_ceil(1_000))
            }
            Self::NothingSold => f.write_str("Nothing was sold, so nothing can be drawn."),
            Self::LockOutdated => f.write_str("Something changed while the list was being sealed. Try again."),
            Self::DrawInvalid => f.write_str("The draw's signatures do not check out. Nothing was recorded."),
            Self::LockHashDiffers => f.write_str("The seal you confirmed is not the seal of this draw."),
            Self::NoRefundDue => f.write_str("No refund is owed for this order."),
        }
    }
}

impl core::error::Error for Rejection {}

/// The longest reason, in characters.
pub const REASON_MAX: usize = 500;

/// A reason with words in it.
pub(super) fn reason(text: &str) -> Result<String, Rejection> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= REASON_MAX && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(Rejection::ReasonMissing) }
}
