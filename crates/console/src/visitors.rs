//! The page of avatars and visitors: what visitors said, answers in person, and who may come.

pub(crate) mod avatars;
mod live;
pub(crate) mod texts;

use ::avatars::visit::{Brief, Sender, Visit, VisitMessage};
use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use http::StatusCode;
use serde::Deserialize;
use web::{ApiError, Code, Query};

use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    texts::fill,
    when::When,
};
use texts::Texts;

/// The path of the page.
pub(crate) const PATH: &str = "/visitors";
/// Conversations in the list.
const SHOWN: i64 = 50;

pub(crate) fn router() -> Router<Console> {
    Router::new()
        .route(PATH, get(show).post(submit))
        .route(live::PATH, get(live::follow))
        .merge(avatars::router())
}

/// Query of the page.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Params {
    /// The conversation that is read.
    session: Option<String>,
}

/// A conversation in the list.
struct VisitLine {
    link: String,
    name: String,
    count: String,
    /// The number of messages that the owner has not seen; empty if there are none.
    unread: String,
    /// The beginning of the conversation, and of its latest message.
    begins: String,
    latest: String,
    at: When,
    is_open: bool,
    taken_over: bool,
    is_blocked: bool,
}

/// A message of the conversation that is read.
struct Line {
    by: &'static str,
    /// True for what the double or the owner said.
    is_own: bool,
    text: String,
    at: When,
}

/// The conversation that is read.
struct Reading {
    session: String,
    name: String,
    lines: Vec<Line>,
    taken_over: bool,
    is_blocked: bool,
}

#[derive(Template)]
#[template(path = "visitors.html")]
struct VisitorsPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    visits: Vec<VisitLine>,
    reading: Option<Reading>,
    alert: Option<String>,
}

/// Shows the page.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<Params>,
) -> Result<Response, ApiError> {
    render(&console, member, params.session, None).await
}

async fn render(
    console: &Console,
    member: Member,
    session: Option<String>,
    refused: Option<ApiError>,
) -> Result<Response, ApiError> {
    let page = member.page.at("visitors", PATH);
    let (t, account) = (Texts::of(page.language), member.account.id);
    let reading = match session.filter(|session| !session.is_empty()) {
        Some(session) => Some(console.avatars.own_visit(account, &session).await.map_err(missing)?),
        None => None,
    };
    let messages = match &reading {
        Some(visit) => console.avatars.visit_messages(visit.id).await?,
        None => Vec::new(),
    };
    if let Some(visit) = &reading {
        console.avatars.see_visit(visit).await?;
    }
    let (visits, mut briefs) = futures::try_join!(
        console.avatars.visits(account, None, SHOWN),
        console.avatars.briefs(account, SHOWN),
    )?;
    let open = reading.as_ref().map(|visit| visit.id);
    let template = VisitorsPage {
        t,
        visits: visits
            .into_iter()
            .map(|visit| {
                let brief = briefs.remove(&visit.id).unwrap_or_default();
                VisitLine { is_open: open == Some(visit.id), ..line(visit, brief, t) }
            })
            .collect(),
        reading: reading.map(|visit| read(visit, messages, t)),
        alert: refused.as_ref().map(|error| error.message(page.language)),
        page: &page,
    };
    match refused {
        None => page.answer(StatusCode::OK, &template),
        Some(error) => page.refuse(&error, &template),
    }
}

/// A conversation that is not there has no page.
fn missing(error: ApiError) -> ApiError {
    match error.code() {
        Code::VisitorSessionNotFound => Code::NotFound.into(),
        _ => error,
    }
}

fn named(visit: &Visit, t: &'static Texts) -> String {
    if visit.visitor_name.is_empty() { t.nameless.to_owned() } else { visit.visitor_name.clone() }
}

fn line(visit: Visit, brief: Brief, t: &'static Texts) -> VisitLine {
    VisitLine {
        name: named(&visit, t),
        link: format!("{PATH}?session={}", visit.name),
        count: fill(t.messages, visit.messages),
        unread: if brief.unread > 0 { fill(t.unread, brief.unread) } else { String::new() },
        latest: if brief.latest == brief.begins { String::new() } else { brief.latest },
        begins: brief.begins,
        at: When(visit.active_at),
        is_open: false,
        taken_over: visit.taken_over,
        is_blocked: visit.is_blocked,
    }
}

fn read(visit: Visit, messages: Vec<VisitMessage>, t: &'static Texts) -> Reading {
    let lines = messages.into_iter().map(|message| Line {
        by: match message.sender {
            Sender::Visitor => t.visitor,
            Sender::Avatar => t.double,
            Sender::Owner => t.me,
        },
        is_own: message.sender != Sender::Visitor,
        text: message.content,
        at: When(message.created_at),
    });
    Reading {
        name: named(&visit, t),
        lines: lines.collect(),
        session: visit.name,
        taken_over: visit.taken_over,
        is_blocked: visit.is_blocked,
    }
}

/// An action of a form.
enum Action {
    Say(String),
    HandBack,
    Block,
    Unblock,
    Delete,
}

/// A form of the page: an action on a conversation.
pub(crate) struct VisitorForm {
    action: Option<Action>,
    session: String,
}

impl From<Fields> for VisitorForm {
    fn from(fields: Fields) -> Self {
        Self {
            action: match fields.text("do").as_str() {
                "say" => Some(Action::Say(fields.text("message"))),
                "back" => Some(Action::HandBack),
                "block" => Some(Action::Block),
                "unblock" => Some(Action::Unblock),
                "delete" => Some(Action::Delete),
                _ => None,
            },
            session: fields.text("session"),
        }
    }
}

/// Does what a form asks for.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<VisitorForm>,
) -> Result<Response, ApiError> {
    let (account, avatars) = (member.account.id, &console.avatars);
    let Some(action) = form.action else { return Ok(Redirect::to(PATH).into_response()) };
    let visit = avatars.own_visit(account, &form.session).await.map_err(missing)?;
    let done = match action {
        Action::Say(text) => avatars.answer_in_person(&visit, &text).await,
        Action::HandBack => avatars.take_over(&visit, false).await,
        Action::Block => avatars.block_visitor(&visit, true).await,
        Action::Unblock => avatars.block_visitor(&visit, false).await,
        Action::Delete => {
            avatars.delete_visit(&visit).await?;
            return Ok(Redirect::to(PATH).into_response());
        }
    };
    match done {
        Ok(()) => Ok(Redirect::to(&format!("{PATH}?session={}#end", visit.name)).into_response()),
        Err(error) if error.code().status().is_client_error() => {
            render(&console, member, Some(visit.name), Some(error)).await
        }
        Err(error) => Err(error),
    }
}
