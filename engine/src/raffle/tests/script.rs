//! The language of the scripts. One line, one command or question and what comes of it:
//!
//! ```text
//! sell c1 2x1 at 10s        -> sold 1..2 for 10.00      # 2 of package 1
//! sell c1 2x1               -> on record, nothing new
//! hold o1 1x2 at 20s        -> held until 620s for 10.00
//! counts                    -> sold 2, held 20, unsold 978
//! ```
//!
//! Times count from the start of sales. Answers that recorded no event say "nothing new", and refusals
//! say their code. `with colleague` brings a second person, `as device` another caller.

use super::handheld::device;
use super::handheld_script;
use super::world::{COLLEAGUE, MANAGER, Outcome, World, instant, order};
use crate::id::{DeviceId, UserId};
use crate::journal::Actor;
use crate::money::Line;
use crate::raffle::{
    Answer, Channel, Command, Config, Rejection, Resolution, Verdict, acknowledge_reconciliation, blockers,
    cancel_draw, cancel_raffle, clear_misprint, confirm_payment, confirm_refund, declare_device_lost, end_hold,
    finalize_raffle, hold_order, mark_misprint, move_close, pass_time, reopen_reconciliation, resolve_quarantine,
    resume_sales, sell_tickets, settle_draw, start_reconciliation, suspend_sales, void_ticket,
};
use crate::ticket::NumberRange;
use crate::time::Timestamp;

/// Runs `script` on a raffle opened with `config`. After every event the log is replayed and the state
/// audited; after every line the answer is compared.
pub(super) fn check(config: Config, script: &str) -> World {
    continue_with(World::open(config), script)
}

/// As [`check`], on a raffle that has come some way.
pub(super) fn continue_with(mut world: World, script: &str) -> World {
    for line in script.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
        if line.is_empty() {
            continue;
        }
        let (left, expected) = line.split_once("->").unwrap_or_else(|| panic!("no answer is expected in: {line}"));
        let (before, log) = (world.raffle.clone(), world.log.len());
        let answer = say(&mut world, left);
        assert_eq!(answer, expected.trim(), "\n  in: {line}");
        if world.log.len() == log {
            assert_eq!(before, world.raffle, "nothing was recorded, yet something changed: {line}");
        }
    }
    world
}

/// One command or question, and its answer.
pub(super) fn say(world: &mut World, line: &str) -> String {
    Words::parse(line, world).run(world)
}

/// One line of a script, taken apart.
pub(super) struct Words<'a> {
    pub(super) words: Vec<&'a str>,
    options: Vec<(&'a str, &'a str)>,
    actor: Actor,
    approver: Option<UserId>,
}

impl<'a> Words<'a> {
    fn parse(left: &'a str, world: &mut World) -> Self {
        let mut parsed = Self { words: vec![], options: vec![], actor: Actor::User(MANAGER), approver: None };
        let mut tokens = left.split_whitespace();
        while let Some(token) = tokens.next() {
            match token {
                "at" => world.now = time(tokens.next().expect("a time follows")),
                "as" => parsed.actor = actor(tokens.next().expect("a caller follows")),
                "with" => parsed.approver = Some(person(tokens.next().expect("a person follows"))),
                _ => match token.split_once('=') {
                    Some(option) => parsed.options.push(option),
                    None => parsed.words.push(token),
                },
            }
        }
        parsed
    }

