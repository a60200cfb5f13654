//! The page of a key memory: its text, its history, where it comes from, who read it, and forms to change and
//! delete it.

use agents::Entry as AgentEntry;
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use memory::{
    MemoryId, MessageId, NoteId,
    key::{self, KeyMemory, model::MemoryChange},
    trash::Entry,
};
use store::{AccountId, Timestamp};
use web::{ApiError, Code, paging::Page as Rows};

use super::{
    act,
    query::{PageParams, start_of},
    text::{beginning, plain},
    texts::Texts,
};
use crate::{
    Console,
    form::{CsrfForm, Fields, Nothing},
    page::{Member, Page},
    paths::{MEMORIES as PATH, NOTES},
    texts::fill,
    when::When,
};

/// Most earlier versions that are shown.
const VERSIONS: i64 = 100;
/// Most readings by agents that are shown.
const READERS: usize = 20;
/// Most characters of a related memory.
const SHOWN: usize = 160;

struct Earlier {
    content: String,
    written: When,
    replaced: When,
}

/// A link of a memory with a conversation or another memory.
struct Tie {
    text: &'static str,
    /// The address of the conversation.
    chat: Option<String>,
    /// The address and the beginning of the other memory.
    other: Option<(String, String)>,
    time: When,
}

/// An agent that read an entry.
pub(crate) struct ReadBy {
    pub(crate) name: String,
    pub(crate) tool: String,
    pub(crate) time: When,
}

/// The form that changes a memory.
#[derive(Default)]
pub(crate) struct Typed {
    content: String,
    category: Option<String>,
    public: bool,
    /// The days from and until which it holds; `None` if the form does not ask, empty if not known.
    from: Option<String>,
    until: Option<String>,
    back: String,
}

impl From<Fields> for Typed {
    fn from(fields: Fields) -> Self {
        Self {
            content: plain(&fields.text("content")),
            category: fields.all("category").into_iter().next(),
            public: fields.text("visibility") == "public" || fields.text("public") == "1",
            from: fields.all("from").into_iter().next(),
            until: fields.all("until").into_iter().next(),
            back: fields.text("back"),
        }
    }
}

#[derive(Template)]
#[template(path = "memory.html")]
struct EntryPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    id: MemoryId,
    content: String,
    category: String,
    public: bool,
    created: When,
    updated: When,
    /// The days from and until which it holds, as the form has them.
    from: String,
    until: String,
    is_over: bool,
    /// The address of the memory that took its place.
    newer: Option<String>,
    ties: Vec<Tie>,
    /// The app that wrote it, and the question before everything that it wrote is forgotten.
    writer: Option<(String, String)>,
    readers: Vec<ReadBy>,
    history: Vec<Earlier>,
    notice: Option<String>,
    alert: Option<String>,
}

/// Shows the page of an entry. Notes have pages of their own.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Path((kind, id)): Path<(String, String)>,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    match parse(&kind, &id)? {
        Entry::Memory(id) => render(&console, member, id, params, None).await,
        Entry::Note(id) => Ok(Redirect::to(&format!("{}/{id}", NOTES)).into_response()),
    }
}

/// Changes a memory, or shows it again with the error.
pub(crate) async fn change(
    State(console): State<Console>,
    member: Member,
    Path((kind, id)): Path<(String, String)>,
    CsrfForm(typed): CsrfForm<Typed>,
) -> Result<Response, ApiError> {
    let Entry::Memory(id) = parse(&kind, &id)? else { return Err(Code::NotFound.into()) };
    match save(&console, member.account.id, id, &typed).await {
        Ok(()) if typed.back.is_empty() => {
            Ok(Redirect::to(&format!("{PATH}/key/{id}?done=saved")).into_response())
        }
        Ok(()) => Ok(act::back_to(&typed.back, &[("done", "saved")], &format!("#entry-{id}"))),
        Err(error) if error.code().status() == StatusCode::NOT_FOUND => Err(Code::NotFound.into()),
        Err(error) if error.code().status().is_client_error() => {
            render(&console, member, id, PageParams::default(), Some((error, typed))).await
        }
        Err(error) => Err(error),
    }
}

async fn save(console: &Console, account: AccountId, id: MemoryId, typed: &Typed) -> Result<(), ApiError> {
    let memory = console.memory.key_memory(account, id).await?;
    let before = memory.visibility;
    // A memory that stays private keeps its number, which apps may use.
    let visibility = match (typed.public, key::rules::is_public(before)) {
        (true, _) => 1,
        (false, true) => 0,
        (false, false) => before,
    };
    let (content, visibility) = (Some(typed.content.clone()), Some(visibility));
    let zone = console.memory.zone(account).await?.unwrap_or_default();
    // A day that was not changed keeps its moment.
    let day = |typed: &Option<String>, at: Option<Timestamp>| {
        let before = at.map(|at| zone.date(at)).unwrap_or_default();
        let typed = typed.as_deref().filter(|day| day.trim() != before);
        typed.map(|day| start_of(day, &zone)).transpose()
    };
    let valid_from = day(&typed.from, memory.valid_from)?;
    let valid_until = day(&typed.until, memory.valid_until)?;
    let change = key::rules::check_change(MemoryChange { content, visibility, valid_from, valid_until })?;
    let object = typed.category.as_deref().map(key::rules::check_category).transpose()?;
    console.memory.update_key_memory(account, id, key::Change { object, ..change }).await
}

