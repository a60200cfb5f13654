//! Talking to the assistant: from an incoming message to an answer that is sent, stored, and counted.

mod decide;
mod draft;
pub(crate) mod elsewhere;
mod finish;
pub(crate) mod limits;
pub mod live;
pub(crate) mod model;
pub(crate) mod routes;
pub(crate) mod rules;
mod run;
pub(crate) mod steps;

use identity::Account;
use memory::{MessageId, recall::Recall};
use tokio::sync::{mpsc, oneshot};
use web::{ApiError, Code};

use crate::{
    Chat, ConversationId,
    act::Plan,
    events::Event,
    openai::ReplyParams,
    person::AssistantSettings,
    prompt::{self, Assembled, Parts},
    provider::{Ask, Form, Message, Role},
    session::{History, Opened, Speaker, TurnIds, UserMessage},
    streams::Slot,
    tools::Tool,
};
use draft::Draft;
use http::HeaderMap;
use model::{ChatRequest, ClientHistory, FromPage, Talk};

/// Maximum number of events buffered for a slow client. The model has to wait when they are full.
const AHEAD: usize = 32;

/// An answer in progress.
pub(crate) struct Answering {
    /// The session's id.
    pub(crate) session: String,
    /// True if this answer began the session.
    pub(crate) is_new: bool,
    /// The key of the session's row.
    pub(crate) key: ConversationId,
    /// The id under which the answer is stored.
    pub(crate) message: MessageId,
    /// The events of the answer. Dropping it stops the answer.
    pub(crate) events: mpsc::Receiver<Event>,
    /// Closes when the answer is stored, even if it was stopped.
    pub(crate) over: oneshot::Receiver<()>,
}

/// A complete answer.
#[derive(Debug)]
pub struct CompleteAnswer {
    /// The session's id.
    pub session: String,
    /// The answer's id.
    pub message: MessageId,
    /// The text.
    pub text: String,
}

/// Everything that is needed to produce an answer.
struct Turn {
    who: Speaker,
    slot: Slot,
    /// The person's name; `None` if the caller may not know it.
    name: Option<String>,
    message: String,
    search: bool,
    recall: Recall,
    ask: Ask,
    /// True if facts in the message may be remembered.
    is_own: bool,
    /// True if turns that the session keeps did not fit into the prompt.
    forgets: bool,
    /// The plan of a decision, if one is requested.
    plan: Option<Plan>,
    /// True if the tools are the client's, which executes tool calls itself.
    has_own_tools: bool,
    /// True if thoughts are stored, for the person's own pages.
    keeps_thoughts: bool,
    /// True if a model is to give the session a title.
    is_untitled: bool,
}

/// The context of an incoming message.
struct TurnContext<'k> {
    who: Speaker,
    slot: Slot,
    before: &'k History,
    recall: Recall,
    is_own: bool,
    name: Option<String>,
    tools: Vec<Tool>,
}

impl Chat {
    /// Stores a message and begins to answer it.
    pub(crate) async fn talk(&self, who: Speaker, talk: Talk) -> Result<Answering, ApiError> {
        let slot = self.streams().take(who.account, self.settings().max_streams);
        let slot = slot.ok_or_else(|| ApiError::new(Code::RateLimited).retry_after(1))?;
        // The input of a decision is usually not the person's own words.
        let is_said = talk.kept.as_ref().is_none_or(|kept| kept.last.role == Role::User);
        let may_teach = who.may_teach && self.settings().distill && talk.control.is_none() && is_said;
        let is_held = talk.page.is_some();
        let FromPage { replaces, again, model, pictures } = talk.page.clone().unwrap_or_default();
        let text = talk.message.clone();
        let saying = UserMessage { text, may_teach, pictures, replaces, again, model, is_held };
        // While the message is written to disk, memories are recalled and a model is asked. Nothing of its
        // answer is sent before the message is stored.
        let (store, stored) = oneshot::channel();
        let (tell_before, before) = oneshot::channel();
        let (speaker, place) = (who.clone(), talk.place.clone());
        let say = async {
            let before = self.before(&speaker, &place, replaces.or(again)).await?;
            // The answer's id follows the message's.
            let ids = TurnIds::next(self.db().ids(), again);
            let session = before.session.clone();
            let _failed = tell_before.send((before, ids));
            self.say(&speaker, place, session.as_ref(), saying, ids).await
        };
        let begin = async {
            // Checked here as well as in the transaction: the model need not wait for the writer, and is
            // not asked in vain.
            let admitted = async { self.admit(self.today(who.account).await?) };
            let recalled = self.recall(&who, talk.question());
            let (preferences, (account, recall)) = tokio::try_join!(biased; admitted, recalled)?;
            let is_own = may_teach && preferences.distills;
            let tools = self.chosen_tools(&who, &preferences).await;
            let name = who.rights.reader.profile.then_some(account.name);
            // Without it the other branch has failed, and its error is returned.
            let (before, ids) = before.await.map_err(|_failed| ApiError::from(Code::Unavailable))?;
            let known = TurnContext { who: who.clone(), slot, before: &before, recall, is_own, name, tools };
            let turn = self.turn(known, talk);
            let (sender, events) = mpsc::channel(AHEAD);
            let chat = self.clone();
            let (is_over, over) = oneshot::channel();
            self.tasks()?.spawn(async move {
                run::run(&chat, turn, Draft::new(ids, again.is_some(), stored), sender).await;
                drop(is_over);
            });
            Ok((ids.answer, events, over))
        };
        let (opened, (message, events, over)) = tokio::try_join!(biased; say, begin)?;
        // The receiver is gone if the client has left.
        let _ended = store.send(opened.key);
        let Opened { key, id: session, is_new } = opened;
        Ok(Answering { session, is_new, key, message, events, over })
    }

