//! What can be configured: by file, by environment (`DRUMROLL_…`), by flags, the later winning. A key
//! that does not exist or a value that does not fit is refused at the start, by name.

use crate::edge::limit::Rates;
use crate::notify;
use crate::payment::stripe::StripeSettings;
use config::{Environment, File, FileFormat};
use serde::{Deserialize, Deserializer};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use thiserror::Error;
use zeroize::Zeroizing;

/// Why the configuration is refused. The text names the key.
#[derive(Debug, Error)]
pub enum ConfigProblem {
    /// A file or a value cannot be read.
    #[error("configuration: {0}")]
    Read(#[from] config::ConfigError),
    /// A value is well-formed and cannot be right.
    #[error("configuration: {key}: {problem}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is wrong.
        problem: String,
    },
}

/// How lines of the log look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Who takes the public's money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentKind {
    /// The built-in simulation, marked TEST.
    #[default]
    Test,
    /// Stripe, or whoever speaks its protocol, by the section `stripe`.
    Stripe,
}

/// When accounts are locked (C-01).
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lockout {
    /// Failures in a row.
    pub failures: u32,
    /// For how many minutes.
    pub minutes: u32,
}

impl Default for Lockout {
    fn default() -> Self {
        Self { failures: 5, minutes: 15 }
    }
}

/// The demonstration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Demo {
    /// Minutes from the start to the close.
    pub minutes: u32,
    /// Simulated handhelds; 0 starts none.
    pub devices: u32,
    /// How much faster than people they sell.
    pub speed: f64,
    /// Share of the time they are offline.
    pub offline_rate: f64,
    /// Seed of their behaviour.
    pub seed: u64,
    /// The program that simulates them; found beside the server by default.
    pub simulator: Option<PathBuf>,
}

impl Default for Demo {
    fn default() -> Self {
        Self { minutes: 45, devices: 6, speed: 1.0, offline_rate: 0.1, seed: 1, simulator: None }
    }
}

/// One of several servers over one PostgreSQL.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterSettings {
    /// Address and port for the other servers, in a private network; without it this is the only server.
    pub listen: Option<SocketAddr>,
    /// The server's name, as the balancer in front has it; by default its address among the others.
    pub name: Option<String>,
    /// Where the others reach it, if not at `listen`: `http://…`.
    pub address: Option<String>,
    /// Milliseconds after which a server that was not heard of is gone, and the others take over.
    pub lease_ms: u64,
}

impl Default for ClusterSettings {
    fn default() -> Self {
        Self { listen: None, name: None, address: None, lease_ms: 6_000 }
    }
}

