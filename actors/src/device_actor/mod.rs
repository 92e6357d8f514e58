//! One actor per connected handheld: it proves who is there, keeps the heartbeat, hands terms and
//! notices out, and passes uploads and requests for numbers on to the raffle's actor. It answers a
//! device only with what is durable.

mod requests;
mod terms;

pub use terms::{concerns, sold_by_handhelds, terms};

use crate::aggregate::Origin;
use crate::node::Node;
use crate::presence::{DevicePresence, Presence, Superseded};
use crate::store::StreamId;
use actix::prelude::*;
use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::SecretKey;
use drumroll_engine::id::{DeviceId, OrganisationId, RaffleId};
use drumroll_engine::journal::{Actor as By, Cause};
use drumroll_engine::organisation;
use drumroll_engine::time::Timestamp;
use drumroll_protocol::{
    Challenge, ErrorCode, FromDevice, Heartbeat, HeartbeatAck, Hello, PROTOCOL, ProtocolError, ToDevice, Welcome, close,
};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::{info, warn};

/// What the socket is to do.
#[derive(Debug)]
pub enum Out {
    /// Send a message.
    Message(ToDevice),
    /// Close with a code.
    Close(u16),
}

/// What every device actor shares.
#[derive(Clone)]
pub struct DeviceHub {
    /// The node.
    pub node: Node,
    /// Who is in touch.
    pub presence: Arc<Presence>,
    /// The server's identity, pinned by devices at enrolment.
    pub identity: Arc<SecretKey>,
    /// How often a device reports.
    pub heartbeat: Duration,
}

/// A text frame from the device.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Frame(pub String);

/// The socket is gone.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Hangup;

/// A connected device, authenticated.
#[derive(Clone)]
struct Known {
    device: DeviceId,
    organisation: OrganisationId,
    key: Bytes<32>,
    label: String,
    link: u64,
    enabled: bool,
}

/// What was last said about a raffle, so that an acknowledgement can be understood.
#[derive(Default)]
struct Told {
    /// Raffle sequence → closing time and suspension it stood for; a few suffice.
    said: VecDeque<(u64, Timestamp, bool)>,
    /// Facts up to here are known to the device.
    facts: u64,
    watch: Option<SpawnHandle>,
}

enum Stage {
    /// The challenge is out.
    Challenged(Challenge),
    /// The hello is being checked.
    Checking,
    /// Both sides know each other.
    Ready(Box<Known>),
}

/// One connected handheld.
pub struct DeviceActor {
    hub: DeviceHub,
    out: mpsc::Sender<Out>,
    stage: Stage,
    heard: Instant,
    faults: u32,
    in_flight: usize,
    raffles: BTreeMap<RaffleId, Told>,
    refreshed: Option<Instant>,
}

/// Messages of a device that may be worked on at a time.
const IN_FLIGHT_MAX: usize = 8;

/// Bad frames after which the connection ends.
const FAULTS_MAX: u32 = 3;

/// Heartbeats that may be missed.
const MISSED_MAX: u32 = 3;

/// How often the list of raffles is looked at again.
const REFRESH_EVERY: Duration = Duration::from_secs(2);

impl DeviceActor {
    /// An actor that speaks through `out`.
    pub fn new(hub: DeviceHub, out: mpsc::Sender<Out>) -> Self {
        Self {
            hub,
            out,
            stage: Stage::Checking,
            heard: Instant::now(),
            faults: 0,
            in_flight: 0,
            raffles: BTreeMap::new(),
            refreshed: None,
        }
    }

    /// Sends; a device that does not read is closed as slow.
    fn send(&self, message: ToDevice, context: &mut Context<Self>) {
        if self.out.try_send(Out::Message(message)).is_err() {
            self.close(close::SLOW, context);
        }
    }

    fn close(&self, code: u16, context: &mut Context<Self>) {
        // If even that does not fit, the socket's writer is stuck; stopping drops the sender, which ends it.
        let _ = self.out.try_send(Out::Close(code));
        context.stop();
    }

    fn error(&mut self, id: Option<u64>, code: ErrorCode, detail: &str, context: &mut Context<Self>) {
        self.send(ToDevice::Error(ProtocolError { id, code, detail: detail.to_owned(), fatal: false }), context);
    }

    fn fatal(&mut self, code: ErrorCode, detail: &str, close_code: u16, context: &mut Context<Self>) {
        self.send(ToDevice::Error(ProtocolError { id: None, code, detail: detail.to_owned(), fatal: true }), context);
        self.close(close_code, context);
    }

    fn known(&self) -> Option<&Known> {
        match &self.stage {
            Stage::Ready(known) => Some(known),
            Stage::Challenged(_) | Stage::Checking => None,
        }
    }

    fn origin(device: DeviceId) -> Origin {
        Origin { actor: By::Device(device), approver: None, cause: Cause::Internal }
    }

