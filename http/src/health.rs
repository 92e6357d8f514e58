//! `/health/live`: the process answers. `/health/ready`: it can take sales, or which dependency keeps it
//! from that.

use crate::notify::Reports;
use crate::state::App;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use std::time::Duration;

/// How long the store may take to say that it is there.
const STORE: Duration = Duration::from_secs(2);

/// Decisions that wait longer than this for their commit keep customers waiting.
const LAG_MAX: Duration = Duration::from_secs(5);

/// One dependency.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    detail: String,
}

#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    store: &'static str,
    checks: Vec<Check>,
}

/// Mounts both.
pub fn configure(config: &mut web::ServiceConfig) {
    config.route("/health/live", web::get().to(live)).route("/health/ready", web::get().to(ready));
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "live": true }))
}

async fn ready(app: web::Data<App>, reports: web::Data<Reports>) -> HttpResponse {
    let ping = tokio::time::timeout(STORE, app.node.store().ping()).await;
    let (ok, detail) = match ping {
        Ok(Ok(())) => (true, "commits".to_owned()),
        // The text of a store's error may hold the database's address; the log has it.
        Ok(Err(_)) => (
            false,
            match app.node.store().refusing() {
                Some(what) => format!("does not answer; {what} are refused until it does"),
                None => "does not commit".to_owned(),
            },
        ),
        Err(_) => (false, format!("no answer within {} s", STORE.as_secs())),
    };
    let store = Check { name: "store", ok, detail };
    let (figures, waiting) = (app.node.journal().figures(), app.node.journal().waiting());
    let lag = figures.lag();
    // The lag is that of the last look: with nothing waiting it is history.
    let behind = lag > LAG_MAX && waiting > 0;
    let detail = if figures.failing() {
        format!("the last commit failed; {waiting} decisions wait")
    } else {
        format!("{waiting} decisions wait, the last batch took {} ms", lag.as_millis())
    };
    let journal = Check { name: "journal", ok: !figures.failing() && !behind, detail };
    let aside = app.node.raffles().set_aside().len() + app.node.organisations().set_aside().len();
    // One raffle that was set aside does not stop the others, so the node stays ready and says so.
    let actors = Check { name: "actors", ok: true, detail: format!("{aside} set aside after failures") };
    let mut ready = store.ok && journal.ok;
    let mut checks = vec![store, journal, actors];
    if let Some(cluster) = app.node.cluster() {
        // Without its lease it answers nothing; without Redis it sells, and shows others' sales a little later.
        let lease = cluster.holds();
        let detail = if lease { format!("{} nodes stand", cluster.standing()) } else { "ran out".to_owned() };
        ready &= lease;
        checks.push(Check { name: "lease", ok: lease, detail });
        let well = cluster.bus_well();
        let detail = if well { "carries the news" } else { "away: news of other nodes is read from the store" };
        checks.push(Check { name: "redis", ok: well, detail: detail.to_owned() });
    }
    // A target that is away keeps nobody from buying (I12): what it is to be told waits on record.
    let detail = reports.sentence(app.node.clock().now());
    let notifications = Check { name: "notifications", ok: true, detail };
    checks.push(notifications);
    let body = Readiness { ready, store: app.node.store().kind(), checks };
    if ready {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().insert_header(("retry-after", "5")).json(body)
    }
}
