//! Search over everything that a person may see: memories, notes, conversations, and posts on the Plaza. The
//! script of the pages shows its hits over any page.

use ::chat::session::Speaker;
use ::plaza::{
    cursor::CursorParams,
    feed::{FeedFilter, Kinds, Sort},
};
use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use store::AccountId;
use web::{
    ApiError, Query,
    paging::{Page as Rows, cursor::Position},
};

use crate::{
    Console,
    icons::Icon,
    page::{Member, Page},
    texts::{Texts, fill},
};

/// The path of the page.
pub(crate) const PATH: &str = "/search";

/// Most characters of a search.
const MAX_QUERY: usize = 200;
/// Most hits of a kind.
const PER_KIND: i64 = 6;
/// Most conversations whose titles are looked at.
const SESSIONS: i64 = 200;
/// Most characters of a hit.
const SHOWN: usize = 120;

/// The query of the page.
#[derive(serde::Deserialize)]
pub(crate) struct PageParams {
    q: Option<String>,
}

struct Hit {
    href: String,
    icon: Icon,
    text: String,
    kind: &'static str,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage<'a> {
    page: &'a Page,
    q: &'a str,
    hits: Vec<Hit>,
    none: String,
}

/// Shows the hits of a search.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let q: String = params.q.unwrap_or_default().trim().chars().take(MAX_QUERY).collect();
    let query: String = form_urlencoded::byte_serialize(q.as_bytes()).collect();
    let page = member.page.at("search", format!("{PATH}?q={query}"));
    let hits = if q.is_empty() { Vec::new() } else { console.hits(member.account.id, &q, page.t).await? };
    let template = SearchPage { page: &page, q: &q, hits, none: fill(page.t.search_none, &q) };
    page.answer(StatusCode::OK, &template)
}

impl Console {
    async fn hits(&self, account: AccountId, q: &str, t: &'static Texts) -> Result<Vec<Hit>, ApiError> {
        let mut hits = self.own_hits(account, q, t).await?;
        hits.extend(self.session_hits(account, q, t).await?);
        hits.extend(self.post_hits(account, q, t).await?);
        Ok(hits)
    }

    async fn own_hits(&self, account: AccountId, q: &str, t: &'static Texts) -> Result<Vec<Hit>, ApiError> {
        let rows = || Rows { limit: PER_KIND, offset: 0 };
        let (memories, now) = (self.memory.key_memories(account, q, rows(), false).await?, self.memory.now());
        let notes = self.memory.search_notes(account, q, rows()).await?;
        let memories = memories.list.into_iter().map(|memory| Hit {
            href: format!("/memories/key/{}", memory.id),
            icon: Icon::new("memory"),
            text: beginning(&memory.fact_content),
            kind: if memory.is_over(now) { t.memories_over } else { t.memories_key },
        });
        let notes = notes.list.into_iter().map(|note| Hit {
            href: format!("/memories/note/{}", note.id),
            icon: Icon::new("note"),
            text: beginning(if note.title.trim().is_empty() { &note.content } else { &note.title }),
            kind: t.memories_note,
        });
        Ok(memories.chain(notes).collect())
    }

    async fn session_hits(
        &self,
        account: AccountId,
        q: &str,
        t: &'static Texts,
    ) -> Result<Vec<Hit>, ApiError> {
        let wanted = q.to_lowercase();
        let sessions = self.chat.sessions(&Speaker::person(account), "", Position::START, SESSIONS).await?;
        let fits = |text: &str| text.to_lowercase().contains(&wanted);
        let found = sessions.into_iter().filter(|found| fits(&found.title) || fits(&found.last_message));
        let hits = found.take(6).map(|found| Hit {
            href: crate::chat::link(&found.id),
            icon: Icon::new("chat"),
            text: beginning(if found.title.trim().is_empty() { &found.last_message } else { &found.title }),
            kind: t.nav_chat_short,
        });
        Ok(hits.collect())
    }

    /// Returns posts, if the person may read the Plaza.
    async fn post_hits(&self, account: AccountId, q: &str, t: &'static Texts) -> Result<Vec<Hit>, ApiError> {
        if self.plaza.certificate(account).await?.is_none() {
            return Ok(Vec::new());
        }
        let filter = FeedFilter {
            sort: Sort::Timeline,
            kinds: Kinds::All,
            keyword: q.to_owned(),
            circle: String::new(),
        };
        let cursor = CursorParams { page_size: Some(PER_KIND), ..CursorParams::default() }.check()?;
        let feed = self.plaza.feed(account, &filter, cursor).await?;
        let hits = feed.posts.into_iter().map(|post| Hit {
            href: format!("/plaza/posts/{}", post.name),
            icon: Icon::new("plaza"),
            text: beginning(&post.content),
            kind: t.nav_plaza,
        });
        Ok(hits.collect())
    }
}

/// Returns the beginning of a text as one line.
fn beginning(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
