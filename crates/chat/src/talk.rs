//! Talking to the double: from something said to an answer that is sent, stored and counted (contract C-09, X-25).

mod decide;
pub(crate) mod model;
pub(crate) mod routes;
pub(crate) mod rules;
mod run;

use std::{collections::HashMap, sync::Arc};

use identity::Account;
use memory::recall::Recall;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use web::{ApiError, Code};

use crate::{
    Chat,
    act::Plan,
    events::Event,
    openai::Wanted,
    person::Wishes,
    prompt::{self, Assembled, Parts},
    provider::{Ask, Form, Message, Role},
    session::{Before, Saying, Speaker},
    tools::Tool,
};
use http::HeaderMap;
use model::{ChatRequest, Kept, Talk};

/// Events on their way to a client that is slow; the model waits for it beyond that.
const AHEAD: usize = 32;

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
    /// What the person is called, for callers who may know it.
    name: Option<String>,
    message: String,
    search: bool,
    recall: Recall,
    ask: Ask,
    /// Whether facts in what was said may be remembered.
    is_own: bool,
    /// Whether the prompt had no room for turns that the session keeps.
    forgets: bool,
    /// How a decision is to look, where one is asked for.
    plan: Option<Plan>,
    /// The tools are the client's: it is told of calls, and calls them itself.
    has_own_tools: bool,
}

/// What is known when something is said.
struct Known<'k> {
    who: Speaker,
    slot: Slot,
    before: &'k Before,
    recall: Recall,
    is_own: bool,
    name: Option<String>,
    tools: Vec<Tool>,
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
        let slot = self.streams().take(who.account, self.settings().max_streams);
        let slot = slot.ok_or_else(|| ApiError::new(Code::RateLimited).retry_after(1))?;
        let before = self.before(&who, &talk.place).await?;
        // What a decision is about is somebody else's words, as a rule.
        let is_said = talk.kept.as_ref().is_none_or(|kept| kept.last.role == Role::User);
        let may_teach = who.may_teach && self.settings().distill && talk.control.is_none() && is_said;
        let saying = Saying { text: talk.message.clone(), may_teach };
        // What was said waits for the disk; meanwhile what the double should know is looked up and a model is asked. Nobody
        // hears of its answer before what was said is stored.
        let (store, stored) = oneshot::channel();
        let say = self.say(&who, talk.place.clone(), before.session.as_ref(), saying);
        let begin = async {
            // Asked here as well as where it is stored: no model waits for the thread that writes, or is asked in vain.
            let admitted = async { self.admit(self.today(who.account).await?) };
            let recalled = self.recall(&who, talk.question());
            let (wishes, (account, recall)) = tokio::try_join!(biased; admitted, recalled)?;
            let is_own = may_teach && wishes.distills;
            let tools = self.chosen_tools(&who, &wishes).await;
            let name = who.rights.reader.profile.then_some(account.name);
            let known = Known { who: who.clone(), slot, before: &before, recall, is_own, name, tools };
            let turn = self.turn(known, talk);
            let (sender, events) = mpsc::channel(AHEAD);
            let chat = self.clone();
            self.tasks()?.spawn(async move { run::run(&chat, turn, stored, sender).await });
            Ok(events)
        };
        // In this order, so that what is said has an id before the answer has.
        let (opened, events) = tokio::try_join!(biased; say, begin)?;
        // Its answer may have ended already, by a client that left.
        let _ended = store.send(opened.key);
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
                Event::Searching
                | Event::Searched { .. }
                | Event::Calling(_)
                | Event::Called { .. }
                | Event::Thought(_)
                | Event::Asked(_) => {}
                Event::Failed(error) => return Err(error),
                Event::Done(ended) => return Ok(Said { session, message: ended.message, text }),
            }
        }
        Err(ApiError::new(Code::ChatStreamFailed).because("an answer without an end"))
    }

    /// The actions that the double may use: those its person chose, for callers that no scope limits.
    async fn chosen_tools(&self, who: &Speaker, wishes: &Wishes) -> Vec<Tool> {
        if wishes.tools.is_empty() || !who.rights.tools {
            return Vec::new();
        }
        let mut tools = self.offered_tools(who.account).await;
        tools.retain(|tool| wishes.tools.contains(&tool.name));
        tools
    }

    /// What the double should know before it answers: nothing that the caller could not read directly.
    async fn recall(&self, who: &Speaker, message: &str) -> Result<(Account, Recall), ApiError> {
        let failed = |error: ApiError| match error.code() {
            Code::Internal => {
                ApiError::new(Code::ChatContextFailed).because(error.cause().unwrap_or_default())
            }
            _ => error,
        };
        let recall =
            self.memory().recall(who.account, who.rights.reader, message, self.settings().recall_tokens);
        let recall = recall.await.map_err(failed)?;
        let (account, _) = self.memory().profile(who.account).await.map_err(failed)?;
        Ok((account, recall))
    }

    fn turn(&self, known: Known<'_>, talk: Talk) -> Turn {
        let Known { who, slot, before, recall, is_own, name, tools } = known;
        let is_kept_by_client = talk.kept.is_some();
        let Kept { turns, last, wanted } = match talk.kept {
            Some(kept) => kept,
            None => Kept {
                turns: before
                    .history
                    .iter()
                    .map(|said| Message::new(said.role, said.content.clone()))
                    .collect(),
                last: Message::with_images(talk.message.clone(), talk.images),
                wanted: Wanted::default(),
            },
        };
        let summary = before.session.as_ref().map_or("", |session| &session.summary);
        let Assembled { messages, dropped } = prompt::assemble(Parts {
            name: name.as_deref(),
            recall: &recall,
            now: self.db().clock().now(),
            // A client that keeps the conversation says each time what it begins with.
            system: match &before.session {
                Some(_) if !is_kept_by_client => before.system.as_deref(),
                _ => talk.place.system.as_deref(),
            },
            control: talk.control.as_deref(),
            order: wanted.order.as_deref(),
            summary: if is_kept_by_client { "" } else { summary },
            history: turns,
            message: last,
            budget: self.settings().prompt_tokens,
        });
        let plan = talk.control.as_deref().map(Plan::of);
        let has_own_tools = !wanted.tools.is_empty();
        let form = plan.as_ref().map_or(wanted.form, |plan| Form::Json(plan.schema()));
        // Without tools, an answer in JSON is read as a decision is.
        let plan = plan.or_else(|| (form != Form::Text && !has_own_tools).then(Plan::any));
        let tools = match &plan {
            // Decisions are made of what is known.
            Some(_) => Vec::new(),
            None if has_own_tools => wanted.tools,
            None => tools,
        };
        let ask = Ask {
            form,
            tools,
            members: wanted.members,
            thoughts: is_kept_by_client,
            ..Ask::new(talk.model, messages, talk.max_tokens)
        };
        Turn {
            who,
            slot,
            name,
            message: talk.message,
            search: talk.search,
            recall,
            ask,
            is_own,
            forgets: dropped > 0 && !is_kept_by_client,
            plan,
            has_own_tools,
        }
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
