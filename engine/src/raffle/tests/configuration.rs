//! What must be set before opening, and that nothing of it changes afterwards (L-01, L-02, L-05, L-08).

use super::script::{check, refused};
use super::world::{COLLEAGUE, MANAGER, World, config, instant, keys, range, with};
use crate::bytes::Bytes;
use crate::id::{DrawId, OrganisationId, RaffleId};
use crate::journal::Actor;
use crate::money::{Package, Prize, PrizeRule};
use crate::profile::{DrawMode, Profile};
use crate::raffle::{
    Answer, Command, Config, Event, Kind, PoolKind, PoolShare, Raffle, Rejection, configure::Configure,
    create_raffle::CreateRaffle, limits, open_sales, open_sales::OpenSales,
};
use crate::time::{Span, Timestamp};

fn fields(config: &Config) -> Vec<String> {
    config.errors().into_iter().map(|error| error.field).collect()
}

/// Each line: one thing made wrong, and the field that is named for it.
#[test]
fn l01_each_missing_or_invalid_field_is_named() {
    type Edit = fn(&mut Config);
    let percentage =
        |basis_points| PrizeRule::Percentage { basis_points, seed_minor: 0, guarantee_minor: 0, cap_minor: Some(1) };
    assert_eq!(fields(&config()), Vec::<String>::new());
    let cases: [(&str, Edit); 46] = [
        ("name", |c| c.name.clear()),
        ("name", |c| c.name = "x".repeat(limits::TEXT_MAX + 1)),
        ("name", |c| c.name = "two\nlines".to_owned()),
        ("organisation_name", |c| c.organisation_name = "   ".to_owned()),
        ("location", |c| c.location.clear()),
        ("time_zone", |c| c.time_zone.clear()),
        ("licence", |c| c.licence = Some(String::new())),
        ("ticket_lines", |c| c.ticket_lines = vec!["x".to_owned(); limits::TICKET_LINES_MAX + 1]),
        ("ticket_lines[0]", |c| c.ticket_lines[0].clear()),
        ("numbers", |c| c.numbers = range(1, limits::NUMBERS_MAX + 1)),
        ("numbers", |c| c.numbers = range(1, 1 << 53)),
        ("pools", |c| c.pools.clear()),
        ("pools[0]", |c| c.pools[0].range = range(0, 400)),
        ("pools[2]", |c| c.pools[2].range = range(701, 1_001)),
        ("pools[1]", |c| c.pools[1].range = range(400, 700)),
        ("pools[1]", |c| c.pools[1].pool = PoolKind::Internal),
        ("device_block", |c| c.device_block = 0),
        ("device_block", |c| c.device_block = 19),
        ("device_block", |c| c.device_block = 1_000_001),
        ("packages", |c| {
            c.packages.clear();
        }),
        ("packages", |c| {
            let package = |id| Package { id, ..c.packages[0].clone() };
            c.packages = (0..51).map(package).collect();
        }),
        ("packages[1].label", |c| c.packages[1].label.clear()),
        ("packages[1].numbers", |c| c.packages[1].numbers = 0),
        ("packages[1].price_minor", |c| c.packages[1].price_minor = 0),
        ("packages[1].price_minor", |c| c.packages[1].price_minor = limits::PRICE_MINOR_MAX + 1),
        ("packages[2].stock", |c| c.packages[2].stock = Some(0)),
        ("packages[2].id", |c| c.packages[2].id = 1),
        ("prizes", |c| c.prizes.clear()),
        ("prizes", |c| {
            let prize = |id| Prize { id, ..c.prizes[1].clone() };
            c.prizes = (0..101).map(prize).collect();
        }),
        ("prizes[0].name", |c| c.prizes[0].name.clear()),
        ("prizes[1].id", |c| c.prizes[1].id = 1),
        ("prizes[1].rule", |c| c.prizes[1].rule = PrizeRule::Fixed { value_minor: 5, quantity: 0 }),
        ("prizes[1].rule", |c| c.prizes[1].rule = PrizeRule::Fixed { value_minor: 0, quantity: 1 }),
        ("prizes", |c| c.prizes[1].rule = PrizeRule::Fixed { value_minor: 5, quantity: 9_998 }),
        ("prizes", |c| c.reserves = u32::MAX),
        ("sales_end", |c| c.sales_end = c.sales_start),
        ("sales_end", |c| c.sales_end = c.sales_start + Span(limits::WINDOW_MAX + 1)),
        ("hold", |c| c.hold = Span::seconds(29)),
        ("hold", |c| c.hold = Span::seconds(3_601)),
        ("profile", |c| c.profile = "atlantis".to_owned()),
        ("draw_mode", |c| c.draw_mode = DrawMode::Manual),
        ("licence", |c| {
            c.profile = "strict".to_owned();
            c.licence = None;
        }),
        ("ticket_lines", |c| {
            c.profile = "strict".to_owned();
            c.ticket_lines.clear();
        }),
        ("prizes[0].rule", |c| {
            c.profile = "strict".to_owned();
            c.prizes[0].rule =
                PrizeRule::Percentage { basis_points: 1, seed_minor: 0, guarantee_minor: 0, cap_minor: None };
        }),
        ("prizes[0].rule", |c| {
            let PrizeRule::Percentage { cap_minor, .. } = &mut c.prizes[0].rule else { unreachable!() };
            *cap_minor = Some(0);
        }),
        ("prizes[0].rule", |c| {
            let PrizeRule::Percentage { seed_minor, .. } = &mut c.prizes[0].rule else { unreachable!() };
            *seed_minor = limits::PRIZE_MINOR_MAX + 1;
        }),
    ];
    for (index, (field, edit)) in cases.into_iter().enumerate() {
        let wrong = with(edit);
        assert_eq!(fields(&wrong), [field], "case {index}");
        let mut world = World::draft();
        let answer = world.give(Command::Configure(Box::new(Configure { config: wrong }))).answer;
        assert_eq!(refused(&answer.unwrap_err()), format!("invalid_configuration: {field}"));
    }
    for wrong in [0, 10_001] {
        let wrong = with(|c| c.prizes[0].rule = percentage(wrong));
        assert_eq!(fields(&wrong)[0], "prizes[0].rule");
    }
    let too_much = with(|c| {
        c.prizes[0].rule = percentage(5_001);
        c.prizes[1].rule = percentage(5_000);
    });
    assert_eq!(fields(&too_much), ["prizes"], "percentages sum to at most 100");
    // The largest package must fit a block, or no handheld could ever sell it.
    assert_eq!(fields(&with(|c| c.packages[1].numbers = 100_001)), ["device_block", "packages[1].numbers"]);
}

