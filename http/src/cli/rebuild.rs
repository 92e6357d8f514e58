//! `drumroll rebuild`

use super::settings::ConfigArgs;
use super::{Failure, block_on};
use crate::config::{Database, Settings};
use crate::server::{Folder, open_store};
use drumroll_actors::aggregate::{Aggregate, Live, LoadError};
use drumroll_actors::store::{Row, Store, StoreError, StreamHead, StreamId};
use drumroll_engine::id::RaffleId;
use drumroll_engine::journal::ChainError;
use drumroll_engine::organisation::Organisation;
use drumroll_engine::raffle::Raffle;
use std::process::ExitCode;
use std::sync::Arc;

/// Make the read models again from the events, and say where they differed
///
/// Lists, tickets, orders and draws are derived from the journals; this drops and derives them anew.
/// Accounts' passwords, sessions and keys are not derived and stay. Stop the server first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes:
  0  rebuilt; they were as they should be
  1  rebuilt; some were not as they should be, and are now
  2  not done: the store cannot be read, a journal is damaged, a server runs, or wrong usage")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// Events asked for at a time.
const PAGE: u32 = 10_000;

/// Differences that are printed per journal.
const SHOWN: usize = 10;

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let settings = args.config.read()?;
    block_on(rebuild(&settings))
}

async fn rebuild(settings: &Settings) -> Result<ExitCode, Failure> {
    let _folder = match settings.database() {
        Database::Sqlite(_) => Some(Folder::lock(&settings.data_dir).map_err(|error| Failure::of(2, &error))?),
        // Other machines' servers are not visible from here; the help says to stop them.
        Database::Postgres(_) => None,
    };
    let failed = |error: StoreError| Failure::of(2, &error);
    let store = open_store(settings).await.map_err(failed)?;
    let (mut journals, mut differing) = (0, 0);
    for head in store.heads().await.map_err(failed)? {
        let stream = head.stream;
        let rows = if stream.raffle == RaffleId::NIL {
            rows_of::<Organisation>(&store, &head).await?
        } else {
            rows_of::<Raffle>(&store, &head).await?
        };
        let before = store.dump(stream).await.map_err(failed)?;
        store.rebuild(stream, rows).await.map_err(failed)?;
        let after = store.dump(stream).await.map_err(failed)?;
        journals += 1;
        if before != after {
            differing += 1;
            report(stream, &before, &after);
        }
    }
    println!("{journals} journals rebuilt, {differing} had differed.");
    Ok(ExitCode::from(u8::from(differing > 0)))
}

/// The rows that a journal implies, its summary last, as its actor wrote them.
async fn rows_of<A: Aggregate>(store: &Arc<dyn Store>, head: &StreamHead) -> Result<Vec<Row>, Failure> {
    let stream = head.stream;
    let damaged =
        |error: LoadError| Failure::new(2, format!("journal of {} {}: {error}", stream.organisation, stream.raffle));
    let mut live = Live::<A>::empty(stream, head.epoch);
    let mut rows = Vec::new();
    loop {
        let page = store.records(stream, live.head.seq, PAGE).await.map_err(|error| Failure::of(2, &error))?;
        if page.is_empty() {
            break;
        }
        for entry in page {
            let (record, _) = &entry;
            let event =
                A::decode(&record.payload).map_err(|source| damaged(LoadError::Payload { seq: record.seq, source }))?;
            live.replay(std::slice::from_ref(&entry)).map_err(damaged)?;
            live.state.rows(stream, record, &event, &mut rows);
        }
    }
    if live.head != head.head {
        let (expected, found) = (head.head.seq, live.head.seq);
        let error = if expected == found {
            ChainError::Hash { seq: found }.into()
        } else {
            LoadError::Truncated { expected, found }
        };
        return Err(damaged(error));
    }
    rows.extend(A::summary(&live));
    Ok(rows)
}

fn report(stream: StreamId, before: &[String], after: &[String]) {
    println!("organisation {}, raffle {}: the read model differed", stream.organisation, stream.raffle);
    let only = |these: &[String], those: &[String]| {
        let those: std::collections::HashSet<&String> = those.iter().collect();
        these.iter().filter(|row| !those.contains(row)).cloned().collect::<Vec<_>>()
    };
    for (sign, rows) in [("-", only(before, after)), ("+", only(after, before))] {
        for row in rows.iter().take(SHOWN) {
            println!("  {sign} {row}");
        }
        if rows.len() > SHOWN {
            println!("  {sign} and {} more", rows.len() - SHOWN);
        }
    }
}
