//! The posts of one person.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use web::{ApiError, Code, Query};

use super::{
    CertifiedMember,
    square::{PageParams, around, views},
    texts::Texts,
    view::{PostView, encode},
};
use crate::{Console, icons::Face, page::Page, paths};

#[derive(Template)]
#[template(path = "plaza/author.html")]
struct AuthorPage<'a> {
    page: &'a Page,
    t: &'a Texts,
    name: String,
    bio: String,
    face: Face,
    /// The address of their public page, if they have one.
    public: Option<String>,
    posts: Vec<PostView>,
    newer: Option<String>,
    older: Option<String>,
    here: String,
}

/// Shows the posts of a person.
pub(crate) async fn author(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    Path(route): Path<String>,
    Query(query): Query<PageParams>,
) -> Result<Response, ApiError> {
    let cursor = query.cursor().check()?;
    let account = console.identity.account_by_route(&route).await?.ok_or(Code::NotFound)?;
    let (account, profile) = console.memory.profile(account.id).await?;
    let feed = console.plaza.posts_of(member.account.id, account.id, cursor).await?;
    let is_blocked = console.plaza.blocked(member.account.id).await?.contains(&account.id);
    // A person who never entered the Plaza has no page on it.
    if is_blocked || console.plaza.certificate(account.id).await?.is_none() {
        return Err(Code::NotFound.into());
    }
    let here = format!("/plaza/people/{}", encode(&account.route));
    let page = member.page.at("plaza", here.clone());
    let t = Texts::of(page.language);
    let (newer, older) = around(&here, cursor.number(), &feed);
    let template = AuthorPage {
        page: &page,
        t,
        face: Face::new(&account.name, &profile.avatar, &console.public_url).huge(),
        public: profile.is_public().then(|| paths::person(&account.route)),
        posts: views(feed, &member.account, t, &console.public_url),
        name: account.name.clone(),
        bio: if profile.is_public() { profile.bio.clone() } else { String::new() },
        newer,
        older,
        here,
    };
    page.answer(StatusCode::OK, &template)
}
