use super::*;
use crate::bytes::Bytes;
use crate::id::{DeviceId, OrganisationId, RaffleId, UserId};
use crate::raffle::Kind;
use crate::time::Timestamp;

/// Decides and applies, through the bytes that travel between nodes and those that are stored.
fn run(state: &mut Organisation, command: Command) -> Result<usize, Rejection> {
    let sent = serde_json::to_vec(&command).unwrap();
    let arrived: Command = serde_json::from_slice(&sent).unwrap();
    assert_eq!(format!("{arrived:?}"), format!("{command:?}"));
    let events = decide(state, arrived)?;
    for event in &events {
        let stored = Event::decode(&event.encode()).unwrap();
        assert_eq!(stored, *event);
        state.apply(Timestamp(1), &stored);
    }
    Ok(events.len())
}

fn organisation() -> Organisation {
    let mut state = Organisation::empty(OrganisationId([1; 16]));
    run(&mut state, Command::CreateOrganisation(create_organisation::CreateOrganisation { name: "Hawks".into() }))
        .unwrap();
    state
}

fn number(state: &mut Organisation, raffle: u8, kind: Kind) -> Result<usize, Rejection> {
    let name = format!("night {raffle}");
    run(state, Command::NumberEvent(number_event::NumberEvent { raffle: RaffleId([raffle; 16]), name, kind }))
}

#[test]
fn event_numbers_are_gapless_and_repeating_gives_the_same_l05() {
    let mut state = organisation();
    assert_eq!(number(&mut state, 7, Kind::Live), Ok(1));
    assert_eq!(number(&mut state, 8, Kind::Test), Ok(1));
    assert_eq!(number(&mut state, 7, Kind::Live), Ok(0));
    assert_eq!(number(&mut state, 9, Kind::Live), Ok(1));
    let numbers: Vec<u64> = [7, 8, 9].map(|raffle| state.events[&RaffleId([raffle; 16])].number).to_vec();
    assert_eq!(numbers, [1, 2, 3], "test events take numbers of the same series");
    assert_eq!(number(&mut state, 8, Kind::Live), Err(Rejection::TermsDiffer));
}

#[test]
fn a_new_handheld_is_unenrolled_and_disabled_and_needs_both_flags_r01() {
    let mut state = organisation();
    let device = DeviceId([2; 16]);
    run(&mut state, Command::RegisterDevice(register_device::RegisterDevice { device, label: "04".into() })).unwrap();
    let active = |state: &Organisation| state.devices[&device].active_key().is_some();
    assert!(!active(&state));
    run(&mut state, Command::EnableDevice(enable_device::EnableDevice { device })).unwrap();
    assert!(!active(&state), "enabled alone does not suffice");
    let enrol = enrol_device::EnrolDevice { device, public_key: Bytes([5; 32]) };
    run(&mut state, Command::EnrolDevice(enrol)).unwrap();
    assert!(active(&state));
    let reason = String::from("lost");
    run(&mut state, Command::DisableDevice(enable_device::DisableDevice { device, reason: reason.clone() })).unwrap();
    assert!(!active(&state), "enrolled alone does not suffice");
    run(&mut state, Command::EnableDevice(enable_device::EnableDevice { device })).unwrap();
    run(&mut state, Command::UnenrolDevice(enrol_device::UnenrolDevice { device, reason })).unwrap();
    assert!(!active(&state));
}

#[test]
fn one_key_serves_one_handheld_and_one_label_too() {
    let mut state = organisation();
    let (one, two) = (DeviceId([2; 16]), DeviceId([3; 16]));
    let register =
        |device, label: &str| Command::RegisterDevice(register_device::RegisterDevice { device, label: label.into() });
    let enrol = |device, key| Command::EnrolDevice(enrol_device::EnrolDevice { device, public_key: Bytes([key; 32]) });
    run(&mut state, register(one, "04")).unwrap();
    assert_eq!(run(&mut state, register(two, "04")), Err(Rejection::LabelTaken));
    run(&mut state, register(two, "05")).unwrap();
    run(&mut state, enrol(one, 5)).unwrap();
    assert_eq!(run(&mut state, enrol(two, 5)), Err(Rejection::KeyTaken));
    assert_eq!(run(&mut state, enrol(one, 6)), Err(Rejection::AlreadyEnrolled));
    assert_eq!(run(&mut state, enrol(two, 0)), Err(Rejection::KeyTaken));
}

#[test]
fn only_events_without_a_command_can_be_noted() {
    let mut state = organisation();
    let user = UserId([4; 16]);
    let noted = |event| Command::Note(note::Note { event });
    assert_eq!(run(&mut state, noted(Event::LoggedIn { user })), Err(Rejection::UnknownAccount));
    let account =
        create_account::CreateAccount { user, login: "rf".into(), name: "Renée".into(), role: Role::Supervisor };
    run(&mut state, Command::CreateAccount(account)).unwrap();
    assert_eq!(run(&mut state, noted(Event::LoggedIn { user })), Ok(1));
    let smuggled = Event::AccountEnabled { user, enabled: false };
    assert_eq!(run(&mut state, noted(smuggled)), Err(Rejection::UnknownAccount));
    let disable = enable_account::EnableAccount { user, enabled: false, by: Some(user) };
    assert_eq!(run(&mut state, Command::EnableAccount(disable)), Err(Rejection::OwnAccount));
}
