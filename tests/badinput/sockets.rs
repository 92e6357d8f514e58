//! Over the sockets of viewers.

use super::Stage;
use drumroll_tests::api::new_key;
use drumroll_tests::socket::{Heard, Socket, connection_exists};
use drumroll_tests::wait::{SOON, until};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

/// Garbage gets a typed error, and repeated, close code 4003.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c06_garbage_on_a_socket_gets_a_typed_error_and_then_4003() {
    let stage = Stage::set("garbage").await;
    let before = stage.seq().await;
    let garbage: Vec<String> = vec![
        "{".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "{\"t\":\"reboot\"}".to_owned(),
        "{\"t\":\"ping\"}".to_owned(),
        "{\"t\":\"ping\",\"client_time_ms\":-1}".to_owned(),
        "{\"t\":\"ping\",\"client_time_ms\":1,\"more\":2}".to_owned(),
        "{\"t\":\"ping\",\"t\":\"ping\",\"client_time_ms\":1}".to_owned(),
        "{\"t\":\"resume\",\"facts_position\":\"1\"}".to_owned(),
        "\u{0}".to_owned(),
        "x".repeat(5_000),
    ];
    let public = format!("/ws/public/raffles/{}?facts_from=0", stage.raffle);
    let mut sockets = 0;
    for text in &garbage {
        for place in ["public", "operator", "device"] {
            let path = match place {
                "public" => public.clone(),
                "operator" => {
                    let ticket = stage.crew.auditor.client.act("/auth/socket-ticket").await.expect(200);
                    format!(
                        "/ws/operator?ticket={}&raffle_id={}&facts_from=0",
                        ticket["ticket"].as_str().unwrap(),
                        stage.raffle
                    )
                }
                _ => "/ws/device".to_owned(),
            };
            let mut socket = Socket::connect(&stage.site.base, &path).await.unwrap();
            let mut errors = Vec::new();
            for _ in 0..6 {
                if !socket.say(text.clone()).await {
                    break;
                }
            }
            let code = socket
                .hear_close(SOON, |frame| {
                    if frame["t"] == "error" {
                        errors.push(frame);
                    }
                })
                .await;
            assert_eq!(code, Some(4003), "{place}, {text:.40}: {errors:?}");
            assert!(
                !errors.is_empty() && errors.iter().all(|error| error["code"].is_string()),
                "{place}, {text:.40}: {errors:?}"
            );
            sockets += 1;
        }
    }
    // Binary frames are not documented, so they are refused alike.
    for path in [public.as_str(), "/ws/device"] {
        let mut socket = Socket::connect(&stage.site.base, path).await.unwrap();
        for _ in 0..6 {
            if !socket.say_binary(vec![0; 100]).await {
                break;
            }
        }
        assert_eq!(socket.hear_close(SOON, |_| {}).await, Some(4003), "{path}");
    }
    // Frames beyond every limit end the connection; a flood of good ones does too.
    for path in [public.as_str(), "/ws/device"] {
        let mut socket = Socket::connect(&stage.site.base, path).await.unwrap();
        let port = socket.port();
        socket.say("x".repeat(1 << 20)).await;
        socket.hear_close(SOON, |_| {}).await;
        gone(&stage, port).await;
    }
    let mut socket = Socket::connect(&stage.site.base, &public).await.unwrap();
    for _ in 0..500 {
        if !socket.say("{\"t\":\"ping\",\"client_time_ms\":1}").await {
            break;
        }
    }
    assert_eq!(socket.hear_close(SOON, |_| {}).await, Some(4003), "a flood");
    // What is not there, and who may not.
    let refused = [
        (format!("/ws/public/raffles/{}", new_key()), 404),
        ("/ws/public/raffles/x".to_owned(), 404),
        (format!("/ws/public/raffles/{}?facts_from=-1", stage.raffle), 400),
        (format!("/ws/public/raffles/{}?token=x", stage.raffle), 400),
    ];
    for (path, status) in refused {
        assert_eq!(Socket::connect(&stage.site.base, &path).await.unwrap_err(), status, "{path}");
    }
    for ticket in ["", "x", &new_key()] {
        let path = format!("/ws/operator?ticket={ticket}&raffle_id={}", stage.raffle);
        match Socket::connect(&stage.site.base, &path).await {
            Err(status) => assert!(matches!(status, 401 | 403), "{status}"),
            Ok(mut socket) => assert_eq!(socket.hear_close(SOON, |_| {}).await, Some(4010)),
        }
    }
    let ticket = stage.crew.auditor.client.act("/auth/socket-ticket").await.expect(200)["ticket"].clone();
    let path = format!("/ws/operator?ticket={}&raffle_id={}&facts_from=0", ticket.as_str().unwrap(), stage.raffle);
    let mut first = Socket::connect(&stage.site.base, &path).await.unwrap();
    first.hear_until("the hello", |frame| frame["t"] == "hello").await;
    match Socket::connect(&stage.site.base, &path).await {
        Err(status) => assert!(matches!(status, 401 | 403), "{status}"),
        Ok(mut socket) => assert_eq!(socket.hear_close(SOON, |_| {}).await, Some(4010), "a ticket is for one use"),
    }
    // A polite viewer is served all the while.
    let mut polite = Socket::connect(&stage.site.base, &public).await.unwrap();
    polite.say("{\"t\":\"ping\",\"client_time_ms\":42}").await;
    let pong = polite.hear_until("the pong", |frame| frame["t"] == "pong").await;
    assert_eq!(pong["client_time_ms"], 42);
    assert_eq!(stage.seq().await, before);
    println!("{sockets} sockets with garbage were told so and closed with 4003");
    stage.end("garbage", &[ticket.as_str().unwrap().to_owned()]).await;
}

