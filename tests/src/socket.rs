//! WebSocket clients.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message, protocol::WebSocketConfig};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A connected socket.
#[derive(Debug)]
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What came.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A frame.
    Frame(Value),
    /// It was closed with this code; `None` when it just went away.
    Closed(Option<u16>),
    /// Nothing, for as long as one waited.
    Silence,
}

impl Socket {
    /// Connects to a path of a server.
    ///
    /// # Errors
    /// The status that refused it.
    pub async fn connect(base: &str, path: &str) -> Result<Self, u16> {
        let url = format!("{}{path}", base.replacen("http", "ws", 1));
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        match tokio_tungstenite::connect_async_with_config(url, Some(config), true).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{path}: {error}"),
        }
    }

    /// Sends a text, whatever it is. Answers whether the connection took it.
    pub async fn say(&mut self, text: impl Into<String>) -> bool {
        self.0.send(Message::text(text.into())).await.is_ok()
    }

    /// Sends a binary frame.
    pub async fn say_binary(&mut self, bytes: Vec<u8>) -> bool {
        self.0.send(Message::binary(bytes)).await.is_ok()
    }

    /// The next frame, within a time. Pings are answered on the way.
    pub async fn hear(&mut self, within: Duration) -> Heard {
        let next = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => {
                        return Heard::Frame(
                            serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.to_string())),
                        );
                    }
                    Some(Ok(Message::Close(frame))) => return Heard::Closed(frame.map(|frame| frame.code.into())),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Heard::Closed(None),
                }
            }
        };
        timeout(within, next).await.unwrap_or(Heard::Silence)
    }

    /// The next frame that `wanted` wants; others are skipped.
    ///
    /// # Panics
    /// When it does not come in time.
    pub async fn hear_until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut skipped = Vec::new();
        loop {
            match self.hear(Duration::from_secs(30)).await {
                Heard::Frame(frame) if wanted(&frame) => return frame,
                Heard::Frame(frame) => skipped.push(frame["t"].clone()),
                other => panic!("waited for {what} after {skipped:?}, got {other:?}"),
            }
        }
    }

    /// The code with which the other side closes; frames before it are handed to `frame`.
    pub async fn hear_close(&mut self, within: Duration, mut frame: impl FnMut(Value)) -> Option<u16> {
        loop {
            match self.hear(within).await {
                Heard::Frame(value) => frame(value),
                Heard::Closed(code) => return code,
                Heard::Silence => panic!("the socket was not closed within {} s", within.as_secs()),
            }
        }
    }

    /// The local port of the connection.
    pub fn port(&self) -> u16 {
        match self.0.get_ref() {
            MaybeTlsStream::Plain(stream) => stream.local_addr().unwrap().port(),
            _ => 0,
        }
    }
}

/// Whether the server's side of a loopback connection from this port still exists.
pub fn connection_exists(port: u16, server_port: u16) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().skip(1).any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let end = |field: &str| u16::from_str_radix(field.rsplit_once(':').unwrap().1, 16).unwrap();
        // The server's end has an inode; TIME_WAIT and its like have none and cost nobody anything.
        end(fields[1]) == server_port && end(fields[2]) == port && fields[9] != "0"
    })
}