    /// Begins the handshake.
    fn challenge(&mut self, context: &mut Context<Self>) {
        let Ok(nonce) = crate::keys::random::<32>() else {
            self.fatal(ErrorCode::Internal, "no random bytes", close::GOING_AWAY, context);
            return;
        };
        let server_public_key = Bytes(self.hub.identity.public());
        let challenge = Challenge { protocol: PROTOCOL, nonce: Bytes(*nonce), server_public_key };
        self.send(ToDevice::Challenge(challenge.clone()), context);
        self.stage = Stage::Challenged(challenge);
    }

    fn hello(&mut self, hello: Hello, context: &mut Context<Self>) {
        let Stage::Challenged(challenge) = std::mem::replace(&mut self.stage, Stage::Checking) else {
            self.fatal(ErrorCode::Unexpected, "the handshake is over", close::PROTOCOL, context);
            return;
        };
        if hello.protocol != PROTOCOL {
            self.fatal(ErrorCode::UnsupportedProtocol, "this server speaks version 1", close::PROTOCOL, context);
            return;
        }
        let hub = self.hub.clone();
        let check = async move {
            let row = hub.node.store().device(hello.device_id).await;
            (row, hello, challenge)
        };
        let judge = check.into_actor(self).map(|(row, hello, challenge), actor, context| match row {
            Ok(Some(row)) => actor.judge_hello(&row, &hello, &challenge, context),
            Ok(None) => {
                warn!(device.id = %hello.device_id, "a device nobody registered was turned away");
                actor.fatal(ErrorCode::Unauthenticated, "unknown device", close::UNAUTHENTICATED, context);
            }
            Err(_) => actor.fatal(ErrorCode::Busy, "the records cannot be reached", close::GOING_AWAY, context),
        });
        context.spawn(judge);
    }

    fn judge_hello(
        &mut self,
        row: &crate::store::DeviceRow,
        hello: &Hello,
        challenge: &Challenge,
        context: &mut Context<Self>,
    ) {
        let Some(key) = row.public_key.filter(|key| hello.is_signed(challenge, &key.0)) else {
            warn!(device.id = %hello.device_id, "a device that is not enrolled with this key was turned away");
            if self.hub.presence.reject(row.device, self.hub.node.clock().now()) {
                // Whoever it was: not the device it claimed to be.
                self.note(row.organisation, row.device, By::Public, "rsu_rejected", "unknown key or not enrolled");
            }
            self.fatal(ErrorCode::Unauthenticated, "not enrolled with this key", close::UNAUTHENTICATED, context);
            return;
        };
        let now = self.hub.node.clock().now();
        let heartbeat_ms = u32::try_from(self.hub.heartbeat.as_millis()).unwrap_or(u32::MAX);
        let welcome = Welcome::sign(challenge, hello, now, heartbeat_ms, &self.hub.identity);
        let presence = DevicePresence {
            organisation: row.organisation,
            online: true,
            heard_at: now,
            clock_offset_ms: None,
            clock_error_ms: None,
            battery_percent: None,
            printer: None,
            software: hello.software.clone(),
            raffles: Vec::new(),
        };
        let link = self.hub.presence.connect(row.device, presence, context.address().recipient());
        self.stage = Stage::Ready(Box::new(Known {
            device: row.device,
            organisation: row.organisation,
            key,
            label: row.label.clone(),
            link,
            enabled: row.enabled,
        }));
        info!(device.id = %row.device, label = %row.label, "a handheld is connected");
        let by = By::Device(row.device);
        self.note(row.organisation, row.device, by, "rsu_connected", &format!("handheld {}", row.label));
        self.send(ToDevice::Welcome(welcome), context);
        self.refresh(true, context);
    }

    /// A significant event of this device (GLI-31 §5.6.1 item 1). Nobody waits for it.
    fn note(&self, organisation: OrganisationId, device: DeviceId, by: By, code: &str, detail: &str) {
        let event = organisation::Event::Significant {
            code: code.to_owned(),
            component: format!("rsu:{device}"),
            detail: detail.to_owned(),
        };
        let node = self.hub.node.clone();
        actix::spawn(async move {
            let command = organisation::Command::Note(organisation::note::Note { event });
            let origin = Origin { actor: by, ..Self::origin(device) };
            if let Err(error) = node.organise(organisation, origin, command).await {
                warn!(device.id = %device, %error, "a significant event was not recorded");
            }
        });
    }

    fn heartbeat(&mut self, heartbeat: Heartbeat, context: &mut Context<Self>) {
        let received = self.hub.node.clock().now();
        let Some(known) = self.known() else { return };
        self.hub.presence.heard(&known.device, |presence| {
            presence.heard_at = received;
            presence.clock_offset_ms = heartbeat.clock_offset_ms;
            presence.clock_error_ms = heartbeat.clock_error_ms;
            presence.battery_percent = heartbeat.battery_percent;
            presence.printer = Some(heartbeat.printer);
            presence.raffles.clone_from(&heartbeat.raffles);
        });
        let sent_us = self.hub.node.clock().now();
        self.send(ToDevice::HeartbeatAck(HeartbeatAck { id: heartbeat.id, received_us: received, sent_us }), context);
        if self.refreshed.is_none_or(|at| at.elapsed() >= REFRESH_EVERY) {
            self.refresh(false, context);
        }
    }

