//! One connection, from the welcome to its end: carries out the plan, one operation at a time, and
//! obeys what comes.

use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::RaffleId;
use drumroll_engine::time::Timestamp;
use drumroll_protocol::{
    ErrorCode, FRAME_BYTES_MAX, FinalAck, FromDevice, Heartbeat, HeartbeatAck, LeaseGranted, LeaseRefusal,
    LeaseRefused, Notice, NoticeAck, ProtocolError, RaffleStatus, Reserve, Terms, TermsAck, ToDevice,
    UPLOAD_RECORDS_MAX, Upload, UploadAck, close,
};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::plan::{Local, Remote, SyncOp, plan};
use super::{DeviceHandle, Link, SyncConfig, SyncError, Wire};
use crate::device::Device;
use crate::error::DeviceError;
use crate::raffle::Raffle;
use crate::software;

/// A wire that speaks the protocol, with a deadline on everything.
pub(super) struct Socket(Box<dyn Wire>);

impl Socket {
    pub(super) fn new(wire: Box<dyn Wire>) -> Self {
        Self(wire)
    }

    pub(super) async fn send(&mut self, message: &FromDevice, within: Duration) -> Result<(), SyncError> {
        timeout(within, self.0.send(message.encode())).await.map_err(|_| SyncError::Timeout("room to send"))?
    }

    /// The next message. Safe to drop while it waits.
    pub(super) async fn next(&mut self) -> Result<ToDevice, SyncError> {
        Ok(ToDevice::decode(&self.0.next().await?)?)
    }

    pub(super) async fn receive(&mut self, within: Duration, what: &'static str) -> Result<ToDevice, SyncError> {
        timeout(within, self.next()).await.map_err(|_| SyncError::Timeout(what))?
    }

    /// Says why, if the other side still listens.
    pub(super) async fn close(mut self, code: u16) {
        let _ = timeout(Duration::from_secs(1), self.0.close(code)).await;
    }
}

/// What an answer is awaited for.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Upload { raffle_id: RaffleId, first: u64 },
    Reserve { raffle_id: RaffleId },
}

/// The state of one connection.
pub(super) struct Session<'a> {
    socket: &'a mut Socket,
    handle: &'a DeviceHandle,
    config: &'a SyncConfig,
    link: &'a watch::Sender<Link>,
    remote: BTreeMap<RaffleId, Remote>,
    /// All terms have come: planning may begin.
    ready: bool,
    /// The server said that the device is disabled.
    disabled: bool,
    asked: Option<(u64, Asked, Instant)>,
    beat: Option<(u64, u64, Instant)>,
    ask_again_at: Option<Instant>,
    /// At some point nothing was left to say.
    settled: bool,
    last_id: u64,
}

impl<'a> Session<'a> {
    pub(super) const fn new(
        socket: &'a mut Socket,
        handle: &'a DeviceHandle,
        config: &'a SyncConfig,
        link: &'a watch::Sender<Link>,
    ) -> Self {
        Self {
            socket,
            handle,
            config,
            link,
            remote: BTreeMap::new(),
            ready: false,
            disabled: false,
            asked: None,
            beat: None,
            ask_again_at: None,
            settled: false,
            last_id: 0,
        }
    }

    /// Runs until the connection ends or `online` is switched off, which is no error.
    pub(super) async fn run(
        &mut self,
        heartbeat_every: Duration,
        online: &mut watch::Receiver<bool>,
    ) -> Result<(), SyncError> {
        let mut changes = self.handle.changes();
        let mut beats = interval(heartbeat_every.clamp(Duration::from_millis(50), Duration::from_secs(60)));
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ready_by = Instant::now() + self.config.answer_timeout;
        loop {
            // Whatever changes while the plan is made wakes the loop again.
            changes.mark_unchanged();
            self.advance().await?;
            let waits = [
                self.asked.map(|(_, _, by)| (by, "answer")),
                self.beat.map(|(_, _, by)| (by, "heartbeat")),
                (!self.ready).then_some((ready_by, "ready")),
            ];
            let deadline = waits.into_iter().flatten().min_by_key(|(by, _)| *by);
            let ask_again_at = self.ask_again_at;
            tokio::select! {
                // In this order, so that what happens does not depend on chance. Messages come last: nothing
                // before them is ready again and again, and a server that talks without end delays no deadline.
                biased;
                () = switched_off(online) => return Ok(()),
                () = at(deadline.map(|(by, _)| by)) => {
                    return Err(SyncError::Timeout(deadline.map_or("answer", |(_, what)| what)));
                }
                _ = beats.tick() => self.send_heartbeat().await?,
                () = at(ask_again_at) => {
                    self.ask_again_at = None;
                    self.remote.values_mut().for_each(|remote| remote.refused = None);
                }
                _ = changes.changed() => {}
                message = self.socket.next() => self.obey(message?).await?,
            }
        }
    }

