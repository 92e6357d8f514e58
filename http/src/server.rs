//! The server: a node and everything around it, until somebody ends it.

use crate::auth::{self, Auth};
use crate::cluster::Secrets;
use crate::cluster::caller::Caller;
use crate::cluster::listener::{self, Listener};
use crate::config::{Database, PaymentKind, Settings};
use crate::edge::deadline::{Deadline, deadline};
use crate::edge::limit::{Limiter, limit};
use crate::edge::owner::owner;
use crate::edge::trace::{Tls, trace};
use crate::notify::Reports;
use crate::payment::PaymentProvider;
use crate::payment::simulated::{self, SignedNotice, Simulated};
use crate::payment::stripe::Stripe;
use crate::payment::worker;
use crate::state::{App, Limits};
use crate::{api, health, interfaces, metrics};
use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{HttpServer, web};
use drumroll_actors::clock::{Clock, SystemClock};
use drumroll_actors::cluster::bus::Bus;
use drumroll_actors::cluster::redis::RedisBus;
use drumroll_actors::cluster::{self, JoinError, Membership};
use drumroll_actors::device_actor::DeviceHub;
use drumroll_actors::keys::{KeyError, KeyStore, MasterKey};
use drumroll_actors::node::{Node, Parts};
use drumroll_actors::notify::Outbox;
use drumroll_actors::presence::Presence;
use drumroll_actors::store::breaker::Breaker;
use drumroll_actors::store::postgres::{PostgresConfig, PostgresStore};
use drumroll_actors::store::sqlite::SqliteStore;
use drumroll_actors::store::{Store, StoreError};
use drumroll_actors::{registry, write_behind};
use drumroll_engine::device::SecretKey;
use drumroll_engine::time::Span;
use drumroll_ws::Sockets;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::{info, warn};

/// How long sockets have to take their leave at a shutdown.
const SOCKETS_PATIENCE: Duration = Duration::from_secs(3);

/// How long notifications under way have to be confirmed at a shutdown; what is not is told again.
const NOTIFY_PATIENCE: Duration = Duration::from_secs(2);

