//! Committed news of raffles, on their way out. Only write-behind publishes here, after the commit.

use crate::cluster::bus::{Bus, News, Told};
use crate::store::{Append, FactRow, StreamId};
use crate::view::{DeviceView, RaffleView};
use drumroll_engine::id::{DeviceId, RaffleId};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::watch;

/// What one decision makes visible once it is durable.
#[derive(Clone, Debug, Default)]
pub struct Publication {
    /// The raffle's new view.
    pub view: Option<Arc<RaffleView>>,
    /// The handhelds it changed.
    pub devices: Vec<DeviceView>,
    /// The facts among its events.
    pub facts: Vec<FactRow>,
}

impl Publication {
    /// Adds a later one of the same raffle: its view wins, facts and devices add up.
    pub fn merge(&mut self, later: Self) {
        self.view = later.view.or(self.view.take());
        self.devices.extend(later.devices);
        self.facts.extend(later.facts);
    }
}

/// How many facts are kept in memory per raffle; older ones come from the store.
const FACTS_KEPT: usize = 256;

/// One raffle's committed state, for any number of readers that never touch its actor.
#[derive(Debug)]
pub struct RaffleFeed {
    view: watch::Sender<Arc<RaffleView>>,
    /// Position of the last committed fact: whoever cares for facts alone is not woken by every sale.
    position: watch::Sender<u64>,
    devices: Mutex<BTreeMap<DeviceId, DeviceView>>,
    facts: Mutex<VecDeque<Arc<FactRow>>>,
}

impl RaffleFeed {
    /// The committed view.
    pub fn view(&self) -> Arc<RaffleView> {
        self.view.borrow().clone()
    }

    /// A receiver of committed views; it sees the newest, never a queue.
    pub fn subscribe(&self) -> watch::Receiver<Arc<RaffleView>> {
        self.view.subscribe()
    }

    /// A receiver of the position of the last committed fact.
    pub fn subscribe_facts(&self) -> watch::Receiver<u64> {
        self.position.subscribe()
    }

    /// How many receivers there are.
    pub fn subscribers(&self) -> usize {
        self.view.receiver_count() + self.position.receiver_count()
    }

    /// The committed state of the handhelds.
    pub fn devices(&self) -> Vec<DeviceView> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The committed state of one handheld.
    pub fn device(&self, device: &DeviceId) -> Option<DeviceView> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner).get(device).cloned()
    }

    /// Facts after `position` from memory; `None` when some of them are only in the store.
    pub fn facts_after(&self, position: u64) -> Option<Vec<Arc<FactRow>>> {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        let last = self.view.borrow().facts;
        if position >= last {
            return Some(Vec::new());
        }
        let first = facts.front()?.position;
        (first <= position + 1).then(|| facts.iter().filter(|fact| fact.position > position).cloned().collect())
    }
}

impl RaffleFeed {
    /// Never an older view than the one that is shown: whoever is late has been overtaken.
    fn show(&self, view: Arc<RaffleView>) {
        if view.seq < self.view.borrow().seq {
            return;
        }
        let facts = view.facts;
        self.view.send_replace(view);
        self.position.send_if_modified(|position| std::mem::replace(position, facts) != facts);
    }
}

/// Rings when something became durable that notification targets may be told of. It says neither what nor how
/// often; whoever hears it looks into the store.
pub type Bell = watch::Receiver<()>;

/// All feeds of this node.
#[derive(Default)]
pub struct Feed {
    raffles: Mutex<HashMap<RaffleId, Arc<RaffleFeed>>>,
    /// Where committed events are told to other nodes; set once, on a node that has any.
    bus: OnceLock<Arc<dyn Bus>>,
    bell: watch::Sender<()>,
}

impl Feed {
    /// The feed of a raffle that is, or was, awake on this node.
    pub fn get(&self, raffle: RaffleId) -> Option<Arc<RaffleFeed>> {
        self.raffles.lock().unwrap_or_else(PoisonError::into_inner).get(&raffle).cloned()
    }

    /// Starts, or replaces the content of, a raffle's feed with state loaded from the store, which is
    /// durable by nature.
    pub fn seed(&self, view: RaffleView, devices: Vec<DeviceView>) -> Arc<RaffleFeed> {
        let mut raffles = self.raffles.lock().unwrap_or_else(PoisonError::into_inner);
        let id = view.raffle;
        let view = Arc::new(view);
        let feed = raffles.entry(id).or_insert_with(|| {
            Arc::new(RaffleFeed {
                view: watch::Sender::new(view.clone()),
                position: watch::Sender::new(view.facts),
                devices: Mutex::default(),
                facts: Mutex::default(),
            })
        });
        if view.seq >= feed.view.borrow().seq {
            *feed.devices.lock().unwrap_or_else(PoisonError::into_inner) =
                devices.into_iter().map(|device| (device.device, device)).collect();
            feed.show(view);
        }
        feed.clone()
    }

    /// Drops the feed of a raffle nobody listens to.
    pub fn forget(&self, raffle: RaffleId) {
        let mut raffles = self.raffles.lock().unwrap_or_else(PoisonError::into_inner);
        if raffles.get(&raffle).is_some_and(|feed| feed.subscribers() == 0) {
            raffles.remove(&raffle);
        }
    }

    /// Tells other nodes from now on what is committed here.
    pub(crate) fn connect(&self, bus: Arc<dyn Bus>) {
        // A second bus would be the same.
        let _ = self.bus.set(bus);
    }

    /// The raffles somebody listens to.
    pub(crate) fn watched(&self) -> Vec<StreamId> {
        let raffles = self.raffles.lock().unwrap_or_else(PoisonError::into_inner);
        let watched = raffles.iter().filter(|(_, feed)| feed.subscribers() > 0);
        watched.map(|(raffle, feed)| StreamId { organisation: feed.view().organisation, raffle: *raffle }).collect()
    }

    /// Tells other nodes what has become durable.
    pub(crate) fn tell(&self, append: Append) {
        let Some(bus) = self.bus.get() else { return };
        if let Some(news) = News::of(append.stream, append.records) {
            bus.tell(Told::News(news));
        }
    }

    /// The bell of this node's commits.
    pub fn bell(&self) -> Bell {
        self.bell.subscribe()
    }

    /// Rings it.
    pub(crate) fn ring(&self) {
        self.bell.send_replace(());
    }

    /// Shows what has become durable.
    pub(crate) fn publish(&self, raffle: RaffleId, publication: Publication) {
        let Some(feed) = self.get(raffle) else { return };
        if !publication.devices.is_empty() {
            let mut devices = feed.devices.lock().unwrap_or_else(PoisonError::into_inner);
            devices.extend(publication.devices.into_iter().map(|device| (device.device, device)));
        }
        if !publication.facts.is_empty() {
            let mut facts = feed.facts.lock().unwrap_or_else(PoisonError::into_inner);
            facts.extend(publication.facts.into_iter().map(Arc::new));
            while facts.len() > FACTS_KEPT {
                facts.pop_front();
            }
        }
        // Last, so that whoever the view wakes finds facts and devices in place.
        if let Some(view) = publication.view {
            feed.show(view);
        }
    }
}
