//! A socket that watches a raffle: the public's, or an operator's with the board as well.

use crate::push::{Message, Push};
use crate::wire::Wire;
use crate::{Options, Seat, Sockets, close};
use actix::prelude::*;
use actix_ws::{CloseCode, CloseReason, Closed, Session};
use bytestring::ByteString;
use drumroll_engine::id::RaffleId;
use serde::Deserialize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::timeout;

/// What a viewer may say.
#[derive(Deserialize)]
#[serde(tag = "t", rename_all = "snake_case", deny_unknown_fields)]
enum Said {
    /// Asks for the server's time.
    Ping { client_time_ms: u64 },
    /// Asks for facts after a position again.
    Resume { facts_position: u64 },
}

/// Longest frame a viewer may send.
pub(crate) const VIEWER_FRAME_MAX: usize = 1_024;

/// Bad frames after which a viewer is closed.
const FAULTS_MAX: u32 = 3;

/// Frames a viewer may send in one ping interval.
const FRAMES_MAX: u32 = 60;

/// A text frame from the viewer.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Text(pub(crate) ByteString);

/// A sign of life without content.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Alive;

/// The viewer hung up.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Gone;

/// The actor of one viewer; it owns the session.
pub(crate) struct Viewer {
    sockets: Sockets,
    raffle: RaffleId,
    push: Arc<Push>,
    session: Session,
    wire: Option<Wire>,
    /// Facts up to here were sent or are known.
    position: watch::Sender<u64>,
    board: bool,
    heard: Instant,
    frames: u32,
    faults: u32,
    _seat: Seat,
}

/// What a viewer's socket is made of.
pub(crate) struct Entry {
    pub(crate) raffle: RaffleId,
    pub(crate) push: Arc<Push>,
    pub(crate) session: Session,
    pub(crate) wire: Option<Wire>,
    /// The last fact the client knows; none for a client that has just fetched everything.
    pub(crate) facts_from: Option<u64>,
    /// Whether it is an operator's.
    pub(crate) board: bool,
    pub(crate) seat: Seat,
}

impl Viewer {
    pub(crate) fn new(sockets: Sockets, entry: Entry) -> Self {
        let Entry { raffle, push, session, wire, facts_from, board, seat } = entry;
        let position = facts_from.unwrap_or_else(|| push.feed.view().facts);
        Self {
            sockets,
            raffle,
            push,
            session,
            wire,
            position: watch::Sender::new(position),
            board,
            heard: Instant::now(),
            frames: 0,
            faults: 0,
            _seat: seat,
        }
    }

    fn options(&self) -> Options {
        self.sockets.0.options
    }

    /// Sends without waiting for long; who does not read is closed.
    fn say(&self, message: &Message<'_>, context: &mut Context<Self>) {
        let (mut session, frame, slow) = (self.session.clone(), message.encode(), self.options().slow);
        let send = async move { send(&mut session, frame, slow).await };
        context.spawn(send.into_actor(self).map(|sent, actor, context| {
            if let Err(code) = sent {
                actor.end(code, context);
            }
        }));
    }

    fn end(&mut self, code: Option<u16>, context: &mut Context<Self>) {
        let (session, wire) = (self.session.clone(), self.wire.clone());
        metrics::counter!("drumroll_sockets_closed_total", "code" => code.unwrap_or(0).to_string()).increment(1);
        // The connection gets a moment to carry the code, then it goes, read or not.
        actix::spawn(async move {
            if let Some(code) = code {
                let reason = CloseReason { code: CloseCode::Other(code), description: None };
                let _ = timeout(Duration::from_millis(250), session.close(Some(reason))).await;
                actix_web::rt::time::sleep(Duration::from_millis(250)).await;
            }
            if let Some(wire) = wire {
                wire.cut();
            }
        });
        context.stop();
    }

    fn fault(&mut self, code: &str, detail: &str, context: &mut Context<Self>) {
        self.faults += 1;
        if self.faults >= FAULTS_MAX {
            self.end(Some(close::PROTOCOL), context);
        } else {
            self.say(&Message::Error { code, detail }, context);
        }
    }

    /// Pushes news until the socket ends.
    fn follow(&self, context: &mut Context<Self>) {
        let mut session = self.session.clone();
        let (push, node, raffle, slow) =
            (self.push.clone(), self.sockets.0.node.clone(), self.raffle, self.options().slow);
        let sockets = self.sockets.clone();
        let mut states = push.states();
        let mut boards = self.board.then(|| push.boards());
        let mut facts = push.feed.subscribe_facts();
        let mut resumed = self.position.subscribe();
        let position = self.position.clone();
        let view = push.feed.view();
        let hello = Message::Hello {
            raffle_id: raffle,
            epoch: view.epoch,
            server_time_ms: node.clock().now().as_millis(),
            facts_position: view.facts,
        };
        let hello = hello.encode();
        let follow = async move {
            send(&mut session, hello, slow).await?;
            states.mark_changed();
            facts.mark_changed();
            let closing = sockets.closing();
            tokio::pin!(closing);
            loop {
                tokio::select! {
                    () = &mut closing => return Err(Some(close::GOING_AWAY)),
                    changed = states.changed() => {
                        changed.map_err(|_| Some(close::GOING_AWAY))?;
                        let frame = states.borrow_and_update().clone();
                        send(&mut session, frame, slow).await?;
                    }
                    changed = facts.changed() => {
                        changed.map_err(|_| Some(close::GOING_AWAY))?;
                        facts.mark_unchanged();
                        send_facts(&mut session, &push, &node, raffle, &position, slow).await?;
                    }
                    changed = resumed.changed() => {
                        changed.map_err(|_| Some(close::GOING_AWAY))?;
                        resumed.mark_unchanged();
                        send_facts(&mut session, &push, &node, raffle, &position, slow).await?;
                    }
                    frame = next_board(&mut boards) => send(&mut session, frame.ok_or(Some(close::GOING_AWAY))?, slow).await?,
                }
            }
        };
        let follow =
            follow.into_actor(self).map(|ended: Result<std::convert::Infallible, Option<u16>>, actor, context| {
                let Err(code) = ended;
                actor.end(code, context);
            });
        context.spawn(follow);
    }
}

