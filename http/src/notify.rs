//! Which targets are told of what happens, from the configuration; and how they do, for readiness and metrics.

use crate::config::ConfigProblem;
use drumroll_actors::node::Node;
use drumroll_actors::notify::log::{self, LogTarget};
use drumroll_actors::notify::sns::{self, SnsTarget, TopicArn};
use drumroll_actors::notify::{Figures, Kind, Options, Outbox, Subscription, Target};
use drumroll_engine::time::Timestamp;
use metrics::{Unit, describe_counter, describe_gauge, gauge};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Who is told of what happens (`docs/notifications.md`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The targets: `log`, `sns`.
    #[serde(deserialize_with = "words")]
    pub targets: Vec<String>,
    /// The kinds they are told of; all when there are none here.
    #[serde(deserialize_with = "words")]
    pub kinds: Vec<String>,
    /// Whether a target that is new is told of what happened before it came.
    pub history: bool,
    /// Seconds that one message may take.
    pub deadline_s: u32,
    /// Seconds between two tries, at most, while a target is away.
    pub retry_max_s: u32,
    /// Refusals after which a message is set aside.
    pub refusals_max: u32,
    /// The SNS topic.
    pub sns: Sns,
}

/// The SNS topic. Credentials come from where the AWS SDK finds them, never from here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sns {
    /// Its name, which says its region too.
    pub topic_arn: Option<String>,
    /// The service's address, where it is not Amazon's own.
    pub endpoint: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            targets: vec![log::NAME.to_owned()],
            kinds: Vec::new(),
            history: false,
            deadline_s: 10,
            retry_max_s: 60,
            refusals_max: 5,
            sns: Sns::default(),
        }
    }
}

/// A list, or one text with commas, as the environment has it.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
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
    Ok(list.iter().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect())
}

impl Settings {
    /// Refuses what cannot be right.
    ///
    /// # Errors
    /// See [`ConfigProblem`].
    pub fn check(&self) -> Result<(), ConfigProblem> {
        let wrong = |key, problem: String| Err(ConfigProblem::Value { key, problem });
        for (index, target) in self.targets.iter().enumerate() {
            if ![log::NAME, sns::NAME].contains(&target.as_str()) {
                return wrong("notify.targets", format!("{target} is neither log nor sns"));
            }
            if self.targets[..index].contains(target) {
                return wrong("notify.targets", format!("{target} stands there twice"));
            }
        }
        if let Some(kind) = self.kinds.iter().find(|kind| Kind::parse(kind).is_none()) {
            let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
            return wrong("notify.kinds", format!("{kind} is none of {}", known.join(", ")));
        }
        if !(1..=300).contains(&self.deadline_s) {
            return wrong("notify.deadline_s", "it is between 1 and 300".to_owned());
        }
        if !(1..=3_600).contains(&self.retry_max_s) {
            return wrong("notify.retry_max_s", "it is between 1 and 3600".to_owned());
        }
        if !(1..=100).contains(&self.refusals_max) {
            return wrong("notify.refusals_max", "it is between 1 and 100".to_owned());
        }
        match &self.sns.topic_arn {
            Some(arn) => {
                if let Err(problem) = TopicArn::parse(arn) {
                    return wrong("notify.sns.topic_arn", problem.to_owned());
                }
            }
            None if self.targets.iter().any(|target| target == sns::NAME) => {
                return wrong("notify.sns.topic_arn", "the target sns needs it".to_owned());
            }
            None => {}
        }
        let web = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if self.sns.endpoint.as_ref().is_some_and(|url| !web(url)) {
            return wrong("notify.sns.endpoint", "it starts with http:// or https://".to_owned());
        }
        Ok(())
    }

    /// Starts to tell the targets.
    pub async fn start(&self, node: &Node) -> Outbox {
        let deadline = Duration::from_secs(self.deadline_s.into());
        let chosen: BTreeSet<Kind> = self.kinds.iter().filter_map(|kind| Kind::parse(kind)).collect();
        let kinds = if chosen.is_empty() { Kind::ALL.iter().copied().collect() } else { chosen };
        let mut subscriptions = Vec::new();
        for target in &self.targets {
            let topic = self.sns.topic_arn.as_deref().and_then(|arn| TopicArn::parse(arn).ok());
            let target: Arc<dyn Target> = match (target.as_str(), topic) {
                (sns::NAME, Some(topic)) => {
                    Arc::new(SnsTarget::new(topic, self.sns.endpoint.as_deref(), deadline).await)
                }
                _ => Arc::new(LogTarget),
            };
            subscriptions.push(Subscription { target, kinds: kinds.clone() });
        }
        let options = Options {
            deadline,
            pause_max: Duration::from_secs(self.retry_max_s.into()),
            refusals_max: self.refusals_max,
            history: self.history,
            ..Options::default()
        };
        Outbox::start(node, subscriptions, options)
    }
}

/// The targets' figures, for whoever asks.
#[derive(Clone, Debug)]
pub struct Reports(pub Arc<[Arc<Figures>]>);

impl Reports {
    /// One sentence on all targets.
    pub fn sentence(&self, now: Timestamp) -> String {
        let of = |figures: &Arc<Figures>| {
            let away = if figures.away() { ", away" } else { "" };
            let aside = match figures.refused() {
                0 => String::new(),
                refused => format!(", {refused} set aside"),
            };
            let lag = figures.lag(now).0 / 1_000_000;
            format!("{}: {} events wait, the oldest for {lag} s{away}{aside}", figures.target(), figures.waiting())
        };
        if self.0.is_empty() {
            "nobody is told".to_owned()
        } else {
            self.0.iter().map(of).collect::<Vec<_>>().join("; ")
        }
    }

    /// Sets the gauges.
    #[allow(clippy::cast_precision_loss, reason = "figures for graphs")]
    pub fn observe(&self, now: Timestamp) {
        for figures in self.0.iter() {
            let target = [("target", figures.target().to_owned())];
            gauge!("drumroll_notify_waiting", &target).set(figures.waiting() as f64);
            gauge!("drumroll_notify_lag_seconds", &target).set(figures.lag(now).0 as f64 / 1e6);
            gauge!("drumroll_notify_away", &target).set(f64::from(u8::from(figures.away())));
            gauge!("drumroll_notify_set_aside", &target).set(figures.refused() as f64);
        }
    }
}

/// Says what the figures mean.
pub fn describe() {
    describe_counter!("drumroll_notify_told_total", "Messages that a notification target confirmed");
    describe_counter!("drumroll_notify_failures_total", "Tries that a notification target did not confirm");
    describe_counter!("drumroll_notify_set_aside_total", "Messages set aside after repeated refusals, since the start");
    describe_gauge!("drumroll_notify_waiting", "Events a notification target was not told of yet");
    describe_gauge!("drumroll_notify_lag_seconds", Unit::Seconds, "How long the oldest of them has waited");
    describe_gauge!("drumroll_notify_away", "1 while a notification target does not answer");
    describe_gauge!("drumroll_notify_set_aside", "Messages set aside, over all time; a person must look");
}
