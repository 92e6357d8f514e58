//! Whether a sale may be made now, and with which numbers. Pure: the same device in the same state at
//! the same time says the same.

use drumroll_engine::money::{Currency, Line, Package, PricingError, price};
use drumroll_engine::ticket::{IssuerSlot, NumberRange};
use drumroll_protocol::{PrinterState, RaffleStatus, Terms};

use crate::clock::{ClockFault, Reading};
use crate::raffle::Raffle;

/// Share of the buffer or of the numbers from which the seller is warned, in percent.
pub const WARN_PERCENT: u64 = 80;

/// Why the device does not sell, in order of precedence. `code()` is public API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SellRefusal {
    /// The server disabled the device.
    #[error("this device is disabled: {0}")]
    Disabled(String),
    /// No terms of this raffle.
    #[error("this raffle is not known on this device")]
    UnknownRaffle,
    /// Device and server disagree.
    #[error("this device has stopped selling in this raffle: {0}")]
    Stopped(String),
    /// The final report is written.
    #[error("this device has reported final in this raffle and never sells in it again")]
    Final,
    /// Sales are over, as the server said.
    #[error("sales are closed")]
    Closed,
    /// Not open, or suspended.
    #[error("the raffle is not selling")]
    NotSelling,
    /// Nobody knows what time it is.
    #[error("sales wait for the server's time: {0}")]
    Clock(#[from] ClockFault),
    /// The clock may be wrong by too much (C-07).
    #[error("the clock may be wrong by {error_ms} ms, {max_ms} ms are allowed")]
    ClockUncertain {
        /// Its bound.
        error_ms: u32,
        /// What the terms allow.
        max_ms: u32,
    },
    /// Before the start (L-03).
    #[error("sales have not begun")]
    NotBegun,
    /// At or past the close, or so near that the clock's error bound reaches it.
    #[error("the closing time is reached")]
    PastClose,
    /// No lines, a wrong quantity, a package named twice.
    #[error("the quantity is not allowed")]
    BadQuantity,
    /// Not on the price list.
    #[error("package {0} is not sold on this device")]
    UnknownPackage(u32),
    /// The ticket could not be printed (GLI-31 §3.3.1).
    #[error("the printer is not ready")]
    Printer,
    /// Unsynced records at the limit.
    #[error("{unsynced} records wait for upload, the limit is {max}")]
    BufferFull {
        /// How many there are.
        unsynced: u64,
        /// How many may be.
        max: u64,
    },
    /// Not enough numbers.
    #[error("{left} numbers are left")]
    OutOfNumbers {
        /// How many there are.
        left: u64,
    },
    /// The order was sold with other lines (I3).
    #[error("this order was sold on other terms")]
    OrderDiffers,
}

impl SellRefusal {
    /// Stable name, public API.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Disabled(_) => "disabled",
            Self::UnknownRaffle => "unknown_raffle",
            Self::Stopped(_) => "stopped",
            Self::Final => "final",
            Self::Closed => "closed",
            Self::NotSelling => "not_selling",
            Self::Clock(ClockFault::NeverSynchronised) => "clock_never_synchronised",
            Self::Clock(ClockFault::SetBack) => "clock_set_back",
            Self::ClockUncertain { .. } => "clock_uncertain",
            Self::NotBegun => "not_begun",
            Self::PastClose => "past_close",
            Self::BadQuantity => "bad_quantity",
            Self::UnknownPackage(_) => "unknown_package",
            Self::Printer => "printer_not_ready",
            Self::BufferFull { .. } => "buffer_full",
            Self::OutOfNumbers { .. } => "out_of_numbers",
            Self::OrderDiffers => "order_differs",
        }
    }

    /// Whether the same sale may be possible later, without the seller asking for something else.
    pub const fn may_retry(&self) -> bool {
        matches!(
            self,
            Self::Disabled(_)
                | Self::UnknownRaffle
                | Self::NotSelling
                | Self::Clock(_)
                | Self::ClockUncertain { .. }
                | Self::NotBegun
                | Self::Printer
                | Self::BufferFull { .. }
                | Self::OutOfNumbers { .. }
        )
    }
}