    /// Whether everything was said at some point.
    pub(super) const fn has_settled(&self) -> bool {
        self.settled
    }

    /// Carries out the first operation of the plan, unless an answer is awaited.
    async fn advance(&mut self) -> Result<(), SyncError> {
        while self.ready && self.asked.is_none() {
            let (remote, disabled) = (self.remote.clone(), self.disabled);
            let next = self
                .handle
                .look(move |device| {
                    let raffles = remote
                        .iter()
                        .filter_map(|(id, remote)| Some((local(device.raffles().get(id)?, disabled), remote)));
                    let op = plan(raffles).first().copied();
                    // Without server time the device cannot sell; a report may still be judged.
                    let reported = |raffle: &Raffle| {
                        raffle.final_seq.is_none() || raffle.final_acknowledged || raffle.stopped.is_some()
                    };
                    let settled = device.raffles().values().all(reported) && device.now().is_ok();
                    Ok((op, settled))
                })
                .await?;
            match next {
                (None, settled) => {
                    self.settled |= settled;
                    self.show(Link::Online { settled });
                    return Ok(());
                }
                (Some(op), _) => {
                    self.show(Link::Online { settled: false });
                    self.carry_out(op).await?;
                }
            }
        }
        Ok(())
    }

    async fn carry_out(&mut self, op: SyncOp) -> Result<(), SyncError> {
        match op {
            SyncOp::Stop(raffle_id, divergence) => {
                tracing::error!(raffle.id = %raffle_id, "{}: no more sales here", divergence.text());
                self.handle.change(move |device| device.stop(raffle_id, divergence.text())).await?;
                Ok(())
            }
            SyncOp::WriteFinal(raffle_id) => {
                Ok(self.handle.change(move |device| device.write_final(raffle_id)).await?)
            }
            SyncOp::Upload(raffle_id, first) => {
                let last = first + UPLOAD_RECORDS_MAX as u64 - 1;
                // Room for the frame's own members.
                let room = FRAME_BYTES_MAX - 1_000;
                let records = self.handle.look(move |device| device.records(raffle_id, first, last, room)).await?;
                let id = self.next_id();
                self.ask(id, Asked::Upload { raffle_id, first }, &FromDevice::Upload(Upload { id, raffle_id, records }))
                    .await
            }
            SyncOp::Reserve { raffle_id, lease_no, wanted, head_seq } => {
                let id = self.next_id();
                let message = FromDevice::Reserve(Reserve { id, raffle_id, lease_no, wanted, head_seq });
                self.ask(id, Asked::Reserve { raffle_id }, &message).await
            }
        }
    }

    async fn ask(&mut self, id: u64, asked: Asked, message: &FromDevice) -> Result<(), SyncError> {
        self.send(message).await?;
        self.asked = Some((id, asked, Instant::now() + self.config.answer_timeout));
        Ok(())
    }

    async fn send(&mut self, message: &FromDevice) -> Result<(), SyncError> {
        self.socket.send(message, self.config.answer_timeout).await
    }

    const fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// The request that `id` answers, if it is the one that is awaited. Late and repeated answers are
    /// not: whatever they say will be said again by the next terms.
    fn answered(&mut self, id: u64) -> Option<Asked> {
        let (_, asked, _) = self.asked.take_if(|(awaited, _, _)| *awaited == id)?;
        Some(asked)
    }

    fn show(&self, link: Link) {
        self.link.send_if_modified(|shown| std::mem::replace(shown, link) != link);
    }

    async fn obey(&mut self, message: ToDevice) -> Result<(), SyncError> {
        match message {
            ToDevice::Challenge(_) => Err(SyncError::Unexpected("a second challenge")),
            ToDevice::Welcome(_) => Err(SyncError::Unexpected("a second welcome")),
            ToDevice::Terms(terms) => self.take_terms(*terms).await,
            ToDevice::Ready(_) => {
                self.ready = true;
                if !self.disabled {
                    self.handle.change(|device| device.set_disabled(None)).await?;
                }
                Ok(())
            }
            ToDevice::HeartbeatAck(ack) => self.take_beat(ack).await,
            ToDevice::Lease(granted) => self.take_lease(granted).await,
            ToDevice::LeaseRefused(refused) => {
                self.take_refusal(&refused);
                Ok(())
            }
            ToDevice::UploadAck(ack) => self.take_upload_ack(ack).await,
            ToDevice::Notice(notice) => self.take_notice(notice).await,
            ToDevice::FinalAck(FinalAck { raffle_id, seq }) => {
                Ok(self.handle.change(move |device| device.take_final_acknowledgement(raffle_id, seq)).await?)
            }
            ToDevice::Disabled(disabled) => {
                self.disabled = true;
                tracing::warn!("the server disabled this device");
                Ok(self.handle.change(move |device| device.set_disabled(Some(disabled.reason))).await?)
            }
            ToDevice::Error(error) => self.take_error(error).await,
        }
    }

