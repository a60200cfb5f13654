//! The consent page of OAuth2: the app, the scopes that it requests, and the person's decision.
//!
//! The server stores nothing between page and decision. The form contains the app's whole request, which is
//! checked again when the form is sent.

#[cfg(test)]
mod fuzz_tests;
mod request;

use askama::Template;
use axum::{
    extract::{MatchedPath, RawQuery, State},
    response::Response,
};
use http::StatusCode;
use identity::{Application, Scope, ScopeSet, grant::Consent, grant::rules};
use web::{ApiError, Code, names};

use crate::{
    Console,
    form::{CsrfForm, Fields},
    page::{Member, Page},
    texts::fill,
};
use request::{Denied, Prompt, Request};

/// The routes to which apps send people.
pub(crate) const PATHS: [&str; 3] = ["/oauth", "/oauth/", STANDARD];
/// The authorization endpoint that the server's metadata names. Its redirects contain the issuer (RFC 9207).
/// Apps written for the SecondMe API use the other routes, whose redirects are exactly those of SecondMe.
const STANDARD: &str = "/oauth/authorize";

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
    let request = parse(&console, &path, &query);
    let app = console.identity.asking_application(&request.client_id, &request.redirect_uri).await?;
    let asked = match request.asked(app.scopes, app.is_public) {
        Ok(asked) => asked,
        Err(denied) => return request.deny(denied),
    };
    if request.prompt() != Prompt::Always {
        let standing = console.identity.standing(member.account.id, &app.id).await?;
        if let Some(granted) = standing.and_then(|standing| rules::silent(&standing, &app, asked)) {
            return grant(&console, member.account.id, request, (asked, granted), false).await;
        }
    }
    if request.prompt() == Prompt::Never {
        return request.deny(Denied::ConsentRequired);
    }
    page(&console, &member, &app, &request, (path.as_str(), &query), asked, None)
}

/// Parses the app's request. On the route of the standard, the redirect will contain the issuer.
fn parse(console: &Console, path: &MatchedPath, query: &str) -> Request {
    let issuer = (path.as_str() == STANDARD).then(|| &*console.public_url);
    Request::parse(query, issuer)
}

/// Redirects to the app with the decision, or shows the page again if it grants no scope.
pub(crate) async fn submit(
    State(console): State<Console>,
    member: Member,
    path: MatchedPath,
    CsrfForm(decision): CsrfForm<Decision>,
) -> Result<Response, ApiError> {
    let request = parse(&console, &path, &decision.query);
    let app = console.identity.asking_application(&request.client_id, &request.redirect_uri).await?;
    let asked = match request.asked(app.scopes, app.is_public) {
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
    let granted = rules::allowed(asked, chosen);
    if granted.is_empty() {
        let problem = Some(member.page.t.consent_none);
        return page(&console, &member, &app, &request, (path.as_str(), &decision.query), asked, problem);
    }
    grant(&console, member.account.id, request, (asked, granted), true).await
}

async fn grant(
    console: &Console,
    account: i64,
    request: Request,
    (asked, granted): (ScopeSet, ScopeSet),
    is_answer: bool,
) -> Result<Response, ApiError> {
    let consent = Consent {
        application: request.client_id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        asked,
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
    asked: ScopeSet,
    problem: Option<&'static str>,
) -> Result<Response, ApiError> {
    let page = member.page.clone().at("", format!("{path}?{query}")).leading_to(&request.origin());
    // Old names may contain characters that change the direction of text, which are now refused.
    let name = names::cleaned(&app.name);
    let choice = |scope: Scope| Choice {
        name: scope.name(),
        meaning: scope.meaning(page.language),
        is_needed: scope.is_needed(),
    };
    let template = ConsentPage {
        page: &page,
        action: path,
        app,
        icon: own_picture(&app.icon_url, &console.public_url),
        initial: name.chars().next().map(|first| first.to_uppercase().collect()).unwrap_or_default(),
        query,
        title: fill(page.t.consent_title, &name),
        by: if app.is_self_registered {
            page.t.consent_by_itself.to_owned()
        } else {
            fill(page.t.consent_by, &app.owner)
        },
        signed_in: fill(page.t.consent_signed_in, &member.account.email),
        back: fill(page.t.consent_back, request.host()),
        choices: asked.iter().map(choice).collect(),
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
