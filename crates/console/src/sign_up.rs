//! Sign-up: the first account of a server, accounts with an invitation link, and those of any visitor if
//! sign-up is open.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use identity::{
    NewAccount, Password,
    account::rules,
    credential::{Kind, Secret},
};
use web::{ApiError, Code, Query};

use crate::{
    Console,
    form::{Fields, VisitorForm},
    next,
    page::Page,
    paths::{SETUP, SIGN_UP},
    problems::{Form, Problems},
    sign_in::{self, Browser},
    texts::fill,
};

/// The query of the page.
#[derive(serde::Deserialize)]
pub(crate) struct PageParams {
    link: Option<String>,
    next: Option<String>,
}

/// The sign-up form.
pub(crate) struct SignUpForm {
    name: String,
    email: String,
    password: Password,
    link: String,
    next: String,
}

impl From<Fields> for SignUpForm {
    fn from(fields: Fields) -> Self {
        Self {
            name: fields.text("name"),
            email: fields.text("email"),
            password: Password::new(fields.text("password")),
            link: fields.text("link"),
            next: fields.text("next"),
        }
    }
}

/// The page: sign-up, or set-up of a server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SignUpMode {
    SignUp,
    Setup,
}

impl SignUpMode {
    const fn path(self) -> &'static str {
        match self {
            Self::SignUp => SIGN_UP,
            Self::Setup => SETUP,
        }
    }
}

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUpPage<'a> {
    page: &'a Page,
    mode: SignUpMode,
    name: &'a str,
    email: &'a str,
    link: &'a str,
    next: &'a str,
    sign_in: String,
    problems: Problems,
    password_hint: String,
}

impl<'a> SignUpPage<'a> {
    fn empty(page: &'a Page, mode: SignUpMode, link: &'a str, next: &'a str) -> Self {
        Self {
            page,
            mode,
            name: "",
            email: "",
            link,
            next,
            sign_in: next::with_next(sign_in::PATH, next),
            problems: Problems::default(),
            password_hint: fill(page.t.password_hint, rules::MIN_PASSWORD),
        }
    }
}

/// Shows the sign-up form.
pub(crate) async fn show(
    console: State<Console>,
    page: Page,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    form(&console, page, SignUpMode::SignUp, params).await
}

/// Shows the form for the first account.
pub(crate) async fn show_setup(
    console: State<Console>,
    page: Page,
    Query(params): Query<PageParams>,
) -> Result<Response, ApiError> {
    // Without a valid link it is an ordinary sign-up.
    if params.link.as_deref().and_then(|link| Secret::parse(Kind::SignUpLink, link)).is_none() {
        return Ok(Redirect::to(SIGN_UP).into_response());
    }
    form(&console, page, SignUpMode::Setup, params).await
}

async fn form(
    console: &Console,
    page: Page,
    mode: SignUpMode,
    params: PageParams,
) -> Result<Response, ApiError> {
    let next = next::local(params.next.as_deref().unwrap_or_default());
    if page.who.is_some() {
        return Ok(Redirect::to(next).into_response());
    }
    let link = params.link.as_deref().unwrap_or_default();
    console.identity.check_sign_up(given(link)).await?;
    let page = page.before(next);
    page.answer(StatusCode::OK, &SignUpPage::empty(&page, mode, link, next))
}

/// Creates an account.
pub(crate) async fn submit(
    console: State<Console>,
    page: Page,
    browser: Browser,
    VisitorForm(form): VisitorForm<SignUpForm>,
) -> Result<Response, ApiError> {
    make(&console, page, browser, SignUpMode::SignUp, form).await
}

/// Creates the first account.
pub(crate) async fn submit_setup(
    console: State<Console>,
    page: Page,
    browser: Browser,
    VisitorForm(form): VisitorForm<SignUpForm>,
) -> Result<Response, ApiError> {
    make(&console, page, browser, SignUpMode::Setup, form).await
}

async fn make(
    console: &Console,
    page: Page,
    browser: Browser,
    mode: SignUpMode,
    form: SignUpForm,
) -> Result<Response, ApiError> {
    let next = next::local(&form.next);
    let new = NewAccount {
        email: form.email.clone(),
        name: form.name.clone(),
        password: form.password,
        is_admin: false,
    };
    match console.identity.sign_up(new, given(&form.link), browser.client.address).await {
        Ok(account) => {
            let secret = console.identity.start_session(account.id, &browser.client).await?;
            sign_in::welcome(console, browser, &secret, next).await
        }
        Err(error) if !error.list().is_empty() || error.code() == Code::RateLimited => {
            let page = page.front(next::with_next(&address(mode, &form.link), next)).before(next);
            let problems = match error.code() {
                Code::RateLimited => Problems::one("email", sign_in::slowed(&error, &page)),
                _ => Problems::of(&error, page.t, Form::Account),
            };
            let empty = SignUpPage::empty(&page, mode, &form.link, next);
            page.refuse(&error, &SignUpPage { name: &form.name, email: &form.email, problems, ..empty })
        }
        Err(error) => Err(error),
    }
}

fn address(mode: SignUpMode, link: &str) -> String {
    if link.is_empty() {
        return mode.path().to_owned();
    }
    let value: String = form_urlencoded::byte_serialize(link.as_bytes()).collect();
    format!("{}?link={value}", mode.path())
}

/// Returns the link, or `None` if the field is empty.
fn given(link: &str) -> Option<&str> {
    if link.is_empty() { None } else { Some(link) }
}