/// Moves an entry into the trash.
pub(crate) async fn delete(
    State(console): State<Console>,
    member: Member,
    Path((kind, id)): Path<(String, String)>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    let entry = parse(&kind, &id)?;
    let (batch, count) = console.memory.delete_to_trash(member.account.id, vec![entry]).await?;
    if count == 0 {
        return Err(Code::NotFound.into());
    }
    let undo = batch.to_string();
    Ok(act::back_to(PATH, &[("done", "trashed"), ("n", "1"), ("undo", &undo)], ""))
}

/// Shows a memory with an error of another form.
pub(super) async fn refuse(
    console: &Console,
    member: Member,
    id: MemoryId,
    error: ApiError,
) -> Result<Response, ApiError> {
    render(console, member, id, PageParams::default(), Some((error, Typed::default()))).await
}

async fn render(
    console: &Console,
    member: Member,
    id: MemoryId,
    params: PageParams,
    refused: Option<(ApiError, Typed)>,
) -> Result<Response, ApiError> {
    let page = member.page.at("memories", format!("{PATH}/key/{id}"));
    let (t, account) = (Texts::of(page.language), member.account.id);
    let memory = console.memory.key_memory(account, id).await.map_err(missing)?;
    let rows = Rows { limit: VERSIONS, offset: 0 };
    let versions = console.memory.key_memory_versions(account, id, rows).await.map_err(missing)?;
    let earlier = |version: key::Version| Earlier {
        content: version.fact_content,
        written: When(version.written_time),
        replaced: When(version.replaced_time),
    };
    let zone = console.memory.zone(account).await?.unwrap_or_default();
    let day = |at: Option<Timestamp>| at.map(|at| zone.date(at)).unwrap_or_default();
    let is_over = memory.is_over(console.memory.now());
    let KeyMemory { fact_content, fact_object, visibility, create_time, update_time, .. } = memory;
    let mut template = EntryPage {
        t,
        id,
        content: fact_content,
        category: fact_object,
        public: key::rules::is_public(visibility),
        created: When(create_time),
        updated: When(update_time),
        from: day(memory.valid_from),
        until: day(memory.valid_until),
        is_over,
        newer: memory.superseded_by.map(|newer| format!("{PATH}/key/{newer}")),
        ties: ties(console, account, id, t).await?,
        writer: console.memory.writer_of(account, id).await?.map(|(name, count)| {
            let question = fill(t.forget_app_lead, count);
            (name, question)
        }),
        readers: readers(console, &member.account, AgentEntry::Memory(id)).await?,
        history: versions.list.into_iter().map(earlier).collect(),
        notice: act::notice(&params, t),
        alert: None,
        page: &page,
    };
    let Some((error, typed)) = refused else { return page.answer(StatusCode::OK, &template) };
    template.alert = Some(error.message(page.language));
    if !typed.content.is_empty() {
        (template.content, template.public) = (typed.content, typed.public);
    }
    template.category = typed.category.unwrap_or(template.category);
    template.from = typed.from.unwrap_or(template.from);
    template.until = typed.until.unwrap_or(template.until);
    page.refuse(&error, &template)
}

async fn ties(
    console: &Console,
    account: AccountId,
    id: MemoryId,
    t: &'static Texts,
) -> Result<Vec<Tie>, ApiError> {
    let mut ties = Vec::new();
    for link in console.memory.key_memory_links(account, id).await? {
        let chat = chat_of(console, account, link.message).await?;
        ties.push(Tie {
            text: match link.kind {
                key::LinkKind::Said => t.said,
                key::LinkKind::Again => t.again,
                key::LinkKind::Against => t.against,
                key::LinkKind::Newer => t.newer,
                key::LinkKind::Supersedes => t.supersedes,
                key::LinkKind::Superseded => t.superseded,
            },
            chat,
            other: (link.other > MemoryId(0))
                .then(|| (format!("{PATH}/key/{}", link.other), beginning(&link.text, SHOWN))),
            time: When(link.time),
        });
    }
    Ok(ties)
}

/// Returns the address of the conversation that a message belongs to, if it still exists.
pub(super) async fn chat_of(
    console: &Console,
    account: AccountId,
    message: Option<MessageId>,
) -> Result<Option<String>, ApiError> {
    let Some(message) = message else { return Ok(None) };
    let session = console.chat.conversation_of(account, message).await?;
    Ok(session.map(|session| {
        let session: String = form_urlencoded::byte_serialize(session.as_bytes()).collect();
        format!("/chat?session={session}")
    }))
}

/// Returns the agents that read an entry, the latest reading first.
pub(crate) async fn readers(
    console: &Console,
    account: &identity::Account,
    entry: AgentEntry,
) -> Result<Vec<ReadBy>, ApiError> {
    let calls = console.agents.readings(account, entry).await?;
    let reading = |call: agents::log::Call| ReadBy {
        name: call.client_name,
        tool: call.tool,
        time: When(call.called_at),
    };
    Ok(calls.into_iter().take(READERS).map(reading).collect())
}

/// Parses the kind and the id in a path.
///
/// # Errors
/// [`Code::NotFound`] if there is no such kind, or the id is invalid.
pub(super) fn parse(kind: &str, id: &str) -> Result<Entry, ApiError> {
    let entry = match kind {
        "key" => id.parse().map(|id| Entry::Memory(MemoryId(id))),
        "note" => id.parse().map(|id| Entry::Note(NoteId(id))),
        _ => return Err(Code::NotFound.into()),
    };
    entry.map_err(|_no_number| Code::NotFound.into())
}

/// Turns every error with the status 404 into [`Code::NotFound`], so all missing entries have the same page.
pub(crate) fn missing(error: ApiError) -> ApiError {
    if error.code().status() == StatusCode::NOT_FOUND { Code::NotFound.into() } else { error }
}
