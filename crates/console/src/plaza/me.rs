//! The gate, one's certificate and one's codes.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use plaza::{
    certificate::Certificate,
    invitation::Invitation,
    post::{Author, People},
};
use web::{ApiError, Query};

use super::{Resident, notice, problem, texts::Texts};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    when::When,
};

/// The query of the page.
#[derive(serde::Deserialize)]
pub(crate) struct Asked {
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "plaza/gate.html")]
struct GatePage<'a> {
    page: &'a Page,
    t: &'a Texts,
    alert: Option<String>,
    code: &'a str,
}

/// What those without a certificate see.
pub(super) fn gate(page: Page, error: Option<ApiError>, code: &str) -> Result<Response, ApiError> {
    let page = page.at("plaza", "/plaza");
    let alert = error.as_ref().map(|error| problem(error, &page));
    let template = GatePage { page: &page, t: Texts::of(page.language), alert, code };
    match error {
        Some(error) => page.refuse(&error, &template),
        None => page.answer(StatusCode::OK, &template),
    }
}

/// What is sent to redeem a code.
pub(crate) struct CodeForm(String);

impl From<Fields> for CodeForm {
    fn from(fields: Fields) -> Self {
        Self(fields.text("code").chars().filter(|c| !c.is_control()).take(64).collect())
    }
}

/// Redeems a code, or shows the gate again with what is wrong.
pub(crate) async fn redeem(
    State(console): State<Console>,
    member: Member,
    CsrfForm(CodeForm(code)): CsrfForm<CodeForm>,
) -> Result<Response, ApiError> {
    match console.plaza.redeem(member.account.id, &code).await {
        Ok(_) => Ok(Redirect::to("/plaza/me").into_response()),
        Err(error) if error.code().status().is_client_error() => gate(member.page, Some(error), &code),
        Err(error) => Err(error),
    }
}

/// A code, ready to be shown.
pub(super) struct CodeView {
    pub(super) id: i64,
    pub(super) code: String,
    pub(super) owner: String,
    pub(super) note: String,
    pub(super) created: When,
    /// Who came in with it, and when.
    pub(super) used: Option<(String, When)>,
    pub(super) is_withdrawn: bool,
}

impl CodeView {
    pub(super) fn new(found: Invitation, people: &People) -> Self {
        let name = |id| Author::of(id, people).name().to_owned();
        Self {
            id: found.id,
            code: found.code,
            owner: name(found.account),
            note: found.note,
            created: When(found.created_at),
            used: found.used_by.map(|id| (name(id), When(found.used_at.unwrap_or_default()))),
            is_withdrawn: found.withdrawn_at.is_some(),
        }
    }

    /// Whom a list of codes is about.
    pub(super) fn people(codes: &[Invitation]) -> impl Iterator<Item = i64> {
        codes.iter().flat_map(|code| [Some(code.account), code.used_by]).flatten()
    }
}

#[derive(Template)]
#[template(path = "plaza/me.html")]
struct MePage<'a> {
    page: &'a Page,
    t: &'a Texts,
    notice: Option<&'a str>,
    certificate: Certificate,
    issued: When,
    codes: Vec<CodeView>,
    /// Number and name of each, by name.
    blocked: Vec<(i64, String)>,
}

/// One's certificate, one's codes with who used them, whether one's double may speak, and whom one has blocked.
pub(crate) async fn show(
    State(console): State<Console>,
    Resident(member): Resident,
    Query(asked): Query<Asked>,
) -> Result<Response, ApiError> {
    let account = member.account.id;
    let certificate = console.plaza.certificate(account).await?.ok_or(web::Code::PlazaGate)?;
    let codes = console.plaza.invitations(account).await?;
    let blocked = console.plaza.blocked(account).await?;
    let people = console.plaza.authors(CodeView::people(&codes).chain(blocked.iter().copied())).await?;
    let mut blocked: Vec<(i64, String)> =
        blocked.into_iter().map(|id| (id, Author::of(id, &people).name().to_owned())).collect();
    blocked.sort_unstable_by(|(a, one), (b, other)| one.cmp(other).then(a.cmp(b)));
    let page = member.page.at("plaza", "/plaza/me");
    let t = Texts::of(page.language);
    let template = MePage {
        page: &page,
        t,
        notice: notice(asked.done.as_deref(), t),
        issued: When(certificate.issued_at),
        certificate,
        codes: codes.into_iter().map(|code| CodeView::new(code, &people)).collect(),
        blocked,
    };
    page.answer(StatusCode::OK, &template)
}

/// What is sent to let one's double speak, or not.
pub(crate) struct DoubleForm(bool);

impl From<Fields> for DoubleForm {
    fn from(fields: Fields) -> Self {
        Self(fields.text("speaks") == "1")
    }
}

/// Lets one's double speak, or not.
pub(crate) async fn set_double(
    State(console): State<Console>,
    Resident(member): Resident,
    CsrfForm(DoubleForm(speaks)): CsrfForm<DoubleForm>,
) -> Result<Response, ApiError> {
    console.plaza.let_double_speak(member.account.id, speaks).await?;
    Ok(Redirect::to("/plaza/me?done=saved").into_response())
}

/// What is sent to take a block back.
pub(crate) struct UnblockForm(i64);

impl From<Fields> for UnblockForm {
    fn from(fields: Fields) -> Self {
        // Nobody has the number 0.
        Self(fields.text("user").parse().unwrap_or(0))
    }
}

/// Takes a block back.
pub(crate) async fn unblock(
    State(console): State<Console>,
    Resident(member): Resident,
    CsrfForm(UnblockForm(other)): CsrfForm<UnblockForm>,
) -> Result<Response, ApiError> {
    console.plaza.unblock(member.account.id, other).await?;
    Ok(Redirect::to("/plaza/me?done=saved").into_response())
}
