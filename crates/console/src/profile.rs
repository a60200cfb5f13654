//! The profile page: name, bio, self-introduction, picture and interests.

mod form;
pub(crate) mod interest;
pub(crate) mod picture;

pub(crate) mod texts;

use askama::Template;
use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use http::StatusCode;
use memory::{
    ShadeId,
    profile::{
        Change, Profile,
        model::{Part, completeness, missing},
    },
    shade::Shade,
};
use store::Zone;
use web::{ApiError, Query, paging::Page as Rows};

use crate::{
    Console,
    form::{CsrfForm, Fields},
    icons::{Face, own_picture},
    page::{Member, Page},
    texts::fill,
};
use form::Typed;
use texts::Texts;

/// The path of the page.
pub(crate) const PATH: &str = "/profile";

pub(crate) fn router() -> Router<Console> {
    Router::new()
        .route(PATH, get(show).post(save))
        .route(picture::UPLOAD, post(picture::upload).layer(DefaultBodyLimit::max(picture::MAX_UPLOAD)))
        .route(picture::REMOVE, post(picture::remove))
        .route("/profile/zone", post(set_zone))
        .route("/profile/interests", post(interest::add))
        .route("/profile/interests/{id}", get(interest::show).post(interest::change))
        .route("/profile/interests/{id}/publish", post(interest::publish))
        .route("/profile/interests/{id}/delete", post(interest::delete))
}

/// The query of the page.
#[derive(serde::Deserialize, Default)]
pub(crate) struct PageParams {
    pub(crate) done: Option<String>,
}

/// The form that changes the profile.
#[derive(Clone)]
pub(crate) struct About {
    name: String,
    bio: String,
    words: String,
    /// The address of the picture, if the form has it.
    avatar: Option<String>,
    zone: String,
    /// The id of the voice; `None` if the server does not speak.
    voice: Option<String>,
    is_public: bool,
    is_listed: bool,
}

/// The form that scripts send with the time zone of the browser.
struct BrowserZone(String);

impl From<Fields> for BrowserZone {
    fn from(fields: Fields) -> Self {
        Self(fields.text("zone"))
    }
}

impl From<Fields> for About {
    fn from(fields: Fields) -> Self {
        let plain = |name: &str| fields.text(name).replace("\r\n", "\n");
        Self {
            name: plain("name"),
            bio: plain("bio"),
            words: plain("words"),
            avatar: fields.all("avatar").into_iter().next(),
            zone: plain("zone").trim().to_owned(),
            voice: fields.all("voice").into_iter().next().map(|voice| voice.trim().to_owned()),
            is_public: plain("public_page") == "1",
            is_listed: plain("listed") == "1",
        }
    }
}

/// An interest, with its private and its public side.
struct Line {
    id: ShadeId,
    name: String,
    own: String,
    public_name: String,
    public: String,
    is_public: bool,
}

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage<'a> {
    page: &'a Page,
    t: &'static Texts,
    about: About,
    email: String,
    face: Face,
    cover: Option<String>,
    has_avatar: bool,
    percent: i32,
    percent_label: String,
    /// The missing parts, and how many percent each adds.
    missing: Vec<(&'static str, &'static str, i32)>,
    public_memories: String,
    interests: Vec<Line>,
    typed: Typed,
    notice: Option<&'static str>,
    alert: Option<String>,
    interest_alert: Option<String>,
}

/// A form that was refused, with the error and its fields.
pub(crate) enum Refused {
    About(ApiError, About),
    Interest(ApiError, Typed),
    Picture(ApiError),
}

/// Shows the page.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    render(&console, member, params, None).await
}

