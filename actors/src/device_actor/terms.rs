//! What a handheld is told about a raffle: everything it needs to sell, online or not.

use crate::aggregate::Live;
use drumroll_engine::id::DeviceId;
use drumroll_engine::raffle::{Device, DeviceStatus, Kind, PoolKind, Raffle, Status};
use drumroll_protocol::{DeviceState, DeviceTerms, EventText, Lease, PackageTerms, RaffleStatus, Terms};

/// Records a device may hold before it must upload.
const BUFFER_RECORDS_MAX: u32 = 500;

/// Error of its estimate of server time beyond which a device does not sell (C-07), in milliseconds.
const CLOCK_ERROR_MAX_MS: u32 = 5_000;

/// Whether handhelds sell in this raffle.
pub fn sold_by_handhelds(raffle: &Raffle) -> bool {
    raffle.pool(PoolKind::Rsu).is_some()
}

/// Whether a handheld that takes part still owes something to this raffle, or may sell in it.
pub fn concerns(raffle: &Raffle, device: &DeviceId) -> bool {
    match raffle.devices.get(device) {
        Some(known) => {
            raffle.status.on_sale() || !matches!(known.status, DeviceStatus::Final { .. }) || !raffle.locked()
        }
        None => raffle.status.on_sale() && sold_by_handhelds(raffle),
    }
}

/// The terms of a device that has joined.
pub fn terms(live: &Live<Raffle>, id: &DeviceId) -> Option<Terms> {
    let raffle = &live.state;
    let config = raffle.config.as_deref()?;
    let device = raffle.devices.get(id)?;
    let packages = config.packages.iter().filter(|package| package.stock.is_none());
    Some(Terms {
        raffle_id: raffle.id,
        as_of_seq: live.head.seq,
        status: status(raffle.status),
        test: raffle.kind == Kind::Test,
        event: EventText {
            organisation_name: config.organisation_name.clone(),
            name: raffle.name.clone(),
            event_number: raffle.event_number,
            location: config.location.clone(),
            licence: config.licence.clone(),
            time_zone: config.time_zone.clone(),
        },
        currency: config.currency,
        packages: packages
            .map(|package| PackageTerms {
                id: package.id,
                label: package.label.clone(),
                numbers: package.numbers,
                price_minor: package.price_minor,
            })
            .collect(),
        ticket_lines: config.ticket_lines.clone(),
        sales_start_us: config.sales_start.max(raffle.opened_at.unwrap_or_default()),
        closes_at_us: raffle.closes_at,
        plan_hash: raffle.draws.first().map(|draw| draw.plan_hash),
        device: device_terms(device, config.device_block),
    })
}

fn device_terms(device: &Device, block: u64) -> DeviceTerms {
    let leases = device.leased.iter().zip(1u32..).map(|(range, no)| Lease { no, range: *range }).collect();
    DeviceTerms {
        state: match device.status {
            DeviceStatus::Joined if device.leased.is_empty() => DeviceState::Joined,
            DeviceStatus::Joined => DeviceState::Selling,
            DeviceStatus::Final { .. } => DeviceState::Final,
            DeviceStatus::Lost { .. } => DeviceState::Lost,
        },
        issuer_slot: Some(device.slot.get()),
        leases,
        block: u32::try_from(block).unwrap_or(u32::MAX),
        buffer_records_max: BUFFER_RECORDS_MAX,
        clock_error_max_ms: CLOCK_ERROR_MAX_MS,
        acknowledged_seq: device.last_seq,
        acknowledged_head: device.head,
    }
}

const fn status(status: Status) -> RaffleStatus {
    match status {
        Status::Draft => RaffleStatus::Draft,
        Status::Configured => RaffleStatus::Configured,
        Status::Selling => RaffleStatus::Selling,
        Status::Suspended => RaffleStatus::Suspended,
        Status::Closing => RaffleStatus::Closing,
        Status::Reconciling => RaffleStatus::Reconciling,
        Status::Reconciled => RaffleStatus::Reconciled,
        Status::Finalized => RaffleStatus::Finalized,
        Status::Cancelled => RaffleStatus::Cancelled,
    }
}
