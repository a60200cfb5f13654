//! Answers on the person's own pages that another process produces.
//!
//! The process that produces an answer holds it in the store, and stores its text every two seconds. Others
//! send on what is stored, and ask that process to stop by a notification.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use futures::stream;
use memory::MessageId;
use serde_json::{Value, json};
use store::{AccountId, NoticeEvent, params};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use web::{ApiError, Tasks};

use super::live;
use crate::{
    Chat, ConversationId,
    session::{HELD_SECONDS, Speaker, model::message_id, queries},
};

/// The topic of notifications that an answer is to stop; the payload is the account and the session's id.
const STOP: &str = "chat.stop";
/// The interval at which the stored text is read.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The number of looks without news after which a keep-alive comment is sent.
const PING_AFTER: u32 = 20;
/// The time that another process has to stop an answer.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// An answer in progress, as it is stored.
#[derive(Debug)]
pub(crate) struct HeldAnswer {
    pub(crate) message: MessageId,
    text: String,
}

store::from_row!(HeldAnswer { message, text });

/// The reader of an answer that another process produces.
struct Watch {
    chat: Chat,
    tasks: Tasks,
    key: ConversationId,
    session: String,
    message: MessageId,
    /// The text that was sent.
    sent: String,
    looks: Interval,
    is_begun: bool,
    is_ended: bool,
}

impl Watch {
    /// Waits for more events, and returns them formatted. `None` after the last one.
    async fn more(&mut self) -> Option<String> {
        if !self.is_begun {
            self.is_begun = true;
            let start = json!({ "session": self.session, "message": message_id(self.message) });
            return Some(format!("event: start\ndata: {start}\n\nevent: reset\ndata: {{}}\n\n"));
        }
        for _ in 0..PING_AFTER {
            if self.is_ended {
                return None;
            }
            tokio::select! {
                _ = self.looks.tick() => {}
                () = self.tasks.stopping() => return None,
            }
            match self.chat.held_answer(self.key).await {
                Ok(Some(held)) if held.message == self.message => {
                    if let Some(news) = self.news(held.text) {
                        return Some(news);
                    }
                }
                Ok(_) => {
                    // The page shows what is stored.
                    self.is_ended = true;
                    return Some("event: done\ndata: {}\n\n".to_owned());
                }
                Err(error) => tracing::debug!(cause = error.cause(), "an answer cannot be followed"),
            }
        }
        Some(": ping\n\n".to_owned())
    }

    /// Returns the events that add what is new in a text.
    fn news(&mut self, text: String) -> Option<String> {
        let added = text.strip_prefix(self.sent.as_str()).map(str::to_owned);
        let events = match added {
            Some(added) if added.is_empty() => return None,
            Some(added) => format!("event: text\ndata: {}\n\n", Value::from(added)),
            // The model took back what it said.
            None => {
                format!("event: reset\ndata: {{}}\n\nevent: text\ndata: {}\n\n", Value::from(text.as_str()))
            }
        };
        self.sent = text;
        Some(events)
    }

    fn stream(self) -> Response {
        let body = stream::unfold(self, |mut watch| async move {
            let text = watch.more().await?;
            Some((Ok::<_, Infallible>(Bytes::from(text)), watch))
        });
        live::event_stream(Body::from_stream(body))
    }
}

impl Chat {
    /// Returns the answer of a session that some process holds.
    pub(crate) async fn held_answer(&self, key: ConversationId) -> Result<Option<HeldAnswer>, ApiError> {
        let now = self.db().clock().now();
        Ok(self.db().fetch_optional(queries::HELD_ANSWER, params![key, now]).await?)
    }

    /// Holds an answer for longer.
    pub(super) async fn hold_answer(&self, key: ConversationId, message: MessageId) {
        let until = self.db().clock().now().plus_secs(HELD_SECONDS);
        let held = self.db().execute(queries::HOLD_LONGER, params![key, message, until]).await;
        if let Err(error) = held {
            tracing::debug!(%error, "an answer could not be held");
        }
    }

    /// Releases an answer that has ended.
    pub(super) async fn release_answer(&self, key: ConversationId, message: MessageId) {
        let released = self.db().execute(queries::RELEASE_ANSWER, params![key, message]).await;
        if let Err(error) = released {
            // Nobody renews it, so it is released soon.
            tracing::debug!(%error, "an answer could not be released");
        }
    }

    /// Returns true if an answer of a session of the person is in progress, in any process.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn is_answering(
        &self,
        account: AccountId,
        session: &str,
        key: ConversationId,
    ) -> Result<bool, ApiError> {
        Ok(self.follow_live(account, session, 0).is_some() || self.held_answer(key).await?.is_some())
    }

    /// Returns the stream of events of the answer in progress of a session. `from` is the number of events
    /// that the reader has; it counts only in the process that produces the answer. `None` if no answer is in
    /// progress.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn follow(
        &self,
        account: AccountId,
        session: &str,
        from: usize,
    ) -> Result<Option<Response>, ApiError> {
        if let Some(follower) = self.follow_live(account, session, from) {
            return Ok(Some(follower.stream()));
        }
        let Some(key) = self.key_of(account, session).await else { return Ok(None) };
        let Some(held) = self.held_answer(key).await? else { return Ok(None) };
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let watch = Watch {
            chat: self.clone(),
            tasks: self.tasks()?.clone(),
            key,
            session: session.to_owned(),
            message: held.message,
            sent: String::new(),
            looks,
            is_begun: false,
            is_ended: false,
        };
        Ok(Some(watch.stream()))
    }

    /// Stops the answer in progress of a session, in any process, and waits until it is stored. Returns false
    /// if there is none, or if it goes on.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn stop_live(&self, account: AccountId, session: &str) -> Result<bool, ApiError> {
        if self.stop_here(account, session).await {
            return Ok(true);
        }
        let Some(key) = self.key_of(account, session).await else { return Ok(false) };
        if self.held_answer(key).await?.is_none() {
            return Ok(false);
        }
        let payload = format!("{account}\n{session}");
        self.db()
            .write(move |tx| Box::pin(async move { Ok::<_, ApiError>(tx.notify(STOP, &payload).await?) }))
            .await?;
        let (begin, mut looks) = (Instant::now(), interval(LOOK_EVERY / 2));
        while begin.elapsed() < STOP_WITHIN {
            looks.tick().await;
            if self.held_answer(key).await?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the key of a session of the person.
    async fn key_of(&self, account: AccountId, session: &str) -> Option<ConversationId> {
        let found = self.find_session(&Speaker::person(account), session).await;
        found.ok().flatten().map(|session| session.key)
    }
}

/// Starts the task that stops answers when other processes ask for it.
pub(crate) fn start(chat: &Chat, tasks: &Tasks) {
    let chat = chat.clone();
    tasks.follow(&chat.db().clone(), move |event| {
        let chat = chat.clone();
        async move {
            let NoticeEvent::Notice(notice) = event else { return };
            if notice.topic != STOP {
                return;
            }
            let asked = notice.payload.split_once('\n');
            if let Some((account, session)) = asked
                && let Ok(account) = account.parse()
            {
                chat.ask_to_stop(AccountId(account), session);
            }
        }
    });
}
