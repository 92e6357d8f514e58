//! Read models against the account that follows from the events (I5, I6, T-05).

use super::books::Books;
use super::bytes::{self, Id};
use super::replay::Account;
use super::{Check, Findings};
use std::collections::{BTreeMap, BTreeSet};

/// Compares every row.
pub fn check(books: &Books, raffles: &BTreeMap<Id, Account>, findings: &mut Findings) {
    ranges(books, raffles, findings);
    summaries(books, raffles, findings);
    tickets(books, raffles, findings);
    orders(books, raffles, findings);
    facts(books, raffles, findings);
}

fn ranges(books: &Books, raffles: &BTreeMap<Id, Account>, findings: &mut Findings) {
    let mut sorted = books.ranges.clone();
    sorted.sort_unstable();
    for pair in sorted.windows(2) {
        if pair[0].raffle == pair[1].raffle && pair[0].range.1 >= pair[1].range.0 {
            let what = format!("ticket_ranges: {:?} and {:?} overlap", pair[0].range, pair[1].range);
            findings.add(Check::NumberTwice, format!("{what} in raffle {}", bytes::uuid(&pair[0].raffle)));
        }
    }
    let rows: BTreeSet<_> = sorted.iter().map(|row| (row.raffle, row.range, row.order)).collect();
    let sold: BTreeSet<_> = raffles
        .iter()
        .flat_map(|(raffle, account)| {
            let tickets = account.tickets.iter();
            tickets.flat_map(|(order, ticket)| ticket.ranges.iter().map(|range| (*raffle, *range, *order)))
        })
        .collect();
    for (raffle, range, order) in rows.symmetric_difference(&sold) {
        let (here, there) = if rows.contains(&(*raffle, *range, *order)) {
            ("ticket_ranges", "the journal")
        } else {
            ("the journal", "ticket_ranges")
        };
        let what = format!("numbers {range:?} of order {} stand in {here}, not in {there}", bytes::uuid(order));
        findings.add(Check::Rows, format!("{what}, raffle {}", bytes::uuid(raffle)));
    }
}

fn summaries(books: &Books, raffles: &BTreeMap<Id, Account>, findings: &mut Findings) {
    let rows: BTreeMap<Id, _> = books.raffles.iter().map(|row| (row.raffle, row)).collect();
    for (id, account) in raffles {
        let name = format!("raffles row {}", bytes::uuid(id));
        let Some(row) = rows.get(id) else {
            findings.add(Check::Rows, format!("{name} is missing"));
            continue;
        };
        let sums = account.sums();
        findings.equal(Check::Rows, format!("{name}, status"), &row.status, &account.status);
        findings.equal(Check::Rows, format!("{name}, event number"), row.event_number, account.event_number);
        findings.equal(Check::Rows, format!("{name}, seq"), row.seq, account.last_seq);
        findings.equal(Check::Sums, format!("{name}, gross"), row.gross_minor, sums.gross_minor);
        findings.equal(Check::Sums, format!("{name}, voided"), row.voided_minor, sums.voided_minor);
        findings.equal(Check::Sums, format!("{name}, tickets"), row.tickets, sums.tickets);
        findings.equal(Check::Sums, format!("{name}, numbers"), row.numbers_sold, sums.numbers);
    }
    for id in rows.keys().filter(|id| !raffles.contains_key(*id)) {
        findings.add(Check::Rows, format!("raffles row {} has no journal", bytes::uuid(id)));
    }
}

fn tickets(books: &Books, raffles: &BTreeMap<Id, Account>, findings: &mut Findings) {
    let mut rows: BTreeMap<(Id, Id), _> = books.tickets.iter().map(|row| ((row.raffle, row.order), row)).collect();
    for (raffle, account) in raffles {
        for (order, ticket) in &account.tickets {
            let name = format!("tickets row {}", bytes::uuid(order));
            let Some(row) = rows.remove(&(*raffle, *order)) else {
                findings.add(Check::Rows, format!("{name} is missing"));
                continue;
            };
            let ranges: Option<Vec<(u64, u64)>> = serde_json::from_str(&row.ranges).ok().and_then(|ranges: Vec<_>| {
                ranges
                    .iter()
                    .map(|range: &serde_json::Value| Some((range["first"].as_u64()?, range["last"].as_u64()?)))
                    .collect()
            });
            let validation = bytes::validation(&ticket.validation).map(|bytes| bytes.to_vec());
            let channel = ["rsu", "online", "counter", "integration"].iter().position(|name| *name == ticket.channel);
            let found = (row.seq, &row.state[..], row.numbers, row.sold_at, row.device, row.channel);
            let expected = (
                ticket.seq,
                ticket.state,
                ticket.numbers,
                ticket.sold_at,
                ticket.device.map(|(device, _)| device),
                channel.map_or(0, |at| at as u64 + 1),
            );
            findings.equal(Check::Rows, &name, found, expected);
            findings.equal(Check::Sums, format!("{name}, price"), row.price_minor, ticket.price_minor);
            findings.equal(Check::Rows, format!("{name}, ranges"), ranges.as_ref(), Some(&ticket.ranges));
            findings.equal(Check::Rows, format!("{name}, validation"), Some(&row.validation), validation.as_ref());
            findings.equal(Check::Rows, format!("{name}, sale hash"), &row.sale_hash[..], &ticket.sale_hash[..]);
        }
    }
    for (_, order) in rows.keys() {
        findings.add(Check::Rows, format!("tickets row {} has no sale in the journal", bytes::uuid(order)));
    }
}

fn orders(books: &Books, raffles: &BTreeMap<Id, Account>, findings: &mut Findings) {
    let mut rows: BTreeMap<(Id, Id), _> = books.orders.iter().map(|row| ((row.raffle, row.order), row)).collect();
    for (raffle, account) in raffles {
        for (key, order) in &account.orders {
            let name = format!("orders row {}", bytes::uuid(key));
            let Some(row) = rows.remove(&(*raffle, *key)) else {
                findings.add(Check::Rows, format!("{name} is missing"));
                continue;
            };
            findings.equal(Check::Rows, &name, &row.status, &order.status);
            findings.equal(Check::Sums, format!("{name}, price"), row.price_minor, order.price_minor);
            findings.equal(Check::Rows, format!("{name}, refund"), row.refund, (order.refund_due, order.refunded));
        }
    }
    for (_, order) in rows.keys() {
        findings.add(Check::Rows, format!("orders row {} has no hold in the journal", bytes::uuid(order)));
    }
}

fn facts(books: &Books, raffles: &BTreeMap<Id, Account>, findings: &mut Findings) {
    for (raffle, account) in raffles {
        let rows: Vec<(u64, u64)> =
            books.facts.iter().filter(|row| row.raffle == *raffle).map(|row| (row.position, row.seq)).collect();
        let expected: Vec<(u64, u64)> = (1..).zip(account.facts.iter().copied()).collect();
        findings.equal(
            Check::Rows,
            format!("facts of raffle {} (position, event)", bytes::uuid(raffle)),
            rows,
            expected,
        );
    }
}
