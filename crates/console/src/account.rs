//! The account page: personal data, password, sessions, allowed apps and signed-in programs.

pub(crate) mod access;
pub(crate) mod apps;
mod device;
pub(crate) mod texts;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use identity::{
    Account, Password, SessionId,
    account::{AlsoEnd, rules},
    session::Session,
};
use web::{ApiError, Code, Query, id_in};

use apps::{AppView, ProgramView};

use crate::{
    Console,
    form::{CsrfForm, Fields, Nothing},
    page::{Member, Page},
    problems::{Form, Problems},
    sign_in,
    texts::{Texts, fill},
    when::When,
};

/// The path of the page.
pub(crate) const PATH: &str = "/account";

/// The query of the page.
#[derive(serde::Deserialize)]
pub(crate) struct PageParams {
    done: Option<String>,
}

/// The form that changes the password.
pub(crate) struct PasswordForm {
    old: Password,
    new: Password,
    also: AlsoEnd,
}

impl From<Fields> for PasswordForm {
    fn from(fields: Fields) -> Self {
        let is_ticked = |name: &str| fields.all("end").iter().any(|end| end == name);
        Self {
            old: Password::new(fields.text("old")),
            new: Password::new(fields.text("password")),
            also: AlsoEnd { apps: is_ticked("apps"), keys: is_ticked("keys") },
        }
    }
}

struct SessionView {
    id: SessionId,
    device: String,
    user_agent: String,
    created: When,
    last_used: When,
    address: String,
    is_this: bool,
    end_label: String,
}

impl SessionView {
    fn new(session: Session, this: SessionId, t: &Texts) -> Self {
        let device = device::name(&session.user_agent).unwrap_or_else(|| t.unknown_device.to_owned());
        Self {
            id: session.id,
            end_label: fill(t.end_session_label, &device),
            device,
            user_agent: session.user_agent,
            created: When(session.created_at),
            last_used: When(session.last_used_at),
            address: session.address,
            is_this: session.id == this,
        }
    }
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    page: &'a Page,
    own: &'static texts::Texts,
    account: &'a Account,
    since: When,
    notice: Option<&'a str>,
    problems: Problems,
    password_hint: String,
    apps: Vec<AppView>,
    programs: Vec<ProgramView>,
    sessions: Vec<SessionView>,
}

/// Shows the page.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let t = member.page.t;
    let notice = match params.done.as_deref() {
        Some("password") => Some(texts::Texts::of(member.page.language).password_changed),
        Some("session") => Some(t.session_ended),
        Some("sessions") => Some(t.sessions_ended),
        Some("app") => Some(t.app_revoked),
        Some("program") => Some(t.program_ended),
        _ => None,
    };
    render(&console, member, notice, None).await
}

async fn render(
    console: &Console,
    member: Member,
    notice: Option<&str>,
    refused: Option<(ApiError, Problems)>,
) -> Result<Response, ApiError> {
    let page = member.page.at("account", PATH);
    let t = page.t;
    let apps = console.identity.authorizations(member.account.id).await?;
    let programs = console.identity.programs(member.account.id).await?;
    let sessions = console.identity.sessions(member.account.id).await?;
    let (error, problems) = refused.unzip();
    let agents = console.identity.connected_agents(member.account.id).await?;
    let template = AccountPage {
        page: &page,
        own: texts::Texts::of(page.language),
        account: &member.account,
        since: When(member.account.created_at),
        notice,
        problems: problems.unwrap_or_default(),
        password_hint: fill(t.password_hint, rules::MIN_PASSWORD),
        apps: apps.into_iter().map(|app| AppView::new(app, &agents, t)).collect(),
        programs: programs.into_iter().map(|program| ProgramView::new(program, t)).collect(),
        sessions: sessions.into_iter().map(|session| SessionView::new(session, member.session, t)).collect(),
    };
    match error {
        None => page.answer(StatusCode::OK, &template),
        Some(error) => page.refuse(&error, &template),
    }
}

/// Changes the password, or shows the page again with the problems.
pub(crate) async fn change_password(
    State(console): State<Console>,
    member: Member,
    CsrfForm(form): CsrfForm<PasswordForm>,
) -> Result<Response, ApiError> {
    let (identity, also) = (&console.identity, form.also);
    let changed = identity.change_password(&member.account, member.session, (form.old, form.new), also).await;
    let Err(error) = changed else {
        return Ok(Redirect::to("/account?done=password").into_response());
    };
    let t = member.page.t;
    let problems = match error.code() {
        Code::SignInFailed => Problems::one("old", t.old_password_wrong),
        Code::SignInSlowed => Problems::one("old", sign_in::slowed(&error, &member.page)),
        Code::Unprocessable => Problems::of(&error, t, Form::Account),
        _ => return Err(error),
    };
    render(&console, member, None, Some((error, problems))).await
}

/// Ends a session. If it is the current one, the person is signed out.
pub(crate) async fn end_session(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    let id = id_in(&id, Code::NotFound)?;
    if !console.identity.end_session(member.account.id, id).await? {
        return Err(Code::NotFound.into());
    }
    if id == member.session {
        return Ok(sign_in::goodbye(&console));
    }
    Ok(Redirect::to("/account?done=session").into_response())
}

/// Ends all sessions except the current one.
pub(crate) async fn end_other_sessions(
    State(console): State<Console>,
    member: Member,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    console.identity.end_other_sessions(member.account.id, member.session).await?;
    Ok(Redirect::to("/account?done=sessions").into_response())
}
