//! The bus over Redis: one channel of this installation, on which every node tells and listens. Redis may be
//! gone, slow or restarted at any time; then the bus says that it is not well, and followers read the store
//! more often.

use super::bus::{Bus, Seal, Told};
use crate::guard;
use crate::store::StreamId;
use drumroll_engine::hash::Hasher;
use drumroll_engine::id::DeviceId;
use futures_util::StreamExt;
use metrics::{counter, gauge};
use redis::aio::{MultiplexedConnection, PubSub};
use redis::{AsyncConnectionConfig, Client, RedisError};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

/// Messages that may wait to be told; beyond that followers find a gap.
const ROOM: usize = 4_096;

/// What was committed meanwhile is told together, at most so often.
const TELL_EVERY: Duration = Duration::from_millis(20);

/// The longest Redis may take for anything.
const PATIENCE: Duration = Duration::from_secs(1);

/// Every node is heard at least so often; three times that in silence and the connection counts as dead.
const BEAT: Duration = Duration::from_secs(1);

/// A bus over Redis.
pub struct RedisBus {
    queue: mpsc::Sender<Told>,
    tells: Arc<AtomicBool>,
    hears: Arc<AtomicBool>,
}

impl std::fmt::Debug for RedisBus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisBus").field("well", &self.well()).finish_non_exhaustive()
    }
}

impl RedisBus {
    /// Starts to tell and to listen, on the current runtime, whether Redis is there yet or not. News of the
    /// others arrives at the receiver; what finds no room there is dropped.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn start(url: &str, key: &[u8; 32]) -> Result<(Arc<Self>, mpsc::Receiver<Told>), RedisError> {
        let client = Client::open(url)?;
        // Installations that share a Redis do not meet, and strangers do not guess the channel.
        let channel = Hasher::new("drumroll/bus/1").bytes(key).finish();
        let channel = format!("drumroll:{}", drumroll_engine::hex::encode(&channel[..16]));
        let (queue, told) = mpsc::channel(ROOM);
        let (heard, hearing) = mpsc::channel(ROOM);
        let (tells, hears) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        // A side that panics is as good as a Redis that is away, for the rest of this process.
        let (speaks, listens) = (tells.clone(), hears.clone());
        let speak = speak(client.clone(), channel.clone(), Seal::new(key), told, tells.clone());
        let listen = listen(client, channel, Seal::new(key), heard, hears.clone());
        tokio::spawn(async move {
            guard::step("bus tell", speak).await;
            speaks.store(false, Ordering::Relaxed);
        });
        tokio::spawn(async move {
            guard::step("bus hear", listen).await;
            listens.store(false, Ordering::Relaxed);
        });
        Ok((Arc::new(Self { queue, tells, hears }), hearing))
    }
}

impl Bus for RedisBus {
    fn tell(&self, told: Told) {
        if self.queue.try_send(told).is_err() {
            counter!("drumroll_bus_dropped_total").increment(1);
        }
    }

    fn well(&self) -> bool {
        self.tells.load(Ordering::Relaxed) && self.hears.load(Ordering::Relaxed)
    }
}

/// Says once when a side of the bus comes and goes.
fn turn(flag: &AtomicBool, well: bool, side: &'static str, why: &str) {
    if flag.swap(well, Ordering::Relaxed) == well {
        return;
    }
    gauge!("drumroll_bus_well", "side" => side).set(if well { 1.0 } else { 0.0 });
    if well {
        info!(side, "Redis carries the news between nodes");
    } else {
        warn!(side, why, "Redis is away: nodes read each other's news from the store");
    }
}

/// Longer and longer pauses between attempts, different on every node.
struct Pause(Duration);

impl Pause {
    const FIRST: Duration = Duration::from_millis(100);

    async fn wait(&mut self) {
        let mut byte = [128; 1];
        let _ = getrandom::fill(&mut byte);
        sleep(self.0.mul_f64(0.5 + f64::from(byte[0]) / 255.0)).await;
        self.0 = (self.0 * 2).min(Duration::from_secs(2));
    }
}

