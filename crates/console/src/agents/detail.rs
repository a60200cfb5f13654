//! The page of one agent: what it did, and forms to end it and to forget what it added.

use ::agents::log::CallId;
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use web::{ApiError, Code, Query};

use super::{
    texts::Texts,
    view::{self, CallView, PATH},
};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    texts::fill,
};

const PER_PAGE: i64 = 50;
/// Maximum number of entries that are counted and forgotten at once.
const MAX_ENTRIES: i64 = 1000;
/// Maximum length of a client in characters.
const MAX_CLIENT: usize = 2100;

/// The query of the page.
#[derive(serde::Deserialize)]
pub(crate) struct OneParams {
    client: String,
    before: Option<String>,
}

/// The form that forgets what an agent added.
pub(crate) struct ForgetForm {
    client: String,
}

impl From<Fields> for ForgetForm {
    fn from(fields: Fields) -> Self {
        Self { client: fields.text("client") }
    }
}

/// The way to end an agent.
enum End {
    /// A form to this address.
    Form(String),
    /// A link to the page of its key.
    Key(String),
    Nothing,
}

#[derive(Template)]
#[template(path = "agent.html")]
struct AgentPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    name: String,
    client: String,
    scopes: Vec<&'static str>,
    /// The page on which its scopes are changed.
    change: Option<String>,
    end: End,
    calls: Vec<CallView>,
    older: Option<String>,
    /// The question before its entries are deleted; `None` if it added none.
    forget: Option<String>,
}

/// Shows the page.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<OneParams>,
) -> Result<Response, ApiError> {
    let client = checked(params.client)?;
    let account = &member.account;
    let before = params.before.and_then(|before| before.parse().ok()).unwrap_or(CallId(i64::MAX));
    let page = member.page.at("agents", view::link(&client));
    let t = Texts::of(page.language);
    let apps = console.identity.authorizations(account.id).await?;
    let app = apps.into_iter().find(|app| client.strip_prefix("app:") == Some(app.application.as_str()));
    let calls = console.agents.calls(account, Some(&client), before, PER_PAGE).await?;
    let last = calls.last().map(|call| call.id);
    let called_as = calls.first().map(|call| call.client_name.clone());
    let name = app.as_ref().map(|app| app.name.clone()).or(called_as).ok_or(Code::NotFound)?;
    let end = match (&app, client.split_once(':')) {
        (Some(app), _) => End::Form(format!("/account/apps/{}/revoke", app.id)),
        (None, Some(("program", id))) => End::Form(format!("/account/programs/{id}/end")),
        (None, Some(("key", id))) => End::Key(format!("/keys/{id}")),
        _ => End::Nothing,
    };
    let added = console.agents.entries_of(account, &client, MAX_ENTRIES).await?.len();
    let waiting = console.memory.waiting_of(account.id, &client).await?;
    let added = added.saturating_add(usize::try_from(waiting).unwrap_or_default());
    let is_full = i64::try_from(calls.len()).is_ok_and(|count| count == PER_PAGE);
    let template = AgentPage {
        page: &page,
        t,
        name,
        change: app.as_ref().map(|app| format!("/account/apps/{}", app.id)),
        scopes: app.map(|app| app.scopes.names()).unwrap_or_default(),
        end,
        calls: calls.into_iter().map(|call| CallView::new(call, t)).collect(),
        older: last.filter(|_| is_full).map(|last| format!("{}&before={last}", view::link(&client))),
        forget: (added > 0).then(|| fill(t.forget_question, added)),
        client,
    };
    page.answer(StatusCode::OK, &template)
}

/// Deletes what an agent added.
pub(crate) async fn forget(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<ForgetForm>,
) -> Result<Response, ApiError> {
    let client = checked(form.client)?;
    console.agents.delete_entries_of(&member.account, &client, MAX_ENTRIES).await?;
    Ok(Redirect::to(&format!("{PATH}?done=forgotten")).into_response())
}

fn checked(client: String) -> Result<String, ApiError> {
    if client.chars().count() > MAX_CLIENT || client.contains('\0') {
        return Err(Code::NotFound.into());
    }
    Ok(client)
}
