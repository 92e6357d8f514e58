//! The same server, reached through TLS (C-04).

use drumroll_http::config::Settings;
use drumroll_http::server::{Prepared, Running};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What `openssl req` is to make: a certificate of this machine's own address, good for a day, that signs no other.
const REQUEST: &str = "
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = Harbour Arena
[extensions]
basicConstraints = critical, CA:FALSE
subjectAltName = IP:127.0.0.1
";

/// A certificate and its key; `None` without the program that makes them, which is an error where the tests must be
/// complete.
fn certificate(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    let (request, cert, key) = (folder.join("request"), folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&request, REQUEST).unwrap();
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-config"]).arg(&request).args(curve);
    let Ok(made) = openssl.arg("-keyout").arg(&key).arg("-out").arg(&cert).output() else {
        assert!(std::env::var_os("CI").is_none(), "there is no program openssl");
        println!("skipped: there is no program openssl");
        return None;
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some((cert, key))
}

/// The first bytes that come back for a request without TLS.
async fn answer_in_the_clear(address: SocketAddr) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // A connection that is reset is no answer either.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

#[actix_web::test]
async fn c04_with_a_certificate_the_server_speaks_tls_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let Some((cert, key)) = certificate(folder.path()) else { return };
    let settings = Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        data_dir: folder.path().join("data"),
        master_key: Some("07".repeat(32)),
        tls_cert: Some(cert.clone()),
        tls_key: Some(key),
        workers: 1,
        actor_threads: 1,
        shutdown_s: 1,
        ..Settings::default()
    };
    let running = Running::start(&settings, Prepared::new(&settings).await.unwrap()).unwrap();
    let address = running.address(&settings);
    assert!(address.starts_with("https://127.0.0.1:"), "{address}");

    let root = reqwest::Certificate::from_pem(&std::fs::read(&cert).unwrap()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
    let live = client.get(format!("{address}/health/live")).send().await.unwrap();
    assert_eq!(live.status(), 200);
    assert!(live.headers().contains_key("strict-transport-security"), "browsers are told to keep to it");

    let stranger = reqwest::Client::new().get(format!("{address}/health/live")).send().await;
    assert!(stranger.is_err(), "who does not know the certificate goes no further");
    let clear = answer_in_the_clear(running.addresses[0]).await;
    assert!(!clear.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&clear));
    running.stop().await;

    // The same question to a server without a certificate, to see that it is one.
    let settings = Settings { tls_cert: None, tls_key: None, ..settings };
    let running = Running::start(&settings, Prepared::new(&settings).await.unwrap()).unwrap();
    let clear = answer_in_the_clear(running.addresses[0]).await;
    assert!(clear.starts_with(b"HTTP/1.1 200 OK"), "{}", String::from_utf8_lossy(&clear));
    running.stop().await;
}
