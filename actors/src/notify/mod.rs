//! Telling others: what happened to a raffle goes to the server's log, to an SNS topic, to whatever
//! [`Target`] there is, after it is durable and without ever keeping a sale waiting (I12).
//!
//! There is no table of messages. What may be told of stands in the facts and the significant events, which
//! are written in the transaction of the event itself; a target is a cursor over them, one for each journal.
//! So a sale writes nothing for it, what is told cannot differ from what is on record, a new target can be
//! given all of history, and a target that is away for a week costs no memory and no disk.
//!
//! The contract is at least once, and in order for each subject, that is each journal: a message goes out
//! again until the target confirms it, and the next one of its subject waits for that. A cursor moves by
//! comparison with where it stood, so two nodes that tell of one subject at once repeat each other at worst.
//!
//! A message that a target refuses, as opposed to a target that is away, is tried a few times, then set aside:
//! on record (`outbox_refused`), in the log and in the metrics; its subject goes on.
//!
//! | file | idea |
//! |---|---|
//! | `notice` | the closed list of kinds, and the message |
//! | `target` | what a target must do, and the two ways to fail |
//! | `log`, `sns` | targets |
//! | `teller` | one target's subjects, each in order, several at a time |
//! | `subject` | one subject's messages until there are no more |
//! | `figures` | how far behind a target is |
//! | `pause` | how long to wait before trying again |
//! | `alerts` | what no journal would say by itself: a raffle was set aside |

mod alerts;
mod figures;
pub mod log;
pub mod notice;
mod pause;
pub mod sns;
mod subject;
pub mod target;
mod teller;
#[cfg(test)]
mod tests;

pub use figures::Figures;
pub use notice::{Kind, Notice};
pub use target::{Target, TellError};

use crate::node::Node;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How targets are treated.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Subjects told of at the same time, for each target.
    pub abreast: usize,
    /// The longest that one message may take; then the target counts as away.
    pub deadline: Duration,
    /// The first pause after a target failed.
    pub pause: Duration,
    /// The longest pause.
    pub pause_max: Duration,
    /// Refusals after which a message is set aside.
    pub refusals_max: u32,
    /// How often to look without being told that there is something: other nodes do not ring here.
    pub sweep: Duration,
    /// Whether a target that is new is told of what happened before it came.
    pub history: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            abreast: 8,
            deadline: Duration::from_secs(10),
            pause: Duration::from_millis(500),
            pause_max: Duration::from_secs(60),
            refusals_max: 5,
            sweep: Duration::from_secs(15),
            history: false,
        }
    }
}

/// A target, and what it is told of.
#[derive(Clone)]
pub struct Subscription {
    /// The target.
    pub target: Arc<dyn Target>,
    /// The kinds it is told of.
    pub kinds: BTreeSet<Kind>,
}

/// The running outbox of a node.
pub struct Outbox {
    figures: Arc<[Arc<Figures>]>,
    stop: watch::Sender<bool>,
    tellers: Vec<JoinHandle<()>>,
    alerts: JoinHandle<()>,
}

impl Outbox {
    /// Starts to tell, within a tokio runtime. It goes on where the last life of the node ended.
    pub fn start(node: &Node, subscriptions: Vec<Subscription>, options: Options) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (mut figures, mut tellers) = (Vec::new(), Vec::new());
        for Subscription { target, kinds } in subscriptions {
            let own = Arc::new(Figures::new(target.name()));
            figures.push(own.clone());
            let subject = subject::Teller {
                store: node.store().clone(),
                clock: node.clock().clone(),
                target,
                kinds,
                options,
                figures: own,
                stopped: stopped.clone(),
            };
            tellers.push(tokio::spawn(teller::run(Arc::new(subject), node.bell())));
        }
        let alerts = tokio::spawn(alerts::run(node.clone(), stopped));
        Self { figures: figures.into(), stop, tellers, alerts }
    }

    /// Each target's figures.
    pub fn figures(&self) -> Arc<[Arc<Figures>]> {
        self.figures.clone()
    }

    /// Lets what is under way end and notes how far each target came. What takes longer than `patience` is
    /// broken off and told again by the next life.
    pub async fn stop(self, patience: Duration) {
        self.alerts.abort();
        self.stop.send_replace(true);
        let end = tokio::time::Instant::now() + patience;
        for mut teller in self.tellers {
            if tokio::time::timeout_at(end, &mut teller).await.is_err() {
                teller.abort();
            }
        }
    }
}

/// Returns when the outbox stops.
async fn end(stopped: &mut watch::Receiver<bool>) {
    // One that is gone without a word has stopped, too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
