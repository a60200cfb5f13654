//! The language of the pages, and the form that changes it.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, header};
use web::Language;

use crate::{
    Console, cookies,
    form::{Fields, VisitorForm},
    next,
};

/// The path to which the form is sent.
pub(crate) const PATH: &str = "/language";

const COOKIE: &str = "doppel_language";

/// Returns the language that the person chose, or else the one that the browser prefers.
pub(crate) fn of(headers: &HeaderMap) -> Language {
    chosen(headers).unwrap_or_else(|| Language::of(headers))
}

fn chosen(headers: &HeaderMap) -> Option<Language> {
    cookies::value(headers, COOKIE).and_then(Language::from_tag)
}

/// The form that chooses a language.
pub(crate) struct Choice {
    language: String,
    back: String,
}

impl From<Fields> for Choice {
    fn from(fields: Fields) -> Self {
        Self { language: fields.text("language"), back: fields.text("back") }
    }
}

/// Stores the choice in a cookie, and redirects to the page it was made on.
pub(crate) fn choose(
    State(console): State<Console>,
    VisitorForm(choice): VisitorForm<Choice>,
) -> std::future::Ready<Response> {
    let language = Language::from_tag(&choice.language).unwrap_or_default();
    let mut response = Redirect::to(next::local(&choice.back)).into_response();
    if let Some(cookie) = cookies::keep(&console, COOKIE, language.tag()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    std::future::ready(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_counts_before_the_browsers_wish() {
        let speaks = |cookie: &str, accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, cookie.parse().unwrap());
            headers.insert(header::ACCEPT_LANGUAGE, accept.parse().unwrap());
            of(&headers)
        };
        assert_eq!(speaks("a=b", "en"), Language::En);
        assert_eq!(speaks("a=b; doppel_language=zh-CN", "en"), Language::Zh);
        assert_eq!(speaks("doppel_language=en", "zh"), Language::En);
        assert_eq!(speaks("doppel_language=fr", "en"), Language::En, "an unknown choice is none");
        assert_eq!(of(&HeaderMap::new()), Language::Zh);
    }
}
