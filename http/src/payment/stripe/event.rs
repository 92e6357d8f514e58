//! What a webhook of Stripe says. Only what becomes of an intent matters here; of everything else, and of
//! intents that are nobody's order, nothing is taken.

use super::{ORDER, RAFFLE};
use crate::api::error::ApiError;
use crate::payment::{Notice, Payment, no_notice};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Event {
    r#type: String,
    livemode: bool,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

#[derive(Deserialize)]
struct About {
    id: String,
    amount: u64,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// Reads an event. `None` for one that concerns no order.
pub(super) fn read(body: &[u8], test: bool) -> Result<Option<Notice>, ApiError> {
    let event: Event = serde_json::from_slice(body).map_err(|_| no_notice())?;
    // Money that is not real pays for nothing real, whoever signed it.
    if event.livemode == test {
        return Ok(None);
    }
    let paid = match &event.r#type[..] {
        "payment_intent.succeeded" => true,
        "payment_intent.payment_failed" | "payment_intent.canceled" => false,
        _ => return Ok(None),
    };
    let about: About = serde_json::from_value(event.data.object).map_err(|_| no_notice())?;
    let named = |name| about.metadata.get(name).map(String::as_str).unwrap_or_default();
    let (Ok(raffle_id), Ok(order_key)) = (named(RAFFLE).parse(), named(ORDER).parse()) else { return Ok(None) };
    let payment = if paid { Payment::Paid { reference: about.id } } else { Payment::Declined };
    Ok(Some(Notice { raffle_id, order_key, amount_minor: about.amount, payment }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(kind: &str, livemode: bool, metadata: &Value) -> Vec<u8> {
        let object = json!({ "id": "pi_1", "object": "payment_intent", "amount": 500, "metadata": metadata });
        json!({ "id": "evt_1", "object": "event", "type": kind, "livemode": livemode, "data": { "object": object } })
            .to_string()
            .into_bytes()
    }

    #[test]
    fn what_concerns_an_order_is_read_and_nothing_else() {
        let id = "018f3a5e-7c2b-7d00-a1b2-c3d4e5f60718";
        let ours = json!({ "drumroll_raffle": id, "drumroll_order": id, "more": "x" });
        let paid = Payment::Paid { reference: "pi_1".to_owned() };
        let notice = |payment: &Payment| Notice {
            raffle_id: id.parse().unwrap(),
            order_key: id.parse().unwrap(),
            amount_minor: 500,
            payment: payment.clone(),
        };
        let read = |body: Vec<u8>, test| read(&body, test).map_err(|error| error.code);
        assert_eq!(read(event("payment_intent.succeeded", false, &ours), true), Ok(Some(notice(&paid))));
        assert_eq!(read(event("payment_intent.succeeded", true, &ours), false), Ok(Some(notice(&paid))));
        for kind in ["payment_intent.payment_failed", "payment_intent.canceled"] {
            assert_eq!(read(event(kind, false, &ours), true), Ok(Some(notice(&Payment::Declined))));
        }
        for (kind, live, metadata) in [
            ("payment_intent.succeeded", true, &ours),
            ("payment_intent.created", false, &ours),
            ("charge.refunded", false, &ours),
            ("payment_intent.succeeded", false, &json!({})),
            ("payment_intent.succeeded", false, &json!({ "drumroll_raffle": id, "drumroll_order": "x" })),
        ] {
            assert_eq!(read(event(kind, live, metadata), true), Ok(None), "{kind}");
        }
        for broken in ["", "[]", "{}", r#"{"type":"payment_intent.succeeded","livemode":false,"data":{"object":1}}"#] {
            assert_eq!(read(broken.into(), true), Err("malformed_json"), "{broken}");
        }
    }
}
