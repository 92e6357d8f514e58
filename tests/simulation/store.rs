//! The simulated store: the contract of `drumroll_actors::store`, in memory. What is in here survives every
//! crash of a node; how calls come here, or do not, is in `link.rs`.

use crate::mutation::Mutation;
use crate::tables::Tables;
use crate::world::lock;
use drumroll_actors::store::{
    Append, Appended, CurvePoint, DeviceRow, DrawRow, FactRow, Loaded, OrderRow, RaffleRow, Row, SecretRow, StoreError,
    StreamHead, StreamId, TicketFilter, TicketRef, TicketRow,
};
use drumroll_engine::id::{DeviceId, DrawId, OrderKey, OrganisationId, RaffleId};
use drumroll_engine::journal::{Head, Record};
use drumroll_engine::time::Timestamp;
use drumroll_tests::auditor::books::{self, Books};
use std::collections::BTreeMap;
use std::sync::Mutex;

type Events = Vec<(Record, [u8; 32])>;

#[derive(Clone)]
struct Stream {
    id: StreamId,
    epoch: u64,
    head: Head,
    events: Events,
    snapshots: BTreeMap<u64, Vec<u8>>,
}

#[derive(Clone, Default)]
struct State {
    streams: BTreeMap<[u8; 16], Stream>,
    secrets: BTreeMap<String, SecretRow>,
    tables: Tables,
    conflicts: Vec<String>,
}

/// A store in memory.
pub(crate) struct SimStore {
    state: Mutex<State>,
    mutation: Option<Mutation>,
    /// For a disk that lies: the state before each commit, with its time.
    before: Mutex<Vec<(u64, State)>>,
}

type Answer<T> = Result<T, StoreError>;

/// Whether the append has events, dense, linked and of its own journal.
fn whole(append: &Append) -> bool {
    let own = |record: &Record| {
        (record.organisation, record.raffle) == (append.stream.organisation, append.stream.raffle) && record.seq > 0
    };
    let linked = append.records.windows(2).all(|pair| {
        let ((before, hash), (after, _)) = (&pair[0], &pair[1]);
        before.seq.checked_add(1) == Some(after.seq) && after.prev.0 == *hash
    });
    !append.records.is_empty() && linked && append.records.iter().all(|(record, _)| own(record))
}

fn head_of(events: &[(Record, [u8; 32])]) -> Head {
    events.last().map_or(Head::default(), |(record, hash)| Head {
        seq: record.seq,
        hash: (*hash).into(),
        at: record.at,
    })
}

impl State {
    fn judge(&self, append: &Append) -> Option<Appended> {
        let stream = self.streams.get(&append.stream.key()).filter(|stream| stream.id == append.stream);
        let Some(stream) = stream.filter(|_| whole(append)) else { return Some(Appended::Fenced) };
        let end = head_of(&append.records);
        if end.seq <= stream.head.seq {
            // The hash covers everything before it, so the last one answers for all.
            let stands = stream.events.iter().any(|(record, hash)| record.seq == end.seq && *hash == end.hash.0);
            return Some(if stands { Appended::Committed } else { Appended::Fenced });
        }
        let (first, _) = &append.records[0];
        let follows = stream.head.seq.checked_add(1) == Some(first.seq) && first.prev == stream.head.hash;
        (append.epoch != stream.epoch || !follows).then_some(Appended::Fenced)
    }

    fn append(&mut self, append: &Append, mutation: Option<Mutation>) -> Appended {
        match self.judge(append) {
            Some(Appended::Committed) if mutation == Some(Mutation::RepeatIsNew) => {}
            Some(Appended::Fenced) if mutation == Some(Mutation::SkipFence) && whole(append) => {}
            Some(Appended::Fenced) if mutation == Some(Mutation::FencedIsCommitted) => return Appended::Committed,
            Some(answer) => return answer,
            None => {}
        }
        let rows =
            if mutation == Some(Mutation::RowsForgotten) && append.records.len() > 1 { &[] } else { &append.rows[..] };
        if let Err(conflict) = self.tables.apply(rows)
            && !matches!(mutation, Some(Mutation::RepeatIsNew | Mutation::SkipFence))
        {
            // T-05: the last line of defence.
            self.conflicts.push(format!("event {}: {}", append.first_seq(), conflict.0));
            return Appended::Fenced;
        }
        let Some(stream) = self.streams.get_mut(&append.stream.key()) else { return Appended::Fenced };
        let mut events = append.records.clone();
        if mutation == Some(Mutation::HalfBatch) && events.len() > 2 {
            events.truncate(events.len() / 2);
        }
        stream.events.extend(events);
        stream.events.sort_by_key(|(record, _)| record.seq);
        stream.head = head_of(&stream.events);
        Appended::Committed
    }
}

