//! Nodes: the real ones, one after the other and side by side, and how they end.

use crate::clock::NodeClock;
use crate::link::Link;
use crate::mutation::Mutation;
use crate::world::{Lane, World, lock};
use drumroll_actors::aggregate::Origin;
use drumroll_actors::device_actor::DeviceHub;
use drumroll_actors::keys::{KeyStore, MasterKey};
use drumroll_actors::node::{Node, Parts};
use drumroll_actors::presence::Presence;
use drumroll_actors::store::StreamId;
use drumroll_actors::{registry, write_behind};
use drumroll_engine::device::SecretKey;
use drumroll_engine::id::{OrganisationId, RaffleId, UserId};
use drumroll_engine::journal::{Actor, Cause};
use drumroll_tests::chance::Chance;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use zeroize::Zeroizing;

pub(crate) const ORGANISATION: OrganisationId = OrganisationId([1; 16]);
pub(crate) const RAFFLE: RaffleId = RaffleId([10; 16]);
pub(crate) const STREAM: StreamId = StreamId { organisation: ORGANISATION, raffle: RAFFLE };
pub(crate) const MANAGER: UserId = UserId([2; 16]);
pub(crate) const SECOND: UserId = UserId([3; 16]);

/// The manager, with a second person beside him.
pub(crate) const fn manager() -> Origin {
    Origin { actor: Actor::User(MANAGER), approver: Some(SECOND), cause: Cause::Internal }
}

/// How long a commit may be silent before it is repeated.
const PATIENCE: Duration = Duration::from_secs(2);

/// One node.
pub(crate) struct Member {
    pub(crate) number: u32,
    pub(crate) node: Node,
    pub(crate) hub: DeviceHub,
    clock: Arc<NodeClock>,
    link: Arc<Link>,
    up: AtomicBool,
}

impl Member {
    /// Whether anybody can talk to it.
    pub(crate) fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }
}

/// All nodes.
pub(crate) struct Cluster {
    world: Arc<World>,
    members: Mutex<Vec<Arc<Member>>>,
    identity: Arc<SecretKey>,
}

impl Cluster {
    pub(crate) fn new(world: Arc<World>) -> Arc<Self> {
        let identity = Arc::new(SecretKey::from_bytes(&[77; 32]));
        Arc::new(Self { world, members: Mutex::default(), identity })
    }

    /// The server's public identity, the same on every node.
    pub(crate) fn identity(&self) -> [u8; 32] {
        self.identity.public()
    }

    /// Starts another node.
    pub(crate) fn start(&self) -> Arc<Member> {
        let mut members = lock(&self.members);
        let number = u32::try_from(members.len() + 1).unwrap_or(u32::MAX);
        let off = if self.world.has(Mutation::SlowClock) { -3_000_000 } else { 0 };
        let clock = NodeClock::new(self.world.clone(), off);
        let link = Arc::new(Link::new(self.world.clone(), number));
        let node = Node::start(Parts {
            store: link.clone(),
            clock: clock.clone(),
            keys: KeyStore::new(link.clone(), MasterKey::new(&Zeroizing::new([7; 32]))),
            journal: write_behind::Options { room: 64, batch_max: 16, patience: PATIENCE },
            actors: registry::Options {
                snapshot_every: 20,
                idle: Duration::from_secs(20),
                ..registry::Options::default()
            },
            threads: 0,
        });
        let hub = DeviceHub {
            node: node.clone(),
            presence: Arc::new(Presence::default()),
            identity: self.identity.clone(),
            heartbeat: Duration::from_secs(8),
        };
        let member = Arc::new(Member { number, node, hub, clock, link, up: AtomicBool::new(true) });
        members.push(member.clone());
        self.world.note(format!("node {number} starts"));
        let (world, woken) = (self.world.clone(), member.clone());
        actix::spawn(async move {
            while woken.is_up() && woken.node.wake_due().await.is_err() {
                world.pass(Lane::Fate, 500).await;
            }
        });
        member
    }

    /// Those that are up, oldest first.
    pub(crate) fn up(&self) -> Vec<Arc<Member>> {
        lock(&self.members).iter().filter(|member| member.is_up()).cloned().collect()
    }

    /// The node a client comes to: mostly the newest.
    pub(crate) fn pick(&self, chance: &mut Chance) -> Option<Arc<Member>> {
        let up = self.up();
        let any = chance.below(up.len().max(1) as u64);
        let newest = chance.below(4) > 0;
        if newest { up.last().cloned() } else { up.get(usize::try_from(any).ok()?).cloned() }
    }

    /// A node is no more, in the middle of whatever it did.
    pub(crate) fn crash(&self, member: &Member) {
        self.world.note(format!("node {} crashes", member.number));
        member.up.store(false, Ordering::Relaxed);
        member.link.kill();
        self.world.store.power_cut(self.world.ms());
        self.world.inspect();
    }

    /// A node ends in order.
    pub(crate) async fn stop(&self, member: &Member) {
        self.world.note(format!("node {} stops", member.number));
        member.up.store(false, Ordering::Relaxed);
        let stopped = tokio::time::timeout(Duration::from_secs(10), member.node.shut_down()).await;
        self.world.note(format!("node {} has stopped in order: {}", member.number, stopped.is_ok()));
        member.link.kill();
    }

    /// One blow after the other.
    pub(crate) async fn fate(self: Arc<Self>) {
        let world = &self.world;
        let mut chance = world.chance(1);
        loop {
            let calm = world.plan.calm_s * 1_000;
            world.pass(Lane::Fate, calm / 2 + chance.below(calm)).await;
            let blow = chance.below(9);
            let (pause, span) = (chance.below(4_000), 500 + chance.below(9_000));
            let jump = i64::try_from(chance.below(60_000_000)).unwrap_or(0) - 30_000_000;
            if world.is_over() || !world.rough() {
                return;
            }
            let up = self.up();
            let Some(newest) = up.last() else {
                self.start();
                continue;
            };
            match blow {
                0 | 1 => {
                    self.crash(newest);
                    world.pass(Lane::Fate, pause).await;
                    self.start();
                }
                2 => {
                    self.stop(newest).await;
                    self.start();
                }
                3 | 4 => drop(self.start()),
                5 => {
                    world.note(format!("node {} is cut off for {span} ms", newest.number));
                    newest.link.cut(world.ms() + span);
                    self.start();
                }
                6 => {
                    world.note(format!("the store is away for {span} ms"));
                    up.iter().for_each(|member| member.link.cut(world.ms() + span));
                }
                7 if world.plan.clock_jumps => {
                    world.note(format!("node {}'s clock is off by {jump}", newest.number));
                    newest.clock.set(jump);
                }
                _ => {
                    self.start();
                    self.crash(newest);
                }
            }
            let up = self.up();
            if up.len() > 2 {
                self.crash(&up[0]);
            }
        }
    }
}
