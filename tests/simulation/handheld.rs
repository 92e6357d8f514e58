//! Handhelds: the real device, its real memory and its real side of the protocol, over a network that is not.

use crate::clock::HandClock;
use crate::cluster::{Cluster, Member, RAFFLE};
use crate::mutation::Mutation;
use crate::world::{Lane, World, lock};
use actix::{Actor, Addr};
use drumroll_actors::device_actor::{DeviceActor, Frame, Hangup, Out};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::MisprintReason;
use drumroll_engine::id::{DeviceId, OrderKey};
use drumroll_engine::money::Line;
use drumroll_engine::ticket::NumberRange;
use drumroll_protocol::{FromDevice, ToDevice, UploadAck, Verdict, VerdictKind};
use drumroll_rsu_client::identity::{Enrolment, prepare_key, save};
use drumroll_rsu_client::sync::{SyncError, Wire, converse};
use drumroll_rsu_client::{Device, DeviceError, DeviceHandle, Link, SyncConfig};
use drumroll_tests::auditor::evidence;
use drumroll_tests::chance::Chance;
use futures_util::future::BoxFuture;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Frames that may wait for a handheld, as at the server's real sockets.
const QUEUE: usize = 64;

/// One handheld.
pub(crate) struct Handheld {
    world: Arc<World>,
    cluster: Arc<Cluster>,
    number: usize,
    pub(crate) id: DeviceId,
    pub(crate) public_key: [u8; 32],
    clock: HandClock,
    folder: tempfile::TempDir,
    handle: RefCell<Option<DeviceHandle>>,
    /// Records of which it heard a verdict. After a lost answer the next terms only say how much is durable,
    /// and the device does not hear what was set aside.
    judged: Arc<Mutex<BTreeSet<u64>>>,
    /// It fell into the river.
    gone: Cell<bool>,
    /// The first lease anybody got, for a mutation.
    first_lease: Arc<Mutex<Option<NumberRange>>>,
}

/// Memory of handhelds needs no real disk here: a power cut that tears a file is another test.
fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("a folder can be made")
}

impl Handheld {
    pub(crate) fn new(
        world: &Arc<World>,
        cluster: &Arc<Cluster>,
        number: usize,
        first_lease: Arc<Mutex<Option<NumberRange>>>,
    ) -> Rc<Self> {
        let mut chance = world.chance(200 + number as u64);
        let folder = scratch();
        let id = DeviceId([0xd0 + u8::try_from(number).unwrap_or(0); 16]);
        let key = prepare_key(folder.path()).expect("a key can be made");
        let enrolment = Enrolment {
            device_id: id,
            label: format!("H-{number}"),
            organisation_name: "Hawks".to_owned(),
            server_url: "http://simulated".to_owned(),
            server_public_key: Bytes(cluster.identity()),
            public_key: Bytes(key.public()),
        };
        save(folder.path(), &enrolment).expect("an enrolment can be saved");
        let drift = i64::try_from(chance.below(300)).unwrap_or(0) - 150;
        let wall = i64::try_from(chance.below(7_200_000_000)).unwrap_or(0) - 3_600_000_000;
        let handheld = Self {
            world: world.clone(),
            cluster: cluster.clone(),
            number,
            id,
            public_key: key.public(),
            clock: HandClock::new(world.clone(), drift, wall),
            folder,
            handle: RefCell::default(),
            judged: Arc::default(),
            gone: Cell::new(false),
            first_lease,
        };
        handheld.switch_on();
        Rc::new(handheld)
    }

    pub(crate) fn label(&self) -> String {
        format!("H-{}", self.number)
    }

