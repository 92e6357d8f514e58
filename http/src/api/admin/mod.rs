//! Events: creating, configuring, opening, closing, reconciling, and everything that is decided on the way.

pub mod actions;
pub mod board_device;
pub mod config;
pub mod dto;

pub mod acknowledge;
pub mod cancel;
pub mod close;
pub mod configure;
pub mod create;
pub mod curve;
pub mod device_lost;
pub mod extend;
pub mod finalize;
pub mod list;
pub mod open;
pub mod quarantine;
pub mod reconcile;
pub mod reconciliation;
pub mod reopen;
pub mod resume;
pub mod settle;
pub mod show;
pub mod significant_events;
pub mod suspend;

use self::dto::RaffleAdmin;
use super::Endpoints;
use super::error::ApiError;
use crate::auth::Staff;
use crate::auth::permission::Permission;
use crate::state::App;
use actix_web::web;
use drumroll_actors::aggregate::Origin;
use drumroll_actors::intake::Lane;
use drumroll_engine::id::{RaffleId, UserId};
use drumroll_engine::journal::Cause;
use drumroll_engine::raffle::Command;

/// Adds them.
pub fn endpoints(to: &mut impl Endpoints) {
    to.add(list::list_admin_raffles);
    to.add(create::create_raffle);
    to.add(show::get_admin_raffle);
    to.add(configure::configure_raffle);
    to.add(open::open_sales);
    to.add(suspend::suspend_sales);
    to.add(resume::resume_sales);
    to.add(close::close_sales);
    to.add(extend::extend_sales);
    to.add(reconcile::start_reconciliation);
    to.add(reconciliation::get_reconciliation);
    to.add(acknowledge::acknowledge_reconciliation);
    to.add(reopen::reopen_reconciliation);
    to.add(cancel::cancel_raffle);
    to.add(settle::settle_draw);
    to.add(finalize::finalize_raffle);
    to.add(quarantine::decide_quarantined);
    to.add(device_lost::declare_device_lost);
    to.add(curve::get_sales_curve);
    to.add(significant_events::list_significant_events);
}

/// Gives a command in a person's name and answers with the raffle as it then stands.
async fn command<P: Permission>(
    app: &App,
    staff: &Staff<P>,
    raffle: RaffleId,
    approver: Option<UserId>,
    command: Command,
) -> Result<web::Json<RaffleAdmin>, ApiError> {
    let stream = staff.stream(app, raffle).await?;
    let origin = Origin { approver, ..staff.origin(Cause::Internal) };
    app.node.execute(stream, Lane::Control, origin, command).await?;
    RaffleAdmin::read(app, stream).await.map(web::Json)
}
