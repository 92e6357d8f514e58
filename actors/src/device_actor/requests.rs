//! What a device asks for, and the raffles it is told about.

use super::{DeviceActor, Known, Told, concerns, terms};
use crate::intake::Lane;
use crate::node::{Failure, Node};
use crate::registry::ExecuteError;
use crate::store::StreamId;
use actix::prelude::*;
use drumroll_engine::bytes::Bytes;
use drumroll_engine::device::{DeviceRecord, RecordError, VerifiedRecord};
use drumroll_engine::id::RaffleId;
use drumroll_engine::journal::Cause;
use drumroll_engine::raffle::join_device::JoinDevice;
use drumroll_engine::raffle::record_device::RecordDevice;
use drumroll_engine::raffle::reserve_range::ReserveRange;
use drumroll_engine::raffle::{self, Answer, Command, DeviceStatus, QuarantineReason, Rejection, Status};
use drumroll_engine::time::Timestamp;
use drumroll_protocol::{
    Disabled, ErrorCode, FinalAck, Lease, LeaseGranted, LeaseRefusal, LeaseRefused, Notice, NoticeKind, ProtocolError,
    Ready, Reserve, Terms, ToDevice, Upload, UploadAck, Verdict, VerdictKind,
};
use tokio::time::Instant;

/// What was said about a raffle is remembered so often back.
const SAID_MAX: usize = 8;

fn failed(id: u64, error: &ExecuteError) -> ToDevice {
    let code = if error.retry_after().is_some() { ErrorCode::Busy } else { ErrorCode::Internal };
    ToDevice::Error(ProtocolError { id: Some(id), code, detail: error.to_string(), fatal: false })
}

fn problem(id: u64, code: ErrorCode, detail: String) -> ToDevice {
    ToDevice::Error(ProtocolError { id: Some(id), code, detail, fatal: false })
}

/// The raffle a device means, if its own organisation has it. Another's does not exist for it, and no actor
/// is started for an id that somebody made up.
async fn stream_of(node: &Node, known: &Known, id: u64, raffle: RaffleId) -> Result<StreamId, ToDevice> {
    match node.stream(raffle).await {
        Ok(Some(stream)) if stream.organisation == known.organisation => Ok(stream),
        Ok(_) => Err(problem(id, ErrorCode::UnknownRaffle, "no such raffle".to_owned())),
        Err(_) => Err(problem(id, ErrorCode::Busy, "the records cannot be reached".to_owned())),
    }
}

/// Numbers for the device. Enrolled and enabled is looked up each time: a device that was disabled
/// a moment ago gets none.
pub(super) async fn reserve(node: Node, known: Known, reserve: Reserve) -> Vec<ToDevice> {
    let Reserve { id, raffle_id, lease_no, wanted, head_seq } = reserve;
    let refused = |code, detail: String| vec![ToDevice::LeaseRefused(LeaseRefused { id, raffle_id, code, detail })];
    let device = known.device;
    let active = node
        .read_organisation(known.organisation, move |state| {
            state.devices.get(&device).is_some_and(|registered| registered.active_key().is_some())
        })
        .await;
    match active {
        Ok(true) => {}
        Ok(false) => return refused(LeaseRefusal::NotAllowed, "this handheld is not enabled".to_owned()),
        Err(error) => return vec![failed(id, &error)],
    }
    let stream = match stream_of(&node, &known, id, raffle_id).await {
        Ok(stream) => stream,
        Err(answer) => return vec![answer],
    };
    let command = ReserveRange { device, lease_no, wanted: u64::from(wanted), made_seq: head_seq };
    match node.execute(stream, Lane::Device, DeviceActor::origin(device), Command::ReserveRange(command)).await {
        Ok(answered) => {
            let Answer::Reserved(range) = answered.answer else {
                return vec![problem(id, ErrorCode::Internal, "no range".to_owned())];
            };
            let slot =
                node.read(stream, move |live| live.state.devices.get(&device).map(|known| known.slot.get())).await;
            match slot {
                Ok(slot) => vec![ToDevice::Lease(LeaseGranted {
                    id,
                    raffle_id,
                    lease: Lease { no: lease_no, range },
                    issuer_slot: slot.unwrap_or_default(),
                })],
                Err(error) => vec![failed(id, &error)],
            }
        }
        Err(Failure::Failed(error)) => vec![failed(id, &error)],
        Err(Failure::Refused(rejection)) => {
            let code = match rejection {
                Rejection::SoldOut { .. } => LeaseRefusal::SoldOut,
                Rejection::UploadFirst => LeaseRefusal::UploadFirst,
                Rejection::LeaseOutOfStep { .. } => LeaseRefusal::OutOfStep,
                Rejection::UnknownRaffle | Rejection::UnknownDevice => {
                    return vec![problem(id, ErrorCode::UnknownRaffle, rejection.to_string())];
                }
                Rejection::DeviceSettled | Rejection::RangeSuffices | Rejection::ChannelNotSold => {
                    LeaseRefusal::NotAllowed
                }
                _ => LeaseRefusal::NotSelling,
            };
            refused(code, rejection.to_string())
        }
    }
}

