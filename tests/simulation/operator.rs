//! The people at the desk: from the first configuration to the published draw, whatever happens meanwhile.

use crate::clients::{Client, Heard};
use crate::cluster::{Member, ORGANISATION, RAFFLE, STREAM, manager};
use crate::handheld::Handheld;
use crate::world::{Lane, START, World, lock};
use drumroll_actors::intake;
use drumroll_actors::node::Failure;
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{DeviceId, OrderKey, VenueId};
use drumroll_engine::money::{Currency, Package, Prize, PrizeRule};
use drumroll_engine::organisation::{
    self, create_organisation::CreateOrganisation, enable_device::EnableDevice, enrol_device::EnrolDevice,
    number_event::NumberEvent, register_device::RegisterDevice,
};
use drumroll_engine::profile::DrawMode;
use drumroll_engine::raffle::acknowledge_reconciliation::AcknowledgeReconciliation;
use drumroll_engine::raffle::clear_misprint::ClearMisprint;
use drumroll_engine::raffle::configure::Configure;
use drumroll_engine::raffle::create_raffle::CreateRaffle;
use drumroll_engine::raffle::declare_device_lost::DeclareDeviceLost;
use drumroll_engine::raffle::move_close::MoveClose;
use drumroll_engine::raffle::publish_draw::PublishDraw;
use drumroll_engine::raffle::resolve_quarantine::ResolveQuarantine;
use drumroll_engine::raffle::resume_sales::ResumeSales;
use drumroll_engine::raffle::suspend_sales::SuspendSales;
use drumroll_engine::raffle::void_ticket::VoidTicket;
use drumroll_engine::raffle::{
    Blocker, Command, Config, DrawStatus, Identity, Kind, PoolKind, PoolShare, Rejection, Resolution, Status, blockers,
};
use drumroll_engine::ticket::NumberRange;
use drumroll_engine::time::{Span, Timestamp};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const NAME: &str = "Hawks vs. Kodiaks";

/// What the desk sees of the raffle.
#[derive(Clone, Debug)]
struct Seen {
    status: Status,
    closes_at: Timestamp,
    blockers: Vec<Blocker>,
    counts: Identity,
    draw: Option<(DrawStatus, Option<Bytes<32>>)>,
}

/// The desk.
pub(crate) struct Operator {
    client: Client,
    handhelds: Vec<Rc<Handheld>>,
}

fn config(closes_at: Timestamp) -> Config {
    let range = |first, last| NumberRange::new(first, last).expect("a range");
    let package = |id, numbers, price_minor| Package {
        id,
        label: format!("{numbers} numbers"),
        numbers,
        price_minor,
        stock: None,
    };
    let percentage =
        PrizeRule::Percentage { basis_points: 5_000, seed_minor: 100, guarantee_minor: 0, cap_minor: None };
    Config {
        name: NAME.into(),
        organisation_name: "Hawks Community Foundation".into(),
        venue: VenueId([9; 16]),
        location: "Tidewater Arena".into(),
        time_zone: "America/Toronto".into(),
        licence: None,
        currency: Currency::new("CAD").expect("a currency"),
        numbers: range(1, 1_500),
        pools: vec![
            PoolShare { pool: PoolKind::Rsu, range: range(1, 500) },
            PoolShare { pool: PoolKind::Online, range: range(501, 900) },
            PoolShare { pool: PoolKind::Internal, range: range(901, 1_500) },
        ],
        packages: vec![package(1, 5, 333), package(2, 12, 1_000)],
        prizes: vec![
            Prize { id: 1, name: "Jersey".into(), rule: PrizeRule::Fixed { value_minor: 20_000, quantity: 1 } },
            Prize { id: 2, name: "50/50".into(), rule: percentage },
        ],
        reserves: 2,
        sales_start: START,
        sales_end: closes_at,
        draw_mode: DrawMode::Electronic,
        ticket_lines: vec![],
        device_block: 40,
        hold: Span::seconds(30),
        profile: "default".into(),
    }
}

impl Operator {
    pub(crate) fn new(client: Client, handhelds: Vec<Rc<Handheld>>) -> Self {
        Self { client, handhelds }
    }

    fn world(&self) -> &Arc<World> {
        &self.client.world
    }

    /// The instant of a close at about so many milliseconds: one in which counters get their turn.
    fn closing_at(&self, ms: u64) -> Timestamp {
        let ms = World::aligned(ms, Lane::Counter);
        self.world().closes_ms.store(ms, Ordering::Relaxed);
        Timestamp(START.0 + ms * 1_000)
    }