    /// Whether its owner can still be asked to bring it.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.get()
    }

    fn note(&self, line: impl AsRef<str>) {
        self.world.note(format!("handheld {}: {}", self.number, line.as_ref()));
    }

    fn switch_on(&self) {
        let device = Device::open(self.folder.path(), Box::new(self.clock.clone()));
        match device {
            Ok(device) => *self.handle.borrow_mut() = Some(DeviceHandle::on_this_thread(device)),
            Err(error) => self.world.find("MemoryDamaged", format!("handheld {}: {error}", self.number)),
        }
    }

    fn device(&self) -> Option<DeviceHandle> {
        self.handle.borrow().clone()
    }

    /// Connections, one after the other, with tunnels and power cuts between.
    pub(crate) async fn connections(self: Rc<Self>) {
        let mut chance = self.world.chance(300 + self.number as u64);
        let config = SyncConfig {
            answer_timeout: Duration::from_secs(4),
            reserve_pause: Duration::from_secs(3),
            ..SyncConfig::default()
        };
        while !self.world.is_over() {
            let pause = 200 + chance.below(4_000);
            let tunnel = if self.world.strikes(&mut chance, 250) { chance.below(40_000) } else { 0 };
            let stays = if self.world.strikes(&mut chance, 400) { 1_000 + chance.below(30_000) } else { 120_000 };
            let (end, river) = (chance.below(6), self.world.strikes(&mut chance, 8));
            self.world.pass(Lane::Hand, pause + tunnel).await;
            if river {
                self.note("is gone");
                self.gone.set(true);
                return;
            }
            let Some(member) = self.cluster.pick(&mut chance) else { continue };
            let Some(handle) = self.device() else { return };
            self.note(format!("calls node {}", member.number));
            let wire = self.wire(&member);
            let (_on, mut online) = watch::channel(true);
            let (link, _shown) = watch::channel(Link::Connecting);
            let talk = converse(Box::new(wire), &handle, &config, &mut online, &link);
            match tokio::time::timeout(Duration::from_millis(stays), talk).await {
                Ok((result, _)) => self.note(format!("ended: {}", result.err().map_or("well", |error| ending(&error)))),
                Err(_) => self.note("was cut off"),
            }
            drop(handle);
            match end {
                0 => {
                    self.note("is switched off and on");
                    self.handle.borrow_mut().take();
                    if chance.below(2) == 0 {
                        self.clock.reboot();
                    }
                    self.switch_on();
                }
                1 => self.clock.set_wall(i64::try_from(chance.below(600_000_000)).unwrap_or(0) - 300_000_000),
                _ => {}
            }
        }
    }

    /// The person who sells with it.
    pub(crate) async fn seller(self: Rc<Self>) {
        let mut chance = self.world.chance(400 + self.number as u64);
        let mut last: Option<(OrderKey, Vec<Line>)> = None;
        while !self.world.is_over() && !self.is_gone() {
            let pause = 500 + chance.below(7_000);
            self.world.pass(Lane::Hand, pause).await;
            let fresh = OrderKey(crate::clients::key(&mut chance));
            let lines = vec![Line { package: *chance.of(&[1, 2]), quantity: 1 }];
            let (order, lines) = match last.take() {
                // The seller does not trust the screen and sells the same once more.
                Some(last) if chance.below(6) == 0 => last,
                _ => (fresh, lines),
            };
            let misprinted = chance.below(15) == 0;
            let Some(handle) = self.device() else { continue };
            let wanted = lines.clone();
            let sold = handle.change(move |device| {
                let ticket = device.sell(RAFFLE, order, &wanted, None)?;
                if misprinted {
                    device.misprint(RAFFLE, order, MisprintReason::Unreadable)?;
                }
                Ok(ticket)
            });
            match sold.await {
                Ok(ticket) => {
                    self.note(format!("sold {:?}, record {}", ticket.sale.ranges, ticket.seq));
                    last = Some((order, lines));
                }
                // The same sale again after the final report: its mark is then the desk's to make.
                Err(DeviceError::NoSuchSale) => {}
                Err(DeviceError::Refused(refusal)) => self.note(format!("does not sell: {}", refusal.code())),
                Err(error) => self.world.find("HandheldFailed", format!("handheld {}: {error}", self.number)),
            }
        }
    }

    /// What it knows at the end: how many records it was promised to be durable, and its tickets.
    pub(crate) async fn testimony(&self) -> (u64, Vec<evidence::Sale>) {
        let Some(handle) = self.device() else { return Default::default() };
        let source = format!("handheld {}", self.number);
        let judged = lock(&self.judged).clone();
        let testimony = handle.look(move |device| {
            let Some(raffle) = device.raffles().get(&RAFFLE) else { return Ok(Default::default()) };
            let sales = raffle.sales.iter().map(|(order, ticket)| evidence::Sale {
                source: format!("{source}, record {}", ticket.seq),
                raffle: RAFFLE.0,
                order: order.0,
                ranges: ticket.sale.ranges.iter().map(|range| (range.first(), range.last())).collect(),
                price_minor: ticket.sale.price_minor,
                validation: ticket.sale.validation_number.to_compact(),
                acknowledged: ticket.seq <= raffle.acknowledged_seq && judged.contains(&ticket.seq),
                quarantined: raffle.quarantined.get(&ticket.seq).cloned(),
            });
            Ok((raffle.acknowledged_seq, sales.collect()))
        });
        testimony.await.unwrap_or_default()
    }

    // --- the network ------------------------------------------------------------------------------------

    /// A connection to a node.
    fn wire(self: &Rc<Self>, member: &Arc<Member>) -> SimWire {
        let (out, from_server) = mpsc::channel(QUEUE);
        let (up, from_device) = mpsc::unbounded_channel();
        let (to_device, down) = mpsc::unbounded_channel();
        let actor = DeviceActor::new(member.hub.clone(), out).start();
        actix::spawn(self.clone().carry_up(member.clone(), from_device, actor, to_device.clone()));
        actix::spawn(self.clone().carry_down(member.clone(), from_server, to_device));
        SimWire { up: Some(up), down, judged: self.judged.clone() }
    }

    async fn carry_up(
        self: Rc<Self>,
        member: Arc<Member>,
        mut frames: mpsc::UnboundedReceiver<String>,
        actor: Addr<DeviceActor>,
        to_device: mpsc::UnboundedSender<Result<String, u16>>,
    ) {
        let lane = Lane::Up(self.number);
        let mut chance = self.world.chance(500 + self.number as u64 + 16 * self.world.ms());
        while let Some(text) = frames.recv().await {
            let trouble = self.trouble(&mut chance);
            self.world.pass(lane, trouble.delay_ms).await;
            if !member.is_up() {
                // Nobody is there, and nobody says so.
                continue;
            }
            self.note(format!("to node {}: {} {:?}", member.number, kind(&text), trouble.kind));
            if self.world.has(Mutation::AcksUnseen)
                && let Some(ack) = forged(&text)
            {
                drop(to_device.send(Ok(ToDevice::UploadAck(ack).encode())));
                continue;
            }
            match trouble.kind {
                Kind::Lost => {}
                Kind::None => deliver(&actor, text).await,
                Kind::Doubled => {
                    deliver(&actor, text.clone()).await;
                    deliver(&actor, text).await;
                }
                Kind::Late => {
                    let (world, actor, member) = (self.world.clone(), actor.clone(), member.clone());
                    actix::spawn(async move {
                        world.pass(lane, 1_500).await;
                        if member.is_up() {
                            deliver(&actor, text).await;
                        }
                    });
                }
            }
        }
        self.world.pass(lane, 50).await;
        // The actor may have stopped first.
        let _ = actor.send(Hangup).await;
    }

    async fn carry_down(
        self: Rc<Self>,
        member: Arc<Member>,
        mut frames: mpsc::Receiver<Out>,
        to_device: mpsc::UnboundedSender<Result<String, u16>>,
    ) {
        let lane = Lane::Down(self.number);
        let mut chance = self.world.chance(600 + self.number as u64 + 16 * self.world.ms());
        while let Some(frame) = frames.recv().await {
            let trouble = self.trouble(&mut chance);
            self.world.pass(lane, trouble.delay_ms).await;
            if !member.is_up() {
                continue;
            }
            let sent = match frame {
                Out::Close(code) => {
                    self.note(format!("node {} closes: {code}", member.number));
                    drop(to_device.send(Err(code)));
                    return;
                }
                Out::Message(message) => {
                    let text = self.told(message).encode();
                    self.note(format!("from node {}: {} {:?}", member.number, kind(&text), trouble.kind));
                    // A frame that comes twice or out of turn breaks the connection; one that is lost does not.
                    if trouble.kind == Kind::Lost { Ok(()) } else { to_device.send(Ok(text)) }
                }
            };
            if sent.is_err() {
                return;
            }
        }
    }

    /// What the handheld hears of a message.
    fn told(&self, message: ToDevice) -> ToDevice {
        match message {
            ToDevice::UploadAck(mut ack) if self.world.has(Mutation::HidesVerdict) => {
                for verdict in &mut ack.verdicts {
                    (verdict.verdict, verdict.reason) = (VerdictKind::Accepted, None);
                }
                ToDevice::UploadAck(ack)
            }
            ToDevice::Lease(mut granted) if self.world.has(Mutation::SharesLease) && granted.lease.no == 1 => {
                granted.lease.range = *lock(&self.first_lease).get_or_insert(granted.lease.range);
                ToDevice::Lease(granted)
            }
            other => other,
        }
    }

    fn trouble(&self, chance: &mut Chance) -> Trouble {
        let strikes = self.world.strikes(chance, self.world.plan.frame_faults);
        let kind = *chance.of(&[Kind::Lost, Kind::Doubled, Kind::Late]);
        let delay_ms = 1 + chance.below(50);
        Trouble { delay_ms, kind: if strikes { kind } else { Kind::None } }
    }
}