impl SimStore {
    pub(crate) fn new(mutation: Option<Mutation>) -> Self {
        Self { state: Mutex::default(), mutation, before: Mutex::default() }
    }

    pub(crate) fn append(&self, batch: &[Append], at_ms: u64) -> Vec<Appended> {
        let mut state = lock(&self.state);
        if self.mutation == Some(Mutation::DiskLies) {
            lock(&self.before).push((at_ms, state.clone()));
        }
        batch.iter().map(|append| state.append(append, self.mutation)).collect()
    }

    /// The machine went down. An honest disk has everything that was answered for; one that lies has not.
    pub(crate) fn power_cut(&self, at_ms: u64) {
        let mut before = lock(&self.before);
        let lost = before.iter().position(|(at, _)| *at + 300 >= at_ms);
        if let Some((_, state)) = lost.map(|lost| before.swap_remove(lost)) {
            *lock(&self.state) = state;
            before.clear();
        }
    }

    pub(crate) fn claim(&self, stream: StreamId) -> Loaded {
        let mut state = lock(&self.state);
        let fresh =
            Stream { id: stream, epoch: 0, head: Head::default(), events: Vec::new(), snapshots: BTreeMap::new() };
        let stream = state.streams.entry(stream.key()).or_insert(fresh);
        stream.epoch += 1;
        let snapshot = newest(stream);
        let after = snapshot.as_ref().map_or(0, |(seq, _)| *seq);
        let skipped = u64::from(self.mutation == Some(Mutation::TailSkipsOne) && after > 0);
        let tail = stream.events.iter().filter(|(record, _)| record.seq > after + skipped).cloned().collect();
        Loaded { epoch: stream.epoch, snapshot, tail, head: stream.head }
    }

    pub(crate) fn save_snapshot(&self, stream: StreamId, seq: u64, bytes: Vec<u8>) -> Answer<()> {
        if let Some(stream) = lock(&self.state).streams.get_mut(&stream.key()) {
            stream.snapshots.insert(seq, bytes);
        }
        Ok(())
    }

    pub(crate) fn snapshot(&self, stream: StreamId) -> Answer<Option<(u64, Vec<u8>)>> {
        Ok(lock(&self.state).streams.get(&stream.key()).and_then(newest))
    }

    pub(crate) fn heads(&self) -> Answer<Vec<StreamHead>> {
        let state = lock(&self.state);
        let streams = state.streams.values().filter(|stream| stream.head.seq > 0);
        Ok(streams.map(|stream| StreamHead { stream: stream.id, epoch: stream.epoch, head: stream.head }).collect())
    }

    pub(crate) fn head(&self, stream: StreamId) -> Head {
        lock(&self.state).streams.get(&stream.key()).map_or(Head::default(), |stream| stream.head)
    }

    pub(crate) fn records(&self, stream: StreamId, after_seq: u64, limit: u32) -> Answer<Events> {
        let state = lock(&self.state);
        let events = state.streams.get(&stream.key()).map_or(&[][..], |stream| &stream.events);
        let after = events.iter().filter(|(record, _)| record.seq > after_seq);
        Ok(after.take(limit as usize).cloned().collect())
    }

    pub(crate) fn rebuild(&self, stream: StreamId, rows: Vec<Row>) -> Answer<()> {
        let mut state = lock(&self.state);
        let mut tables = state.tables.clone();
        tables.clear(stream);
        tables.apply(&rows).map_err(|conflict| StoreError::Damaged(conflict.0))?;
        state.tables = tables;
        Ok(())
    }

    fn tables<T>(&self, look: impl FnOnce(&Tables) -> T) -> Answer<T> {
        Ok(look(&lock(&self.state).tables))
    }

    pub(crate) fn dump(&self, stream: StreamId) -> Answer<Vec<String>> {
        self.tables(|tables| tables.dump(stream))
    }

    pub(crate) fn raffle(&self, raffle: RaffleId) -> Answer<Option<RaffleRow>> {
        self.tables(|tables| tables.raffle(raffle))
    }

