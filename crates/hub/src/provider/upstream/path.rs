//! Paths of upstream requests, filled in from a template and arguments. No I/O.
//!
//! Percent-encoding an argument does not keep it inside its segment: URL parsers read `%2E%2E` as `..`, and
//! servers and proxies behind the Hub decode a path before they route it. So the finished URL is checked,
//! and each segment with an argument is checked again after decoding.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::Url;

use crate::{
    call::{HubCode, HubError},
    provider::template::{Piece, Template},
};

/// Characters of an argument that are percent-encoded: all but the unreserved ones, and `.` too.
const ARGUMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');
/// Characters of a template's own text that a URL parser would encode or treat as a separator.
const LITERAL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
/// Maximum number of times that a segment is decoded for the check.
const MAX_DECODES: usize = 8;

/// Returns the URL of a path below `base`, or `None` if the URL parser changes the path, as it does with
/// dot segments.
pub(super) fn below(base: &Url, path: &str) -> Option<Url> {
    let mut url = base.clone();
    if !path.is_empty() {
        let whole = format!("{}/{path}", base.path().trim_end_matches('/'));
        url.set_path(&whole);
        if url.path() != whole {
            return None;
        }
    }
    Some(url)
}

/// Encodes literal text of a definition as the URL parser would.
pub(super) fn literal(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, LITERAL).into()
}

/// A path with arguments in it.
pub(super) struct PathTemplate(Template);

/// A path segment under construction.
#[derive(Default)]
struct Segment<'t> {
    text: String,
    /// The last argument in the segment.
    argument: Option<&'t str>,
}

impl Segment<'_> {
    /// Checks a segment that contains an argument.
    ///
    /// # Errors
    /// `INVALID_PARAMS`, naming the argument, if it would leave the segment.
    fn check(&self) -> Result<(), HubError> {
        match self.argument {
            Some(name) if !stays_in_place(&self.text) => Err(leaves(name)),
            _ => Ok(()),
        }
    }
}

fn leaves(name: &str) -> HubError {
    HubError::argument(name, "is part of the path, so it cannot be empty, \".\" or \"..\"")
}

/// Returns true if a segment stays a single one, however often a server decodes it: it is not empty and has
/// no dot segments.
fn stays_in_place(segment: &str) -> bool {
    let mut text = segment.as_bytes().to_vec();
    for _ in 0..MAX_DECODES {
        let parts = || text.split(|byte| matches!(byte, b'/' | b'\\'));
        // Servers that know path parameters read `..;x` as `..`.
        let name = |part: &[u8]| part.split(|byte| *byte == b';').next().unwrap_or_default().to_vec();
        if text.is_empty() || parts().any(|part| matches!(name(part).as_slice(), b"." | b"..")) {
            return false;
        }
        let decoded: Vec<u8> = percent_encoding::percent_decode(&text).collect();
        if decoded == text {
            return true;
        }
        text = decoded;
    }
    false
}