async fn deliver(actor: &Addr<DeviceActor>, text: String) {
    // An actor that has stopped hears nothing more.
    let _ = actor.send(Frame(text)).await;
}

/// What becomes of one frame.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    delay_ms: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    None,
    Lost,
    Doubled,
    Late,
}

/// The type of a message.
fn kind(text: &str) -> &str {
    text.split("\"t\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("?")
}

/// An acknowledgement of records that nobody has seen.
fn forged(text: &str) -> Option<UploadAck> {
    let Ok(FromDevice::Upload(upload)) = FromDevice::decode(text) else { return None };
    let last = upload.records.last()?;
    let accepted = |seq| Verdict { seq, verdict: VerdictKind::Accepted, reason: None };
    Some(UploadAck {
        id: upload.id,
        raffle_id: upload.raffle_id,
        acknowledged_seq: last.seq,
        acknowledged_head: Bytes(last.hash()),
        verdicts: upload.records.iter().map(|record| accepted(record.seq)).collect(),
    })
}

/// Why a connection ended, in a word.
const fn ending(error: &SyncError) -> &'static str {
    match error {
        SyncError::Socket(_) => "socket",
        SyncError::Timeout(what) => what,
        SyncError::Closed(_) => "closed",
        SyncError::WrongServer => "wrong server",
        SyncError::OtherVersion(_) => "other version",
        SyncError::Frame(_) => "frame",
        SyncError::Unexpected(what) => what,
        SyncError::Server(_) => "an error of the server",
        SyncError::NoProgress => "no progress",
        SyncError::Device(_) => "the device",
    }
}

