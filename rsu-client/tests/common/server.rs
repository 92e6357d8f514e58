//! A server that speaks the device protocol on the loopback, keeps everything it was told, and can be
//! told to misbehave: answers lost, repeated, connections cut before or after the effect.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::{DevicePayload, DeviceRecord, GENESIS, SecretKey};
use drumroll_engine::id::DeviceId;
use drumroll_engine::ticket::NumberRange;
use drumroll_engine::time::Timestamp;
use drumroll_protocol::{
    Challenge, DeviceState, Disabled, ErrorCode, FinalAck, FromDevice, HeartbeatAck, Hello, Lease, LeaseGranted,
    LeaseRefusal, LeaseRefused, Notice, PROTOCOL, ProtocolError, RaffleStatus, Ready, Terms, ToDevice, UploadAck,
    Verdict, VerdictKind, Welcome, close,
};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_async};

use super::{RAFFLE, terms};

pub(crate) const SERVER_SEED: [u8; 32] = [77; 32];

/// What one device has told.
#[derive(Clone, Default)]
pub(crate) struct DeviceSide {
    pub(crate) records: Vec<DeviceRecord>,
    pub(crate) head: [u8; 32],
    pub(crate) leases: Vec<Lease>,
    pub(crate) is_final: bool,
    pub(crate) heartbeats: u64,
    pub(crate) terms_acked: u64,
    pub(crate) notices_acked: Vec<u64>,
    pub(crate) connections: u64,
    pub(crate) disabled: Option<String>,
    /// Numbers were asked for while records were missing here.
    pub(crate) asked_too_early: bool,
    /// Claim to hold this instead of the truth.
    pub(crate) claim: Option<(u64, [u8; 32])>,
    pub(crate) refuse_key: bool,
    pub(crate) push: Vec<Notice>,
    pub(crate) supersede: bool,
    /// Acknowledge nothing new.
    pub(crate) stall: bool,
    /// Answer every request for numbers with the last lease.
    pub(crate) repeat_lease: bool,
    pub(crate) reserves: u64,
    pub(crate) uploads: u64,
}

/// Probabilities, in 1/1000 of answers.
#[derive(Clone, Copy, Default)]
pub(crate) struct Chaos {
    pub(crate) drop_answer: u64,
    pub(crate) repeat_answer: u64,
    pub(crate) cut_before: u64,
    pub(crate) cut_after: u64,
}

pub(crate) struct State {
    pub(crate) terms: Terms,
    pub(crate) devices: BTreeMap<DeviceId, DeviceSide>,
    pub(crate) next_number: u64,
    pub(crate) chaos: Chaos,
    pub(crate) seed: u64,
    /// Requests of the REST API, for the simulation: labels registered so far.
    pub(crate) registered: Vec<String>,
    pub(crate) keys: BTreeMap<DeviceId, [u8; 32]>,
    pub(crate) enabled: Vec<DeviceId>,
}

impl State {
    /// A small generator of its own, so that a seed repeats a run as far as scheduling allows.
    fn chance(&mut self, per_mille: u64) -> bool {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % 1_000 < per_mille
    }

    /// The state of the raffle changed.
    pub(crate) fn set_status(&mut self, status: RaffleStatus) {
        self.terms.status = status;
        self.terms.as_of_seq += 1;
    }
}

#[derive(Clone)]
pub(crate) struct TestServer {
    pub(crate) url: String,
    pub(crate) state: Arc<Mutex<State>>,
    version: watch::Sender<u64>,
}