/// A sale that may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// The numbers.
    pub ranges: Vec<NumberRange>,
    /// The price of it all.
    pub price_minor: u64,
    /// In what.
    pub currency: Currency,
    /// Slot of the validation number.
    pub issuer_slot: IssuerSlot,
    /// Terms it is sold under.
    pub terms_seq: u64,
    /// When.
    pub reading: Reading,
}

/// Judges a sale.
///
/// # Errors
/// [`SellRefusal`], the first that applies.
pub fn judge(
    raffle: &Raffle,
    disabled: Option<&str>,
    printer: PrinterState,
    lines: &[Line],
    clock: Result<Reading, ClockFault>,
) -> Result<Permit, SellRefusal> {
    if let Some(reason) = disabled {
        return Err(SellRefusal::Disabled(reason.to_owned()));
    }
    let (Some(terms), Some(binding)) = (&raffle.terms, &raffle.binding) else {
        return Err(SellRefusal::UnknownRaffle);
    };
    if let Some(reason) = &raffle.stopped {
        return Err(SellRefusal::Stopped(reason.clone()));
    }
    if raffle.final_seq.is_some() {
        return Err(SellRefusal::Final);
    }
    if binding.status.sales_are_over() {
        return Err(SellRefusal::Closed);
    }
    if binding.status != RaffleStatus::Selling {
        return Err(SellRefusal::NotSelling);
    }
    let reading = clock?;
    let max_ms = terms.device.clock_error_max_ms;
    if reading.error_ms > max_ms {
        return Err(SellRefusal::ClockUncertain { error_ms: reading.error_ms, max_ms });
    }
    if reading.earliest_us() < terms.sales_start_us.0 {
        return Err(SellRefusal::NotBegun);
    }
    if reading.latest_us() >= binding.closes_at_us {
        return Err(SellRefusal::PastClose);
    }
    let priced = price(&price_list(terms), lines).map_err(|error| match error {
        PricingError::BadQuantity => SellRefusal::BadQuantity,
        PricingError::UnknownPackage(id) => SellRefusal::UnknownPackage(id),
    })?;
    if !matches!(printer, PrinterState::Ok | PrinterState::PaperLow) {
        return Err(SellRefusal::Printer);
    }
    let (unsynced, max) = (raffle.unsynced_records(), u64::from(terms.device.buffer_records_max));
    if unsynced >= max {
        return Err(SellRefusal::BufferFull { unsynced, max });
    }
    let left = raffle.numbers_left();
    let (Some(ranges), Some(issuer_slot)) = (raffle.next_ranges(priced.numbers), raffle.issuer_slot) else {
        return Err(SellRefusal::OutOfNumbers { left });
    };
    // From here the sale may be made.
    Ok(Permit {
        ranges,
        price_minor: priced.price_minor,
        currency: terms.currency,
        issuer_slot,
        terms_seq: binding.as_of_seq,
        reading,
    })
}

/// The terms' packages in the engine's form, so that the engine's own code prices the order (T-04).
fn price_list(terms: &Terms) -> Vec<Package> {
    terms
        .packages
        .iter()
        .map(|package| Package {
            id: package.id,
            label: package.label.clone(),
            numbers: package.numbers,
            price_minor: package.price_minor,
            stock: None,
        })
        .collect()
}

/// Whether `used` of `total` calls for a warning.
pub const fn warns(used: u64, total: u64) -> bool {
    used.saturating_mul(100) >= total.saturating_mul(WARN_PERCENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r05_the_warning_begins_at_exactly_80_percent() {
        for (used, total, expected) in
            [(79, 100, false), (80, 100, true), (799, 1_000, false), (800, 1_000, true), (0, 0, true)]
        {
            assert_eq!(warns(used, total), expected, "{used} of {total}");
        }
    }
}
