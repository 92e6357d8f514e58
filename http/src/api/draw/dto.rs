//! A draw on the wire.

use crate::api::error::ApiError;
use crate::api::raffles::dto::{GRADE, Reserve};
use crate::api::raffles::wire::DrawStatusName;
use crate::api::tickets::dto::Ticket;
use crate::state::App;
use drumroll_actors::store::StreamId;
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{DrawId, RaffleId};
use drumroll_engine::raffle::{Draw, Rejection};
use drumroll_engine::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A step of a draw, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrawStepName {
    /// The plan is frozen.
    Planned,
    /// The list is sealed.
    Locked,
    /// The house witness showed what it had committed to.
    Revealed,
    /// The proof is on record.
    Proven,
    /// The winners are on record.
    Drawn,
    /// The result is public.
    Published,
}

/// A step and when it was taken.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct DrawStep {
    /// Which.
    pub step: DrawStepName,
    /// When; none while it is ahead.
    pub at_ms: Option<u64>,
}

/// Where a draw stands. No number of its result is in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DrawStatus {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: DrawId,
    /// Its raffle.
    #[schema(value_type = Uuid)]
    pub raffle_id: RaffleId,
    /// Its number in the raffle, from 1.
    pub draw_no: u32,
    /// Where it stands.
    pub status: DrawStatusName,
    /// Its steps in order.
    pub steps: Vec<DrawStep>,
    /// Hash of the plan frozen at the opening.
    #[schema(value_type = String)]
    pub plan_hash: Bytes<32>,
    /// The seal.
    #[schema(value_type = Option<String>)]
    pub lock_hash: Option<Bytes<32>>,
    /// Draw numbers on the sealed list.
    pub sold_count: Option<u64>,
    /// Ranges on the sealed list.
    pub range_count: Option<u64>,
    /// How much a reader has to trust; `0` is the house alone.
    pub grade: String,
    /// What stands in its way.
    pub blocked_reason: Option<String>,
}

impl DrawStatus {
    /// From the draw's record.
    pub fn of(raffle_id: RaffleId, draw: &Draw) -> Self {
        let steps = [
            (DrawStepName::Planned, draw.steps.planned),
            (DrawStepName::Locked, draw.steps.locked),
            (DrawStepName::Revealed, draw.steps.revealed),
            (DrawStepName::Proven, draw.steps.proven),
            (DrawStepName::Drawn, draw.steps.drawn),
            (DrawStepName::Published, draw.steps.published),
        ];
        Self {
            id: draw.id,
            raffle_id,
            draw_no: draw.draw_no,
            status: draw.status.into(),
            steps: steps.map(|(step, at)| DrawStep { step, at_ms: at.map(Timestamp::as_millis) }).to_vec(),
            plan_hash: draw.plan_hash,
            lock_hash: draw.lock.as_ref().map(|lock| lock.lock_hash),
            sold_count: draw.lock.as_ref().map(|lock| lock.sold_count),
            range_count: draw.lock.as_ref().map(|lock| lock.range_count),
            grade: GRADE.to_owned(),
            // A draw of grade 0 waits for nobody outside the house.
            blocked_reason: None,
        }
    }

    /// As it is committed now: a command's own answer waited for its commit.
    ///
    /// # Errors
    /// `unknown_draw`, or the raffle did not answer.
    pub async fn read(app: &App, stream: StreamId, draw_no: u32) -> Result<Self, ApiError> {
        let draw = app.node.read(stream, move |live| live.state.draw(draw_no).cloned()).await?;
        Ok(Self::of(stream.raffle, &draw.ok_or(Rejection::UnknownDraw)?))
    }
}

/// A winning number with its ticket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Winner {
    /// The prize.
    pub prize_id: u32,
    /// Its name.
    pub prize_name: String,
    /// Place among the winners of this prize, from 1.
    pub position: u32,
    /// Rank among the sold numbers, from 0.
    pub rank: u64,
    /// The draw number.
    pub number: u64,
    /// What it wins.
    pub value_minor: u64,
    /// The winning ticket; only for the staff, since draw number and validation number together are the claim.
    pub ticket: Option<Ticket>,
}

/// The outcome of a draw.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DrawResults {
    /// Where it stands.
    pub draw: DrawStatus,
    /// The seed.
    #[schema(value_type = String)]
    pub seed: Bytes<32>,
    /// Hash of the result, as signed.
    #[schema(value_type = String)]
    pub result_hash: Bytes<32>,
    /// The winners in the order of drawing.
    pub winners: Vec<Winner>,
    /// The reserves in the order of drawing.
    pub reserves: Vec<Reserve>,
}
