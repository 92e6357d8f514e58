//! A graceful end: every socket is sent away with a code that says "come back", and nobody waits for them.

use crate::board;
use drumroll_tests::now_ms;
use drumroll_tests::server::Site;
use drumroll_tests::socket::{Heard, Socket};
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::SOON;

/// B-03: with sockets of every kind open, a stop that could wait for them far longer than this test does ends
/// at once, and each of them hears the server go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b03_a_graceful_stop_sends_every_socket_away() {
    let mut site = Site::sqlite("farewell");
    site.set("SHUTDOWN_S", "300");
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = crew.open_raffle("Farewell", now_ms() + 3_600_000).await;
    let public = Socket::connect(&site.base, &format!("/ws/public/raffles/{raffle}")).await.unwrap();
    let operator = board(&site, &crew, &raffle).await;
    let device = Socket::connect(&site.base, "/ws/device").await.unwrap();
    let mut sockets = [("public", public), ("operator", operator), ("device", device)];
    assert_eq!(site.stop().await, Some(0));
    for (name, socket) in &mut sockets {
        let end = loop {
            match socket.hear(SOON).await {
                Heard::Frame(_) => {}
                end => break end,
            }
        };
        assert_eq!(end, Heard::Closed(Some(4000)), "the {name} socket");
    }
    site.close().await;
}
