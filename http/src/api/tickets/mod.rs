//! Selling at a counter or from an integrated system, looking tickets up, voiding them.

pub mod dto;
pub mod lines;
pub mod maybe_staff;

pub mod batch_generate;
pub mod batch_void;
pub mod generate;
pub mod integration_generate;
pub mod list;
mod sell;
pub mod status;
pub mod validate;

use super::Endpoints;

/// Adds them.
pub fn endpoints(to: &mut impl Endpoints) {
    to.add(generate::generate_ticket);
    to.add(batch_generate::batch_generate_tickets);
    to.add(batch_void::batch_void_tickets);
    to.add(integration_generate::generate_integration_ticket);
    to.add(list::list_tickets);
    to.add(validate::validate_ticket);
    to.add(status::set_ticket_status);
}
