//! Thousands of random commands, honest and hostile, against the model. Every step is a line of the
//! scripts' language, so a run that fails prints a script. `DRUMROLL_TEST_SEED` repeats one run.

use super::handheld::device;
use super::handheld_script::learn_leases;
use super::model::Model;
use super::script::{continue_with, say};
use super::world::{World, instant, range, with};
use crate::draw::{Options, PlanHash, verify};
use crate::money::price;
use crate::raffle::{Config, Status};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeSet;

const RUNS: u64 = 12;
const STEPS: usize = 2_500;

fn wide() -> Config {
    with(|config| {
        config.numbers = range(1, 10_000);
        config.pools[0].range = range(1, 3_000);
        config.pools[1].range = range(3_001, 5_000);
        config.pools[2].range = range(5_001, 9_000);
        config.packages[2].stock = Some(40);
        config.device_block = 100;
    })
}

/// Chance, seeded.
struct Dice(ChaCha20Rng);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self(ChaCha20Rng::from_seed(bytes))
    }

    /// From 0 up to `below`. The bias of the remainder does not matter here.
    fn roll(&mut self, below: u64) -> u64 {
        self.0.next_u64() % below
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.roll(chances) == 0
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let index = self.roll(of.len() as u64);
        of[usize::try_from(index).unwrap()]
    }
}

/// Prints what it takes to repeat a run that fails.
struct Diary {
    seed: u64,
    lines: Vec<String>,
}

impl Drop for Diary {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let tail = self.lines.len().saturating_sub(25);
            eprintln!("DRUMROLL_TEST_SEED={} after {} steps, the last ones:", self.seed, self.lines.len());
            self.lines[tail..].iter().for_each(|line| eprintln!("    {line}"));
        }
    }
}

fn lines(dice: &mut Dice) -> String {
    match dice.roll(40) {
        0 => "4294967295x1".to_owned(),
        1 => "1x77".to_owned(),
        2 => "0x1".to_owned(),
        3 => "1x1 1x1".to_owned(),
        4..8 => format!("{}x3", 1 + dice.roll(2)),
        8..12 => format!("{}x1 1x2", 1 + dice.roll(5)),
        12..25 => format!("{}x2", 1 + dice.roll(2)),
        _ => format!("{}x1", 1 + dice.roll(6)),
    }
}

/// A key of any channel: most are fresh, many repeat.
fn key(dice: &mut Dice) -> String {
    let family = dice.pick(&["c", "o", "k", "c", "o", "k", "x"]);
    format!("{family}{}", dice.roll(900))
}

fn seconds(offset: i64) -> String {
    let sign = if offset < 0 { "-" } else { "" };
    format!("{sign}{}.{:06}s", offset.abs() / 1_000_000, offset.abs() % 1_000_000)
}

fn handheld(dice: &mut Dice) -> &'static str {
    dice.pick(&["d1", "d2", "d3", "d4", "d1", "d2", "d3", "d4", "d5", "d9"])
}

/// One line for this moment of this raffle.
fn line(dice: &mut Dice, world: &World) -> String {
    let on_sale = world.raffle.status.on_sale();
    match dice.roll(if on_sale { 100 } else { 140 }) {
        0..14 => {
            let via = dice.pick(&["", "", "", "", " via=integration", " via=integration", " via=rsu"]);
            format!("sell {} {}{via}", key(dice), lines(dice))
        }
        14..22 => format!("hold {} {}", key(dice), lines(dice)),
        22..30 => format!("pay {}", key(dice)),
        30 => format!("decline {}", key(dice)),
        31..33 => format!("refunded {}", key(dice)),
        33..36 => format!("void {}", key(dice)),
        36..38 => format!("mark {}", key(dice)),
        38..40 => format!("clear {}", key(dice)),
        40..43 => format!("join {}", handheld(dice)),
        43..49 => reserve(dice),
        49..51 => {
            let pause = dice.pick(&["", "", " suspended"]);
            format!("know {} {}{pause}", handheld(dice), seconds(dice.roll(5_000_000_000).cast_signed()))
        }
        51..84 => of_handheld(dice, world),
        84 => dice.pick(&["suspend", "resume", "resume"]).to_owned(),
        85..90 => dice.pick(&["resume", "tick", "tick", "tick", "start"]).to_owned(),
        90 if dice.one_in(10) => format!("lose {} with colleague", handheld(dice)),
        90 => format!("lose {}", handheld(dice)),
        91..95 => {
            let verdict = dice.pick(&["accept", "accept", "refund"]);
            format!("{verdict} {} {}", handheld(dice), 1 + dice.roll(60))
        }
        95 if dice.one_in(40) => {
            let verb = dice.pick(&["close", "extend"]);
            format!("{verb} to {}", seconds(dice.roll(5_000_000_000).cast_signed()))
        }
        96 if dice.one_in(250) => "cancel with colleague".to_owned(),
        97 if dice.one_in(100) => "cancel draw".to_owned(),
        95..100 => {
            dice.pick(&["cancel", "reopen", "lock", "draw", "publish", "finalize", "acknowledge 1 2 3"]).to_owned()
        }
        100..115 => clearing(dice, world),
        _ => dice
            .pick(&["acknowledge", "lock", "reveal", "prove", "draw", "publish", "settle", "finalize", "reopen"])
            .to_owned(),
    }
}

