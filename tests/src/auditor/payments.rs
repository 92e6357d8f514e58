//! The payment provider's own ledger against a raffle's account: whose money was taken, how often, and for what (I3, I5).

use super::bytes::{self, Id};
use super::replay::Account;
use super::{Check, Findings};
use crate::provider::Paid;
use std::collections::BTreeMap;

/// What a provider has of one order.
#[derive(Debug, Default)]
struct Taken {
    charged: u32,
    refunded: u32,
    amounts: Vec<(u64, String)>,
    /// Payments that could still be taken.
    open: u32,
}

/// Compares every payment with its order and every order with its payments, when nothing is under way any more. Answers
/// what the provider keeps, in minor units.
pub fn check(payments: &[Paid], raffle: Id, account: &Account, findings: &mut Findings) -> u64 {
    let currency = account.config["currency"].as_str().unwrap_or_default().to_lowercase();
    let mut taken: BTreeMap<Id, Taken> = BTreeMap::new();
    let mut kept_minor = 0;
    for paid in payments {
        if bytes::id(&paid.raffle) != Some(raffle) {
            if paid.charged > 0 {
                findings.add(
                    Check::Charge,
                    format!("money was taken for raffle {:?}, order {:?}", paid.raffle, paid.order),
                );
            }
            continue;
        }
        let Some(order) = bytes::id(&paid.order) else {
            findings.add(Check::Charge, format!("a payment for {:?}, which is no order", paid.order));
            continue;
        };
        let entry = taken.entry(order).or_default();
        entry.charged += paid.charged;
        entry.refunded += u32::from(paid.refunded);
        entry.open += u32::from(paid.charged == 0 && !paid.declined && !paid.cancelled);
        entry.amounts.push((paid.amount_minor, paid.currency.clone()));
        kept_minor += paid.amount_minor * u64::from(paid.charged - u32::from(paid.refunded).min(paid.charged));
    }
    let nothing = Taken::default();
    for (key, order) in &account.orders {
        let name = format!("order {}", bytes::uuid(key));
        let Taken { charged, refunded, amounts, open } = taken.get(key).unwrap_or(&nothing);
        if *charged > 1 {
            findings.add(Check::ChargedTwice, format!("{name} was charged {charged} times"));
        }
        let wrong = amounts.iter().find(|(amount, paid_in)| *amount != order.price_minor || *paid_in != currency);
        if let Some((amount, paid_in)) = wrong {
            let asked = order.price_minor;
            findings
                .add(Check::Charge, format!("{name} costs {asked} {currency}, its payment was of {amount} {paid_in}"));
        }
        let ticket = account.tickets.get(key).map(|ticket| ticket.state);
        let (charges, refunds) = match (ticket, &order.status[..]) {
            (Some("voided"), _) => (1, 1),
            (Some(_), _) => (1, 0),
            (None, "declined") => (0, 0),
            // Paid too late, and paid back; or never paid.
            (None, _) if order.refund_due => (1, 1),
            (None, _) => (0, 0),
        };
        if (*charged, *refunded) != (charges, refunds) {
            let stands = ticket
                .map_or_else(|| format!("{} without a ticket", order.status), |state| format!("a {state} ticket"));
            findings.add(
                Check::Charge,
                format!(
                    "{name}, {stands}: charged {charged} and paid back {refunded} times, not {charges} and {refunds}"
                ),
            );
        }
        if *open > 0 && order.status != "held" {
            findings.add(Check::Charge, format!("{name} is {}, and its payment could still be taken", order.status));
        }
        if order.refund_due != order.refunded {
            findings.add(Check::Charge, format!("{name} is owed money that was not paid back"));
        }
    }
    for (key, taken) in taken.iter().filter(|(key, taken)| taken.charged > 0 && !account.orders.contains_key(*key)) {
        findings.add(
            Check::Charge,
            format!("order {} was charged {} times and is unknown", bytes::uuid(key), taken.charged),
        );
    }
    let online =
        account.tickets.iter().filter(|(key, ticket)| ticket.state != "voided" && account.orders.contains_key(*key));
    let sold_minor: u64 = online.map(|(_, ticket)| ticket.price_minor).sum();
    findings.equal(Check::Sums, "what the provider keeps", kept_minor, sold_minor);
    kept_minor
}
