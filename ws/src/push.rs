//! News of a raffle, encoded once and shared by all its sockets: the state, conflated; facts by position;
//! the operators' board.

use crate::Options;
use crate::board::board;
use bytestring::ByteString;
use drumroll_actors::feed::RaffleFeed;
use drumroll_actors::guard;
use drumroll_actors::node::Node;
use drumroll_actors::presence::Presence;
use drumroll_actors::registry::ExecuteError;
use drumroll_actors::store::{FactRow, StreamId};
use drumroll_actors::view::RaffleView;
use drumroll_engine::id::RaffleId;
use drumroll_engine::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::watch;

/// A push to sockets of the public and of operators.
#[derive(Serialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(crate) enum Message<'a> {
    Hello { raffle_id: RaffleId, epoch: u64, server_time_ms: u64, facts_position: u64 },
    State(State<'a>),
    Fact { epoch: u64, position: u64, at_ms: u64, kind: &'a str, data: &'a RawValue },
    Pong { client_time_ms: u64, server_time_ms: u64 },
    Refetch,
    Error { code: &'a str, detail: &'a str },
}

impl Message<'_> {
    pub(crate) fn encode(&self) -> ByteString {
        serde_json::to_string(self).expect("pushes have string keys").into()
    }
}

/// The conflated state of a raffle: only what is durable.
#[derive(Serialize)]
pub(crate) struct State<'a> {
    epoch: u64,
    seq: u64,
    as_of_ms: u64,
    server_time_ms: u64,
    status: &'a str,
    jackpot_minor: u64,
    prizes: Vec<(u32, u64)>,
    numbers_sold: u64,
    tickets_sold: u64,
    voided_minor: u64,
    closes_at_ms: Option<u64>,
    online_sales: bool,
}

impl<'a> State<'a> {
    pub(crate) fn of(view: &'a RaffleView, now: Timestamp) -> Self {
        let sells_online = view.config().is_some_and(|config| config.sells(drumroll_engine::raffle::Channel::Online));
        Self {
            epoch: view.epoch,
            seq: view.seq,
            as_of_ms: view.at.as_millis(),
            server_time_ms: now.as_millis(),
            status: view.status.as_str(),
            jackpot_minor: view.jackpot_minor,
            prizes: view.prizes.iter().map(|prize| (prize.prize, prize.value_minor)).collect(),
            numbers_sold: view.identity.sold,
            tickets_sold: view.total.count - view.total.voided_count,
            voided_minor: view.total.voided_minor,
            closes_at_ms: view.opened_at.map(|_| view.closes_at.as_millis()),
            online_sales: sells_online && view.status == drumroll_engine::raffle::Status::Selling,
        }
    }
}

/// Encodes a fact.
pub(crate) fn encode_fact(epoch: u64, fact: &FactRow) -> ByteString {
    let data = RawValue::from_string(fact.data.clone()).unwrap_or_else(|_| RawValue::NULL.to_owned());
    let message =
        Message::Fact { epoch, position: fact.position, at_ms: fact.at.as_millis(), kind: &fact.kind, data: &data };
    message.encode()
}

/// How many encoded facts are shared; older ones are encoded for whoever asks.
const FACTS_SHARED: usize = 64;

/// The pushes of one raffle.
pub(crate) struct Push {
    pub(crate) feed: Arc<RaffleFeed>,
    state: watch::Sender<ByteString>,
    facts: Mutex<VecDeque<(u64, ByteString)>>,
    board: watch::Sender<ByteString>,
}

impl Push {
    /// The newest state, whenever it changes.
    pub(crate) fn states(&self) -> watch::Receiver<ByteString> {
        self.state.subscribe()
    }

    /// The newest board, whenever it changes.
    pub(crate) fn boards(&self) -> watch::Receiver<ByteString> {
        self.board.subscribe()
    }

