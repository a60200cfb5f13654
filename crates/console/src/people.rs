//! The public page of a person, which everybody may see once they have published it.

pub(crate) mod share;
pub(crate) mod talk;
pub(crate) mod texts;
pub(crate) mod widget;

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    response::Response,
    routing::{get, post},
};
use http::StatusCode;
use web::{ApiError, Code};

use crate::{
    Console, assets,
    icons::{Face, own_picture},
    page::Page,
    paths,
    texts::fill,
    when::When,
};
use texts::Texts;

pub(crate) fn router() -> Router<Console> {
    Router::new()
        .route(paths::PERSON, get(show))
        .route(talk::PATH, get(talk::show).post(talk::submit))
        .route(talk::AVATAR, get(talk::show_avatar).post(talk::submit_avatar))
        .route(talk::LISTEN, post(talk::listen))
        .route(share::PERSON_QR, get(share::person))
        .route(share::AVATAR_QR, get(share::avatar))
        .route(widget::SCRIPT, get(widget::script))
        .route(widget::FRAME, get(widget::show).post(widget::submit))
}

/// Returns the address of the picture in previews of a link: one on this server, or its own.
pub(super) fn preview(console: &Console, picture: Option<&str>) -> String {
    match picture {
        Some(path) => format!("{}{path}", console.public_url),
        None => format!("{}{}", console.public_url, assets::href("icon-512.png")),
    }
}

/// Maximum number of interests that are shown.
const SHOWN: usize = 30;

/// The public side of an interest.
struct Interest {
    name: String,
    about: String,
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    name: String,
    bio: String,
    /// The description in previews of the link.
    about: String,
    face: Face,
    cover: Option<String>,
    joined: When,
    interests: Vec<Interest>,
    /// True if the reader is the person.
    is_own: bool,
    /// The page on which the reader talks to the person's double, unless it receives nobody.
    talk: Option<String>,
    /// The address of the page, and its QR code.
    link: String,
    qr: String,
    /// The address of the picture in previews of the link.
    image: String,
    /// True if search engines may list the page.
    is_listed: bool,
}

/// Shows the page. One that is not published looks as if there were no such person.
pub(crate) async fn show(
    State(console): State<Console>,
    page: Page,
    Path(route): Path<String>,
) -> Result<Response, ApiError> {
    let (account, profile) = console.memory.public_profile(&route).await?.ok_or(Code::NotFound)?;
    let t = Texts::of(page.language);
    let interests = console.memory.shades(account.id, true).await?;
    let avatar = console.avatars.default_avatar(account.id).await?;
    let either = |first: String, second: String| if first.trim().is_empty() { second } else { first };
    let interests = interests.into_iter().take(SHOWN).map(|shade| Interest {
        name: shade.body.shade_name_public,
        about: either(shade.body.shade_description_public, shade.body.shade_content_public),
    });
    let link = format!("{}{}", console.public_url, paths::person(&account.route));
    let template = PersonPage {
        t,
        face: Face::new(&account.name, &profile.avatar, &console.public_url).huge(),
        cover: own_picture(&profile.cover, &console.public_url).map(str::to_owned),
        joined: When(account.created_at),
        interests: interests.filter(|interest| !interest.name.trim().is_empty()).collect(),
        image: preview(&console, own_picture(&profile.avatar, &console.public_url)),
        qr: share::qr(&link, t.qr),
        link,
        is_listed: profile.is_listed,
        talk: avatar.is_open().then(|| format!("{}/talk", paths::person(&account.route))),
        is_own: page.who.as_ref().is_some_and(|who| who.id == account.id),
        about: if profile.bio.is_empty() { fill(t.about, &account.name) } else { profile.bio.clone() },
        name: account.name,
        bio: profile.bio,
        page: &page,
    };
    page.answer(StatusCode::OK, &template)
}
