//! `drumroll serve`

use super::settings::ConfigArgs;
use super::{Failure, SERVER_CODES, block_on, start_log};
use crate::auth::bootstrap::FIRST_LOGIN;
use crate::config::Settings;
use crate::server::{Folder, Prepared, Running, StartError, Told};
use std::process::ExitCode;

/// Run the server
///
/// At the first start it makes the database, the master key, a first organisation and an administrator
/// whose one-time password it prints. Ctrl-C stops it gracefully.
#[derive(Debug, clap::Args)]
#[command(after_help = SERVER_CODES)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let settings = args.config.read()?;
    start_log(&settings);
    block_on(async move {
        serve(&settings).await.map_err(|error| Failure::of(1, &error))?;
        Ok(ExitCode::SUCCESS)
    })
}

async fn serve(settings: &Settings) -> Result<(), StartError> {
    let mut told = Told::listen()?;
    let _folder = Folder::lock(&settings.data_dir)?;
    let prepared = Prepared::new(settings).await?;
    let first = prepared.first_start(settings).await?;
    let mut running = Running::start(settings, prepared)?;
    let address = running.address(settings);
    println!("Drumroll is at {address}/ (administration: {address}/admin/, API: {address}/api/docs)");
    if let Some(password) = first.one_time_password {
        println!("First administrator: login {FIRST_LOGIN}, one-time password {}", password.expose());
    }
    let ended = running.until_told(&mut told).await;
    running.stop().await;
    ended
}
