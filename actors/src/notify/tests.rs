//! `docs/notifications.md` shows one message of each kind, exactly as it is told.

use super::notice::{Audience, Kind, Notice};
use crate::store::{OutboxEvent, StreamId};
use drumroll_engine::id::{OrganisationId, RaffleId};
use drumroll_engine::raffle::Kind as RaffleKind;
use drumroll_engine::time::Timestamp;
use serde_json::{Value, json};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/notifications.md");

fn stream(kind: Kind) -> StreamId {
    let organisation = OrganisationId([0x1a; 16]);
    match kind {
        Kind::AccountLocked
        | Kind::AccessDenied
        | Kind::RefreshReused
        | Kind::RaffleSetAside
        | Kind::RsuEnrolled
        | Kind::RsuUnenrolled
        | Kind::RsuDisabled => StreamId::organisation(organisation),
        _ => StreamId { organisation, raffle: RaffleId([0x2b; 16]) },
    }
}

/// What stands in the store for an event of each kind: a fact's details, or a component of the log.
fn on_record(kind: Kind) -> Result<Value, String> {
    let id = |byte: u8| RaffleId([byte; 16]).to_string();
    let hash = |byte: u8| drumroll_engine::hex::encode(&[byte; 32]);
    let draw = |more: Value| {
        let mut data = json!({ "draw_id": id(0x3c), "draw_no": 1 });
        let members = data.as_object_mut().into_iter();
        members.for_each(|data| data.extend(more.as_object().cloned().unwrap_or_default()));
        Ok(data)
    };
    let reason = json!({ "reason": "The power is out in section 112." });
    let closes_at_ms = 1_800_003_600_000u64;
    match kind {
        Kind::DrawPlanned => draw(json!({ "plan_hash": hash(0xa1), "house_commitment": hash(0xb2) })),
        Kind::Opened | Kind::Resumed => Ok(json!({ "closes_at_ms": closes_at_ms })),
        Kind::Suspended | Kind::ReconciliationCleared | Kind::Cancelled => Ok(reason),
        Kind::CloseAnnounced => Ok(json!({ "closes_at_ms": closes_at_ms, "reason": "The second period is late." })),
        Kind::Closed | Kind::Reconciling | Kind::Finalized => Ok(json!({})),
        Kind::Reconciled => {
            Ok(json!({ "sold": 91_260, "voided": 120, "unsold": 108_620, "prizes": [[1, 1_250_000], [2, 25_000]] }))
        }
        Kind::Voided => Ok(json!({ "order_count": 1, "amount_minor": 2_000, "numbers": 60 })),
        Kind::Locked => draw(json!({ "lock_hash": hash(0xc3), "sold_count": 91_260 })),
        Kind::Proven | Kind::Drawn | Kind::Settled => draw(json!({})),
        Kind::Published => draw(json!({ "winners": [{
            "prize_id": 1, "prize_name": "Half the pot", "position": 1, "rank": 40_211, "number": 152_873,
            "value_minor": 1_250_000,
        }] })),
        Kind::DrawCancelled => draw(reason),
        Kind::ChangeRefused => Err(format!("raffle:{}", id(0x2b))),
        Kind::RaffleSetAside => Err(format!("raffle:{}", id(0x2b))),
        Kind::AccountLocked | Kind::AccessDenied | Kind::RefreshReused => Err(format!("user:{}", id(0x4d))),
        Kind::RecordQuarantined
        | Kind::QuarantineResolved
        | Kind::RsuFinal
        | Kind::RsuLost
        | Kind::RsuEnrolled
        | Kind::RsuUnenrolled
        | Kind::RsuDisabled => Err(format!("rsu:{}", id(0x5e))),
    }
}

