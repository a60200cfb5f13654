//! The pages of avatars: the list, a new one, and all that an owner decides about one.

pub(crate) mod act;
pub(crate) mod edit;
mod form;
pub(crate) mod skills;
pub(crate) mod texts;

use askama::Template;
use avatars::{AvatarId, avatar::Avatar};
use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use http::StatusCode;
use web::{ApiError, Code, extract::id_in, paging::Page as Numbers};

use crate::{
    Console,
    icons::own_picture,
    page::{Member, Page},
    paths,
    texts::{fill, grouped},
};
use texts::Texts;

/// The path of the list.
pub(crate) const PATH: &str = "/avatars";
/// Most avatars in the list.
const SHOWN: i64 = 100;

pub(crate) fn router() -> Router<Console> {
    Router::new()
        .route(PATH, get(show).post(edit::create))
        .route("/avatars/new", get(edit::show_new))
        .route("/avatars/skills", get(skills::show).post(skills::create))
        .route("/avatars/{id}", get(edit::show).post(edit::save))
        .route("/avatars/{id}/act", post(act::submit))
        .route("/avatars/{id}/keys", post(act::create_key))
}

/// An avatar in the list.
struct Line {
    id: AvatarId,
    title: String,
    about: String,
    cover: Option<String>,
    visits: String,
    views: String,
    is_paused: bool,
    is_primary: bool,
    is_default: bool,
    is_open_to_all: bool,
}

impl Line {
    fn new(avatar: Avatar, t: &'static Texts, public_url: &str) -> Self {
        Self {
            id: avatar.id,
            is_paused: !avatar.is_open(),
            is_open_to_all: avatar.is_open_to_all(),
            about: avatar.welcome_note,
            cover: avatar
                .cover_url
                .as_deref()
                .and_then(|url| own_picture(url, public_url))
                .map(str::to_owned),
            visits: fill(t.visits, grouped(avatar.usage_count)),
            views: fill(t.views, grouped(avatar.view_count)),
            is_primary: avatar.is_primary,
            is_default: avatar.is_default,
            title: avatar.title,
        }
    }
}

#[derive(Template)]
#[template(path = "avatars.html")]
struct ListPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    lines: Vec<Line>,
    may_add: bool,
}

/// Shows the list.
async fn show(State(console): State<Console>, member: Member) -> Result<Response, ApiError> {
    let page = member.page.at("visitors", PATH);
    let t = Texts::of(page.language);
    let numbers = Numbers { limit: SHOWN, offset: 0 };
    let all = console.avatars.avatars(member.account.id, numbers).await?;
    let line = |avatar| Line::new(avatar, t, &console.public_url);
    let template = ListPage {
        page: &page,
        t,
        may_add: all.total < console.avatars.settings().max_avatars,
        lines: all.list.into_iter().map(line).collect(),
    };
    page.answer(StatusCode::OK, &template)
}

/// Returns the avatar of a person that a path names.
async fn own(console: &Console, member: &Member, id: &str) -> Result<Avatar, ApiError> {
    let id: AvatarId = id_in(id, Code::NotFound)?;
    console.avatars.avatar(member.account.id, id).await.map_err(missing)
}

/// An avatar that is not there has no page.
pub(super) fn missing(error: ApiError) -> ApiError {
    if error.code().status() == StatusCode::NOT_FOUND { Code::NotFound.into() } else { error }
}

/// Returns the path of the page of an avatar.
fn path_of(id: AvatarId) -> String {
    format!("{PATH}/{id}")
}

/// Returns the path on which everybody with the link talks to an avatar.
fn share_path(route: &str, avatar: &Avatar) -> String {
    format!("{}/avatar/{}", paths::person(route), avatar.share_code)
}