    /// The device will obey a closing time or suspension it was told; that goes on record. What
    /// it was never told it cannot acknowledge.
    fn acknowledged(&mut self, raffle: RaffleId, said: (u64, Timestamp, bool), context: &mut Context<Self>) {
        let Some(known) = self.known().cloned() else { return };
        if !self.raffles.get(&raffle).is_some_and(|told| told.said.contains(&said)) {
            return;
        }
        let (_, closes_at, suspended) = said;
        let node = self.hub.node.clone();
        let stream = StreamId { organisation: known.organisation, raffle };
        let record = async move {
            use drumroll_engine::raffle::{Command, acknowledge_notice::AcknowledgeNotice};
            let command = Command::AcknowledgeNotice(AcknowledgeNotice { device: known.device, closes_at, suspended });
            let origin = Self::origin(known.device);
            // Should it fail, the device says it again with its next terms.
            if let Err(error) = node.execute(stream, crate::intake::Lane::Device, origin, command).await {
                info!(device.id = %known.device, %error, "an acknowledgement was not recorded");
            }
        };
        context.spawn(record.into_actor(self));
    }

    /// Runs a request of the device, a few at a time.
    fn request<F>(&mut self, id: u64, work: F, context: &mut Context<Self>)
    where
        F: Future<Output = Vec<ToDevice>> + 'static,
    {
        if self.in_flight >= IN_FLIGHT_MAX {
            self.error(Some(id), ErrorCode::Busy, "wait for the answers that are due", context);
            return;
        }
        self.in_flight += 1;
        let answer = work.into_actor(self).map(|messages, actor, context| {
            actor.in_flight -= 1;
            for message in messages {
                actor.send(message, context);
            }
        });
        context.spawn(answer);
    }

    fn understand(&mut self, text: &str, context: &mut Context<Self>) {
        let message = match FromDevice::decode(text) {
            Ok(message) => message,
            Err(error) => {
                self.faults += 1;
                if self.faults >= FAULTS_MAX {
                    self.fatal(error.code(), &error.to_string(), close::PROTOCOL, context);
                } else {
                    self.error(None, error.code(), &error.to_string(), context);
                }
                return;
            }
        };
        if let FromDevice::Hello(hello) = message {
            self.hello(hello, context);
            return;
        }
        let Some(known) = self.known().cloned() else {
            self.fatal(ErrorCode::Unexpected, "say hello first", close::PROTOCOL, context);
            return;
        };
        match message {
            FromDevice::Hello(_) => {}
            FromDevice::Heartbeat(heartbeat) => self.heartbeat(heartbeat, context),
            FromDevice::TermsAck(ack) => {
                self.acknowledged(ack.raffle_id, (ack.as_of_seq, ack.closes_at_us, ack.suspended), context);
            }
            FromDevice::NoticeAck(ack) => {
                self.acknowledged(ack.raffle_id, (ack.as_of_seq, ack.closes_at_us, ack.suspended), context);
            }
            FromDevice::Reserve(reserve) => {
                self.request(reserve.id, requests::reserve(self.hub.node.clone(), known, reserve), context);
            }
            FromDevice::Upload(upload) => {
                self.request(upload.id, requests::upload(self.hub.node.clone(), known, upload), context);
            }
        }
    }
}

impl Actor for DeviceActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.challenge(context);
        context.run_interval(self.hub.heartbeat, |actor, context| {
            let patience = actor.hub.heartbeat * MISSED_MAX;
            if actor.heard.elapsed() > patience {
                actor.close(close::IDLE, context);
            }
        });
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        let Some(known) = self.known() else { return };
        if self.hub.presence.disconnect(&known.device, known.link) {
            info!(device.id = %known.device, "a handheld is gone");
            let by = By::Device(known.device);
            self.note(known.organisation, known.device, by, "rsu_disconnected", &format!("handheld {}", known.label));
        }
    }
}

impl Handler<Frame> for DeviceActor {
    type Result = ();

    fn handle(&mut self, frame: Frame, context: &mut Self::Context) {
        self.heard = Instant::now();
        self.understand(&frame.0, context);
    }
}

impl Handler<Hangup> for DeviceActor {
    type Result = ();

    fn handle(&mut self, _: Hangup, context: &mut Self::Context) {
        context.stop();
    }
}

impl Handler<Superseded> for DeviceActor {
    type Result = ();

    fn handle(&mut self, _: Superseded, context: &mut Self::Context) {
        self.close(close::SUPERSEDED, context);
    }
}
