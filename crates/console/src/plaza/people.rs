//! The posts of one person, and the replies to the reader.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::{HeaderMap, StatusCode, header};
use plaza::{CommentId, comment::rules as comment, post::Author};
use web::{ApiError, Code, Query};

use super::{
    CertifiedMember,
    square::{PageParams, around, views},
    texts::Texts,
    view::{PostView, encode},
};
use crate::{
    Console, cookies,
    icons::Face,
    page::{Member, Page},
    paths,
    when::When,
};

/// The cookie with the newest reply that was seen.
const SEEN: &str = "doppel_replies";
/// Maximum number of replies on the page, and of new ones that are counted.
const MOST: i64 = 50;

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

/// A reply, as the page shows it.
struct ReplyView {
    href: String,
    author: String,
    face: Face,
    is_double: bool,
    content: String,
    when: When,
    is_new: bool,
}

#[derive(Template)]
#[template(path = "plaza/replies.html")]
struct RepliesPage<'a> {
    page: &'a Page,
    t: &'a Texts,
    replies: Vec<ReplyView>,
}

/// Returns the newest reply that this browser has shown.
fn seen(headers: &HeaderMap) -> CommentId {
    CommentId(cookies::value(headers, SEEN).and_then(|value| value.parse().ok()).unwrap_or(0))
}

/// Returns the number of replies that this browser has not shown yet; empty for none.
pub(super) async fn unseen(
    console: &Console,
    member: &Member,
    headers: &HeaderMap,
) -> Result<String, ApiError> {
    let (replies, _) = console.plaza.replies(member.account.id, seen(headers), MOST).await?;
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    Ok(match replies.len() {
        0 => String::new(),
        count if count >= most => format!("{most}+"),
        count => count.to_string(),
    })
}

/// Shows the newest replies to the reader, and marks them as seen.
pub(crate) async fn replies(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (replies, people) = console.plaza.replies(member.account.id, CommentId(0), MOST).await?;
    let before = seen(&headers);
    let newest = replies.first().map(|reply| reply.id);
    let page = member.page.at("plaza", "/plaza/replies");
    let view = |reply: plaza::replies::Reply| {
        let author = Author::of(reply.author, &people);
        let face = Face::new(author.name(), author.avatar(), &console.public_url);
        ReplyView {
            href: format!("/plaza/posts/{}#{}", reply.post, comment::name(reply.id)),
            author: author.name().to_owned(),
            face: if reply.is_human() { face } else { face.twin() },
            is_double: !reply.is_human(),
            is_new: reply.id > before,
            when: When(reply.created_at),
            content: reply.content.chars().take(200).collect(),
        }
    };
    let t = Texts::of(page.language);
    let template = RepliesPage { page: &page, t, replies: replies.into_iter().map(view).collect() };
    let mut response = page.answer(StatusCode::OK, &template)?;
    if let Some(cookie) = newest.and_then(|id| cookies::keep(&console, SEEN, &id.to_string())) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
