//! The public page of a person, which everybody may see once they have published it.

pub(crate) mod talk;
pub(crate) mod texts;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use web::{ApiError, Code};

use crate::{
    Console,
    icons::{Face, own_picture},
    page::Page,
    paths,
    when::When,
};
use texts::Texts;

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
    face: Face,
    cover: Option<String>,
    joined: When,
    interests: Vec<Interest>,
    /// True if the reader is the person.
    is_own: bool,
    /// The page on which the reader talks to the person's double, unless it receives nobody.
    talk: Option<String>,
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
    let template = PersonPage {
        t,
        face: Face::new(&account.name, &profile.avatar, &console.public_url).huge(),
        cover: own_picture(&profile.cover, &console.public_url).map(str::to_owned),
        joined: When(account.created_at),
        interests: interests.filter(|interest| !interest.name.trim().is_empty()).collect(),
        talk: talk::is_open(&avatar).then(|| format!("{}/talk", paths::person(&account.route))),
        is_own: page.who.as_ref().is_some_and(|who| who.id == account.id),
        name: account.name,
        bio: profile.bio,
        page: &page,
    };
    page.answer(StatusCode::OK, &template)
}