/// Everything that can be configured.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// A path of a SQLite file or a `postgres://` URL. By default a file in the data folder.
    pub database: Option<String>,
    /// Where files live.
    pub data_dir: PathBuf,
    /// The key under which secrets are sealed, 64 hex digits.
    pub master_key: Option<String>,
    /// The file it is in instead; made at the first start. By default in the data folder.
    pub master_key_file: Option<PathBuf>,
    /// PEM file with the certificate chain; with `tls_key` the server speaks TLS.
    pub tls_cert: Option<PathBuf>,
    /// PEM file with the certificate's key.
    pub tls_key: Option<PathBuf>,
    /// How lines of the log look.
    pub log_format: LogFormat,
    /// What is logged, in the syntax of `tracing`'s filters.
    pub log_filter: String,
    /// Name of the organisation made at the first start.
    pub organisation_name: String,
    /// The address people use, where it is not the one listened on.
    pub public_url: Option<String>,
    /// Addresses of proxies whose `X-Forwarded-For` is believed; none by default.
    #[serde(deserialize_with = "addresses")]
    pub trusted_proxies: Vec<IpAddr>,
    /// The token with which other machines may read `/metrics`; without it only this one may.
    pub metrics_token: Option<String>,
    /// When accounts are locked.
    pub lockout: Lockout,
    /// Calls a minute per client address.
    pub rates: Rates,
    /// Who takes the public's money.
    pub payment: PaymentKind,
    /// How Stripe is reached, where it takes the money.
    pub stripe: StripeSettings,
    /// Bytes of a request's body.
    pub body_bytes_max: usize,
    /// Threads that answer requests; 0 means one per processor.
    pub workers: usize,
    /// Threads for actors.
    pub actor_threads: usize,
    /// Seconds between the heartbeats of handhelds.
    pub heartbeat_s: u32,
    /// Seconds an online order of the demo event may wait for its payment; other events set their own.
    pub hold_s: u64,
    /// Seconds a request may take altogether, the sending of its body aside; then it is answered with 503.
    pub request_s: u64,
    /// Seconds that requests under way have to end when the server stops.
    pub shutdown_s: u64,
    /// Who is told of what happens.
    pub notify: notify::Settings,
    /// The demonstration.
    pub demo: Demo,
    /// What makes it one of several.
    pub cluster: ClusterSettings,
    /// A `redis://` URL. Between several servers it carries news at once; without it they read the database.
    pub redis: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            database: None,
            data_dir: PathBuf::from("./data"),
            master_key: None,
            master_key_file: None,
            tls_cert: None,
            tls_key: None,
            log_format: LogFormat::Text,
            log_filter: "info".to_owned(),
            organisation_name: "My organisation".to_owned(),
            public_url: None,
            trusted_proxies: Vec::new(),
            metrics_token: None,
            lockout: Lockout::default(),
            rates: Rates::default(),
            payment: PaymentKind::Test,
            stripe: StripeSettings::default(),
            body_bytes_max: 256 * 1024,
            workers: 0,
            actor_threads: 2,
            heartbeat_s: 15,
            hold_s: 600,
            request_s: 8,
            shutdown_s: 5,
            notify: notify::Settings::default(),
            demo: Demo::default(),
            cluster: ClusterSettings::default(),
            redis: None,
        }
    }
}

/// No key, token nor the database's password stand in it.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("data_dir", &self.data_dir)
            .finish_non_exhaustive()
    }
}

/// A list, or one text with commas, as the environment has it.
fn addresses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpAddr>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        List(Vec<String>),
        Text(String),
    }
    let list = match Given::deserialize(deserializer)? {
        Given::List(list) => list,
        Given::Text(text) => text.split(',').map(str::to_owned).collect(),
    };
    let parse = |text: &String| {
        text.trim().parse().map_err(|_| serde::de::Error::custom(format!("{text} is not an IP address")))
    };
    list.iter().filter(|text| !text.trim().is_empty()).map(parse).collect()
}

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server.
    Postgres(String),
}

/// Variables that start like settings and are not: of the project's own tools and tests.
const OTHERS: &[&str] = &["config", "server", "bin_dir", "advisory_db", "scale", "shots"];
const OTHERS_START: &[&str] = &["test_", "ci_"];

const PREFIX: &str = "DRUMROLL_";

