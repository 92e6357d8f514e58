//! Figures for Prometheus. Counters and histograms are recorded where things happen; what can be asked
//! for is asked for when somebody looks.

use crate::api::error::ApiError;
use crate::auth::Secret;
use crate::auth::staff::bearer;
use crate::edge::address::is_local;
use crate::notify::{self, Reports};
use crate::state::App;
use actix_web::{HttpRequest, HttpResponse, web};
use drumroll_actors::guard;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tracing::warn;

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Seconds, from a fast read to a caller's whole deadline.
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// How often old samples are folded away.
const UPKEEP: Duration = Duration::from_secs(5);

/// How long the store may keep those who read the figures waiting.
const STORE: Duration = Duration::from_secs(2);

/// How many raffles have figures of their own.
const RAFFLES: u32 = 200;

/// Installs the recorder, once per process, before anything is counted.
pub fn install() {
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS);
        let handle = builder.and_then(PrometheusBuilder::install_recorder);
        match handle {
            Ok(handle) => {
                describe();
                Some(handle)
            }
            Err(error) => {
                warn!(%error, "there are no metrics");
                None
            }
        }
    });
}

/// Folds old samples away for as long as the process lives, or memory would grow with every request.
pub async fn upkeep() {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        if let Some(Some(handle)) = HANDLE.get() {
            guard::step("metrics", async { handle.run_upkeep() }).await;
        }
    }
}

fn describe() {
    describe_histogram!("drumroll_http_seconds", Unit::Seconds, "Time to answer, by method, route and status");
    describe_counter!("drumroll_http_panics_total", "Handlers that panicked");
    describe_counter!("drumroll_task_panics_total", "Panics in background tasks, which go on, by task");
    describe_counter!("drumroll_http_late_total", "Requests that were answered by their deadline");
    describe_counter!("drumroll_logins_total", "Logins by outcome");
    describe_counter!("drumroll_access_denied_total", "Attempts at what a role does not permit");
    describe_counter!("drumroll_rate_limited_total", "Requests refused by a rate limit, by class");
    describe_histogram!("drumroll_durable_lag_seconds", Unit::Seconds, "From a decision to its commit");
    describe_histogram!("drumroll_commit_seconds", Unit::Seconds, "Time of one commit");
    describe_histogram!("drumroll_batch_decisions", "Decisions in one transaction");
    describe_gauge!("drumroll_store_failing", "1 while the store refuses commits");
    describe_gauge!("drumroll_store_refusing", "1 while calls are refused because the store does not answer, by kind");
    describe_counter!("drumroll_store_refused_total", "Calls refused for that reason, by kind");
    describe_gauge!("drumroll_actors_awake", "Actors in memory");
    describe_gauge!("drumroll_sockets", "Open sockets");
    describe_gauge!("drumroll_journal_waiting", "Decisions that wait for their commit");
    describe_gauge!("drumroll_journal_lag_seconds", Unit::Seconds, "How long the oldest uncommitted decision waits");
    describe_counter!("drumroll_append_refused_total", "Batches of a journal that the store's own rules forbid");
    describe_counter!("drumroll_decisions_total", "Decisions committed since the start");
    describe_gauge!("drumroll_intake_waiting", "Requests that wait for an actor, by kind");
    describe_gauge!("drumroll_set_aside", "Actors set aside after repeated failures; a person must look");
    describe_gauge!("drumroll_orders_pending", "Online orders that wait for their payment");
    describe_gauge!("drumroll_refunds_due", "Refunds that are owed");
    describe_counter!("drumroll_refunds_total", "Refunds made");
    describe_counter!("drumroll_orders_settled_late_total", "Orders settled by asking the provider");
    describe_counter!(
        "drumroll_orders_paid_too_late_total",
        "Ended orders that were found paid; their money goes back"
    );
    describe_counter!("drumroll_payments_refused_total", "Purchases refused because too many payments were under way");
    describe_counter!("drumroll_payment_calls_total", "Calls to the payment provider, by call and outcome");
    describe_histogram!(
        "drumroll_payment_call_seconds",
        Unit::Seconds,
        "Time of calls to the payment provider, by call"
    );
    describe_counter!("drumroll_webhooks_total", "Webhooks of the payment provider, by answer");
    describe_gauge!("drumroll_raffle_tickets", "Tickets sold, by raffle");
    describe_gauge!("drumroll_raffle_numbers", "Valid draw numbers sold, by raffle");
    describe_gauge!("drumroll_raffle_net_minor", "Net sales in minor units, by raffle");
    describe_gauge!("drumroll_raffle_jackpot_minor", "The jackpot in minor units, by raffle");
    notify::describe();
}

