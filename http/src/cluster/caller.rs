//! Asks another server, over connections that stay open.

use super::{PATH, Secrets};
use drumroll_actors::cluster::peers::{PeerError, PeerFuture, Peers};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use std::time::Duration;
use tracing::error;

/// A server that does not take a connection by then is not there.
const CONNECT: Duration = Duration::from_millis(500);

/// The longest an answer may take: a server that was frozen must not keep everybody for longer.
const ANSWER: Duration = Duration::from_secs(3);

/// Connections are given up before the other side does, so that none is used in the moment it closes.
const IDLE: Duration = Duration::from_secs(30);

/// The way to the other servers.
#[derive(Debug)]
pub struct Caller {
    client: Client,
    token: HeaderValue,
}

impl Caller {
    /// With the installation's token.
    ///
    /// # Errors
    /// No TLS library, or a token that is no header; neither happens.
    pub fn new(secrets: &Secrets) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .pool_idle_timeout(IDLE)
            .redirect(Policy::none())
            .no_proxy()
            .tcp_nodelay(true)
            .build()?;
        let mut token =
            HeaderValue::from_str(&format!("Bearer {}", *secrets.token)).expect("hex digits may stand in a header");
        token.set_sensitive(true);
        Ok(Self { client, token })
    }
}

impl Peers for Caller {
    fn call<'a>(&'a self, address: &'a str, body: Vec<u8>) -> PeerFuture<'a> {
        Box::pin(async move {
            let request = self.client.post(format!("{address}{PATH}")).header(AUTHORIZATION, &self.token).body(body);
            let answer = request.send().await.map_err(|error| {
                // Without a connection nothing was sent.
                if error.is_connect() { PeerError::NotReached } else { PeerError::NoAnswer }
            })?;
            match answer.status() {
                StatusCode::OK => Ok(answer.bytes().await.map_err(|_| PeerError::NoAnswer)?.to_vec()),
                StatusCode::UNAUTHORIZED => {
                    error!(address, "a server of this cluster does not accept our token: do all have one master key?");
                    Err(PeerError::NotReached)
                }
                // It says so before it acts.
                _ => Err(PeerError::NotReached),
            }
        })
    }
}