/// Somebody works towards the acknowledgement.
fn clearing(dice: &mut Dice, world: &World) -> String {
    let raffle = &world.raffle;
    let open = raffle.quarantine.iter().find(|(_, entry)| entry.open());
    let label = |id| world.handhelds.values().find(|handheld| handheld.id == id).expect("it joined").label.clone();
    if let Some(((id, seq), _)) = open {
        return format!("{} {} {seq}", dice.pick(&["accept", "refund"]), label(*id));
    }
    let Some((id, known)) = raffle.devices.iter().find(|(_, device)| !device.settled()) else {
        return "acknowledge".to_owned();
    };
    let label = label(*id);
    if (known.last_seq as usize) < world.handhelds[&label].series.len() {
        return format!("{label} uploads {}", known.last_seq + 1);
    }
    if dice.one_in(6) { format!("lose {label} with colleague") } else { format!("{label} final") }
}

fn reserve(dice: &mut Dice) -> String {
    let extra = dice.pick(&["", "", "", " lost=yes", " no=1", " no=9", " made=99", " made=0"]);
    let wanted = dice.pick(&["", "", " 7", " 0", " 18446744073709551615"]);
    format!("reserve {}{wanted}{extra}", handheld(dice))
}

fn of_handheld(dice: &mut Dice, world: &World) -> String {
    let label = handheld(dice);
    let Some(own) = world.handhelds.get(label) else { return format!("join {label}") };
    let made = own.series.len() as u64;
    let known = world.raffle.devices[&device(label)].last_seq;
    match dice.roll(24) {
        0..7 if known < made => format!("{label} uploads {}", known + 1),
        7..9 if made > 0 => format!("{label} uploads {}", 1 + dice.roll(made)),
        9 => format!("{label} marks {}", key(dice)),
        10 if dice.one_in(6) => format!("{label} babbles"),
        11 if dice.one_in(30) => format!("{label} final"),
        11 if dice.one_in(3) => format!("{label} final sold=1"),
        _ => {
            let bought = lines(dice);
            let parsed: Vec<_> = bought
                .split(' ')
                .map(|line| line.split_once('x').unwrap())
                .map(|(quantity, package)| crate::money::Line {
                    package: package.parse().unwrap(),
                    quantity: quantity.parse().unwrap(),
                })
                .collect();
            let config = world.raffle.config.as_ref().expect("it is open");
            let numbers = price(&config.packages, &parsed).map_or(u64::MAX, |priced| priced.numbers);
            if own.free.iter().map(crate::ticket::NumberRange::count).sum::<u64>() < numbers {
                return format!("reserve {label}");
            }
            if made > 0 && dice.one_in(25) {
                return format!("{label} forks {} {} {bought}", 1 + dice.roll(made), key(dice));
            }
            let offset = world.now.0.cast_signed() - instant(0).0.cast_signed();
            let stamp = match dice.roll(12) {
                0 => format!(" stamp={}", seconds(dice.roll(4_000_000_000).cast_signed())),
                1 => format!(" stamp={}", seconds(offset - dice.roll(20_000_000).cast_signed())),
                2 => format!(" stamp={}", seconds(offset + dice.roll(3_000_000).cast_signed())),
                _ => String::new(),
            };
            let error = dice.pick(&[
                "",
                "",
                "",
                "",
                "",
                "",
                " error=0ms",
                " error=500ms",
                " error=2000ms",
                " error=4294967295ms",
            ]);
            let kept = dice.pick(&["", "", " kept=yes"]);
            let lie = match dice.roll(30) {
                0 | 5 if numbers < 1_000 => {
                    let first = 5_001 + dice.roll(300);
                    format!(" numbers={first}..{}", first + numbers - 1)
                }
                1 => format!(" numbers=0..{}", u64::MAX - 1),
                2 => " price=1.00".to_owned(),
                3 => " currency=USD".to_owned(),
                4 => " slot=3".to_owned(),
                _ => String::new(),
            };
            format!("{label} sells {} {bought}{stamp}{error}{lie}{kept}", key(dice))
        }
    }
}

/// Time passes: mostly a moment, sometimes minutes.
fn pass(dice: &mut Dice, world: &mut World) {
    let micros = match dice.roll(200) {
        0 => dice.roll(300_000_000),
        1..60 => dice.roll(5_000_000),
        60..120 => 0,
        _ => dice.roll(1_000_000),
    };
    world.now = world.now + crate::time::Span(micros);
}

