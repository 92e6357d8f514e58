//! Public facts: the events everybody may know, each at a dense position of its own (decisions: two
//! streams). Sales are not facts: they show in the conflated state.

use super::event::Event;
use super::state::Raffle;
use serde_json::{Value, json};

/// One public fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// Its position, from 1, dense.
    pub position: u64,
    /// What happened.
    pub kind: &'static str,
    /// The details, fit for anybody's eyes.
    pub data: Value,
}

impl Event {
    /// The kind of fact this event is, if it is one.
    pub const fn fact_kind(&self) -> Option<&'static str> {
        Some(match self {
            Self::SalesOpened { .. } => "opened",
            Self::SalesSuspended { .. } => "suspended",
            Self::SalesResumed => "resumed",
            Self::CloseMoved { .. } => "close_announced",
            Self::SalesClosed => "closed",
            Self::ReconciliationStarted => "reconciling",
            Self::ReconciliationAcknowledged { .. } => "reconciled",
            Self::AcknowledgementCleared { .. } => "reconciliation_cleared",
            Self::TicketVoided { .. } => "voided",
            Self::DrawPlanned { .. } => "draw_planned",
            Self::DrawLocked { .. } => "locked",
            Self::DrawProven { .. } => "proven",
            Self::WinnersDrawn { .. } => "drawn",
            Self::DrawPublished { .. } => "published",
            Self::DrawCancelled { .. } => "draw_cancelled",
            Self::DrawSettled { .. } => "settled",
            Self::Cancelled { .. } => "cancelled",
            Self::Finalized => "finalized",
            _ => return None,
        })
    }

    /// The fact of this event, `raffle` being the state right after it.
    pub fn fact(&self, raffle: &Raffle) -> Option<Fact> {
        let kind = self.fact_kind()?;
        Some(Fact { position: raffle.facts, kind, data: self.fact_data(raffle) })
    }

    fn fact_data(&self, raffle: &Raffle) -> Value {
        let draw_id = |draw_no: u32| raffle.draw(draw_no).map(|draw| draw.id);
        match self {
            Self::SalesOpened { .. } | Self::SalesResumed => json!({ "closes_at_ms": raffle.closes_at.as_millis() }),
            Self::SalesSuspended { reason } | Self::AcknowledgementCleared { reason } | Self::Cancelled { reason } => {
                json!({ "reason": reason })
            }
            Self::CloseMoved { closes_at, reason } => {
                json!({ "closes_at_ms": closes_at.as_millis(), "reason": reason })
            }
            Self::ReconciliationAcknowledged { acknowledgement } => json!({
                "sold": acknowledgement.counts.sold,
                "voided": acknowledgement.counts.voided,
                "unsold": acknowledgement.counts.unsold,
                "prizes": acknowledgement.prizes.iter().map(|value| (value.prize, value.value_minor)).collect::<Vec<_>>(),
            }),
            Self::TicketVoided { order, .. } => {
                let voided = raffle.orders.get(order);
                json!({
                    "order_count": 1,
                    "amount_minor": voided.map_or(0, |order| order.price_minor),
                    "numbers": voided.map_or(0, |order| order.numbers),
                })
            }
            Self::DrawPlanned { draw, draw_no, plan_hash, house_commitment } => json!({
                "draw_id": draw, "draw_no": draw_no, "plan_hash": plan_hash, "house_commitment": house_commitment,
            }),
            Self::DrawLocked { draw_no, lock } => json!({
                "draw_id": draw_id(*draw_no), "draw_no": draw_no,
                "lock_hash": lock.lock_hash, "sold_count": lock.sold_count,
            }),
            Self::DrawPublished { draw_no } => json!({
                "draw_id": draw_id(*draw_no), "draw_no": draw_no, "winners": raffle.winners(*draw_no),
            }),
            Self::DrawCancelled { draw_no, reason } => {
                json!({ "draw_id": draw_id(*draw_no), "draw_no": draw_no, "reason": reason })
            }
            // The numbers stay unseen until they are published (GLI-31 §2.6.5).
            Self::DrawProven { draw_no, .. }
            | Self::WinnersDrawn { draw_no, .. }
            | Self::DrawSettled { draw_no, .. } => {
                json!({ "draw_id": draw_id(*draw_no), "draw_no": draw_no })
            }
            _ => json!({}),
        }
    }
}
