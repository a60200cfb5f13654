//! The page for people without a certificate, and the page of a person's certificate and invitation codes.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use plaza::{
    InvitationId,
    certificate::Certificate,
    invitation::Invitation,
    post::{Author, People},
};
use store::AccountId;
use web::{ApiError, Query};

use super::{CertifiedMember, notice, problem, texts::Texts};
use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    when::When,
};

/// The query of the page.
#[derive(serde::Deserialize)]
pub(crate) struct PageParams {
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

/// Shows the page for people without a certificate, with the form that redeems a code.
pub(super) fn gate(page: Page, error: Option<ApiError>, code: &str) -> Result<Response, ApiError> {
    let page = page.at("plaza", "/plaza");
    let alert = error.as_ref().map(|error| problem(error, &page));
    let template = GatePage { page: &page, t: Texts::of(page.language), alert, code };
    match error {
        Some(error) => page.refuse(&error, &template),
        None => page.answer(StatusCode::OK, &template),
    }
}

/// The form that redeems a code.
pub(crate) struct CodeForm(String);

impl From<Fields> for CodeForm {
    fn from(fields: Fields) -> Self {
        Self(fields.text("code").chars().filter(|c| !c.is_control()).take(64).collect())
    }
}

/// Redeems a code, or shows the form again with the error.
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

/// The data of a code that a page shows.
pub(super) struct CodeView {
    pub(super) id: InvitationId,
    pub(super) code: String,
    pub(super) owner: String,
    pub(super) note: String,
    pub(super) created: When,
    /// The name of the person who redeemed it, and the time.
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

    /// Returns the accounts that codes belong to or were redeemed by.
    pub(super) fn people(codes: &[Invitation]) -> impl Iterator<Item = AccountId> {
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
    /// Id and name of each blocked account, sorted by name.
    blocked: Vec<(AccountId, String)>,
}

/// Shows the person's certificate, their codes, the permission of their assistant, and the accounts they
/// blocked.
pub(crate) async fn show(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    Query(asked): Query<PageParams>,
) -> Result<Response, ApiError> {
    let account = member.account.id;
    let certificate = console.plaza.certificate(account).await?.ok_or(web::Code::PlazaGate)?;
    let codes = console.plaza.invitations(account).await?;
    let blocked = console.plaza.blocked(account).await?;
    let people = console.plaza.authors(CodeView::people(&codes).chain(blocked.iter().copied())).await?;
    let mut blocked: Vec<(AccountId, String)> =
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

/// The form that sets the permission of the assistant to comment.
pub(crate) struct DoubleForm(bool);

impl From<Fields> for DoubleForm {
    fn from(fields: Fields) -> Self {
        Self(fields.text("speaks") == "1")
    }
}

/// Sets the permission of the assistant to comment.
pub(crate) async fn set_double(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    CsrfForm(DoubleForm(speaks)): CsrfForm<DoubleForm>,
) -> Result<Response, ApiError> {
    console.plaza.let_double_speak(member.account.id, speaks).await?;
    Ok(Redirect::to("/plaza/me?done=saved").into_response())
}

/// The form that removes a block.
pub(crate) struct UnblockForm(AccountId);

impl From<Fields> for UnblockForm {
    fn from(fields: Fields) -> Self {
        // No account has the id 0.
        Self(fields.text("user").parse().unwrap_or(AccountId(0)))
    }
}

/// Removes a block.
pub(crate) async fn unblock(
    State(console): State<Console>,
    CertifiedMember(member): CertifiedMember,
    CsrfForm(UnblockForm(other)): CsrfForm<UnblockForm>,
) -> Result<Response, ApiError> {
    console.plaza.unblock(member.account.id, other).await?;
    Ok(Redirect::to("/plaza/me?done=saved").into_response())
}
