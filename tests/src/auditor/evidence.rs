//! What clients kept: sales they were promised, answers they were given, sales they were refused (I1, I3, I8).

use super::bytes::{self, Id};
use super::replay::Account;
use super::{Check, Findings};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A sale as its client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// Whose record this is.
    pub source: String,
    /// The raffle.
    pub raffle: Id,
    /// The order.
    pub order: Id,
    /// The draw numbers.
    pub ranges: Vec<(u64, u64)>,
    /// The price.
    pub price_minor: u64,
    /// As printed, without dashes.
    pub validation: String,
    /// The server promised that it is durable.
    pub acknowledged: bool,
    /// It was told that the sale is set aside, and why.
    pub quarantined: Option<String>,
}

/// Everything that clients kept.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Sales.
    pub sales: Vec<Sale>,
    /// Every definite answer to every key, in the order they came.
    pub answers: Vec<(Id, String)>,
    /// Orders that were refused for good, with the raffle and the reason.
    pub refused: Vec<(Id, Id, String)>,
}

impl Evidence {
    /// How many records there are.
    pub fn records(&self) -> usize {
        self.sales.len() + self.answers.len() + self.refused.len()
    }

    /// Adds another client's.
    pub fn add(&mut self, other: Self) {
        self.sales.extend(other.sales);
        self.answers.extend(other.answers);
        self.refused.extend(other.refused);
    }

    /// Reads the report of `rsu simulate`.
    ///
    /// # Panics
    /// When it is not such a report.
    pub fn of_simulation(report: &Value) -> Self {
        let field = |value: &Value, name: &str| -> Id {
            value[name].as_str().and_then(bytes::id).unwrap_or_else(|| panic!("no {name} in {value}"))
        };
        let raffle = field(report, "raffle_id");
        let sales = report["sales"].as_array().expect("a report has sales").iter().map(|sale| Sale {
            source: format!("handheld {}, record {}", sale["device_id"], sale["seq"]),
            raffle,
            order: field(sale, "order_key"),
            ranges: ranges(&sale["ranges"]),
            price_minor: sale["price_minor"].as_u64().expect("a sale has a price"),
            validation: sale["validation_number"].as_str().expect("a sale has a validation number").to_owned(),
            acknowledged: sale["acked"] == true,
            quarantined: sale["quarantined"].as_str().map(str::to_owned),
        });
        Self { sales: sales.collect(), ..Self::default() }
    }

    /// Records a ticket that the server answered under a key.
    ///
    /// # Panics
    /// When it is not a ticket.
    pub fn ticket(&mut self, source: &str, ticket: &Value) {
        let id =
            |name: &str| ticket[name].as_str().and_then(bytes::id).unwrap_or_else(|| panic!("no {name} in {ticket}"));
        let validation = ticket["validation_number"].as_str().expect("a ticket has a validation number");
        let sale = Sale {
            source: source.to_owned(),
            raffle: id("raffle_id"),
            order: id("order_key"),
            ranges: ranges(&ticket["ranges"]),
            price_minor: ticket["price_minor"].as_u64().expect("a ticket has a price"),
            validation: validation.replace('-', ""),
            acknowledged: true,
            quarantined: None,
        };
        self.answers.push((sale.order, format!("{} {:?} {}", sale.validation, sale.ranges, sale.price_minor)));
        if !self.sales.contains(&sale) {
            self.sales.push(sale);
        }
    }
}

fn ranges(value: &Value) -> Vec<(u64, u64)> {
    let number = |value: &Value| value.as_u64().expect("a range has numbers");
    value
        .as_array()
        .expect("ranges are a list")
        .iter()
        .map(|range| (number(&range["first"]), number(&range["last"])))
        .collect()
}

/// Compares what clients kept with the journal.
pub fn check(evidence: &Evidence, raffles: &BTreeMap<Id, Account>, findings: &mut Findings) {
    for sale in &evidence.sales {
        let name = format!("{}, order {}", sale.source, bytes::uuid(&sale.order));
        let Some(account) = raffles.get(&sale.raffle) else {
            findings.add(Check::SaleLost, format!("{name}: its raffle is not there"));
            continue;
        };
        let sold = account.tickets.get(&sale.order);
        let aside = account.set_aside.values().find(|aside| aside.order == Some(sale.order));
        match (sold, aside) {
            (Some(ticket), _) => {
                let found = (&ticket.ranges, ticket.price_minor, &ticket.validation);
                findings.equal(Check::SaleDiffers, &name, (&sale.ranges, sale.price_minor, &sale.validation), found);
                if sale.quarantined.is_some()
                    && aside.is_none_or(|aside| aside.resolution.as_deref() != Some("accepted"))
                {
                    findings.add(Check::SaleDiffers, format!("{name}: set aside for its client, sold in the journal"));
                }
            }
            (None, Some(aside)) => {
                findings.equal(
                    Check::SaleDiffers,
                    &name,
                    (&sale.ranges, sale.price_minor),
                    (&aside.ranges, aside.price_minor),
                );
                if sale.acknowledged && sale.quarantined.is_none() {
                    findings.add(
                        Check::SaleLost,
                        format!("{name}: set aside ({}), and its client does not know", aside.reason),
                    );
                }
            }
            (None, None) if sale.acknowledged => {
                findings.add(Check::SaleLost, format!("{name}: acknowledged, and not in the journal"));
            }
            (None, None) => {}
        }
    }
    let mut answers: BTreeMap<Id, BTreeSet<&str>> = BTreeMap::new();
    for (key, answer) in &evidence.answers {
        answers.entry(*key).or_default().insert(answer);
    }
    for (key, answers) in answers.into_iter().filter(|(_, answers)| answers.len() > 1) {
        findings.add(Check::AnswerDiffers, format!("key {} was answered with {answers:?}", bytes::uuid(&key)));
    }
    for (raffle, order, why) in &evidence.refused {
        if raffles.get(raffle).is_some_and(|account| account.tickets.contains_key(order)) {
            findings.add(Check::RefusedSold, format!("order {} was refused ({why}) and sold", bytes::uuid(order)));
        }
    }
}
