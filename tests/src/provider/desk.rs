//! The calls, over HTTP: form-encoded requests, JSON answers, a secret key, idempotency keys.

use super::ledger::{Found, Intent, Saved, State};
use super::mood::{Creation, Mood};
use super::{Cut, SECRET_KEY, Shared, pause};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What a caller gets.
enum Outcome {
    Answer {
        status: u16,
        body: Value,
        replayed: bool,
    },
    /// The connection is cut.
    Silence,
}

fn answer(status: u16, body: Value) -> Outcome {
    Outcome::Answer { status, body, replayed: false }
}

fn error(status: u16, kind: &str, code: &str) -> Outcome {
    answer(status, json!({"error": {"type": kind, "code": code, "message": "The stand-in says so."}}))
}

/// One call. Its work is a task of its own: a provider does not stop because its caller lost patience.
pub(super) async fn serve(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Cut> {
    if shared.away.load(Ordering::SeqCst) {
        return Err(Cut);
    }
    shared.ledger().counts.calls += 1;
    let _ = shared.held_back.subscribe().wait_for(|held_back| !held_back).await;
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let outcome = if header("authorization") == format!("Bearer {SECRET_KEY}") {
        let (key, method) = (header("idempotency-key").to_owned(), request.method().clone());
        let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
        let body = Limited::new(request.into_body(), 16 * 1024).collect().await.map_err(|_| Cut)?.to_bytes();
        let work = tokio::spawn(call(shared.clone(), method, path, query, key, body));
        work.await.map_err(|_| Cut)?
    } else {
        error(401, "invalid_request_error", "secret_key_required")
    };
    let (status, body, replayed) = match outcome {
        Outcome::Answer { status, body, replayed } if !shared.away.load(Ordering::SeqCst) => (status, body, replayed),
        _ => {
            shared.ledger().counts.silences += 1;
            return Err(Cut);
        }
    };
    if status >= 500 {
        shared.ledger().counts.failures += 1;
    }
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    if replayed {
        response = response.header("idempotent-replayed", "true");
    }
    Ok(response.body(Full::new(Bytes::from(body.to_string()))).expect("a well-formed answer"))
}

fn form(bytes: &[u8]) -> BTreeMap<String, String> {
    let decode = |text: &str| {
        let mut bytes = text.bytes();
        let mut out = Vec::new();
        while let Some(byte) = bytes.next() {
            out.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let digits = [bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
                    u8::from_str_radix(&String::from_utf8_lossy(&digits), 16).unwrap_or(b'?')
                }
                other => other,
            });
        }
        String::from_utf8_lossy(&out).into_owned()
    };
    let text = String::from_utf8_lossy(bytes);
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

async fn call(shared: Arc<Shared>, method: Method, path: String, query: String, key: String, body: Bytes) -> Outcome {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    if method == Method::GET {
        return match parts[..] {
            ["v1", "payment_intents", id] => retrieve(&shared, id),
            ["v1", "refunds"] => refunds(&shared, form(query.as_bytes()).get("payment_intent").map_or("", |id| id)),
            _ => error(404, "invalid_request_error", "url_invalid"),
        };
    }
    if key.is_empty() {
        return error(400, "invalid_request_error", "the_house_always_sends_a_key");
    }
    let terms = format!("{path} {}", String::from_utf8_lossy(&body));
    let found = shared.ledger().find(&key, &terms);
    let tries = match found {
        Found::Busy => return error(409, "idempotency_error", "idempotency_key_in_use"),
        Found::OtherTerms => return error(400, "idempotency_error", "idempotency_key_reused"),
        Found::Answered(saved) => {
            note_repeat(&shared, &path, &saved);
            return match render(&shared, &saved) {
                Outcome::Answer { status, body, .. } => Outcome::Answer { status, body, replayed: true },
                Outcome::Silence => Outcome::Silence,
            };
        }
        Found::New(tries) => tries,
    };
    let fields = form(&body);
    let (saved, outcome) = match parts[..] {
        ["v1", "payment_intents"] => create(&shared, &fields, tries),
        ["v1", "payment_intents", id, "confirm"] => {
            // Its key is free when the decision stands, which may be long before its caller hears of it.
            return confirm(&shared, id, &key, &terms, tries).await;
        }
        ["v1", "payment_intents", id, "cancel"] => cancel(&shared, id),
        ["v1", "refunds"] => refund(&shared, &fields),
        _ => (None, error(404, "invalid_request_error", "url_invalid")),
    };
    shared.ledger().done(&key, &terms, saved);
    outcome
}

