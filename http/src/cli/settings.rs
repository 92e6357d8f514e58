//! The flags that every command with a configuration takes.

use super::Failure;
use crate::config::Settings;
use std::path::PathBuf;

/// Where the configuration comes from. Flags win over the environment (DRUMROLL_LISTEN, DRUMROLL_DATABASE,
/// DRUMROLL_DEMO__MINUTES …), and that over the file.
#[derive(Debug, clap::Args)]
pub(super) struct ConfigArgs {
    /// TOML file with the configuration
    #[arg(long, value_name = "FILE", env = "DRUMROLL_CONFIG")]
    config: Option<PathBuf>,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// SQLite file, or postgres:// URL
    #[arg(long, value_name = "DATABASE")]
    database: Option<String>,
    /// Folder for the database file and the master key
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Any other key, for example demo.minutes=5
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl ConfigArgs {
    pub(super) fn read(&self) -> Result<Settings, Failure> {
        let mut flags = Vec::new();
        for (key, value) in [("listen", &self.listen), ("database", &self.database), ("data_dir", &self.data_dir)] {
            if let Some(value) = value {
                flags.push((key, value.clone()));
            }
        }
        for pair in &self.set {
            let (key, value) =
                pair.split_once('=').ok_or_else(|| Failure::new(2, format!("--set {pair}: write KEY=VALUE")))?;
            flags.push((key, value.to_owned()));
        }
        Settings::read(self.config.as_deref(), std::env::vars(), &flags).map_err(|problem| Failure::of(2, &problem))
    }
}
