//! What no journal would say by itself.

use crate::aggregate::Origin;
use crate::node::Node;
use crate::store::StreamId;
use drumroll_engine::id::RaffleId;
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::organisation::note::Note;
use drumroll_engine::organisation::{Command, Event};
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::watch;
use tracing::warn;

/// How often it is looked whether a raffle was set aside.
const EVERY: Duration = Duration::from_secs(2);

/// Puts each raffle that was set aside into its organisation's journal, once for each time, so that targets
/// are told of it as of everything else. It cannot stand in its own, whose actor is gone.
pub(super) async fn run(node: Node, mut stopped: watch::Receiver<bool>) {
    let mut known: HashSet<StreamId> = HashSet::new();
    while let Err(_elapsed) = tokio::time::timeout(EVERY, super::end(&mut stopped)).await {
        let aside: HashSet<StreamId> = node.raffles().set_aside().into_iter().collect();
        // One that was taken back and fails again is news again.
        known.retain(|stream| aside.contains(stream));
        for stream in aside {
            if !known.contains(&stream) && note(&node, stream).await {
                known.insert(stream);
            }
        }
    }
}

async fn note(node: &Node, stream: StreamId) -> bool {
    let raffle: RaffleId = stream.raffle;
    let event = Event::Significant {
        code: "raffle_set_aside".to_owned(),
        component: format!("raffle:{raffle}"),
        detail: "it failed again and again; a person must look".to_owned(),
    };
    let origin = Origin { actor: Actor::System, approver: None, cause: Cause::Internal };
    match node.organise(stream.organisation, origin, Command::Note(Note { event })).await {
        Ok(()) => true,
        Err(error) => {
            warn!(raffle.id = %raffle, %error, "that a raffle was set aside is not on record yet");
            false
        }
    }
}