    pub(super) fn option(&self, name: &str) -> Option<&'a str> {
        self.options.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    pub(super) fn word(&self, index: usize) -> &'a str {
        self.words.get(index).copied().unwrap_or_else(|| panic!("word {index} is missing in {:?}", self.words))
    }

    /// `2x1 1x3`: two of package 1, one of package 3.
    pub(super) fn lines(&self, from: usize) -> Vec<Line> {
        let line = |word: &&str| {
            let (quantity, package) = word.split_once('x').expect("lines look like 2x1");
            Line { package: number(package), quantity: number(quantity) }
        };
        self.words[from..].iter().map(line).collect()
    }

    fn reason(&self) -> String {
        match self.option("reason") {
            None => "because".to_owned(),
            Some("none") => "  ".to_owned(),
            Some(reason) => reason.to_owned(),
        }
    }

    pub(super) fn give(&self, world: &mut World, command: Command) -> String {
        told(&world.give_as(self.actor, self.approver, command))
    }

    fn run(&self, world: &mut World) -> String {
        if world.handhelds.contains_key(self.word(0)) || handheld_script::VERBS.contains(&self.word(0)) {
            return handheld_script::run(self, world);
        }
        if let Some(command) = self.sale(world).or_else(|| self.life_cycle(world)).or_else(|| self.drawing(world)) {
            return self.give(world, command);
        }
        question(self, world)
    }

    fn sale(&self, world: &mut World) -> Option<Command> {
        let key = || order(self.word(1));
        let reason = self.reason();
        Some(match self.word(0) {
            "sell" => {
                let channel = match self.option("via") {
                    None => Channel::Counter,
                    Some(name) => *Channel::ALL.iter().find(|channel| channel.as_str() == name).expect("a channel"),
                };
                let (random, salt) = (world.random8(), world.random());
                let (order, lines) = (key(), self.lines(2));
                Command::SellTickets(sell_tickets::SellTickets {
                    order,
                    channel,
                    seller: Some(MANAGER),
                    lines,
                    random,
                    salt,
                })
            }
            "hold" => Command::HoldOrder(hold_order::HoldOrder { order: key(), lines: self.lines(2) }),
            "pay" => {
                let (random, salt) = (world.random8(), world.random());
                let payment = format!("pay_{}", self.word(1));
                Command::ConfirmPayment(confirm_payment::ConfirmPayment { order: key(), payment, random, salt })
            }
            "decline" => Command::EndHold(end_hold::EndHold { order: key() }),
            "refunded" => {
                Command::ConfirmRefund(confirm_refund::ConfirmRefund { order: key(), reference: "re_1".to_owned() })
            }
            "void" => Command::VoidTicket(void_ticket::VoidTicket { order: key(), reason }),
            "mark" => Command::MarkMisprint(mark_misprint::MarkMisprint { order: key(), reason }),
            "clear" => Command::ClearMisprint(clear_misprint::ClearMisprint { order: key(), reason }),
            _ => return None,
        })
    }

    fn life_cycle(&self, world: &mut World) -> Option<Command> {
        let reason = self.reason();
        Some(match self.words.as_slice() {
            ["tick"] => Command::PassTime(pass_time::PassTime),
            ["suspend"] => Command::SuspendSales(suspend_sales::SuspendSales { reason }),
            ["resume"] => Command::ResumeSales(resume_sales::ResumeSales),
            ["close", "to", to] => {
                Command::MoveClose(move_close::MoveClose { closes_at: time(to), extend: false, reason })
            }
            ["extend", "to", to] => {
                Command::MoveClose(move_close::MoveClose { closes_at: time(to), extend: true, reason })
            }
            ["start"] => Command::StartReconciliation(start_reconciliation::StartReconciliation),
            ["acknowledge", rest @ ..] => {
                let seen = world.raffle.identity();
                let (sold, voided, unsold) = match rest {
                    [] => (seen.sold, seen.voided, seen.unsold),
                    [sold, voided, unsold] => (number(sold), number(voided), number(unsold)),
                    _ => panic!("acknowledge takes no counts or three"),
                };
                let statement = if reason.trim().is_empty() { reason } else { "All is counted.".to_owned() };
                Command::AcknowledgeReconciliation(acknowledge_reconciliation::AcknowledgeReconciliation {
                    statement,
                    sold,
                    voided,
                    unsold,
                })
            }
            ["reopen"] => Command::ReopenReconciliation(reopen_reconciliation::ReopenReconciliation { reason }),
            ["cancel"] => Command::CancelRaffle(cancel_raffle::CancelRaffle { reason }),
            ["finalize"] => Command::FinalizeRaffle(finalize_raffle::FinalizeRaffle),
            ["lose", label] => Command::DeclareDeviceLost(declare_device_lost::DeclareDeviceLost {
                device: device(label),
                operator: self.option("operator").unwrap_or("Sam").replace("none", ""),
                money_collected_minor: self.option("money").map_or(0, minor),
                reason,
            }),
            [verdict @ ("accept" | "refund"), label, seq] => {
                Command::ResolveQuarantine(resolve_quarantine::ResolveQuarantine {
                    device: device(label),
                    seq: number(seq),
                    resolution: if *verdict == "accept" { Resolution::Accepted } else { Resolution::Refunded },
                    reason,
                })
            }
            _ => return None,
        })
    }

    fn drawing(&self, world: &World) -> Option<Command> {
        let draw_no = 1;
        Some(match self.words.as_slice() {
            ["lock"] => world.lock(),
            ["reveal"] => world.reveal(),
            ["prove"] => world.prove(),
            ["draw"] => world.winners(),
            ["publish"] => world.publish(),
            ["settle"] => Command::SettleDraw(settle_draw::SettleDraw { draw_no, reason: self.reason() }),
            ["cancel", "draw"] => Command::CancelDraw(cancel_draw::CancelDraw { draw_no, reason: self.reason() }),
            _ => return None,
        })
    }
}