/// Sends a frame; the error is the code to close with, none when the peer is gone.
async fn send(session: &mut Session, frame: ByteString, slow: Duration) -> Result<(), Option<u16>> {
    match timeout(slow, session.text(frame)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Closed)) => Err(None),
        Err(_) => Err(Some(close::SLOW)),
    }
}

async fn send_facts(
    session: &mut Session,
    push: &Push,
    node: &drumroll_actors::node::Node,
    raffle: RaffleId,
    position: &watch::Sender<u64>,
    slow: Duration,
) -> Result<(), Option<u16>> {
    loop {
        let after = *position.borrow();
        let Some((reached, frames)) = push.facts_after(node, raffle, after).await else {
            position.send_if_modified(|known| {
                *known = push.feed.view().facts;
                false
            });
            return send(session, Message::Refetch.encode(), slow).await;
        };
        if frames.is_empty() {
            return Ok(());
        }
        for frame in frames {
            send(session, frame, slow).await?;
        }
        position.send_if_modified(|known| {
            // Whoever asked to resume meanwhile wins.
            if *known == after {
                *known = reached;
            }
            false
        });
    }
}

async fn next_board(boards: &mut Option<watch::Receiver<ByteString>>) -> Option<ByteString> {
    let Some(boards) = boards else { return std::future::pending().await };
    loop {
        boards.changed().await.ok()?;
        let frame = boards.borrow_and_update().clone();
        if !frame.is_empty() {
            return Some(frame);
        }
    }
}

impl Actor for Viewer {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.follow(context);
        context.run_interval(self.options().ping, |actor, context| {
            actor.frames = 0;
            if actor.heard.elapsed() > actor.options().idle {
                actor.end(Some(close::IDLE), context);
                return;
            }
            let (mut session, slow) = (actor.session.clone(), actor.options().slow);
            let ping = async move { timeout(slow, session.ping(b"")).await };
            context.spawn(ping.into_actor(actor).map(|sent, actor, context| {
                if !matches!(sent, Ok(Ok(()))) {
                    actor.end(Some(close::SLOW), context);
                }
            }));
        });
    }
}

impl Handler<Text> for Viewer {
    type Result = ();

    fn handle(&mut self, message: Text, context: &mut Self::Context) {
        self.heard = Instant::now();
        self.frames += 1;
        if self.frames > FRAMES_MAX {
            self.end(Some(close::PROTOCOL), context);
            return;
        }
        match serde_json::from_str(&message.0) {
            Ok(Said::Ping { client_time_ms }) => {
                let server_time_ms = self.sockets.0.node.clock().now().as_millis();
                self.say(&Message::Pong { client_time_ms, server_time_ms }, context);
            }
            Ok(Said::Resume { facts_position }) => {
                self.position.send_replace(facts_position);
            }
            Err(_) => self.fault("malformed", "not a message of this socket", context),
        }
    }
}

impl Handler<Alive> for Viewer {
    type Result = ();

    fn handle(&mut self, _: Alive, _: &mut Self::Context) {
        self.heard = Instant::now();
    }
}

impl Handler<Gone> for Viewer {
    type Result = ();

    fn handle(&mut self, _: Gone, context: &mut Self::Context) {
        self.end(None, context);
    }
}

/// Reads what a viewer says and hands it to its actor, waiting for it: who floods waits himself.
pub(crate) async fn listen(mut frames: actix_ws::MessageStream, mut session: Session, viewer: Addr<Viewer>) {
    use actix_ws::Message as Frame;
    use futures_util::StreamExt;
    while let Some(frame) = frames.next().await {
        let sent = match frame {
            Ok(Frame::Text(text)) if text.len() <= VIEWER_FRAME_MAX => viewer.send(Text(text)).await,
            Ok(Frame::Text(_) | Frame::Binary(_) | Frame::Continuation(_)) => {
                viewer.send(Text(ByteString::new())).await
            }
            Ok(Frame::Ping(bytes)) => {
                if session.pong(&bytes).await.is_err() {
                    break;
                }
                viewer.send(Alive).await
            }
            Ok(Frame::Pong(_) | Frame::Nop) => viewer.send(Alive).await,
            Ok(Frame::Close(_)) | Err(_) => break,
        };
        if sent.is_err() {
            return;
        }
    }
    // The actor may have stopped first.
    let _ = viewer.send(Gone).await;
}
