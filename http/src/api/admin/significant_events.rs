//! `GET /admin/significant-events`

use crate::api::error::{ApiError, Problem};
use crate::api::extract::QueryOf;
use crate::auth::Staff;
use crate::auth::permission::ReadLog;
use crate::state::App;
use actix_web::{get, web};
use drumroll_actors::store::SignificantFilter;
use drumroll_engine::organisation::Organisation;
use drumroll_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use utoipa::{IntoParams, ToSchema};

/// Which events, in any combination.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// Not before.
    pub from_ms: Option<u64>,
    /// Before.
    pub to_ms: Option<u64>,
    /// Of this code.
    pub code: Option<String>,
    /// Of this component, for example `rsu:…`.
    pub component: Option<String>,
    /// At most so many, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// A line of the log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SignificantEvent {
    /// When.
    pub at_ms: u64,
    /// Its stable code.
    pub code: String,
    /// What it is about, for ever: a kind and an id.
    pub component: String,
    /// What that is called today, where it has a name.
    pub component_name: Option<String>,
    /// Who caused it: a kind and an id.
    pub actor: String,
    /// What he, or it, is called today, where there is a name.
    pub actor_name: Option<String>,
    /// A sentence.
    pub detail: String,
}

/// Lines of the log, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SignificantEventList {
    /// The lines.
    pub items: Vec<SignificantEvent>,
}

/// The log of significant events (GLI-31 §5.6.1).
#[utoipa::path(
    tag = "reports",
    security(("staff" = ["read_log"])),
    params(LogQuery),
    responses(
        (status = 200, body = SignificantEventList),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`validation_failed`"),
    ),
)]
#[get("/admin/significant-events")]
pub(crate) async fn list_significant_events(
    staff: Staff<ReadLog>,
    app: web::Data<App>,
    QueryOf(query): QueryOf<LogQuery>,
) -> Result<web::Json<SignificantEventList>, ApiError> {
    let limit = query.limit.unwrap_or(50);
    if !(1..=app.limits.page_max).contains(&limit) {
        return Err(ApiError::field("limit", &format!("Between 1 and {}.", app.limits.page_max)));
    }
    let filter = SignificantFilter {
        from: query.from_ms.map(Timestamp::from_millis),
        to: query.to_ms.map(Timestamp::from_millis),
        code: query.code,
        component: query.component,
        limit,
    };
    let rows = app.node.store().significant(staff.organisation, filter).await?;
    let named: HashSet<String> = rows.iter().flat_map(|row| [row.component.clone(), row.actor.clone()]).collect();
    let names = app.node.read_organisation(staff.organisation, move |state| names(state, named)).await?;
    let items = rows.into_iter().map(|row| SignificantEvent {
        at_ms: row.at.as_millis(),
        code: row.code,
        component_name: names.get(&row.component).cloned(),
        component: row.component,
        actor_name: names.get(&row.actor).cloned(),
        actor: row.actor,
        detail: row.detail,
    });
    Ok(web::Json(SignificantEventList { items: items.collect() }))
}

/// What the organisation calls the parties in `named`. The log itself keeps ids, since names change. Looked up
/// one by one: this runs in the organisation's actor, which may know thousands.
fn names(state: &Organisation, named: HashSet<String>) -> HashMap<String, String> {
    let name = |party: &str| {
        let (kind, id) = party.split_once(':')?;
        match kind {
            "user" => state.accounts.get(&id.parse().ok()?).map(|account| &account.name),
            "rsu" => state.devices.get(&id.parse().ok()?).map(|device| &device.label),
            "venue" => state.venues.get(&id.parse().ok()?).map(|venue| &venue.name),
            "raffle" => state.events.get(&id.parse().ok()?).map(|event| &event.name),
            _ => None,
        }
    };
    named.into_iter().filter_map(|party| name(&party).cloned().map(|name| (party, name))).collect()
}
