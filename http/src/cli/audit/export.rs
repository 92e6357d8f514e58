//! `drumroll audit export`

use super::PAGE;
use super::line::{FORMAT, Header, Line};
use crate::cli::settings::ConfigArgs;
use crate::cli::{Failure, block_on};
use crate::config::Settings;
use crate::server::open_store;
use drumroll_actors::clock::{Clock, SystemClock};
use drumroll_engine::id::RaffleId;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Write every journal to a file that `drumroll audit verify FILE` checks
///
/// JSON lines: a header with each journal's end, then the events with their envelopes and hashes. There
/// are no passwords, keys or buyers' data in it. A server may be running.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes:
  0  written
  1  the store did not answer, or holds what cannot be exported
  2  the file cannot be written, a configuration is refused, or wrong usage")]
pub(in crate::cli) struct Args {
    /// The file; it must not exist yet
    file: PathBuf,
    /// Only this raffle and the journal of its organisation
    #[arg(long, value_name = "ID")]
    raffle: Option<RaffleId>,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let settings = args.config.read()?;
    let unwritten = |error: std::io::Error| Failure::new(2, format!("{}: {error}", args.file.display()));
    // It names staff and holds every ticket's validation number: for its owner's eyes, like the database.
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&args.file).map_err(unwritten)?;
    let written = block_on(write_journals(args, &settings, file));
    if written.is_err() {
        // Half an export must not be taken for one. If it cannot be removed either, verifying finds it out.
        let _ = std::fs::remove_file(&args.file);
    }
    written
}

async fn write_journals(args: &Args, settings: &Settings, file: std::fs::File) -> Result<ExitCode, Failure> {
    let unwritten = |error: std::io::Error| Failure::new(2, format!("{}: {error}", args.file.display()));
    let store = open_store(settings).await.map_err(|error| Failure::of(1, &error))?;
    let mut heads = store.heads().await.map_err(|error| Failure::of(1, &error))?;
    if let Some(raffle) = args.raffle {
        let organisation = heads.iter().find(|head| head.stream.raffle == raffle).map(|head| head.stream.organisation);
        let organisation = organisation.ok_or_else(|| Failure::new(1, "there is no such raffle"))?;
        heads.retain(|head| {
            let stream = head.stream;
            stream.raffle == raffle || (stream.organisation == organisation && stream.raffle == RaffleId::NIL)
        });
    }
    if heads.is_empty() {
        return Err(Failure::new(1, "there is no journal to export"));
    }
    let mut out = BufWriter::new(file);
    let header = Header {
        format: FORMAT.to_owned(),
        exported_at_ms: SystemClock.now().as_millis(),
        journals: heads.iter().map(Into::into).collect(),
    };
    let mut write = |line: Result<String, serde_json::Error>| {
        let line = line.map_err(|error| Failure::of(1, &error))?;
        writeln!(out, "{line}").map_err(unwritten)
    };
    write(serde_json::to_string(&header))?;
    let mut events = 0u64;
    for head in &heads {
        let mut after = 0;
        // Only as far as the header says: a running server goes on writing.
        while after < head.head.seq {
            let page = store.records(head.stream, after, PAGE).await.map_err(|error| Failure::of(1, &error))?;
            let Some((last, _)) = page.last() else { break };
            after = last.seq;
            for (record, hash) in page.iter().filter(|(record, _)| record.seq <= head.head.seq) {
                let line = Line::of(record, *hash);
                let line = line.ok_or_else(|| Failure::new(1, format!("event {} is not text", record.seq)))?;
                write(serde_json::to_string(&line))?;
                events += 1;
            }
        }
        if after < head.head.seq {
            let (raffle, end) = (head.stream.raffle, head.head.seq);
            return Err(Failure::new(1, format!("the journal of {raffle} ends at {after}, not at {end}")));
        }
    }
    out.flush().map_err(unwritten)?;
    out.get_ref().sync_all().map_err(unwritten)?;
    println!("{} journals, {events} events", heads.len());
    Ok(ExitCode::SUCCESS)
}