/// Questions change nothing.
fn question(words: &Words, world: &World) -> String {
    let raffle = &world.raffle;
    match words.words.as_slice() {
        ["status"] => raffle.status.as_str().to_owned(),
        ["counts"] => counts(raffle.identity()),
        ["counts", label] => counts(raffle.devices[&device(label)].identity()),
        ["money"] => {
            let total = raffle.total();
            format!("gross {}, voided {}", money(total.gross_minor), money(total.voided_minor))
        }
        ["jackpot"] => money(raffle.jackpot_minor()),
        ["stock", package] => format!("{:?}", raffle.stock_left(number(package))),
        ["ledger"] => list(raffle.sold_ledger().iter().map(|sold| numbers(&(sold.first, sold.last)))),
        ["ticket", key] => {
            let known = &raffle.orders[&order(key)];
            format!("{:?}, refund {:?}", known.state, known.refund).to_lowercase()
        }
        ["blockers"] => list(blockers(raffle).iter().map(|blocker| blocker.code().to_owned())),
        ["closed"] => raffle.closed_at.map_or("no".to_owned(), offset),
        ["due"] => raffle.next_due().map_or("nothing".to_owned(), offset),
        ["drawn"] => raffle.draws[0].status.as_str().to_owned(),
        ["facts"] => list(world.facts.iter().map(|fact| fact.kind.to_owned())),
        _ => panic!("no such command or question: {:?}", words.words),
    }
}

/// An answer in the words of the scripts.
pub(super) fn told(outcome: &Outcome) -> String {
    let answer = match &outcome.answer {
        Ok(answer) => answer,
        Err(rejection) => return refused(rejection),
    };
    let told = match answer {
        Answer::Done => "done".to_owned(),
        Answer::Sold(sale) => {
            let sold = sale.ranges.iter().map(|range| numbers(&(range.first(), range.last())));
            format!("sold {} for {}", list(sold), money(sale.price_minor))
        }
        Answer::OnRecord(_) => "on record".to_owned(),
        Answer::Held { expires_at, price_minor } => {
            format!("held until {} for {}", offset(*expires_at), money(*price_minor))
        }
        Answer::RefundDue => "refund due".to_owned(),
        Answer::Joined(slot) => format!("slot {}", slot.get()),
        Answer::Reserved(range) => format!("leased {}", numbers(&(range.first(), range.last()))),
        Answer::Verdict(Verdict::Accepted) => "accepted".to_owned(),
        Answer::Verdict(Verdict::Quarantined(reason)) => {
            format!("quarantined {}", serde_json::to_value(reason).unwrap().as_str().unwrap())
        }
        Answer::Verdict(Verdict::Known) => "known".to_owned(),
        Answer::Refused(rejection) => format!("{}, on record", refused(rejection)),
    };
    if outcome.events.is_empty() { format!("{told}, nothing new") } else { told }
}

