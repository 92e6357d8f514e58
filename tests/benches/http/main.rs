//! `make bench ONLY=http`: durable sales a second over HTTP on PostgreSQL, beside a minimal server that people would
//! build instead, under the same load on the same cores, in turn.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

#[path = "../common/mod.rs"]
mod common;
mod server;

use common::meter::{Meter, run_clients};
use common::wire::Wire;
use drumroll_tests::api;
use drumroll_tests::database::Database;
use drumroll_tests::figures::{Figures, median};
use drumroll_tests::now_ms;
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use serde_json::json;
use server::baseline;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

const ROUNDS: usize = 3;
const WINDOW: Duration = Duration::from_secs(5);

/// Clients that ask at the same time.
const CLIENTS: usize = 64;

/// Connections in the baseline's pool; the better of the two counts.
const POOLS: [usize; 2] = [1, 16];

/// Ends with its owner.
struct Baseline(Child);

impl Drop for Baseline {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, role, url, address, connections] = &arguments[..]
        && role == "serve-the-baseline"
    {
        return actix_web::rt::System::new().block_on(server::serve(url, address, connections.parse().unwrap()));
    }
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(run());
}

async fn run() {
    let (Some(mut site), Some(theirs)) = (Site::postgres("bench-http").await, Database::postgres().await) else {
        println!("without PostgreSQL there is nothing to compare");
        return;
    };
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = open(&crew).await;
    let (mut ours, mut best, mut median_ms, mut p99_ms) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        println!("round {round} of {ROUNDS}");
        let mut rates = Vec::new();
        for connections in POOLS {
            let meter = measure_baseline(&theirs.setting(), connections).await;
            println!("  baseline, {connections} connections {:>10.0} 1/s", meter.rate);
            rates.push(meter.rate);
        }
        best.push(rates.into_iter().fold(0.0, f64::max));
        let meter = measure_ours(&site, &crew, &raffle).await;
        println!("  ours {:>10.0} 1/s, median {:.1} ms", meter.rate, meter.percentile(0.5));
        ours.push(meter.rate);
        median_ms.push(meter.percentile(0.5));
        p99_ms.push(meter.percentile(0.99));
    }
    let mut figures = Figures::default();
    figures.note("http_baseline_rate", median(&best), "1/s");
    figures.note("http_ours_rate_postgres", median(&ours), "1/s");
    figures.note("http_ours_ms_median", median(&median_ms), "ms");
    figures.note("http_ours_ms_p99", median(&p99_ms), "ms");
    figures.note("sale_ratio_http_postgres", median(&ours) / median(&best), "x");
    figures.save();
    site.stop().await;
    site.close().await;
    theirs.remove().await;
}

/// A raffle with more numbers at the counter than any run can sell.
async fn open(crew: &Crew) -> String {
    let admin = &crew.admin.client;
    let made = admin.post_once("/admin/raffles", &api::new_key(), &json!({"name": "Bench", "kind": "live"})).await;
    let id = made.expect(201)["id"].as_str().unwrap().to_owned();
    let mut configuration = crew.configuration("Bench", now_ms() + 3_600_000);
    configuration["numbers"]["last"] = json!(100_000_000);
    configuration["pools"][2]["range"]["last"] = json!(100_000_000);
    admin.put(&format!("/admin/raffles/{id}/configuration"), &configuration).await.expect(200);
    admin.act(&format!("/admin/raffles/{id}/open")).await.expect(200);
    id
}

async fn wires(base: &str) -> Arc<Vec<Mutex<Wire>>> {
    let mut wires = Vec::new();
    for _ in 0..CLIENTS {
        wires.push(Mutex::new(Wire::connect(base).await));
    }
    Arc::new(wires)
}

async fn measure_ours(site: &Site, crew: &Crew, raffle: &str) -> Meter {
    let wires = wires(&site.base).await;
    let token = Arc::new(crew.seller.client.token().unwrap());
    let body = Arc::new(json!({ "raffle_id": raffle, "lines": [{ "package_id": 1, "quantity": 1 }] }).to_string());
    run_clients(CLIENTS, WINDOW, move |client| {
        let (wires, token, body) = (wires.clone(), token.clone(), body.clone());
        async move {
            let headers = format!("authorization: Bearer {token}\r\nidempotency-key: {}\r\n", uuid::Uuid::new_v4());
            let status = wires[client].lock().await.post("/api/v1/tickets/generate", &headers, &body).await;
            assert_eq!(status, 201);
        }
    })
    .await
}

async fn measure_baseline(url: &str, connections: usize) -> Meter {
    let event = baseline::prepare(url).await;
    let address =
        format!("127.0.0.1:{}", std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["serve-the-baseline", url, &address, &connections.to_string()]);
    let _server = Baseline(command.spawn().unwrap());
    until("the baseline listens", SOON, async || tokio::net::TcpStream::connect(&address).await.ok()).await;
    let wires = wires(&format!("http://{address}")).await;
    run_clients(CLIENTS, WINDOW, move |client| {
        let wires = wires.clone();
        async move {
            let body = format!(r#"{{"event":"{event}","key":"{}"}}"#, uuid::Uuid::new_v4());
            assert_eq!(wires[client].lock().await.post("/sell", "", &body).await, 201);
        }
    })
    .await
}
