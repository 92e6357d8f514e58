//! The program `rsu`: one file per subcommand.

mod enrol;
mod sell;
mod simulate;
mod status;
mod sync;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use drumroll_engine::id::RaffleId;

use crate::device::Device;
use crate::error::DeviceError;
use crate::raffle::Raffle;
use crate::store::StoreError;

/// What the exit codes mean, for every subcommand's help.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused, or failed in a way that repeating does not help
  2  wrong usage
  3  not possible now; the same command may succeed later
  4  the device's memory is damaged: it must not be used";

/// Drumroll raffle sales unit: sells bearer tickets with or without a network.
///
/// A device keeps its key and its signed series of sales in one data directory. Nothing in it is ever
/// deleted by this program.
#[derive(Debug, Parser)]
#[command(name = "rsu", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// Directory with the device's key and series
    #[arg(long, global = true, env = "RSU_DATA", default_value = "rsu-data", value_name = "DIR")]
    data: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Enrol(enrol::Args),
    Sell(sell::Args),
    Sync(sync::Args),
    Status(status::Args),
    Simulate(Box<simulate::Args>),
}

/// A failure, with what the exit code says about it.
#[derive(Debug)]
struct Failure {
    exit: u8,
    text: String,
}

impl Failure {
    fn refused(text: impl Into<String>) -> Self {
        Self { exit: 1, text: text.into() }
    }

    fn usage(text: impl Into<String>) -> Self {
        Self { exit: 2, text: text.into() }
    }

    fn later(text: impl Into<String>) -> Self {
        Self { exit: 3, text: text.into() }
    }

    fn of(error: &(dyn std::error::Error + 'static), may_retry: bool) -> Self {
        Self { exit: if may_retry { 3 } else { 1 }, text: chain(error) }
    }
}

impl From<DeviceError> for Failure {
    fn from(error: DeviceError) -> Self {
        match &error {
            DeviceError::Store(StoreError::Damaged(_)) => Self { exit: 4, text: chain(&error) },
            DeviceError::Refused(refusal) => {
                Self { exit: if refusal.may_retry() { 3 } else { 1 }, text: format!("{refusal} [{}]", refusal.code()) }
            }
            _ => Self::of(&error, error.may_retry()),
        }
    }
}

/// An error with its causes, once each.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Runs the program.
pub async fn run(cli: Cli) -> ExitCode {
    let result = match cli.command {
        Command::Enrol(args) => enrol::run(&cli.data, args).await,
        Command::Sell(args) => sell::run(&cli.data, &args),
        Command::Sync(args) => sync::run(&cli.data, args).await,
        Command::Status(args) => status::run(&cli.data, &args),
        Command::Simulate(args) => simulate::run(cli.data, *args).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("rsu: {}", failure.text);
            ExitCode::from(failure.exit)
        }
    }
}

/// The raffle that is meant: the one that is named, or the only one that is not over.
fn choose<'a>(
    raffles: impl Iterator<Item = &'a Raffle> + Clone,
    named: Option<RaffleId>,
) -> Result<&'a Raffle, Failure> {
    if let Some(id) = named {
        let mut raffles = raffles;
        return raffles
            .find(|raffle| raffle.id == id)
            .ok_or_else(|| Failure::later("this raffle is not known: rsu sync"));
    }
    let open: Vec<&Raffle> = raffles.filter(|raffle| raffle.terms.is_some() && !raffle.sales_are_over()).collect();
    match open[..] {
        [raffle] => Ok(raffle),
        [] => Err(Failure::later("no raffle is open on this device: rsu sync")),
        _ => Err(Failure::usage("more than one raffle is open: name one with --raffle")),
    }
}

fn open(dir: &std::path::Path) -> Result<Device, Failure> {
    Ok(Device::open(dir, Box::new(crate::clock::SystemClocks))?)
}
