//! The pages about what a person's double knows: one list over key memories, notes and agent memory, with
//! search, filters, changes in place, actions on several entries, and a trash.

pub(crate) mod act;
pub(crate) mod entry;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod mark;
pub(crate) mod never;
pub(crate) mod never_texts;
mod query;
pub(crate) mod replace;
pub(crate) mod review;
pub(crate) mod review_texts;
pub(crate) mod text;
pub(crate) mod texts;
pub(crate) mod trash;

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use http::StatusCode;
use memory::{
    browse::{Browsed, Counts, Item, ItemKind, Origin, Sort},
    key::{self, model::NewMemory},
    meaning::Progress,
    note,
};
use store::Timestamp;
use web::{ApiError, Code, Query};

use self::text::{beginning, plain};
use self::{
    mark::{Marked, Words},
    query::{PageParams, View},
    texts::Texts,
};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    notes::text as note_text,
    page::{Member, Page},
    paths::{MEMORIES as PATH, NOTES},
    texts::fill,
    when::When,
};

const PER_PAGE: i64 = 20;
/// Most characters of an entry that the list shows.
const SHOWN: usize = 300;
/// Most characters of the name of an entry's checkbox.
const NAMED: usize = 40;

/// Returns the routes.
pub(crate) fn router() -> Router<Console> {
    Router::new()
        .route(PATH, get(show).post(add))
        .route("/memories/export", get(export::download))
        .route("/memories/export/markdown", get(export::markdown))
        .route("/memories/actions", post(act::submit))
        .route("/memories/import/start", post(import::start))
        .route("/memories/import/discard", post(import::discard))
        .route("/memories/import/runs/{id}", get(import::runs::show))
        .route("/memories/import/runs/{id}/undo", post(import::runs::undo))
        .merge(
            // The limit is enforced while streaming.
            Router::new()
                .route(import::PATH, get(import::show).post(import::submit))
                .layer(axum::extract::DefaultBodyLimit::disable()),
        )
        .route("/memories/trash", get(trash::show).post(trash::submit))
        .route(never::NEVER, get(never::show).post(never::submit))
        .route(review::REVIEW, get(review::show).post(review::submit))
        .route("/memories/{kind}/{id}", get(entry::show).post(entry::change))
        .route("/memories/{kind}/{id}/delete", post(entry::delete))
        .route("/memories/{kind}/{id}/replace", post(replace::submit))
        .route("/memories/{kind}/{id}/forget-app", post(replace::forget_app))
}

/// An entry in the list.
struct Line {
    /// `key:12`, as forms name it; empty for what cannot be changed here.
    name: String,
    /// Its number in addresses.
    number: i64,
    /// The id of its element.
    anchor: String,
    /// Its beginning, without marks, for labels.
    plain: String,
    title: Marked,
    text: Marked,
    /// The whole text, for the form that changes it.
    content: String,
    /// The page of the entry, if it has one.
    link: Option<String>,
    /// True for a key memory, which can be changed in place.
    is_fact: bool,
    is_note: bool,
    category: String,
    category_link: String,
    is_public: bool,
    /// The icon of the origin, and its text.
    origin: Option<(&'static str, String)>,
    has_problem: bool,
    /// True for a key memory that no longer holds.
    is_over: bool,
    time: When,
}

/// The form that adds a memory.
#[derive(Default)]
pub(crate) struct Typed {
    content: String,
    category: String,
    public: bool,
    back: String,
}

impl From<Fields> for Typed {
    fn from(fields: Fields) -> Self {
        Self {
            content: plain(&fields.text("content")),
            category: fields.text("category"),
            public: fields.text("visibility") == "public",
            back: fields.text("back"),
        }
    }
}

/// A category with its number of memories.
struct Facet {
    name: String,
    link: String,
    count: i64,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "memories.html")]
struct ListPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    view: View,
    here: String,
    lines: Vec<Line>,
    counts: Counts,
    total: i64,
    /// The number of entries in the review inbox.
    waiting: i64,
    trashed: i64,
    facets: Vec<Facet>,
    /// The number of hits of a search.
    found: Option<String>,
    no_hit: String,
    public_count: Option<String>,
    /// The progress of semantic search, while some entries have no vector yet.
    embedding: Option<String>,
    notice: Option<String>,
    /// The number under which deleted entries can be brought back.
    undo: Option<String>,
    alert: Option<String>,
    typed: Typed,
    next: Option<String>,
    is_later: bool,
}

/// Shows the list.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    if params.kind.as_deref() == Some("note")
        && params.done.is_none()
        && params.q.is_none()
        && params.see.is_none()
    {
        return Ok(Redirect::to(NOTES).into_response());
    }
    render(&console, member, params, None).await
}

