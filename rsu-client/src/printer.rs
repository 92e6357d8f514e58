//! Printers that are no printers: a file, or nothing. Real drivers come with the full device.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

use crate::ticket::PrintedTicket;

/// Where tickets go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Printer {
    /// To standard output.
    Stdout,
    /// Appended to a file.
    File(PathBuf),
    /// Nowhere, for simulated sellers.
    Discard,
}

impl Printer {
    /// Prints one ticket.
    ///
    /// # Errors
    /// The seller marks the sale as misprinted or prints it again; it stays sold.
    pub fn print(&self, ticket: &PrintedTicket) -> io::Result<()> {
        match self {
            Self::Stdout => write!(io::stdout().lock(), "{ticket}"),
            Self::File(path) => {
                let mut file = OpenOptions::new().create(true).append(true).open(path)?;
                writeln!(file, "{ticket}")
            }
            Self::Discard => Ok(()),
        }
    }
}
