//! The pages on which readers talk to somebody's double: on a public page, and with the link of an avatar.
//!
//! Signed-in readers may talk to every avatar that receives visitors, others to those whose owner lets
//! everybody in.

use askama::Template;
use avatars::{
    avatar::Avatar,
    visit::{Entrance, Sender, Visit, VisitMessage, Visitor, rules},
};
use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use web::{ApiError, Code, Language};

use super::texts::Texts;
use crate::{
    Console,
    form::{self, Fields, VisitorForm},
    icons::{Face, own_picture},
    listen::Sound,
    page::Page,
    paths, policy,
    texts::fill,
    when::When,
};

/// The route of the page of the avatar that a person prefers.
pub(crate) const PATH: &str = "/people/{route}/talk";
/// The route of the page of an avatar, by its share code.
pub(crate) const AVATAR: &str = "/people/{route}/avatar/{code}";
/// The route of what readers say into a microphone.
pub(crate) const LISTEN: &str = "/people/{route}/avatar/{code}/listen";
/// The purpose for which a guest's id is made of what their browser keeps.
const GUEST: &str = "guest";

/// A message as the page shows it.
pub(super) struct Line {
    /// The id by which the page's script knows it.
    pub(super) id: String,
    pub(super) by: &'static str,
    pub(super) is_own: bool,
    pub(super) text: String,
    pub(super) at: When,
}

impl Line {
    pub(super) fn new(message: VisitMessage, t: &'static Texts) -> Self {
        let by = match message.sender {
            Sender::Visitor => t.you,
            Sender::Avatar => t.double,
            Sender::Owner => t.in_person,
        };
        Self {
            id: message.wire_id(),
            is_own: message.sender == Sender::Visitor,
            by,
            text: message.content,
            at: When(message.created_at),
        }
    }
}

/// The page of an avatar.
pub(crate) struct Place {
    pub(super) avatar: Avatar,
    /// The name of the avatar's owner.
    pub(super) owner: String,
    pub(super) face: Face,
    /// The public page of the owner, if there is one.
    pub(super) person: Option<String>,
    /// The path of the page, to which messages are sent.
    pub(super) action: String,
    /// The title of the page.
    pub(super) name: String,
}

impl Place {
    /// Finds the avatar that a person with a public page prefers.
    async fn of_person(console: &Console, route: &str) -> Result<Self, ApiError> {
        let (account, profile) = console.memory.public_profile(route).await?.ok_or(Code::NotFound)?;
        let avatar = console.avatars.default_avatar(account.id).await?;
        let person = paths::person(&account.route);
        Self {
            face: Face::new(&account.name, &profile.avatar, &console.public_url).twin(),
            action: format!("{person}/talk"),
            person: Some(person),
            name: account.name.clone(),
            owner: account.name,
            avatar,
        }
        .opened()
    }

    /// Finds an avatar by its share code, at its owner.
    pub(super) async fn of_code(console: &Console, route: &str, code: &str) -> Result<Self, ApiError> {
        let avatar = console.avatars.avatar_of_share_code(code).await?.ok_or(Code::NotFound)?;
        let (account, profile) = console.memory.profile(avatar.owner).await?;
        if !account.route.eq_ignore_ascii_case(route) {
            return Err(Code::NotFound.into());
        }
        let person = paths::person(&account.route);
        Self {
            face: Face::new(&avatar.title, &profile.avatar, &console.public_url).twin(),
            action: format!("{person}/avatar/{}", avatar.share_code),
            person: profile.is_public().then_some(person),
            name: avatar.title.clone(),
            owner: account.name,
            avatar,
        }
        .opened()
    }

    /// An avatar that receives nobody has no page.
    fn opened(self) -> Result<Self, ApiError> {
        if self.avatar.is_open() { Ok(self) } else { Err(Code::NotFound.into()) }
    }

