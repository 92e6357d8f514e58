//! What can be done with a raffle now, and in plain words why not. Whether something is allowed is asked of
//! the engine itself; only the words are ours.

use drumroll_engine::journal::{Actor, Head};
use drumroll_engine::raffle::move_close::MoveClose;
use drumroll_engine::raffle::resume_sales::ResumeSales;
use drumroll_engine::raffle::start_reconciliation::StartReconciliation;
use drumroll_engine::raffle::suspend_sales::SuspendSales;
use drumroll_engine::raffle::{
    Blocker, Command, Context, Draw, DrawStatus, Raffle, Rejection, Status, blockers, decide,
};
use drumroll_engine::raffle::{finalize_raffle::FinalizeRaffle, lock_draw::may_lock};
use drumroll_engine::time::{Span, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A step in a raffle's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Set or replace the configuration.
    Configure,
    /// Open sales.
    Open,
    /// Pause sales.
    Suspend,
    /// Let sales go on.
    Resume,
    /// Close sales earlier.
    Close,
    /// Close sales later.
    Extend,
    /// Begin reconciliation by hand.
    Reconcile,
    /// Confirm the reconciliation.
    Acknowledge,
    /// Cancel and refund everybody.
    Cancel,
    /// Seal and draw.
    Draw,
    /// Publish the result.
    Publish,
    /// Record how the prizes were disposed of.
    Settle,
    /// Freeze the raffle.
    Finalize,
}

impl Action {
    /// All, in the order of a raffle's life.
    pub const ALL: [Self; 13] = [
        Self::Configure,
        Self::Open,
        Self::Suspend,
        Self::Resume,
        Self::Close,
        Self::Extend,
        Self::Reconcile,
        Self::Acknowledge,
        Self::Cancel,
        Self::Draw,
        Self::Publish,
        Self::Settle,
        Self::Finalize,
    ];
}

/// Whether an action is open, and why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActionState {
    /// The action.
    pub action: Action,
    /// Whether it is open. Whether this caller may take it is a matter of his role.
    pub allowed: bool,
    /// Why not, in a sentence.
    pub reason: Option<String>,
}

/// Every action of a raffle at `at`.
pub fn actions(raffle: &Raffle, at: Timestamp) -> Vec<ActionState> {
    let one = |action| {
        let reason = hindrance(raffle, at, action);
        ActionState { action, allowed: reason.is_none(), reason }
    };
    Action::ALL.into_iter().map(one).collect()
}

/// What stands in the way of an action, in a sentence; nothing when it is open.
pub fn hindrance(raffle: &Raffle, at: Timestamp, action: Action) -> Option<String> {
    let status = raffle.status;
    if status == Status::Cancelled {
        return Some("This event is cancelled.".to_owned());
    }
    if status == Status::Finalized {
        return Some("This event is over and its records are frozen.".to_owned());
    }
    match action {
        Action::Configure => (raffle.opened_at.is_some()).then(|| "Fixed since sales opened.".to_owned()),
        Action::Open => open(raffle, at),
        Action::Suspend => sale_hindrance(raffle, at, Command::SuspendSales(SuspendSales { reason: WORDS.to_owned() })),
        Action::Resume => match status {
            Status::Selling => Some("Sales are running.".to_owned()),
            _ => sale_hindrance(raffle, at, Command::ResumeSales(ResumeSales)),
        },
        Action::Close => {
            let earlier = MoveClose { closes_at: at, extend: false, reason: WORDS.to_owned() };
            sale_hindrance(raffle, at, Command::MoveClose(earlier))
        }
        Action::Extend => {
            let closes_at = raffle.closes_at + Span::seconds(1);
            let later = MoveClose { closes_at, extend: true, reason: WORDS.to_owned() };
            sale_hindrance(raffle, at, Command::MoveClose(later))
        }
        Action::Reconcile => ask(raffle, at, Command::StartReconciliation(StartReconciliation)).map(|_| match status {
            Status::Draft | Status::Configured | Status::Selling | Status::Suspended => {
                "Begins when sales have closed.".to_owned()
            }
            _ => "Reconciliation has begun.".to_owned(),
        }),
        Action::Acknowledge => acknowledge(raffle),
        Action::Cancel => raffle.locked().then(|| "The list is sealed: nothing can be taken back.".to_owned()),
        Action::Draw => draw(raffle, at),
        Action::Publish => publish(raffle),
        Action::Settle => settle(raffle),
        Action::Finalize => finalize(raffle, at),
    }
}

/// Stands for the reason that a person would give.
const WORDS: &str = "asked";

fn ask(raffle: &Raffle, at: Timestamp, command: Command) -> Option<Rejection> {
    let context = Context { at, actor: Actor::System, approver: None, head: Head::default() };
    decide(raffle, &context, command).err()
}

/// For what is about running sales.
fn sale_hindrance(raffle: &Raffle, at: Timestamp, command: Command) -> Option<String> {
    let rejection = ask(raffle, at, command)?;
    Some(match (rejection, raffle.status) {
        (Rejection::WrongStatus { .. }, Status::Draft | Status::Configured) => "Sales have not opened.".to_owned(),
        (Rejection::WrongStatus { .. }, Status::Suspended) => "Sales are paused.".to_owned(),
        (Rejection::WrongStatus { .. } | Rejection::SalesClosed, _) => "Sales are closed.".to_owned(),
        (Rejection::NotAllowed, _) => "The rules of this jurisdiction do not allow a later close.".to_owned(),
        (Rejection::BadClosingTime, _) => "Sales have lasted as long as they may.".to_owned(),
        (other, _) => other.to_string(),
    })
}

