//! The consent page of OAuth2: the app, the scopes that it requests, and the person's decision.
//!
//! The server stores nothing between page and decision. The form contains the app's whole request, which is
//! checked again when the form is sent.
use store::AccountId;

#[cfg(test)]
mod fuzz_tests;
pub(crate) mod logo;
mod request;
pub(crate) mod texts;
mod view;

use std::net::IpAddr;

use axum::{
    extract::{MatchedPath, RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use identity::{
    Application, ScopeSet,
    grant::{Consent, rules},
};
use web::ApiError;

use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::Member,
    sign_in::{self, Browser},
};
use request::{Denied, Prompt, Request, RequestedAccess, Terms, consent_query};
pub(crate) use request::{after_sign_in, form_sources};
use texts::Texts;

/// The routes to which apps send people.
pub(crate) const PATHS: [&str; 4] = ["/oauth", "/oauth/", STANDARD, ALIAS];
/// The authorization endpoint that the server's metadata names. Its redirects contain the issuer (RFC 9207).
/// Apps written for the SecondMe API use the other routes, whose redirects are exactly those of SecondMe.
const STANDARD: &str = "/oauth/authorize";
/// The authorization endpoint of clients that read no metadata (the default of MCP of 2025-03-26).
const ALIAS: &str = "/authorize";

/// A person's decision.
pub(crate) struct Decision {
    /// The app's request: the query of the page's address.
    query: String,
    is_allowed: bool,
    scopes: Vec<String>,
}

impl From<Fields> for Decision {
    fn from(fields: Fields) -> Self {
        Self {
            query: fields.text("query"),
            is_allowed: fields.text("decision") == "allow",
            scopes: fields.all("scope"),
        }
    }
}

/// Shows the page. If the person granted all of this before, redirects to the app at once.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    browser: Browser,
    path: MatchedPath,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = query.unwrap_or_default();
    let request = parse(&console, path.as_str(), &query);
    let app = asking(&console, &request, browser.client.address).await?;
    let asked = match request.asked(terms(&console, &app)) {
        Ok(asked) => asked,
        Err(denied) => return request::redirect(&request.deny(denied)),
    };
    if let Some(again) = request.sign_in_again() {
        let here = format!("{}?{query}", path.as_str());
        return Ok(Redirect::to(&sign_in::address(again, &here)).into_response());
    }
    let standing = console.identity.standing(member.account.id, &app.id).await?;
    let silent = standing
        .as_ref()
        .filter(|_| request.prompt() != Prompt::Always)
        .and_then(|standing| rules::silent(standing, &app, &request.redirect_uri, asked.scopes));
    if let Some(granted) = silent {
        let location = grant(&console, member.account.id, (&app, &request), (asked, granted), false).await?;
        return request::redirect(&location);
    }
    if request.prompt() == Prompt::Never {
        return request::redirect(&request.deny(Denied::ConsentRequired));
    }
    let asked = (asked, standing.as_ref());
    view::ask(&console, &member, &app, &request, (path.as_str(), &query), asked, None).await
}

/// Returns the app that asks.
async fn asking(console: &Console, request: &Request, address: IpAddr) -> Result<Application, ApiError> {
    console.identity.asking_application(&request.client_id, &request.redirect_uri, address).await
}

/// True if a route is the authorization endpoint of the standards.
fn is_standard(path: &str) -> bool {
    matches!(path, STANDARD | ALIAS)
}

/// Parses the app's request. On the route of the standard, the redirect will contain the issuer.
fn parse(console: &Console, path: &str, query: &str) -> Request {
    let issuer = is_standard(path).then(|| &*console.public_url);
    Request::parse(query, issuer)
}

/// Returns the terms on which an app's request is checked.
fn terms<'a>(console: &'a Console, app: &Application) -> Terms<'a> {
    Terms {
        registered: app.scopes,
        is_self_registered: app.is_self_registered,
        is_public: app.is_public,
        issuer: &console.public_url,
        mcp_scopes: console.identity.settings().oauth.mcp_scopes,
        has_hub: console.identity.settings().oauth.mcp_hub,
    }
}

/// Returns the redirect with which a request for no page (`prompt=none`) is refused if nobody is signed in.
/// `next` is the address after sign-in; returns `None` if it is no such request.
///
/// # Errors
/// The errors of the consent page that are shown instead of redirecting: unknown app or redirect URI.
pub(crate) async fn refuse_without_page(
    console: &Console,
    next: &str,
    address: IpAddr,
) -> Result<Option<Response>, ApiError> {
    let Some((path, query)) = consent_query(next) else { return Ok(None) };
    let request = parse(console, path, query);
    if request.prompt() != Prompt::Never || request.sign_in_again().is_some() {
        return Ok(None);
    }
    let app = asking(console, &request, address).await?;
    let denied = request.asked(terms(console, &app)).err().unwrap_or(Denied::LoginRequired);
    request::redirect(&request.deny(denied)).map(Some)
}

/// Takes the decision to the app, or shows the page again if it grants no scope.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    browser: Browser,
    path: MatchedPath,
    CsrfForm(decision): CsrfForm<Decision>,
) -> Result<Response, ApiError> {
    let path = path.as_str();
    let request = parse(&console, path, &decision.query);
    let app = asking(&console, &request, browser.client.address).await?;
    let asked = match request.asked(terms(&console, &app)) {
        Ok(asked) => asked,
        Err(denied) => return go(path, &member, &request, &request.deny(denied)),
    };
    if !decision.is_allowed {
        return go(path, &member, &request, &request.deny(Denied::ByPerson));
    }
    let granted = rules::allowed(asked.scopes, view::ticked(&decision.scopes));
    if granted.is_empty() {
        let problem = Some(Texts::of(member.page.language).none);
        let standing = console.identity.standing(member.account.id, &app.id).await?;
        let asked = (asked, standing.as_ref());
        return view::ask(&console, &member, &app, &request, (path, &decision.query), asked, problem).await;
    }
    let location = grant(&console, member.account.id, (&app, &request), (asked, granted), true).await?;
    go(path, &member, &request, &location)
}

/// Goes to the app: by a page that leaves, or on the routes of the SecondMe API by a redirect.
fn go(path: &str, member: &Member, request: &Request, location: &str) -> Result<Response, ApiError> {
    if is_standard(path) { view::leave(member, request, location) } else { request::redirect(location) }
}

/// Stores the consent. Returns the app's address with the code.
async fn grant(
    console: &Console,
    account: AccountId,
    (app, request): (&Application, &Request),
    (asked, granted): (RequestedAccess, ScopeSet),
    is_answer: bool,
) -> Result<String, ApiError> {
    console.identity.keep_described(app).await?;
    let consent = Consent {
        application: request.client_id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        audience: asked.audience,
        asked: asked.scopes,
        granted,
        challenge: request.challenge.clone(),
        is_answer,
    };
    let code = console.identity.consent(account, consent).await?;
    Ok(request.allow(code.expose()))
}