async fn render(
    console: &Console,
    member: Member,
    params: PageParams,
    refused: Option<(ApiError, Typed)>,
) -> Result<Response, ApiError> {
    let view = View::of(&params);
    let here = view.link(&[("after", params.after.as_deref().unwrap_or_default())]);
    let page = member.page.at("memories", here.clone());
    let (t, account) = (Texts::of(page.language), member.account.id);
    let zone = console.memory.zone(account).await?.unwrap_or_default();
    let (filter, after) = (view.filter(&zone), params.after.as_deref());
    let list = async {
        if view.q.is_empty() {
            let sort = view.sort().unwrap_or_default();
            console.memory.browse(account, filter, sort, after, PER_PAGE).await
        } else {
            console.memory.browse_search(account, &view.q, filter, view.sort(), after, PER_PAGE).await
        }
    };
    let (browsed, counts, waiting, trashed, progress) = futures::try_join!(
        list,
        console.memory.entry_counts(account),
        console.memory.undecided_count(account),
        console.memory.trash_count(account),
        console.memory.embedding_progress(&member.account),
    )?;
    let Browsed { items, next, found } = browsed;
    let words = Words::of(&view.q);
    let now = console.memory.now();
    let lines = items.into_iter().map(|item| line(item, &view, &words, (t, now))).collect();
    let (error, typed) = refused.unzip();
    let notice = act::notice(&params, t);
    let template = ListPage {
        t,
        lines,
        total: counts.memories + counts.notes + counts.events,
        facets: counts.categories.iter().map(|category| facet(category, &view)).collect(),
        public_count: (counts.public > 0).then(|| fill(t.public_count, counts.public)),
        counts,
        waiting,
        trashed,
        found: found.map(|found| fill(t.found, found)),
        no_hit: fill(t.no_hit, &view.q),
        embedding: embedding(progress, &page),
        undo: params.undo.filter(|undo| notice.is_some() && undo.parse::<i64>().is_ok()),
        notice,
        alert: error.as_ref().map(|error| error.message(page.language)),
        typed: typed.unwrap_or_default(),
        next: next.map(|after| view.link(&[("after", after.as_str())])),
        is_later: params.after.is_some_and(|after| !after.is_empty()),
        here,
        view,
        page: &page,
    };
    match error {
        None => page.answer(StatusCode::OK, &template),
        Some(error) => page.refuse(&error, &template),
    }
}

fn facet(category: &memory::browse::Category, view: &View) -> Facet {
    Facet {
        link: view.of_category(&category.name),
        count: category.count,
        is_current: category.name == view.category,
        name: category.name.clone(),
    }
}

fn embedding(progress: Option<Progress>, page: &Page) -> Option<String> {
    let Progress { made, entries } = progress.filter(|progress| progress.made < progress.entries)?;
    Some(fill(page.t.memories_embedding, format_args!("{made} / {entries}")))
}

fn line(item: Item, view: &View, words: &Words, (t, now): (&Texts, Timestamp)) -> Line {
    let (name, link) = match item.kind {
        ItemKind::Memory => (format!("key:{}", item.id), Some(format!("{PATH}/key/{}", item.id))),
        ItemKind::Note => (format!("note:{}", item.id), Some(format!("{}/{}", NOTES, item.id))),
        ItemKind::Event => (String::new(), None),
    };
    let (is_fact, is_note) = (item.kind == ItemKind::Memory, item.kind == ItemKind::Note);
    let text = match (is_note, view.q.is_empty()) {
        (true, true) => note_text::excerpt(&item.text),
        // A hit may be anywhere in it.
        (true, false) => note_text::unmarked_text(&item.text, note::rules::MAX_CONTENT),
        (false, _) => item.text.clone(),
    };
    let shown = if item.title.is_empty() { &text } else { &item.title };
    let time = if view.sort() == Some(Sort::Updated) { item.updated } else { item.created };
    Line {
        number: item.id,
        anchor: format!("entry-{}", item.id),
        plain: beginning(shown, NAMED),
        title: words.mark(&item.title, SHOWN),
        text: words.mark(&text, SHOWN),
        link,
        is_fact,
        is_note,
        category_link: if is_fact { view.of_category(&item.category) } else { String::new() },
        is_public: item.is_public(),
        origin: origin(&item, t),
        has_problem: item.status == Some(note::Status::Failed),
        is_over: item.is_over(now),
        time: When(time),
        name,
        content: if is_fact { item.text } else { String::new() },
        category: item.category,
    }
}

/// Returns the icon and the text of an entry's origin.
fn origin(item: &Item, t: &Texts) -> Option<(&'static str, String)> {
    match item.origin {
        Origin::Person => None,
        Origin::Conversation => Some(("chat", t.told_chat.to_owned())),
        Origin::Import => Some(("upload", t.told_import.to_owned())),
        Origin::App if item.kind == ItemKind::Event => {
            Some(("robot", fill(t.told_agent, beginning(&item.origin_name, NAMED))))
        }
        Origin::App if item.origin_name.is_empty() => Some(("plug", t.told_some_app.to_owned())),
        Origin::App => Some(("plug", fill(t.told_app, beginning(&item.origin_name, NAMED)))),
    }
}

/// Adds a memory, or shows the list again with the error.
pub(crate) async fn add(
    State(console): State<Console>,
    member: Member,
    CsrfForm(typed): CsrfForm<Typed>,
) -> Result<Response, ApiError> {
    let fact = key::rules::check(NewMemory {
        content: Some(typed.content.clone()),
        visibility: Some(i64::from(typed.public)),
        fact_object: Some(typed.category.clone()),
        ..NewMemory::default()
    });
    let added = match fact {
        Ok(fact) => console.memory.add_key_memories(member.account.id, vec![fact]).await,
        Err(error) => Err(error),
    };
    match added {
        Ok(_) => Ok(act::back_to(&typed.back, &[("done", "added")], "")),
        Err(error) if error.code().status().is_client_error() && error.code() != Code::NotFound => {
            render(&console, member, PageParams::default(), Some((error, typed))).await
        }
        Err(error) => Err(error),
    }
}
