//! Figures of a raffle.

pub mod sales;

use super::Endpoints;

/// Adds them.
pub fn endpoints(to: &mut impl Endpoints) {
    to.add(sales::get_sales_report);
}
