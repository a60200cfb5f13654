//! Talking to the double: from something said to an answer that is sent, stored and counted (contract C-09, X-25).

mod decide;
pub(crate) mod model;
pub(crate) mod routes;
pub(crate) mod rules;
mod run;

use std::{collections::HashMap, sync::Arc};

use memory::recall::{Reader, Recall};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use web::{ApiError, Code};

use crate::{
    Chat,
    act::Plan,
    events::Event,
    prompt::{self, Parts},
    provider::{Ask, Form, Message, Role},
    session::{Opened, Speaker},
};
use http::HeaderMap;
use model::{ChatRequest, Talk};

/// Events on their way to a client that is slow; the model waits for it beyond that.
const AHEAD: usize = 32;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// An answer in the making.
pub(crate) struct Answering {
    /// The session's id.
    pub(crate) session: String,
    /// Whether this began the session.
    pub(crate) is_new: bool,
    /// The parts of the answer as they come. Dropping it stops the answer.
    pub(crate) events: mpsc::Receiver<Event>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Said {
    /// The session's id.
    pub session: String,
    /// The answer's number.
    pub message: i64,
    /// The answer.
    pub text: String,
}

/// Everything an answer is made of.
struct Turn {
    who: Speaker,
    slot: Slot,
    name: String,
    message: String,
    session: i64,
    search: bool,
    recall: Recall,
    ask: Ask,
    /// How a decision is to look, where one is asked for.
    plan: Option<Plan>,
}

/// The answers in the making, by account.
#[derive(Debug, Default)]
pub(crate) struct Streams(Mutex<HashMap<i64, usize>>);

/// One of them.
struct Slot {
    streams: Arc<Streams>,
    account: i64,
}

impl Streams {
    fn take(self: &Arc<Self>, account: i64, most: usize) -> Option<Slot> {
        let mut open = self.0.lock();
        let count = open.entry(account).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Slot { streams: Arc::clone(self), account })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock();
        if let Some(count) = open.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.account);
            }
        }
    }
}

impl Chat {
    /// Stores what is said, and begins to answer.
    pub(crate) async fn talk(&self, who: Speaker, talk: Talk) -> Result<Answering, ApiError> {
        let slot = self.admit(&who).await?;
        let opened = self.say(&who, talk.place.clone(), &talk.message).await?;
        let turn = self.turn(who, slot, talk, &opened).await?;
        let (sender, events) = mpsc::channel(AHEAD);
        let chat = self.clone();
        self.tasks()?.spawn(async move { run::run(&chat, turn, sender).await });
        Ok(Answering { session: opened.id, is_new: opened.is_new, events })
    }

    /// Stores what is said and waits for the whole answer.
    ///
    /// # Errors
    /// 422 for a message that cannot be one, and whatever keeps the double from answering.
    pub async fn answer(
        &self,
        who: Speaker,
        session: Option<String>,
        message: String,
    ) -> Result<Said, ApiError> {
        let request = ChatRequest { message, session_id: session, ..ChatRequest::default() };
        let talk = rules::check(request, &HeaderMap::new(), &[])?;
        let Answering { session, mut events, .. } = self.talk(who, talk).await?;
        let mut text = String::new();
        while let Some(event) = events.recv().await {
            match event {
                Event::Piece(piece) => text.push_str(&piece),
                Event::Searching | Event::Searched { .. } => {}
                Event::Failed(error) => return Err(error),
                Event::Done(ended) => return Ok(Said { session, message: ended.message, text }),
            }
        }
        Err(ApiError::new(Code::ChatStreamFailed).because("an answer without an end"))
    }

    /// Whether one more answer may be made for someone.
    async fn admit(&self, who: &Speaker) -> Result<Slot, ApiError> {
        let settings = self.settings();
        let slot = self.streams().take(who.account, settings.max_streams);
        let slot = slot.ok_or_else(|| ApiError::new(Code::RateLimited).retry_after(1))?;
        if settings.daily_tokens > 0 && self.used_today(who.account).await? >= settings.daily_tokens {
            let now = self.db().clock().now();
            let left = (now.day() + 1) * DAY_MS - now.as_millis();
            let seconds = u32::try_from(left / 1000 + 1).unwrap_or(u32::MAX);
            return Err(ApiError::new(Code::ChatUsedUp).retry_after(seconds));
        }
        Ok(slot)
    }

    async fn turn(&self, who: Speaker, slot: Slot, talk: Talk, opened: &Opened) -> Result<Turn, ApiError> {
        let settings = self.settings();
        // An application learns through the double no more than it could read itself.
        let reader = if who.client.is_empty() { Reader::Owner } else { Reader::Other };
        let failed = |error: ApiError| match error.code() {
            Code::Internal => {
                ApiError::new(Code::ChatContextFailed).because(error.cause().unwrap_or_default())
            }
            _ => error,
        };
        let recall = self.memory().recall(who.account, reader, &talk.message, settings.recall_tokens);
        let recall = recall.await.map_err(failed)?;
        let (account, _) = self.memory().profile(who.account).await.map_err(failed)?;
        let message = Message { role: Role::User, content: talk.message.clone(), images: talk.images };
        let messages = prompt::assemble(Parts {
            name: &account.name,
            recall: &recall,
            // A client that keeps the conversation says each time what it begins with.
            system: if talk.history.is_some() {
                talk.place.system.as_deref()
            } else {
                opened.system.as_deref()
            },
            control: talk.control.as_deref(),
            history: talk.history.as_deref().unwrap_or(&opened.history),
            message,
            budget: settings.prompt_tokens,
        });
        let plan = talk.control.as_deref().map(Plan::of);
        let form = plan.as_ref().map_or(Form::Text, |plan| Form::Json(plan.schema()));
        let ask = Ask { model: talk.model, messages, max_tokens: talk.max_tokens, form };
        Ok(Turn {
            who,
            slot,
            name: account.name,
            message: talk.message,
            session: opened.key,
            search: talk.search,
            recall,
            ask,
            plan,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_answers_at_once_and_no_more() {
        let streams = Arc::new(Streams::default());
        let first = streams.take(1, 2);
        let second = streams.take(1, 2);
        assert!(first.is_some() && second.is_some() && streams.take(1, 2).is_none());
        assert!(streams.take(2, 2).is_some(), "others have their own");
        drop(first);
        assert!(streams.take(1, 2).is_some());
        drop(second);
        assert!(streams.0.lock().is_empty(), "nothing is remembered of who is gone");
    }
}