pub(crate) fn now_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as u64
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut terms = terms(vec![]);
        terms.sales_start_us = Timestamp(now_us() - 60_000_000);
        terms.closes_at_us = Timestamp(now_us() + 3_600_000_000);
        let state = State {
            terms,
            devices: BTreeMap::new(),
            next_number: 1,
            chaos: Chaos::default(),
            seed: 1,
            registered: Vec::new(),
            keys: BTreeMap::new(),
            enabled: Vec::new(),
        };
        let server = Self { url, state: Arc::new(Mutex::new(state)), version: watch::Sender::new(0) };
        let this = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(this.clone().serve(stream));
            }
        });
        server
    }

    pub(crate) fn public_key() -> [u8; 32] {
        SecretKey::from_bytes(&SERVER_SEED).public()
    }

    /// Changes the state and pushes terms to everybody.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let result = change(&mut self.state.lock().unwrap());
        self.version.send_modify(|version| *version += 1);
        result
    }

    pub(crate) fn device(&self, id: DeviceId) -> DeviceSide {
        self.state.lock().unwrap().devices.get(&id).cloned().unwrap_or_default()
    }

    async fn serve(self, stream: TcpStream) {
        let mut head = [0; 16];
        loop {
            match stream.peek(&mut head).await {
                Ok(0) | Err(_) => return,
                Ok(count) if count >= 8 => break,
                Ok(_) => tokio::task::yield_now().await,
            }
        }
        if head.starts_with(b"GET /ws/") {
            if let Ok(socket) = accept_async(stream).await {
                self.device_socket(socket).await;
            }
        } else {
            super::rest::serve(&self, stream).await;
        }
    }

    async fn device_socket(self, mut socket: WebSocketStream<TcpStream>) {
        let server_key = SecretKey::from_bytes(&SERVER_SEED);
        let nonce = { Bytes(drumroll_engine::hash::sha256(&now_us().to_be_bytes())) };
        let challenge = Challenge { protocol: PROTOCOL, nonce, server_public_key: Bytes(server_key.public()) };
        if send(&mut socket, &ToDevice::Challenge(challenge.clone())).await.is_err() {
            return;
        }
        let Some(FromDevice::Hello(hello)) = receive(&mut socket).await else { return };
        if !self.knows(&hello, &challenge) {
            let error = ProtocolError {
                id: None,
                code: ErrorCode::Unauthenticated,
                detail: "unknown device".into(),
                fatal: true,
            };
            let _ = send(&mut socket, &ToDevice::Error(error)).await;
            return end(socket, close::UNAUTHENTICATED).await;
        }
        let id = hello.device_id;
        let welcome = Welcome::sign(&challenge, &hello, Timestamp(now_us()), 200, &server_key);
        // From here on every change is pushed, those made while the first terms are sent too.
        let mut version = self.version.subscribe();
        let first = {
            let mut state = self.state.lock().unwrap();
            let side = state.devices.entry(id).or_default();
            side.connections += 1;
            let disabled = side.disabled.clone().map(|reason| ToDevice::Disabled(Disabled { reason }));
            let mut first = vec![ToDevice::Welcome(welcome), ToDevice::Terms(Box::new(terms_for(&state, id)))];
            first.extend(disabled);
            first.push(ToDevice::Ready(Ready { raffles: vec![RAFFLE] }));
            first.extend(final_ack(&state, id));
            first
        };
        for message in first {
            if send(&mut socket, &message).await.is_err() {
                return;
            }
        }
        loop {
            tokio::select! {
                frame = socket.next() => {
                    let Some(Ok(frame)) = frame else { return };
                    let Message::Text(text) = frame else { continue };
                    let message = FromDevice::decode(&text).unwrap_or_else(|error| panic!("the device sent: {error}"));
                    let (answers, cut_before, chaos) = {
                        let mut state = self.state.lock().unwrap();
                        let chaos = state.chaos;
                        if state.chance(chaos.cut_before) {
                            (vec![], true, [false; 3])
                        } else {
                            let answers = answer(&mut state, id, message);
                            let rolls = [state.chance(chaos.drop_answer), state.chance(chaos.repeat_answer), state.chance(chaos.cut_after)];
                            (answers, false, rolls)
                        }
                    };
                    let [drop_answer, repeat, cut_after] = chaos;
                    if cut_before || cut_after {
                        return;
                    }
                    if drop_answer {
                        continue;
                    }
                    for message in &answers {
                        for _ in 0..if repeat { 2 } else { 1 } {
                            if send(&mut socket, message).await.is_err() {
                                return;
                            }
                        }
                    }
                }
                changed = version.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let (messages, supersede) = {
                        let mut state = self.state.lock().unwrap();
                        let terms = ToDevice::Terms(Box::new(terms_for(&state, id)));
                        let side = state.devices.entry(id).or_default();
                        let mut messages: Vec<ToDevice> = std::mem::take(&mut side.push).into_iter().map(ToDevice::Notice).collect();
                        messages.push(terms);
                        (messages, std::mem::take(&mut side.supersede))
                    };
                    if supersede {
                        return end(socket, close::SUPERSEDED).await;
                    }
                    for message in messages {
                        if send(&mut socket, &message).await.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }

    fn knows(&self, hello: &Hello, challenge: &Challenge) -> bool {
        let state = self.state.lock().unwrap();
        let known = state.keys.get(&hello.device_id).copied();
        let key = known.unwrap_or_else(|| SecretKey::from_bytes(&super::device_key(hello.device_id.0[0])).public());
        hello.is_signed(challenge, &key) && !state.devices.get(&hello.device_id).is_some_and(|side| side.refuse_key)
    }
}

fn terms_for(state: &State, id: DeviceId) -> Terms {
    let mut terms = state.terms.clone();
    let nothing = DeviceSide::default();
    let side = state.devices.get(&id).unwrap_or(&nothing);
    terms.device.state = match (side.is_final, side.leases.is_empty()) {
        (true, _) => DeviceState::Final,
        (false, true) => DeviceState::Joined,
        (false, false) => DeviceState::Selling,
    };
    terms.device.issuer_slot = (!side.leases.is_empty()).then(|| slot(id));
    terms.device.leases = side.leases.clone();
    let (seq, head) = side.claim.unwrap_or((side.records.len() as u64, side.head));
    terms.device.acknowledged_seq = seq;
    terms.device.acknowledged_head = Bytes(head);
    terms
}

fn slot(id: DeviceId) -> u16 {
    u16::from_be_bytes([id.0[0] & 0x0f, id.0[15]])
}

fn final_ack(state: &State, id: DeviceId) -> Option<ToDevice> {
    let side = state.devices.get(&id).filter(|side| side.is_final)?;
    Some(ToDevice::FinalAck(FinalAck { raffle_id: RAFFLE, seq: side.records.len() as u64 }))
}

fn answer(state: &mut State, id: DeviceId, message: FromDevice) -> Vec<ToDevice> {
    match message {
        FromDevice::Hello(_) => panic!("a second hello"),
        FromDevice::Heartbeat(beat) => {
            state.devices.entry(id).or_default().heartbeats += 1;
            let now = Timestamp(now_us());
            vec![ToDevice::HeartbeatAck(HeartbeatAck { id: beat.id, received_us: now, sent_us: now })]
        }
        FromDevice::TermsAck(ack) => {
            state.devices.entry(id).or_default().terms_acked = ack.as_of_seq;
            vec![]
        }
        FromDevice::NoticeAck(ack) => {
            state.devices.entry(id).or_default().notices_acked.push(ack.id);
            vec![]
        }
        FromDevice::Reserve(ask) => {
            let selling = state.terms.status == RaffleStatus::Selling;
            let next_number = state.next_number;
            let side = state.devices.entry(id).or_default();
            let refuse = |code| {
                vec![ToDevice::LeaseRefused(LeaseRefused {
                    id: ask.id,
                    raffle_id: RAFFLE,
                    code,
                    detail: String::new(),
                })]
            };
            side.reserves += 1;
            if let Some(lease) = side.leases.last().copied().filter(|_| side.repeat_lease) {
                return vec![ToDevice::Lease(LeaseGranted {
                    id: ask.id,
                    raffle_id: RAFFLE,
                    lease,
                    issuer_slot: slot(id),
                })];
            }
            if ask.head_seq != side.records.len() as u64 {
                side.asked_too_early = true;
                return refuse(LeaseRefusal::UploadFirst);
            }
            if let Some(known) = side.leases.iter().find(|lease| lease.no == ask.lease_no) {
                let granted = LeaseGranted { id: ask.id, raffle_id: RAFFLE, lease: *known, issuer_slot: slot(id) };
                return vec![ToDevice::Lease(granted)];
            }
            if !selling {
                return refuse(LeaseRefusal::NotSelling);
            }
            if ask.lease_no as usize != side.leases.len() + 1 {
                return refuse(LeaseRefusal::OutOfStep);
            }
            let range = NumberRange::starting_at(next_number, u64::from(ask.wanted)).unwrap();
            let lease = Lease { no: ask.lease_no, range };
            side.leases.push(lease);
            state.next_number += u64::from(ask.wanted);
            vec![ToDevice::Lease(LeaseGranted { id: ask.id, raffle_id: RAFFLE, lease, issuer_slot: slot(id) })]
        }
        FromDevice::Upload(upload) => {
            let key = state.keys.get(&id).copied();
            let key = key.unwrap_or_else(|| SecretKey::from_bytes(&super::device_key(id.0[0])).public());
            let side = state.devices.entry(id).or_default();
            if side.records.is_empty() {
                side.head = GENESIS;
            }
            side.uploads += 1;
            if side.stall {
                let (acknowledged_seq, acknowledged_head) = (side.records.len() as u64, Bytes(side.head));
                let (id, verdicts) = (upload.id, vec![]);
                return vec![ToDevice::UploadAck(UploadAck {
                    id,
                    raffle_id: RAFFLE,
                    acknowledged_seq,
                    acknowledged_head,
                    verdicts,
                })];
            }
            let mut verdicts = Vec::new();
            for record in upload.records {
                let at = record.seq as usize;
                if at <= side.records.len() {
                    assert_eq!(record, side.records[at - 1], "an upload repeats what was uploaded");
                    continue;
                }
                let verified = record.clone().verify(&key).unwrap();
                assert!(verified.continues(side.records.len() as u64, &side.head), "record {at} continues the series");
                side.is_final |= matches!(verified.payload(), Ok(DevicePayload::Final(_)));
                side.head = *verified.hash();
                side.records.push(record);
                verdicts.push(Verdict { seq: at as u64, verdict: VerdictKind::Accepted, reason: None });
            }
            let ack = UploadAck {
                id: upload.id,
                raffle_id: RAFFLE,
                acknowledged_seq: side.records.len() as u64,
                acknowledged_head: Bytes(side.head),
                verdicts,
            };
            let mut answers = vec![ToDevice::UploadAck(ack)];
            answers.extend(final_ack(state, id));
            answers
        }
    }
}

async fn send(socket: &mut WebSocketStream<TcpStream>, message: &ToDevice) -> Result<(), ()> {
    socket.send(Message::text(message.encode())).await.map_err(|_| ())
}

async fn receive(socket: &mut WebSocketStream<TcpStream>) -> Option<FromDevice> {
    let frame = tokio::time::timeout(Duration::from_secs(5), socket.next()).await.ok()??.ok()?;
    FromDevice::decode(frame.to_text().ok()?).ok()
}

async fn end(mut socket: WebSocketStream<TcpStream>, code: u16) {
    let _ = socket.close(Some(CloseFrame { code: code.into(), reason: "".into() })).await;
    // Until the other side has heard it.
    while let Ok(Some(Ok(_))) = tokio::time::timeout(Duration::from_secs(5), socket.next()).await {}
}
