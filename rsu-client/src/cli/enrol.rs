//! `rsu enrol`

use std::path::Path;

use super::{EXIT_CODES, Failure};
use crate::enrol::{enrol, http_client};

/// Make this device's key and enrol it with the server
///
/// The secret key is made here, stored in the data directory for its owner only, and never leaves it.
/// The server's identity key is pinned: afterwards the device talks to no other server. Enrolled is
/// not enabled: an administrator enables the device before it can sell. If the outcome is unknown,
/// repeat the same command.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// Address of the server, e.g. <https://raffle.example>
    #[arg(long, value_name = "URL")]
    server: String,
    /// One-time code from the administrator
    #[arg(long, env = "RSU_ENROLMENT_CODE", hide_env_values = true)]
    code: String,
}

pub(super) async fn run(data: &Path, args: Args) -> Result<(), Failure> {
    let http = http_client().map_err(|error| Failure::of(&error, false))?;
    let enrolment =
        enrol(&http, &args.server, &args.code, data).await.map_err(|error| Failure::of(&error, error.may_retry()))?;
    println!("enrolled as {} ({}) of {}", enrolment.label, enrolment.device_id, enrolment.organisation_name);
    Ok(())
}
