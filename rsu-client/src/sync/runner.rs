//! Connections, one after the other, for as long as the device is switched on.

use std::time::Duration;

use drumroll_protocol::FRAME_BYTES_MAX;
use drumroll_protocol::close::Reconnect;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::handshake::authenticate;
use super::session::{ENDED_WELL, Session, Socket};
use super::wire::{WebSocket, Wire};
use super::{DeviceHandle, Link, SyncConfig, SyncError};
use crate::device::random;

/// Keeps the device connected while `online` is true, until its sender is gone. Shows the state of the
/// connection in `link`.
///
/// A failed connection is tried again after a jittered pause that doubles from `backoff_min` to
/// `backoff_max`. Only a connection on which everything was said resets the ladder: a server that lets
/// everybody in and then fails must not be run over.
pub async fn run(
    handle: DeviceHandle,
    config: SyncConfig,
    mut online: watch::Receiver<bool>,
    link: watch::Sender<Link>,
) {
    let mut failures = 0;
    loop {
        link.send_replace(Link::Off);
        // The switch is gone with its owner.
        if online.has_changed().is_err() {
            return;
        }
        if online.wait_for(|online| *online).await.is_err() {
            return;
        }
        link.send_replace(Link::Connecting);
        let (result, worked) = connection(&handle, &config, &mut online, &link).await;
        if worked {
            failures = 0;
        }
        let Err(error) = result else { continue };
        let reconnect = error.reconnect();
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        tracing::info!(error = %error, cause, ?reconnect, "the connection ended");
        let pause = match reconnect {
            Reconnect::Soon => backoff(&config, failures),
            Reconnect::Later => backoff(&config, u32::MAX),
            Reconnect::Never => {
                link.send_replace(Link::Barred);
                if online.wait_for(|online| !online).await.is_err() {
                    return;
                }
                continue;
            }
        };
        failures = failures.saturating_add(1);
        link.send_replace(Link::Waiting);
        tokio::select! {
            () = sleep(pause) => {}
            result = online.wait_for(|online| !online) => if result.is_err() { return },
        }
    }
}

/// One connection, and whether everything was said on it at some point.
async fn connection(
    handle: &DeviceHandle,
    config: &SyncConfig,
    online: &mut watch::Receiver<bool>,
    link: &watch::Sender<Link>,
) -> (Result<(), SyncError>, bool) {
    match connect(handle, config).await {
        Ok(socket) => converse(Box::new(socket), handle, config, online, link).await,
        Err(error) => (Err(error), false),
    }
}

/// Everything that is said on one connection, from the challenge to its end: until it fails, or `online` is
/// switched off. Also answers whether everything was said on it at some point.
///
/// # Errors
/// [`SyncError`], which says whether and when to connect again.
pub async fn converse(
    wire: Box<dyn Wire>,
    handle: &DeviceHandle,
    config: &SyncConfig,
    online: &mut watch::Receiver<bool>,
    link: &watch::Sender<Link>,
) -> (Result<(), SyncError>, bool) {
    let mut socket = Socket::new(wire);
    let mut worked = false;
    let result = match authenticate(&mut socket, handle, config).await {
        Ok(welcome) => {
            let every = Duration::from_millis(u64::from(welcome.heartbeat_ms));
            let mut session = Session::new(&mut socket, handle, config, link);
            let result = session.run(every, online).await;
            worked = session.has_settled();
            result
        }
        Err(error) => Err(error),
    };
    socket.close(result.as_ref().map_or_else(SyncError::close_code, |()| ENDED_WELL)).await;
    (result, worked)
}

async fn connect(handle: &DeviceHandle, config: &SyncConfig) -> Result<WebSocket, SyncError> {
    let url = handle.look(|device| Ok(socket_url(&device.identity().enrolment.server_url))).await?;
    let limits =
        WebSocketConfig::default().max_message_size(Some(FRAME_BYTES_MAX)).max_frame_size(Some(FRAME_BYTES_MAX));
    let connecting = connect_async_with_config(url, Some(limits), true);
    let (stream, _) =
        timeout(config.answer_timeout, connecting).await.map_err(|_| SyncError::Timeout("connection"))??;
    Ok(stream)
}

/// `http://host` to `ws://host/ws/device`, `https` to `wss`.
fn socket_url(server_url: &str) -> String {
    let base = server_url.trim_end_matches('/');
    let base = base.strip_prefix("http").map_or_else(|| base.to_owned(), |rest| format!("ws{rest}"));
    format!("{base}/ws/device")
}

/// The pause after `failures` failures in a row: doubling, with the upper half left to chance, so that
/// devices that lost the same server do not return as one.
fn backoff(config: &SyncConfig, failures: u32) -> Duration {
    let doubled = config.backoff_min.saturating_mul(1 << failures.min(16));
    let whole = doubled.min(config.backoff_max);
    let chance = u32::from_le_bytes(random().unwrap_or([0x80; 4]));
    let half = whole / 2;
    (half + half.mul_f64(f64::from(chance) / f64::from(u32::MAX))).max(config.backoff_min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_back_off_doubles_is_jittered_and_stays_between_its_bounds() {
        let config = SyncConfig::default();
        for failures in [0, 1, 2, 3, 4, 5, 20, u32::MAX] {
            let whole = Duration::from_millis(500 << failures.min(5)).min(config.backoff_max);
            for _ in 0..200 {
                let pause = backoff(&config, failures);
                assert!(
                    pause >= (whole / 2).max(config.backoff_min) && pause <= config.backoff_max,
                    "{failures}: {pause:?}"
                );
            }
        }
        let pauses: std::collections::BTreeSet<_> = (0..20).map(|_| backoff(&config, 9)).collect();
        assert!(pauses.len() > 10, "jitter");
    }

    #[test]
    fn the_socket_is_where_the_server_is() {
        assert_eq!(socket_url("http://127.0.0.1:8080/"), "ws://127.0.0.1:8080/ws/device");
        assert_eq!(socket_url("https://raffle.example"), "wss://raffle.example/ws/device");
    }
}
