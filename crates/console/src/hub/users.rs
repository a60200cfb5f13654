//! The page of the users who belong to a Hub key.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use hub::{
    HubKeyId,
    call::HubError,
    user_center::{Filter, NewUser, User, UserChange},
};
use web::{ApiError, Query};

use super::{id, lines, problems::of_people, texts, texts::Texts as HubTexts};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    texts::fill,
    when::When,
};

const PER_PAGE: i64 = 50;
/// Deepest page of the list. Users beyond it are found by a search.
const LAST_PAGE: i64 = 10_000;

#[derive(serde::Deserialize)]
pub(crate) struct PageParams {
    search: Option<String>,
    page: Option<String>,
    done: Option<String>,
}

struct Row {
    id: String,
    username: String,
    kind: &'static str,
    roles: String,
    groups: String,
    created: When,
    is_enabled: bool,
    is_self_registered: bool,
}

impl Row {
    fn new(user: User, h: &HubTexts) -> Self {
        Self {
            kind: if user.is_admin { h.admin } else { h.member },
            roles: user.roles.join("\n"),
            groups: user.groups.join("\n"),
            created: When(user.created_at),
            is_enabled: user.is_enabled,
            is_self_registered: user.is_self_registered,
            id: user.id,
            username: user.username,
        }
    }
}

#[derive(Template)]
#[template(path = "hub/users.html")]
struct Users<'a> {
    page: &'a Page,
    h: &'static HubTexts,
    key: HubKeyId,
    name: String,
    search: String,
    total: i64,
    users: Vec<Row>,
    newer: Option<String>,
    older: Option<String>,
    number: String,
    notice: Option<&'a str>,
    /// The problem with the form that was sent.
    problem: Option<String>,
    typed: String,
}

async fn render(
    console: &Console,
    member: Member,
    key: HubKeyId,
    params: PageParams,
    failed: Option<(HubError, String)>,
) -> Result<Response, ApiError> {
    let name = console.hub.key(member.account.id, key).await?.name;
    let pool = console.hub.own_pool(member.account.id, key).await?;
    let number = params.page.as_deref().and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, LAST_PAGE);
    let search: String = params.search.unwrap_or_default().chars().take(100).collect();
    let filter =
        Filter { is_admin: None, search: search.clone(), skip: (number - 1) * PER_PAGE, limit: PER_PAGE };
    let (users, total) = console.hub.users(&pool, &filter).await.map_err(HubError::into_api)?;
    let page = member.page.at("hub", format!("/hub/keys/{key}/users"));
    let h = texts(page.language);
    let link = |number: i64| {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("search", &search).finish();
        format!("/hub/keys/{key}/users?{query}&page={number}")
    };
    let problem = failed.as_ref().map(|(error, _)| of_people(error, page.language));
    let template = Users {
        page: &page,
        h,
        key,
        name,
        total,
        users: users.into_iter().map(|user| Row::new(user, h)).collect(),
        newer: (number > 1).then(|| link(number - 1)),
        older: (number * PER_PAGE < total).then(|| link(number + 1)),
        number: fill(page.t.page_number, number),
        notice: (params.done.as_deref() == Some("saved")).then_some(h.saved),
        problem,
        typed: failed.map(|(_, typed)| typed).unwrap_or_default(),
        search,
    };
    let status = if template.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page.answer(status, &template)
}

pub(crate) async fn list(
    State(console): State<Console>,
    member: Member,
    Path(key): Path<String>,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    render(&console, member, id(&key)?, params, None).await
}

/// The form that creates a user.
pub(crate) struct UserForm {
    username: String,
    password: String,
    is_admin: bool,
}

impl From<Fields> for UserForm {
    fn from(fields: Fields) -> Self {
        Self {
            username: fields.text("username"),
            password: fields.text("password"),
            is_admin: fields.text("kind") == "ADMIN",
        }
    }
}

fn saved(key: HubKeyId) -> Response {
    Redirect::to(&format!("/hub/keys/{key}/users?done=saved")).into_response()
}

/// Shows the page again with the problem, unless it is an error of the server.
async fn again(
    console: &Console,
    member: Member,
    key: HubKeyId,
    error: HubError,
    typed: String,
) -> Result<Response, ApiError> {
    if !error.code().status().is_client_error() {
        return Err(error.into_api());
    }
    let params = PageParams { search: None, page: None, done: None };
    render(console, member, key, params, Some((error, typed))).await
}

pub(crate) async fn create(
    State(console): State<Console>,
    member: Member,
    Path(key): Path<String>,
    CsrfForm(form): CsrfForm<UserForm>,
) -> Result<Response, ApiError> {
    let key = id(&key)?;
    let pool = console.hub.own_pool(member.account.id, key).await?;
    let new = NewUser { username: form.username.clone(), is_admin: form.is_admin, ..NewUser::default() };
    // Every policy refuses longer ones. The cut bounds the cost of hashing.
    let password: String = form.password.chars().take(300).collect();
    match console.hub.create_user(&pool, new, &password).await {
        Ok(_) => Ok(saved(key)),
        Err(error) => again(&console, member, key, error, form.username).await,
    }
}

/// The form that changes or deletes a user.
pub(crate) struct ChangeForm {
    act: String,
    roles: Vec<String>,
    groups: Vec<String>,
}

impl From<Fields> for ChangeForm {
    fn from(fields: Fields) -> Self {
        Self { act: fields.text("act"), roles: lines(&fields, "roles"), groups: lines(&fields, "groups") }
    }
}

pub(crate) async fn change(
    State(console): State<Console>,
    member: Member,
    Path((key, user)): Path<(String, String)>,
    CsrfForm(form): CsrfForm<ChangeForm>,
) -> Result<Response, ApiError> {
    let key = id(&key)?;
    let pool = console.hub.own_pool(member.account.id, key).await?;
    let change = match form.act.as_str() {
        "enable" => UserChange { is_enabled: Some(true), ..UserChange::default() },
        "disable" => UserChange { is_enabled: Some(false), ..UserChange::default() },
        "accept" => UserChange { is_self_registered: Some(false), ..UserChange::default() },
        _ => UserChange { roles: Some(form.roles), groups: Some(form.groups), ..UserChange::default() },
    };
    let done = if form.act == "delete" {
        console.hub.delete_user(&pool, &user).await
    } else {
        console.hub.update_user(&pool, &user, change).await.map(|_user| ())
    };
    match done {
        Ok(()) => Ok(saved(key)),
        Err(error) => again(&console, member, key, error, String::new()).await,
    }
}