impl PathTemplate {
    /// Parses a template.
    ///
    /// # Errors
    /// A message if the template is malformed, or if its literal text has dot segments.
    pub(super) fn parse(path: &str) -> Result<Self, &'static str> {
        const LEAVES: &str = "Input should be a path without . and ..";
        let template = Self(Template::parse(path.trim_start_matches('/'))?);
        let example = template.fill(|_name| Some(Cow::from("x"))).map_err(|_error| LEAVES)?;
        let base = Url::parse("http://host/base").map_err(|_never| LEAVES)?;
        // Servers decode the literal text, too.
        let decoded = percent_decode_str(&example).decode_utf8_lossy();
        let has_dots = decoded.split(['/', '\\']).any(|part| matches!(part, "." | ".."));
        if has_dots || below(&base, &example).is_none() {
            return Err(LEAVES);
        }
        Ok(template)
    }

    /// Returns the URL below `base` with the arguments filled in as `argument` serializes them.
    ///
    /// # Errors
    /// `INVALID_PARAMS` if an argument is missing or would leave its segment.
    pub(super) fn url<'t, 'a>(
        &'t self,
        base: &Url,
        argument: impl Fn(&'t str) -> Option<Cow<'a, str>>,
    ) -> Result<Url, HubError> {
        let path = self.fill(argument)?;
        below(base, &path).ok_or_else(|| {
            HubError::new(HubCode::InvalidParams)
                .with("an argument that is part of the path would change the path")
        })
    }

    fn fill<'t, 'a>(
        &'t self,
        argument: impl Fn(&'t str) -> Option<Cow<'a, str>>,
    ) -> Result<String, HubError> {
        let mut segments = vec![Segment::default()];
        for piece in self.0.pieces() {
            match piece {
                Piece::Text(text) => {
                    let mut parts = text.split('/');
                    if let (Some(part), Some(last)) = (parts.next(), segments.last_mut()) {
                        last.text.push_str(&literal(part));
                    }
                    segments.extend(
                        parts.map(|part| Segment { text: literal(part).into_owned(), argument: None }),
                    );
                }
                Piece::Argument { name, absent } => {
                    let missing = || HubError::argument(name, "is missing, and is part of the path");
                    let text =
                        argument(name).or_else(|| absent.as_deref().map(Cow::from)).ok_or_else(missing)?;
                    if let Some(last) = segments.last_mut() {
                        last.text.extend(utf8_percent_encode(&text, ARGUMENT));
                        last.argument = Some(name);
                    }
                }
            }
        }
        segments.iter().try_for_each(Segment::check)?;
        let texts: Vec<String> = segments.into_iter().map(|segment| segment.text).collect();
        Ok(texts.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::provider::template::text_of;

    fn base() -> Url {
        Url::parse("http://host:1/v1/public").unwrap()
    }

    fn url(template: &str, arguments: &Value) -> Result<String, HubError> {
        let template = PathTemplate::parse(template).unwrap();
        let url = template.url(&base(), |name| arguments.get(name).and_then(text_of));
        url.map(|url| url.path().to_owned())
    }

    #[test]
    fn an_argument_stays_in_its_segment() {
        for (argument, expected) in [
            ("北京", "%E5%8C%97%E4%BA%AC"),
            ("a/b", "a%2Fb"),
            ("a\\b", "a%5Cb"),
            ("1.5", "1%2E5"),
            ("...", "%2E%2E%2E"),
            ("..a", "%2E%2Ea"),
            ("a?b#c", "a%3Fb%23c"),
            ("100%", "100%25"),
            (" ", "%20"),
            ("\n\t", "%0A%09"),
        ] {
            assert_eq!(
                url("/users/{id}/p", &json!({"id": argument})).unwrap(),
                format!("/v1/public/users/{expected}/p")
            );
        }
    }

    #[test]
    fn an_argument_that_would_leave_its_segment_is_refused() {
        for argument in [
            "",
            ".",
            "..",
            "%2e",
            "%2E%2e",
            ".%2E",
            "%252e%252e",
            "../x",
            "x/..",
            "x/../../y",
            "..\\x",
            "x%2f..%2fy",
            "..;",
            "..;a=b",
            "/..",
            "北京/..",
        ] {
            let error = url("/users/{id}/profile", &json!({"id": argument})).unwrap_err();
            assert_eq!(error.code(), HubCode::InvalidParams, "{argument:?}");
            assert!(error.detail().unwrap().as_str().unwrap().starts_with("id: "), "{argument:?}");
        }
        assert!(url("/{a}{b}", &json!({"a": ".", "b": "."})).is_err());
        assert!(url("/{a}{b}", &json!({"a": "", "b": ""})).is_err());
        assert!(url("/x{a}", &json!({"a": "/../../y"})).is_err());
        assert!(url("/.{a}", &json!({"a": "."})).is_err());
        assert_eq!(url("/x{a}", &json!({"a": ""})).unwrap(), "/v1/public/x");
        assert!(url("/{a|..}", &json!({})).is_err());
        assert!(url("/{a}", &json!({})).is_err());
    }

    #[test]
    fn a_definition_whose_own_text_leaves_its_place_is_refused() {
        for path in ["../x", "a/../b", "a/./b", "%2e%2e/x", "a/%2E", "a%2f..%2fb"] {
            assert!(PathTemplate::parse(path).is_err(), "{path}");
        }
        for (path, expected) in [
            ("", "/v1/public"),
            ("/a//b/", "/v1/public/a//b/"),
            ("城/a b", "/v1/public/%E5%9F%8E/a%20b"),
            ("v1.2/x", "/v1/public/v1.2/x"),
        ] {
            assert_eq!(url(path, &json!({})).unwrap(), expected);
        }
        assert!(below(&base(), "health/../../x").is_none() && below(&base(), "%2e%2e/x").is_none());
        assert_eq!(below(&base(), "health").unwrap().path(), "/v1/public/health");
    }

    /// Texts with characters that have a meaning in paths, and arbitrary texts.
    fn argument() -> impl Strategy<Value = String> {
        prop_oneof!["[./\\\\%2eE5cfF;?#\u{0}\t\r\n ]{0,8}", any::<String>(), "\\PC{0,12}"]
    }

    proptest! {
        #[test]
        fn any_arguments_keep_the_shape_of_the_path(x in argument(), y in argument(), z in argument()) {
            let arguments = json!({"x": x, "y": y, "z": z});
            if let Ok(path) = url("/a/{x}/b/{y}-{z}/c", &arguments) {
                let segments: Vec<&str> = path.split('/').collect();
                let expected = ["", "v1", "public", "a", "", "b", "", "c"];
                prop_assert_eq!(segments.len(), expected.len(), "{}", path);
                for (at, (found, wanted)) in segments.iter().zip(expected).enumerate() {
                    prop_assert!(matches!(at, 4 | 6) || *found == wanted, "{}", path);
                }
                let decoded = percent_decode_str(segments[4]).decode_utf8().unwrap();
                prop_assert_eq!(decoded, x.as_str());
                prop_assert!(stays_in_place(segments[4]) && stays_in_place(segments[6]));
            }
        }

        #[test]
        fn plain_words_are_never_refused(x in "[\\p{L}\\p{N} _-]{1,20}") {
            let made = url("/a/{x}/b", &json!({"x": x}));
            prop_assert!(made.is_ok());
        }
    }
}
