//! What people would build instead, with an endpoint before it: a minimal actix-web server that runs the fastest
//! baseline of `sales`, one prepared statement, once a request through a pool. No accounts, no checks, no journal.

use crate::common;
use actix_web::{App, HttpResponse, HttpServer, web};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use serde::Deserialize;
use tokio_postgres::NoTls;
use uuid::Uuid;

/// The baseline's statement; its schema is made by whoever starts this server.
#[path = "../sales/baseline.rs"]
#[allow(dead_code, reason = "the rest of it is measured by `sales`")]
pub(crate) mod baseline;

#[derive(Deserialize)]
struct Sale {
    event: Uuid,
    key: Uuid,
}

async fn sell(pool: web::Data<Pool>, sale: web::Json<Sale>) -> HttpResponse {
    let client = pool.get().await.unwrap();
    let statement = client.prepare_cached(baseline::ONE_STATEMENT).await.unwrap();
    let (numbers, price, seller, validation) = (5_i64, 500_i64, Uuid::nil(), sale.key.as_bytes().as_slice());
    let row = client.query_one(&statement, &[&sale.event, &sale.key, &numbers, &price, &validation, &seller]).await;
    let first: i64 = row.unwrap().get(0);
    HttpResponse::Created().json(serde_json::json!({ "first": first, "last": first + numbers - 1 }))
}

/// Serves until it is killed. `connections` of them in the pool.
pub(crate) async fn serve(url: &str, address: &str, connections: usize) {
    let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(url.parse().unwrap(), NoTls, manager);
    let pool = Pool::builder(manager).max_size(connections).runtime(Runtime::Tokio1).build().unwrap();
    let pool = web::Data::new(pool);
    let server = HttpServer::new(move || App::new().app_data(pool.clone()).route("/sell", web::post().to(sell)));
    server.workers(2).bind(address).unwrap().run().await.unwrap();
}
