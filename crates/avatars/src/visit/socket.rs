//! The WebSocket of a conversation, on which answers come.
//!
//! Frames are rows: a socket of any process reads them when it is told of new ones, and once more when it
//! connects. So an answer that was made before, or in another process, is not lost.

use std::{sync::Arc, time::Duration};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use serde_json::{Value, json};
use store::{NoticeEvent, Timestamp, params};
use tokio::time::{MissedTickBehavior, interval, timeout};
use web::{ApiError, Code, Tasks};

use super::{
    CLOSED, FRAMES, HEARD,
    model::{SocketParams, Visit},
    queries,
    sockets::{Listener, Topic},
};
use crate::{Avatars, VisitId};

/// The purpose of the sealed token in the URL.
const PURPOSE: &str = "visitor socket";
/// Largest message of a client in bytes. Clients send heartbeats only.
pub(crate) const MAX_MESSAGE_BYTES: usize = 16 * 1024;
/// The interval of heartbeats, and the number of them without a sign of life after which a socket is closed.
const BEAT: Duration = Duration::from_secs(30);
const SILENT_BEATS: u32 = 3;
/// Most messages of a client between two heartbeats.
const MAX_MESSAGES: u32 = 120;
/// Time in which a client must take a frame.
const SEND_WITHIN: Duration = Duration::from_secs(15);
/// Frames that are read at once.
const PART: i64 = 64;
/// Codes of a close frame: the server stops; the client broke a rule.
const GOING_AWAY: u16 = 1001;
const POLICY: u16 = 1008;

/// Starts the task that tells sockets of what other processes did.
pub(crate) fn start(avatars: &Avatars, tasks: &Tasks) {
    let sockets = Arc::clone(avatars.sockets());
    tasks.follow(&avatars.db().clone(), move |event| {
        match event {
            // A socket that is to be closed notices when it looks.
            NoticeEvent::Notice(notice) if notice.topic == FRAMES || notice.topic == CLOSED => {
                if let Ok(visit) = notice.payload.parse() {
                    sockets.tell(Topic::Visit(visit));
                }
            }
            NoticeEvent::Notice(notice) if notice.topic == HEARD => {
                if let Ok(owner) = notice.payload.parse() {
                    sockets.tell(Topic::Owner(owner));
                }
            }
            NoticeEvent::Notice(_) => {}
            NoticeEvent::Gap => sockets.tell_all(),
        }
        std::future::ready(())
    });
}

impl Avatars {
    /// Returns the URL of a conversation's WebSocket, which is valid as long as the conversation.
    pub(crate) async fn socket_url(&self, visit: &Visit) -> Result<String, ApiError> {
        let until = self.expires_at(visit).0;
        let token = self.seal_token(PURPOSE, &format!("{} {until}", visit.id)).await?;
        let base = &self.settings().public_url;
        let base = base.strip_prefix("http").map_or_else(|| base.clone(), |rest| format!("ws{rest}"));
        Ok(format!("{base}/gate/lab/api/secondme/visitor-chat/ws?token={token}"))
    }

    /// Returns the conversation that a token in a URL is for.
    ///
    /// # Errors
    /// [`Code::TokenInvalid`] for a token that is none or has expired; those of `check_visit`.
    pub(super) async fn visit_of_token(&self, token: &str) -> Result<Visit, ApiError> {
        let opened = self.open_token(PURPOSE, token).and_then(|text| {
            let (visit, until) = text.split_once(' ')?;
            Some((visit.parse::<VisitId>().ok()?, Timestamp(until.parse().ok()?)))
        });
        let (visit, until) = opened.ok_or(Code::TokenInvalid)?;
        let visit = self.visit_of(visit).await?;
        // A conversation that goes on extends its URLs.
        let end = until.max(self.expires_at(&visit));
        if end <= self.db().clock().now() {
            return Err(Code::VisitorSessionExpired.into());
        }
        self.check_visit(&visit)?;
        Ok(visit)
    }

    /// Serves a socket until the client, the owner, or the server ends it.
    pub(super) async fn serve_socket(self, mut socket: WebSocket, open: OpenSocket) {
        let (code, reason) = match self.exchange(&mut socket, open).await {
            Ok(()) => return,
            Err(end) => end,
        };
        let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        let _gone = timeout(SEND_WITHIN, socket.send(close)).await;
    }

