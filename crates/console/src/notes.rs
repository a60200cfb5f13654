//! The pages about notes: a list beside the note that is read, and an editor that saves by itself.

pub(crate) mod edit;
pub(crate) mod text;
pub(crate) mod texts;

use agents::Entry as AgentEntry;
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    response::Response,
    routing::{get, post},
};
use http::StatusCode;
use memory::{
    NoteId,
    browse::{Browsed, Filter, ItemKind, Sort},
    note::{
        self, Note,
        page::{PageStatus, Problem},
    },
    trash::Entry,
};
use store::AccountId;
use web::{ApiError, Code, Query, paging::Page as Rows};

use self::texts::Texts;
use crate::{
    Console,
    form::{CsrfForm, Nothing},
    markdown::{self, Markdown},
    memories::{
        act,
        entry::{ReadBy, missing, readers},
        mark::{Marked, Words},
    },
    page::{Member, Page},
    paths::{MEMORIES, NOTES as PATH},
    texts::fill,
    when::When,
};

const PER_PAGE: i64 = 30;
/// Number of notes among which those with a tag are looked for.
const TAGGED: i64 = 100;
/// Most tags that the list offers.
const MAX_TAGS: usize = 8;
/// Most earlier versions that are shown.
const VERSIONS: i64 = 30;
/// Most characters of a search or a tag.
const MAX_SEARCH: usize = note::rules::MAX_QUERY;
/// Most characters of a line of the list.
const SHOWN: usize = 140;

/// Returns the routes.
pub(crate) fn router() -> Router<Console> {
    Router::new()
        .route(PATH, get(show).post(edit::add))
        .route("/notes/new", get(edit::show_new))
        .route("/notes/draft", post(edit::add_draft))
        .route("/notes/preview", post(edit::preview))
        .route("/notes/{id}", get(read).post(edit::save))
        .route("/notes/{id}/edit", get(edit::show))
        .route("/notes/{id}/draft", post(edit::save_draft))
        .route("/notes/{id}/delete", post(delete))
}

/// The query string of the list, which stays while notes are read.
#[derive(serde::Deserialize, Default)]
pub(crate) struct PageParams {
    q: Option<String>,
    tag: Option<String>,
    after: Option<String>,
    done: Option<String>,
}

impl PageParams {
    fn text(given: Option<&String>) -> String {
        let given = given.map(String::as_str).unwrap_or_default().trim();
        given.chars().filter(|c| !c.is_control()).take(MAX_SEARCH).collect()
    }
}

/// A note in the list.
struct Line {
    link: String,
    title: Marked,
    text: Marked,
    tags: Vec<String>,
    has_problem: bool,
    time: When,
    is_current: bool,
}

/// The list beside the note that is read.
struct List {
    q: String,
    tag: String,
    lines: Vec<Line>,
    /// Tags of these notes, each with its address.
    tags: Vec<(String, String)>,
    next: Option<String>,
}

struct Earlier {
    title: String,
    content: String,
    written: When,
}

struct Linked {
    url: String,
    host: String,
    title: String,
    text: String,
    /// The state, if something is wrong or still to come.
    state: &'static str,
    why: &'static str,
    has_problem: bool,
}

/// The note that is read.
struct Reading {
    id: NoteId,
    title: String,
    html: Markdown,
    tags: Vec<(String, String)>,
    words: String,
    updated: When,
    origin: Option<String>,
    links: Vec<Linked>,
    history: Vec<Earlier>,
    readers: Vec<ReadBy>,
}

#[derive(Template)]
#[template(path = "notes.html")]
struct NotesPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    list: List,
    reading: Option<Reading>,
    no_hit: String,
    notice: Option<&'static str>,
}

/// Shows the list.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    render(&console, member, params, None).await
}

/// Shows a note beside the list.
pub(crate) async fn read(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let id = parse(&id)?;
    render(&console, member, params, Some(id)).await
}

/// Parses the id in a path.
///
/// # Errors
/// [`Code::NotFound`] if it is no number.
fn parse(id: &str) -> Result<NoteId, ApiError> {
    id.parse().map_err(|_no_number| Code::NotFound.into())
}

async fn render(
    console: &Console,
    member: Member,
    params: PageParams,
    open: Option<NoteId>,
) -> Result<Response, ApiError> {
    let here = open.map_or_else(|| PATH.to_owned(), |id| format!("{PATH}/{id}"));
    let page = member.page.at("notes", here);
    let (t, account) = (Texts::of(page.language), member.account.id);
    let list = list(console, account, &params, open, t).await?;
    let reading = match open {
        Some(id) => Some(reading(console, &member.account, id, (t, page.t)).await?),
        None => None,
    };
    let notice = match params.done.as_deref() {
        Some("saved") => Some(t.saved),
        Some("added") => Some(t.added),
        _ => None,
    };
    let no_hit = fill(t.no_hit, if list.q.is_empty() { &list.tag } else { &list.q });
    let template = NotesPage { page: &page, t, list, reading, no_hit, notice };
    page.answer(StatusCode::OK, &template)
}

/// A note that the list has.
struct Found {
    id: i64,
    title: String,
    content: String,
    has_problem: bool,
    time: When,
}