pub(super) fn refused(rejection: &Rejection) -> String {
    let code = rejection.code();
    match rejection {
        Rejection::WrongStatus { status } => format!("{code} {}", status.as_str()),
        Rejection::WrongDrawStatus { status } => format!("{code} {}", status.as_str()),
        Rejection::SoldOut { left } | Rejection::OutOfStock { left, .. } => format!("{code}, {left} left"),
        Rejection::UnknownPackage { package } => format!("{code} {package}"),
        Rejection::SeriesBroken { acknowledged } | Rejection::SeriesGap { acknowledged } => {
            format!("{code} after {acknowledged}")
        }
        Rejection::NotReconciled(open) => {
            format!("{code}: {}", list(open.iter().map(|blocker| blocker.code().to_owned())))
        }
        Rejection::InvalidConfig(errors) => {
            format!("{code}: {}", list(errors.iter().map(|error| error.field.clone())))
        }
        Rejection::TooEarly { wait_ms } => format!("{code} {wait_ms}ms"),
        _ => code.to_owned(),
    }
}

fn counts(identity: crate::raffle::Identity) -> String {
    let parts = [
        ("sold", identity.sold),
        ("voided", identity.voided),
        ("held", identity.held),
        ("reserved", identity.reserved),
        ("out", identity.out_of_play),
        ("unsold", identity.unsold),
    ];
    list(parts.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} {count}")))
}

pub(super) fn numbers(ends: &(u64, u64)) -> String {
    format!("{}..{}", ends.0, ends.1)
}

pub(super) fn ranges(text: &str) -> Vec<NumberRange> {
    let part = |part: &str| {
        let (first, last) = part.split_once("..").expect("ranges look like 1..5");
        NumberRange::new(number(first), number(last)).expect("a range that exists")
    };
    if text == "none" { vec![] } else { text.split('+').map(part).collect() }
}

pub(super) fn list(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

pub(super) fn money(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

pub(super) fn minor(text: &str) -> u64 {
    let (whole, cents) = text.split_once('.').expect("money looks like 5.00");
    number::<u64>(whole) * 100 + number::<u64>(cents)
}

pub(super) fn number<T: core::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is not a number"))
}

/// `10s`, `-5s`, `3599.999999s` after the start of sales.
pub(super) fn time(text: &str) -> Timestamp {
    let seconds = text.strip_suffix('s').unwrap_or_else(|| panic!("times look like 10s, not {text}"));
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let micros = number::<i64>(&format!("{fraction:0<6}"));
    let negative = whole.starts_with('-');
    instant(number::<i64>(whole) * 1_000_000 + if negative { -micros } else { micros })
}

fn offset(at: Timestamp) -> String {
    let micros = i128::from(at.0) - i128::from(instant(0).0);
    let text = format!("{}.{:06}", micros / 1_000_000, micros.abs() % 1_000_000);
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}

fn actor(name: &str) -> Actor {
    match name {
        "system" => Actor::System,
        "public" => Actor::Public,
        "device" => Actor::Device(DeviceId([1; 16])),
        "integration" => Actor::Integration(MANAGER),
        "colleague" => Actor::User(COLLEAGUE),
        _ => panic!("no such caller: {name}"),
    }
}

fn person(name: &str) -> UserId {
    match name {
        "colleague" => COLLEAGUE,
        "oneself" => MANAGER,
        _ => panic!("no such person: {name}"),
    }
}
