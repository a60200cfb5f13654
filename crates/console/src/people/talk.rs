//! The page on which a signed-in reader talks to the double of a person with a public page.

use askama::Template;
use avatars::{
    avatar::Avatar,
    visit::{Entrance, Sender, VisitMessage, Visitor, rules},
};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use web::{ApiError, Code};

use super::texts::Texts;
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    paths,
    when::When,
};

/// The route of the page.
pub(crate) const PATH: &str = "/people/{route}/talk";

/// A message as the page shows it.
struct Line {
    by: &'static str,
    text: String,
    at: When,
}

#[derive(Template)]
#[template(path = "person_talk.html")]
struct TalkPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    name: String,
    /// The public page of the person.
    person: String,
    action: String,
    opening: String,
    welcome: String,
    lines: Vec<Line>,
    /// The message that was refused.
    typed: String,
    alert: Option<String>,
}

/// True if readers may talk to an avatar now.
pub(super) fn is_open(avatar: &Avatar) -> bool {
    avatar.paused_at.is_none() && avatar.body.modes.text_chat
}

/// Shows the page.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Path(route): Path<String>,
) -> Result<Response, ApiError> {
    render(&console, member, &route, String::new(), None).await
}

/// Returns the avatar that a person with a public page prefers, and the person's name.
async fn avatar_of(console: &Console, route: &str) -> Result<(Avatar, String), ApiError> {
    let (account, _) = console.memory.public_profile(route).await?.ok_or(Code::NotFound)?;
    let avatar = console.avatars.default_avatar(account.id).await?;
    if !is_open(&avatar) {
        return Err(Code::NotFound.into());
    }
    Ok((avatar, account.name))
}

async fn render(
    console: &Console,
    member: Member,
    route: &str,
    typed: String,
    refused: Option<ApiError>,
) -> Result<Response, ApiError> {
    let person = paths::person(route);
    let action = format!("{person}/talk");
    let (avatar, name) = avatar_of(console, route).await?;
    let page = member.page.at("", &action);
    let t = Texts::of(page.language);
    let visitor = Visitor::Person(member.account.id);
    let messages = match console.avatars.current_visit(avatar.id, &visitor).await? {
        Some(visit) => console.avatars.visit_messages(visit.id).await?,
        None => Vec::new(),
    };
    let template = TalkPage {
        t,
        name,
        person,
        action,
        opening: avatar.opening,
        welcome: avatar.welcome_note,
        lines: messages.into_iter().map(|message| line(message, t)).collect(),
        typed,
        alert: refused.as_ref().map(|error| error.message(page.language)),
        page: &page,
    };
    match refused {
        None => page.answer(StatusCode::OK, &template),
        Some(error) => page.refuse(&error, &template),
    }
}

fn line(message: VisitMessage, t: &'static Texts) -> Line {
    let by = match message.sender {
        Sender::Visitor => t.you,
        Sender::Avatar => t.double,
        Sender::Owner => t.in_person,
    };
    Line { by, text: message.content, at: When(message.created_at) }
}

/// A message of the reader.
pub(crate) struct Message(String);

impl From<Fields> for Message {
    fn from(fields: Fields) -> Self {
        Self(fields.text("message"))
    }
}

/// Sends a message, and waits for the answer.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    Path(route): Path<String>,
    CsrfForm(Message(text)): CsrfForm<Message>,
) -> Result<Response, ApiError> {
    let (avatar, _) = avatar_of(&console, &route).await?;
    let said = async {
        let message = rules::check_message(Some(&text))?;
        let visitor = Visitor::Person(member.account.id);
        let entrance = Entrance::ShareCode(avatar.share_code);
        let opened = console.avatars.open_visit(&entrance, &visitor, member.account.name.clone()).await?;
        console.avatars.say_and_wait(opened.visit, message).await
    };
    match said.await {
        Ok(_) => Ok(Redirect::to(&format!("{}/talk#end", paths::person(&route))).into_response()),
        Err(error) => render(&console, member, &route, text, Some(error)).await,
    }
}