    async fn take_terms(&mut self, terms: Terms) -> Result<(), SyncError> {
        let raffle_id = terms.raffle_id;
        let (seq, head) = (terms.device.acknowledged_seq, terms.device.acknowledged_head);
        let remote =
            Remote { acknowledged_seq: seq, acknowledged_head: head.0, state: terms.device.state, refused: None };
        match self.remote.get_mut(&raffle_id) {
            // Terms may have been put together before the last acknowledgement.
            Some(known) if known.acknowledged_seq > seq => known.state = remote.state,
            _ => {
                self.remote.insert(raffle_id, remote);
            }
        }
        let taken = self
            .handle
            .change(move |device| {
                let told = (terms.as_of_seq, terms.closes_at_us, false);
                device.take_terms(&terms)?;
                if hash_at(device.raffles().get(&raffle_id), seq) == Some(head) {
                    device.take_acknowledgement(&plain_ack(raffle_id, seq, head))?;
                }
                Ok(bound(device, raffle_id).unwrap_or(told))
            })
            .await;
        match taken {
            Ok(bound) => {
                let (as_of_seq, closes_at_us, suspended) = bound;
                self.send(&FromDevice::TermsAck(TermsAck { raffle_id, as_of_seq, closes_at_us, suspended })).await
            }
            // The raffle is stopped and says why on the screen; the others go on.
            Err(DeviceError::Contradiction(contradiction)) => {
                tracing::error!(raffle.id = %raffle_id, "terms contradict the device's memory: {contradiction}");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn take_notice(&mut self, notice: Notice) -> Result<(), SyncError> {
        let (id, raffle_id) = (notice.id, notice.raffle_id);
        let bound = self
            .handle
            .change(move |device| {
                device.take_notice(&notice)?;
                Ok(bound(device, raffle_id))
            })
            .await?;
        // Without terms a notice binds nobody; they come first or follow.
        let Some((as_of_seq, closes_at_us, suspended)) = bound else { return Ok(()) };
        self.send(&FromDevice::NoticeAck(NoticeAck { id, raffle_id, as_of_seq, closes_at_us, suspended })).await
    }

    async fn take_lease(&mut self, granted: LeaseGranted) -> Result<(), SyncError> {
        let Some(Asked::Reserve { raffle_id }) = self.answered(granted.id) else { return Ok(()) };
        if raffle_id != granted.raffle_id {
            return Err(SyncError::Unexpected("a lease of another raffle"));
        }
        let known = move |device: &mut Device| {
            let raffle = device.raffles().get(&raffle_id);
            Ok(raffle.is_some_and(|raffle| raffle.leases.contains(&granted.lease)))
        };
        if self.handle.look(known).await? {
            // Asking again at once would bring the same again, without end.
            self.refused(raffle_id, LeaseRefusal::OutOfStep);
            return Ok(());
        }
        match self.handle.change(move |device| device.take_lease(&granted)).await {
            Err(DeviceError::Contradiction(contradiction)) => {
                tracing::error!(raffle.id = %raffle_id, "a lease contradicts the device's memory: {contradiction}");
                Ok(())
            }
            other => Ok(other?),
        }
    }

    fn take_refusal(&mut self, refused: &LeaseRefused) {
        let Some(Asked::Reserve { raffle_id }) = self.answered(refused.id) else { return };
        tracing::info!(raffle.id = %raffle_id, code = ?refused.code, "no numbers");
        self.refused(raffle_id, refused.code);
    }

    /// Asks for no numbers until new terms come, or for a while where time may help.
    fn refused(&mut self, raffle_id: RaffleId, code: LeaseRefusal) {
        if let Some(remote) = self.remote.get_mut(&raffle_id) {
            remote.refused = Some(code);
        }
        if code.may_retry() {
            self.ask_again_at = Some(Instant::now() + self.config.reserve_pause);
        }
    }

    async fn take_upload_ack(&mut self, ack: UploadAck) -> Result<(), SyncError> {
        let Some(Asked::Upload { raffle_id, first }) = self.answered(ack.id) else { return Ok(()) };
        if raffle_id != ack.raffle_id {
            return Err(SyncError::Unexpected("an acknowledgement of another raffle"));
        }
        if ack.acknowledged_seq < first {
            return Err(SyncError::NoProgress);
        }
        if let Some(remote) = self.remote.get_mut(&raffle_id) {
            remote.acknowledged_seq = ack.acknowledged_seq;
            remote.acknowledged_head = ack.acknowledged_head.0;
        }
        // If the heads differ the next plan stops the raffle.
        self.handle
            .change(move |device| {
                let own = hash_at(device.raffles().get(&raffle_id), ack.acknowledged_seq);
                if own == Some(ack.acknowledged_head) { device.take_acknowledgement(&ack) } else { Ok(()) }
            })
            .await?;
        Ok(())
    }

    async fn take_error(&mut self, error: ProtocolError) -> Result<(), SyncError> {
        let asked = error.id.and_then(|id| self.answered(id));
        tracing::warn!(code = error.code.as_str(), fatal = error.fatal, "the server reported an error");
        match (asked, error.code) {
            (Some(Asked::Upload { raffle_id, .. }), ErrorCode::ChainConflict | ErrorCode::BadSignature) => {
                let reason = format!("the server refused the series: {}", error.code.as_str());
                self.handle.change(move |device| device.stop(raffle_id, &reason)).await?;
                if error.fatal { Err(SyncError::Server(error)) } else { Ok(()) }
            }
            (None, _) if !error.fatal => Ok(()),
            _ => Err(SyncError::Server(error)),
        }
    }

    async fn take_beat(&mut self, ack: HeartbeatAck) -> Result<(), SyncError> {
        let Some((_, sent, _)) = self.beat.take_if(|(id, _, _)| *id == ack.id) else { return Ok(()) };
        self.handle
            .change(move |device| {
                let heard = device.clock().steady_us();
                device.exchange_clocks(sent, heard, ack.received_us.0, ack.sent_us.0);
                Ok(())
            })
            .await?;
        Ok(())
    }

    async fn send_heartbeat(&mut self) -> Result<(), SyncError> {
        // One at a time: the answer's deadline is running.
        if self.beat.is_some() {
            return Ok(());
        }
        let id = self.next_id();
        let (heartbeat, sent) = self
            .handle
            .look(move |device| {
                let raffles = device.report();
                let printer = device.printer();
                let clock_error_ms = device.now().ok().map(|reading| reading.error_ms);
                let clock = device.clock();
                let heartbeat = Heartbeat {
                    id,
                    device_time_us: Timestamp(clock.wall_us()),
                    clock_offset_ms: clock.offset_ms(),
                    clock_error_ms,
                    battery_percent: None,
                    printer,
                    digest: software::this().digest,
                    raffles,
                };
                Ok((heartbeat, clock.steady_us()))
            })
            .await?;
        self.beat = Some((id, sent, Instant::now() + self.config.answer_timeout));
        self.send(&FromDevice::Heartbeat(heartbeat)).await
    }
}

/// A switch that is gone with its owner is off.
async fn switched_off(online: &mut watch::Receiver<bool>) {
    let _ = online.wait_for(|online| !online).await;
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => pending().await,
    }
}

fn local(raffle: &Raffle, disabled: bool) -> Local<'_> {
    let terms = raffle.terms.as_ref();
    Local {
        raffle_id: raffle.id,
        hashes: &raffle.hashes,
        leases: u32::try_from(raffle.leases.len()).unwrap_or(u32::MAX),
        numbers_are_low: raffle.numbers_are_low(),
        selling: !disabled && raffle.binding.as_ref().is_some_and(|binding| binding.status == RaffleStatus::Selling),
        over: raffle.sales_are_over(),
        final_written: raffle.final_seq.is_some(),
        stopped: raffle.stopped.is_some(),
        block: terms.map_or(0, |terms| terms.device.block),
    }
}

/// What binds the device: `as_of_seq`, closing time, suspended.
fn bound(device: &Device, raffle_id: RaffleId) -> Option<(u64, Timestamp, bool)> {
    let binding = device.raffles().get(&raffle_id)?.binding.as_ref()?;
    Some((binding.as_of_seq, Timestamp(binding.closes_at_us), binding.status == RaffleStatus::Suspended))
}

fn hash_at(raffle: Option<&Raffle>, seq: u64) -> Option<Bytes<32>> {
    let index = usize::try_from(seq).ok()?.checked_sub(1)?;
    raffle?.hashes.get(index).copied().map(Bytes)
}

const fn plain_ack(raffle_id: RaffleId, acknowledged_seq: u64, acknowledged_head: Bytes<32>) -> UploadAck {
    UploadAck { id: 0, raffle_id, acknowledged_seq, acknowledged_head, verdicts: Vec::new() }
}

/// The code to end a session with that ended well.
pub(super) const ENDED_WELL: u16 = close::NORMAL;
