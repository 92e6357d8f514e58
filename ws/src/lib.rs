//! Sockets: `/ws/public/raffles/{id}`, `/ws/operator`, `/ws/device`.
//!
//! Each socket is an actix actor that owns its actix-ws session (actix-web-actors is deprecated, and a
//! peer that stops reading freezes its actors for good). Frames are encoded once per push and shared by
//! all sockets of a raffle. Every queue is bounded; who does not keep up is closed with a code, and the
//! connection under it is shut down, so that a stuck reader costs nothing after its time.

mod board;
mod device;
mod operator;
mod public;
mod push;
mod viewer;
mod wire;

pub use board::{Alert, AlertLevel, Board, BoardDevice, ChannelSums, board, board_devices};
pub use wire::{ACCEPTED_UNSENT_MAX, on_connect};

use actix_web::{HttpRequest, web};
use drumroll_actors::device_actor::DeviceHub;
use drumroll_actors::node::Node;
use drumroll_actors::presence::Presence;
use drumroll_actors::store::StoreError;
use drumroll_engine::id::OrganisationId;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Closes sockets, shared with devices' own list.
pub use drumroll_protocol::close;

/// A ticket's holder on his way; none for one that is unknown, used or expired.
pub type TicketFuture<'a> = Pin<Box<dyn Future<Output = Result<Option<TicketHolder>, StoreError>> + Send + 'a>>;

/// Answers whose a one-time socket ticket is; taking it spends it.
pub trait Tickets: Send + Sync + 'static {
    /// Takes a ticket. An error leaves open whether it is spent.
    fn take<'a>(&'a self, ticket: &'a str) -> TicketFuture<'a>;
}

/// Whom a socket ticket was given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketHolder {
    /// His organisation.
    pub organisation: OrganisationId,
    /// Whether he may watch every organisation's raffles.
    pub everywhere: bool,
}

/// How patient sockets are.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Time between pings.
    pub ping: Duration,
    /// Silence after which a socket is closed as idle.
    pub idle: Duration,
    /// How long a frame may wait for a reader before the socket is closed as slow.
    pub slow: Duration,
    /// Least time between two state pushes of one raffle.
    pub conflate: Duration,
    /// Least time between two boards of one raffle.
    pub board: Duration,
    /// Sockets this node takes in all.
    pub sockets_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ping: Duration::from_secs(20),
            idle: Duration::from_secs(60),
            slow: Duration::from_secs(5),
            conflate: Duration::from_millis(100),
            board: Duration::from_millis(500),
            sockets_max: 18_000,
        }
    }
}

/// What all sockets share.
#[derive(Clone)]
pub struct Sockets(Arc<Shared>);

struct Shared {
    node: Node,
    hub: DeviceHub,
    tickets: Arc<dyn Tickets>,
    options: Options,
    pushes: push::Pushes,
    open: std::sync::atomic::AtomicUsize,
    /// Whether all sockets are to close.
    closing: tokio::sync::watch::Sender<bool>,
}

impl Sockets {
    /// Sockets over a node.
    pub fn new(node: Node, hub: DeviceHub, tickets: Arc<dyn Tickets>, options: Options) -> Self {
        let pushes = push::Pushes::new(node.clone(), hub.presence.clone(), options);
        Self(Arc::new(Shared { node, hub, tickets, options, pushes, open: 0.into(), closing: Default::default() }))
    }

    /// Who is in touch.
    pub fn presence(&self) -> &Arc<Presence> {
        &self.0.hub.presence
    }

    /// Open sockets.
    pub fn open(&self) -> usize {
        self.0.open.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Closes every socket with [`close::GOING_AWAY`] and takes no new ones. Returns when all are gone, or
    /// after `patience`: whoever does not read is cut off with the listener.
    pub async fn close_all(&self, patience: Duration) {
        self.0.closing.send_replace(true);
        let gone = async {
            while self.open() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(patience, gone).await.is_err() {
            tracing::warn!(open = self.open(), "sockets stay open at the shutdown");
        }
    }

    /// Waits until all sockets are to close.
    async fn closing(&self) {
        // The sender lives as long as this does.
        let _ = self.0.closing.subscribe().wait_for(|closing| *closing).await;
    }

    /// Counts a socket in, unless the house is full or about to close.
    fn enter(&self) -> Option<Seat> {
        use std::sync::atomic::Ordering;
        if *self.0.closing.borrow() {
            return None;
        }
        if self.0.open.fetch_add(1, Ordering::Relaxed) >= self.0.options.sockets_max {
            self.0.open.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        metrics::gauge!("drumroll_sockets").increment(1.0);
        Some(Seat(self.clone()))
    }
}

/// A socket's place in the count; leaving frees it.
struct Seat(Sockets);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        metrics::gauge!("drumroll_sockets").decrement(1.0);
    }
}

/// Mounts the sockets. [`Sockets`] must be among the application's data.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/ws/public/raffles/{id}", web::get().to(public::public))
        .route("/ws/operator", web::get().to(operator::operator))
        .route("/ws/device", web::get().to(device::device));
}

/// Whether a browser's socket comes from our own pages: another origin's page must not use a visitor's
/// browser to open one. Programs send no origin.
fn same_origin(request: &HttpRequest) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = header("origin") else { return true };
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    header("host").is_some_and(|ours| ours.eq_ignore_ascii_case(host))
}
