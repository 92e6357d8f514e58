//! Faults from outside (issue 2, acceptance 3), one file each: a process that is killed between decision and commit
//! (`kill`), a store that does not answer (`silence`), a database that drops its connections (`connections`), an end with
//! sockets open (`farewell`); between the server and PostgreSQL whatever a network can do (`database_proxy`), and PostgreSQL
//! itself stopped and started (`database_restart`), while a crowd buys (`crowd`); a power cut while SQLite's log
//! is written (`torn`), another process that takes its lock (`busy`), a disk without room (`full_disk`), a machine whose
//! clock is set (`clock_jumps`), a database that is asked no more while it is away (`breaker`), an answer that does not come
//! (`deadline`), a kill in a chosen write of a migration, a snapshot, a draw (`chosen_moments`), hostile clients over
//! all ways in, killed under too (`hostile`). What happens inside a process (an actor's panic) is tested in `actors/tests`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

mod breaker;
mod busy;
mod chosen_moments;
mod clock_jumps;
mod connections;
mod crowd;
mod database_proxy;
mod database_restart;
mod deadline;
mod farewell;
mod full_disk;
mod hostile;
mod kill;
mod lock;
mod silence;
mod torn;

use drumroll_tests::api::{Client, Reply};
use drumroll_tests::server::Site;
use drumroll_tests::socket::Socket;
use drumroll_tests::stage::Crew;
use serde_json::Value;
use tokio::task::JoinHandle;

/// A call in the background; its answer is what a caller would have seen.
pub(crate) fn call(client: &Client, path: &str, key: &str, body: &Value) -> JoinHandle<Option<Reply>> {
    let (client, path, key, body) = (client.clone(), path.to_owned(), key.to_owned(), body.clone());
    tokio::spawn(async move { client.try_call(reqwest::Method::POST, &path, Some(&key), Some(&body)).await.ok() })
}

/// The board of an operator: the only place where decisions that are not durable yet show, as a count.
pub(crate) async fn board(site: &Site, crew: &Crew, raffle: &str) -> Socket {
    let ticket = crew.manager.client.act("/auth/socket-ticket").await.expect(200);
    let path = format!("/ws/operator?ticket={}&raffle_id={raffle}&facts_from=0", ticket["ticket"].as_str().unwrap());
    Socket::connect(&site.base, &path).await.unwrap()
}