#[test]
fn l01_what_is_just_within_the_limits_can_be_opened() {
    World::open(with(|c| {
        c.numbers = range(0, limits::NUMBER_MAX.min(limits::NUMBERS_MAX - 1));
        c.packages[1].numbers = limits::PACKAGE_NUMBERS_MAX;
        c.packages[1].price_minor = limits::PRICE_MINOR_MAX;
        c.device_block = 1_000_000;
        c.prizes[1].rule = PrizeRule::Fixed { value_minor: 1, quantity: 9_997 };
        c.sales_end = c.sales_start + Span(limits::WINDOW_MAX);
        c.hold = Span::seconds(3_600);
        c.profile = "strict".to_owned();
    }));
}

#[test]
fn l01_sales_do_not_open_without_a_configuration_a_future_and_fit_keys() {
    let mut world = World::draft();
    let opening = world.opening();
    assert_eq!(refused(&world.give(opening).answer.unwrap_err()), "wrong_status draft");

    let mut world = World::configured(config());
    world.now = config().sales_end;
    let opening = world.opening();
    assert_eq!(refused(&world.give(opening.clone()).answer.unwrap_err()), "bad_closing_time");
    world.now = Timestamp(config().sales_end.0 - 1);
    assert!(world.give(opening).answer.is_ok());

    // RDP-1 §1, attack 15: no key may serve twice.
    let mut shared = keys();
    shared.vrf = shared.ledger;
    let mut world = World::configured(config());
    let command = OpenSales { keys: shared, draw: DrawId([5; 16]), house_commitment: Bytes::default() };
    assert_eq!(world.give(Command::OpenSales(command)).answer.unwrap_err(), Rejection::DrawInvalid);
}

