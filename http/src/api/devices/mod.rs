//! Handhelds: registering, enrolling, enabling.

pub mod dto;

mod code;
pub mod disable;
pub mod enable;
pub mod enrol;
pub mod enrolment_code;
pub mod list;
pub mod register;
pub mod unenrol;

use super::Endpoints;

/// Adds them.
pub fn endpoints(to: &mut impl Endpoints) {
    to.add(list::list_devices);
    to.add(register::register_device);
    to.add(enrol::enrol_device);
    to.add(enrolment_code::new_enrolment_code);
    to.add(enable::enable_device);
    to.add(disable::disable_device);
    to.add(unenrol::unenrol_device);
}