/// Verifies signatures where that delays no actor.
async fn verified(
    node: &Node,
    records: Vec<DeviceRecord>,
    key: Bytes<32>,
) -> Result<Vec<VerifiedRecord>, Option<RecordError>> {
    let verify = move || records.into_iter().map(|record| record.verify(&key.0)).collect::<Result<Vec<_>, _>>();
    node.crew().compute(verify).await.map_err(|_| None)?.map_err(Some)
}

/// Takes records in. Every one gets a durable verdict before the device hears of it (I1).
pub(super) async fn upload(node: Node, known: Known, upload: Upload) -> Vec<ToDevice> {
    let Upload { id, raffle_id, records } = upload;
    if records.iter().any(|record| record.device_id != known.device) {
        return vec![problem(id, ErrorCode::BadSignature, "a record of another device".to_owned())];
    }
    let records = match verified(&node, records, known.key).await {
        Ok(records) => records,
        Err(Some(error)) => return vec![problem(id, ErrorCode::BadSignature, error.to_string())],
        Err(None) => return vec![problem(id, ErrorCode::Internal, "interrupted".to_owned())],
    };
    let stream = match stream_of(&node, &known, id, raffle_id).await {
        Ok(stream) => stream,
        Err(answer) => return vec![answer],
    };
    let sequences: Vec<u64> = records.iter().map(|record| record.record().seq).collect();
    let commands = records.into_iter().map(|record| {
        let cause = Cause::DeviceRecord(record.record().seq);
        (Command::RecordDevice(Box::new(RecordDevice { record })), Some(cause))
    });
    let origin = DeviceActor::origin(known.device);
    let done = match node.execute_all(stream, Lane::Device, origin, commands.collect(), true).await {
        Ok(done) => done,
        Err(error) => return vec![failed(id, &error)],
    };
    let mut verdicts = Vec::new();
    for (seq, answer) in sequences.into_iter().zip(done.answers) {
        match answer {
            Ok(Answer::Verdict(raffle::Verdict::Accepted)) => {
                verdicts.push(Verdict { seq, verdict: VerdictKind::Accepted, reason: None });
            }
            Ok(Answer::Verdict(raffle::Verdict::Quarantined(reason))) => {
                verdicts.push(Verdict { seq, verdict: VerdictKind::Quarantined, reason: Some(reason_name(reason)) })
            }
            Ok(_) => {}
            Err(Rejection::SeriesGap { acknowledged }) => {
                let detail = format!("record {seq} was uploaded, record {} is expected", acknowledged + 1);
                return vec![problem(id, ErrorCode::Gap, detail)];
            }
            Err(rejection @ Rejection::SeriesBroken { .. }) => {
                return vec![problem(id, ErrorCode::ChainConflict, rejection.to_string())];
            }
            Err(rejection) => return vec![problem(id, ErrorCode::UnknownRaffle, rejection.to_string())],
        }
    }
    let device = known.device;
    let state = node.read(stream, move |live| {
        let known = live.state.devices.get(&device)?;
        Some((known.last_seq, known.head, matches!(known.status, DeviceStatus::Final { .. })))
    });
    match state.await {
        Ok(Some((acknowledged_seq, acknowledged_head, is_final))) => {
            let ack = UploadAck { id, raffle_id, acknowledged_seq, acknowledged_head, verdicts };
            let mut messages = vec![ToDevice::UploadAck(ack)];
            if is_final {
                messages.push(ToDevice::FinalAck(FinalAck { raffle_id, seq: acknowledged_seq }));
            }
            messages
        }
        Ok(None) => vec![problem(id, ErrorCode::UnknownRaffle, "not in this raffle".to_owned())],
        Err(error) => vec![failed(id, &error)],
    }
}

