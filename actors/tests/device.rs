//! A handheld's connection, driven frame by frame against a real node.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use actix::{Actor, Addr};
use common::gate::Gate;
use common::{House, MANAGER, ORGANISATION, START, manager, stream, wait_for};
use drumroll_actors::device_actor::{DeviceActor, DeviceHub, Frame, Hangup, Out};
use drumroll_actors::presence::Presence;
use drumroll_actors::store::{SignificantFilter, SignificantRow, Store};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::{DevicePayload, DeviceRecord, Payment, RecordDraft, Sale, SecretKey, Version1};
use drumroll_engine::id::{DeviceId, OrderKey};
use drumroll_engine::money::{Currency, Line};
use drumroll_engine::organisation::{self, enable_device, enrol_device, register_device};
use drumroll_engine::ticket::{IssuerSlot, NumberRange, ValidationNumber};
use drumroll_engine::time::{Span, Timestamp};
use drumroll_protocol::{
    Challenge, ErrorCode, FromDevice, Heartbeat, Hello, Lease, LeaseRefusal, PrinterState, Reserve, Software, Terms,
    ToDevice, Upload, VerdictKind, close,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

const DEVICE: DeviceId = DeviceId([5; 16]);

fn key() -> SecretKey {
    SecretKey::from_bytes(&[6; 32])
}

struct Line1 {
    actor: Addr<DeviceActor>,
    out: mpsc::Receiver<Out>,
    hub: DeviceHub,
}

async fn organise(house: &House, command: organisation::Command) {
    house.node.organise(ORGANISATION, manager(), command).await.unwrap();
}

/// Registers, enrols and, if wanted, enables the device.
async fn enrol(house: &House, enable: bool) -> DeviceHub {
    let register = register_device::RegisterDevice { device: DEVICE, label: "04".into() };
    organise(house, organisation::Command::RegisterDevice(register)).await;
    let enrol = enrol_device::EnrolDevice { device: DEVICE, public_key: Bytes(key().public()) };
    organise(house, organisation::Command::EnrolDevice(enrol)).await;
    if enable {
        organise(house, organisation::Command::EnableDevice(enable_device::EnableDevice { device: DEVICE })).await;
    }
    DeviceHub {
        node: house.node.clone(),
        presence: Arc::new(Presence::default()),
        identity: Arc::new(SecretKey::from_bytes(&[8; 32])),
        heartbeat: Duration::from_secs(5),
    }
}

fn connect(hub: &DeviceHub) -> Line1 {
    let (sender, out) = mpsc::channel(64);
    Line1 { actor: DeviceActor::new(hub.clone(), sender).start(), out, hub: hub.clone() }
}

impl Line1 {
    async fn hear(&mut self) -> Out {
        let next = tokio::time::timeout(Duration::from_secs(10), self.out.recv()).await;
        next.expect("the server says something within ten seconds").expect("the server is there")
    }

    async fn message(&mut self) -> ToDevice {
        match self.hear().await {
            Out::Message(message) => message,
            Out::Close(code) => panic!("closed with {code}"),
        }
    }

    async fn say(&self, message: FromDevice) {
        self.actor.send(Frame(message.encode())).await.unwrap();
    }

    fn hello(challenge: &Challenge, secret: &SecretKey) -> FromDevice {
        let software = Software { name: "rsu".into(), version: "0.1.0".into(), digest: Bytes([1; 32]) };
        FromDevice::Hello(Hello::sign(challenge, DEVICE, [2; 32], software, secret))
    }

    /// Shakes hands; returns the terms of raffle 10.
    async fn shake_hands(&mut self) -> Option<Terms> {
        let ToDevice::Challenge(challenge) = self.message().await else { panic!("a challenge was due") };
        self.say(Self::hello(&challenge, &key())).await;
        let ToDevice::Welcome(welcome) = self.message().await else { panic!("a welcome was due") };
        let FromDevice::Hello(hello) = Self::hello(&challenge, &key()) else { unreachable!() };
        assert!(welcome.is_signed(&challenge, &hello, &self.hub.identity.public()), "R-02: the server proves itself");
        let mut terms = None;
        loop {
            match self.message().await {
                ToDevice::Terms(told) => terms = Some(*told),
                ToDevice::Ready(_) => return terms,
                ToDevice::Disabled(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn reserve(&mut self, lease_no: u32, head_seq: u64) -> Result<Lease, LeaseRefusal> {
        let raffle_id = stream(10).raffle;
        self.say(FromDevice::Reserve(Reserve { id: 1, raffle_id, lease_no, wanted: 1_000, head_seq })).await;
        match self.message().await {
            ToDevice::Lease(granted) => Ok(granted.lease),
            ToDevice::LeaseRefused(refused) => Err(refused.code),
            other => panic!("{other:?}"),
        }
    }
}

fn sale(seq: u64, prev: [u8; 32], slot: u16, first: u64, at: Timestamp) -> DeviceRecord {
    let tag = u8::try_from(seq).unwrap();
    let payload = DevicePayload::Sale(Sale {
        v: Version1,
        order_key: OrderKey([100 + tag; 16]),
        validation_number: ValidationNumber::new(IssuerSlot::new(slot).unwrap(), [tag; 8]),
        lines: vec![Line { package: 1, quantity: 1 }],
        ranges: vec![NumberRange::new(first, first + 4).unwrap()],
        price_minor: 500,
        currency: Currency::new("CAD").unwrap(),
        salt: Bytes([tag; 32]),
        seller: Some(MANAGER),
        payment: Payment::Cash,
        terms_seq: 1,
    });
    let draft = RecordDraft {
        device_id: DEVICE,
        raffle_id: stream(10).raffle,
        seq,
        device_at_us: at,
        server_at_us: at,
        error_ms: 5,
        prev,
    };
    draft.seal(&payload, &key())
}

fn upload(id: u64, records: Vec<DeviceRecord>) -> FromDevice {
    FromDevice::Upload(Upload { id, raffle_id: stream(10).raffle, records })
}

#[actix::test]
async fn a_device_sells_and_uploading_twice_is_harmless_r06() {
    let house = House::open().await;
    let hub = enrol(&house, true).await;
    let mut line = connect(&hub);
    let terms = line.shake_hands().await.expect("terms of the raffle on sale");
    let slot = terms.device.issuer_slot.unwrap();
    let lease = line.reserve(1, 0).await.unwrap();
    assert_eq!(line.reserve(1, 0).await.unwrap(), lease, "the same lease number gives the same range");
    assert_eq!(line.reserve(3, 0).await, Err(LeaseRefusal::OutOfStep));
    assert_eq!(line.reserve(2, 5).await, Err(LeaseRefusal::UploadFirst), "R-06");
    house.clock.advance(Span::seconds(60));
    let one = sale(1, [0; 32], slot, lease.range.first(), house_now(&house));
    let two = sale(2, one.hash(), slot, lease.range.first() + 5, house_now(&house));
    line.say(upload(2, vec![two.clone()])).await;
    let ToDevice::Error(gap) = line.message().await else { panic!("a gap") };
    assert_eq!(gap.code, ErrorCode::Gap);
    line.say(upload(3, vec![one.clone(), two.clone()])).await;
    let ToDevice::UploadAck(ack) = line.message().await else { panic!("an acknowledgement was due") };
    assert_eq!((ack.acknowledged_seq, ack.acknowledged_head), (2, Bytes(two.hash())));
    assert!(ack.verdicts.iter().all(|verdict| verdict.verdict == VerdictKind::Accepted));
    line.say(upload(4, vec![one.clone(), two.clone()])).await;
    let ToDevice::UploadAck(again) = line.message().await else { panic!("an acknowledgement was due") };
    assert_eq!(again.acknowledged_seq, 2);
    let count = house.node.read(stream(10), |live| live.state.total().count).await.unwrap();
    assert_eq!(count, 2);
    // A forged record stops at the door; a forked series too.
    let mut forged = sale(3, two.hash(), slot, lease.range.first() + 10, house_now(&house));
    forged.error_ms = 6;
    line.say(upload(5, vec![forged])).await;
    let ToDevice::Error(refused) = line.message().await else { panic!("a refusal") };
    assert_eq!(refused.code, ErrorCode::BadSignature);
    let fork = sale(2, one.hash(), slot, lease.range.first() + 20, house_now(&house));
    line.say(upload(6, vec![fork])).await;
    let ToDevice::Error(refused) = line.message().await else { panic!("a refusal") };
    assert_eq!(refused.code, ErrorCode::ChainConflict);
}

fn house_now(house: &House) -> Timestamp {
    use drumroll_actors::clock::Clock;
    house.clock.now()
}

#[actix::test]
async fn with_a_store_that_never_answers_no_device_acknowledgement_escapes_i1() {
    let house = House::open().await;
    let hub = enrol(&house, true).await;
    let mut line = connect(&hub);
    let terms = line.shake_hands().await.unwrap();
    let lease = line.reserve(1, 0).await.unwrap();
    // The note about the connection must not keep the gate busy.
    house.node.journal().drain().await.unwrap();
    house.store.set(Gate::Shut);
    let arrived = house.store.arrived();
    let at = START + Span::seconds(1);
    house.clock.set(at);
    let record = sale(1, [0; 32], terms.device.issuer_slot.unwrap(), lease.range.first(), at);
    line.say(upload(9, vec![record])).await;
    wait_for(|| std::future::ready((house.store.arrived() > arrived).then_some(()))).await;
    for _ in 0..500 {
        tokio::task::yield_now().await;
        assert!(line.out.try_recv().is_err(), "an acknowledgement escaped before the commit");
    }
    house.store.set(Gate::Open);
    let ToDevice::UploadAck(ack) = line.message().await else { panic!("an acknowledgement was due") };
    assert_eq!(ack.acknowledged_seq, 1);
}

#[actix::test]
async fn an_unknown_key_is_turned_away_and_a_disabled_device_gets_no_numbers_r01_r02() {
    let house = House::open().await;
    let hub = enrol(&house, false).await;
    let mut stranger = connect(&hub);
    let ToDevice::Challenge(challenge) = stranger.message().await else { panic!("a challenge was due") };
    stranger.say(Line1::hello(&challenge, &SecretKey::from_bytes(&[66; 32]))).await;
    let ToDevice::Error(refused) = stranger.message().await else { panic!("a refusal") };
    assert_eq!((refused.code, refused.fatal), (ErrorCode::Unauthenticated, true));
    assert!(matches!(stranger.hear().await, Out::Close(close::UNAUTHENTICATED)));

    let mut line = connect(&hub);
    assert!(line.shake_hands().await.is_none(), "a disabled device joins nothing");
    assert_eq!(line.reserve(1, 0).await, Err(LeaseRefusal::NotAllowed));
    // Bad frames are answered, and the third ends the connection (C-06).
    for round in 1..=3 {
        line.actor.send(Frame("{\"t\":\"format_disk\"}".into())).await.unwrap();
        let ToDevice::Error(error) = line.message().await else { panic!("an error was due") };
        assert_eq!((error.code, error.fatal), (ErrorCode::UnknownType, round == 3));
    }
    assert!(matches!(line.hear().await, Out::Close(close::PROTOCOL)));
}

#[actix::test]
async fn a_second_connection_takes_over_and_notices_reach_the_device_r11() {
    use drumroll_engine::raffle::{Command, move_close::MoveClose};
    let house = House::open().await;
    let hub = enrol(&house, true).await;
    let mut older = connect(&hub);
    older.shake_hands().await.unwrap();
    let mut line = connect(&hub);
    let terms = line.shake_hands().await.unwrap();
    assert!(matches!(older.hear().await, Out::Close(close::SUPERSEDED)));
    let closes_at = Timestamp(terms.closes_at_us.0 - 1_000_000);
    let close_early = MoveClose { closes_at, extend: false, reason: "storm".into() };
    house.control(10, Command::MoveClose(close_early)).await.unwrap();
    let ToDevice::Notice(notice) = line.message().await else { panic!("a notice was due") };
    assert_eq!((notice.kind, notice.closes_at_us), (drumroll_protocol::NoticeKind::Close, closes_at));
    let ack = drumroll_protocol::NoticeAck {
        id: notice.id,
        raffle_id: notice.raffle_id,
        as_of_seq: notice.as_of_seq,
        closes_at_us: closes_at,
        suspended: false,
    };
    line.say(FromDevice::NoticeAck(ack)).await;
    wait_for(|| async {
        let known = house.node.read(stream(10), |live| live.state.devices[&DEVICE].closes_at).await.unwrap();
        (known == Some(closes_at)).then_some(())
    })
    .await;
}

/// Lines of the log of significant events with this code, once there are any: nobody waits for these notes.
async fn noted(house: &House, code: &str) -> Vec<SignificantRow> {
    wait_for(|| async {
        let filter = SignificantFilter { code: Some(code.into()), limit: 10, ..SignificantFilter::default() };
        let lines = house.store.significant(ORGANISATION, filter).await.unwrap();
        (!lines.is_empty()).then_some(lines)
    })
    .await
}

#[actix::test]
async fn a_handheld_that_is_turned_away_joins_or_drops_stands_in_the_log_a01_r02() {
    let house = House::open().await;
    let hub = enrol(&house, true).await;
    // Again and again, and on record once a minute: nobody fills the journal by knowing an id.
    for _ in 0..3 {
        let mut stranger = connect(&hub);
        let ToDevice::Challenge(challenge) = stranger.message().await else { panic!("a challenge was due") };
        stranger.say(Line1::hello(&challenge, &SecretKey::from_bytes(&[66; 32]))).await;
        let ToDevice::Error(refused) = stranger.message().await else { panic!("a refusal was due") };
        assert!(refused.fatal);
    }
    let rejected = noted(&house, "rsu_rejected").await;
    house.clock.advance(Span::seconds(1));
    let mut line = connect(&hub);
    line.shake_hands().await.unwrap();
    let connected = noted(&house, "rsu_connected").await;
    house.clock.advance(Span::seconds(1));
    line.actor.send(Hangup).await.unwrap();
    let disconnected = noted(&house, "rsu_disconnected").await;
    let lines = [rejected, connected, disconnected];
    let itself = format!("rsu:{DEVICE}");
    let said = [
        ("unknown key or not enrolled", 0, "public"),
        ("handheld 04", 1, itself.as_str()),
        ("handheld 04", 2, itself.as_str()),
    ];
    for (line, (detail, seconds, actor)) in lines.iter().zip(said) {
        let [line] = &line[..] else { panic!("one line for each: {line:?}") };
        assert_eq!((&line.component, line.detail.as_str(), line.actor.as_str()), (&itself, detail, actor));
        assert_eq!(line.at, START + Span::seconds(seconds));
    }
}

fn heartbeat(id: u64) -> FromDevice {
    FromDevice::Heartbeat(Heartbeat {
        id,
        device_time_us: START,
        clock_offset_ms: None,
        clock_error_ms: None,
        battery_percent: None,
        printer: PrinterState::Ok,
        digest: Bytes([1; 32]),
        raffles: Vec::new(),
    })
}

#[actix::test]
async fn a_handheld_that_falls_silent_is_closed_as_idle_and_shown_offline_r14() {
    let house = House::open().await;
    let beat = Duration::from_millis(300);
    let hub = DeviceHub { heartbeat: beat, ..enrol(&house, true).await };
    let mut line = connect(&hub);
    line.shake_hands().await.unwrap();
    let spoke = std::time::Instant::now();
    // For longer than three heartbeats it says something, and stays.
    for id in 0..12 {
        tokio::time::sleep(beat / 3).await;
        line.say(heartbeat(id)).await;
        assert!(matches!(line.message().await, ToDevice::HeartbeatAck(ack) if ack.id == id));
    }
    assert!(spoke.elapsed() > beat * 3 && hub.presence.get(&DEVICE).unwrap().online);
    let silent = std::time::Instant::now();
    assert!(matches!(line.hear().await, Out::Close(close::IDLE)));
    assert!(silent.elapsed() > beat * 2, "not before its time");
    wait_for(|| std::future::ready((!hub.presence.get(&DEVICE).unwrap().online).then_some(()))).await;
    assert_eq!(hub.presence.online(), 0);
    noted(&house, "rsu_disconnected").await;
}

/// A connection's actor dies in the middle of its work: the handheld hears that it is gone and comes back, its sale is
/// there once, and nobody else notices.
#[actix::test]
async fn an_actor_that_panics_costs_its_handheld_a_connection_and_nobody_else_anything() {
    let house = House::open().await;
    let hub = enrol(&house, true).await;
    let epoch = house.node.read(stream(10), |live| live.epoch).await.unwrap();
    for order in 1..=3 {
        let mut line = connect(&hub);
        let ToDevice::Challenge(challenge) = line.message().await else { panic!("a challenge was due") };
        house.store.panic_in("device", 1);
        line.say(Line1::hello(&challenge, &key())).await;
        let gone = tokio::time::timeout(Duration::from_secs(10), line.out.recv()).await;
        assert!(gone.expect("it does not hang").is_none(), "the queue ends with its actor");
        assert_eq!(house.store.panics_left("device"), 0);
        house.sell(10, order).await.unwrap();
        let mut again = connect(&hub);
        assert!(again.shake_hands().await.is_some(), "it comes back");
    }
    assert_eq!(house.node.read(stream(10), |live| live.epoch).await.unwrap(), epoch, "the raffle has had one life");
}