/// The device's end of a connection.
struct SimWire {
    up: Option<mpsc::UnboundedSender<String>>,
    down: mpsc::UnboundedReceiver<Result<String, u16>>,
    judged: Arc<Mutex<BTreeSet<u64>>>,
}

impl Wire for SimWire {
    fn send(&mut self, text: String) -> BoxFuture<'_, Result<(), SyncError>> {
        let sent = self.up.as_ref().is_some_and(|up| up.send(text).is_ok());
        Box::pin(std::future::ready(if sent { Ok(()) } else { Err(SyncError::Closed(None)) }))
    }

    fn next(&mut self) -> BoxFuture<'_, Result<String, SyncError>> {
        Box::pin(async move {
            match self.down.recv().await {
                Some(Ok(text)) => {
                    // The session takes it in before anything else can happen.
                    if let Ok(ToDevice::UploadAck(ack)) = ToDevice::decode(&text) {
                        lock(&self.judged).extend(ack.verdicts.iter().map(|verdict| verdict.seq));
                    }
                    Ok(text)
                }
                Some(Err(code)) => Err(SyncError::Closed(Some(code))),
                None => Err(SyncError::Closed(None)),
            }
        })
    }

    fn close(&mut self, _: u16) -> BoxFuture<'_, ()> {
        self.up = None;
        Box::pin(std::future::ready(()))
    }
}
