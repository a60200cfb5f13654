//! The pages of the Plaza: feed, posts, circles, topics, certificate and invitation codes, and moderation.

mod admin;
mod circles;
mod me;
mod news;
mod people;
pub(crate) mod publish;
mod square;
mod talk;
pub(crate) mod texts;
mod view;

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequestParts},
    routing::{get, post},
};
use http::request::Parts;
use web::{ApiError, Code};

use crate::{
    Console,
    page::{Member, Page},
};
use texts::Texts;

pub(crate) fn router() -> Router<Console> {
    Router::new()
        .route("/plaza", get(square::feed))
        .route("/plaza/new", get(square::write).post(square::publish))
        .route(publish::PATH, post(publish::submit).layer(DefaultBodyLimit::max(publish::MAX_UPLOAD)))
        .route("/plaza/people/{route}", get(people::author))
        .route("/plaza/replies", get(news::show))
        .route("/plaza/redeem", post(me::redeem))
        .route("/plaza/me", get(me::show))
        .route("/plaza/double", post(me::set_double))
        .route("/plaza/unblock", post(me::unblock))
        .route("/plaza/posts/{name}", get(talk::show).post(talk::act_on_post))
        .route("/plaza/posts/{name}/edit", get(talk::edit_page).post(talk::edit))
        .route("/plaza/posts/{name}/comment", post(talk::comment))
        .route("/plaza/posts/{name}/comments/{id}", post(talk::act_on_comment))
        .route("/plaza/topics/{id}", get(square::topic))
        .route("/plaza/circles", get(circles::show).post(circles::create))
        .route("/plaza/circles/{route}", post(circles::change))
        .route("/plaza/admin", get(admin::show))
        .route("/plaza/admin/codes", post(admin::issue))
        .route("/plaza/admin/codes/{id}", post(admin::change_code))
        .route("/plaza/admin/reports/{id}", post(admin::settle))
        .route("/plaza/admin/bans", post(admin::ban))
}

/// Extracts the page of a person with a certificate. Others get the error of `Plaza::enter`.
pub(crate) struct CertifiedMember(Member);

impl FromRequestParts<Console> for CertifiedMember {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, ApiError> {
        let member = Member::from_request_parts(parts, console).await?;
        console.plaza.enter(member.account.id).await?;
        Ok(Self(member))
    }
}

/// Extracts the page of an administrator. Others get a 404.
pub(crate) struct Admin(Member);

impl FromRequestParts<Console> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, ApiError> {
        let member = Member::from_request_parts(parts, console).await?;
        if member.account.is_admin { Ok(Self(member)) } else { Err(Code::NotFound.into()) }
    }
}

/// Returns the message about an action that succeeded.
fn notice(done: Option<&str>, t: &'static Texts) -> Option<&'static str> {
    match done? {
        "reported" => Some(t.done_reported),
        "blocked" => Some(t.done_blocked),
        "saved" => Some(t.done_saved),
        _ => None,
    }
}

/// Returns the message about an error of a form.
fn problem(error: &ApiError, page: &Page) -> String {
    match error.code() {
        Code::Unprocessable | Code::InvalidParam => Texts::of(page.language).check.to_owned(),
        _ => error.message(page.language),
    }
}