pub(crate) async fn render(
    console: &Console,
    member: Member,
    params: PageParams,
    refused: Option<Refused>,
) -> Result<Response, ApiError> {
    let page = member.page.at("profile", PATH);
    let t = Texts::of(page.language);
    let (who, profile) = console.memory.profile(member.account.id).await?;
    let shades = console.memory.shades(member.account.id, false).await?;
    let one = Rows { limit: 1, offset: 0 };
    let public = console.memory.key_memories(member.account.id, "", one, true).await?.total;
    let percent = completeness(&who, &profile);
    let mut template = ProfilePage {
        page: &page,
        t,
        about: About {
            name: who.name.clone(),
            bio: profile.bio.clone(),
            words: profile.self_introduction.clone(),
            avatar: None,
            zone: profile.time_zone.clone(),
            voice: console.chat.speech_model().map(|_| profile.voice_id.clone()),
            is_public: profile.is_public(),
            is_listed: profile.is_listed,
        },
        face: Face::new(&who.name, &profile.avatar, &console.public_url).huge(),
        cover: own_picture(&profile.cover, &console.public_url).map(str::to_owned),
        has_avatar: !profile.avatar.is_empty(),
        percent,
        percent_label: fill(t.completeness, percent),
        missing: missing_parts(&profile, t),
        public_memories: fill(t.sees_memories, public),
        email: who.email,
        interests: shades.into_iter().map(line).collect(),
        typed: Typed::default(),
        notice: match params.done.as_deref() {
            Some("saved") => Some(t.saved),
            Some("added") => Some(t.added),
            Some("deleted") => Some(t.deleted),
            Some("published") => Some(t.published),
            _ => None,
        },
        alert: None,
        interest_alert: None,
    };
    let error = match refused {
        None => return page.answer(StatusCode::OK, &template),
        Some(Refused::About(error, typed)) => {
            template.alert = Some(error.message(page.language));
            template.about = typed;
            error
        }
        Some(Refused::Picture(error)) => {
            template.alert = Some(error.message(page.language));
            error
        }
        Some(Refused::Interest(error, typed)) => {
            template.interest_alert = Some(error.message(page.language));
            template.typed = typed;
            error
        }
    };
    page.refuse(&error, &template)
}

/// Returns an interest as the page shows it.
fn line(shade: Shade) -> Line {
    let either = |first: String, second: String| if first.trim().is_empty() { second } else { first };
    let body = shade.body;
    Line {
        id: shade.id,
        name: body.shade_name,
        own: either(body.shade_content, body.shade_description),
        public_name: body.shade_name_public,
        public: either(body.shade_content_public, body.shade_description_public),
        is_public: shade.has_public_content,
    }
}

/// Returns what a profile lacks: the id of the field, its name, and its weight.
fn missing_parts(profile: &Profile, t: &Texts) -> Vec<(&'static str, &'static str, i32)> {
    let part = |(part, weight)| match part {
        Part::Avatar => ("avatar-file", t.add_avatar, weight),
        Part::Bio => ("bio", t.add_bio, weight),
        Part::Words => ("words", t.add_words, weight),
    };
    missing(profile).into_iter().map(part).collect()
}

/// Changes the profile, or shows the page again with the error.
pub(crate) async fn save(
    State(console): State<Console>,
    member: Member,
    CsrfForm(typed): CsrfForm<About>,
) -> Result<Response, ApiError> {
    let About { name, bio, words, avatar, zone, voice, is_public, is_listed } = typed.clone();
    let change = Change {
        name: Some(name),
        bio: Some(bio),
        self_introduction: Some(words),
        avatar,
        time_zone: Some(zone),
        voice_id: voice,
        is_public: Some(is_public),
        is_listed: Some(is_listed),
        ..Change::default()
    };
    match console.memory.update_profile(member.account.id, change).await {
        Ok(()) => Ok(Redirect::to("/profile?done=saved").into_response()),
        Err(error) if error.code().status().is_client_error() => {
            render(&console, member, PageParams::default(), Some(Refused::About(error, typed))).await
        }
        Err(error) => Err(error),
    }
}

/// Stores the time zone of the browser if the person has none.
async fn set_zone(
    State(console): State<Console>,
    member: Member,
    CsrfForm(BrowserZone(zone)): CsrfForm<BrowserZone>,
) -> Result<StatusCode, ApiError> {
    let account = member.account.id;
    if console.memory.zone(account).await?.is_none() && Zone::named(&zone).is_some() {
        let change = Change { time_zone: Some(zone), ..Change::default() };
        console.memory.update_profile(account, change).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