/// A confirmation that comes again when the money is taken would have been a second charge.
fn note_repeat(shared: &Shared, path: &str, saved: &Saved) {
    let mut ledger = shared.ledger();
    if path.ends_with("/confirm") {
        let intent = path.split('/').nth_back(1).unwrap_or_default();
        if ledger.intents.get(intent).is_some_and(|intent| intent.charged > 0) {
            ledger.counts.second_charges_prevented += 1;
        }
    }
    if matches!(saved, Saved::Refunded { .. }) {
        ledger.counts.second_refunds_prevented += 1;
    }
}

fn create(shared: &Shared, fields: &BTreeMap<String, String>, tries: u32) -> (Option<Saved>, Outcome) {
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let (raffle, order) = (field("metadata[drumroll_raffle]"), field("metadata[drumroll_order]"));
    let Some(amount_minor) = field("amount").parse().ok().filter(|amount| *amount > 0) else {
        return (None, error(400, "invalid_request_error", "parameter_invalid_integer"));
    };
    let mut ledger = shared.ledger();
    let mood = ledger.creation(&order);
    match mood {
        Creation::Fails => return (Some(Saved::Failed), error(500, "api_error", "failed")),
        Creation::CutBefore if tries == 1 => return (None, Outcome::Silence),
        Creation::Throttled if tries == 1 => return (None, error(429, "rate_limit_error", "rate_limit")),
        _ => {}
    }
    let intent = Intent {
        raffle,
        order,
        amount_minor,
        currency: field("currency"),
        state: State::RequiresPaymentMethod,
        declined: false,
        charged: 0,
        refund: None,
    };
    let saved = Saved::Begun { intent: ledger.make(intent) };
    drop(ledger);
    let outcome = if mood == Creation::CutAfter { Outcome::Silence } else { render(shared, &saved) };
    (Some(saved), outcome)
}

async fn confirm(shared: &Arc<Shared>, id: &str, key: &str, terms: &str, tries: u32) -> Outcome {
    let late = shared.moods.late();
    let decided = |saved: Option<Saved>| shared.ledger().done(key, terms, saved);
    let (mood, state) = {
        let ledger = shared.ledger();
        (ledger.mood(id), ledger.intents.get(id).map(|intent| (intent.state, intent.declined)))
    };
    match state {
        Some((State::RequiresPaymentMethod, false)) => {}
        other => {
            // Under another key, or after it was cancelled. Money that was taken stays taken once.
            if matches!(other, Some((State::Succeeded, _))) {
                shared.ledger().counts.second_charges_prevented += 1;
            }
            decided(Some(Saved::Refused));
            return error(400, "invalid_request_error", "payment_intent_unexpected_state");
        }
    }
    match mood {
        Mood::CutBefore if tries == 1 => {
            decided(None);
            return Outcome::Silence;
        }
        Mood::HangsBefore if tries == 1 => {
            pause(late).await;
            decided(None);
            return Outcome::Silence;
        }
        Mood::FailsBefore => {
            decided(Some(Saved::Failed));
            return error(500, "api_error", "failed");
        }
        Mood::ProcessedThenPays | Mood::ProcessedThenFails => {
            let saved = process(shared, id, mood);
            let outcome = render(shared, &saved);
            decided(Some(saved));
            return outcome;
        }
        Mood::ThinksLong => pause(late).await,
        _ => pause(Duration::from_millis(shared.moods.about(id).below(15))).await,
    }
    let declines = matches!(mood, Mood::Declines | Mood::DeclinesLate);
    let saved = if declines {
        shared.ledger().decline(id);
        tell(shared, id, "payment_failed");
        Saved::Declined { intent: id.to_owned() }
    } else {
        // It may have been cancelled while it was thought about; then nothing is taken.
        let state = shared.ledger().charge(id);
        if state == State::Succeeded {
            tell(shared, id, "succeeded");
        }
        Saved::Stood { intent: id.to_owned(), state }
    };
    let outcome = match mood {
        Mood::CutAfter => Outcome::Silence,
        Mood::FailsAfter => error(500, "api_error", "failed"),
        _ => render(shared, &saved),
    };
    decided(Some(if mood == Mood::FailsAfter { Saved::Failed } else { saved }));
    if matches!(mood, Mood::AnswersLate | Mood::DeclinesLate) {
        pause(late).await;
    }
    outcome
}

