//! The consent page of OAuth2: the app, the scopes that it requests, and the person's decision.
//!
//! The server stores nothing between page and decision. The form contains the app's whole request, which is
//! checked again when the form is sent.
use store::AccountId;

#[cfg(test)]
mod fuzz_tests;
mod request;
pub(crate) mod texts;

use askama::Template;
use axum::{
    extract::{MatchedPath, RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use identity::{Application, Scope, ScopeSet, grant::Consent, grant::rules};
use web::{ApiError, Code, names};

use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    sign_in::{self, Again},
    texts::fill,
};
use request::{Denied, Destination, Prompt, Request, RequestedAccess, Terms, consent_query};
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

/// A scope on the page.
struct Choice {
    name: &'static str,
    meaning: &'static str,
    is_needed: bool,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    action: &'a str,
    app: &'a Application,
    /// The app's picture, if it is stored on this server.
    icon: Option<&'a str>,
    /// The first letter of the name, shown if there is no picture.
    initial: String,
    query: &'a str,
    title: String,
    by: String,
    signed_in: String,
    /// The address of the form to use another account.
    other_account: String,
    back: String,
    choices: Vec<Choice>,
    problem: Option<&'static str>,
}

/// Shows the page. If the person granted all of this before, redirects to the app at once.
pub(crate) async fn show(
    State(console): State<Console>,
    member: Member,
    path: MatchedPath,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = query.unwrap_or_default();
    let request = parse(&console, path.as_str(), &query);
    let app = console.identity.asking_application(&request.client_id, &request.redirect_uri).await?;
    let asked = match request.asked(terms(&console, &app)) {
        Ok(asked) => asked,
        Err(denied) => return request.deny(denied),
    };
    if let Some(again) = request.sign_in_again() {
        let here = format!("{}?{query}", path.as_str());
        return Ok(Redirect::to(&sign_in::address(again, &here)).into_response());
    }
    if request.prompt() != Prompt::Always {
        let standing = console.identity.standing(member.account.id, &app.id).await?;
        if let Some(granted) = standing.and_then(|standing| rules::silent(&standing, &app, asked.scopes)) {
            return grant(&console, member.account.id, request, (asked, granted), false).await;
        }
    }
    if request.prompt() == Prompt::Never {
        return request.deny(Denied::ConsentRequired);
    }
    page(&console, &member, &app, &request, (path.as_str(), &query), asked, None)
}

/// Parses the app's request. On the route of the standard, the redirect will contain the issuer.
fn parse(console: &Console, path: &str, query: &str) -> Request {
    let issuer = matches!(path, STANDARD | ALIAS).then(|| &*console.public_url);
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
    }
}

/// Returns the redirect with which a request for no page (`prompt=none`) is refused if nobody is signed in.
/// `next` is the address after sign-in; returns `None` if it is no such request.
///
/// # Errors
/// The errors of the consent page that are shown instead of redirecting: unknown app or redirect URI.
pub(crate) async fn refuse_without_page(console: &Console, next: &str) -> Result<Option<Response>, ApiError> {
    let Some((path, query)) = consent_query(next) else { return Ok(None) };
    let request = parse(console, path, query);
    if request.prompt() != Prompt::Never || request.sign_in_again().is_some() {
        return Ok(None);
    }
    let app = console.identity.asking_application(&request.client_id, &request.redirect_uri).await?;
    let denied = request.asked(terms(console, &app)).err().unwrap_or(Denied::LoginRequired);
    request.deny(denied).map(Some)
}

/// Redirects to the app with the decision, or shows the page again if it grants no scope.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    path: MatchedPath,
    CsrfForm(decision): CsrfForm<Decision>,
) -> Result<Response, ApiError> {
    let request = parse(&console, path.as_str(), &decision.query);
    let app = console.identity.asking_application(&request.client_id, &request.redirect_uri).await?;
    let asked = match request.asked(terms(&console, &app)) {
        Ok(asked) => asked,
        Err(denied) => return request.deny(denied),
    };
    if !decision.is_allowed {
        return request.deny(Denied::ByPerson);
    }
    let mut chosen = ScopeSet::EMPTY;
    for scope in decision.scopes.iter().filter_map(|name| Scope::parse(name)) {
        chosen.insert(scope);
    }
    let granted = rules::allowed(asked.scopes, chosen);
    if granted.is_empty() {
        let problem = Some(Texts::of(member.page.language).none);
        return page(&console, &member, &app, &request, (path.as_str(), &decision.query), asked, problem);
    }
    grant(&console, member.account.id, request, (asked, granted), true).await
}

async fn grant(
    console: &Console,
    account: AccountId,
    request: Request,
    (asked, granted): (RequestedAccess, ScopeSet),
    is_answer: bool,
) -> Result<Response, ApiError> {
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
    request.allow(code.expose())
}

fn page(
    console: &Console,
    member: &Member,
    app: &Application,
    request: &Request,
    (path, query): (&str, &str),
    asked: RequestedAccess,
    problem: Option<&'static str>,
) -> Result<Response, ApiError> {
    let here = format!("{path}?{query}");
    let page = member.page.clone().at("", here.as_str()).leading_to(&request.origin());
    let t = Texts::of(page.language);
    // Old names may contain characters that change the direction of text, which are now refused.
    let name = names::cleaned(&app.name);
    let choice = |scope: Scope| Choice {
        name: scope.name(),
        meaning: scope.meaning(page.language),
        is_needed: scope.is_needed(),
    };
    let template = ConsentPage {
        page: &page,
        t,
        action: path,
        app,
        icon: own_picture(&app.icon_url, &console.public_url),
        initial: name.chars().next().map(|first| first.to_uppercase().collect()).unwrap_or_default(),
        query,
        title: fill(t.title, &name),
        by: if app.is_self_registered { t.by_itself.to_owned() } else { fill(t.by, &app.owner) },
        signed_in: fill(t.signed_in, &member.account.email),
        other_account: sign_in::address(Again::Choose, &here),
        back: match request.destination() {
            Destination::Host(host) => fill(t.back, host),
            Destination::Scheme(scheme) => fill(t.back_app, format!("{scheme}:")),
        },
        choices: asked.scopes.iter().map(choice).collect(),
        problem,
    };
    match problem {
        Some(_) => page.refuse(&Code::Unprocessable.into(), &template),
        None => page.answer(StatusCode::OK, &template),
    }
}

/// Returns the path of a picture that is stored on this server, or `None` for any other address. A picture
/// from elsewhere would tell the app's owner who looks at the page.
fn own_picture<'a>(url: &'a str, public_url: &str) -> Option<&'a str> {
    url.strip_prefix(public_url).filter(|path| path.starts_with('/') && !path.starts_with("//"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_from_elsewhere_are_not_shown() {
        let own = |url| own_picture(url, "https://doppel.example");
        assert_eq!(own("https://doppel.example/cdn/a.png"), Some("/cdn/a.png"));
        for other in [
            "",
            "https://evil.example/a.png",
            "https://doppel.example.evil.example/a.png",
            "https://doppel.example//evil.example/a.png",
            "https://doppel.example",
            "//evil.example",
        ] {
            assert_eq!(own(other), None, "{other}");
        }
    }
}
