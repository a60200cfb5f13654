//! The pages for conversations with the assistant, and for the data that the model was sent for a response.

mod address;
pub(crate) mod change;
mod list;
pub(crate) mod live;
pub(crate) mod sent;
pub(crate) mod settings;
mod start;
pub(crate) mod texts;
mod view;

use ::chat::{
    live::NewMessage,
    reason::Reason,
    session::{
        Session, Speaker,
        model::{message_id, parse_message_id},
        page::PageMessage,
    },
};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use web::{ApiError, Query};

pub(crate) use self::address::{PATH, link};
use self::{
    list::List,
    start::Start,
    texts::Texts,
    view::{Latest, Turn, TurnKind},
};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    texts::fill,
};

/// Number of messages on a page, and in the part that scripts load after an answer.
const MESSAGES: i64 = 60;
const TAIL: i64 = 2;

/// The query of the page.
#[derive(serde::Deserialize, Default)]
pub(crate) struct PageParams {
    session: Option<String>,
    done: Option<String>,
    /// The conversation that was deleted and can be restored.
    restore: Option<String>,
    /// The cursor of the list of conversations.
    cursor: Option<String>,
    /// The text that conversations are searched for.
    q: Option<String>,
    /// Messages before this one.
    before: Option<String>,
    /// The message to edit.
    edit: Option<String>,
    /// The reason why an answer failed.
    failed: Option<String>,
    /// Set if only the last two messages are wanted.
    tail: Option<String>,
}

impl PageParams {
    /// Returns the part of the list that is wanted.
    fn list(&self) -> list::ListParams<'_> {
        list::ListParams { q: self.q.as_deref(), cursor: self.cursor.as_deref() }
    }
}

/// The form with a message.
pub(crate) struct MessageForm {
    session: String,
    message: String,
    pictures: Vec<String>,
    replaces: String,
    /// The picked model. `None` if the form has no such field.
    model: Option<String>,
}

impl From<Fields> for MessageForm {
    fn from(fields: Fields) -> Self {
        Self {
            session: fields.text("session"),
            // Browsers end lines in forms with CRLF.
            message: fields.text("message").replace("\r\n", "\n"),
            pictures: fields.all("picture"),
            replaces: fields.text("replaces"),
            model: fields.all("model").into_iter().next(),
        }
    }
}

impl MessageForm {
    fn message(&self) -> NewMessage {
        NewMessage {
            session: Some(self.session.clone()).filter(|session| !session.is_empty()),
            text: self.message.clone(),
            pictures: self.pictures.iter().filter(|key| !key.is_empty()).cloned().collect(),
            replaces: parse_message_id(&self.replaces),
            model: self.model.clone(),
        }
    }
}

/// The message that is edited.
struct Editing {
    id: String,
    text: String,
}

/// The end of the conversation, if the last message was not answered, or the last attempt to do so failed.
struct Problem {
    /// The id of the message to answer again.
    id: String,
    /// The reason.
    why: &'static str,
}

#[derive(Template)]
#[template(path = "chat.html")]
struct ChatPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    list: List,
    /// The id of the open conversation; empty for a new one.
    open: String,
    title: String,
    is_pinned: bool,
    turns: Vec<Turn>,
    /// The id of the person's last message, which can be answered again.
    last: String,
    /// The address of earlier messages.
    before: Option<String>,
    latest: Option<Latest>,
    models: Picker,
    problem: Option<Problem>,
    /// True while an answer is in progress.
    is_live: bool,
    editing: Option<Editing>,
    draft: String,
    start: Option<Start>,
    /// True if the model accepts pictures.
    has_pictures: bool,
    /// The path of what is said into the microphone, if the server listens.
    listen: Option<&'static str>,
    /// The conversation to restore.
    restore: Option<String>,
    notice: Option<&'static str>,
    alert: Option<String>,
}

/// The models that may answer in a conversation.
struct Picker {
    /// The names, if there is a choice.
    names: Vec<String>,
    /// The picked one; empty for the first one.
    picked: String,
    /// The model that answers if none is picked.
    first: Option<String>,
}

impl Picker {
    fn of(console: &Console, session: Option<&Session>) -> Self {
        let names = console.chat.pickable_models();
        let first = names.first().cloned();
        let picked = session.map(|session| session.model.clone()).filter(|picked| names.contains(picked));
        let names = if names.len() > 1 { names } else { Vec::new() };
        Self { names, picked: picked.unwrap_or_default(), first }
    }

    /// Returns the name of the choice that picks none.
    fn auto(&self, t: &Texts) -> String {
        fill(t.model_auto, self.first.as_deref().unwrap_or_default())
    }
}

/// Returns the text about a failed answer.
fn why(reason: Reason, t: &Texts) -> &'static str {
    match reason {
        Reason::Key => t.why_key,
        Reason::Model => t.why_model,
        Reason::Limited => t.why_limited,
        Reason::Refused => t.why_refused,
        Reason::Broken => t.why_broken,
        Reason::Unreachable => t.why_unreachable,
        Reason::Slow => t.why_slow,
        Reason::Garbled => t.why_garbled,
        Reason::BrokenOff => t.why_broken_off,
        Reason::Empty => t.why_empty,
        Reason::Spent => t.why_spent,
        Reason::Resting => t.why_resting,
        Reason::Storage => t.why_storage,
        Reason::Stopped => t.why_stopped,
        Reason::Other => t.why_other,
    }
}