/// The payment is under way for a while; nobody can cancel it meanwhile.
fn process(shared: &Arc<Shared>, id: &str, mood: Mood) -> Saved {
    let mut ledger = shared.ledger();
    let intent = ledger.intents.get_mut(id).expect("it was looked at");
    intent.state = State::Processing;
    let time = shared.moods.processing(&intent.order);
    drop(ledger);
    let (shared, id) = (shared.clone(), id.to_owned());
    let saved = Saved::Stood { intent: id.clone(), state: State::Processing };
    tokio::spawn(async move {
        pause(time).await;
        if mood == Mood::ProcessedThenPays {
            shared.ledger().charge(&id);
            tell(&shared, &id, "succeeded");
        } else {
            shared.ledger().decline(&id);
            tell(&shared, &id, "payment_failed");
        }
    });
    saved
}

fn cancel(shared: &Shared, id: &str) -> (Option<Saved>, Outcome) {
    let mut ledger = shared.ledger();
    let Some(intent) = ledger.intents.get_mut(id) else {
        return (None, error(404, "invalid_request_error", "resource_missing"));
    };
    if intent.state == State::Canceled {
        drop(ledger);
        let saved = Saved::Stood { intent: id.to_owned(), state: State::Canceled };
        let outcome = render(shared, &saved);
        return (Some(saved), outcome);
    }
    if intent.state != State::RequiresPaymentMethod {
        // Not remembered: what is processed today may be cancelled tomorrow.
        return (None, error(400, "invalid_request_error", "payment_intent_unexpected_state"));
    }
    intent.state = State::Canceled;
    ledger.counts.cancelled += 1;
    drop(ledger);
    tell(shared, id, "canceled");
    let saved = Saved::Stood { intent: id.to_owned(), state: State::Canceled };
    let outcome = render(shared, &saved);
    (Some(saved), outcome)
}

fn refund(shared: &Shared, fields: &BTreeMap<String, String>) -> (Option<Saved>, Outcome) {
    let intent = fields.get("payment_intent").cloned().unwrap_or_default();
    let amount = fields.get("amount").and_then(|amount| amount.parse().ok()).unwrap_or(0);
    let refunded = shared.ledger().refund(&intent, amount);
    match refunded {
        Some((refund, true)) => {
            let saved = Saved::Refunded { intent, refund };
            let outcome = render(shared, &saved);
            (Some(saved), outcome)
        }
        Some((_, false)) => (None, error(400, "invalid_request_error", "charge_already_refunded")),
        None => (None, error(400, "invalid_request_error", "nothing_to_refund")),
    }
}

fn retrieve(shared: &Shared, id: &str) -> Outcome {
    let state = shared.ledger().intents.get(id).map(|intent| intent.state);
    match state {
        Some(state) => render(shared, &Saved::Stood { intent: id.to_owned(), state }),
        None => error(404, "invalid_request_error", "resource_missing"),
    }
}

fn refunds(shared: &Shared, id: &str) -> Outcome {
    let refund = shared.ledger().intents.get(id).and_then(|intent| intent.refund.clone());
    let list: Vec<Value> = refund.iter().map(|refund| refund_object(refund, id)).collect();
    answer(200, json!({"object": "list", "data": list, "has_more": false}))
}

fn refund_object(refund: &str, intent: &str) -> Value {
    json!({"id": refund, "object": "refund", "payment_intent": intent, "status": "succeeded"})
}

fn render(shared: &Shared, saved: &Saved) -> Outcome {
    match saved {
        Saved::Begun { intent } => answer(200, object(shared, intent, State::RequiresPaymentMethod)),
        Saved::Stood { intent, state } => answer(200, object(shared, intent, *state)),
        Saved::Declined { intent } => {
            let about = object(shared, intent, State::RequiresPaymentMethod);
            let error = json!({"type": "card_error", "code": "card_declined", "payment_intent": about});
            answer(402, json!({ "error": error }))
        }
        Saved::Refused => error(400, "invalid_request_error", "payment_intent_unexpected_state"),
        Saved::Failed => error(500, "api_error", "failed"),
        Saved::Refunded { intent, refund } => answer(200, refund_object(refund, intent)),
    }
}

/// An intent as the API shows it, in a state.
fn object(shared: &Shared, id: &str, state: State) -> Value {
    let ledger = shared.ledger();
    let intent = &ledger.intents[id];
    let failed = (intent.declined && state == State::RequiresPaymentMethod)
        .then(|| json!({"type": "card_error", "code": "card_declined"}));
    json!({
        "id": id, "object": "payment_intent", "amount": intent.amount_minor, "currency": intent.currency,
        "status": state.name(), "last_payment_error": failed, "livemode": false,
        "metadata": {"drumroll_raffle": intent.raffle, "drumroll_order": intent.order},
    })
}

fn tell(shared: &Shared, id: &str, what: &str) {
    let state = shared.ledger().intents[id].state;
    shared.post.send(what, &object(shared, id, state));
}
