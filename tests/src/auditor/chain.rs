//! The hash chain of every journal (I7).

use super::books::{Books, Event};
use super::bytes::{self, Id};
use super::{Check, Findings};
use std::collections::BTreeMap;

/// The hash of an event, over its fixed-width envelope and its exact payload.
pub fn hash(event: &Event) -> [u8; 32] {
    let byte = |number: u64| [u8::try_from(number).unwrap_or(u8::MAX)];
    bytes::tagged(
        "drumroll/event/1",
        &[
            &byte(event.format),
            &event.organisation,
            &event.raffle,
            &event.epoch.to_be_bytes(),
            &event.seq.to_be_bytes(),
            &event.at.to_be_bytes(),
            &byte(event.actor.0),
            &event.actor.1,
            &event.approver.unwrap_or(bytes::NIL),
            &byte(event.cause.0),
            &event.cause.1,
            &event.prev,
            &event.payload,
        ],
    )
}

/// Checks every journal from its first event to the end on record.
pub fn check(books: &Books, findings: &mut Findings) {
    let mut ends: BTreeMap<Id, _> = books.ends.iter().map(|end| (end.stream, end)).collect();
    for (stream, events) in books.journals() {
        let name = bytes::uuid(&stream);
        let (mut seq, mut head, mut at) = (0, [0; 32].to_vec(), 0);
        for event in events {
            let here = format!("journal {name}, event {}", event.seq);
            if event.seq != seq + 1 {
                findings
                    .add(Check::ChainSequence, format!("journal {name}: event {} is due, {} came", seq + 1, event.seq));
            } else if event.prev != head {
                findings.add(Check::ChainLink, format!("{here} does not follow from the one before it"));
            }
            if event.own_stream() != stream || event.organisation == bytes::NIL {
                findings.add(Check::ChainStream, format!("{here} belongs to another journal"));
            }
            if event.at < at {
                findings.add(Check::ChainTime, format!("{here} is stamped before the one before it"));
            }
            if event.hash != hash(event) {
                findings.add(Check::ChainHash, format!("{here} was altered"));
            }
            (seq, at) = (event.seq, event.at);
            head.clone_from(&event.hash);
        }
        match ends.remove(&stream) {
            None => findings.add(Check::ChainEnd, format!("journal {name} has no end on record")),
            Some(end) => {
                let found = (seq, bytes::hex(&head), at);
                findings.equal(
                    Check::ChainEnd,
                    format!("end of journal {name}"),
                    found,
                    (end.seq, bytes::hex(&end.hash), end.at),
                );
            }
        }
    }
    for (stream, end) in ends {
        if end.seq > 0 {
            findings.add(
                Check::ChainEnd,
                format!("journal {} is gone: {} events stood there", bytes::uuid(&stream), end.seq),
            );
        }
    }
}
