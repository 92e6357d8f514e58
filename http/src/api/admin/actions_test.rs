use super::*;
use crate::api::admin::config::sample;
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{DeviceId, DrawId, OrderKey, OrganisationId, RaffleId, UserId};
use drumroll_engine::money::{Prize, PrizeRule};
use drumroll_engine::profile::Profile;
use drumroll_engine::raffle::cancel_raffle::CancelRaffle;
use drumroll_engine::raffle::{Acknowledgement, Device, Identity, Pool};
use drumroll_engine::ticket::IssuerSlot;

const NOW: Timestamp = Timestamp(1_500_000);

/// A raffle that stands at `status`, sales from 1 s to 2 s.
fn raffle(status: Status) -> Raffle {
    let config =
        sample(vec![Prize { id: 1, name: "P".into(), rule: PrizeRule::Fixed { value_minor: 1, quantity: 1 } }]);
    let opened = !matches!(status, Status::Draft | Status::Configured);
    let mut pool = Pool::new(config.pools[0].pool, config.pools[0].range);
    pool.sold = 1;
    Raffle {
        event_number: 12,
        status,
        closes_at: if opened { config.sales_end } else { Timestamp::default() },
        opened_at: opened.then_some(Timestamp(1_000_000)),
        profile: opened.then(|| Box::new(Profile::default_profile())),
        pools: if opened { vec![pool] } else { Vec::new() },
        config: (status != Status::Draft).then(|| Box::new(config)),
        draws: if opened { vec![planned(DrawStatus::Planned)] } else { Vec::new() },
        ..Raffle::empty(OrganisationId([1; 16]), RaffleId([2; 16]))
    }
}

fn planned(status: DrawStatus) -> Draw {
    Draw {
        id: DrawId([3; 16]),
        draw_no: 1,
        plan_hash: Bytes::default(),
        house_commitment: Bytes::default(),
        status,
        steps: Default::default(),
        lock: None,
        house_reveal: None,
        proof: None,
        result: None,
    }
}

fn reconciled(draw: DrawStatus) -> Raffle {
    let acknowledgement = Acknowledgement {
        by: UserId([4; 16]),
        at: NOW,
        statement: "all here".into(),
        counts: Identity::default(),
        net_minor: 0,
        prizes: Vec::new(),
    };
    let mut raffle = raffle(Status::Reconciled);
    raffle.acknowledgement = Some(Box::new(acknowledgement));
    raffle.draws = vec![planned(draw)];
    raffle
}

