//! What the public sees and buys.

pub mod dto;
pub mod page;
pub mod wire;

pub mod list;
pub mod order;
pub mod purchase;
pub mod transcript;
pub mod view;

use super::Endpoints;
use super::error::ApiError;
use crate::state::App;
use drumroll_actors::feed::RaffleFeed;
use drumroll_actors::store::StreamId;
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::{Rejection, Status};
use std::sync::Arc;

/// Adds them.
pub fn endpoints(to: &mut impl Endpoints) {
    to.add(list::list_raffles);
    to.add(view::get_raffle);
    to.add(purchase::purchase);
    to.add(order::get_order);
    to.add(transcript::get_transcript);
    crate::payment::endpoints(to);
}

/// A raffle that the public may see, with its committed feed: drafts are nobody's business.
async fn public_raffle(app: &App, raffle: RaffleId) -> Result<(StreamId, Arc<RaffleFeed>), ApiError> {
    let unknown = || ApiError::from(Rejection::UnknownRaffle);
    let stream = app.node.stream(raffle).await?.ok_or_else(unknown)?;
    let feed = app.node.feed(stream).await?;
    if feed.view().status == Status::Draft { Err(unknown()) } else { Ok((stream, feed)) }
}
