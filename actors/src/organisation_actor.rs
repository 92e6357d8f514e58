//! The organisation as an aggregate.

use crate::aggregate::{Aggregate, Live, Origin};
use crate::feed::Publication;
use crate::project;
use crate::store::{Row, StreamId};
use drumroll_engine::journal::{Head, Record};
use drumroll_engine::organisation::{self, Command, Event, Organisation, Rejection};
use drumroll_engine::time::Timestamp;

/// One actor per organisation: accounts, devices, event numbers, significant events.
pub type OrganisationActor = crate::aggregate_actor::AggregateActor<Organisation>;

/// Raised whenever the shape of the state changes.
const SNAPSHOT_VERSION: u8 = 1;

impl Aggregate for Organisation {
    const KIND: &'static str = "organisation";

    type Command = Command;
    type Event = Event;
    type Answer = ();
    type Rejection = Rejection;
    type Cache = ();

    fn empty(stream: StreamId) -> Self {
        Self::empty(stream.organisation)
    }

    fn decide(&self, _: Head, _: Timestamp, _: &Origin, command: Command) -> Result<(Vec<Event>, ()), Rejection> {
        organisation::decide(self, command).map(|events| (events, ()))
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

    fn rows(&self, stream: StreamId, record: &Record, event: &Event, rows: &mut Vec<Row>) {
        project::organisation_rows(stream, self, record, event, rows);
    }

    fn summary(_: &Live<Self>) -> Option<Row> {
        None
    }

    fn publication(_: &Live<Self>, (): &mut (), _: &[Event], _: &[Row]) -> Publication {
        Publication::default()
    }

    fn due(&self) -> Option<(Timestamp, Command)> {
        None
    }

    fn snapshot(&self) -> Vec<u8> {
        let mut bytes = vec![SNAPSHOT_VERSION];
        bytes.extend(postcard::to_stdvec(self).expect("an organisation's state has nothing postcard cannot write"));
        bytes
    }

    fn restore(bytes: &[u8]) -> Option<Self> {
        let (version, body) = bytes.split_first()?;
        (*version == SNAPSHOT_VERSION).then(|| postcard::from_bytes(body).ok()).flatten()
    }
}
