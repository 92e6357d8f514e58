//! L-06: every command in every status. The table is the contract: change it with a reason.

use super::script::{check, continue_with, say};
use super::world::{World, config};
use crate::raffle::{Command, Kind, configure::Configure, create_raffle::CreateRaffle};

macro_rules! names {
    ($($name:ident)*) => {
        /// The kinds of commands there are.
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// The kind of a command.
        pub(super) fn name(command: &Command) -> &'static str {
            match command {
                $(Command::$name(..) => stringify!($name)),*
            }
        }
    };
}

names! {
    CreateRaffle Configure OpenSales SuspendSales ResumeSales MoveClose PassTime StartReconciliation
    AcknowledgeReconciliation ReopenReconciliation CancelRaffle FinalizeRaffle SellTickets HoldOrder
    ConfirmPayment EndHold ConfirmRefund VoidTicket MarkMisprint ClearMisprint JoinDevice ReserveRange
    AcknowledgeNotice RecordDevice ResolveQuarantine DeclareDeviceLost LockDraw RevealWitness ProveDraw
    DrawWinners PublishDraw SettleDraw CancelDraw
}

/// A valid, a misprinted and a voided ticket, an order waiting for its payment, a handheld with a sale and
/// a quarantined one.
const SOLD: &str = "
    sell c1 1x1 at 1s   -> sold 1..1 for 5.00
    sell c2 1x1         -> sold 2..2 for 5.00
    mark c2             -> done
    hold o1 1x1         -> held until 601s for 5.00
    hold o2 1x1         -> held until 601s for 5.00
    pay o2              -> sold 401..401 for 5.00
    void o2             -> done
    join d1             -> slot 1
    reserve d1          -> leased 701..750
    d1 sells k1 1x1     -> accepted
    d1 sells k2 1x1 price=1.00 -> quarantined price_mismatch
";

const RECONCILED: &str = "
    tick at 3600s       -> done
    clear c2            -> done
    refund d1 2         -> done
    d1 final            -> accepted
    acknowledge         -> done
";

fn worlds() -> Vec<(&'static str, World)> {
    let sold = || check(config(), SOLD);
    let reconciled = || continue_with(sold(), RECONCILED);
    vec![
        ("draft", World::draft()),
        ("configured", World::configured(config())),
        ("selling", sold()),
        ("suspended", continue_with(sold(), "suspend -> done")),
        ("closing", continue_with(sold(), "tick at 3600s -> done")),
        ("reconciling", continue_with(sold(), "tick at 3600s -> done\n start -> done")),
        ("reconciled", reconciled()),
        ("sealed", continue_with(reconciled(), "lock -> done")),
        (
            "finalized",
            continue_with(
                reconciled(),
                "lock -> done\n reveal -> done\n prove -> done\n draw -> done\n publish -> done\n settle -> done\n finalize -> done",
            ),
        ),
        ("cancelled", continue_with(sold(), "cancel with colleague -> done")),
    ]
}

/// What is asked of each, in the scripts' language; the first three are commands the scripts do not speak.
const ASKED: [&str; 39] = [
    "create",
    "configure",
    "open",
    "suspend",
    "resume",
    "close to 2s",
    "extend to 4000s",
    "tick",
    "start",
    "acknowledge",
    "reopen",
    "cancel with colleague",
    "finalize",
    "sell c9 1x1",
    "hold o9 1x1",
    "hold o1 1x1",
    "pay o1",
    "decline o1",
    "refunded o2",
    "void c1",
    "mark c1",
    "clear c2",
    "join d9",
    "join d1",
    "reserve d1",
    "know d1 3600s",
    "d1 sells k3 1x1 stamp=1s",
    "d1 marks k1",
    "d1 final",
    "accept d1 2",
    "refund d1 2",
    "lose d1 with colleague",
    "lock",
    "reveal",
    "prove",
    "draw",
    "publish",
    "settle",
    "cancel draw",
];

fn ask(world: &World, line: &str) -> (String, &'static str) {
    let mut world = world.branch();
    world.given.clear();
    if line.starts_with("d1") && !world.handhelds.contains_key("d1") {
        return ("-".to_owned(), "RecordDevice");
    }
    let command = match line {
        "create" => {
            Some(Command::CreateRaffle(CreateRaffle { event_number: 99, name: "x".to_owned(), kind: Kind::Live }))
        }
        "configure" => Some(Command::Configure(Box::new(Configure { config: config() }))),
        "open" => Some(world.opening()),
        _ => None,
    };
    let answer = match command {
        Some(command) => super::script::told(&world.give(command)),
        None => say(&mut world, line),
    };
    let mut words = answer.split([' ', ':', ',']);
    let first = words.next().unwrap_or_default();
    let told = match first {
        _ if answer.ends_with("nothing new") => "same",
        "done" | "sold" | "held" | "slot" | "leased" | "accepted" => "OK",
        "quarantined" => words.next().unwrap_or_default(),
        "refund" => "refund_due",
        code => code,
    };
    (told.to_owned(), world.given.first().copied().unwrap_or_default())
}

#[test]
fn l06_the_full_matrix_of_commands_and_statuses() {
    let worlds = worlds();
    let mut asked = std::collections::BTreeSet::new();
    let mut table = String::new();
    for line in ASKED {
        table.push_str(&format!("{line}:\n"));
        // Statuses that answer alike stand together.
        let mut answers: Vec<(String, Vec<&str>)> = Vec::new();
        for (status, world) in &worlds {
            let (answer, name) = ask(world, line);
            asked.insert(name);
            match answers.iter_mut().find(|(known, _)| *known == answer) {
                Some((_, statuses)) => statuses.push(status),
                None => answers.push((answer, vec![status])),
            }
        }
        for (answer, statuses) in answers {
            table.push_str(&format!("  {answer}: {}\n", statuses.join(" ")));
        }
    }
    assert_eq!(asked.into_iter().collect::<Vec<_>>(), sorted(NAMES), "every command is asked in every status");
    let expected = include_str!("matrix.txt");
    assert!(table == expected, "the matrix changed:\n{table}");
}

fn sorted(names: &[&'static str]) -> Vec<&'static str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}
