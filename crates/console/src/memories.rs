//! The pages about key memories and notes: the list, searching, and adding entries.

pub(crate) mod entry;
pub(crate) mod export;

use std::fmt;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use memory::{
    MemoryId, NoteId,
    key::{self, KeyMemory, model::NewMemory},
    meaning::Progress,
    note::{self, Note, Status, model::NoteRequest},
};
use store::AccountId;
use web::{ApiError, Code, Query, paging::Page as Rows};

use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    texts::{Texts, fill},
    when::When,
};

/// The path of the list.
pub(crate) const PATH: &str = "/memories";

const PER_PAGE: i64 = 20;
/// Deepest page of the list.
const LAST_PAGE: i64 = 500;
/// Most characters of an entry that the list shows.
const SHOWN: usize = 160;

/// The kind of entries that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Key,
    Note,
}

impl Kind {
    fn of(name: &str) -> Self {
        if name == "note" { Self::Note } else { Self::Key }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Note => "note",
        }
    }
}

/// The id of an entry of either kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryId {
    Key(MemoryId),
    Note(NoteId),
}

impl EntryId {
    const fn kind(self) -> Kind {
        match self {
            Self::Key(_) => Kind::Key,
            Self::Note(_) => Kind::Note,
        }
    }

    /// Returns the address of the entry's page.
    fn path(self) -> String {
        format!("{PATH}/{}/{self}", self.kind().name())
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => id.fmt(f),
            Self::Note(id) => id.fmt(f),
        }
    }
}

/// The query of the list.
#[derive(serde::Deserialize, Default)]
pub(crate) struct PageParams {
    kind: Option<String>,
    q: Option<String>,
    page: Option<String>,
    done: Option<String>,
}

/// An entry in the list.
struct Line {
    id: EntryId,
    text: String,
    about: String,
    state_class: &'static str,
    state_text: &'static str,
    updated: When,
}

/// The form that adds an entry.
#[derive(Default)]
pub(crate) struct Typed {
    kind: String,
    title: String,
    content: String,
    object: String,
    urls: String,
    public: bool,
}

impl From<Fields> for Typed {
    fn from(fields: Fields) -> Self {
        Self {
            kind: fields.text("kind"),
            title: fields.text("title"),
            content: plain(&fields.text("content")),
            object: fields.text("object"),
            urls: fields.text("urls"),
            public: fields.text("public") == "1",
        }
    }
}

/// Replaces CRLF, with which browsers end lines in forms, by LF.
fn plain(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[derive(Template)]
#[template(path = "memories.html")]
struct ListPage<'a> {
    page: &'a Page,
    kind: &'static str,
    is_note: bool,
    q: String,
    lines: Vec<Line>,
    count: String,
    /// The progress of semantic search, while some entries have no vector yet.
    embedding: Option<String>,
    notice: Option<&'a str>,
    alert: Option<String>,
    typed: Typed,
    newer: Option<String>,
    older: Option<String>,
    number: String,
}

/// Shows the list.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    render(&console, member, params, None).await
}

async fn render(
    console: &Console,
    member: Member,
    params: PageParams,
    refused: Option<(ApiError, Typed)>,
) -> Result<Response, ApiError> {
    let kind = Kind::of(params.kind.as_deref().unwrap_or_default());
    let number = params.page.as_deref().and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, LAST_PAGE);
    let q: String = params.q.unwrap_or_default().trim().chars().take(key::rules::MAX_KEYWORD).collect();
    let page = member.page.at("memories", link(kind, &q, number));
    let (t, account) = (page.t, member.account.id);
    let rows = Rows { limit: PER_PAGE, offset: (number - 1) * PER_PAGE };
    let (lines, total): (Vec<Line>, i64) = match kind {
        Kind::Key => {
            let found = console.memory.key_memories(account, &q, rows, false).await?;
            (found.list.into_iter().map(|memory| key_line(memory, t)).collect(), found.total)
        }
        Kind::Note => {
            let found = console.memory.search_notes(account, &q, rows).await?;
            (found.list.into_iter().map(|note| note_line(note, t)).collect(), found.total)
        }
    };
    let progress = console.memory.embedding_progress(&member.account).await?;
    let (error, typed) = refused.unzip();
    let template = ListPage {
        page: &page,
        kind: kind.name(),
        is_note: kind == Kind::Note,
        lines,
        count: fill(t.memories_found, total),
        embedding: embedding(progress, t),
        notice: notice(params.done.as_deref(), t),
        alert: error.as_ref().map(|error| error.message(page.language)),
        typed: typed.unwrap_or(Typed { public: true, ..Typed::default() }),
        newer: (number > 1).then(|| link(kind, &q, number - 1)),
        older: (number * PER_PAGE < total && number < LAST_PAGE).then(|| link(kind, &q, number + 1)),
        number: fill(t.page_number, number),
        q,
    };
    match error {
        None => page.answer(StatusCode::OK, &template),
        Some(error) => page.refuse(&error, &template),
    }
}

