//! `drumroll demo`

use super::settings::ConfigArgs;
use super::{Failure, SERVER_CODES, block_on, start_log};
use crate::demo;
use std::process::ExitCode;

/// Run the server with a live demo event
///
/// At the first start it makes a demo organisation and opens an event, Hawks vs. Kodiaks, that sells for
/// about 45 minutes; simulated handhelds sell beside it at a human pace. Started again it goes on where it
/// was.
#[derive(Debug, clap::Args)]
#[command(after_help = SERVER_CODES)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Begin a new demo event even if one is there
    #[arg(long)]
    new: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let settings = args.config.read()?;
    start_log(&settings);
    let new = args.new;
    block_on(async move {
        demo::run(&settings, new).await.map_err(|error| Failure::of(1, &error))?;
        Ok(ExitCode::SUCCESS)
    })
}
