//! The theme of the pages, and the form that changes it.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, header};

use crate::{
    Console, cookies,
    form::{Fields, VisitorForm},
    next,
};

/// The path to which the form is sent.
pub(crate) const PATH: &str = "/theme";

const COOKIE: &str = "doppel_theme";

/// The theme that a person chose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    Light,
    Dark,
}

impl Theme {
    /// Returns the theme that the cookie names.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        cookies::value(headers, COOKIE).map(Self::parse).unwrap_or_default()
    }

    pub(crate) fn parse(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }

    /// Returns the value of `data-theme`. `None` if the system decides.
    pub(crate) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Auto => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    /// True if this is the theme of the name.
    pub(crate) fn is(self, name: &str) -> bool {
        Self::parse(name) == self
    }
}

/// The form that chooses a theme.
pub(crate) struct Choice {
    theme: Theme,
    back: String,
}

impl From<Fields> for Choice {
    fn from(fields: Fields) -> Self {
        Self { theme: Theme::parse(&fields.text("theme")), back: fields.text("back") }
    }
}

/// Stores the choice in a cookie, and redirects to the page it was made on.
pub(crate) fn choose(
    State(console): State<Console>,
    VisitorForm(choice): VisitorForm<Choice>,
) -> std::future::Ready<Response> {
    let mut response = Redirect::to(next::local(&choice.back)).into_response();
    if let Some(cookie) = cookies::keep(&console, COOKIE, choice.theme.name().unwrap_or("auto")) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    std::future::ready(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_theme_is_the_systems() {
        let of = |cookie: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, cookie.parse().unwrap());
            Theme::of(&headers)
        };
        assert_eq!(of("a=b; doppel_theme=dark"), Theme::Dark);
        assert_eq!(of("doppel_theme=light"), Theme::Light);
        assert_eq!(of("doppel_theme=\"><script>"), Theme::Auto);
        assert_eq!(Theme::of(&HeaderMap::new()), Theme::Auto);
    }
}