fn open_actions(raffle: &Raffle) -> String {
    let open = actions(raffle, NOW).into_iter().filter(|state| state.allowed);
    let names = open.map(|state| serde_json::json!(state.action).as_str().unwrap_or_default().to_owned());
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn each_status_opens_its_own_actions() {
    for (status, open) in [
        (Status::Draft, "configure cancel"),
        (Status::Configured, "configure open cancel"),
        (Status::Selling, "suspend close extend cancel"),
        (Status::Suspended, "resume close extend cancel"),
        (Status::Closing, "reconcile cancel"),
        (Status::Reconciling, "acknowledge cancel"),
        (Status::Finalized, ""),
        (Status::Cancelled, ""),
    ] {
        assert_eq!(open_actions(&raffle(status)), open, "{status:?}");
    }
    for (draw, open) in [
        (DrawStatus::Acknowledged, "cancel draw"),
        (DrawStatus::Locked, "cancel draw"),
        (DrawStatus::Proven, "cancel draw"),
        (DrawStatus::Drawn, "cancel publish"),
        (DrawStatus::Published, "cancel settle"),
        (DrawStatus::Settled, "cancel finalize"),
        (DrawStatus::Cancelled, "cancel"),
    ] {
        // These draws carry no lock, or cancelling would be over.
        assert_eq!(open_actions(&reconciled(draw)), open, "{draw:?}");
    }
}

#[test]
fn whatever_is_closed_says_why_and_whatever_is_open_does_not() {
    let raffles = Status::ALL.into_iter().map(raffle).chain([reconciled(DrawStatus::Drawn)]);
    for raffle in raffles {
        for state in actions(&raffle, NOW) {
            assert_eq!(state.allowed, state.reason.is_none(), "{state:?}");
            if let Some(reason) = &state.reason {
                assert!(reason.ends_with('.') && reason.starts_with(char::is_uppercase), "{reason}");
            }
        }
    }
}

/// Cancelling is judged here without listing every order, so it is compared with the engine.
#[test]
fn cancelling_is_open_exactly_when_the_engine_says_so() {
    for raffle in Status::ALL.into_iter().map(raffle).chain([reconciled(DrawStatus::Drawn)]) {
        let command = Command::CancelRaffle(CancelRaffle { reason: WORDS.into() });
        let engine = ask(&raffle, NOW, command).is_none();
        assert_eq!(hindrance(&raffle, NOW, Action::Cancel).is_none(), engine, "{:?}", raffle.status);
    }
}

#[test]
fn reasons_name_the_thing() {
    let why = |raffle: &Raffle, action| hindrance(raffle, NOW, action).unwrap_or_default();
    let mut reconciling = raffle(Status::Reconciling);
    for (id, label) in [(4, "04"), (16, "16")] {
        let slot = IssuerSlot::new(id).unwrap();
        let device = DeviceId([u8::try_from(id).unwrap(); 16]);
        reconciling.devices.insert(device, Device::new(label.into(), slot));
    }
    assert_eq!(why(&reconciling, Action::Acknowledge), "Opens when handhelds 04 and 16 are final.");
    reconciling.misprints_open.insert(OrderKey([1; 16]));
    assert_eq!(
        why(&reconciling, Action::Acknowledge),
        "Opens when handhelds 04 and 16 are final and 1 misprinted ticket is decided."
    );
    reconciling.devices.remove(&DeviceId([16; 16]));
    reconciling.misprints_open.insert(OrderKey([2; 16]));
    assert_eq!(
        why(&reconciling, Action::Acknowledge),
        "Opens when handheld 04 is final and 2 misprinted tickets are decided."
    );
    for id in 20..29 {
        let device = DeviceId([id; 16]);
        reconciling.devices.insert(device, Device::new(id.to_string(), IssuerSlot::new(id.into()).unwrap()));
    }
    assert!(why(&reconciling, Action::Acknowledge).starts_with("Opens when 10 handhelds are final and 2 "));
    assert_eq!(why(&raffle(Status::Selling), Action::Acknowledge), "Opens when sales have closed.");
    assert_eq!(why(&raffle(Status::Selling), Action::Reconcile), "Begins when sales have closed.");
    assert_eq!(why(&raffle(Status::Selling), Action::Draw), "Opens when the counts are confirmed.");
    assert_eq!(why(&raffle(Status::Selling), Action::Resume), "Sales are running.");
    assert_eq!(why(&raffle(Status::Closing), Action::Close), "Sales are closed.");
    assert_eq!(why(&raffle(Status::Configured), Action::Suspend), "Sales have not opened.");
    assert_eq!(why(&raffle(Status::Draft), Action::Open), "Set the event up first.");
    let late = hindrance(&raffle(Status::Configured), Timestamp(9_000_000), Action::Open);
    assert_eq!(late.as_deref(), Some("The end of sales is past. Set a later one."));
    let mut strict = raffle(Status::Selling);
    strict.profile = Profile::by_id("strict").map(Box::new);
    assert_eq!(why(&strict, Action::Extend), "The rules of this jurisdiction do not allow a later close.");
    let mut waiting = reconciled(DrawStatus::Acknowledged);
    waiting.closed_at = Some(Timestamp(1_000_000));
    if let Some(profile) = &mut waiting.profile {
        profile.close_to_draw_min = Span::seconds(600);
    }
    assert_eq!(why(&waiting, Action::Draw), "The rules ask for more time after the close: 600 s to wait.");
}
