//! `rsu sell`

use std::path::{Path, PathBuf};

use drumroll_engine::id::{OrderKey, RaffleId};
use drumroll_engine::money::Line;

use super::{EXIT_CODES, Failure, choose, open};
use crate::device::new_order_key;
use crate::printer::Printer;

/// Sell one bearer ticket and print it
///
/// Works without a network, from the numbers leased at the last `rsu sync`. The sale is on the disk
/// before anything is printed. It is uploaded by the next `rsu sync`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// Package to sell
    #[arg(long, value_name = "ID")]
    package: u32,
    /// How many of it
    #[arg(long, default_value_t = 1, value_name = "N")]
    quantity: u32,
    /// Raffle to sell in, if more than one is open
    #[arg(long, value_name = "ID")]
    raffle: Option<RaffleId>,
    /// Idempotency key: repeating a sale with the same key returns the same ticket, as a reprint
    #[arg(long, value_name = "UUID")]
    order: Option<OrderKey>,
    /// Append the ticket to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    printer: Option<PathBuf>,
}

pub(super) fn run(data: &Path, args: &Args) -> Result<(), Failure> {
    let mut device = open(data)?;
    let raffle_id = choose(device.raffles().values(), args.raffle)?.id;
    let order = args.order.map_or_else(new_order_key, Ok)?;
    let lines = [Line { package: args.package, quantity: args.quantity }];
    let sold = device.sell(raffle_id, order, &lines, None)?;
    let printer = args.printer.clone().map_or(Printer::Stdout, Printer::File);
    let ticket = device.print(raffle_id, order)?;
    printer.print(&ticket).map_err(|error| {
        Failure::later(format!("sold as order {order}, but not printed: {error}; print again with --order {order}"))
    })?;
    if let Some(raffle) = device.raffles().get(&raffle_id) {
        eprintln!(
            "sold: record {}, {} waiting for upload, {} numbers left",
            sold.seq,
            raffle.unsynced_records(),
            raffle.numbers_left()
        );
    }
    Ok(())
}
