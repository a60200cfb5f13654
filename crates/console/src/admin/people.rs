//! `/admin/people`: accounts, their roles, and who may create one.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use identity::{Account, SignUp};
use store::AccountId;
use web::{ApiError, Code, Query};

use super::{Admin, texts::Texts};
use crate::{
    Console,
    form::{CsrfForm, Fields, Nothing},
    page::{Member, Page},
    paths,
    texts::fill,
    when::When,
};

pub(super) const PATH: &str = "/admin/people";
/// Most accounts of a page.
const PAGE: usize = 50;
/// Lifetime of an invitation in seconds: a week.
const INVITATION_SECONDS: i64 = 7 * 86_400;

/// The query of the page.
#[derive(Default, serde::Deserialize)]
pub(crate) struct PageParams {
    text: Option<String>,
    after: Option<String>,
    done: Option<String>,
}

/// The form of one account.
pub(crate) struct ChangeForm {
    id: String,
    what: String,
}

impl From<Fields> for ChangeForm {
    fn from(fields: Fields) -> Self {
        Self { id: fields.text("id"), what: fields.text("what") }
    }
}

/// The form of who may create an account.
pub(crate) struct SignUpForm(String);

impl From<Fields> for SignUpForm {
    fn from(fields: Fields) -> Self {
        Self(fields.text("mode"))
    }
}

struct PersonView {
    id: AccountId,
    name: String,
    email: String,
    created: When,
    is_admin: bool,
    is_disabled: bool,
    /// True for the administrator who reads the page. They do not change their own role here.
    is_self: bool,
}

/// A link that is shown once.
struct LinkView {
    title: String,
    hint: &'static str,
    url: String,
}

#[derive(Template)]
#[template(path = "admin/people.html")]
struct PeoplePage<'a> {
    page: &'a Page,
    t: &'static Texts,
    notice: Option<&'static str>,
    link: Option<LinkView>,
    modes: [(&'static str, &'static str, bool); 3],
    is_closed: bool,
    text: String,
    people: Vec<PersonView>,
    none: Option<String>,
    next: Option<String>,
}

/// Shows one page of the accounts.
pub(crate) async fn show(
    State(console): State<Console>,
    Admin(member): Admin,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    let member = Member { page: member.page.at("admin", PATH), ..member };
    render(&console, &member, params, None).await
}

async fn render(
    console: &Console,
    member: &Member,
    params: PageParams,
    link: Option<LinkView>,
) -> Result<Response, ApiError> {
    let page = &member.page;
    let t = Texts::of(page.language);
    let text: String = params.text.unwrap_or_default().trim().chars().take(254).collect();
    let after = params.after.as_deref().and_then(|id| id.parse().ok()).unwrap_or(AccountId(0));
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut found = console.identity.find_accounts(&text, after, limit).await?;
    let has_more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| has_more).map(|last| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("text", &text).append_pair("after", &last.id.to_string());
        format!("{PATH}?{}", query.finish())
    });
    let mode = console.identity.sign_up_mode().await?;
    let choice = |other: SignUp, label| (other.name(), label, other == mode);
    let template = PeoplePage {
        page,
        t,
        notice: params.done.is_some().then_some(t.people_done),
        link,
        modes: [
            choice(SignUp::Closed, t.sign_up_closed),
            choice(SignUp::Invitation, t.sign_up_invitation),
            choice(SignUp::Open, t.sign_up_open),
        ],
        is_closed: mode == SignUp::Closed,
        text,
        people: found.into_iter().map(|account| view(account, member.account.id)).collect(),
        none: None,
        next,
    };
    page.answer(StatusCode::OK, &template)
}

fn view(account: Account, own: AccountId) -> PersonView {
    PersonView {
        id: account.id,
        name: account.name,
        email: account.email,
        created: When(account.created_at),
        is_admin: account.is_admin,
        is_disabled: account.disabled_at.is_some(),
        is_self: account.id == own,
    }
}

/// Changes the role or the state of an account, or makes a link for a new password.
pub(crate) async fn change(
    State(console): State<Console>,
    Admin(member): Admin,
    CsrfForm(form): CsrfForm<ChangeForm>,
) -> Result<Response, ApiError> {
    let id: AccountId = form.id.parse().map_err(|_no_number| Code::NotFound)?;
    let account = console.identity.account(id).await?.ok_or(Code::NotFound)?;
    // Nobody locks themself out, so there is always an administrator.
    if id == member.account.id && form.what != "password" {
        return Err(ApiError::new(Code::InvalidParam).with("id"));
    }
    match form.what.as_str() {
        "disable" => console.identity.set_disabled(id, true).await?,
        "enable" => console.identity.set_disabled(id, false).await?,
        "promote" => console.identity.set_admin(id, true).await?,
        "demote" => console.identity.set_admin(id, false).await?,
        "password" => {
            let secret = console.identity.password_link(id).await?;
            let t = Texts::of(member.page.language);
            let link = LinkView {
                title: fill(t.password_link, account.email),
                hint: t.password_link_hint,
                url: format!("{}{}?link={}", console.public_url, paths::NEW_PASSWORD, secret.expose()),
            };
            return shown_once(&console, member, link).await;
        }
        _ => return Err(ApiError::new(Code::InvalidParam).with("what")),
    }
    Ok(Redirect::to("/admin/people?done=saved").into_response())
}

/// Makes an invitation, which lets its holder create one account.
pub(crate) async fn invite(
    State(console): State<Console>,
    Admin(member): Admin,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    if console.identity.sign_up_mode().await? == SignUp::Closed {
        return Err(Code::SignUpClosed.into());
    }
    let secret = console.identity.invitation_link(INVITATION_SECONDS).await?;
    let t = Texts::of(member.page.language);
    let url = format!("{}{}?link={}", console.public_url, paths::SIGN_UP, secret.expose());
    shown_once(&console, member, LinkView { title: t.invitation.to_owned(), hint: t.invitation_hint, url })
        .await
}

async fn shown_once(console: &Console, member: Member, link: LinkView) -> Result<Response, ApiError> {
    let member = Member { page: member.page.once("admin"), ..member };
    render(console, &member, PageParams::default(), Some(link)).await
}

/// Sets who may create an account.
pub(crate) async fn set_sign_up(
    State(console): State<Console>,
    Admin(_member): Admin,
    CsrfForm(SignUpForm(mode)): CsrfForm<SignUpForm>,
) -> Result<Response, ApiError> {
    let mode: SignUp = mode.parse().map_err(|_unknown| ApiError::new(Code::InvalidParam).with("mode"))?;
    console.identity.set_sign_up_mode(mode).await?;
    Ok(Redirect::to("/admin/people?done=saved").into_response())
}
