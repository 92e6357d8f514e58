//! `make bench ONLY=live`: from the acknowledgement of a sale to changed pixels, sales a second over HTTP, and memory.
//! One server, one machine, one run.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

use drumroll_tests::browser::{self, Browser};
use drumroll_tests::figures::{Figures, percentile};
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::{api, now_ms};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Sales whose way to the screen is timed, one after the other.
const TIMED: usize = 200;
/// Clients that sell at the same time.
const CLIENTS: usize = 16;
/// How long they sell.
const LOAD: Duration = Duration::from_secs(10);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run());
}

async fn run() {
    let mut figures = Figures::default();
    let mut site = Site::sqlite("bench");
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = open(&crew).await;
    figures.note("memory_idle_mb", site.memory_kib() as f64 / 1024.0, "MB");
    match browser::missing() {
        Some(why) => println!("push to pixels is not measured: {why}"),
        None => pixels(&mut figures, &site, &crew, &raffle).await,
    }
    load(&mut figures, &site, &crew, &raffle).await;
    figures.note("memory_after_load_mb", site.memory_kib() as f64 / 1024.0, "MB");
    site.stop().await;
    site.close().await;
    figures.save();
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

/// Delay from the moment a seller holds the acknowledgement to the frame that shows the jackpot with it.
async fn pixels(figures: &mut Figures, site: &Site, crew: &Crew, raffle: &str) {
    let mut browser = Browser::start("pixels.mjs", &json!({ "base": site.base, "raffle": raffle }));
    browser.at("watching", Duration::from_secs(60)).await;
    let mut acknowledged = Vec::new();
    for round in 0..TIMED {
        let lines = json!({ "raffle_id": raffle, "lines": [{ "package_id": 1, "quantity": 1 }] });
        crew.seller.client.post_once("/tickets/generate", &api::new_key(), &lines).await.expect(201);
        acknowledged.push(now_us() / 1_000.0);
        // Uneven gaps, so that sales meet the conflation interval everywhere.
        tokio::time::sleep(Duration::from_millis(90 + (round as u64 * 37) % 110)).await;
    }
    browser.tell(&json!({}));
    let said = browser.end(Duration::from_secs(20)).await;
    // Every frame shows all sales acknowledged before it was encoded: the first frame at or after a sale's
    // own sequence number counts for it. Sales are the only events, so order is enough.
    let painted: BTreeMap<u64, f64> = said
        .iter()
        .filter(|it| it["at"] == "painted")
        .map(|it| (it["seq"].as_u64().unwrap(), it["at_ms"].as_f64().unwrap()))
        .collect();
    let last = *painted.keys().last().unwrap();
    let first = last - TIMED as u64 + 1;
    let mut delays: Vec<f64> = acknowledged
        .iter()
        .enumerate()
        .filter_map(|(index, at)| painted.range(first + index as u64..).next().map(|(_, shown)| shown - at))
        .collect();
    delays.sort_by(f64::total_cmp);
    assert_eq!(delays.len(), TIMED, "some sales never reached the screen");
    figures.note("ack_to_pixels_ms_median", percentile(&delays, 0.5), "ms");
    figures.note("ack_to_pixels_ms_p99", percentile(&delays, 0.99), "ms");
}

fn now_us() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros() as f64
}

/// Durable counter sales a second over HTTP, clients and server on the same cores.
async fn load(figures: &mut Figures, site: &Site, crew: &Crew, raffle: &str) {
    let until = Instant::now() + LOAD;
    let clients = (0..CLIENTS).map(|_| {
        let client = crew.seller.client.clone();
        let body = json!({ "raffle_id": raffle, "lines": [{ "package_id": 1, "quantity": 1 }] });
        tokio::spawn(async move {
            let mut took = Vec::new();
            while Instant::now() < until {
                let began = Instant::now();
                client.post_once("/tickets/generate", &api::new_key(), &body).await.expect(201);
                took.push(began.elapsed().as_secs_f64() * 1_000.0);
            }
            took
        })
    });
    let mut took: Vec<f64> = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        took.extend(client.await.unwrap());
    }
    took.sort_by(f64::total_cmp);
    assert!(!took.is_empty(), "nothing was sold; see {}", site.log.tail(20));
    figures.note("http_sales_per_second_sqlite", took.len() as f64 / LOAD.as_secs_f64(), "1/s");
    figures.note("http_sale_ms_median", percentile(&took, 0.5), "ms");
    figures.note("http_sale_ms_p99", percentile(&took, 0.99), "ms");
}
