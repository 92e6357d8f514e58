//! The raffle as an aggregate: what the shared shell needs to know of it.

use crate::aggregate::{Aggregate, Live, Origin};
use crate::feed::Publication;
use crate::project;
use crate::store::{Row, StreamId};
use crate::view::{DeviceView, Frame, RaffleView};
use drumroll_engine::id::DeviceId;
use drumroll_engine::journal::{Head, Record};
use drumroll_engine::raffle::{self, Answer, Command, Context, Event, Raffle, Rejection, pass_time::PassTime};
use drumroll_engine::time::Timestamp;
use std::sync::Arc;

/// One actor per live raffle: it serialises ticket allocation and the steps of a draw.
pub type RaffleActor = crate::aggregate_actor::AggregateActor<Raffle>;

/// Raised whenever the shape of the state changes: older snapshots are then replayed from events.
const SNAPSHOT_VERSION: u8 = 2;

impl Aggregate for Raffle {
    const KIND: &'static str = "raffle";

    type Command = Command;
    type Event = Event;
    type Answer = Answer;
    type Rejection = Rejection;
    type Cache = Option<Arc<Frame>>;

    fn empty(stream: StreamId) -> Self {
        Self::empty(stream.organisation, stream.raffle)
    }

    fn decide(
        &self,
        head: Head,
        at: Timestamp,
        origin: &Origin,
        command: Command,
    ) -> Result<(Vec<Event>, Answer), Rejection> {
        let context = Context { at, actor: origin.actor, approver: origin.approver, head };
        raffle::decide(self, &context, command).map(|decision| (decision.events, decision.answer))
    }

    fn apply(&mut self, at: Timestamp, event: &Event) {
        self.apply(at, event);
    }

    fn encode(event: &Event) -> Vec<u8> {
        event.encode()
    }

    fn decode(payload: &[u8]) -> Result<Event, serde_json::Error> {
        Event::decode(payload)
    }

    fn rows(&self, _: StreamId, record: &Record, event: &Event, rows: &mut Vec<Row>) {
        project::raffle_rows(self, record, event, rows);
    }

    fn net_minor(&self) -> u64 {
        self.total().net_minor()
    }

    fn summary(live: &Live<Self>) -> Option<Row> {
        let row = project::raffle_row(&live.state, live.created_at, live.head.seq);
        live.state.exists().then(|| Row::Raffle(Box::new(row)))
    }

    fn publication(live: &Live<Self>, cache: &mut Self::Cache, events: &[Event], rows: &[Row]) -> Publication {
        let raffle = &live.state;
        let frame = match cache {
            Some(frame) if frame.fits(raffle) => frame.clone(),
            _ => cache.insert(Arc::new(Frame::of(raffle))).clone(),
        };
        let mut changed: Vec<DeviceId> = events.iter().filter_map(|event| device_of(raffle, event)).collect();
        if events.iter().any(|event| matches!(event, Event::Cancelled { .. })) {
            changed = raffle.devices.keys().copied().collect();
        }
        changed.sort_unstable();
        changed.dedup();
        let devices = changed.iter().filter_map(|id| Some(DeviceView::of(*id, raffle.devices.get(id)?))).collect();
        let facts = rows.iter().filter_map(|row| match row {
            Row::Fact(fact) => Some(fact.clone()),
            _ => None,
        });
        let view = RaffleView::of(raffle, live.epoch, live.head.seq, live.head.at, frame);
        Publication { view: Some(Arc::new(view)), devices, facts: facts.collect() }
    }

    fn due(&self) -> Option<(Timestamp, Command)> {
        self.next_due().map(|at| (at, Command::PassTime(PassTime)))
    }

    fn snapshot(&self) -> Vec<u8> {
        let mut bytes = vec![SNAPSHOT_VERSION];
        bytes.extend(postcard::to_stdvec(self).expect("a raffle's state has nothing postcard cannot write"));
        bytes
    }

    fn restore(bytes: &[u8]) -> Option<Self> {
        let (version, body) = bytes.split_first()?;
        (*version == SNAPSHOT_VERSION).then(|| postcard::from_bytes(body).ok()).flatten()
    }
}

/// The handheld whose row an event changes.
fn device_of(raffle: &Raffle, event: &Event) -> Option<DeviceId> {
    match event {
        Event::TicketSold { sale } => sale.device_record.as_ref().map(|record| record.device),
        Event::TicketVoided { order, .. }
        | Event::TicketMisprinted { order, .. }
        | Event::MisprintCleared { order, .. } => {
            let slot = raffle.orders.get(order)?.slot;
            raffle.device_of_slot(slot).map(|(id, _)| *id)
        }
        Event::DeviceJoined { device, .. }
        | Event::RangeReserved { device, .. }
        | Event::NoticeAcknowledged { device, .. }
        | Event::QuarantineResolved { device, .. }
        | Event::DeviceLost { device, .. } => Some(*device),
        Event::RecordQuarantined { record, .. } | Event::DeviceFinal { record, .. } => Some(record.device),
        _ => None,
    }
}
