//! An organisation's own journal: accounts, devices, venues, event numbers, significant events.

use serde::{Deserialize, Serialize};

mod event;
mod rejection;
mod state;

pub mod add_venue;
pub mod create_account;
pub mod create_organisation;
pub mod enable_account;
pub mod enable_device;
pub mod enrol_device;
pub mod note;
pub mod number_event;
pub mod register_device;

#[cfg(test)]
mod tests;

pub use event::{Event, Role};
pub use rejection::Rejection;
pub use state::{Account, Numbered, Organisation, RegisteredDevice, Venue};

/// Everything that can be asked of an organisation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each variant is documented on its command")]
pub enum Command {
    CreateOrganisation(create_organisation::CreateOrganisation),
    CreateAccount(create_account::CreateAccount),
    EnableAccount(enable_account::EnableAccount),
    AddVenue(add_venue::AddVenue),
    RegisterDevice(register_device::RegisterDevice),
    EnrolDevice(enrol_device::EnrolDevice),
    UnenrolDevice(enrol_device::UnenrolDevice),
    EnableDevice(enable_device::EnableDevice),
    DisableDevice(enable_device::DisableDevice),
    NumberEvent(number_event::NumberEvent),
    Note(note::Note),
}

/// Judges one command. An empty list says that the command repeats what is on record.
///
/// # Errors
/// The first refusal that holds, in the order documented at each command.
pub fn decide(state: &Organisation, command: Command) -> Result<Vec<Event>, Rejection> {
    if let Command::CreateOrganisation(command) = &command {
        return create_organisation::create_organisation(state, command);
    }
    if !state.exists() {
        return Err(Rejection::UnknownOrganisation);
    }
    match command {
        Command::CreateOrganisation(command) => create_organisation::create_organisation(state, &command),
        Command::CreateAccount(command) => create_account::create_account(state, &command),
        Command::EnableAccount(command) => enable_account::enable_account(state, &command),
        Command::AddVenue(command) => add_venue::add_venue(state, &command),
        Command::RegisterDevice(command) => register_device::register_device(state, &command),
        Command::EnrolDevice(command) => enrol_device::enrol_device(state, &command),
        Command::UnenrolDevice(command) => enrol_device::unenrol_device(state, &command),
        Command::EnableDevice(command) => enable_device::enable_device(state, &command),
        Command::DisableDevice(command) => enable_device::disable_device(state, &command),
        Command::NumberEvent(command) => number_event::number_event(state, &command),
        Command::Note(command) => note::note(state, command),
    }
}