/// Returns a page of the notes that a search finds or that have a tag, and the cursor of the next page.
async fn find(
    console: &Console,
    account: AccountId,
    (q, tag, after): (&str, &str, Option<&str>),
) -> Result<(Vec<Found>, Option<String>), ApiError> {
    if tag.is_empty() {
        let filter = Filter { kind: Some(ItemKind::Note), ..Filter::default() };
        let Browsed { items, next, .. } = if q.is_empty() {
            console.memory.browse(account, filter, Sort::Updated, after, PER_PAGE).await?
        } else {
            console.memory.browse_search(account, q, filter, None, after, PER_PAGE).await?
        };
        let found = |item: memory::browse::Item| Found {
            id: item.id,
            has_problem: item.status == Some(note::Status::Failed),
            time: When(item.updated),
            title: item.title,
            content: item.text,
        };
        return Ok((items.into_iter().map(found).collect(), next));
    }
    let rows = Rows { limit: TAGGED, offset: 0 };
    let filter = note::Filter { query: tag.to_owned(), kind: None };
    let notes = console.memory.list_notes(account, filter, rows).await?.list;
    let found = |note: Note| Found {
        id: note.id.0,
        has_problem: note.status == note::Status::Failed,
        time: When(note.updated_at),
        title: note.title,
        content: note.content,
    };
    let tagged =
        notes.into_iter().filter(|note| text::tags(&note.content).iter().any(|of_note| of_note == tag));
    Ok((tagged.map(found).collect(), None))
}

async fn list(
    console: &Console,
    account: AccountId,
    params: &PageParams,
    open: Option<NoteId>,
    t: &'static Texts,
) -> Result<List, ApiError> {
    let (q, tag) = (PageParams::text(params.q.as_ref()), PageParams::text(params.tag.as_ref()));
    let words = Words::of(&q);
    let address = |path: &str, after: &str| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("q", q.as_str()), ("tag", &tag), ("after", after)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    };
    let (found, next) = find(console, account, (&q, &tag, params.after.as_deref())).await?;
    let (mut lines, mut tags) = (Vec::new(), Vec::<String>::new());
    // A hit may be anywhere in a text.
    let read = if q.is_empty() { SHOWN } else { note::rules::MAX_CONTENT };
    for Found { id, title, content, has_problem, time } in found {
        let of_note = text::tags(&content);
        lines.push(Line {
            link: address(&format!("{PATH}/{id}"), ""),
            title: words.mark(if title.is_empty() { t.untitled } else { &title }, SHOWN),
            text: words.mark(&text::unmarked_text(&content, read), SHOWN),
            tags: of_note.iter().take(2).cloned().collect(),
            has_problem,
            time,
            is_current: open == Some(NoteId(id)),
        });
        for tag in of_note {
            if tags.len() < MAX_TAGS && !tags.contains(&tag) {
                tags.push(tag);
            }
        }
    }
    let next = next.map(|after| address(PATH, &after));
    let tags = tags.into_iter().map(with_link).collect();
    Ok(List { q, tag, lines, tags, next })
}

/// Adds the address of the notes with a tag.
fn with_link(tag: String) -> (String, String) {
    let value: String = form_urlencoded::byte_serialize(tag.as_bytes()).collect();
    (tag, format!("{PATH}?tag={value}"))
}

async fn reading(
    console: &Console,
    account: &identity::Account,
    id: NoteId,
    (t, frame): (&'static Texts, &'static crate::texts::Texts),
) -> Result<Reading, ApiError> {
    let note = console.memory.note(account.id, id).await.map_err(missing)?;
    let rows = Rows { limit: VERSIONS, offset: 0 };
    let versions = console.memory.note_versions(account.id, id, rows).await.map_err(missing)?;
    let mut pages = console.memory.note_pages(std::slice::from_ref(&note)).await?;
    let links = pages.remove(&id).unwrap_or_default();
    let earlier = |version: note::Version| Earlier {
        title: version.title,
        content: version.content,
        written: When(version.written_time),
    };
    let Note { title, content, updated_at, .. } = note;
    let name = console.memory.note_author(account.id, id).await?;
    Ok(Reading {
        id,
        title: if title.is_empty() { t.untitled.to_owned() } else { title },
        html: markdown::render(&content),
        tags: text::tags(&content).into_iter().map(with_link).collect(),
        words: fill(t.words, text::words(&content)),
        updated: When(updated_at),
        origin: name.filter(|name| !name.is_empty()).map(|name| fill(t.told_app, name)),
        links: links.into_iter().map(|link| linked(link, t, frame)).collect(),
        history: versions.list.into_iter().map(earlier).collect(),
        readers: readers(console, account, AgentEntry::Note(id)).await?,
    })
}

fn linked(page: note::page::Page, t: &'static Texts, frame: &'static crate::texts::Texts) -> Linked {
    let why = match page.problem {
        None => "",
        Some(Problem::Refused) => frame.link_refused,
        Some(Problem::Unreachable | Problem::Unavailable) => frame.link_unreachable,
        Some(Problem::Timeout) => frame.link_timeout,
        Some(Problem::TooLarge) => frame.link_too_large,
        Some(Problem::Type) => frame.link_type,
        Some(Problem::Missing) => frame.link_missing,
        Some(Problem::Empty) => frame.link_empty,
    };
    let host =
        page.url.split("//").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    Linked {
        host: host.to_owned(),
        title: if page.title.is_empty() { page.url.clone() } else { page.title },
        text: text::excerpt(&page.content),
        url: page.url,
        state: match page.status {
            PageStatus::Ready => "",
            PageStatus::Pending => t.link_pending,
            PageStatus::Failed => t.link_failed,
        },
        has_problem: page.status == PageStatus::Failed,
        why,
    }
}

/// Moves a note into the trash.
pub(crate) async fn delete(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    let entry = Entry::Note(parse(&id)?);
    let (batch, count) = console.memory.delete_to_trash(member.account.id, vec![entry]).await?;
    if count == 0 {
        return Err(Code::NotFound.into());
    }
    let undo = batch.to_string();
    Ok(act::back_to(MEMORIES, &[("done", "trashed"), ("n", "1"), ("undo", &undo)], ""))
}
