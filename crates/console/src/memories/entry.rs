//! The page of a key memory or note: its text, its history, and forms to change and delete it.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use memory::{
    MemoryId, NoteId,
    key::{self, model::MemoryChange},
    note::{
        self,
        model::NoteChange,
        page::{PageStatus, Problem},
    },
};
use store::AccountId;
use web::{ApiError, Code, paging::Page as Rows};

use super::{EntryId, Kind, PATH, PageParams, beginning, notice, plain, state, visibility};
use crate::{
    Console,
    form::{CsrfForm, Fields, Nothing},
    page::{Member, Page},
    texts::Texts,
    when::When,
};

/// Most earlier versions that are shown.
const VERSIONS: i64 = 100;

struct Earlier {
    title: String,
    content: String,
    written: When,
    replaced: When,
}

/// A link of a memory with a conversation or another memory.
struct Tie {
    text: &'static str,
    /// The address and the beginning of the other memory.
    other: Option<(String, String)>,
    time: When,
}

struct Linked {
    url: String,
    title: String,
    state_class: &'static str,
    state_text: &'static str,
    why: &'static str,
}

/// The form that changes an entry.
pub(crate) struct Typed {
    title: String,
    content: String,
    public: bool,
}

impl From<Fields> for Typed {
    fn from(fields: Fields) -> Self {
        Self {
            title: fields.text("title"),
            content: plain(&fields.text("content")),
            public: fields.text("public") == "1",
        }
    }
}

#[derive(Template)]
#[template(path = "memory.html")]
struct EntryPage<'a> {
    page: &'a Page,
    kind: &'static str,
    is_note: bool,
    id: EntryId,
    title: String,
    content: String,
    object: String,
    public: bool,
    state_class: &'static str,
    state_text: &'static str,
    created: When,
    updated: When,
    links: Vec<Linked>,
    ties: Vec<Tie>,
    history: Vec<Earlier>,
    notice: Option<&'a str>,
    alert: Option<String>,
}

/// Shows the page of an entry.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Path((kind, id)): Path<(String, String)>,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let id = parse(&kind, &id)?;
    render(&console, member, id, params, None).await
}

/// Changes an entry, or shows it again with the error.
pub(crate) async fn change(
    State(console): State<Console>,
    member: Member,
    Path((kind, id)): Path<(String, String)>,
    CsrfForm(typed): CsrfForm<Typed>,
) -> Result<Response, ApiError> {
    let id = parse(&kind, &id)?;
    match save(&console, member.account.id, id, &typed).await {
        Ok(()) => Ok(Redirect::to(&format!("{}?done=saved", id.path())).into_response()),
        Err(error) if error.code().status() == StatusCode::NOT_FOUND => Err(Code::NotFound.into()),
        Err(error) if error.code().status().is_client_error() => {
            render(&console, member, id, PageParams::default(), Some((error, typed))).await
        }
        Err(error) => Err(error),
    }
}

async fn save(console: &Console, account: AccountId, id: EntryId, typed: &Typed) -> Result<(), ApiError> {
    let content = Some(typed.content.clone());
    match id {
        EntryId::Key(id) => {
            let before = console.memory.key_memory(account, id).await?.visibility;
            // A memory that stays private keeps its number, which apps may use.
            let visibility = match (typed.public, key::rules::is_public(before)) {
                (true, _) => 1,
                (false, true) => 0,
                (false, false) => before,
            };
            let change = key::rules::check_change(MemoryChange { content, visibility: Some(visibility) })?;
            console.memory.update_key_memory(account, id, change).await
        }
        EntryId::Note(id) => {
            let change = note::rules::check_change(NoteChange { content, title: Some(typed.title.clone()) })?;
            console.memory.update_note(account, id, change).await
        }
    }
}

/// Deletes an entry with all its versions.
pub(crate) async fn delete(
    State(console): State<Console>,
    member: Member,
    Path((kind, id)): Path<(String, String)>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    let id = parse(&kind, &id)?;
    let deleted = match id {
        EntryId::Key(id) => console.memory.delete_key_memory(member.account.id, id).await,
        EntryId::Note(id) => console.memory.delete_note(member.account.id, id).await,
    };
    deleted.map_err(missing)?;
    Ok(Redirect::to(&format!("{PATH}?kind={}&done=deleted", id.kind().name())).into_response())
}

async fn render(
    console: &Console,
    member: Member,
    id: EntryId,
    params: PageParams,
    refused: Option<(ApiError, Typed)>,
) -> Result<Response, ApiError> {
    let page = member.page.at("memories", id.path());
    let (t, account) = (page.t, member.account.id);
    let mut template = match id {
        EntryId::Key(id) => key_page(console, &page, account, id).await,
        EntryId::Note(id) => note_page(console, &page, account, id).await,
    }
    .map_err(missing)?;
    template.notice = notice(params.done.as_deref(), t);
    let Some((error, typed)) = refused else { return page.answer(StatusCode::OK, &template) };
    template.alert = Some(error.message(page.language));
    (template.title, template.content, template.public) = (typed.title, typed.content, typed.public);
    page.refuse(&error, &template)
}