    /// Sets everything up, before anything goes wrong.
    pub(crate) async fn set_up(&mut self, member: &Member) {
        let node = &member.node;
        let organise = async |command| {
            node.organise(ORGANISATION, manager(), command).await.expect("nothing goes wrong yet");
        };
        organise(organisation::Command::CreateOrganisation(CreateOrganisation { name: "Hawks".into() })).await;
        for handheld in &self.handhelds {
            let (device, label) = (handheld.id, handheld.label());
            organise(organisation::Command::RegisterDevice(RegisterDevice { device, label })).await;
            let public_key = Bytes(handheld.public_key);
            organise(organisation::Command::EnrolDevice(EnrolDevice { device, public_key })).await;
            organise(organisation::Command::EnableDevice(EnableDevice { device })).await;
        }
        let number = NumberEvent { raffle: RAFFLE, name: NAME.into(), kind: Kind::Live };
        organise(organisation::Command::NumberEvent(number)).await;
        let execute = async |command| {
            let done = node.execute(STREAM, intake::Lane::Control, manager(), command).await;
            done.expect("nothing goes wrong yet");
        };
        execute(Command::CreateRaffle(CreateRaffle { event_number: 1, name: NAME.into(), kind: Kind::Live })).await;
        let closes_at = self.closing_at(self.world().ms() + self.world().plan.window_s * 1_000);
        execute(Command::Configure(Box::new(Configure { config: config(closes_at) }))).await;
        node.open_sales(STREAM, manager()).await.expect("nothing goes wrong yet");
        self.world().note("sales are open");
    }

    async fn control(&mut self, command: Command) -> Option<Rejection> {
        let name = format!("{command:?}").chars().take_while(|it| it.is_alphanumeric()).collect::<String>();
        let (heard, word) = match self.client.insist(intake::Lane::Control, manager(), command, 10).await {
            Heard::Answer(_) => (None, "done"),
            Heard::Refused(rejection) => {
                let word = rejection.code();
                (Some(rejection), word)
            }
            Heard::Nothing => (None, "no answer"),
        };
        self.world().note(format!("operator: {name}, {word}"));
        heard
    }

    /// What a node says of the raffle, if one answers.
    async fn look(&mut self) -> Option<Seen> {
        let member = self.client.cluster.pick(&mut self.client.chance)?;
        let look = |live: &drumroll_actors::aggregate::Live<drumroll_engine::raffle::Raffle>| {
            let raffle = &live.state;
            let lock = |draw: &drumroll_engine::raffle::Draw| draw.lock.as_ref().map(|lock| lock.lock_hash);
            Seen {
                status: raffle.status,
                closes_at: raffle.closes_at,
                blockers: blockers(raffle),
                counts: raffle.identity(),
                draw: raffle.draw(1).map(|draw| (draw.status, lock(draw))),
            }
        };
        let seen = member.node.read(STREAM, look).await.ok().filter(|_| member.is_up());
        self.client.pass(20).await;
        if let Some(seen) = &seen
            && matches!(seen.status, Status::Selling | Status::Suspended)
        {
            let ms = seen.closes_at.since(START).0 / 1_000;
            self.world().closes_ms.store(ms, Ordering::Relaxed);
        }
        seen
    }

    /// The whole evening.
    pub(crate) async fn run(mut self) {
        self.sales().await;
        let give_up = self.world().ms() + 400_000;
        while !self.world().is_over() && !self.step().await {
            if self.world().ms() > give_up {
                let seen = self.look().await;
                self.world().find("Stuck", format!("the draw was never published: {seen:?}"));
                break;
            }
        }
        self.world().over.store(true, Ordering::Relaxed);
        self.world().note("the operator is done");
    }

    /// While tickets are sold: pauses, voids, other closing times.
    async fn sales(&mut self) {
        loop {
            let pause = 1_000 + self.client.chance.below(10_000);
            self.client.pass(pause).await;
            if self.world().is_over() {
                return;
            }
            let Some(seen) = self.look().await else { continue };
            if !seen.status.on_sale() {
                return;
            }
            match self.client.chance.below(9) {
                0 => {
                    self.control(Command::SuspendSales(SuspendSales { reason: "rain".into() })).await;
                    let pause = 1_000 + self.client.chance.below(15_000);
                    self.client.pass(pause).await;
                    self.control(Command::ResumeSales(ResumeSales)).await;
                }
                1 | 2 => self.void_one().await,
                3 => {
                    let (early, late) = (self.client.chance.below(20_000), self.client.chance.below(20_000));
                    let closes_ms = seen.closes_at.since(START).0 / 1_000;
                    let extend = self.client.chance.below(2) == 0;
                    let ms = if extend { closes_ms + late } else { closes_ms.saturating_sub(early) };
                    let before = self.world().closes_ms.load(Ordering::Relaxed);
                    let closes_at = self.closing_at(ms);
                    let moved = MoveClose { closes_at, extend: closes_at > seen.closes_at, reason: "the game".into() };
                    if self.control(Command::MoveClose(moved)).await.is_some() {
                        self.world().closes_ms.store(before, Ordering::Relaxed);
                    }
                }
                4 => self.draw_too_early().await,
                _ => {}
            }
        }
    }

