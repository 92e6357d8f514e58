//! `drumroll audit verify` (I7, A-04)

use super::PAGE;
use super::line::{FORMAT, Header, Line};
use crate::cli::settings::ConfigArgs;
use crate::cli::{Failure, block_on};
use crate::config::Settings;
use crate::server::open_store;
use drumroll_actors::store::StreamId;
use drumroll_engine::id::RaffleId;
use drumroll_engine::journal::{Head, Record};
use drumroll_engine::{organisation, raffle};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Check every journal: altered, dropped, inserted and cut-off events are found
///
/// Without FILE it checks the configured store, while a server may be running. With FILE it checks an
/// export and needs nothing else.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes:
  0  every chain holds
  1  at least one does not
  2  the store or the file cannot be read, a configuration is refused, or wrong usage")]
pub(in crate::cli) struct Args {
    /// An export of `drumroll audit export`
    #[arg(conflicts_with = "store")]
    file: Option<PathBuf>,
    /// Check the configured store (the default)
    #[arg(long)]
    store: bool,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// What became of one journal.
#[derive(Debug, Serialize)]
struct Finding {
    organisation: String,
    /// Nil for an organisation's own journal.
    raffle: String,
    events: u64,
    hash: String,
    problem: Option<String>,
}

/// One journal under examination. It stops at the first break: nothing after it can be trusted.
struct Chain {
    stream: StreamId,
    head: Head,
    epoch: u64,
    problem: Option<String>,
}

impl Chain {
    fn new(stream: StreamId) -> Self {
        Self { stream, head: Head::default(), epoch: 0, problem: None }
    }

    fn follow(&mut self, record: &Record, hash: &[u8; 32]) {
        if self.problem.is_some() {
            return;
        }
        if record.organisation != self.stream.organisation || record.raffle != self.stream.raffle {
            self.problem = Some(format!("event {} belongs to another journal", record.seq));
            return;
        }
        if let Err(error) = self.head.follow(record, hash) {
            self.problem = Some(error.to_string());
            return;
        }
        // An owner that was fenced off writes nothing more, so an older term never follows a newer one (I11).
        if record.epoch < self.epoch {
            self.problem = Some(format!("event {} was written by an owner that had been replaced", record.seq));
            return;
        }
        self.epoch = record.epoch;
        // A chain can hold over bytes that mean nothing; then this build could not have written them.
        let readable = if self.stream.raffle == RaffleId::NIL {
            organisation::Event::decode(&record.payload).map(drop)
        } else {
            raffle::Event::decode(&record.payload).map(drop)
        };
        if readable.is_err() {
            self.problem = Some(format!("event {} cannot be read by this build", record.seq));
        }
    }

    fn finish(mut self, expected_seq: u64, expected_hash: [u8; 32]) -> Finding {
        if self.problem.is_none() && (self.head.seq != expected_seq || self.head.hash.0 != expected_hash) {
            self.problem = Some(format!("it ends at event {}, not as recorded at event {expected_seq}", self.head.seq));
        }
        Finding {
            organisation: self.stream.organisation.to_string(),
            raffle: self.stream.raffle.to_string(),
            events: self.head.seq,
            hash: self.head.hash.to_string(),
            problem: self.problem,
        }
    }
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let findings = match &args.file {
        Some(file) => check_file(file)?,
        None => {
            let settings = args.config.read()?;
            block_on(check_store(&settings))?
        }
    };
    let ok = findings.iter().all(|finding| finding.problem.is_none());
    if args.json {
        println!("{}", serde_json::json!({ "ok": ok, "journals": findings }));
    } else {
        for Finding { raffle, events, hash, problem, organisation } in &findings {
            let name = if *raffle == RaffleId::NIL.to_string() {
                format!("organisation {organisation}")
            } else {
                format!("raffle {raffle}")
            };
            match problem {
                None => println!("{name}: {events} events, ends with {hash}"),
                Some(problem) => println!("{name}: DAMAGED: {problem}"),
            }
        }
        let damaged = findings.iter().filter(|finding| finding.problem.is_some()).count();
        match damaged {
            0 => println!("Every chain holds: {} journals.", findings.len()),
            damaged => println!("{damaged} of {} journals are damaged.", findings.len()),
        }
    }
    Ok(ExitCode::from(u8::from(!ok)))
}

async fn check_store(settings: &Settings) -> Result<Vec<Finding>, Failure> {
    let store = open_store(settings).await.map_err(|error| Failure::of(2, &error))?;
    let mut findings = Vec::new();
    for head in store.heads().await.map_err(|error| Failure::of(2, &error))? {
        let mut chain = Chain::new(head.stream);
        while chain.problem.is_none() {
            let read = store.records(head.stream, chain.head.seq, PAGE).await;
            let page = read.map_err(|error| Failure::of(2, &error))?;
            // Events written since the end was read are the next check's business.
            let mut known = page.iter().filter(|(record, _)| record.seq <= head.head.seq).peekable();
            if known.peek().is_none() {
                break;
            }
            known.for_each(|(record, hash)| chain.follow(record, hash));
        }
        findings.push(chain.finish(head.head.seq, head.head.hash.0));
    }
    Ok(findings)
}

fn check_file(path: &Path) -> Result<Vec<Finding>, Failure> {
    let unreadable = |what: &dyn std::fmt::Display| Failure::new(2, format!("{}: {what}", path.display()));
    let file = std::fs::File::open(path).map_err(|error| unreadable(&error))?;
    let mut lines = BufReader::new(file).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new())).map_err(|error| unreadable(&error))?;
    let header: Header = serde_json::from_str(&first).map_err(|_| unreadable(&"this is no export of journals"))?;
    if header.format != FORMAT {
        return Err(unreadable(&format!("format {} is not known here", header.format)));
    }
    if header.journals.is_empty() {
        return Err(unreadable(&"it holds no journals"));
    }
    let mut chains: BTreeMap<StreamId, Chain> = BTreeMap::new();
    for end in &header.journals {
        let stream = StreamId { organisation: end.organisation, raffle: end.raffle };
        chains.insert(stream, Chain::new(stream));
    }
    let mut stray = None;
    for (number, line) in (2..).zip(lines) {
        let line = line.map_err(|error| unreadable(&error))?;
        let parsed = serde_json::from_str::<Line>(&line).ok().and_then(Line::record);
        let Some((record, hash)) = parsed else {
            stray.get_or_insert(format!("line {number} is no event"));
            continue;
        };
        let stream = StreamId { organisation: record.organisation, raffle: record.raffle };
        match chains.get_mut(&stream) {
            Some(chain) => chain.follow(&record, &hash),
            None => drop(stray.get_or_insert(format!("line {number} is of a journal that the header does not name"))),
        }
    }
    let mut findings = Vec::new();
    for end in header.journals {
        let stream = StreamId { organisation: end.organisation, raffle: end.raffle };
        if let Some(chain) = chains.remove(&stream) {
            findings.push(chain.finish(end.seq, end.hash.0));
        }
    }
    if let Some(problem) = stray {
        let nil = RaffleId::NIL.to_string();
        findings.push(Finding {
            organisation: nil.clone(),
            raffle: nil,
            events: 0,
            hash: String::new(),
            problem: Some(problem),
        });
    }
    Ok(findings)
}
