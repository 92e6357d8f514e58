//! `rsu simulate`

use std::path::PathBuf;
use std::time::Duration;

use drumroll_engine::id::RaffleId;
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::{EXIT_CODES, Failure, chain};
use crate::error::DeviceError;
use crate::simulate::{AdminError, Options, SimulateError, simulate};

/// Run many simulated sellers with real devices against a real server
///
/// Registers, enrols and enables the devices with an administrator's login, then sells at a human
/// pace: exponential gaps around 20 s per seller, three times as fast in the last ten minutes, the
/// network coming and going, one ticket in a hundred misprinted. --speed makes all of that faster;
/// the server's clock and the closing time stay as they are. Devices live in DATA/device-NNN and are
/// used again by the next run. Progress goes to standard error, one JSON object per line. Ctrl-C ends
/// it gracefully: everything sold is on the disk.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// How many devices
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    devices: u32,
    /// Seed of the sellers' behaviour
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// How many times faster than people
    #[arg(long, default_value_t = 1.0, value_name = "X", value_parser = positive)]
    speed: f64,
    /// Probability, from 0 to 1, that a device is offline at a time
    #[arg(long, default_value_t = 0.0, value_name = "P", value_parser = share)]
    offline_rate: f64,
    /// Address of the server, e.g. <http://127.0.0.1:8080>
    #[arg(long, value_name = "URL")]
    server: String,
    /// Administrator's login
    #[arg(long, value_name = "L")]
    login: String,
    /// File with the administrator's password; without it the environment variable RSU_PASSWORD
    #[arg(long, value_name = "F")]
    password_file: Option<PathBuf>,
    /// Raffle to sell in
    #[arg(long, value_name = "ID")]
    raffle: RaffleId,
    /// End only when every device has reported final (exit code 1 if it ends otherwise)
    #[arg(long)]
    until_final: bool,
    /// Write a JSON report of every sale, with its acknowledgement
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// This many devices go offline after a few sales and stay so until called back
    #[arg(long, default_value_t = 0, value_name = "K")]
    straggler: u32,
    /// Call the stragglers back when this file exists
    #[arg(long, value_name = "FILE")]
    straggler_back_file: Option<PathBuf>,
    /// Call the stragglers back this many seconds after all others have reported final
    #[arg(long, value_name = "S")]
    straggler_back_after: Option<u64>,
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if number.is_finite() && number > 0.0 { Ok(number) } else { Err("must be above 0".into()) }
}

fn share(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&number) { Ok(number) } else { Err("must be from 0 to 1".into()) }
}

impl From<SimulateError> for Failure {
    fn from(error: SimulateError) -> Self {
        let may_retry = match &error {
            SimulateError::Device(DeviceError::Store(crate::store::StoreError::Damaged(_))) => {
                return Self { exit: 4, text: chain(&error) };
            }
            SimulateError::Admin(AdminError::Unreachable(_)) => true,
            SimulateError::Enrol(error) => error.may_retry(),
            SimulateError::Device(error) => error.may_retry(),
            SimulateError::Admin(_) | SimulateError::Http(_) | SimulateError::Io(_) => false,
        };
        Self::of(&error, may_retry)
    }
}

pub(super) async fn run(data: PathBuf, args: Args) -> Result<(), Failure> {
    let password = match &args.password_file {
        Some(file) => Zeroizing::new(
            std::fs::read_to_string(file).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?,
        ),
        None => Zeroizing::new(
            std::env::var("RSU_PASSWORD").map_err(|_| Failure::usage("give --password-file or set RSU_PASSWORD"))?,
        ),
    };
    let options = Options {
        devices: args.devices,
        seed: args.seed,
        speed: args.speed,
        offline_rate: args.offline_rate,
        server: args.server,
        login: args.login,
        password: Zeroizing::new(password.trim_end_matches(['\r', '\n']).to_owned()),
        raffle_id: args.raffle,
        data,
        until_final: args.until_final,
        report: args.report,
        stragglers: args.straggler,
        straggler_back_file: args.straggler_back_file,
        straggler_back_after: args.straggler_back_after.map(Duration::from_secs),
    };
    let (interrupt, interrupted) = watch::channel(false);
    tokio::spawn(async move {
        asked_to_stop().await;
        interrupt.send_replace(true);
        // The sender stays, so that its going is not taken for a signal.
        std::future::pending::<()>().await;
    });
    let report = simulate(&options, interrupted).await?;
    if options.until_final && !report.all_final {
        return Err(Failure::refused("not every device reported final"));
    }
    Ok(())
}

/// Ctrl-C, or the signal that supervisors send.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
