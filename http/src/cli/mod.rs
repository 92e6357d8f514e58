//! The program `drumroll`: one file per subcommand.

mod audit;
mod demo;
mod rebuild;
mod serve;
mod settings;
mod verify;

use crate::config::{LogFormat, Settings};
use clap::{Parser, Subcommand};
use std::io::IsTerminal;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Drumroll: an open electronic raffle system
///
/// One program and one database file run a whole event: `drumroll demo` shows one, `drumroll serve` runs
/// yours. The other commands check and repair what a server wrote.
#[derive(Debug, Parser)]
#[command(name = "drumroll", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Demo(demo::Args),
    Verify(verify::Args),
    Audit(audit::Args),
    Rebuild(rebuild::Args),
}

/// The exit codes of the commands that run a server.
const SERVER_CODES: &str = "\
Exit codes:
  0  stopped as asked; everything is on record
  1  it could not start, or ended by itself
  2  wrong usage, or a configuration that is refused; the message names the key";

/// A failure, with what the exit code says about it.
#[derive(Debug)]
struct Failure {
    exit: u8,
    text: String,
}

impl Failure {
    fn new(exit: u8, text: impl Into<String>) -> Self {
        Self { exit, text: text.into() }
    }

    /// Something that went wrong on the way, with its causes.
    fn of(exit: u8, error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            // Some causes are part of their effect's text already.
            if !text.contains(&cause.to_string()) {
                text.push_str(": ");
                text.push_str(&cause.to_string());
            }
            source = cause.source();
        }
        Self { exit, text }
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    crate::server::install_crypto();
    let done = match Cli::parse().command {
        Command::Serve(args) => serve::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Rebuild(args) => rebuild::run(&args),
    };
    match done {
        Ok(code) => code,
        Err(Failure { exit, text }) => {
            eprintln!("drumroll: {text}");
            ExitCode::from(exit)
        }
    }
}

/// Runs a future under actix, on as many threads as there are processors.
fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let mut runtime = Some(runtime.map_err(|error| Failure::new(1, format!("no threads: {error}")))?);
    let system = actix_web::rt::System::with_tokio_rt(move || {
        runtime.take().unwrap_or_else(|| unreachable!("a system asks for its runtime once"))
    });
    system.block_on(future)
}

/// Starts the log on standard error. Nothing of a request's content ever stands in it.
fn start_log(settings: &Settings) {
    let filter = EnvFilter::try_new(&settings.log_filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start of the log, in tests, keeps the first.
    let _ = match settings.log_format {
        LogFormat::Json => log.json().try_init(),
        LogFormat::Text => log.with_target(false).try_init(),
    };
}
