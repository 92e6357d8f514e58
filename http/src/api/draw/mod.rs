//! Sealing, drawing, publishing.

pub mod dto;
pub mod places;

pub mod cancel;
pub mod execute;
pub mod initiate;
pub mod publish;
pub mod results;
pub mod status;

use super::Endpoints;
use super::error::ApiError;
use crate::auth::Staff;
use crate::auth::permission::Permission;
use crate::state::App;
use drumroll_actors::store::StreamId;
use drumroll_engine::id::DrawId;
use drumroll_engine::raffle::Rejection;

/// Adds them.
pub fn endpoints(to: &mut impl Endpoints) {
    to.add(initiate::initiate_draw);
    to.add(execute::execute_draw);
    to.add(status::get_draw_status);
    to.add(results::get_draw_results);
    to.add(publish::publish_draw);
    to.add(cancel::cancel_draw);
}

/// Where a draw is: its raffle and its number there.
async fn locate(app: &App, draw: DrawId) -> Result<(StreamId, u32), ApiError> {
    let row = app.node.store().draw(draw).await?;
    let row = row.ok_or(Rejection::UnknownDraw)?;
    Ok((StreamId { organisation: row.organisation, raffle: row.raffle }, row.draw_no))
}

/// As [`locate`]; another organisation's draw is unknown.
async fn locate_own<P: Permission>(app: &App, staff: &Staff<P>, draw: DrawId) -> Result<(StreamId, u32), ApiError> {
    let (stream, draw_no) = locate(app, draw).await?;
    if staff.sees(stream.organisation) { Ok((stream, draw_no)) } else { Err(Rejection::UnknownDraw.into()) }
}
