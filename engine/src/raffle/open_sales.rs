//! Opening: everything that could affect integrity freezes here (GLI-31 §2.2.3, L-01, L-02).

use super::{Context, Decision, Event, Raffle, RaffleKeys, Rejection, Status};
use crate::bytes::Bytes;
use crate::draw::{Flags, LedgerPublicKey, Plan, Prize, VrfPublicKey, WitnessPublicKey};
use crate::hash::sha256;
use crate::id::DrawId;
use crate::profile::Profile;
use serde::{Deserialize, Serialize};

/// Opens sales. Keys and the house witness's commitment are made by the shell from secrets that the
/// engine never sees; it finds the plan hash with [`prepare`] first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenSales {
    /// Public halves of the raffle's keys.
    pub keys: RaffleKeys,
    /// Identity of the main draw.
    pub draw: DrawId,
    /// C_0 over the main draw's plan hash.
    pub house_commitment: Bytes<32>,
}

/// The opening as it will be recorded, so that the shell can commit to the plan hash.
pub struct Opening {
    /// The opening event; its payload's hash is the `rules_hash`.
    pub event: Event,
    /// The main draw's plan.
    pub plan: Plan,
}

/// Builds the opening of `raffle` with `keys`. Depends on nothing but the configuration and the keys.
///
/// # Errors
/// As [`open_sales`], except for the window.
pub fn prepare(raffle: &Raffle, keys: RaffleKeys) -> Result<Opening, Rejection> {
    if raffle.status != Status::Configured {
        return Err(Rejection::WrongStatus { status: raffle.status });
    }
    let config = raffle.config.clone().ok_or(Rejection::WrongStatus { status: raffle.status })?;
    let errors = config.errors();
    if !errors.is_empty() {
        return Err(Rejection::InvalidConfig(errors));
    }
    let profile = Profile::by_id(&config.profile).ok_or(Rejection::NotAllowed)?;
    let event = Event::SalesOpened { config: config.clone(), profile: Box::new(profile), keys };
    let plan = plan(raffle, &config, keys, Bytes(sha256(&event.encode())));
    plan.validate().map_err(|_| Rejection::DrawInvalid)?;
    Ok(Opening { event, plan })
}

fn plan(raffle: &Raffle, config: &super::Config, keys: RaffleKeys, rules_hash: Bytes<32>) -> Plan {
    Plan {
        raffle_id: raffle.id.0,
        draw_no: 1,
        ledger_pk: LedgerPublicKey(keys.ledger.0),
        vrf_pk: VrfPublicKey(keys.vrf.0),
        number_first: config.numbers.first(),
        number_last: config.numbers.last(),
        // Grade 0: the house witness alone. Independent witnesses and the beacon have their own issue.
        flags: Flags::NONE,
        beacon_chain: [0; 32],
        beacon_min_delay_s: 0,
        beacon_max_delay_s: 0,
        witnesses: vec![WitnessPublicKey(keys.house_witness.0)],
        prizes: config
            .prizes
            .iter()
            .map(|prize| Prize { prize_id: prize.id, quantity: prize.rule.quantity() })
            .collect(),
        reserves: config.reserves,
        rules_hash: rules_hash.0,
    }
}

impl Raffle {
    /// The frozen plan of a draw, rebuilt from the opening.
    pub fn plan(&self, draw_no: u32) -> Option<Plan> {
        self.draw(draw_no)?;
        let mut plan = plan(self, self.config.as_ref()?, self.keys?, self.rules_hash);
        plan.draw_no = draw_no;
        Some(plan)
    }
}

/// Refuses, in this order: a raffle that is not `configured`, a configuration that cannot be opened,
/// a sales window that is over, keys that make no valid plan.
pub fn open_sales(raffle: &Raffle, context: &Context, command: &OpenSales) -> Result<Decision, Rejection> {
    let opening = prepare(raffle, command.keys)?;
    let sales_end = raffle.config.as_ref().map(|config| config.sales_end);
    if sales_end.is_none_or(|end| end <= context.at) {
        return Err(Rejection::BadClosingTime);
    }
    let planned = Event::DrawPlanned {
        draw: command.draw,
        draw_no: 1,
        plan_hash: Bytes(opening.plan.hash().0),
        house_commitment: command.house_commitment,
    };
    Decision::done(vec![opening.event, planned])
}
