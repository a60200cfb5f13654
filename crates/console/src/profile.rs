//! The profile page: name, bio, self-introduction, picture and interests.

mod form;
pub(crate) mod interest;
pub(crate) mod texts;

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use http::StatusCode;
use memory::{ShadeId, profile::Change};
use store::Zone;
use web::{ApiError, Query};

use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
};
use form::Typed;
use texts::Texts;

/// The path of the page.
pub(crate) const PATH: &str = "/profile";

pub(crate) fn router() -> Router<Console> {
    Router::new()
        .route(PATH, get(show).post(save))
        .route("/profile/zone", post(set_zone))
        .route("/profile/interests", post(interest::add))
        .route("/profile/interests/{id}", get(interest::show).post(interest::change))
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
    avatar: String,
    zone: String,
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
            avatar: plain("avatar"),
            zone: plain("zone").trim().to_owned(),
        }
    }
}

struct Line {
    id: ShadeId,
    name: String,
    about: String,
    is_public: bool,
}

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage<'a> {
    page: &'a Page,
    t: &'static Texts,
    about: About,
    route: String,
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
    let lines = shades.into_iter().map(|shade| Line {
        id: shade.id,
        name: shade.body.shade_name,
        about: shade.body.shade_description,
        is_public: shade.has_public_content,
    });
    let mut template = ProfilePage {
        page: &page,
        t,
        about: About {
            name: who.name,
            bio: profile.bio,
            words: profile.self_introduction,
            avatar: profile.avatar,
            zone: profile.time_zone,
        },
        route: who.route,
        interests: lines.collect(),
        typed: Typed::default(),
        notice: match params.done.as_deref() {
            Some("saved") => Some(t.saved),
            Some("added") => Some(t.added),
            Some("deleted") => Some(t.deleted),
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
        Some(Refused::Interest(error, typed)) => {
            template.interest_alert = Some(error.message(page.language));
            template.typed = typed;
            error
        }
    };
    page.refuse(&error, &template)
}

/// Changes the profile, or shows the page again with the error.
pub(crate) async fn save(
    State(console): State<Console>,
    member: Member,
    CsrfForm(typed): CsrfForm<About>,
) -> Result<Response, ApiError> {
    let About { name, bio, words, avatar, zone } = typed.clone();
    let change = Change {
        name: Some(name),
        bio: Some(bio),
        self_introduction: Some(words),
        avatar: Some(avatar),
        time_zone: Some(zone),
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
