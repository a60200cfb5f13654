//! The page that shows an app's secrets, once.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use identity::Application;
use web::ApiError;

use super::{snippet, texts::Texts};
use crate::{
    page::{Member, Page},
    snippet::Snippet,
};

#[derive(Template)]
#[template(path = "apps_shown.html")]
struct ShownPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    title: &'a str,
    app: &'a Application,
    is_new: bool,
    client_secret: Option<String>,
    webhook_secret: Option<String>,
    /// Code with the values of the app, if it has a secret that can be shown.
    snippets: Vec<Snippet>,
}

/// Shows the page after an app was created.
pub(super) fn created(
    public_url: &str,
    member: Member,
    app: &Application,
    client_secret: Option<String>,
    webhook_secret: Option<String>,
) -> Result<Response, ApiError> {
    render(public_url, member, app, true, client_secret, webhook_secret)
}

/// Shows the page after a new secret was created.
pub(super) fn changed(
    public_url: &str,
    member: Member,
    app: &Application,
    client_secret: Option<String>,
    webhook_secret: Option<String>,
) -> Result<Response, ApiError> {
    render(public_url, member, app, false, client_secret, webhook_secret)
}

fn render(
    public_url: &str,
    member: Member,
    app: &Application,
    is_new: bool,
    client_secret: Option<String>,
    webhook_secret: Option<String>,
) -> Result<Response, ApiError> {
    let page = member.page.once("apps");
    let t = Texts::of(page.language);
    let title = if is_new { t.shown_title } else { t.shown_secret_title };
    let snippets = match &client_secret {
        Some(secret) => snippet::snippets(public_url, app, secret),
        None => Vec::new(),
    };
    let template = ShownPage { page: &page, t, title, app, is_new, client_secret, webhook_secret, snippets };
    page.answer(StatusCode::OK, &template)
}
