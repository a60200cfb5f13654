//! The language of a response, chosen by `Accept-Language`.

use http::{HeaderMap, header};

/// The languages of messages and pages. Chinese unless the client prefers English.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Simplified Chinese, the default.
    #[default]
    Zh,
    /// English, on `Accept-Language: en`.
    En,
}

impl Language {
    /// Returns the language that a request asks for in `Accept-Language`. Of equal weights the first one
    /// wins.
    pub fn of(headers: &HeaderMap) -> Self {
        headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .and_then(Self::preferred)
            .unwrap_or_default()
    }

    /// Returns the supported language with the highest weight in an `Accept-Language` value, if there is one.
    pub fn preferred(accept: &str) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        for item in accept.split(',').take(32) {
            let mut parts = item.split(';');
            let Some(language) = parts.next().and_then(|tag| Self::from_tag(tag.trim())) else { continue };
            let quality = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(1.0, |q| q.trim().parse::<f32>().unwrap_or(0.0));
            if quality > 0.0 && best.is_none_or(|(q, _)| quality > q) {
                best = Some((quality, language));
            }
        }
        best.map(|(_, language)| language)
    }

    /// Returns the language of a tag such as `en`, `en-GB`, or `zh-Hans-CN`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?;
        if primary.eq_ignore_ascii_case("zh") {
            Some(Self::Zh)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else {
            None
        }
    }

    /// Returns the tag for `lang` attributes and cookies.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn picks_the_preferred_supported_language() {
        for (accept, expected) in [
            ("en", Some(Language::En)),
            ("en-US,en;q=0.9", Some(Language::En)),
            ("zh-CN,zh;q=0.9,en;q=0.8", Some(Language::Zh)),
            ("fr, en;q=0.4, zh;q=0.6", Some(Language::Zh)),
            ("en;q=0", None),
            ("en;q=abc, zh;q=0.1", Some(Language::Zh)),
            ("fr", None),
            ("*", None),
        ] {
            assert_eq!(Language::preferred(accept), expected, "{accept}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(accept in ".*") {
            let _ = Language::preferred(&accept);
        }
    }
}