async fn key_page<'a>(
    console: &Console,
    page: &'a Page,
    account: AccountId,
    id: MemoryId,
) -> Result<EntryPage<'a>, ApiError> {
    let memory = console.memory.key_memory(account, id).await?;
    let versions =
        console.memory.key_memory_versions(account, id, Rows { limit: VERSIONS, offset: 0 }).await?;
    let links = console.memory.key_memory_links(account, id).await?;
    let (state_class, state_text) = visibility(memory.visibility, page.t);
    let tie = |link: key::Link| Tie {
        text: match link.kind {
            key::LinkKind::Said => page.t.memory_said,
            key::LinkKind::Again => page.t.memory_again,
            key::LinkKind::Against => page.t.memory_against,
            key::LinkKind::Newer => page.t.memory_newer,
        },
        other: (link.other > MemoryId(0)).then(|| (EntryId::Key(link.other).path(), beginning(&link.text))),
        time: When(link.time),
    };
    let earlier = |version: key::Version| Earlier {
        title: String::new(),
        content: version.fact_content,
        written: When(version.written_time),
        replaced: When(version.replaced_time),
    };
    Ok(EntryPage {
        page,
        kind: Kind::Key.name(),
        is_note: false,
        id: EntryId::Key(id),
        title: String::new(),
        content: memory.fact_content,
        object: memory.fact_object,
        public: key::rules::is_public(memory.visibility),
        state_class,
        state_text,
        created: When(memory.create_time),
        updated: When(memory.update_time),
        links: Vec::new(),
        ties: links.into_iter().map(tie).collect(),
        history: versions.list.into_iter().map(earlier).collect(),
        notice: None,
        alert: None,
    })
}

async fn note_page<'a>(
    console: &Console,
    page: &'a Page,
    account: AccountId,
    id: NoteId,
) -> Result<EntryPage<'a>, ApiError> {
    let note = console.memory.note(account, id).await?;
    let versions = console.memory.note_versions(account, id, Rows { limit: VERSIONS, offset: 0 }).await?;
    let mut pages = console.memory.note_pages(std::slice::from_ref(&note)).await?;
    let (state_class, state_text) = state(note.status, page.t);
    let earlier = |version: note::Version| Earlier {
        title: version.title,
        content: version.content,
        written: When(version.written_time),
        replaced: When(version.replaced_time),
    };
    let links = pages.remove(&id).unwrap_or_default();
    Ok(EntryPage {
        page,
        kind: Kind::Note.name(),
        is_note: true,
        id: EntryId::Note(id),
        title: note.title,
        content: note.content,
        object: String::new(),
        public: false,
        state_class,
        state_text,
        created: When(note.created_at),
        updated: When(note.updated_at),
        links: links.into_iter().map(|link| linked(link, page.t)).collect(),
        ties: Vec::new(),
        history: versions.list.into_iter().map(earlier).collect(),
        notice: None,
        alert: None,
    })
}

fn linked(page: note::page::Page, t: &Texts) -> Linked {
    let (state_class, state_text) = match page.status {
        PageStatus::Ready => ("good", t.link_ready),
        PageStatus::Pending => ("warn", t.link_pending),
        PageStatus::Failed => ("bad", t.link_failed),
    };
    let why = match page.problem {
        None => "",
        Some(Problem::Refused) => t.link_refused,
        Some(Problem::Unreachable | Problem::Unavailable) => t.link_unreachable,
        Some(Problem::Timeout) => t.link_timeout,
        Some(Problem::TooLarge) => t.link_too_large,
        Some(Problem::Type) => t.link_type,
        Some(Problem::Missing) => t.link_missing,
        Some(Problem::Empty) => t.link_empty,
    };
    Linked { url: page.url, title: page.title, state_class, state_text, why }
}

/// Parses the kind and the id in a path.
///
/// # Errors
/// [`Code::NotFound`] if there is no such kind, or the id is invalid.
fn parse(kind: &str, id: &str) -> Result<EntryId, ApiError> {
    let id = match kind {
        "key" => id.parse().map(EntryId::Key),
        "note" => id.parse().map(EntryId::Note),
        _ => return Err(Code::NotFound.into()),
    };
    id.map_err(|_no_number| Code::NotFound.into())
}

/// Turns every error with the status 404 into [`Code::NotFound`], so all missing entries have the same page.
fn missing(error: ApiError) -> ApiError {
    if error.code().status() == StatusCode::NOT_FOUND { Code::NotFound.into() } else { error }
}
