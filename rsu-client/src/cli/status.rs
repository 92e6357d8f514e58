//! `rsu status`

use std::path::Path;

use serde_json::json;

use super::{EXIT_CODES, Failure};
use crate::device::{Device, Overview};
use crate::raffle::Raffle;
use crate::sell::warns;
use crate::software;

/// Check the whole memory and show what it holds
///
/// Every record, link and signature is verified. Nothing is written, and another rsu may be selling
/// meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// Machine-readable output
    #[arg(long)]
    json: bool,
}

pub(super) fn run(data: &Path, args: &Args) -> Result<(), Failure> {
    let overview = Device::look(data)?;
    if args.json {
        println!("{}", as_json(&overview));
    } else {
        print(&overview);
    }
    Ok(())
}

fn as_json(overview: &Overview) -> serde_json::Value {
    let software = software::this();
    let raffles: Vec<_> = overview.raffles.values().map(raffle_json).collect();
    json!({
        "device_id": overview.enrolment.device_id,
        "label": overview.enrolment.label,
        "organisation_name": overview.enrolment.organisation_name,
        "server_url": overview.enrolment.server_url,
        "disabled": overview.disabled,
        "software": { "name": software.name, "version": software.version, "digest": software.digest },
        "raffles": raffles,
    })
}

fn raffle_json(raffle: &Raffle) -> serde_json::Value {
    json!({
        "raffle_id": raffle.id,
        "name": raffle.terms.as_ref().map(|terms| &terms.event.name),
        "status": raffle.binding.as_ref().map(|binding| binding.status),
        "closes_at_us": raffle.binding.as_ref().map(|binding| binding.closes_at_us),
        "head_seq": raffle.head_seq(),
        "acknowledged_seq": raffle.acknowledged_seq,
        "unsynced_records": raffle.unsynced_records(),
        "unsynced_minor": raffle.unsynced_minor(),
        "quarantined": raffle.quarantined.len(),
        "sales": raffle.sales.len(),
        "misprints": raffle.misprints,
        "amount_minor": raffle.amount_minor,
        "numbers_leased": raffle.numbers_leased(),
        "numbers_used": raffle.numbers_used,
        "numbers_left": raffle.numbers_left(),
        "state": screen(raffle),
        "stopped": raffle.stopped,
    })
}

fn print(overview: &Overview) {
    let (enrolment, software) = (&overview.enrolment, software::this());
    println!("{} {}", software.name, software.version);
    println!("program digest   {}", software.digest);
    println!("device           {} ({})", enrolment.label, enrolment.device_id);
    println!("organisation     {}", enrolment.organisation_name);
    println!("server           {}", enrolment.server_url);
    if let Some(reason) = &overview.disabled {
        println!("DISABLED         {reason}");
    }
    for raffle in overview.raffles.values() {
        println!();
        println!("raffle           {}", raffle.id);
        if let Some(terms) = &raffle.terms {
            println!("                 {}{}", terms.event.name, if terms.test { "  TEST" } else { "" });
        }
        println!("state            {}", screen(raffle));
        println!("sales            {}, {} minor units", raffle.sales.len(), raffle.amount_minor);
        let warning = raffle.terms.as_ref().is_some_and(|terms| {
            raffle.unsynced_records() > 0
                && warns(raffle.unsynced_records(), u64::from(terms.device.buffer_records_max))
        });
        println!("not uploaded     {}{}", raffle.unsynced_records(), if warning { "  WARNING: sync soon" } else { "" });
        let low = !raffle.leases.is_empty() && raffle.numbers_are_low();
        println!("numbers left     {}{}", raffle.numbers_left(), if low { "  WARNING: running low" } else { "" });
    }
}

/// The word for the screen.
fn screen(raffle: &Raffle) -> &'static str {
    if raffle.stopped.is_some() {
        "stopped: return to the desk"
    } else if raffle.final_acknowledged {
        "all sales uploaded"
    } else if raffle.final_seq.is_some_and(|seq| raffle.quarantined.contains_key(&seq)) {
        "final report not accepted: return to the desk"
    } else if raffle.final_seq.is_some() || raffle.sales_are_over() {
        "sales closed, uploading"
    } else if raffle.binding.as_ref().is_some_and(|binding| binding.status == drumroll_protocol::RaffleStatus::Selling)
    {
        "selling"
    } else {
        "not selling"
    }
}
