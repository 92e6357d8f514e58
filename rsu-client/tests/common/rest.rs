//! The few calls of the REST API that a simulation makes, by hand.

use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::DeviceId;
use drumroll_protocol::{EnrolRequest, EnrolResponse};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::TestServer;

pub(crate) async fn serve(server: &TestServer, mut stream: TcpStream) {
    let Some((line, body)) = read(&mut stream).await else { return };
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let (status, answer) = respond(server, method, path, &body);
    let text = answer.to_string();
    let reply = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    let _ = stream.write_all(reply.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4_096];
        let count = stream.read(&mut chunk).await.ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(&chunk[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, value)| value.trim().parse::<usize>().unwrap_or(0));
        if bytes.len() >= end + 4 + length {
            return Some((head.lines().next()?.to_owned(), bytes[end + 4..].to_vec()));
        }
    }
}

fn respond(server: &TestServer, method: &str, path: &str, body: &[u8]) -> (u16, Value) {
    let mut state = server.state.lock().unwrap();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (method, &parts[..]) {
        ("POST", ["api", "v1", "auth", "login"]) => {
            let body: Value = serde_json::from_slice(body).unwrap();
            if body["password"] == "correct horse battery" {
                (200, json!({ "access_token": "token", "refresh_token": "r", "expires_in_s": 3600, "user": {} }))
            } else {
                (401, json!({ "type": "about:blank", "status": 401, "code": "bad_credentials" }))
            }
        }
        ("POST", ["api", "v1", "devices"]) => {
            let body: Value = serde_json::from_slice(body).unwrap();
            state.registered.push(body["label"].as_str().unwrap().to_owned());
            let index = u8::try_from(state.registered.len()).unwrap();
            let id = DeviceId([index; 16]);
            (201, json!({ "device": { "id": id, "label": body["label"] }, "enrolment_code": format!("CODE-{index}") }))
        }
        ("POST", ["api", "v1", "devices", "enrol"]) => {
            let request: EnrolRequest = serde_json::from_slice(body).unwrap();
            let index = request.code.strip_prefix("CODE-").and_then(|index| index.parse::<u8>().ok());
            let Some(index) = index.filter(|_| request.proof_is_valid()) else {
                return (403, json!({ "type": "about:blank", "status": 403, "code": "bad_enrolment_code" }));
            };
            let device_id = DeviceId([index; 16]);
            state.keys.insert(device_id, request.public_key.0);
            let label = state.registered[usize::from(index) - 1].clone();
            let answer = EnrolResponse {
                device_id,
                organisation_name: "Test".into(),
                label,
                server_public_key: Bytes(TestServer::public_key()),
            };
            (200, serde_json::to_value(answer).unwrap())
        }
        ("POST", ["api", "v1", "devices", id, "enable"]) => {
            let id: DeviceId = id.parse().unwrap();
            state.enabled.push(id);
            (200, json!({ "id": id, "enabled": true }))
        }
        _ => (404, json!({ "type": "about:blank", "status": 404, "code": "not_found" })),
    }
}