/// Waits until the server's end of a connection is gone.
async fn gone(stage: &Stage, port: u16) {
    let server = stage.site.base.rsplit_once(':').unwrap().1.parse().unwrap();
    until(format!("the connection from port {port} is gone"), SOON * 3, async || {
        (!connection_exists(port, server)).then_some(())
    })
    .await;
}

/// I12: who stops reading is closed and his connection really goes away; it costs no memory and no other viewer notices.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i12_readers_that_stop_reading_cost_nothing_after_their_time() {
    let mut stage = Stage::set("slow-readers").await;
    // A history worth replaying: each void is a fact.
    for _ in 0..40 {
        let order = json!({"raffle_id": stage.raffle, "lines": [{"package_id": 1, "quantity": 1}]});
        let ticket = stage.crew.seller.client.post_once("/tickets/generate", &new_key(), &order).await.expect(201);
        stage.evidence.ticket("the counter", &ticket);
        let void = json!({"raffle_id": stage.raffle, "status": "voided", "reason": "n".repeat(400)});
        stage
            .crew
            .manager
            .client
            .put(&format!("/tickets/{}/status", ticket["order_key"].as_str().unwrap()), &void)
            .await
            .expect(200);
    }
    let path = format!("/ws/public/raffles/{}?facts_from=0", stage.raffle);
    let mut polite = Socket::connect(&stage.site.base, &path).await.unwrap();
    let quiet = polite.hear_until("a state", |frame| frame["t"] == "state").await;
    let server: u16 = stage.site.base.rsplit_once(':').unwrap().1.parse().unwrap();
    let before = stage.site.memory_kib();

    let mut readers = Vec::new();
    for _ in 0..60 {
        // As small a window as the system gives, asked to replay everything again and again, and never read.
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(2_048).unwrap();
        let mut stream = socket.connect(format!("127.0.0.1:{server}").parse().unwrap()).await.unwrap();
        let port = stream.local_addr().unwrap().port();
        let hello = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(hello.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 101");
        readers.push((stream, port));
    }
    let began = Instant::now();
    for _ in 0..55 {
        for (stream, _) in &mut readers {
            let _ = stream.write_all(&masked("{\"t\":\"resume\",\"facts_position\":0}")).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Sales go on for everybody else meanwhile.
    let order = json!({"raffle_id": stage.raffle, "lines": [{"package_id": 2, "quantity": 1}]});
    let asked = Instant::now();
    let ticket = stage.crew.seller.client.post_once("/tickets/generate", &new_key(), &order).await.expect(201);
    stage.evidence.ticket("the counter, beside the slow ones", &ticket);
    println!("a sale beside 60 stuck readers took {} ms", asked.elapsed().as_millis());
    polite
        .hear_until("the new state", |frame| frame["t"] == "state" && frame["seq"].as_u64() > quiet["seq"].as_u64())
        .await;

    let limit = Duration::from_secs(150);
    until("every stuck reader's connection is gone", limit, async || {
        // The polite one answers pings by listening.
        while let Heard::Frame(_) = polite.hear(Duration::from_millis(20)).await {}
        readers.iter().all(|(_, port)| !connection_exists(*port, server)).then_some(())
    })
    .await;
    let after = stage.site.memory_kib();
    println!(
        "60 stuck readers were gone after {} s; memory went from {before} to {after} KiB",
        began.elapsed().as_secs()
    );
    assert!(after < before + 40 * 1_024, "memory grew from {before} to {after} KiB");
    polite.say("{\"t\":\"ping\",\"client_time_ms\":7}").await;
    polite.hear_until("the pong", |frame: &Value| frame["t"] == "pong").await;
    drop(readers);
    stage.end("slow-readers", &[]).await;
}

/// A client's text frame: masked, as the protocol asks.
fn masked(text: &str) -> Vec<u8> {
    let mask = [1u8, 2, 3, 4];
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 126);
    let mut frame = vec![0x81, 0x80 | length];
    frame.extend(mask);
    frame.extend(text.bytes().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}