    async fn void_one(&mut self) {
        let sold: Vec<_> = lock(&self.world().evidence).sales.iter().map(|sale| sale.order).collect();
        if !sold.is_empty() {
            let order = OrderKey(*self.client.chance.of(&sold));
            self.control(Command::VoidTicket(VoidTicket { order, reason: "wrong buyer".into() })).await;
        }
    }

    /// Somebody cannot wait (I9).
    async fn draw_too_early(&mut self) {
        let Some(member) = self.client.cluster.pick(&mut self.client.chance) else { return };
        let trying = member.node.lock_draw(STREAM, 1, manager());
        let locked = tokio::time::timeout(Duration::from_secs(20), trying).await;
        self.client.pass(1).await;
        self.world().note(format!("operator: locks too early, {}", matches!(locked, Ok(Ok(())))));
    }

    /// One step from the close to the published draw; `true` when there is nothing left to do.
    async fn step(&mut self) -> bool {
        let pause = 500 + self.client.chance.below(3_000);
        self.client.pass(pause).await;
        let Some(seen) = self.look().await else { return false };
        match seen.status {
            Status::Closing | Status::Reconciling if self.client.chance.below(4) == 0 => self.draw_too_early().await,
            Status::Closing | Status::Reconciling => self.reconcile(seen).await,
            Status::Reconciled => return self.draw(seen).await,
            Status::Finalized | Status::Cancelled => return true,
            _ => {}
        }
        false
    }

    async fn reconcile(&mut self, seen: Seen) {
        let long = self.world().ms() > seen.closes_at.since(START).0 / 1_000 + 120_000;
        for blocker in seen.blockers {
            match blocker {
                Blocker::DeviceOpen { device, .. } if long || self.gone(device) => {
                    let lost = DeclareDeviceLost {
                        device,
                        operator: "the seller".into(),
                        money_collected_minor: 0,
                        reason: "it did not come back".into(),
                    };
                    self.control(Command::DeclareDeviceLost(lost)).await;
                }
                Blocker::QuarantineOpen { device, seq, .. } => {
                    let accept = self.client.chance.below(2) == 0;
                    let resolution = if accept { Resolution::Accepted } else { Resolution::Refunded };
                    let decide =
                        |resolution| ResolveQuarantine { device, seq, resolution, reason: "looked into".into() };
                    let refused = self.control(Command::ResolveQuarantine(decide(resolution))).await;
                    if refused.is_some_and(|rejection| rejection == Rejection::NotAcceptable) {
                        self.control(Command::ResolveQuarantine(decide(Resolution::Refunded))).await;
                    }
                }
                Blocker::MisprintOpen { order } => {
                    if self.client.chance.below(2) == 0 {
                        self.control(Command::ClearMisprint(ClearMisprint { order, reason: "legible".into() })).await;
                    } else {
                        self.control(Command::VoidTicket(VoidTicket { order, reason: "torn".into() })).await;
                    }
                }
                _ => {}
            }
        }
        if self.client.chance.below(3) > 0 {
            let Identity { sold, voided, unsold, .. } = seen.counts;
            let statement = "I have counted.".into();
            let acknowledge = AcknowledgeReconciliation { statement, sold, voided, unsold };
            self.control(Command::AcknowledgeReconciliation(acknowledge)).await;
        }
    }

    fn gone(&self, device: DeviceId) -> bool {
        self.handhelds.iter().any(|handheld| handheld.id == device && handheld.is_gone())
    }

    async fn draw(&mut self, seen: Seen) -> bool {
        if seen.counts.sold == 0 {
            self.world().note("operator: nothing was sold");
            return true;
        }
        let Some((status, lock_hash)) = seen.draw else { return false };
        let Some(member) = self.client.cluster.pick(&mut self.client.chance) else { return false };
        let node = &member.node;
        let step = async {
            match status {
                DrawStatus::Acknowledged => {
                    node.lock_draw(STREAM, 1, manager()).await.map_err(|error| error.to_string())
                }
                DrawStatus::Locked | DrawStatus::Proven => {
                    node.execute_draw(STREAM, 1, manager()).await.map_err(|error| error.to_string())
                }
                DrawStatus::Drawn => {
                    let publish = PublishDraw { draw_no: 1, lock_hash: lock_hash.unwrap_or_default() };
                    let command = Command::PublishDraw(publish);
                    let done = node.execute(STREAM, intake::Lane::Control, manager(), command).await;
                    done.map(drop).map_err(|error| match error {
                        Failure::Refused(rejection) => rejection.code().to_owned(),
                        Failure::Failed(_) => "no answer".to_owned(),
                    })
                }
                _ => Ok(()),
            }
        };
        let done = tokio::time::timeout(Duration::from_secs(60), step).await;
        self.client.pass(10).await;
        let word = match &done {
            Ok(Ok(())) => "done",
            Ok(Err(_)) => "not done",
            Err(_) => "no answer",
        };
        self.world().note(format!("operator: {}, {word}", status.as_str()));
        matches!(status, DrawStatus::Published | DrawStatus::Settled)
    }
}