fn open(raffle: &Raffle, at: Timestamp) -> Option<String> {
    match (raffle.status, &raffle.config) {
        (Status::Draft, _) | (Status::Configured, None) => Some("Set the event up first.".to_owned()),
        (Status::Configured, Some(config)) => match config.errors().len() {
            0 if config.sales_end <= at => Some("The end of sales is past. Set a later one.".to_owned()),
            0 => None,
            1 => Some("One thing in the set-up is not right.".to_owned()),
            wrong => Some(format!("{wrong} things in the set-up are not right.")),
        },
        _ => Some("Sales have opened.".to_owned()),
    }
}

fn acknowledge(raffle: &Raffle) -> Option<String> {
    match raffle.status {
        Status::Reconciling => {}
        Status::Reconciled => return Some("The counts are confirmed.".to_owned()),
        Status::Closing => return Some(opens_when(&["reconciliation has begun".to_owned()])),
        _ => return Some(opens_when(&["sales have closed".to_owned()])),
    }
    let open = blockers(raffle);
    (!open.is_empty()).then(|| opens_when(&conditions(&open)))
}

/// The open points as conditions, gathered by kind, in the order in which an operator would clear them.
fn conditions(open: &[Blocker]) -> Vec<String> {
    let mut labels: Vec<&str> = Vec::new();
    let (mut set_aside, mut misprints, mut holds) = (0, 0, 0);
    for blocker in open {
        match blocker {
            Blocker::DeviceOpen { label, .. } => labels.push(label),
            Blocker::QuarantineOpen { .. } => set_aside += 1,
            Blocker::MisprintOpen { .. } => misprints += 1,
            Blocker::HoldOpen { .. } => holds += 1,
            Blocker::NotReconciling { .. } => {}
        }
    }
    let mut conditions = Vec::new();
    match labels.as_slice() {
        [] => {}
        [one] => conditions.push(format!("handheld {one} is final")),
        [most @ .., last] if most.len() < NAMED_MAX => {
            conditions.push(format!("handhelds {} and {last} are final", most.join(", ")));
        }
        many => conditions.push(format!("{} handhelds are final", many.len())),
    }
    let mut counted = |count: usize, one: &str, many: &str| match count {
        0 => {}
        1 => conditions.push(format!("1 {one}")),
        _ => conditions.push(format!("{count} {many}")),
    };
    counted(set_aside, "sale that was set aside is decided", "sales that were set aside are decided");
    counted(misprints, "misprinted ticket is decided", "misprinted tickets are decided");
    counted(holds, "online order is paid or over", "online orders are paid or over");
    conditions
}

/// Handhelds that are named; more are counted.
const NAMED_MAX: usize = 6;

/// "Opens when a, b and c."
fn opens_when(conditions: &[String]) -> String {
    match conditions {
        [] => "Opens later.".to_owned(),
        [one] => format!("Opens when {one}."),
        [most @ .., last] => format!("Opens when {} and {last}.", most.join(", ")),
    }
}

/// The draw that is next: the first that is not over. With all of them over, the last.
fn current(raffle: &Raffle) -> Option<&Draw> {
    let over = |draw: &Draw| matches!(draw.status, DrawStatus::Settled | DrawStatus::Cancelled);
    raffle.draws.iter().find(|draw| !over(draw)).or(raffle.draws.last())
}

fn draw(raffle: &Raffle, at: Timestamp) -> Option<String> {
    match current(raffle).map(|draw| draw.status) {
        None | Some(DrawStatus::Planned) => Some(opens_when(&["the counts are confirmed".to_owned()])),
        Some(DrawStatus::Acknowledged) => may_lock(raffle, at).err().map(|rejection| rejection.to_string()),
        Some(DrawStatus::Locked | DrawStatus::Proven) => None,
        Some(DrawStatus::Cancelled) => Some("The draw is cancelled.".to_owned()),
        Some(DrawStatus::Drawn | DrawStatus::Published | DrawStatus::Settled) => {
            Some("The winners are drawn.".to_owned())
        }
    }
}

fn publish(raffle: &Raffle) -> Option<String> {
    match current(raffle).map(|draw| draw.status) {
        Some(DrawStatus::Drawn) => None,
        Some(DrawStatus::Published | DrawStatus::Settled) => Some("The result is published.".to_owned()),
        Some(DrawStatus::Cancelled) => Some("The draw is cancelled.".to_owned()),
        _ => Some(opens_when(&["the winners are drawn".to_owned()])),
    }
}

fn settle(raffle: &Raffle) -> Option<String> {
    match current(raffle).map(|draw| draw.status) {
        Some(DrawStatus::Published) => None,
        Some(DrawStatus::Settled) => Some("The prizes are settled.".to_owned()),
        Some(DrawStatus::Cancelled) => Some("The draw is cancelled.".to_owned()),
        _ => Some(opens_when(&["the result is published".to_owned()])),
    }
}

fn finalize(raffle: &Raffle, at: Timestamp) -> Option<String> {
    let rejection = ask(raffle, at, Command::FinalizeRaffle(FinalizeRaffle))?;
    Some(match rejection {
        Rejection::WrongDrawStatus { status: DrawStatus::Cancelled } => {
            "The draw is cancelled: cancel the event, which refunds the tickets.".to_owned()
        }
        _ => opens_when(&["the prizes are settled".to_owned()]),
    })
}

#[cfg(test)]
#[path = "actions_test.rs"]
mod tests;