impl Settings {
    /// Reads the file, the environment and the flags.
    ///
    /// # Errors
    /// See [`ConfigProblem`].
    pub fn read(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[(&str, String)],
    ) -> Result<Self, ConfigProblem> {
        let mut builder = config::Config::builder();
        if let Some(file) = file {
            builder = builder.add_source(File::from(file).format(FileFormat::Toml));
        }
        let ours = |(name, value): (String, String)| {
            let key = name.strip_prefix(PREFIX)?.to_lowercase();
            let other = OTHERS.contains(&key.as_str()) || OTHERS_START.iter().any(|start| key.starts_with(start));
            (!other && !value.is_empty()).then_some((key, value))
        };
        let variables: HashMap<String, String> = environment.into_iter().filter_map(ours).collect();
        builder = builder.add_source(Environment::default().separator("__").source(Some(variables)));
        for (key, value) in flags {
            builder = builder.set_override(*key, value.clone())?;
        }
        let settings: Self = builder.build()?.try_deserialize()?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), ConfigProblem> {
        let wrong = |key, problem: &str| Err(ConfigProblem::Value { key, problem: problem.to_owned() });
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return wrong("tls_key", "tls_cert and tls_key belong together");
        }
        if self.master_key.is_some() && self.master_key_file.is_some() {
            return wrong("master_key", "give master_key or master_key_file, not both");
        }
        if self
            .master_key
            .as_ref()
            .is_some_and(|key| key.len() != 64 || !key.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            return wrong("master_key", "it is not 64 hex digits");
        }
        if self.database.as_ref().is_some_and(|database| database.trim().is_empty()) {
            return wrong("database", "it is empty");
        }
        if self.metrics_token.as_ref().is_some_and(|token| token.len() < 16) {
            return wrong("metrics_token", "it has at least 16 characters");
        }
        if self.lockout.failures == 0 || self.lockout.minutes == 0 {
            return wrong("lockout", "failures and minutes are at least 1");
        }
        if self.payment == PaymentKind::Stripe
            && let Some((key, problem)) = self.stripe.wrong()
        {
            return wrong(key, problem);
        }
        if !(1_024..=16 * 1024 * 1024).contains(&self.body_bytes_max) {
            return wrong("body_bytes_max", "it is between 1024 and 16777216");
        }
        if !(1..=64).contains(&self.actor_threads) {
            return wrong("actor_threads", "it is between 1 and 64");
        }
        if self.workers > 256 {
            return wrong("workers", "it is at most 256");
        }
        if !(1..=300).contains(&self.heartbeat_s) {
            return wrong("heartbeat_s", "it is between 1 and 300");
        }
        if !(1..=86_400).contains(&self.hold_s) {
            return wrong("hold_s", "it is between 1 and 86400");
        }
        if !(1..=300).contains(&self.request_s) {
            return wrong("request_s", "it is between 1 and 300");
        }
        if self.shutdown_s > 300 {
            return wrong("shutdown_s", "it is at most 300");
        }
        if self.organisation_name.trim().is_empty() {
            return wrong("organisation_name", "it is empty");
        }
        if tracing_subscriber::EnvFilter::try_new(&self.log_filter).is_err() {
            return wrong("log_filter", "it is not a filter such as info or drumroll_http=debug");
        }
        if self.public_url.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            return wrong("public_url", "it starts with http:// or https://");
        }
        self.check_cluster()?;
        self.notify.check()?;
        let demo = &self.demo;
        if !(1..=24 * 60).contains(&demo.minutes) {
            return wrong("demo.minutes", "it is between 1 and 1440");
        }
        if demo.devices > 200 {
            return wrong("demo.devices", "it is at most 200");
        }
        if !demo.speed.is_finite() || demo.speed <= 0.0 {
            return wrong("demo.speed", "it is above 0");
        }
        if !(0.0..=1.0).contains(&demo.offline_rate) {
            return wrong("demo.offline_rate", "it is between 0 and 1");
        }
        Ok(())
    }

    fn check_cluster(&self) -> Result<(), ConfigProblem> {
        let wrong = |key, problem: &str| Err(ConfigProblem::Value { key, problem: problem.to_owned() });
        let cluster = &self.cluster;
        if !(1_500..=120_000).contains(&cluster.lease_ms) {
            return wrong("cluster.lease_ms", "it is between 1500 and 120000");
        }
        if self.redis.as_ref().is_some_and(|url| !url.starts_with("redis://")) {
            return wrong("redis", "it starts with redis://");
        }
        let Some(listen) = cluster.listen else {
            return match cluster.address {
                Some(_) => wrong("cluster.address", "without cluster.listen nobody is there"),
                None => Ok(()),
            };
        };
        if matches!(self.database(), Database::Sqlite(_)) {
            return wrong("cluster.listen", "several servers need PostgreSQL: set database");
        }
        let plain = |name: &String| {
            !name.is_empty()
                && name.len() <= 64
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
        };
        if cluster.name.as_ref().is_some_and(|name| !plain(name)) {
            return wrong("cluster.name", "it has at most 64 letters, digits and ._:-");
        }
        match &cluster.address {
            Some(url) if !url.starts_with("http://") => wrong("cluster.address", "it starts with http://"),
            None if listen.ip().is_unspecified() => {
                wrong("cluster.address", "the others cannot guess it from this cluster.listen")
            }
            _ => Ok(()),
        }
    }

    /// Where the database is.
    pub fn database(&self) -> Database {
        match &self.database {
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Database::Postgres(url.clone())
            }
            Some(path) => Database::Sqlite(PathBuf::from(path.strip_prefix("sqlite:").unwrap_or(path))),
            None => Database::Sqlite(self.data_dir.join("drumroll.sqlite")),
        }
    }

    /// The file with the master key, where the key itself is not given.
    pub fn master_key_file(&self) -> PathBuf {
        self.master_key_file.clone().unwrap_or_else(|| self.data_dir.join("master.key"))
    }

    /// The master key's text, if it was given.
    pub fn master_key(&self) -> Option<Zeroizing<String>> {
        self.master_key.clone().map(Zeroizing::new)
    }

    /// Whether the server speaks TLS.
    pub const fn tls(&self) -> bool {
        self.tls_cert.is_some()
    }

    /// The address people use.
    pub fn address(&self) -> String {
        if let Some(url) = &self.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let scheme = if self.tls() { "https" } else { "http" };
        let host = if self.listen.ip().is_unspecified() { "localhost".to_owned() } else { host(self.listen.ip()) };
        format!("{scheme}://{host}:{}", self.listen.port())
    }
}

fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("drumroll.toml");
        std::fs::write(&file, toml).unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let flags: Vec<(&str, String)> = flags.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        Settings::read(Some(&file), environment, &flags).map_err(|problem| problem.to_string())
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let toml = "listen = '127.0.0.1:1000'\nhold_s = 60\n[demo]\nminutes = 5\n[rates]\nlogin = 3";
        let settings = read(toml, &[], &[]).unwrap();
        assert_eq!(
            (settings.listen.port(), settings.hold_s, settings.demo.minutes, settings.rates.login),
            (1000, 60, 5, 3)
        );
        assert_eq!(settings.demo.devices, 6, "what is not given stays as it is");
        let environment = [
            ("DRUMROLL_LISTEN", "127.0.0.1:2000"),
            ("DRUMROLL_DEMO__MINUTES", "7"),
            ("DRUMROLL_TRUSTED_PROXIES", "10.0.0.1, ::1"),
            ("DRUMROLL_MASTER_KEY", "1000000000000000000000000000000000000000000000000000000000000e10"),
            ("DRUMROLL_TEST_POSTGRES", "not ours"),
            ("OTHER", "x"),
        ];
        let settings = read(toml, &environment, &[("listen", "127.0.0.1:3000")]).unwrap();
        assert_eq!((settings.listen.port(), settings.hold_s, settings.demo.minutes), (3000, 60, 7));
        assert_eq!(settings.trusted_proxies.len(), 2);
        assert!(settings.master_key.as_ref().unwrap().ends_with("e10"), "a key of digits stays a text");
        assert!(!format!("{settings:?}").contains("e10"));
    }

    #[test]
    fn wrong_keys_and_values_are_refused_by_name() {
        let key = "7".repeat(63);
        type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
        let table: &[Row<'_>] = &[
            ("lisen = '127.0.0.1:1'", &[], "lisen"),
            ("listen = 'nowhere'", &[], "listen"),
            ("hold_s = 'long'", &[], "hold_s"),
            ("hold_s = -1", &[], "hold_s"),
            ("hold_s = 0", &[], "hold_s"),
            ("request_s = 0", &[], "request_s"),
            ("[demo]\nminuts = 5", &[], "minuts"),
            ("[demo]\nminutes = 0", &[], "demo.minutes"),
            ("[demo]\nminutes = 'x'", &[], "demo.minutes"),
            ("[rates]\nlogin = -5", &[], "rates.login"),
            ("log_format = 'xml'", &[], "log_format"),
            ("payment = 'gold'", &[], "payment"),
            ("tls_cert = 'a.pem'", &[], "tls_key"),
            ("trusted_proxies = ['proxy']", &[], "trusted_proxies"),
            ("[notify]\ntarget = ['log']", &[], "target"),
            ("[notify]\ntargets = ['log', 'pigeon']", &[], "notify.targets"),
            ("[notify]\ntargets = ['log', 'log']", &[], "notify.targets"),
            ("[notify]\nkinds = ['publishd']", &[], "notify.kinds"),
            ("[notify]\ntargets = ['sns']", &[], "notify.sns.topic_arn"),
            ("[notify.sns]\ntopic_arn = 'raffles'", &[], "notify.sns.topic_arn"),
            ("[notify.sns]\nendpoint = 'localhost:4566'", &[], "notify.sns.endpoint"),
            ("[notify]\ndeadline_s = 0", &[], "notify.deadline_s"),
            ("[notify]\nretry_max_s = 0", &[], "notify.retry_max_s"),
            ("[notify]\nrefusals_max = 0", &[], "notify.refusals_max"),
            ("", &[("DRUMROLL_NOTIFY__TARGETS", "log,sns")], "notify.sns.topic_arn"),
            ("log_filter = '==='", &[], "log_filter"),
            ("", &[("DRUMROLL_LISTEN", "everywhere")], "listen"),
            ("", &[("DRUMROLL_LISTENN", "127.0.0.1:1")], "listenn"),
            ("", &[("DRUMROLL_DEMO__MINUTES", "x")], "demo.minutes"),
            ("", &[("DRUMROLL_MASTER_KEY", &key)], "master_key"),
            ("redis = 'unix:/tmp/x'", &[], "redis"),
            ("[cluster]\nlisten = '127.0.0.1:1'", &[], "cluster.listen"),
            ("database = 'postgres://h/d'\n[cluster]\nlisten = '0.0.0.0:1'", &[], "cluster.address"),
            ("[cluster]\naddress = 'http://a:1'", &[], "cluster.address"),
            ("[cluster]\nlease_ms = 10", &[], "cluster.lease_ms"),
        ];
        for (toml, environment, name) in table {
            let problem = read(toml, environment, &[]).unwrap_err();
            assert!(problem.contains(name), "{toml} {environment:?}: {problem}");
            assert!(!problem.contains(&key), "a wrong master key is still a secret");
        }
        assert!(Settings::read(Some(Path::new("/nowhere/at/all.toml")), [], &[]).is_err());
    }

    #[test]
    fn targets_are_chosen_by_file_or_environment() {
        assert_eq!(Settings::default().notify.targets, ["log"]);
        let settings = read("[notify]\ntargets = []", &[], &[]).unwrap();
        assert_eq!(settings.notify.targets, [""; 0], "nobody");
        let environment = [
            ("DRUMROLL_NOTIFY__TARGETS", "log, sns"),
            ("DRUMROLL_NOTIFY__KINDS", "opened,published"),
            ("DRUMROLL_NOTIFY__SNS__TOPIC_ARN", "arn:aws:sns:ca-central-1:123456789012:raffles.fifo"),
            ("DRUMROLL_NOTIFY__SNS__ENDPOINT", "http://127.0.0.1:4566"),
        ];
        let notify = read("", &environment, &[("notify.history", "true")]).unwrap().notify;
        assert_eq!((notify.targets.as_slice(), notify.history), (&["log".to_owned(), "sns".to_owned()][..], true));
        assert_eq!(notify.kinds, ["opened", "published"]);
        assert!(notify.sns.topic_arn.is_some() && notify.sns.endpoint.is_some());
    }

    #[test]
    fn the_database_is_a_file_or_a_server() {
        let database = |text: &str| Settings { database: Some(text.to_owned()), ..Settings::default() }.database();
        assert!(database("postgres://u@h/d") == Database::Postgres("postgres://u@h/d".to_owned()));
        assert!(database("sqlite:x.db") == Database::Sqlite(PathBuf::from("x.db")));
        assert!(database("x.db") == Database::Sqlite(PathBuf::from("x.db")));
        assert!(Settings::default().database() == Database::Sqlite(PathBuf::from("./data/drumroll.sqlite")));
    }
}