fn reason_name(reason: QuarantineReason) -> String {
    serde_json::to_value(reason).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The terms a device is due, and for each the position of the raffle's facts they are as of.
struct Due {
    terms: Vec<(Terms, u64, bool)>,
    enabled: bool,
}

/// Finds the raffles that concern the device, joining those on sale.
async fn due(node: &Node, known: &Known) -> Result<Due, ExecuteError> {
    let device = known.device;
    let row = node.store().device(device).await.map_err(|error| ExecuteError::Store(std::sync::Arc::new(error)))?;
    let enabled = row.is_some_and(|row| row.enabled && row.public_key == Some(known.key));
    let rows = node.store().raffles(Some(known.organisation), false, None, 50).await;
    let rows = rows.map_err(|error| ExecuteError::Store(std::sync::Arc::new(error)))?;
    let mut found = Vec::new();
    let over = |status| matches!(status, Status::Draft | Status::Configured | Status::Finalized);
    for row in rows.iter().filter(|row| !over(row.status)) {
        let stream = StreamId { organisation: row.organisation, raffle: row.raffle };
        let look = move |live: &crate::aggregate::Live<raffle::Raffle>| {
            let joined = live.state.devices.contains_key(&device);
            (concerns(&live.state, &device), joined)
        };
        let (concerned, joined) = node.read(stream, look).await?;
        if !concerned || (!joined && !enabled) {
            continue;
        }
        if !joined {
            let command = Command::JoinDevice(JoinDevice { device, label: known.label.clone() });
            match node.execute(stream, Lane::Device, DeviceActor::origin(device), command).await {
                Ok(_) => {}
                // It closed in between; then there is nothing to tell.
                Err(Failure::Refused(_)) => continue,
                Err(Failure::Failed(error)) => return Err(error),
            }
        }
        let look = move |live: &crate::aggregate::Live<raffle::Raffle>| {
            let suspended = live.state.status == Status::Suspended;
            terms(live, &device).map(|terms| (terms, live.state.facts, suspended))
        };
        found.extend(node.read(stream, look).await?);
    }
    Ok(Due { terms: found, enabled })
}

impl DeviceActor {
    /// Tells the device about raffles it does not know yet; all of them after the welcome.
    pub(super) fn refresh(&mut self, first: bool, context: &mut Context<Self>) {
        let Some(known) = self.known().cloned() else { return };
        self.refreshed = Some(Instant::now());
        let node = self.hub.node.clone();
        let look = async move { due(&node, &known).await };
        let tell = look.into_actor(self).map(move |due, actor, context| match due {
            Ok(due) => actor.tell(due, first, context),
            Err(error) if first => {
                actor.fatal(ErrorCode::Busy, &error.to_string(), drumroll_protocol::close::GOING_AWAY, context);
            }
            Err(_) => {}
        });
        context.spawn(tell);
    }

    fn tell(&mut self, due: Due, first: bool, context: &mut Context<Self>) {
        let mut disabled = false;
        if let super::Stage::Ready(known) = &mut self.stage {
            let was = std::mem::replace(&mut known.enabled, due.enabled);
            disabled = (first || was) && !due.enabled;
        }
        let raffles: Vec<RaffleId> = due.terms.iter().map(|(terms, _, _)| terms.raffle_id).collect();
        for (terms, facts, suspended) in due.terms {
            if !self.raffles.contains_key(&terms.raffle_id) {
                self.tell_terms(terms, facts, suspended, context);
            }
        }
        if disabled {
            self.send(ToDevice::Disabled(Disabled { reason: "not enabled by the desk".to_owned() }), context);
        }
        if first {
            self.send(ToDevice::Ready(Ready { raffles }), context);
        }
    }

    fn tell_terms(&mut self, terms: Terms, facts: u64, suspended: bool, context: &mut Context<Self>) {
        let raffle = terms.raffle_id;
        let is_final = terms.device.state == drumroll_protocol::DeviceState::Final;
        let last_seq = terms.device.acknowledged_seq;
        self.said(raffle, terms.as_of_seq, terms.closes_at_us, suspended);
        self.send(ToDevice::Terms(Box::new(terms)), context);
        if is_final {
            self.send(ToDevice::FinalAck(FinalAck { raffle_id: raffle, seq: last_seq }), context);
        }
        let told = self.raffles.entry(raffle).or_default();
        told.facts = facts;
        if told.watch.is_none() {
            let handle = self.watch(raffle, context);
            if let Some(told) = self.raffles.get_mut(&raffle) {
                told.watch = handle;
            }
        }
    }

    fn said(&mut self, raffle: RaffleId, seq: u64, closes_at: Timestamp, suspended: bool) {
        let Told { said, .. } = self.raffles.entry(raffle).or_default();
        said.push_back((seq, closes_at, suspended));
        if said.len() > SAID_MAX {
            said.pop_front();
        }
    }

    /// Watches a raffle's facts for the device. Sales do not wake it.
    fn watch(&self, raffle: RaffleId, context: &mut Context<Self>) -> Option<SpawnHandle> {
        let organisation = self.known()?.organisation;
        let node = self.hub.node.clone();
        let address = context.address();
        let follow = async move {
            let stream = StreamId { organisation, raffle };
            let Ok(feed) = node.feed(stream).await else { return };
            let mut position = feed.subscribe_facts();
            loop {
                if address.send(Facts { raffle }).await.is_err() || position.changed().await.is_err() {
                    return;
                }
            }
        };
        Some(context.spawn(follow.into_actor(self)))
    }
}

/// There may be facts the device does not know.
#[derive(Message)]
#[rtype(result = "()")]
struct Facts {
    raffle: RaffleId,
}

impl Handler<Facts> for DeviceActor {
    type Result = ();

    fn handle(&mut self, message: Facts, context: &mut Self::Context) {
        let Some(known) = self.known().cloned() else { return };
        let Some(after) = self.raffles.get(&message.raffle).map(|told| told.facts) else { return };
        let node = self.hub.node.clone();
        let raffle = message.raffle;
        let look = async move {
            let stream = StreamId { organisation: known.organisation, raffle };
            let feed = node.feed(stream).await.ok()?;
            let view = feed.view();
            let rows = match feed.facts_after(after) {
                Some(rows) => {
                    rows.iter().map(|row| (row.position, row.seq, row.kind.clone(), row.data.clone())).collect()
                }
                None => {
                    let rows = node.store().facts(raffle, after, 100).await.ok()?;
                    rows.into_iter().map(|row| (row.position, row.seq, row.kind, row.data)).collect::<Vec<_>>()
                }
            };
            Some((view, rows))
        };
        let tell = look.into_actor(self).map(move |found, actor, context| {
            let Some((view, rows)) = found else { return };
            for (position, seq, kind, data) in rows {
                actor.tell_fact(raffle, &view, (position, seq, &kind, &data), context);
            }
        });
        context.spawn(tell);
    }
}

impl DeviceActor {
    fn tell_fact(
        &mut self,
        raffle: RaffleId,
        view: &crate::view::RaffleView,
        (position, seq, kind, data): (u64, u64, &str, &str),
        context: &mut Context<Self>,
    ) {
        let Some(told) = self.raffles.get_mut(&raffle) else { return };
        if position <= told.facts {
            return;
        }
        told.facts = position;
        let data: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
        let closes_at = data["closes_at_ms"].as_u64().map_or(view.closes_at, Timestamp::from_millis);
        let before = told.said.back().map_or(view.closes_at, |(_, closes_at, _)| *closes_at);
        let suspended_before = told.said.back().is_some_and(|(_, _, suspended)| *suspended);
        let (kind, suspended) = match kind {
            "close_announced" if closes_at > before => (NoticeKind::Extend, suspended_before),
            "close_announced" => (NoticeKind::Close, suspended_before),
            "suspended" => (NoticeKind::Suspend, true),
            "resumed" => (NoticeKind::Resume, false),
            "closed" => (NoticeKind::Closed, false),
            "cancelled" => (NoticeKind::Cancel, false),
            _ => return,
        };
        // The exact instant to the microsecond stands in the view when nothing newer was said.
        let closes_at = if closes_at.as_millis() == view.closes_at.as_millis() { view.closes_at } else { closes_at };
        self.said(raffle, seq, closes_at, suspended);
        let notice = Notice {
            id: position,
            raffle_id: raffle,
            as_of_seq: seq,
            kind,
            closes_at_us: closes_at,
            reason: data["reason"].as_str().map(str::to_owned),
        };
        self.send(ToDevice::Notice(notice), context);
    }
}
