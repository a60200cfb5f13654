//! The page that shows a key itself, once.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use identity::{
    ScopeSet,
    credential::Secret,
    key::ApiKey,
    scope::{Permission, ReadMemory, ReadShades, ReadUserInfo},
};
use store::Timestamp;
use web::ApiError;

use super::view::KeyView;
use crate::{
    Console,
    page::{Member, Page},
    snippet::{Snippet, address, snippets},
    texts::fill,
    when::When,
};

#[derive(Template)]
#[template(path = "key_shown.html")]
struct ShownPage<'a> {
    page: &'a Page,
    title: &'a str,
    /// The text about the key that it replaces.
    about_old: Option<String>,
    secret: &'a str,
    key: KeyView,
    /// The address that the examples call, if the key can call one.
    url: Option<String>,
    snippets: Vec<Snippet>,
}

/// Shows the page after a key was created.
pub(super) fn created(
    console: &Console,
    member: Member,
    key: ApiKey,
    secret: &Secret,
) -> Result<Response, ApiError> {
    let page = member.page.once("keys");
    render(console, &page, page.t.shown_title, None, key, secret)
}

/// Shows the page after a rotation. The old key ends at `end`.
pub(super) fn rotated(
    console: &Console,
    member: Member,
    key: ApiKey,
    secret: &Secret,
    end: Option<Timestamp>,
) -> Result<Response, ApiError> {
    let page = member.page.once("keys");
    let now = console.clock.now();
    let about_old = match end {
        Some(end) if end > now => fill(page.t.shown_overlap, When(end).text()),
        Some(_) | None => page.t.shown_no_overlap.to_owned(),
    };
    render(console, &page, page.t.shown_rotated_title, Some(about_old), key, secret)
}

fn render(
    console: &Console,
    page: &Page,
    title: &str,
    about_old: Option<String>,
    key: ApiKey,
    secret: &Secret,
) -> Result<Response, ApiError> {
    let url = endpoint(key.scopes).map(|endpoint| address(&console.public_url, endpoint));
    let snippets = url.as_deref().map(|url| snippets(url, Some(secret.expose()))).unwrap_or_default();
    let key = KeyView::new(key, console.clock.now(), page.t);
    let template = ShownPage { page, title, about_old, secret: secret.expose(), key, url, snippets };
    page.answer(StatusCode::OK, &template)
}

/// Returns an endpoint that a key with these scopes can call, for the example command.
fn endpoint(scopes: ScopeSet) -> Option<&'static str> {
    let table = [
        (ReadUserInfo::ANY_OF, "/secondme/user/info"),
        (ReadShades::ANY_OF, "/secondme/user/shades"),
        (ReadMemory::ANY_OF, "/secondme/user/softmemory"),
    ];
    table.into_iter().find(|(any_of, _)| scopes.intersects(*any_of)).map(|(_, endpoint)| endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_one_the_key_can_call() {
        let of = |list| endpoint(ScopeSet::parse_list(list).unwrap());
        assert_eq!(of("*"), Some("/secondme/user/info"));
        assert_eq!(of("chat user.info.shades"), Some("/secondme/user/shades"));
        assert_eq!(of("memory.read"), Some("/secondme/user/softmemory"));
        assert_eq!(of("chat"), None);
    }
}
