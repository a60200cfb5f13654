//! A memory that is no longer true: the form that says how it is now, or that it is still true.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use memory::{
    MemoryId,
    key::{self, model::NewMemory},
    trash::Entry,
};
use store::AccountId;
use web::{ApiError, Code};

use super::{act, entry, query::start_of, text::plain};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::Member,
    paths::MEMORIES as PATH,
};

/// The form.
pub(crate) struct Replacement {
    content: String,
    since: String,
    is_back: bool,
}

impl From<Fields> for Replacement {
    fn from(fields: Fields) -> Self {
        Self {
            content: plain(&fields.text("content")),
            since: fields.text("since"),
            is_back: fields.text("do") == "back",
        }
    }
}

/// Adds a memory that takes the place of one, or lets that one hold again.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    Path((kind, id)): Path<(String, String)>,
    CsrfForm(typed): CsrfForm<Replacement>,
) -> Result<Response, ApiError> {
    let Entry::Memory(id) = entry::parse(&kind, &id)? else { return Err(Code::NotFound.into()) };
    match replaced(&console, member.account.id, id, &typed).await {
        Ok(shown) => Ok(Redirect::to(&format!("{PATH}/key/{shown}?done=replaced")).into_response()),
        Err(error) if error.code().status() == StatusCode::NOT_FOUND => Err(Code::NotFound.into()),
        Err(error) if error.code().status().is_client_error() => {
            entry::refuse(&console, member, id, error).await
        }
        Err(error) => Err(error),
    }
}

/// The form that forgets what an app wrote.
pub(crate) struct ForgetApp {
    app: String,
}

impl From<Fields> for ForgetApp {
    fn from(fields: Fields) -> Self {
        Self { app: fields.text("app") }
    }
}

/// Moves what the app that wrote a memory has written into the trash.
pub(crate) async fn forget_app(
    State(console): State<Console>,
    member: Member,
    Path((kind, id)): Path<(String, String)>,
    CsrfForm(form): CsrfForm<ForgetApp>,
) -> Result<Response, ApiError> {
    let Entry::Memory(id) = entry::parse(&kind, &id)? else { return Err(Code::NotFound.into()) };
    let account = member.account.id;
    // The name in the form tells that the person saw whose entries they are.
    let writer = console.memory.writer_of(account, id).await?;
    let (name, _) = writer.filter(|(name, _)| *name == form.app).ok_or(Code::NotFound)?;
    let (batch, count) = console.memory.forget_written_by(account, &name).await?;
    let (count, undo) = (count.to_string(), batch.to_string());
    Ok(act::back_to(PATH, &[("done", "trashed"), ("n", &count), ("undo", &undo)], ""))
}

/// Returns the memory that holds now.
async fn replaced(
    console: &Console,
    account: AccountId,
    id: MemoryId,
    typed: &Replacement,
) -> Result<MemoryId, ApiError> {
    let memory = &console.memory;
    let before = memory.key_memory(account, id).await?;
    if typed.is_back {
        memory.supersede_key_memory(account, id, None, None).await?;
        return Ok(id);
    }
    let zone = memory.zone(account).await?.unwrap_or_default();
    let (fact, validity) = key::rules::check_valid(NewMemory {
        content: Some(typed.content.clone()),
        visibility: Some(before.visibility),
        fact_actor: Some(before.fact_actor),
        fact_object: Some(before.fact_object),
        valid_from: start_of(&typed.since, &zone)?,
        supersedes: Some(id),
        ..NewMemory::default()
    })?;
    Ok(memory.add_valid_key_memory(account, fact, validity).await?.0)
}