fn embedding(progress: Option<Progress>, t: &'static Texts) -> Option<String> {
    let Progress { made, entries } = progress.filter(|progress| progress.made < progress.entries)?;
    Some(fill(t.memories_embedding, format_args!("{made} / {entries}")))
}

fn notice(done: Option<&str>, t: &'static Texts) -> Option<&'static str> {
    match done {
        Some("added") => Some(t.memory_added),
        Some("deleted") => Some(t.memory_deleted),
        Some("saved") => Some(t.memory_saved),
        _ => None,
    }
}

fn link(kind: Kind, q: &str, number: i64) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("kind", kind.name());
    if !q.is_empty() {
        query.append_pair("q", q);
    }
    if number > 1 {
        query.append_pair("page", &number.to_string());
    }
    format!("{PATH}?{}", query.finish())
}

fn key_line(memory: KeyMemory, t: &Texts) -> Line {
    let (state_class, state_text) = visibility(memory.visibility, t);
    Line {
        id: EntryId::Key(memory.id),
        text: beginning(&memory.fact_content),
        about: memory.fact_object,
        state_class,
        state_text,
        updated: When(memory.update_time),
    }
}

fn note_line(note: Note, t: &Texts) -> Line {
    let (state_class, state_text) = state(note.status, t);
    let first = note.urls.first().cloned().unwrap_or_default();
    let text = [&note.title, &note.content, &first].into_iter().find(|text| !text.trim().is_empty()).cloned();
    Line {
        id: EntryId::Note(note.id),
        text: beginning(&text.unwrap_or_default()),
        about: if note.title.is_empty() { String::new() } else { beginning(&note.content) },
        state_class,
        state_text,
        updated: When(note.updated_at),
    }
}

fn visibility(visibility: i64, t: &Texts) -> (&'static str, &'static str) {
    if key::rules::is_public(visibility) { ("good", t.visible_public) } else { ("off", t.visible_private) }
}

fn state(status: Status, t: &Texts) -> (&'static str, &'static str) {
    match status {
        Status::Ready => ("good", t.note_ready),
        Status::Pending => ("warn", t.note_pending),
        Status::Failed => ("bad", t.note_failed),
    }
}

fn beginning(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Adds an entry, or shows the list again with the error.
pub(crate) async fn add(
    State(console): State<Console>,
    member: Member,
    CsrfForm(typed): CsrfForm<Typed>,
) -> Result<Response, ApiError> {
    let (kind, account) = (Kind::of(&typed.kind), member.account.id);
    let added = match kind {
        Kind::Key => add_key(&console, account, &typed).await,
        Kind::Note => add_note(&console, account, &typed).await,
    };
    match added {
        Ok(()) => Ok(Redirect::to(&format!("{PATH}?kind={}&done=added", kind.name())).into_response()),
        Err(error) if error.code().status().is_client_error() && error.code() != Code::NotFound => {
            let params = PageParams { kind: Some(kind.name().to_owned()), ..PageParams::default() };
            render(&console, member, params, Some((error, typed))).await
        }
        Err(error) => Err(error),
    }
}

async fn add_key(console: &Console, account: AccountId, typed: &Typed) -> Result<(), ApiError> {
    let fact = key::rules::check(NewMemory {
        content: Some(typed.content.clone()),
        visibility: Some(i64::from(typed.public)),
        fact_object: Some(typed.object.clone()),
        ..NewMemory::default()
    })?;
    console.memory.add_key_memories(account, vec![fact]).await?;
    Ok(())
}

async fn add_note(console: &Console, account: AccountId, typed: &Typed) -> Result<(), ApiError> {
    let urls: Vec<String> = typed.urls.split_whitespace().map(str::to_owned).collect();
    let new = note::rules::check(NoteRequest {
        content: Some(typed.content.clone()),
        title: Some(typed.title.clone()),
        memory_type: (!urls.is_empty()).then(|| "LINK".to_owned()),
        urls: Some(urls),
    })?;
    console.memory.add_note(account, new).await?;
    Ok(())
}
