//! What carries the frames: a WebSocket, or what stands in for one.

use futures_util::future::BoxFuture;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::SyncError;

/// Carries text frames in both directions, in order.
pub trait Wire: Send {
    /// Sends one frame.
    fn send(&mut self, text: String) -> BoxFuture<'_, Result<(), SyncError>>;

    /// The next frame; [`SyncError::Closed`] once the other side has ended. Safe to drop while it waits.
    fn next(&mut self) -> BoxFuture<'_, Result<String, SyncError>>;

    /// Ends the connection with a code of [`drumroll_protocol::close`].
    fn close(&mut self, code: u16) -> BoxFuture<'_, ()>;
}

/// The WebSocket.
pub(super) type WebSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Wire for WebSocket {
    fn send(&mut self, text: String) -> BoxFuture<'_, Result<(), SyncError>> {
        Box::pin(async move { Ok(SinkExt::send(self, Message::text(text)).await?) })
    }

    fn next(&mut self) -> BoxFuture<'_, Result<String, SyncError>> {
        Box::pin(async move {
            loop {
                match StreamExt::next(self).await {
                    None => return Err(SyncError::Closed(None)),
                    Some(Err(error)) => return Err(error.into()),
                    Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                    Some(Ok(Message::Close(frame))) => {
                        return Err(SyncError::Closed(frame.map(|frame| frame.code.into())));
                    }
                    Some(Ok(Message::Binary(_))) => return Err(SyncError::Unexpected("a binary frame")),
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                }
            }
        })
    }

    fn close(&mut self, code: u16) -> BoxFuture<'_, ()> {
        let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
        Box::pin(async move { drop(WebSocketStream::close(self, Some(frame)).await) })
    }
}
