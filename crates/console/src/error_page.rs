//! Errors as pages, and the headers of every response of this crate.

use askama::Template;
use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use web::{ApiError, Code, Language, names};

use crate::{
    keys,
    page::Page,
    policy::{Framed, POLICY},
    sign_in,
    texts::Texts,
};

const ALWAYS: [(HeaderName, HeaderValue); 4] = [
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// Most characters of an input that an error page repeats.
const MAX_SHOWN: usize = 300;

/// The page of an error, with an explanation and a link.
#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    page: &'a Page,
    title: &'a str,
    lead: &'a str,
    /// The rejected input, and the text before it.
    came: Option<(&'a str, String)>,
    link: (&'a str, &'a str),
    request_id: Option<&'a str>,
}

/// Middleware that adds headers to every response of this crate.
pub(crate) async fn layer(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let is_framed = response.extensions().get::<Framed>().is_some();
    add_headers(response.headers_mut());
    if is_framed {
        // Its policy says which pages may show it.
        response.headers_mut().remove(header::X_FRAME_OPTIONS);
    }
    response
}

/// Renders the page of an error.
pub(crate) fn render(error: &ApiError, language: Language, request_id: &str) -> Response {
    let page = Page::bare(language);
    let message = error.message(language);
    let (title, lead) = explain(error, page.t, &message);
    let link = way_out(error.code(), page.t);
    // The id leads to the line in the log, which only has errors of the server.
    let request_id = Some(request_id).filter(|_| error.code().status().is_server_error());
    let came = came(error, page.t, language);
    let template = ErrorPage { page: &page, title, lead, came, link, request_id };
    let mut response = match page.refuse(error, &template) {
        Ok(response) => response,
        Err(unrendered) => unrendered.render(language),
    };
    add_headers(response.headers_mut());
    response
}

/// Returns the rejected redirect URI and the text before it, for the app's developer; `None` for other
/// errors. The registered URIs are not shown.
fn came(error: &ApiError, t: &'static Texts, language: Language) -> Option<(&'static str, String)> {
    if error.code() != Code::OauthRedirectMismatch {
        return None;
    }
    let address: String = names::cleaned(error.argument(language)).chars().take(MAX_SHOWN).collect();
    let text = if address.is_empty() { t.error_redirect_none } else { t.error_redirect_came };
    Some((text, address))
}

fn explain<'a>(error: &ApiError, t: &'a Texts, message: &'a str) -> (&'a str, &'a str) {
    match error.code() {
        Code::CsrfRejected => (t.error_csrf, t.error_csrf_lead),
        Code::SignUpClosed => (t.error_closed, t.error_closed_lead),
        Code::OauthApplicationNotFound => (t.error_app, t.error_app_lead),
        Code::OauthRedirectMismatch => (t.error_redirect, t.error_redirect_lead),
        Code::OauthApplicationPending | Code::OauthApplicationRejected | Code::OauthApplicationSuspended => {
            (t.error_app_status, t.error_app_status_lead)
        }
        Code::SessionRequired => (t.error_key, t.error_key_lead),
        code => match code.status().as_u16() {
            401 => (t.error_sign_in, t.error_sign_in_lead),
            404 => (t.error_not_found, t.error_not_found_lead),
            405 => (t.error_method, t.error_method_lead),
            429 => (t.error_slow, t.error_slow_lead),
            503 => (t.error_busy, t.error_busy_lead),
            500.. => (t.error_internal, t.error_internal_lead),
            _ => (t.error_request, message),
        },
    }
}

/// Returns the link on the page: address and text.
fn way_out(code: Code, t: &Texts) -> (&'static str, &'static str) {
    match code {
        Code::ApikeyNotFound => (keys::PATH, t.nav_keys),
        Code::SignUpClosed | Code::AuthMissing => (sign_in::PATH, t.sign_in),
        _ => ("/", t.back_home),
    }
}

fn add_headers(headers: &mut HeaderMap) {
    for (name, value) in ALWAYS {
        headers.insert(name, value);
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(POLICY);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_page_with_its_status_and_the_headers() {
        for code in Code::ALL {
            for language in [Language::Zh, Language::En] {
                let response = render(&ApiError::new(*code).with("<b>").retry_after(7), language, "id");
                assert_eq!(response.status(), code.status());
                assert_eq!(response.headers()[header::RETRY_AFTER], "7");
                assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
                assert_eq!(response.headers()[header::CONTENT_SECURITY_POLICY], POLICY);
                assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
            }
        }
    }
}
