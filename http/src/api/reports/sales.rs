//! `GET /reports/sales`: one moment's sales, by channel, package and handheld; the sums agree to the cent
//! (I5, P-11).

use crate::api::admin::dto::{ChannelSales, channels};
use crate::api::error::{ApiError, Problem};
use crate::api::extract::QueryOf;
use crate::auth::Staff;
use crate::auth::permission::Watch;
use crate::state::App;
use actix_web::{get, web};
use drumroll_actors::aggregate::Live;
use drumroll_engine::id::{DeviceId, RaffleId};
use drumroll_engine::raffle::Raffle;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Of which raffle.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SalesQuery {
    /// The raffle.
    #[param(value_type = Uuid)]
    pub raffle_id: RaffleId,
}

/// What a package sold, voids included and beside it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PackageSales {
    /// The package.
    pub package_id: u32,
    /// What people read.
    pub label: String,
    /// Packages ever sold.
    pub quantity: u64,
    /// Their draw numbers.
    pub numbers: u64,
    /// Their money.
    pub gross_minor: u64,
    /// Of it, voided.
    pub voided_minor: u64,
}

/// What a handheld sold (P-04).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeviceSales {
    /// The handheld.
    #[schema(value_type = Uuid)]
    pub device_id: DeviceId,
    /// Its label.
    pub label: String,
    /// Tickets ever sold.
    pub tickets: u64,
    /// Their draw numbers.
    pub numbers: u64,
    /// Their money.
    pub gross_minor: u64,
    /// Of it, voided.
    pub voided_minor: u64,
    /// Tickets marked as misprinted.
    pub misprinted: u64,
}

/// The sales of a raffle.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SalesReport {
    /// The raffle.
    #[schema(value_type = Uuid)]
    pub raffle_id: RaffleId,
    /// The event of its journal that all this is of.
    pub as_of_seq: u64,
    /// All sales.
    pub gross_minor: u64,
    /// Of them, voided.
    pub voided_minor: u64,
    /// The difference.
    pub net_minor: u64,
    /// Tickets ever sold.
    pub tickets: u64,
    /// Of them, voided.
    pub voided_tickets: u64,
    /// Draw numbers on valid tickets.
    pub numbers_sold: u64,
    /// By the way in, voids taken out.
    pub by_channel: Vec<ChannelSales>,
    /// By package.
    pub by_package: Vec<PackageSales>,
    /// By handheld.
    pub by_device: Vec<DeviceSales>,
}

impl SalesReport {
    fn of(live: &Live<Raffle>) -> Self {
        let raffle = &live.state;
        let total = raffle.total();
        let packages = raffle.config.iter().flat_map(|config| &config.packages);
        let by_package = packages.map(|package| {
            let tally = raffle.packages.get(&package.id).copied().unwrap_or_default();
            PackageSales {
                package_id: package.id,
                label: package.label.clone(),
                quantity: tally.count,
                numbers: tally.numbers,
                gross_minor: tally.gross_minor,
                voided_minor: tally.voided_minor,
            }
        });
        let by_device = raffle.devices.iter().map(|(id, device)| DeviceSales {
            device_id: *id,
            label: device.label.clone(),
            tickets: device.tickets,
            numbers: device.sold + device.voided,
            gross_minor: device.gross_minor,
            voided_minor: device.voided_minor,
            misprinted: device.misprinted,
        });
        Self {
            raffle_id: raffle.id,
            as_of_seq: live.head.seq,
            gross_minor: total.gross_minor,
            voided_minor: total.voided_minor,
            net_minor: total.net_minor(),
            tickets: total.count,
            voided_tickets: total.voided_count,
            numbers_sold: total.numbers - total.voided_numbers,
            by_channel: channels(&raffle.channels),
            by_package: by_package.collect(),
            by_device: by_device.collect(),
        }
    }
}

/// The sales of a raffle, all of one moment.
#[utoipa::path(
    tag = "reports",
    security(("staff" = ["watch"])),
    params(SalesQuery),
    responses(
        (status = 200, body = SalesReport),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown_raffle`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`"),
    ),
)]
#[get("/reports/sales")]
pub(crate) async fn get_sales_report(
    staff: Staff<Watch>,
    app: web::Data<App>,
    QueryOf(query): QueryOf<SalesQuery>,
) -> Result<web::Json<SalesReport>, ApiError> {
    let stream = staff.stream(&app, query.raffle_id).await?;
    Ok(web::Json(app.node.read(stream, SalesReport::of).await?))
}