/// Why a server did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Its data folder cannot be used.
    #[error("data_dir: {0}")]
    Folder(#[source] std::io::Error),
    /// Another process uses the same data folder.
    #[error("data_dir: another drumroll uses this folder")]
    InUse,
    /// Its database cannot be used.
    #[error("database: {0}")]
    Store(#[from] StoreError),
    /// Its database does not commit.
    #[error("database: {0}")]
    Commits(String),
    /// Its keys cannot be had.
    #[error("master_key: {0}")]
    Keys(#[from] KeyError),
    /// The certificate or its key cannot be used.
    #[error("{0}: {1}")]
    Tls(&'static str, String),
    /// It cannot be one of several.
    #[error("cluster: {0}")]
    Cluster(String),
    /// The address of Redis cannot be used. One that is only away keeps nobody from starting.
    #[error("redis: {0}")]
    Redis(String),
    /// The address cannot be listened on.
    #[error("listen: {0}: {1}")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// The payment provider cannot be used as configured.
    #[error("{0}: {1}")]
    Payment(&'static str, String),
    /// Nobody asked it to.
    #[error("the listener ended by itself")]
    Ended,
    /// It could not be told to end.
    #[error("signals: {0}")]
    Signals(#[from] std::io::Error),
    /// The first organisation or administrator could not be made.
    #[error("the first start: {0}")]
    FirstStart(#[from] api::error::ApiError),
}

/// Holds a data folder for one process; dropped, or dead, it is free.
pub struct Folder(#[allow(dead_code, reason = "the lock lives as long as the file is open")] std::fs::File);

impl Folder {
    /// Makes the folder, for its owner's eyes only, and locks it: two servers on one SQLite file would
    /// fence each other without end.
    ///
    /// # Errors
    /// [`StartError::InUse`], [`StartError::Folder`].
    pub fn lock(folder: &Path) -> Result<Self, StartError> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(StartError::Folder)?;
        let file = std::fs::File::create(folder.join("lock")).map_err(StartError::Folder)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(std::fs::TryLockError::WouldBlock) => Err(StartError::InUse),
            Err(std::fs::TryLockError::Error(error)) => Err(StartError::Folder(error)),
        }
    }
}

/// Opens the configured store, its schema brought up to date.
///
/// # Errors
/// See [`StoreError`].
pub async fn open_store(settings: &Settings) -> Result<Arc<dyn Store>, StoreError> {
    match settings.database() {
        Database::Sqlite(path) => {
            let open = tokio::task::spawn_blocking(move || SqliteStore::open(path));
            let store = open.await.map_err(|_| StoreError::Unavailable("opening the file broke off".to_owned()))??;
            Ok(Arc::new(store))
        }
        Database::Postgres(url) => Ok(Arc::new(PostgresStore::connect(PostgresConfig::new(url)).await?)),
    }
}

/// A node with what its handlers share, before anything listens.
pub struct Prepared {
    /// What handlers share.
    pub app: App,
    /// The sockets.
    pub sockets: Sockets,
    outbox: Outbox,
    tasks: Vec<JoinHandle<()>>,
    /// Where other servers ask this one.
    listener: Option<Listener>,
}

impl Prepared {
    /// Over the configured store.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn new(settings: &Settings) -> Result<Self, StartError> {
        Self::over(settings, open_store(settings).await?, Arc::new(SystemClock)).await
    }

    /// Over a given store and clock.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn over(settings: &Settings, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        metrics::install();
        let store: Arc<dyn Store> = Breaker::over(store);
        let master = match settings.master_key() {
            Some(key) => MasterKey::from_hex(&key)?,
            None => MasterKey::open_or_create(&settings.master_key_file())?,
        };
        let keys = KeyStore::new(store.clone(), master);
        let token_key = keys.get_or_create::<32>("node/access-token").await?;
        let identity = Arc::new(SecretKey::from_bytes(&*keys.get_or_create::<32>("node/device-identity").await?));
        let (payment, webhooks) = provider(settings, &keys).await?;
        let secrets = Secrets::open(&keys).await?;
        let presence = Arc::new(Presence::default());
        let parts = Parts {
            store,
            clock,
            keys,
            journal: write_behind::Options::default(),
            actors: registry::Options::default(),
            threads: settings.actor_threads,
        };
        let (node, listener) = match settings.cluster.listen {
            None => (Node::start(parts), None),
            Some(listen) => {
                let (node, listener) = join(settings, parts, &secrets, listen, presence.clone()).await?;
                (node, Some(listener))
            }
        };
        let options = auth::Options {
            failures_max: settings.lockout.failures,
            lock: Span::seconds(u64::from(settings.lockout.minutes) * 60),
            ..auth::Options::default()
        };
        let auth = Arc::new(Auth::new(node.clone(), &token_key, options)?);
        let hub = DeviceHub {
            node: node.clone(),
            presence: presence.clone(),
            identity: identity.clone(),
            heartbeat: Duration::from_secs(settings.heartbeat_s.into()),
        };
        let sockets = Sockets::new(node.clone(), hub, auth.clone(), drumroll_ws::Options::default());
        let limits = Limits { body_bytes: settings.body_bytes_max, ..Limits::default() };
        let app = App { node, auth, payment, presence, identity, limits };
        app.node.wake_due().await?;
        let outbox = settings.notify.start(&app.node).await;
        let tasks = vec![worker::spawn(app.clone(), webhooks), tokio::spawn(metrics::upkeep())];
        Ok(Self { app, sockets, outbox, tasks, listener })
    }

    /// Makes the first organisation and administrator, if they are not there.
    ///
    /// # Errors
    /// Why not; a database that does not commit is named with its own words, not with those for callers.
    pub async fn first_start(&self, settings: &Settings) -> Result<crate::auth::bootstrap::FirstStart, StartError> {
        let started = self.app.auth.first_start(&settings.organisation_name).await;
        match started {
            Ok(first) => Ok(first),
            Err(error) => match self.app.node.journal().figures().problem() {
                Some(problem) => Err(StartError::Commits(problem)),
                None => Err(self.app.node.store().ping().await.map_or_else(StartError::Store, |()| error.into())),
            },
        }
    }

    /// Stops what runs beside the requests, then the node: everything decided is durable when this returns
    /// (B-03).
    pub async fn shut_down(self) {
        for task in self.tasks {
            task.abort();
        }
        self.outbox.stop(NOTIFY_PATIENCE).await;
        self.app.node.shut_down().await;
        if let Some(listener) = self.listener {
            listener.stop().await;
        }
    }
}

/// Makes this server one of several.
async fn join(
    settings: &Settings,
    parts: Parts,
    secrets: &Secrets,
    listen: SocketAddr,
    presence: Arc<Presence>,
) -> Result<(Node, Listener), StartError> {
    let refused = |error| StartError::Listen(listen, error);
    // First the address, then its announcement: who is told of it can reach it.
    let socket = listener::bind(listen).map_err(refused)?;
    let listen = socket.local_addr().map_err(refused)?;
    let address = settings.cluster.address.clone().unwrap_or_else(|| format!("http://{listen}"));
    let caller = Caller::new(secrets).map_err(|error| StartError::Tls("cluster", error.to_string()))?;
    let (bus, news) = match &settings.redis {
        None => (None, None),
        Some(url) => {
            let (bus, news) =
                RedisBus::start(url, &secrets.bus).map_err(|error| StartError::Redis(error.to_string()))?;
            (Some(bus as Arc<dyn Bus>), Some(news))
        }
    };
    let ttl = Duration::from_millis(settings.cluster.lease_ms);
    let options = cluster::Options { ttl, renew_every: (ttl / 6).min(Duration::from_secs(1)), ..Default::default() };
    let address = address.trim_end_matches('/').to_owned();
    let name = settings.cluster.name.clone().unwrap_or_else(|| listen.to_string());
    let membership = Membership { name, address, peers: Arc::new(caller), bus, presence, options };
    let node = Node::join(parts, membership, news).await.map_err(|error| match error {
        JoinError::Store(error) => StartError::Store(error),
        JoinError::NotShared => StartError::Cluster(error.to_string()),
    })?;
    let listener = Listener::start(node.clone(), secrets, socket).map_err(refused)?;
    info!(%listen, "one of several servers");
    Ok((node, listener))
}

/// Who takes the public's money, with the webhooks of one that lives in this process.
type Provider = (Arc<dyn PaymentProvider>, Option<mpsc::Receiver<SignedNotice>>);

async fn provider(settings: &Settings, keys: &KeyStore) -> Result<Provider, StartError> {
    match settings.payment {
        PaymentKind::Test => {
            let (provider, webhooks) = Simulated::open(keys, simulated::Options::default()).await?;
            Ok((Arc::new(provider), Some(webhooks)))
        }
        PaymentKind::Stripe => {
            install_crypto();
            let keys = settings.stripe.keys().map_err(|(key, problem)| StartError::Payment(key, problem))?;
            let stripe = Stripe::new(&settings.stripe, keys);
            let stripe = stripe.map_err(|error| StartError::Payment("stripe", error.to_string()))?;
            info!(address = %settings.stripe.base_url, test = stripe.is_test(), "Stripe takes the public's money");
            Ok((Arc::new(stripe), None))
        }
    }
}

/// What a server shares with the threads that answer requests.
#[derive(Clone)]
pub struct Shared {
    app: web::Data<App>,
    sockets: web::Data<Sockets>,
    limiter: web::Data<Limiter>,
    deadline: web::Data<Deadline>,
    tls: web::Data<Tls>,
    readers: web::Data<metrics::Readers>,
    reports: web::Data<Reports>,
}

impl Shared {
    /// For a node.
    pub fn new(settings: &Settings, prepared: &Prepared) -> Self {
        Self {
            app: web::Data::new(prepared.app.clone()),
            sockets: web::Data::new(prepared.sockets.clone()),
            limiter: web::Data::new(Limiter::new(settings.rates, settings.trusted_proxies.clone())),
            deadline: web::Data::new(Deadline(Duration::from_secs(settings.request_s))),
            tls: web::Data::new(Tls(settings.tls())),
            readers: web::Data::new(metrics::Readers::with(settings.metrics_token.clone())),
            reports: web::Data::new(Reports(prepared.outbox.figures())),
        }
    }

    /// Every route there is.
    pub fn configure(&self, config: &mut web::ServiceConfig) {
        config
            .app_data(self.app.clone())
            .app_data(self.sockets.clone())
            .app_data(self.limiter.clone())
            .app_data(self.deadline.clone())
            .app_data(self.tls.clone())
            .app_data(self.readers.clone())
            .app_data(self.reports.clone())
            .configure(api::configure)
            .configure(api::openapi::configure_docs)
            .configure(health::configure)
            .route("/metrics", web::get().to(metrics::metrics))
            .configure(drumroll_ws::configure)
            .configure(interfaces::configure)
            .default_service(web::to(interfaces::public));
    }
}

/// A server that listens.
pub struct Running {
    /// Where.
    pub addresses: Vec<SocketAddr>,
    handle: ServerHandle,
    server: JoinHandle<std::io::Result<()>>,
    prepared: Prepared,
}

impl Running {
    /// Starts to listen.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(settings: &Settings, prepared: Prepared) -> Result<Self, StartError> {
        let shared = Shared::new(settings, &prepared);
        let workers = match settings.workers {
            0 => std::thread::available_parallelism().map_or(2, usize::from),
            workers => workers,
        };
        let mut server = HttpServer::new(move || {
            let shared = shared.clone();
            actix_web::App::new()
                .wrap(from_fn(owner))
                .wrap(from_fn(limit))
                .wrap(from_fn(deadline))
                .wrap(from_fn(trace))
                .configure(move |config| shared.configure(config))
        })
        .workers(workers)
        .keep_alive(Duration::from_secs(75))
        .client_request_timeout(Duration::from_secs(10))
        .client_disconnect_timeout(Duration::from_secs(2))
        // 19,000 sockets and some: the limit of open files is the system's to set.
        .max_connections(20_000)
        .shutdown_timeout(settings.shutdown_s)
        .on_connect(drumroll_ws::on_connect)
        // Signals are ours: the node goes down after the requests, not with them.
        .disable_signals();
        let refused = |error| StartError::Listen(settings.listen, error);
        server = match tls(settings)? {
            Some(tls) => server.bind_rustls_0_23(settings.listen, tls).map_err(refused)?,
            None => server.bind(settings.listen).map_err(refused)?,
        };
        let addresses = server.addrs();
        let server = server.run();
        let handle = server.handle();
        info!(addresses = ?addresses, tls = settings.tls(), "listening");
        Ok(Self { addresses, handle, server: tokio::spawn(server), prepared })
    }

    /// What handlers share.
    pub fn app(&self) -> &App {
        &self.prepared.app
    }

    /// The address people use; with the port that was found, where the configuration left it open.
    pub fn address(&self, settings: &Settings) -> String {
        let mut settings = settings.clone();
        if let Some(address) = self.addresses.first() {
            settings.listen.set_port(address.port());
        }
        settings.address()
    }

    /// Returns when the process is told to end.
    ///
    /// # Errors
    /// [`StartError::Ended`]: the listener died by itself; the rest is to be stopped all the same.
    pub async fn until_told(&mut self, told: &mut Told) -> Result<(), StartError> {
        tokio::select! {
            () = told.heard() => {
                info!("stopping: no new requests; those under way may end");
                Ok(())
            }
            _ = &mut self.server => {
                warn!("the listener ended by itself");
                Err(StartError::Ended)
            }
        }
    }

    /// Stops accepting, sends sockets away, lets requests under way end, makes everything durable, and returns.
    pub async fn stop(self) {
        let Self { handle, server, prepared, .. } = self;
        if !server.is_finished() {
            // Without it the listener would wait for sockets that nobody ends.
            tokio::join!(handle.stop(true), prepared.sockets.close_all(SOCKETS_PATIENCE));
            if let Ok(Err(error)) = server.await {
                warn!(%error, "the server ended badly");
            }
        }
        prepared.shut_down().await;
        info!("everything is on record; goodbye");
    }
}

/// Hears when the process is told to end: Ctrl-C, or the signal that supervisors send. Made first thing, so
/// that nothing told during the start is lost, or ends it halfway.
pub struct Told {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
    /// Kept, never heard: a file that may not grow is then an error of the write, which the journal waits
    /// out, and not the end of the process.
    #[cfg(unix)]
    _file_size: Option<tokio::signal::unix::Signal>,
}

/// The system's number of the signal for a file beyond its limit, where it is known.
#[cfg(unix)]
const SIGXFSZ: Option<i32> = if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) { Some(25) } else { None };

impl Told {
    /// Begins to listen.
    ///
    /// # Errors
    /// The system gives no signals.
    pub fn listen() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let _file_size = SIGXFSZ.map(|number| signal(SignalKind::from_raw(number))).transpose()?;
            Ok(Self { signals: [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?], _file_size })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    async fn heard(&mut self) {
        #[cfg(unix)]
        {
            let [interrupt, terminate] = &mut self.signals;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        // Without a way to be told there is only waiting.
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Installs the one provider of TLS. Called first thing by every program.
pub fn install_crypto() {
    // A second call finds the first one's, which is the same.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

fn tls(settings: &Settings) -> Result<Option<rustls::ServerConfig>, StartError> {
    let (Some(cert), Some(key)) = (&settings.tls_cert, &settings.tls_key) else { return Ok(None) };
    install_crypto();
    let wrong =
        |name: &'static str| move |error: rustls::pki_types::pem::Error| StartError::Tls(name, error.to_string());
    let chain = CertificateDer::pem_file_iter(cert).map_err(wrong("tls_cert"))?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(wrong("tls_cert"))?;
    if chain.is_empty() {
        return Err(StartError::Tls("tls_cert", "there is no certificate in the file".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(wrong("tls_key"))?;
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
    let mut config = config.map_err(|error| StartError::Tls("tls_key", error.to_string()))?;
    // HTTP/1.1 alone: sockets need it, and one event's traffic gains nothing from more.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(config))
}