#[allow(clippy::cast_precision_loss, reason = "figures for graphs; the reports have the exact ones")]
async fn observe(app: &App) -> Result<(), ApiError> {
    let (journal, raffles, organisations) = (app.node.journal(), app.node.raffles(), app.node.organisations());
    gauge!("drumroll_journal_waiting").set(journal.waiting() as f64);
    gauge!("drumroll_journal_lag_seconds").set(journal.figures().lag().as_secs_f64());
    counter!("drumroll_decisions_total").absolute(journal.figures().committed());
    gauge!("drumroll_intake_waiting", "kind" => "raffle").set(raffles.waiting() as f64);
    gauge!("drumroll_intake_waiting", "kind" => "organisation").set(organisations.waiting() as f64);
    gauge!("drumroll_set_aside").set((raffles.set_aside().len() + organisations.set_aside().len()) as f64);
    for row in app.node.store().raffles(None, false, None, RAFFLES).await? {
        let labels = [("raffle", row.raffle.to_string()), ("currency", row.currency.unwrap_or_default())];
        gauge!("drumroll_raffle_tickets", &labels).set(row.tickets as f64);
        gauge!("drumroll_raffle_numbers", &labels).set(row.numbers_sold as f64);
        gauge!("drumroll_raffle_net_minor", &labels).set(row.gross_minor.saturating_sub(row.voided_minor) as f64);
        gauge!("drumroll_raffle_jackpot_minor", &labels).set(row.jackpot_minor as f64);
    }
    Ok(())
}

/// Who may read the figures from elsewhere: sales are nobody's business before they are published.
#[derive(Clone, Debug, Default)]
pub struct Readers(Option<Secret>);

impl Readers {
    /// Whoever shows `token`, and this machine.
    pub fn with(token: Option<String>) -> Self {
        Self(token.map(Secret::new))
    }

    fn admit(&self, request: &HttpRequest) -> bool {
        let shown = bearer(request).unwrap_or_default();
        let known = self.0.as_ref().map(Secret::expose).unwrap_or_default();
        let matches = !known.is_empty() && bool::from(shown.as_bytes().ct_eq(known.as_bytes()));
        matches || is_local(request)
    }
}

/// `GET /metrics`
///
/// # Errors
/// `unauthenticated` from elsewhere without the token.
pub async fn metrics(
    request: HttpRequest,
    app: web::Data<App>,
    readers: web::Data<Readers>,
    reports: web::Data<Reports>,
) -> Result<HttpResponse, ApiError> {
    if !readers.admit(&request) {
        return Err(ApiError::new(
            "unauthenticated",
            "Figures are for this machine, or for whoever shows metrics_token.",
        ));
    }
    let Some(Some(handle)) = HANDLE.get() else {
        return Err(ApiError::new("internal", "There are no metrics: another recorder is installed."));
    };
    reports.observe(app.node.clock().now());
    // A store that is away must not take the other figures with it.
    match tokio::time::timeout(STORE, observe(&app)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(%error, "sales could not be read for the metrics"),
        Err(_) => warn!("sales could not be read for the metrics in time"),
    }
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render()))
}