fn event(kind: Kind) -> OutboxEvent {
    let word = kind.as_str().to_owned();
    let (fact, significant) = match on_record(kind) {
        Ok(data) => (Some((word, data.to_string())), Some(("whatever_the_log_says".to_owned(), "raffle:1".to_owned()))),
        Err(component) => (None, Some((word, component))),
    };
    let raffle = (stream(kind).raffle != RaffleId::NIL).then_some((7, RaffleKind::Live));
    OutboxEvent { seq: 1_204, at: Timestamp(1_800_000_000_123_456), raffle, fact, significant }
}

/// The block of JSON under a kind's heading: where it is, and its text.
fn example(docs: &str, kind: Kind) -> (usize, &str) {
    let heading = format!("\n### `{}`\n", kind.as_str());
    let at = docs.find(&heading).unwrap_or_else(|| panic!("docs/notifications.md has no {}", kind.as_str()));
    let begin = at + docs[at..].find("```json\n").expect("an example") + "```json\n".len();
    (begin, &docs[begin..begin + docs[begin..].find("```").expect("its end")])
}

#[test]
fn one_example_of_each_kind_is_documented_as_it_is_told() {
    let mut docs = std::fs::read_to_string(DOCS).unwrap();
    for kind in Kind::ALL.iter().copied() {
        let notice = Notice::of(stream(kind), &event(kind), 1_187).unwrap();
        let told = format!("{}\n", serde_json::to_string_pretty(&notice).unwrap());
        let (begin, shown) = example(&docs, kind);
        if shown != told && std::env::var_os("UPDATE_NOTIFICATIONS").is_some() {
            let end = begin + shown.len();
            docs.replace_range(begin..end, &told);
            std::fs::write(DOCS, &docs).unwrap();
            continue;
        }
        assert_eq!(shown, told, "messages are public: if this is meant, run with UPDATE_NOTIFICATIONS=1");
        assert_eq!(
            serde_json::from_str::<Value>(&notice.json()).unwrap(),
            serde_json::from_str::<Value>(shown).unwrap()
        );
    }
    let headings = docs.lines().filter(|line| line.starts_with("### `")).count();
    assert_eq!(headings, Kind::ALL.len(), "the documents show no other kinds");
}

#[test]
fn every_fact_of_the_engine_is_told_to_everybody_and_no_other_kind_is() {
    let source = include_str!("../../../engine/src/raffle/fact.rs");
    let table = source.split("fn fact_kind").nth(1).and_then(|rest| rest.split("_ => return None").next()).unwrap();
    let facts: Vec<&str> = table.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(facts.len() >= 18, "the source is read as it is written");
    let public: Vec<&str> =
        Kind::ALL.iter().filter(|kind| kind.audience() == Audience::Public).map(|kind| kind.as_str()).collect();
    for fact in &facts {
        assert!(public.contains(fact), "{fact} is told to nobody");
    }
    assert_eq!(public.len(), facts.len());
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.as_str()), Some(*kind));
    }
}

#[test]
fn what_is_in_no_list_is_not_told_and_nobody_is_named() {
    let of = |fact: Option<&str>, significant: Option<(&str, &str)>| {
        let event = OutboxEvent {
            fact: fact.map(|word| (word.to_owned(), "{}".to_owned())),
            significant: significant.map(|(code, component)| (code.to_owned(), component.to_owned())),
            ..event(Kind::Opened)
        };
        Notice::of(stream(Kind::Opened), &event, 0)
    };
    assert_eq!(of(None, None), None);
    assert_eq!(of(Some("a_fact_of_a_later_version"), None), None);
    assert_eq!(of(None, Some(("logged_in", "user:1"))), None);
    let locked = of(None, Some(("account_locked", "user:4711"))).unwrap();
    assert!(!locked.json().contains("4711"), "who it was stands in the log alone");
    let test = OutboxEvent { raffle: Some((7, RaffleKind::Test)), ..event(Kind::Opened) };
    assert!(Notice::of(stream(Kind::Opened), &test, 0).unwrap().test, "L-08");
}
