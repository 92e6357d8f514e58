//! `drumroll audit`

mod export;
mod line;
mod verify;

use super::Failure;
use clap::Subcommand;
use std::process::ExitCode;

/// Check or export the journals: every event with its hash chain
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Verify(verify::Args),
    Export(export::Args),
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    match &args.command {
        Command::Verify(args) => verify::run(args),
        Command::Export(args) => export::run(args),
    }
}

/// Events asked for at a time.
const PAGE: u32 = 5_000;
