//! Sign-in and sign-out.

use std::net::{IpAddr, Ipv4Addr};

use askama::Template;
use axum::{
    extract::{FromRequestParts, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{StatusCode, header, request::Parts};
use identity::{
    Caller, Credential, Password, SignUp,
    credential::{Kind, Secret},
    session::Client,
};
use web::{ApiError, ClientAddress, Query};

use crate::{
    Console,
    form::{CsrfForm, Fields, Nothing, VisitorForm},
    next,
    page::Page,
    sign_up,
    texts::fill,
};

/// The path of the sign-in page.
pub(crate) const PATH: &str = "/sign-in";

/// The query of the page.
#[derive(serde::Deserialize)]
pub(crate) struct Wish {
    next: Option<String>,
}

/// The sign-in form.
pub(crate) struct SignIn {
    email: String,
    password: Password,
    next: String,
}

impl From<Fields> for SignIn {
    fn from(fields: Fields) -> Self {
        Self {
            email: fields.text("email"),
            password: Password::new(fields.text("password")),
            next: fields.text("next"),
        }
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    page: &'a Page,
    email: &'a str,
    next: &'a str,
    problem: Option<String>,
    /// The address of the sign-up page, if sign-up is open.
    sign_up: Option<String>,
    is_set_up: bool,
}

/// Shows the form.
pub(crate) async fn show(
    State(console): State<Console>,
    page: Page,
    Query(wish): Query<Wish>,
) -> Result<Response, ApiError> {
    let next = next::local(wish.next.as_deref().unwrap_or_default());
    if page.who.is_some() {
        return Ok(Redirect::to(next).into_response());
    }
    let page = page.before(next);
    let is_set_up = !console.identity.accounts(0, 1).await?.is_empty();
    let sign_up = sign_up_link(&console, next);
    let template = SignInPage { page: &page, email: "", next, problem: None, sign_up, is_set_up };
    page.answer(StatusCode::OK, &template)
}

/// Signs the person in, or shows the form again with the problem.
pub(crate) async fn submit(
    State(console): State<Console>,
    page: Page,
    browser: Browser,
    VisitorForm(form): VisitorForm<SignIn>,
) -> Result<Response, ApiError> {
    let next = next::local(&form.next);
    match console.identity.sign_in(&form.email, &form.password, &browser.client).await {
        Ok(secret) => welcome(&console, browser, &secret, next).await,
        Err(error) if error.code().status().is_client_error() => {
            let page = page.front(next::with_next(PATH, next)).before(next);
            let problem = slowed(&error, &page);
            let sign_up = sign_up_link(&console, next);
            let template = SignInPage {
                page: &page,
                email: &form.email,
                next,
                problem: Some(problem),
                sign_up,
                is_set_up: true,
            };
            page.refuse(&error, &template)
        }
        Err(error) => Err(error),
    }
}

/// Ends the current session.
pub(crate) async fn sign_out(
    State(console): State<Console>,
    caller: Caller,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    if let Credential::Session { secret, .. } = caller.credential() {
        console.identity.sign_out(secret).await?;
    }
    Ok(goodbye(&console))
}

/// Removes the session cookie and redirects to the sign-in page.
pub(crate) fn goodbye(console: &Console) -> Response {
    ([(header::SET_COOKIE, console.cookies().clear_session())], Redirect::to(PATH)).into_response()
}

/// Sets the cookie of the new session, ends the browser's previous session, and redirects to `next`.
pub(crate) async fn welcome(
    console: &Console,
    browser: Browser,
    secret: &Secret,
    next: &str,
) -> Result<Response, ApiError> {
    if let Some(old) = browser.session {
        console.identity.sign_out(&old).await?;
    }
    let seconds = console.identity.settings().session.as_secs();
    let cookie = console.cookies().set_session(secret, seconds);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next::local(next))).into_response())
}

fn sign_up_link(console: &Console, next: &str) -> Option<String> {
    (console.identity.settings().sign_up == SignUp::Open).then(|| next::with_next(sign_up::PATH, next))
}

/// Returns the message of an error, or for rate limits the time until the next attempt.
pub(crate) fn slowed(error: &ApiError, page: &Page) -> String {
    match error.wait() {
        Some(1) => page.t.slowed_one.to_owned(),
        Some(seconds) => fill(page.t.slowed, seconds),
        None => error.message(page.language),
    }
}

/// Extracts the address and user agent of a sign-in, and the session that it replaces.
pub(crate) struct Browser {
    pub(crate) client: Client,
    session: Option<Secret>,
}

impl FromRequestParts<Console> for Browser {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Self::Rejection> {
        let address =
            parts.extensions.get().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ClientAddress(ip)| *ip);
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let client = Client { address, user_agent: user_agent.unwrap_or_default().to_owned() };
        let session = console.cookies().session(&parts.headers);
        Ok(Self { client, session: session.and_then(|text| Secret::parse(Kind::Session, text)) })
    }
}
