//! `/ws/device`: the transport under a device actor. It carries frames both ways and knows nothing else.

use crate::wire::Wire;
use crate::{Seat, Sockets, close};
use actix::{Actor, Addr};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::{AggregatedMessage, CloseCode, CloseReason, Session};
use drumroll_actors::device_actor::{DeviceActor, Frame, Hangup, Out};
use drumroll_protocol::FRAME_BYTES_MAX;
use futures_util::StreamExt;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Messages that may wait for a device to read.
const QUEUE: usize = 64;

pub(crate) async fn device(
    request: HttpRequest,
    body: web::Payload,
    sockets: web::Data<Sockets>,
) -> Result<HttpResponse, actix_web::Error> {
    // A browser has no business here.
    if request.headers().contains_key("origin") {
        return Ok(HttpResponse::Forbidden().finish());
    }
    let Some(seat) = sockets.enter() else {
        return Ok(HttpResponse::ServiceUnavailable().insert_header(("retry-after", "5")).finish());
    };
    let (response, session, frames) = actix_ws::handle(&request, body)?;
    // One limit for frames and for what they add up to; without it a frame above 64 KiB would end the connection.
    let frames =
        frames.max_frame_size(FRAME_BYTES_MAX).aggregate_continuations().max_continuation_size(FRAME_BYTES_MAX);
    let (out, queue) = mpsc::channel(QUEUE);
    let actor = DeviceActor::new(sockets.0.hub.clone(), out).start();
    let wire = request.conn_data::<Wire>().cloned();
    actix_web::rt::spawn(speak(queue, session.clone(), wire, seat));
    actix_web::rt::spawn(listen(frames, session, actor));
    Ok(response)
}

/// Writes what the actor says. When the actor is gone the queue ends and so does the connection.
async fn speak(mut queue: mpsc::Receiver<Out>, mut session: Session, wire: Option<Wire>, seat: Seat) {
    let mut code = close::GOING_AWAY;
    let slow = seat.0.0.options.slow;
    let sockets = seat.0.clone();
    let closing = sockets.closing();
    tokio::pin!(closing);
    loop {
        let out = tokio::select! {
            () = &mut closing => break,
            out = queue.recv() => out,
        };
        let Some(out) = out else { break };
        match out {
            Out::Message(message) => match timeout(slow, session.text(message.encode())).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => break,
                Err(_) => {
                    code = close::SLOW;
                    break;
                }
            },
            Out::Close(given) => {
                code = given;
                break;
            }
        }
    }
    let reason = CloseReason { code: CloseCode::Other(code), description: None };
    let _ = timeout(Duration::from_millis(250), session.close(Some(reason))).await;
    actix_web::rt::time::sleep(Duration::from_millis(250)).await;
    if let Some(wire) = wire {
        wire.cut();
    }
    drop(seat);
}

async fn listen(mut frames: actix_ws::AggregatedMessageStream, mut session: Session, actor: Addr<DeviceActor>) {
    while let Some(frame) = frames.next().await {
        let sent = match frame {
            Ok(AggregatedMessage::Text(text)) => actor.send(Frame(text.to_string())).await,
            // Binary frames are not documented; an empty frame is a malformed one.
            Ok(AggregatedMessage::Binary(_)) => actor.send(Frame(String::new())).await,
            Ok(AggregatedMessage::Ping(bytes)) => {
                if session.pong(&bytes).await.is_err() {
                    break;
                }
                Ok(())
            }
            Ok(AggregatedMessage::Pong(_)) => Ok(()),
            Ok(AggregatedMessage::Close(_)) | Err(_) => break,
        };
        if sent.is_err() {
            return;
        }
    }
    // The actor may have stopped first.
    let _ = actor.send(Hangup).await;
}
