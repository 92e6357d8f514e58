//! What the server says over REST, against the account that follows from the events (I4, I5).

use super::bytes::{self, Id};
use super::numbers::{Identity, Pool};
use super::replay::{Account, Sums};
use super::{Check, Findings};
use serde_json::Value;
use std::collections::BTreeMap;

fn identity(value: &Value) -> Identity {
    let field = |name: &str| value[name].as_u64().unwrap_or(u64::MAX);
    Identity {
        sold: field("sold"),
        voided: field("voided"),
        held: field("held"),
        reserved: field("reserved"),
        out_of_play: field("out_of_play"),
        unsold: field("unsold"),
    }
}

/// Compares an administrator's view of a raffle (`GET /admin/raffles/{id}`).
pub fn check_raffle(account: &Account, view: &Value, findings: &mut Findings) {
    let sums = account.sums();
    findings.equal(Check::Rows, "view: status", view["status"].as_str(), Some(&account.status));
    findings.equal(Check::Counts, "view: identity", identity(&view["identity"]), account.identity());
    findings.equal(Check::Counts, "view: total", view["identity"]["total"].as_u64(), Some(account.total()));
    findings.equal(Check::Counts, "journal: identity's total", account.identity().total(), account.total());
    for pool in view["pools"].as_array().into_iter().flatten() {
        let kind = pool["channel"].as_str().and_then(Pool::named);
        let expected = kind.and_then(|kind| account.pool_identity(kind)).unwrap_or_default();
        findings.equal(Check::Counts, format!("view: pool {}", pool["channel"]), identity(&pool["identity"]), expected);
    }
    findings.equal(Check::Sums, "view: gross", view["gross_minor"].as_u64(), Some(sums.gross_minor));
    findings.equal(Check::Sums, "view: net", view["net_minor"].as_u64(), Some(sums.net_minor()));
    findings.equal(Check::Sums, "view: numbers sold", view["numbers_sold"].as_u64(), Some(sums.numbers));
    // The main prize is the percentage prize; before the acknowledgement its value moves with net sales.
    let values: BTreeMap<u64, u64> = account.prize_values(sums.net_minor()).into_iter().collect();
    let main = view["main_prize_id"].as_u64().unwrap_or(0);
    findings.equal(Check::Sums, "view: jackpot", view["jackpot"]["value_minor"].as_u64(), values.get(&main).copied());
    for prize in view["prizes"].as_array().into_iter().flatten() {
        let expected = prize["id"].as_u64().and_then(|id| values.get(&id).copied());
        findings.equal(Check::Sums, format!("view: prize {}", prize["id"]), prize["value_minor"].as_u64(), expected);
    }
}

/// Compares the report of sales (`GET /reports/sales`).
pub fn check_sales(account: &Account, report: &Value, findings: &mut Findings) {
    let sums = account.sums();
    let mut equal = |what: &str, found: &Value, expected: u64| {
        findings.equal(Check::Sums, format!("sales report: {what}"), found.as_u64(), Some(expected));
    };
    equal("gross", &report["gross_minor"], sums.gross_minor);
    equal("voided", &report["voided_minor"], sums.voided_minor);
    equal("net", &report["net_minor"], sums.net_minor());
    equal("tickets", &report["tickets"], sums.tickets);
    equal("voided tickets", &report["voided_tickets"], sums.voided_tickets);
    equal("numbers sold", &report["numbers_sold"], sums.numbers);
    let list = |name: &str| report[name].as_array().cloned().unwrap_or_default();

    let channels = account.by_channel();
    for row in list("by_channel") {
        let name = row["channel"].as_str().unwrap_or_default().to_owned();
        let sums = channels.get(&name).copied().unwrap_or_default();
        equal(&format!("{name}, net"), &row["net_minor"], sums.net_minor());
        equal(&format!("{name}, numbers"), &row["numbers"], sums.numbers);
    }
    let packages = account.by_package();
    for row in list("by_package") {
        let id = row["package_id"].as_u64().unwrap_or(0);
        let sums = packages.get(&id).copied().unwrap_or_default();
        equal(&format!("package {id}, quantity"), &row["quantity"], sums.tickets);
        equal(&format!("package {id}, gross"), &row["gross_minor"], sums.gross_minor);
        equal(&format!("package {id}, voided"), &row["voided_minor"], sums.voided_minor);
    }
    let devices = account.by_device();
    for row in list("by_device") {
        let id: Id = row["device_id"].as_str().and_then(bytes::id).unwrap_or_default();
        let sums = devices.get(&id).copied().unwrap_or_default();
        let name = row["label"].as_str().unwrap_or_default().to_owned();
        equal(&format!("{name}, tickets"), &row["tickets"], sums.tickets);
        equal(&format!("{name}, gross"), &row["gross_minor"], sums.gross_minor);
        equal(&format!("{name}, voided"), &row["voided_minor"], sums.voided_minor);
        let misprinted = account.devices.get(&id).map_or(0, |device| device.misprinted);
        equal(&format!("{name}, misprinted"), &row["misprinted"], misprinted);
    }
    // Nothing may be left out of the rows either.
    let whole = |rows: Vec<Value>, name: &str| rows.iter().filter_map(|row| row[name].as_u64()).sum::<u64>();
    let of = |sums: Vec<Sums>| sums.iter().map(|sums| sums.gross_minor).sum::<u64>();
    let (by_package, by_device) = (whole(list("by_package"), "gross_minor"), whole(list("by_device"), "gross_minor"));
    findings.equal(Check::Sums, "sales report: sum over packages", by_package, sums.gross_minor);
    findings.equal(Check::Sums, "sales report: sum over handhelds", by_device, of(devices.into_values().collect()));
    findings.equal(
        Check::Sums,
        "sales report: sum over channels",
        whole(list("by_channel"), "net_minor"),
        sums.net_minor(),
    );
}
