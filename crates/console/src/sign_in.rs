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
use strum::{EnumString, IntoStaticStr};
use web::{ApiError, ClientAddress, Query};

use crate::{
    Console, consent,
    form::{CsrfForm, Fields, Nothing, VisitorForm},
    next,
    page::Page,
    paths,
    texts::fill,
};

/// The path of the sign-in page.
pub(crate) const PATH: &str = "/sign-in";

/// The reason to show the sign-in form to a person who is signed in. Their session stays until they use the
/// form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Again {
    /// The person may choose another account.
    Choose,
    /// The person has to enter the password again.
    Prove,
}

impl Again {
    /// Returns the name in queries and forms.
    fn name(self) -> &'static str {
        self.into()
    }

    /// Parses a name; returns `None` if it is unknown.
    fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Returns the reason for a value of OpenID Connect's `prompt`; `None` for values that need no sign-in.
    pub(crate) fn of_prompt(word: &str) -> Option<Self> {
        match word {
            "select_account" => Some(Self::Choose),
            "login" => Some(Self::Prove),
            _ => None,
        }
    }
}

/// Returns the address of the form for a person who is signed in.
pub(crate) fn address(again: Again, next: &str) -> String {
    next::with_next(&format!("{PATH}?again={}", again.name()), next)
}

/// The query of the page.
#[derive(serde::Deserialize)]
pub(crate) struct SignInParams {
    next: Option<String>,
    again: Option<String>,
}

/// The sign-in form.
pub(crate) struct SignIn {
    email: String,
    password: Password,
    next: String,
    again: Option<Again>,
}

impl From<Fields> for SignIn {
    fn from(fields: Fields) -> Self {
        Self {
            email: fields.text("email"),
            password: Password::new(fields.text("password")),
            next: fields.text("next"),
            again: Again::parse(&fields.text("again")),
        }
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    page: &'a Page,
    email: &'a str,
    next: &'a str,
    /// The name of the reason to show it to a signed-in person; empty if there is none.
    again: &'static str,
    title: &'static str,
    lead: String,
    /// Address and text of the link that keeps the account.
    stay: Option<(String, String)>,
    problem: Option<String>,
    /// The address of the sign-up page, if sign-up is open.
    sign_up: Option<String>,
    is_set_up: bool,
}

impl<'a> SignInPage<'a> {
    fn new(page: &'a Page, next: &'a str, again: Option<Again>, sign_up: Option<String>) -> Self {
        let (t, who) = (page.t, page.who.as_ref().map_or("", |who| &who.email));
        let (title, lead) = match again {
            None => (t.sign_in, t.sign_in_lead.to_owned()),
            Some(Again::Choose) => (t.sign_in_other, fill(t.sign_in_other_lead, who)),
            Some(Again::Prove) => (t.sign_in_again, fill(t.sign_in_again_lead, who)),
        };
        let stay = || (consent::after_sign_in(next), fill(t.sign_in_continue, who));
        Self {
            page,
            email: if again == Some(Again::Prove) { who } else { "" },
            next,
            again: again.map_or("", Again::name),
            title,
            lead,
            stay: (again == Some(Again::Choose)).then(stay),
            problem: None,
            sign_up,
            is_set_up: true,
        }
    }
}

/// Shows the form. A signed-in person is redirected to `next` unless there is a reason to sign in again.
pub(crate) async fn show(
    State(console): State<Console>,
    page: Page,
    browser: Browser,
    Query(query): Query<SignInParams>,
) -> Result<Response, ApiError> {
    let next = next::local(query.next.as_deref().unwrap_or_default());
    let again = query.again.as_deref().and_then(Again::parse).filter(|_| page.who.is_some());
    if page.who.is_some() && again.is_none() {
        return Ok(Redirect::to(next).into_response());
    }
    if page.who.is_none()
        && let Some(back) = consent::refuse_without_page(&console, next, browser.client.address).await?
    {
        return Ok(back);
    }
    let page = page.before(next);
    let is_set_up = !console.identity.accounts(store::AccountId(0), 1).await?.is_empty();
    let template = SignInPage::new(&page, next, again, sign_up_link(&console, next).await?);
    page.answer(StatusCode::OK, &SignInPage { is_set_up, ..template })
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
            let again = form.again.filter(|_| page.who.is_some());
            let here = again.map_or_else(|| next::with_next(PATH, next), |again| address(again, next));
            // Without a reason, the page must not look as if the refused form had signed the person in.
            let page = if again.is_some() { page.at("", here) } else { page.front(here) }.before(next);
            let problem = Some(slowed(&error, &page));
            let template = SignInPage::new(&page, next, again, sign_up_link(&console, next).await?);
            page.refuse(&error, &SignInPage { email: &form.email, problem, ..template })
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

/// Sets the cookie of the new session, ends the browser's previous session, and redirects to `next` (if that
/// is the consent page, without a `prompt` that would ask for another sign-in).
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
    let next = consent::after_sign_in(next::local(next));
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&next)).into_response())
}

async fn sign_up_link(console: &Console, next: &str) -> Result<Option<String>, ApiError> {
    let is_open = console.identity.sign_up_mode().await? == SignUp::Open;
    Ok(is_open.then(|| next::with_next(paths::SIGN_UP, next)))
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
