//! Rules for the endpoints of models. No I/O.

use std::time::Duration;

use reqwest::Url;
use store::SecretText;
use web::{ApiError, Issues};

use super::model::{KeyInput, Purpose};
use crate::provider::Options;

/// Maximum number of models that answer as the assistant.
pub const MAX_MODELS: usize = 20;
/// Maximum number of further names.
pub const MAX_NAMES: usize = 200;
/// Maximum time limit of a model that a page configures.
pub const LONGEST: Duration = Duration::from_secs(600);
/// Maximum length of an address, a name, a prefix, and a key in characters.
const MAX_URL: usize = 500;
pub(super) const MAX_NAME: usize = 200;
const MAX_PREFIX: usize = 500;
const MAX_KEY: usize = 4000;
/// Maximum number of members that are left out.
const MAX_OMITTED: usize = 20;
/// Maximum number of dimensions.
const MAX_DIMENSIONS: u32 = 8192;
/// Number of characters of a key that are shown, and the minimum length of a key of which any are.
const SHOWN: usize = 4;
const LEAST: usize = 12;
/// Ends of addresses that people copy from examples; the server adds them itself.
const ENDS: &[&str] =
    &["/chat/completions", "/completions", "/embeddings", "/rerank", "/audio/speech", "/models", "/"];

/// Returns an address without white space around it and without the ends that the server adds.
pub(super) fn base_url(text: &str) -> String {
    let mut url = text.trim();
    while let Some(shorter) = ENDS.iter().find_map(|end| url.strip_suffix(end)) {
        url = shorter;
    }
    url.to_owned()
}

/// Returns the server of an address: scheme, host and port. `None` if it is no address of a server.
pub(super) fn server(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    is_web.then(|| url.origin().ascii_serialization())
}

/// Returns the characters of a key by which people recognize it.
pub(super) fn end(key: &SecretText) -> String {
    let key = key.expose();
    if key.len() < LEAST {
        return String::new();
    }
    key.get(key.len() - SHOWN..).unwrap_or_default().to_owned()
}

/// Checks the settings of an endpoint and its key.
///
/// # Errors
/// 422 with all that is wrong.
pub(super) fn check(purpose: Purpose, options: &Options, key: &KeyInput) -> Result<(), ApiError> {
    let mut issues = Issues::body();
    check_url(&mut issues, &options.base_url);
    if purpose == Purpose::Rerank {
        issues.line("name", &options.name, MAX_NAME);
    } else {
        issues.name("name", Some(&options.name), MAX_NAME);
    }
    for (field, prefix) in
        [("query_prefix", &options.query_prefix), ("passage_prefix", &options.passage_prefix)]
    {
        issues.text(field, prefix, MAX_PREFIX);
    }
    issues.line("voice", &options.voice, memory::profile::rules::MAX_VOICE);
    if options.dimensions > MAX_DIMENSIONS {
        issues.add("number", "dimensions", format!("expected a number up to {MAX_DIMENSIONS}"));
    }
    if options.names.len() > MAX_NAMES {
        issues.add("too_long", "names", format!("at most {MAX_NAMES} names"));
    }
    for (asked, name) in &options.names {
        issues.name("names", Some(asked), MAX_NAME);
        issues.name("names", Some(name), MAX_NAME);
    }
    check_omitted(&mut issues, &options.omit);
    let longest = LONGEST.as_secs();
    for (field, seconds, most) in [
        ("connect_seconds", options.connect_seconds, 60),
        ("first_token_seconds", options.first_token_seconds, longest),
        ("idle_seconds", options.idle_seconds, longest),
        ("total_seconds", options.total_seconds, longest),
    ] {
        if !(1..=most).contains(&seconds) {
            issues.add("number", field, format!("expected a number from 1 to {most}"));
        }
    }
    if let KeyInput::New(key) = key {
        let key = key.expose();
        if key.len() > MAX_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            issues.add("key", "api_key", "expected visible ASCII characters without spaces");
        }
    }
    issues.finish()
}

fn check_url(issues: &mut Issues, url: &str) {
    let is_plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
    };
    let is_good = !url.contains(['?', '#', '@', ' ']) && Url::parse(url).is_ok_and(|url| is_plain(&url));
    if url.is_empty() {
        issues.missing("base_url");
    } else if url.chars().count() > MAX_URL {
        issues.line("base_url", url, MAX_URL);
    } else if !is_good {
        issues.add("url_parsing", "base_url", "expected an address as http://127.0.0.1:11434/v1");
    }
}

fn check_omitted(issues: &mut Issues, omitted: &[String]) {
    let is_member = |name: &String| {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        (1..=64).contains(&name.len()) && name.bytes().all(is_name)
    };
    if omitted.len() > MAX_OMITTED || !omitted.iter().all(is_member) {
        issues.add("members", "omit", "expected names such as temperature");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(base_url: &str) -> Options {
        Options { base_url: base_url.to_owned(), name: "m".to_owned(), ..Options::default() }
    }

    #[test]
    fn addresses_are_taken_as_people_copy_them() {
        for (text, expected) in [
            (" http://h/v1/ ", "http://h/v1"),
            ("http://h/v1/chat/completions", "http://h/v1"),
            ("http://h/v1/models/", "http://h/v1"),
            ("http://h", "http://h"),
        ] {
            assert_eq!(base_url(text), expected, "{text}");
        }
        assert_eq!(server("https://h:443/v1").as_deref(), Some("https://h"));
        assert_ne!(server("https://h/v1"), server("http://h/v1"));
        assert_eq!(server("file:///etc/passwd"), None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for url in ["", "h", "ftp://h/", "http://u:p@h/", "http://h/?a=b", "http://h/#x", "file:///etc"] {
            assert!(check(Purpose::Chat, &options(url), &KeyInput::Keep).is_err(), "{url}");
        }
        let good = options("http://127.0.0.1:11434/v1");
        assert!(check(Purpose::Chat, &good, &KeyInput::Keep).is_ok());
        for key in ["with space", "中文", &"x".repeat(MAX_KEY + 1)] {
            assert!(check(Purpose::Chat, &good, &KeyInput::New(key.into())).is_err(), "{key}");
        }
        let unnamed = Options { name: String::new(), ..good.clone() };
        assert!(check(Purpose::Chat, &unnamed, &KeyInput::Keep).is_err());
        assert!(check(Purpose::Rerank, &unnamed, &KeyInput::Keep).is_ok());
        let endless = Options { total_seconds: 601, ..good.clone() };
        assert!(check(Purpose::Chat, &endless, &KeyInput::Keep).is_err());
        let omitting = Options { omit: vec!["a b".to_owned()], ..good };
        assert!(check(Purpose::Chat, &omitting, &KeyInput::Keep).is_err());
    }

    #[test]
    fn a_short_key_shows_nothing_of_itself() {
        assert_eq!(end(&"sk-1234567890abcd".into()), "abcd");
        assert_eq!(end(&"ollama".into()), "");
    }
}