    /// Returns the person who reads the page as a visitor, and their name. `None` for a guest whom no cookie
    /// tells from others yet.
    fn reader(
        &self,
        console: &Console,
        page: &Page,
        headers: &HeaderMap,
    ) -> Result<Option<(Visitor, String)>, ApiError> {
        if let Some(who) = &page.who {
            return Ok(Some((Visitor::Person(who.id), who.name.clone())));
        }
        if !self.avatar.is_open_to_all() {
            return Err(Code::AuthMissing.into());
        }
        let guest = form::visitor(headers, console).map(|secret| Visitor::Guest { id: secret.derive(GUEST) });
        Ok(guest.map(|guest| (guest, String::new())))
    }
}

#[derive(Template)]
#[template(path = "person_talk.html")]
struct TalkPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    place: &'a Place,
    /// The words about who answers and who reads along.
    lead: String,
    cover: Option<String>,
    /// The address of the page, for previews of links.
    link: String,
    image: String,
    socket: String,
    /// The path of what is said into the microphone, if the server listens.
    listen: Option<String>,
    lines: Vec<Line>,
    /// The message that was refused.
    typed: String,
    alert: Option<String>,
}

/// Shows the page of the avatar that a person prefers.
pub(crate) async fn show(
    State(console): State<Console>,
    page: Page,
    headers: HeaderMap,
    Path(route): Path<String>,
) -> Result<Response, ApiError> {
    let place = Place::of_person(&console, &route).await?;
    render(&console, page, &headers, place, String::new(), None).await
}