    /// Encoded facts after a position, with the position of the last; `None` when they are no longer at
    /// hand and the client must refetch.
    pub(crate) async fn facts_after(
        &self,
        node: &Node,
        raffle: RaffleId,
        after: u64,
    ) -> Option<(u64, Vec<ByteString>)> {
        let last = self.feed.view().facts;
        if after >= last {
            return Some((after, Vec::new()));
        }
        // A viewer is woken by the fact itself, the conflated pushes a little later: what is not shared yet must not be
        // taken for nothing, or it would stay unsaid until the next fact.
        self.share_facts();
        {
            let shared = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
            let whole = shared.back().is_some_and(|(newest, _)| *newest >= last);
            if whole && shared.front().is_some_and(|(first, _)| *first <= after + 1) {
                let fresh = shared.iter().filter(|(position, _)| *position > after);
                let frames: Vec<(u64, ByteString)> = fresh.cloned().collect();
                let reached = frames.last().map_or(after, |(position, _)| *position);
                return Some((reached, frames.into_iter().map(|(_, frame)| frame).collect()));
            }
        }
        let epoch = self.feed.view().epoch;
        let rows = node.store().facts(raffle, after, 500).await.ok()?;
        let dense = rows.first().is_some_and(|row| row.position == after + 1);
        let reached = rows.last()?.position;
        dense.then(|| (reached, rows.iter().map(|row| encode_fact(epoch, row)).collect()))
    }

    fn share_facts(&self) {
        let mut shared = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        let view = self.feed.view();
        let after =
            shared.back().map_or_else(|| view.facts.saturating_sub(FACTS_SHARED as u64), |(position, _)| *position);
        for fact in self.feed.facts_after(after).unwrap_or_default() {
            shared.push_back((fact.position, encode_fact(view.epoch, &fact)));
        }
        while shared.len() > FACTS_SHARED {
            shared.pop_front();
        }
    }
}

/// The pushes of all raffles somebody looks at.
pub(crate) struct Pushes {
    node: Node,
    presence: Arc<Presence>,
    options: Options,
    raffles: Mutex<HashMap<RaffleId, Weak<Push>>>,
}

impl Pushes {
    pub(crate) fn new(node: Node, presence: Arc<Presence>, options: Options) -> Self {
        Self { node, presence, options, raffles: Mutex::default() }
    }

    /// The push of a raffle, started when the first socket comes and ended when the last one goes.
    pub(crate) async fn get(&self, stream: StreamId) -> Result<Arc<Push>, ExecuteError> {
        let feed = self.node.feed(stream).await?;
        let mut raffles = self.raffles.lock().unwrap_or_else(PoisonError::into_inner);
        let known = raffles.get(&stream.raffle).and_then(Weak::upgrade);
        if let Some(push) = known.filter(|push| Arc::ptr_eq(&push.feed, &feed)) {
            return Ok(push);
        }
        let now = self.node.clock().now();
        let state = Message::State(State::of(&feed.view(), now)).encode();
        let push = Arc::new(Push {
            feed,
            state: watch::Sender::new(state),
            facts: Mutex::default(),
            board: watch::Sender::new(ByteString::new()),
        });
        push.share_facts();
        raffles.retain(|_, push| push.strong_count() > 0);
        raffles.insert(stream.raffle, Arc::downgrade(&push));
        let (node, options, weak) = (self.node.clone(), self.options, Arc::downgrade(&push));
        tokio::spawn(guard::task("conflate", move || conflate(node.clone(), weak.clone(), options)));
        let (node, presence, weak) = (self.node.clone(), self.presence.clone(), Arc::downgrade(&push));
        tokio::spawn(guard::task("survey", move || survey(node.clone(), presence.clone(), weak.clone(), options)));
        Ok(push)
    }
}

/// Encodes the newest state, at most once per interval.
async fn conflate(node: Node, push: Weak<Push>, options: Options) {
    let Some(mut views) = push.upgrade().map(|push| push.feed.subscribe()) else { return };
    loop {
        // A push nobody holds ends within an interval of the next change, or of a second.
        let changed = tokio::time::timeout(std::time::Duration::from_secs(1), views.changed()).await;
        let Some(push) = push.upgrade() else { return };
        match changed {
            Err(_) => continue,
            Ok(Err(_)) => return,
            Ok(Ok(())) => {}
        }
        let view = views.borrow_and_update().clone();
        push.share_facts();
        push.state.send_replace(Message::State(State::of(&view, node.clock().now())).encode());
        drop(push);
        tokio::time::sleep(options.conflate).await;
    }
}

/// Encodes the board for operators, while there are any.
async fn survey(node: Node, presence: Arc<Presence>, push: Weak<Push>, options: Options) {
    loop {
        {
            let Some(push) = push.upgrade() else { return };
            if push.board.receiver_count() > 0 {
                let frame = board(&node, &presence, &push.feed).encode();
                push.board.send_if_modified(|known| {
                    let changed = *known != frame;
                    *known = frame;
                    changed
                });
            }
        }
        tokio::time::sleep(options.board).await;
    }
}
