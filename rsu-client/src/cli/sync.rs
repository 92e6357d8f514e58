//! `rsu sync`

use std::path::Path;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::{EXIT_CODES, Failure, open};
use crate::sync::{DeviceHandle, Link, SyncConfig, run as run_sync};

/// Connect, upload every sale, fetch terms and numbers
///
/// Ends when everything is uploaded and there is nothing left to ask. After the close it also reports
/// the device final. Uploading again is harmless. With --watch it stays connected until Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// Give up after this many seconds
    #[arg(long, default_value_t = 30, value_name = "S")]
    timeout: u64,
    /// Stay connected until Ctrl-C
    #[arg(long)]
    watch: bool,
}

pub(super) async fn run(data: &Path, args: Args) -> Result<(), Failure> {
    let handle = DeviceHandle::new(open(data)?);
    let (switch, online) = watch::channel(true);
    let (link, mut shown) = watch::channel(Link::Off);
    let runner = tokio::spawn(run_sync(handle.clone(), SyncConfig::default(), online, link));
    let settled = shown.wait_for(|link| matches!(link, Link::Online { settled: true } | Link::Barred));
    let settled = timeout(Duration::from_secs(args.timeout), settled).await.map(|link| link.map(|link| *link));
    if args.watch {
        // Without a signal handler there is nothing better than to go on.
        let _ = tokio::signal::ctrl_c().await;
    }
    drop(switch);
    // The runner closes the connection and ends; a stuck one is dropped with the process.
    let _ = timeout(Duration::from_secs(2), runner).await;
    let lines = handle
        .look(|device| {
            let line = |raffle: &crate::raffle::Raffle| {
                format!(
                    "raffle {}: record {} of {} acknowledged, {} numbers left{}",
                    raffle.id,
                    raffle.acknowledged_seq,
                    raffle.head_seq(),
                    raffle.numbers_left(),
                    if raffle.final_acknowledged { ", all sales uploaded" } else { "" }
                )
            };
            Ok(device.raffles().values().map(line).collect::<Vec<_>>())
        })
        .await?;
    lines.iter().for_each(|line| println!("{line}"));
    match settled {
        Ok(Ok(Link::Barred)) => Err(Failure::refused("the server does not take this device: see the log")),
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Failure::later("not everything could be said to the server in time")),
    }
}
