//! Answers on the person's own pages. They go on while nobody reads them, and readers can join at any point.

use std::{collections::HashMap, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures::stream;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use memory::MessageId;
use parking_lot::Mutex;
use serde_json::{Value, json};
use store::AccountId;
use tokio::{
    sync::watch,
    time::{Instant, interval_at},
};
use web::{ApiError, Code};

use super::{Answering, model::FromPage, rules};
use crate::{
    Chat,
    events::Event,
    provider::Image,
    reason::Reason,
    session::{Session, Speaker, model::message_id},
    talk::model::ChatRequest,
};

/// The time after which a silent stream gets a keep-alive comment.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The interval at which an answer is held for longer.
const HOLD_EVERY: Duration = Duration::from_secs(5);
/// The text of a message that has pictures only.
const PICTURES: &str = "（图片）";

/// A message from the person's own page.
#[derive(Debug, Clone, Default)]
pub struct NewMessage {
    /// The session to continue; `None` for a new one.
    pub session: Option<String>,
    /// The text.
    pub text: String,
    /// The keys of pictures among the person's files.
    pub pictures: Vec<String>,
    /// An earlier message of the person. With a text, it is removed with everything after it; without one,
    /// it is answered again.
    pub replaces: Option<MessageId>,
    /// The model to use in the session from now on; empty for the first one, `None` for the present one.
    pub model: Option<String>,
}

/// Something that happened to a live answer.
#[derive(Debug, Clone)]
enum LiveEvent {
    Thought(String),
    Text(String),
    Calling(String),
    Called { tool: String, query: String, is_good: bool },
    Failed(Reason),
    Done,
}

impl LiveEvent {
    fn of(event: Event) -> Option<Self> {
        Some(match event {
            Event::Searching => Self::Calling("web_search".to_owned()),
            Event::Searched { query, note, .. } => {
                Self::Called { tool: "web_search".to_owned(), query, is_good: note.is_none() }
            }
            Event::Calling(tool) => Self::Calling(tool),
            Event::Called { tool, query, is_good } => Self::Called { tool, query, is_good },
            Event::Piece(text) => Self::Text(text),
            Event::Thought(text) => Self::Thought(text),
            Event::Failed(_, reason) => Self::Failed(reason),
            Event::Done(_) => Self::Done,
            Event::Asked(_) => return None,
        })
    }

    /// Formats it as a server-sent event with its position as id.
    fn write(&self, id: usize) -> String {
        let (name, data) = match self {
            Self::Thought(text) => ("thought", Value::from(text.as_str())),
            Self::Text(text) => ("text", Value::from(text.as_str())),
            Self::Calling(tool) => ("calling", json!({ "tool": tool })),
            Self::Called { tool, query, is_good } => {
                ("called", json!({ "tool": tool, "query": query, "good": is_good }))
            }
            Self::Failed(reason) => ("failed", json!({ "reason": reason.name() })),
            Self::Done => ("done", json!({})),
        };
        format!("id: {id}\nevent: {name}\ndata: {data}\n\n")
    }
}

/// The next step of the task that records an answer.
enum Next {
    /// The answer goes on, or has ended.
    Event(Option<Event>),
    Hold,
    Stop,
}

/// The answers in progress in this process, by account and session.
#[derive(Debug, Default)]
pub(crate) struct Running(Mutex<HashMap<(AccountId, String), Arc<Live>>>);

#[derive(Debug)]
struct Live {
    message: MessageId,
    log: Mutex<Vec<LiveEvent>>,
    /// The number of events, or `None` after the last one.
    length: watch::Sender<Option<usize>>,
    stop: watch::Sender<bool>,
}

impl Live {
    fn push(&self, event: LiveEvent) {
        let mut log = self.log.lock();
        log.push(event);
        self.length.send_replace(Some(log.len()));
    }
}

/// A reader of a live answer.
#[derive(Debug)]
pub struct Follower {
    live: Arc<Live>,
    session: String,
    next: usize,
    length: watch::Receiver<Option<usize>>,
}

impl Follower {
    fn new(live: &Arc<Live>, session: &str, next: usize) -> Self {
        let length = live.length.subscribe();
        Self { live: Arc::clone(live), session: session.to_owned(), next, length }
    }

    /// Returns the session's id.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Returns the id under which the answer is stored.
    #[must_use]
    pub fn message(&self) -> String {
        message_id(self.live.message)
    }

    /// Waits for the end of the answer. Returns the reason if it failed.
    pub async fn end(mut self) -> Option<Reason> {
        let _ended = self.length.wait_for(Option::is_none).await;
        match self.live.log.lock().last() {
            Some(LiveEvent::Done) => None,
            Some(LiveEvent::Failed(reason)) => Some(*reason),
            _ => Some(Reason::Stopped),
        }
    }

    /// Waits for more events, and returns them formatted. `None` after the last one.
    async fn more(&mut self) -> Option<String> {
        loop {
            let is_last = self.length.borrow_and_update().is_none();
            let (text, length) = {
                let log = self.live.log.lock();
                let events = log.iter().enumerate().skip(self.next);
                (events.map(|(id, event)| event.write(id)).collect::<String>(), log.len())
            };
            if !text.is_empty() {
                self.next = length;
                return Some(text);
            }
            if is_last || self.length.changed().await.is_err() {
                return None;
            }
        }
    }

    /// Returns the stream of server-sent events: `start`, then those of the answer.
    pub fn stream(self) -> Response {
        let start = json!({ "session": self.session, "message": self.message() });
        let first = Some(format!("event: start\ndata: {start}\n\n"));
        let body = stream::unfold((first, self), |(first, mut follower)| async move {
            let text = match first {
                Some(text) => text,
                None => match tokio::time::timeout(KEEP_ALIVE, follower.more()).await {
                    Ok(text) => text?,
                    Err(_silent) => ": ping\n\n".to_owned(),
                },
            };
            Some((Ok::<_, Infallible>(Bytes::from(text)), (None, follower)))
        });
        event_stream(Body::from_stream(body))
    }
}

/// Returns a response with server-sent events.
pub(super) fn event_stream(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

impl Chat {
    /// Stores a message from the person's page and begins to answer it. The answer goes on if the returned
    /// reader is dropped.
    ///
    /// # Errors
    /// 422 for an invalid message, [`Code::NotFound`] for a message to replace that the person did not write,
    /// and any error that keeps the assistant from answering.
    pub async fn begin_live(&self, account: AccountId, new: NewMessage) -> Result<Follower, ApiError> {
        let who = Speaker::person(account);
        let (mut new, session, is_again) = self.with_replaced(&who, new).await?;
        if new.text.trim().is_empty() && !new.pictures.is_empty() {
            PICTURES.clone_into(&mut new.text);
        }
        let images = self.pictures(account, &new.pictures).await?;
        let request = ChatRequest { message: new.text, session_id: new.session, ..ChatRequest::default() };
        let mut talk = rules::check(request, &HeaderMap::new(), &[])?;
        talk.images = images;
        // A model that is not connected any more is like none.
        let names = self.model_names();
        let model = new.model.map(|name| if names.contains(&name) { name } else { String::new() });
        let picked = model.clone().or_else(|| session.map(|session| session.model)).unwrap_or_default();
        if names.contains(&picked) {
            talk.model = picked;
        }
        let (again, replaces) = if is_again { (new.replaces, None) } else { (None, new.replaces) };
        talk.page = Some(FromPage { replaces, again, model, pictures: new.pictures.join(" ") });
        let answering = self.talk(who, talk).await?;
        self.follow_up(account, answering)
    }

    /// Returns a reader of the answer in progress of a session, from an event on; `None` if there is none in
    /// this process.
    #[must_use]
    pub fn follow_live(&self, account: AccountId, session: &str, from: usize) -> Option<Follower> {
        let running = self.running().0.lock();
        let live = running.get(&(account, session.to_owned()))?;
        Some(Follower::new(live, session, from))
    }

    /// Asks the answer in progress of a session to stop. `None` if there is none in this process.
    pub(super) fn ask_to_stop(&self, account: AccountId, session: &str) -> Option<Follower> {
        let follower = self.follow_live(account, session, 0)?;
        follower.live.stop.send_replace(true);
        Some(follower)
    }

    /// Stops the answer in progress of a session, and waits until it is stored. Returns false if there is
    /// none in this process.
    pub(super) async fn stop_here(&self, account: AccountId, session: &str) -> bool {
        let Some(follower) = self.ask_to_stop(account, session) else { return false };
        follower.end().await;
        true
    }

    /// Fills in the text and the pictures of the message that another one replaces. Returns the session as
    /// well, and true if the message is answered again.
    async fn with_replaced(
        &self,
        who: &Speaker,
        mut new: NewMessage,
    ) -> Result<(NewMessage, Option<Session>, bool), ApiError> {
        let session = match new.session.as_deref() {
            Some(name) => self.find_session(who, name).await.ok().flatten(),
            None => None,
        };
        let Some(id) = new.replaces else { return Ok((new, session, false)) };
        let session = session.ok_or(Code::NotFound)?;
        let (text, pictures) = self.said(session.key, id).await?.ok_or(Code::NotFound)?;
        let is_again = new.text.trim().is_empty();
        if is_again {
            // On a page that is out of date.
            if !self.is_last(session.key, id).await? {
                return Err(Code::NotFound.into());
            }
            new.text = text;
        }
        new.pictures = pictures.split_ascii_whitespace().map(str::to_owned).collect();
        Ok((new, Some(session), is_again))
    }

    /// Loads pictures for a prompt.
    async fn pictures(&self, account: AccountId, keys: &[String]) -> Result<Vec<Image>, ApiError> {
        let mut images = Vec::new();
        for key in keys.iter().take(rules::MAX_IMAGES) {
            let (media_type, bytes) = self.memory().picture(account, key).await?;
            let data = BASE64_STANDARD.encode(bytes);
            images.push(Image { media_type: media_type.to_owned(), data, after: usize::MAX });
        }
        Ok(images)
    }

    /// Records the events of an answer until its end.
    fn follow_up(&self, account: AccountId, answering: Answering) -> Result<Follower, ApiError> {
        let Answering { session, key: row, message, mut events, over, .. } = answering;
        let live = Arc::new(Live {
            message,
            log: Mutex::default(),
            length: watch::Sender::new(Some(0)),
            stop: watch::Sender::new(false),
        });
        let follower = Follower::new(&live, &session, 0);
        let (chat, running, key) = (self.clone(), Arc::clone(self.running()), (account, session));
        running.0.lock().insert(key.clone(), Arc::clone(&live));
        let mut stop = live.stop.subscribe();
        let mut holds = interval_at(Instant::now() + HOLD_EVERY, HOLD_EVERY);
        self.tasks()?.spawn(async move {
            loop {
                let next = tokio::select! {
                    event = events.recv() => Next::Event(event),
                    _ = holds.tick() => Next::Hold,
                    _ = stop.wait_for(|is_stopped| *is_stopped), if !events.is_closed() => Next::Stop,
                };
                match next {
                    Next::Event(None) => break,
                    Next::Event(Some(event)) => {
                        if let Some(event) = LiveEvent::of(event) {
                            live.push(event);
                        }
                    }
                    Next::Hold => chat.hold_answer(row, message).await,
                    // The task of the answer notices, and stores what there is.
                    Next::Stop => events.close(),
                }
            }
            let _stored = over.await;
            let is_ended = matches!(live.log.lock().last(), Some(LiveEvent::Done | LiveEvent::Failed(_)));
            if !is_ended {
                live.push(LiveEvent::Failed(Reason::Stopped));
            }
            chat.release_answer(row, message).await;
            let mut running = running.0.lock();
            if running.get(&key).is_some_and(|latest| Arc::ptr_eq(latest, &live)) {
                running.remove(&key);
            }
            drop(running);
            live.length.send_replace(None);
        });
        Ok(follower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_one_line_of_json() {
        let event = LiveEvent::Text("a\n\n<b>".to_owned()).write(7);
        assert_eq!(event, "id: 7\nevent: text\ndata: \"a\\n\\n<b>\"\n\n");
    }
}