    /// Sends frames and reads heartbeats. Returns once the client is gone, or the reason to close.
    async fn exchange(&self, socket: &mut WebSocket, open: OpenSocket) -> Result<(), (u16, &'static str)> {
        let OpenSocket { visit, mut listener, mut last } = open;
        let Ok(tasks) = self.tasks() else { return Ok(()) };
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beats.tick().await;
        let (mut silent, mut messages) = (0, 0);
        let mut has_news = true;
        loop {
            if std::mem::take(&mut has_news) {
                // Marked before reading, so that what comes meanwhile is read in the next round.
                listener.news.mark_unchanged();
                if !self.is_open(visit).await {
                    return Err((POLICY, "the conversation is closed"));
                }
                if !self.send_frames(socket, visit, &mut last).await {
                    return Ok(());
                }
            }
            tokio::select! {
                changed = listener.news.changed() => {
                    if changed.is_err() {
                        return Err((POLICY, "the conversation is closed"));
                    }
                    has_news = true;
                }
                received = socket.recv() => {
                    let Some(Ok(message)) = received else { return Ok(()) };
                    (silent, messages) = (0, messages + 1);
                    if messages > MAX_MESSAGES {
                        return Err((POLICY, "too many messages"));
                    }
                    match message {
                        Message::Text(text) => {
                            if let Some(pong) = pong(&text)
                                && !is_sent(socket, Message::Text(pong.into())).await
                            {
                                return Ok(());
                            }
                        }
                        Message::Close(_) => return Ok(()),
                        Message::Binary(_) | Message::Ping(_) | Message::Pong(_) => {}
                    }
                }
                _ = beats.tick() => {
                    (silent, messages) = (silent + 1, 0);
                    if silent > SILENT_BEATS || !is_sent(socket, Message::Ping(Vec::new().into())).await {
                        return Ok(());
                    }
                    has_news = true;
                }
                () = tasks.stopping() => return Err((GOING_AWAY, "the server stops")),
            }
        }
    }

    /// Sends the frames after `last`. Returns false if the client is gone.
    async fn send_frames(&self, socket: &mut WebSocket, visit: VisitId, last: &mut i64) -> bool {
        let before = *last;
        let is_there = loop {
            let values = params![visit, *last, PART];
            let frames = match self.db().fetch_all::<(i64, String)>(queries::FRAMES, values).await {
                Ok(frames) => frames,
                Err(error) => {
                    // Read again with the next notification or heartbeat.
                    tracing::debug!(%error, "frames could not be read");
                    break true;
                }
            };
            if frames.is_empty() {
                break true;
            }
            let mut is_taken = true;
            for (number, body) in frames {
                is_taken = is_sent(socket, Message::Text(body.into())).await;
                if !is_taken {
                    break;
                }
                *last = number;
            }
            if !is_taken {
                break false;
            }
        };
        if *last > before
            && let Err(error) = self.db().execute(queries::DELIVERED, params![visit, *last]).await
        {
            tracing::debug!(%error, "delivered frames were not noted");
        }
        is_there
    }

    /// True if the conversation goes on, or if this cannot be found out now.
    async fn is_open(&self, visit: VisitId) -> bool {
        match self.db().fetch_optional::<Visit>(queries::BY_ID, params![visit]).await {
            Ok(Some(visit)) => self.check_visit(&visit).is_ok(),
            Ok(None) => false,
            Err(_unknown) => true,
        }
    }

    /// Prepares a socket: finds the conversation and acquires a permit.
    ///
    /// # Errors
    /// Those of `visit_of_token`; [`Code::RateLimited`] if there are too many sockets.
    pub(super) async fn prepare_socket(&self, params: SocketParams) -> Result<OpenSocket, ApiError> {
        let visit = self.visit_of_token(&params.token).await?;
        let listener = self.sockets().listen(Topic::Visit(visit.id)).ok_or(Code::RateLimited)?;
        let last = params.after.unwrap_or(visit.delivered).max(0);
        Ok(OpenSocket { visit: visit.id, listener, last })
    }
}

/// A socket that may be served.
#[derive(Debug)]
pub(super) struct OpenSocket {
    visit: VisitId,
    listener: Listener,
    /// The number of the last frame that the client has.
    last: i64,
}

/// Sends a message. Returns false if the client is gone, or too slow.
async fn is_sent(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(SEND_WITHIN, socket.send(message)).await, Ok(Ok(())))
}

/// Returns the response to a heartbeat.
fn pong(text: &str) -> Option<String> {
    let message: Value = serde_json::from_str(text).ok()?;
    (message.get("type")?.as_str()? == "ping").then(|| json!({ "type": "pong" }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_heartbeats_are_answered() {
        assert_eq!(pong(r#"{"type":"ping","wsId":"1"}"#).as_deref(), Some(r#"{"type":"pong"}"#));
        for other in ["", "ping", "{}", r#"{"type":"msg"}"#, r#"{"type":1}"#, "[1]"] {
            assert_eq!(pong(other), None, "{other}");
        }
    }
}
