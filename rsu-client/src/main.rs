//! The program `rsu`. See `rsu --help`.

use clap::Parser;
use drumroll_rsu_client::cli::{Cli, run};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    // Before anything can ask for TLS. A second provider would be a fault of the build.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("rsu: a second TLS provider is installed");
        return ExitCode::FAILURE;
    }
    let filter = EnvFilter::try_from_env("RSU_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    run(Cli::parse()).await
}
