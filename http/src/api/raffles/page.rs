//! Pages of raffles.

use crate::api::error::ApiError;
use crate::state::App;
use drumroll_actors::store::RaffleRow;
use drumroll_engine::id::RaffleId;
use drumroll_engine::time::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

/// Which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// At most so many, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Rows of a page when nobody says how many.
const LIMIT: u32 = 50;

impl Page {
    /// How many rows.
    ///
    /// # Errors
    /// The limit is out of range.
    pub fn limit(&self, app: &App) -> Result<u32, ApiError> {
        let limit = self.limit.unwrap_or(LIMIT);
        let fits = (1..=app.limits.page_max).contains(&limit);
        let message = format!("Between 1 and {}.", app.limits.page_max);
        if fits { Ok(limit) } else { Err(ApiError::field("limit", &message)) }
    }

    /// The cursor of a list of raffles.
    ///
    /// # Errors
    /// It is none of ours.
    pub fn raffle_cursor(&self) -> Result<Option<(Timestamp, RaffleId)>, ApiError> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let parsed = cursor.split_once('.').and_then(|(at, id)| Some((Timestamp(at.parse().ok()?), id.parse().ok()?)));
        parsed.map(Some).ok_or_else(bad_cursor)
    }
}

/// A cursor nobody gave out.
pub fn bad_cursor() -> ApiError {
    ApiError::field("cursor", "Use the `next_cursor` of the page before.")
}

/// The cursor after a full page.
pub fn next_raffle_cursor(rows: &[RaffleRow], limit: u32) -> Option<String> {
    let last = rows.last().filter(|_| rows.len() as u64 >= u64::from(limit))?;
    Some(format!("{}.{}", last.created_at.0, last.raffle))
}