    pub(crate) fn raffles(
        &self,
        organisation: Option<OrganisationId>,
        _public: bool,
        after: Option<(Timestamp, RaffleId)>,
        limit: u32,
    ) -> Answer<Vec<RaffleRow>> {
        self.tables(|tables| tables.raffles(organisation, after, limit))
    }

    pub(crate) fn ticket(&self, raffle: Option<RaffleId>, ticket: TicketRef) -> Answer<Option<TicketRow>> {
        self.tables(|tables| tables.ticket(raffle, ticket))
    }

    pub(crate) fn ticket_of_number(&self, raffle: RaffleId, number: u64) -> Answer<Option<TicketRow>> {
        self.tables(|tables| tables.ticket_of_number(raffle, number))
    }

    pub(crate) fn tickets(&self, raffle: RaffleId, filter: TicketFilter) -> Answer<Vec<TicketRow>> {
        self.tables(|tables| tables.tickets(raffle, filter))
    }

    pub(crate) fn curve(&self, raffle: RaffleId) -> Answer<Vec<CurvePoint>> {
        self.tables(|tables| tables.curve(raffle))
    }

    pub(crate) fn order(&self, raffle: RaffleId, order: OrderKey) -> Answer<Option<OrderRow>> {
        self.tables(|tables| tables.order(raffle, order))
    }

    pub(crate) fn open_orders(&self, limit: u32) -> Answer<Vec<OrderRow>> {
        self.tables(|tables| tables.open_orders(limit))
    }

    pub(crate) fn refunds_due(&self, limit: u32) -> Answer<Vec<OrderRow>> {
        self.tables(|tables| tables.refunds_due(limit))
    }

    pub(crate) fn facts(&self, raffle: RaffleId, after: u64, limit: u32) -> Answer<Vec<FactRow>> {
        self.tables(|tables| tables.facts(raffle, after, limit))
    }

    pub(crate) fn draw(&self, draw: DrawId) -> Answer<Option<DrawRow>> {
        self.tables(|tables| tables.draw(draw))
    }

    pub(crate) fn device(&self, device: DeviceId) -> Answer<Option<DeviceRow>> {
        self.tables(|tables| tables.device(device))
    }

    pub(crate) fn organisations(&self) -> Answer<Vec<(OrganisationId, String)>> {
        self.tables(Tables::organisations)
    }

    pub(crate) fn put_secret(&self, row: SecretRow) -> Answer<SecretRow> {
        Ok(lock(&self.state).secrets.entry(row.name.clone()).or_insert(row).clone())
    }

    pub(crate) fn secret(&self, name: &str) -> Answer<Option<SecretRow>> {
        Ok(lock(&self.state).secrets.get(name).cloned())
    }

    pub(crate) fn ping(&self) -> Answer<()> {
        Ok(())
    }

    /// Rows that were refused: a sound node never sends one.
    pub(crate) fn conflicts(&self) -> Vec<String> {
        lock(&self.state).conflicts.clone()
    }

    /// Everything, as the auditor reads it from a database.
    pub(crate) fn books(&self) -> Books {
        let state = lock(&self.state);
        let mut books = Books::default();
        for (key, stream) in &state.streams {
            books.events.extend(stream.events.iter().map(|(record, hash)| event(*key, record, hash)));
            books.ends.push(books::End {
                stream: *key,
                seq: stream.head.seq,
                hash: stream.head.hash.0.to_vec(),
                at: stream.head.at.0,
            });
        }
        state.tables.books(&mut books);
        books
    }
}

fn newest(stream: &Stream) -> Option<(u64, Vec<u8>)> {
    stream.snapshots.range(..=stream.head.seq).next_back().map(|(seq, bytes)| (*seq, bytes.clone()))
}

fn event(stream: [u8; 16], record: &Record, hash: &[u8; 32]) -> books::Event {
    let (actor, by) = record.actor.parts();
    let (cause, of) = record.cause.parts();
    books::Event {
        stream,
        seq: record.seq,
        format: u64::from(record.format),
        organisation: record.organisation.0,
        raffle: record.raffle.0,
        epoch: record.epoch,
        at: record.at.0,
        actor: (u64::from(actor), by),
        approver: record.approver.map(|user| user.0),
        cause: (u64::from(cause), of),
        prev: record.prev.0.to_vec(),
        hash: hash.to_vec(),
        payload: record.payload.clone(),
    }
}