    /// Stores a message and waits for the complete answer.
    ///
    /// # Errors
    /// 422 for an invalid message; any error that keeps the assistant from answering.
    pub async fn answer(
        &self,
        who: Speaker,
        session: Option<String>,
        message: String,
    ) -> Result<CompleteAnswer, ApiError> {
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
                Event::Failed(error, _) => return Err(error),
                Event::Done(ended) => return Ok(CompleteAnswer { session, message: ended.message, text }),
            }
        }
        Err(ApiError::new(Code::ChatStreamFailed).because("an answer without an end"))
    }

    /// Returns the tools that the person chose, for callers that no scope limits.
    async fn chosen_tools(&self, who: &Speaker, preferences: &AssistantSettings) -> Vec<Tool> {
        if preferences.tools.is_empty() || !who.rights.tools {
            return Vec::new();
        }
        let mut tools = self.offered_tools(who.account).await;
        tools.retain(|tool| preferences.tools.contains(&tool.name));
        tools
    }

    /// Recalls the person's memories for a message. Nothing that the caller may not read is included.
    async fn recall(&self, who: &Speaker, message: &str) -> Result<(Account, Recall), ApiError> {
        let failed = |error: ApiError| match error.code() {
            Code::Internal => {
                ApiError::new(Code::ChatContextFailed).because(error.cause().unwrap_or_default())
            }
            _ => error,
        };
        let (reader, budget) = (who.rights.reader, self.settings().recall_tokens);
        self.memory().recall_with_account(who.account, reader, message, budget).await.map_err(failed)
    }

    fn turn(&self, known: TurnContext<'_>, talk: Talk) -> Turn {
        let TurnContext { who, slot, before, recall, is_own, name, tools } = known;
        let is_kept_by_client = talk.kept.is_some();
        let ClientHistory { turns, last, wanted } = match talk.kept {
            Some(kept) => kept,
            None => ClientHistory {
                turns: before
                    .history
                    .iter()
                    .map(|said| Message::new(said.role, said.content.clone()))
                    .collect(),
                last: Message::with_images(talk.message.clone(), talk.images),
                wanted: ReplyParams::default(),
            },
        };
        let summary = before.session.as_ref().map_or("", |session| &session.summary);
        let Assembled { messages, dropped } = prompt::assemble(Parts {
            name: name.as_deref(),
            recall: &recall,
            now: self.db().clock().now(),
            // A client that keeps the conversation itself sends its system prompt each time.
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
        // Without tools, a JSON answer is read like a decision.
        let plan = plan.or_else(|| (form != Form::Text && !has_own_tools).then(Plan::any));
        let tools = match &plan {
            // Decisions are made without tools.
            Some(_) => Vec::new(),
            None if has_own_tools => wanted.tools,
            None => tools,
        };
        let ask = Ask {
            form,
            tools,
            members: wanted.members,
            thoughts: is_kept_by_client || talk.page.is_some(),
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
            keeps_thoughts: talk.page.is_some(),
            is_untitled: talk.page.is_some() && before.is_untitled(),
        }
    }
}