/// Shows the list of conversations, and the open one.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    console.chat.remove_hidden(member.account.id).await?;
    render(&console, member, params, String::new(), None).await
}

/// Sends a message, waits for the response, and shows the conversation. For browsers without scripts.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<MessageForm>,
) -> Result<Response, ApiError> {
    let started = console.chat.begin_live(member.account.id, form.message()).await;
    match started {
        Ok(follower) => {
            let link = link(follower.session());
            let to = match follower.end().await {
                None => format!("{link}#end"),
                Some(reason) => format!("{link}&failed={}#end", reason.name()),
            };
            Ok(Redirect::to(&to).into_response())
        }
        Err(error) => {
            let session = Some(form.session).filter(|session| !session.is_empty());
            let params = PageParams { session, ..PageParams::default() };
            render(&console, member, params, form.message, Some(error)).await
        }
    }
}

async fn render(
    console: &Console,
    member: Member,
    params: PageParams,
    draft: String,
    error: Option<ApiError>,
) -> Result<Response, ApiError> {
    let t = Texts::of(member.page.language);
    let account = member.account.id;
    let session = open(console, &member, &params).await?;
    let mut messages = match &session {
        Some(session) => messages(console, session, &params).await?,
        None => Vec::new(),
    };
    let id = session.as_ref().map(|session| session.id.clone()).unwrap_or_default();
    let is_live = match &session {
        Some(session) => console.chat.is_answering(account, &id, session.key).await?,
        None => false,
    };
    if is_live && messages.last().is_some_and(|message| message.role.name() == "assistant") {
        // A part of the answer in progress, or an earlier answer that it may replace.
        messages.pop();
    }
    let list = list::load(console, &member, params.list(), &id, t).await?;
    let here = if id.is_empty() { PATH.to_owned() } else { link(&id) };
    let page = member.page.clone().at("chat", here);
    let template = ChatPage {
        page: &page,
        t,
        list,
        before: before(&id, &messages, &params),
        last: last(&messages),
        models: Picker::of(console, session.as_ref()),
        latest: messages.iter().rev().find_map(|message| view::latest(message, t)),
        problem: if is_live { None } else { problem(&messages, &params, t) },
        is_live,
        editing: editing(&messages, params.edit.as_deref()),
        turns: view::turns(console, account, messages, t).await,
        start: match &session {
            Some(_) => None,
            None => Some(start::load(console, account, page.language).await?),
        },
        has_pictures: console.chat.house().has_pictures,
        listen: console.chat.listens().then_some(crate::listen::PATH),
        is_pinned: session.as_ref().is_some_and(Session::is_pinned),
        title: session.map(|session| list::title(session.title, t)).unwrap_or_default(),
        open: id,
        draft,
        restore: params.restore.filter(|_| params.done.as_deref() == Some("deleted")),
        notice: (params.done.as_deref() == Some("late")).then_some(t.too_late),
        alert: error.as_ref().map(|error| error.message(page.language)),
    };
    match &error {
        Some(error) => page.refuse(error, &template),
        None => page.answer(StatusCode::OK, &template),
    }
}

/// Returns the open conversation. Another person's looks as if it did not exist.
async fn open(console: &Console, member: &Member, params: &PageParams) -> Result<Option<Session>, ApiError> {
    let Some(id) = params.session.as_deref() else { return Ok(None) };
    let who = Speaker::person(member.account.id);
    Ok(console.chat.find_session(&who, id).await.unwrap_or(None))
}

async fn messages(
    console: &Console,
    session: &Session,
    params: &PageParams,
) -> Result<Vec<PageMessage>, ApiError> {
    let before = params.before.as_deref().and_then(parse_message_id);
    let limit = if params.tail.is_some() { TAIL } else { MESSAGES };
    console.chat.page_messages(session.key, before, limit).await
}

/// Returns the address of earlier messages, if there may be any.
fn before(session: &str, messages: &[PageMessage], params: &PageParams) -> Option<String> {
    let is_full = i64::try_from(messages.len()).unwrap_or(i64::MAX) >= MESSAGES;
    let first = messages.first().filter(|_| is_full && params.tail.is_none())?;
    Some(format!("{}&before={}", link(session), message_id(first.id)))
}

/// Returns the id of the person's last message.
fn last(messages: &[PageMessage]) -> String {
    let last = messages.iter().rev().find(|message| message.role.name() == "user");
    last.map(|message| message_id(message.id)).unwrap_or_default()
}

fn problem(messages: &[PageMessage], params: &PageParams, t: &Texts) -> Option<Problem> {
    let last = messages.last().filter(|_| params.before.is_none())?;
    let said = messages.iter().rev().find(|message| message.role.name() == "user")?;
    // A failure to store the answer could not be stored either.
    let reason = said.failure.or_else(|| params.failed.as_deref().and_then(Reason::parse));
    let is_answered = last.id != said.id;
    if is_answered && said.failure.is_none() {
        return None;
    }
    let why = reason.map_or(t.unanswered, |reason| why(reason, t));
    Some(Problem { id: message_id(said.id), why })
}

fn editing(messages: &[PageMessage], id: Option<&str>) -> Option<Editing> {
    let id = parse_message_id(id?)?;
    let edited = messages.iter().find(|message| message.id == id && message.role.name() == "user")?;
    Some(Editing { id: message_id(id), text: edited.content.clone() })
}