async fn speak(client: Client, channel: String, seal: Seal, mut told: mpsc::Receiver<Told>, tells: Arc<AtomicBool>) {
    let mut pause = Pause(Pause::FIRST);
    let mut gathered = Vec::with_capacity(ROOM);
    loop {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE));
        let opened = timeout(PATIENCE, client.get_multiplexed_async_connection_with_config(&config)).await;
        let why = match opened {
            Ok(Ok(mut connection)) => {
                pause = Pause(Pause::FIRST);
                match converse(&mut connection, &channel, &seal, &mut told, &mut gathered, &tells).await {
                    Ok(()) => return,
                    Err(error) => error.to_string(),
                }
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        turn(&tells, false, "tell", &why);
        // What waited is stale by the time Redis is back; its readers find it in the store.
        while told.try_recv().is_ok() {}
        pause.wait().await;
    }
}

/// Tells until the node ends (`Ok`) or the connection does.
async fn converse(
    connection: &mut MultiplexedConnection,
    channel: &str,
    seal: &Seal,
    told: &mut mpsc::Receiver<Told>,
    gathered: &mut Vec<Told>,
    tells: &AtomicBool,
) -> Result<(), RedisError> {
    loop {
        gathered.clear();
        if timeout(BEAT, told.recv_many(gathered, ROOM)).await == Ok(0) {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        if gathered.is_empty() {
            // A sign of life; whoever listens knows by it that he still hears.
            pipe.publish(channel, &b""[..]).ignore();
        }
        for told in conflate(gathered.drain(..)) {
            pipe.publish(channel, seal.close(told)).ignore();
        }
        pipe.query_async::<()>(connection).await?;
        turn(tells, true, "tell", "");
        sleep(TELL_EVERY).await;
    }
}

/// One message per journal and per handheld, in the order in which they first appear.
fn conflate(told: impl Iterator<Item = Told>) -> Vec<Told> {
    let mut journals: HashMap<StreamId, usize> = HashMap::new();
    let mut devices: HashMap<DeviceId, usize> = HashMap::new();
    let mut messages: Vec<Told> = Vec::new();
    for told in told {
        let next = messages.len();
        let at = match &told {
            Told::News(news) => *journals.entry(news.stream()).or_insert(next),
            Told::Heard(device, _) => *devices.entry(*device).or_insert(next),
        };
        match (messages.get_mut(at), told) {
            (None, told) => messages.push(told),
            (Some(Told::News(earlier)), Told::News(later)) => earlier.add(later),
            (Some(earlier), later) => *earlier = later,
        }
    }
    messages
}

async fn listen(client: Client, channel: String, seal: Seal, heard: mpsc::Sender<Told>, hears: Arc<AtomicBool>) {
    let mut pause = Pause(Pause::FIRST);
    while !heard.is_closed() {
        let open = async {
            let mut pubsub = client.get_async_pubsub().await?;
            pubsub.subscribe(&channel).await?;
            Ok::<_, RedisError>(pubsub)
        };
        let why = match timeout(PATIENCE, open).await {
            Ok(Ok(pubsub)) => {
                pause = Pause(Pause::FIRST);
                follow(pubsub, &seal, &heard, &hears).await
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        turn(&hears, false, "hear", &why);
        pause.wait().await;
    }
}

/// Listens until the connection ends or falls silent; why.
async fn follow(mut pubsub: PubSub, seal: &Seal, heard: &mpsc::Sender<Told>, hears: &AtomicBool) -> String {
    let mut messages = pubsub.on_message();
    loop {
        match timeout(BEAT * 3, messages.next()).await {
            Err(_) => return "silence".to_owned(),
            Ok(None) => return "the connection ended".to_owned(),
            Ok(Some(message)) => {
                turn(hears, true, "hear", "");
                let bytes = message.get_payload_bytes();
                if bytes.is_empty() {
                    continue;
                }
                match seal.open(bytes) {
                    // No room: a gap, which is found and filled from the store.
                    Some(told) => drop(heard.try_send(told)),
                    None => counter!("drumroll_bus_foreign_total").increment(1),
                }
            }
        }
    }
}