/// Shows the page of an avatar.
pub(crate) async fn show_avatar(
    State(console): State<Console>,
    page: Page,
    headers: HeaderMap,
    Path((route, code)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let place = Place::of_code(&console, &route, &code).await?;
    // Only who may read the page counts as somebody who saw it.
    place.reader(&console, &page, &headers)?;
    console.avatars.count_view(place.avatar.id).await?;
    render(&console, page, &headers, place, String::new(), None).await
}

/// Returns the conversation that a visitor has with an avatar, the address of its socket, and its messages.
pub(super) async fn conversation(
    console: &Console,
    avatar: &Avatar,
    visitor: Option<&Visitor>,
) -> Result<(String, Vec<VisitMessage>), ApiError> {
    let Some(visitor) = visitor else { return Ok((String::new(), Vec::new())) };
    let Some(visit) = console.avatars.current_visit(avatar.id, visitor).await? else {
        return Ok((String::new(), Vec::new()));
    };
    let messages = console.avatars.visit_messages(visit.id).await?;
    Ok((console.avatars.live_url(&visit).await?, messages))
}

async fn render(
    console: &Console,
    page: Page,
    headers: &HeaderMap,
    place: Place,
    typed: String,
    refused: Option<ApiError>,
) -> Result<Response, ApiError> {
    let reader = place.reader(console, &page, headers)?;
    let page = page.at("", &*place.action);
    let t = Texts::of(page.language);
    let visitor = reader.as_ref().map(|(visitor, _)| visitor);
    let (socket, messages) = conversation(console, &place.avatar, visitor).await?;
    let picture = place.avatar.cover_url.as_deref().and_then(|url| own_picture(url, &console.public_url));
    let template = TalkPage {
        t,
        cover: picture.map(str::to_owned),
        lead: fill(t.talk_lead, &place.owner),
        image: super::preview(console, picture),
        link: format!("{}{}", console.public_url, place.action),
        socket,
        listen: listen_path(console, &place),
        lines: messages.into_iter().map(|message| Line::new(message, t)).collect(),
        typed,
        alert: refused.as_ref().map(|error| error.message(page.language)),
        page: &page,
        place: &place,
    };
    let mut response = match refused {
        None => page.answer(StatusCode::OK, &template),
        Some(error) => page.refuse(&error, &template),
    }?;
    policy::allow_socket(&mut response, &console.public_url)?;
    Ok(response)
}

/// Returns the path of what is said into the microphone, if the server listens.
fn listen_path(console: &Console, place: &Place) -> Option<String> {
    let person = place.action.rsplit_once("/talk").map(|(person, _)| person);
    let person = person.or_else(|| place.action.rsplit_once("/avatar/").map(|(person, _)| person))?;
    console.chat.listens().then(|| format!("{person}/avatar/{}/listen", place.avatar.share_code))
}

/// Writes down what a reader says. It counts as a message of a guest, and its tokens as the owner's.
pub(crate) async fn listen(
    State(console): State<Console>,
    Path((route, code)): Path<(String, String)>,
    sound: Sound,
) -> Result<Response, ApiError> {
    let place = Place::of_code(&console, &route, &code).await?;
    let (visitor, _) = place.reader(&console, &sound.page, &sound.headers)?.ok_or(Code::CsrfRejected)?;
    if matches!(visitor, Visitor::Guest { .. }) {
        console.avatars.admit_guest(&place.avatar).await?;
    }
    Ok(sound.text(&console, place.avatar.owner).await)
}

/// A message of the reader.
pub(crate) struct Message {
    pub(super) text: String,
    /// True if a script sends it, which reads the answer from the socket.
    pub(super) is_live: bool,
    /// The token that a widget keeps of its visitor.
    pub(super) guest: String,
}

impl From<Fields> for Message {
    fn from(fields: Fields) -> Self {
        Self {
            text: fields.text("message"),
            is_live: fields.text("live") == "1",
            guest: fields.text("guest"),
        }
    }
}

/// Takes a message to the avatar that a person prefers.
pub(crate) async fn submit(
    State(console): State<Console>,
    page: Page,
    headers: HeaderMap,
    Path(route): Path<String>,
    VisitorForm(message): VisitorForm<Message>,
) -> Result<Response, ApiError> {
    let place = Place::of_person(&console, &route).await?;
    take(&console, page, &headers, place, message).await
}

/// Takes a message to an avatar.
pub(crate) async fn submit_avatar(
    State(console): State<Console>,
    page: Page,
    headers: HeaderMap,
    Path((route, code)): Path<(String, String)>,
    VisitorForm(message): VisitorForm<Message>,
) -> Result<Response, ApiError> {
    let place = Place::of_code(&console, &route, &code).await?;
    take(&console, page, &headers, place, message).await
}

async fn take(
    console: &Console,
    page: Page,
    headers: &HeaderMap,
    place: Place,
    message: Message,
) -> Result<Response, ApiError> {
    let (visitor, name) = place.reader(console, &page, headers)?.ok_or(Code::CsrfRejected)?;
    let said = say(console, &place.avatar, &visitor, name, &message).await;
    match said {
        Ok(said) => match live(console, &message, said).await? {
            Some(response) => Ok(response),
            None => Ok(Redirect::to(&format!("{}#end", place.action)).into_response()),
        },
        Err(error) if message.is_live => Ok(refusal(&error, page.language)),
        Err(error) => render(console, page, headers, place, message.text, Some(error)).await,
    }
}

/// Opens or resumes the conversation, and says something in it. Waits for the answer, unless a script reads
/// it as it comes.
pub(super) async fn say(
    console: &Console,
    avatar: &Avatar,
    visitor: &Visitor,
    name: String,
    message: &Message,
) -> Result<Visit, ApiError> {
    let text = rules::check_message(Some(&message.text))?;
    let entrance = Entrance::ShareCode(avatar.share_code.clone());
    let visit = console.avatars.open_visit(&entrance, visitor, name).await?.visit;
    if message.is_live {
        console.avatars.say(visit.clone(), text).await?;
    } else if visit.taken_over {
        // The owner answers when they find the time.
        console.avatars.say(visit.clone(), text).await?;
    } else {
        console.avatars.say_and_wait(visit.clone(), text).await?;
    }
    Ok(visit)
}

/// Returns the response for a script: the address of the socket on which the answer comes.
pub(super) async fn live(
    console: &Console,
    message: &Message,
    visit: Visit,
) -> Result<Option<Response>, ApiError> {
    if !message.is_live {
        return Ok(None);
    }
    let socket = console.avatars.live_url(&visit).await?;
    Ok(Some(Json(json!({ "socket": socket, "guest": message.guest })).into_response()))
}

/// Returns an error for a script, which shows the text.
pub(super) fn refusal(error: &ApiError, language: Language) -> Response {
    (error.code().status(), error.message(language)).into_response()
}