/// The plan that the shell committed to is the plan that is frozen, and the rules are the stored bytes.
#[test]
fn l02_opening_freezes_profile_plan_and_rules() {
    let world = World::configured(config());
    let prepared = open_sales::prepare(&world.raffle, keys()).unwrap();
    let world = World::open(config());
    assert_eq!(world.raffle.plan(1).unwrap().hash(), prepared.plan.hash());
    assert_eq!(world.raffle.draws[0].plan_hash.0, prepared.plan.hash().0);
    let payload = &world.log[2].payload;
    assert!(payload.starts_with(br#"{"type":"sales_opened/1""#));
    assert_eq!(world.raffle.rules_hash.0, crate::hash::sha256(payload));
    assert_eq!(world.raffle.profile.as_deref(), Some(&Profile::default_profile()));
}

/// L-02, P-02: the attempt is refused, and it is on record.
#[test]
fn l02_a_change_after_opening_is_refused_and_recorded() {
    let mut world = check(config(), "sell c1 1x1 at 1s -> sold 1..1 for 5.00");
    let cheaper = with(|config| config.packages[0].price_minor = 1);
    let before = world.raffle.clone();
    let outcome = world.give(Command::Configure(Box::new(Configure { config: cheaper })));
    assert_eq!(outcome.answer, Ok(Answer::Refused(Rejection::Frozen)));
    let attempt = "configuration of Friday night".to_owned();
    assert_eq!(outcome.events, [Event::ChangeRefused { attempt }]);
    assert_eq!(world.raffle, before, "nothing changed");
    let opening = world.opening();
    assert_eq!(refused(&world.give(opening).answer.unwrap_err()), "wrong_status selling");
}

#[test]
fn l02_before_opening_the_configuration_may_be_replaced() {
    let mut world = World::configured(config());
    let same = Command::Configure(Box::new(Configure { config: config() }));
    assert!(world.give(same).events.is_empty(), "the same again records nothing");
    world.must(Command::Configure(Box::new(Configure { config: with(|c| c.name = "Saturday".to_owned()) })));
    assert_eq!(world.raffle.name, "Saturday");
}

/// L-05: the number comes from the organisation's journal; here it is kept and never changed.
#[test]
fn l05_a_raffle_is_created_once_under_its_event_number() {
    let mut world = World::draft();
    let create = |event_number, name: &str, kind| {
        Command::CreateRaffle(CreateRaffle { event_number, name: name.to_owned(), kind })
    };
    assert_eq!(world.raffle.event_number, 12);
    assert!(world.give(create(12, "Friday night", Kind::Live)).events.is_empty());
    for other in [create(13, "Friday night", Kind::Live), create(12, "Friday night", Kind::Test)] {
        assert_eq!(world.give(other).answer, Err(Rejection::RaffleExists));
    }
    let mut world = World::empty();
    assert_eq!(world.give(create(1, " \t", Kind::Test)).answer, Err(Rejection::ReasonMissing));
    world.must(create(1, "Rehearsal", Kind::Test));
    assert_eq!((world.raffle.kind, world.raffle.exists()), (Kind::Test, true));
}

#[test]
#[should_panic(expected = "event numbers count from 1")]
fn l05_there_is_no_event_number_zero() {
    let created = Event::Created { raffle: RaffleId([7; 16]), event_number: 0, name: "x".to_owned(), kind: Kind::Live };
    Raffle::empty(OrganisationId([1; 16]), RaffleId([7; 16])).apply(Timestamp(1), &created);
}

/// A profile that forbids the online channel, or the extension, says so at the right moment.
#[test]
fn the_profile_decides_what_may_be_opened_and_moved() {
    let no_internet = with(|config| config.pools.retain(|share| share.pool != PoolKind::Online));
    check(no_internet, "hold o1 1x1 at 1s -> channel_not_sold");
    check(with(|config| config.profile = "strict".to_owned()), "extend to 4000s at 1s -> not_allowed_by_profile");
    let counter_only = with(|config| config.pools = vec![PoolShare { pool: PoolKind::Internal, range: range(1, 10) }]);
    check(
        counter_only,
        "
        join d1 at 1s  -> slot 1
        reserve d1     -> channel_not_sold
        sell c1 1x1    -> sold 1..1 for 5.00
        counts         -> sold 1, unsold 999
    ",
    );
}

/// Two people are two people: no timer, handheld or outside system is one, nor the same person twice.
#[test]
fn l07_two_person_actions_take_two_persons() {
    let cancel = || Command::CancelRaffle(crate::raffle::cancel_raffle::CancelRaffle { reason: "rain".to_owned() });
    let mut world = check(config(), "sell c1 1x1 at 1s -> sold 1..1 for 5.00");
    world.now = instant(2_000_000);
    for (actor, approver) in [
        (Actor::User(MANAGER), None),
        (Actor::User(MANAGER), Some(MANAGER)),
        (Actor::System, Some(COLLEAGUE)),
        (Actor::Public, Some(COLLEAGUE)),
        (Actor::Integration(MANAGER), Some(COLLEAGUE)),
        (Actor::Device(crate::id::DeviceId([1; 16])), Some(COLLEAGUE)),
    ] {
        let answer = world.give_as(actor, approver, cancel()).answer;
        assert_eq!(answer, Err(Rejection::ApproverMissing), "{actor:?} {approver:?}");
    }
    assert!(world.give_as(Actor::User(MANAGER), Some(COLLEAGUE), cancel()).answer.is_ok());
}
