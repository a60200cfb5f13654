//! The consent page as it is shown: who asks, where the answer goes, and a box for each scope.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use identity::{Application, Scope, ScopeSet, application::redirect, grant::Standing};
use web::{ApiError, Code, names};

use super::{
    logo,
    request::{Destination, Request, RequestedAccess},
    texts::Texts,
};
use crate::{
    Console,
    icons::own_picture,
    page::{Member, Page},
    sign_in::{self, Again},
    texts::fill,
    when::When,
};

/// A box for a scope.
struct Choice {
    name: &'static str,
    meaning: &'static str,
    is_needed: bool,
    is_ticked: bool,
    /// A remark about the person's earlier answer.
    note: Option<&'static str>,
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
    /// The address of the picture that the app's document names.
    logo: Option<String>,
    /// The first letter of the name, shown if there is no picture.
    initial: String,
    query: &'a str,
    title: String,
    /// The account or host that vouches for the app.
    by: String,
    is_verified: bool,
    server: String,
    signed_in: String,
    /// The address of the form to use another account.
    other_account: String,
    back: String,
    warning: Option<&'static str>,
    reads: Vec<Choice>,
    writes: Vec<Choice>,
    problem: Option<&'static str>,
}

/// A page that leaves for the app's redirect URI. The answer of a form cannot redirect to an app: browsers
/// apply the form's security policy to the redirect, and pop-ups do not follow it.
#[derive(Template)]
#[template(path = "consent_leave.html")]
struct LeavePage<'a> {
    page: &'a Page,
    t: &'static Texts,
    title: String,
    location: &'a str,
}

/// Renders the consent page. `standing` is the person's earlier answer to the same app.
pub(super) fn ask(
    console: &Console,
    member: &Member,
    app: &Application,
    request: &Request,
    (path, query): (&str, &str),
    (asked, standing): (RequestedAccess, Option<&Standing>),
    problem: Option<&'static str>,
) -> Result<Response, ApiError> {
    let here = format!("{path}?{query}");
    let page = member.page.clone().at("", here.as_str()).leading_to(&request.origin());
    let t = Texts::of(page.language);
    // Old names may contain characters that change the direction of text, which are now refused.
    let name = names::cleaned(&app.name);
    let choices = |is_write: bool| {
        let scopes = asked.scopes.iter().filter(|scope| scope.may_change() == is_write);
        scopes.map(|scope| choice(scope, standing, t, &page)).collect()
    };
    let described = app.document.as_ref();
    let template = ConsentPage {
        page: &page,
        t,
        action: path,
        app,
        icon: own_picture(&app.icon_url, &console.public_url),
        logo: described.filter(|document| !document.logo_uri.is_empty()).map(|_| logo::address(&app.id)),
        initial: name.chars().next().map(|first| first.to_uppercase().collect()).unwrap_or_default(),
        query,
        title: fill(t.title, &name),
        by: by(app, t),
        is_verified: app.host().is_some() || !app.is_self_registered,
        server: fill(t.server, &console.public_url),
        signed_in: fill(t.signed_in, &member.account.email),
        other_account: sign_in::address(Again::Choose, &here),
        back: back(request, t),
        warning: warning(request, app, t),
        reads: choices(false),
        writes: choices(true),
        problem,
    };
    match problem {
        Some(_) => page.refuse(&Code::Unprocessable.into(), &template),
        None => page.answer(StatusCode::OK, &template),
    }
}

/// Renders the page that leaves for the app.
pub(super) fn leave(member: &Member, request: &Request, location: &str) -> Result<Response, ApiError> {
    let page = member.page.clone().once("").leading_to(&request.origin());
    let t = Texts::of(page.language);
    let title = match request.destination() {
        Destination::Host(host) => fill(t.leaving, host),
        Destination::Scheme(scheme) => fill(t.leaving, format!("{scheme}:")),
    };
    page.answer(StatusCode::OK, &LeavePage { page: &page, t, title, location })
}

fn choice(scope: Scope, standing: Option<&Standing>, t: &'static Texts, page: &Page) -> Choice {
    let abilities = scope.abilities();
    let was_asked = standing.is_some_and(|standing| standing.asked.abilities().covers(abilities));
    let was_granted = standing.is_some_and(|standing| standing.scopes.abilities().covers(abilities));
    let is_refused = was_asked && !was_granted && !scope.is_needed();
    let note = match standing {
        Some(_) if is_refused => Some(t.refused_before),
        Some(_) if !was_asked => Some(t.new),
        _ => None,
    };
    Choice {
        name: scope.name(),
        meaning: scope.meaning(page.language),
        is_needed: scope.is_needed(),
        is_ticked: !is_refused,
        note,
    }
}

/// Returns who vouches for the app.
fn by(app: &Application, t: &Texts) -> String {
    match app.host() {
        Some(host) => fill(t.by_host, names::cleaned(host)),
        None if app.is_self_registered => fill(t.by_itself, When(app.created_at).text()),
        None => fill(t.by, &app.owner),
    }
}

/// Returns where the person goes after the answer.
fn back(request: &Request, t: &Texts) -> String {
    match request.destination() {
        _ if redirect::is_local(&request.redirect_uri) => fill(t.back_local, local(request)),
        Destination::Host(host) => fill(t.back, host),
        Destination::Scheme(scheme) => fill(t.back_app, format!("{scheme}:")),
    }
}

/// Returns the host or the scheme of a program on the person's machine.
fn local(request: &Request) -> String {
    match request.destination() {
        Destination::Host(host) => host.to_owned(),
        Destination::Scheme(scheme) => format!("{scheme}:"),
    }
}

/// Returns what the person should know about the way back.
fn warning(request: &Request, app: &Application, t: &Texts) -> Option<&'static str> {
    let uri = &request.redirect_uri;
    if redirect::is_local(uri) && (app.is_public || app.is_self_registered) {
        Some(t.local_warning)
    } else if uri.starts_with("http://") && !redirect::is_local(uri) {
        Some(t.http_warning)
    } else {
        None
    }
}

/// Returns the scopes that a person ticked.
pub(super) fn ticked(names: &[String]) -> ScopeSet {
    names.iter().filter_map(|name| Scope::parse(name)).fold(ScopeSet::EMPTY, |mut set, scope| {
        set.insert(scope);
        set
    })
}
