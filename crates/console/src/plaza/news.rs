//! `/plaza/replies`: news about the reader's posts: replies, likes, decisions, and for administrators
//! open reports.

use askama::Template;
use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode, header};
use plaza::{
    CommentId, LogEntryId,
    comment::rules as comment,
    news::{Decision, Likes},
    post::{Author, People},
    replies::Reply,
};
use store::{Ids, Timestamp};
use web::ApiError;

use super::{CertifiedMember, texts::Texts};
use crate::{
    Console, cookies,
    icons::Face,
    page::{Member, Page},
    texts::{fill, fill_both},
    when::When,
};

/// The cookie with the id up to which everything was seen.
const SEEN: &str = "doppel_replies";
/// Maximum number of entries of each kind on the page, and of new ones that are counted.
const MOST: i64 = 50;

/// An entry of the page.
struct NewsView {
    at: Timestamp,
    href: String,
    /// The face of who did it; `None` for a decision of an administrator.
    face: Option<Face>,
    icon: &'static str,
    title: String,
    is_double: bool,
    content: String,
    when: When,
    is_new: bool,
}

#[derive(Template)]
#[template(path = "plaza/replies.html")]
struct NewsPage<'a> {
    page: &'a Page,
    t: &'a Texts,
    /// The number of open reports; empty for none, and for readers who are no administrators.
    reports: String,
    news: Vec<NewsView>,
}

/// Entries that a person has not seen, or all recent ones.
struct Found {
    replies: (Vec<Reply>, People),
    likes: (Vec<Likes>, People),
    decisions: Vec<Decision>,
    /// The number of open reports, and the newest one.
    reports: (i64, i64),
}

impl Found {
    async fn after(console: &Console, member: &Member, seen: i64) -> Result<Self, ApiError> {
        let (plaza, account) = (&console.plaza, member.account.id);
        let (replies, likes, decisions) = futures::try_join!(
            plaza.replies(account, CommentId(seen), MOST),
            plaza.likes_of(account, Ids::time(seen), MOST),
            plaza.decisions_about(account, LogEntryId(seen), MOST),
        )?;
        let reports = match member.account.is_admin {
            true => plaza.open_reports().await.map(|(number, newest)| (number, newest.0))?,
            false => (0, 0),
        };
        Ok(Self { replies, likes, decisions, reports })
    }
}

/// Returns the id up to which this browser has shown everything.
fn seen(headers: &HeaderMap) -> i64 {
    cookies::value(headers, SEEN).and_then(|value| value.parse().ok()).unwrap_or(0)
}

/// Returns the number of entries that this browser has not shown yet; empty for none.
pub(super) async fn unseen(
    console: &Console,
    member: &Member,
    headers: &HeaderMap,
) -> Result<String, ApiError> {
    let seen = seen(headers);
    let found = Found::after(console, member, seen).await?;
    let has_reports = usize::from(found.reports.1 > seen);
    let count = found.replies.0.len() + found.likes.0.len() + found.decisions.len() + has_reports;
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    Ok(match count {
        0 => String::new(),
        count if count >= most => format!("{most}+"),
        count => count.to_string(),
    })
}

fn shortened(content: &str) -> String {
    content.chars().take(200).collect()
}

fn reply(reply: &Reply, people: &People, seen: i64, public_url: &str) -> NewsView {
    let author = Author::of(reply.author, people);
    let face = Face::new(author.name(), author.avatar(), public_url);
    NewsView {
        at: reply.created_at,
        href: format!("/plaza/posts/{}#{}", reply.post, comment::name(reply.id)),
        title: author.name().to_owned(),
        face: Some(if reply.is_human() { face } else { face.twin() }),
        icon: "comment",
        is_double: !reply.is_human(),
        content: shortened(&reply.content),
        when: When(reply.created_at),
        is_new: reply.id.0 > seen,
    }
}

fn likes(likes: &Likes, people: &People, seen: i64, public_url: &str, t: &Texts) -> NewsView {
    let author = Author::of(likes.account, people);
    let name = author.name();
    let place = likes.comment.map(|id| format!("#{}", comment::name(id))).unwrap_or_default();
    NewsView {
        at: likes.at,
        href: format!("/plaza/posts/{}{place}", likes.post),
        face: Some(Face::new(name, author.avatar(), public_url)),
        icon: "hearton",
        title: match likes.number {
            ..=1 => fill(t.liked_by, name),
            number => fill_both(t.liked_by_more, name, number - 1),
        },
        is_double: false,
        content: shortened(&likes.content),
        when: When(likes.at),
        is_new: likes.at.0 > Ids::time(seen).0,
    }
}

fn decision(decision: Decision, seen: i64, t: &Texts) -> NewsView {
    NewsView {
        at: decision.at,
        href: String::new(),
        face: None,
        icon: "shield",
        title: match decision.action.as_str() {
            "post.delete" => t.post_removed,
            "comment.delete" => t.comment_removed,
            "resident.unban" => t.unbanned,
            _ => t.banned,
        }
        .to_owned(),
        is_double: false,
        content: shortened(&decision.reason),
        when: When(decision.at),
        is_new: decision.id.0 > seen,
    }
}

/// Shows the newest entries, and marks them as seen.
pub(crate) async fn show(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let before = seen(&headers);
    let found = Found::after(&console, &member, 0).await?;
    let page = member.page.at("plaza", "/plaza/replies");
    let t = Texts::of(page.language);
    let url = &console.public_url;
    let (replies, answerers) = &found.replies;
    let (all_likes, likers) = &found.likes;
    let newest = [
        replies.first().map_or(0, |reply| reply.id.0),
        found.decisions.first().map_or(0, |decision| decision.id.0),
        found.reports.1,
        Ids::first(console.clock.now()),
    ];
    let mut news: Vec<NewsView> = replies.iter().map(|one| reply(one, answerers, before, url)).collect();
    news.extend(all_likes.iter().map(|one| likes(one, likers, before, url, t)));
    news.extend(found.decisions.into_iter().map(|one| decision(one, before, t)));
    news.sort_by_key(|entry| std::cmp::Reverse(entry.at.0));
    let reports = if found.reports.0 > 0 { fill(t.open_reports, found.reports.0) } else { String::new() };
    let mut response = page.answer(StatusCode::OK, &NewsPage { page: &page, t, reports, news })?;
    let newest = newest.into_iter().max().unwrap_or(0);
    if let Some(cookie) = cookies::keep(&console, SEEN, &newest.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
