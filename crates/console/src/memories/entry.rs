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
    MemoryId, NoteId,
    key::{self, KeyMemory, model::MemoryChange},
    trash::Entry,
};
use store::AccountId;
use web::{ApiError, Code, paging::Page as Rows};

use super::{
    act,
    query::PageParams,
    text::{beginning, plain},
    texts::Texts,
};
use crate::{
    Console,
    form::{CsrfForm, Fields, Nothing},
    page::{Member, Page},
    paths::{MEMORIES as PATH, NOTES},
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
pub(crate) struct Typed {
    content: String,
    category: Option<String>,
    public: bool,
    back: String,
}

impl From<Fields> for Typed {
    fn from(fields: Fields) -> Self {
        Self {
            content: plain(&fields.text("content")),
            category: fields.all("category").into_iter().next(),
            public: fields.text("visibility") == "public" || fields.text("public") == "1",
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
    ties: Vec<Tie>,
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
    let before = console.memory.key_memory(account, id).await?.visibility;
    // A memory that stays private keeps its number, which apps may use.
    let visibility = match (typed.public, key::rules::is_public(before)) {
        (true, _) => 1,
        (false, true) => 0,
        (false, false) => before,
    };
    let (content, visibility) = (Some(typed.content.clone()), Some(visibility));
    let change = key::rules::check_change(MemoryChange { content, visibility })?;
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
    let KeyMemory { fact_content, fact_object, visibility, create_time, update_time, .. } = memory;
    let mut template = EntryPage {
        t,
        id,
        content: fact_content,
        category: fact_object,
        public: key::rules::is_public(visibility),
        created: When(create_time),
        updated: When(update_time),
        ties: ties(console, account, id, t).await?,
        readers: readers(console, &member.account, AgentEntry::Memory(id)).await?,
        history: versions.list.into_iter().map(earlier).collect(),
        notice: act::notice(&params, t),
        alert: None,
        page: &page,
    };
    let Some((error, typed)) = refused else { return page.answer(StatusCode::OK, &template) };
    template.alert = Some(error.message(page.language));
    (template.content, template.public) = (typed.content, typed.public);
    template.category = typed.category.unwrap_or(template.category);
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
        let chat = match link.message {
            Some(message) => console.chat.conversation_of(account, message).await?,
            None => None,
        };
        ties.push(Tie {
            text: match link.kind {
                key::LinkKind::Said => t.said,
                key::LinkKind::Again => t.again,
                key::LinkKind::Against => t.against,
                key::LinkKind::Newer => t.newer,
            },
            chat: chat.map(|session| {
                let session: String = form_urlencoded::byte_serialize(session.as_bytes()).collect();
                format!("/chat?session={session}")
            }),
            other: (link.other > MemoryId(0))
                .then(|| (format!("{PATH}/key/{}", link.other), beginning(&link.text, SHOWN))),
            time: When(link.time),
        });
    }
    Ok(ties)
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
fn parse(kind: &str, id: &str) -> Result<Entry, ApiError> {
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