fn run(seed: u64) -> World {
    let mut dice = Dice::new(seed);
    let mut world = World::open(wide());
    world.now = instant(-5_000_000);
    world.audit_every = 60;
    let mut model = Model::new(world.raffle.closes_at);
    let mut diary = Diary { seed, lines: Vec::new() };
    for step in 0..STEPS {
        pass(&mut dice, &mut world);
        let line = line(&mut dice, &world);
        let offset = world.now.0.cast_signed() - instant(0).0.cast_signed();
        diary.lines.push(format!("{line} at {}", seconds(offset)));
        let (recorded, facts) = (world.log.len(), world.raffle.facts);
        world.last = None;
        let answer = say(&mut world, &line);
        diary.lines[step].push_str(&format!(" -> {answer}"));
        if let Some((command, answer)) = world.last.take() {
            model.observe(world.now, &command, &answer);
            assert!(
                answer.is_ok() || (recorded, facts) == (world.log.len(), world.raffle.facts),
                "a refusal was recorded"
            );
        }
        if step % 100 == 0 {
            model.compare(&world);
        }
    }
    model.compare(&world);
    world.audit();
    assert_eq!(world.replayed(), world.raffle, "I6");
    bring_home(&mut world, &mut diary);
    world
}

/// Whatever happened, the raffle can be brought to a draw that anybody can verify.
fn bring_home(world: &mut World, diary: &mut Diary) {
    let mut say = |world: &mut World, line: &str| {
        let answer = say(world, line);
        diary.lines.push(format!("{line} -> {answer}"));
        answer
    };
    if matches!(world.raffle.status, Status::Cancelled | Status::Finalized) {
        return;
    }
    world.now = world.now.max(world.raffle.closes_at);
    say(world, "tick");
    let labels: Vec<String> = world.handhelds.keys().cloned().collect();
    for label in &labels {
        learn_leases(world, label);
        for seq in 1..=world.handhelds[label].series.len() {
            say(world, &format!("{label} uploads {seq}"));
        }
        if say(world, &format!("{label} final")) != "accepted" {
            say(world, &format!("lose {label} with colleague"));
        }
    }
    let open: Vec<_> = world.raffle.quarantine.iter().filter(|(_, entry)| entry.open()).map(|(at, _)| *at).collect();
    for (id, seq) in open {
        let label = labels.iter().find(|label| device(label) == id).expect("it joined");
        if say(world, &format!("accept {label} {seq}")) != "done" {
            say(world, &format!("refund {label} {seq}"));
        }
    }
    for order in world.raffle.misprints_open.clone() {
        let reason = "home".to_owned();
        world.must(crate::raffle::Command::ClearMisprint(crate::raffle::clear_misprint::ClearMisprint {
            order,
            reason,
        }));
    }
    say(world, "start");
    let steps = ["acknowledge", "lock", "reveal", "prove", "draw", "publish", "settle", "finalize"];
    steps.iter().for_each(|step| drop(say(world, step)));
    world.audit();
    let cancelled = world.raffle.draws[0].status == crate::raffle::DrawStatus::Cancelled;
    if cancelled {
        assert_eq!(say(world, "cancel with colleague"), "done");
        return;
    }
    assert_eq!(world.raffle.status, Status::Finalized);
    let expected_plan = Some(PlanHash(world.raffle.draws[0].plan_hash.0));
    let report = verify(&world.raffle.transcript(1).unwrap(), &Options { expected_plan, ..Options::default() });
    assert!(report.ok, "I10: {}", report.detail);
}

/// I2, I3, I4, I5, I6, I8, I10, T-05 under whatever comes.
#[test]
fn t05_i2_i3_i4_i5_i6_i8_hold_in_a_storm() {
    if let Some(seed) = std::env::var("DRUMROLL_TEST_SEED").ok().and_then(|seed| seed.parse().ok()) {
        run(seed);
        return;
    }
    let (mut given, mut reasons, mut tickets, mut voided) = (BTreeSet::new(), BTreeSet::new(), 0, 0);
    for world in (1..=RUNS).map(run) {
        given.extend(world.given);
        reasons.extend(world.raffle.quarantine.values().map(|entry| entry.reason));
        tickets += world.raffle.total().count;
        voided += world.raffle.total().voided_count;
    }
    // A storm that never gets anywhere would prove nothing.
    assert_eq!(given.len(), 33, "every kind of command is given: {given:?}");
    assert!(reasons.len() >= 16, "{reasons:?}");
    assert!(tickets > 120 * RUNS && voided > 10 * RUNS, "{tickets} tickets, {voided} voided");
}

/// The same seed gives the same raffle, to the last hash.
#[test]
fn i6_a_storm_repeats_itself_exactly() {
    assert_eq!(run(77).head, run(77).head);
}

#[test]
fn the_diary_is_a_script() {
    let world = World::open(wide());
    continue_with(world, &format!("sell c1 1x1 at {} -> not_yet_selling", seconds(-1_500_000)));
}
