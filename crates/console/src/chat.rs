//! The pages for conversations with the assistant, and for the data that the model was sent for a response.

pub(crate) mod settings;

use ::chat::session::{
    ListPlace, MAX_LISTED, Speaker, State as Ending, model::message_id, model::parse_message_id,
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use web::{ApiError, Code, Query};

use crate::{
    Console,
    form::{CsrfForm, Fields, Nothing},
    page::{Member, Page},
    when::When,
};

/// The path of the conversations.
pub(crate) const PATH: &str = "/chat";

/// The query of the page.
#[derive(serde::Deserialize, Default)]
pub(crate) struct PageParams {
    session: Option<String>,
    done: Option<String>,
    /// The cursor of the list of conversations.
    cursor: Option<String>,
}

/// The form with a message.
pub(crate) struct MessageForm {
    session: String,
    message: String,
}

impl From<Fields> for MessageForm {
    fn from(fields: Fields) -> Self {
        Self { session: fields.text("session"), message: fields.text("message") }
    }
}

struct Entry {
    title: String,
    link: String,
    updated: When,
    is_open: bool,
}

struct Line {
    /// `user`, `assistant` or `system`.
    role: &'static str,
    who: String,
    text: String,
    /// The reason why the assistant's message is incomplete.
    ending: Option<&'static str>,
    sent: Option<String>,
}

#[derive(Template)]
#[template(path = "chat.html")]
struct ChatPage<'a> {
    page: &'a Page,
    name: &'a str,
    sessions: Vec<Entry>,
    /// The address of the next page of the list.
    older: Option<String>,
    /// The id of the open conversation; empty for a new one.
    open: String,
    delete: Option<String>,
    lines: Vec<Line>,
    draft: String,
    notice: Option<&'a str>,
    alert: Option<String>,
}

#[derive(Template)]
#[template(path = "chat_sent.html")]
struct SentPage<'a> {
    page: &'a Page,
    model: String,
    provider: String,
    time: When,
    tokens_in: i64,
    tokens_out: i64,
    messages: Vec<(String, String)>,
    memories: Vec<(String, String)>,
}

pub(crate) fn link(session: &str) -> String {
    let session: String = form_urlencoded::byte_serialize(session.as_bytes()).collect();
    format!("{PATH}?session={session}")
}

/// Shows the list of conversations, and the open one.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    render(&console, member, params, String::new(), None).await
}

/// Sends a message, waits for the response, and shows the conversation. For browsers without scripts.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    CsrfForm(saying): CsrfForm<MessageForm>,
) -> Result<Response, ApiError> {
    let who = Speaker::person(member.account.id);
    let session = Some(saying.session).filter(|session| !session.is_empty());
    match console.chat.answer(who, session.clone(), saying.message.clone()).await {
        Ok(said) => Ok(Redirect::to(&format!("{}#end", link(&said.session))).into_response()),
        Err(error) => {
            let params = PageParams { session, ..PageParams::default() };
            render(&console, member, params, saying.message, Some(error)).await
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
    let who = Speaker::person(member.account.id);
    let found = match params.session.as_deref() {
        Some(id) => console.chat.find_session(&who, id).await.unwrap_or(None),
        None => None,
    };
    let page =
        member.page.at("chat", found.as_ref().map_or_else(|| PATH.to_owned(), |session| link(&session.id)));
    let lines = match &found {
        Some(session) => console.chat.messages(session.key).await?,
        None => Vec::new(),
    };
    let open = found.map(|session| session.id).unwrap_or_default();
    let after = params.cursor.as_deref().and_then(ListPlace::parse).unwrap_or(ListPlace::START);
    let sessions = console.chat.sessions(&who, "", after, MAX_LISTED).await?;
    let is_full = i64::try_from(sessions.len()).unwrap_or(i64::MAX) >= MAX_LISTED;
    let last = sessions.last().filter(|_| is_full);
    let older = last.map(|session| format!("{PATH}?cursor={}", ListPlace::of(session).cursor()));
    let template = ChatPage {
        page: &page,
        name: &member.account.name,
        older,
        sessions: sessions
            .into_iter()
            .map(|session| Entry {
                is_open: session.id == open,
                link: link(&session.id),
                title: session.title,
                updated: When(session.updated_at),
            })
            .collect(),
        delete: (!open.is_empty()).then(|| {
            let id: String = form_urlencoded::byte_serialize(open.as_bytes()).collect();
            format!("{PATH}/delete?session={id}")
        }),
        open,
        lines: lines.into_iter().map(|message| line(message, &page, &member.account.name)).collect(),
        draft,
        notice: (params.done.as_deref() == Some("deleted")).then_some(page.t.chat_deleted),
        alert: error.as_ref().map(|error| error.message(page.language)),
    };
    match &error {
        Some(error) => page.refuse(error, &template),
        None => page.answer(StatusCode::OK, &template),
    }
}

fn line(message: ::chat::session::Message, page: &Page, name: &str) -> Line {
    let role = message.role.name();
    let is_answer = role == "assistant";
    Line {
        role,
        who: match role {
            "assistant" => page.t.chat_double.to_owned(),
            "system" => page.t.chat_system.to_owned(),
            _ => name.to_owned(),
        },
        text: message.content,
        ending: match message.state {
            Ending::Complete => None,
            Ending::Stopped => Some(page.t.chat_stopped),
            Ending::Failed => Some(page.t.chat_failed),
        },
        sent: is_answer.then(|| format!("{PATH}/messages/{}", message_id(message.id))),
    }
}

/// Deletes a conversation.
pub(crate) async fn delete(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    let id = params.session.ok_or(Code::ChatSessionNotFound)?;
    console.chat.delete_session(&Speaker::person(member.account.id), &id).await?;
    Ok(Redirect::to("/chat?done=deleted").into_response())
}

/// Shows the data that the model was sent for a response.
pub(crate) async fn sent(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let number = parse_message_id(&id).ok_or(Code::NotFound)?;
    let sent = console.chat.sent(&Speaker::person(member.account.id), number).await?;
    let page = member.page.at("chat", format!("{PATH}/messages/{id}"));
    let template = SentPage {
        page: &page,
        messages: sent.messages(),
        memories: sent.memories(),
        model: sent.model,
        provider: sent.provider,
        time: When(sent.created_at),
        tokens_in: sent.tokens_in,
        tokens_out: sent.tokens_out,
    };
    page.answer(StatusCode::OK, &template)
}
