//! Fetching pages from untrusted servers.

use std::time::Duration;

use http::{Method, StatusCode, header};
use outgoing::{Outgoing, Redirects, Refused};

use super::{Settings, charset, extract, model::Problem};

/// The accepted media types: text only.
const ACCEPT: &str = "text/html,application/xhtml+xml,text/plain;q=0.9,text/markdown;q=0.9";

/// The title and the main text of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fetched {
    pub(super) title: String,
    pub(super) text: String,
}

/// The kind of text that a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Html,
    Plain,
}

/// Fetches a page and extracts its main text, within the limits.
pub(super) async fn fetch(outgoing: &Outgoing, url: &str, limits: Settings) -> Result<Fetched, Problem> {
    let whole = tokio::time::timeout(limits.limit, download(outgoing, url, limits.max_bytes));
    let page = whole.await.unwrap_or(Err(Problem::Timeout))?;
    // The analysis of a large page takes a while, and must not block other tasks. If it panics, the page has
    // no text.
    tokio::task::spawn_blocking(move || page.read()).await.unwrap_or(Err(Problem::Empty))
}

struct Download {
    /// `None` if the server does not say.
    kind: Option<Kind>,
    charset: Option<String>,
    url: String,
    bytes: Vec<u8>,
}

impl Download {
    fn read(self) -> Result<Fetched, Problem> {
        let kind = self.kind.or_else(|| sniffed(&self.bytes)).ok_or(Problem::Type)?;
        let text = charset::decode(&self.bytes, self.charset.as_deref());
        let (title, text) = match kind {
            Kind::Html => extract::main_text(&text, &self.url),
            Kind::Plain => (String::new(), text),
        };
        let (title, text) = (extract::tidy_title(&title), extract::tidy(&text));
        if text.is_empty() { Err(Problem::Empty) } else { Ok(Fetched { title, text }) }
    }
}

async fn download(outgoing: &Outgoing, url: &str, limit: usize) -> Result<Download, Problem> {
    let request = outgoing.request(Method::GET, url, Redirects::Follow).map_err(refused)?;
    let request =
        request.header(header::ACCEPT, ACCEPT).header(header::ACCEPT_ENCODING, "gzip, deflate, br, zstd");
    let response = request.send().await.map_err(|error| match outgoing::is_refused(&error) {
        true => Problem::Refused,
        // A loop of redirects will not go away.
        false if error.is_redirect() => Problem::Missing,
        false if error.is_timeout() => Problem::Timeout,
        false => Problem::Unreachable,
    })?;
    answered(response.status())?;
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, charset) = content_type(text(header::CONTENT_TYPE)).ok_or(Problem::Type)?;
    let url = response.url().to_string();
    let bytes = outgoing::read(response, limit).await.map_err(refused)?;
    Ok(Download { kind, charset, url, bytes: bytes.into() })
}

fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::Address | Refused::Network => Problem::Refused,
        Refused::TooLarge(_) => Problem::TooLarge,
        Refused::Encoding => Problem::Type,
        Refused::Broken | Refused::Client(_) => Problem::Unreachable,
    }
}

fn answered(status: StatusCode) -> Result<(), Problem> {
    match status.as_u16() {
        200..300 => Ok(()),
        408 | 425 | 429 | 500.. => Err(Problem::Unavailable),
        _ => Err(Problem::Missing),
    }
}

/// Returns the kind, if named, and the charset of a `Content-Type`. `None` if it is not text.
fn content_type(value: &str) -> Option<(Option<Kind>, Option<String>)> {
    let mut parts = value.split(';').map(str::trim);
    let kind = match parts.next()?.to_ascii_lowercase().as_str() {
        "text/html" | "application/xhtml+xml" => Some(Kind::Html),
        "text/plain" | "text/markdown" => Some(Kind::Plain),
        "" | "*/*" | "unknown/unknown" | "application/unknown" => None,
        _ => return None,
    };
    let charset = parts.filter_map(|part| part.split_once('='));
    let charset = charset.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    Some((kind, charset.map(|(_, value)| value.trim().trim_matches('"').to_owned()).next()))
}

/// Returns the kind of bytes without a `Content-Type`. `None` if they are not text.
fn sniffed(bytes: &[u8]) -> Option<Kind> {
    const LOOKED_AT: usize = 1024;
    let start = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    let is_marked = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    // The bytes that browsers take for binary data.
    let is_binary = |byte: &u8| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    if !is_marked && start.iter().any(is_binary) {
        return None;
    }
    let text = charset::decode(start, None);
    let is_tag = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .strip_prefix('<')
        .is_some_and(|tag| tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '!' | '?')));
    Some(if is_tag { Kind::Html } else { Kind::Plain })
}

/// The default settings.
impl Default for Settings {
    fn default() -> Self {
        Self { enabled: true, max_bytes: 4 << 20, limit: Duration::from_secs(30) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_charsets() {
        let some = |kind, charset: Option<&str>| Some((Some(kind), charset.map(str::to_owned)));
        assert_eq!(content_type("text/html"), some(Kind::Html, None));
        assert_eq!(content_type("Text/HTML; Charset=\"GBK\""), some(Kind::Html, Some("GBK")));
        assert_eq!(content_type("text/plain;charset=utf-8"), some(Kind::Plain, Some("utf-8")));
        for unsaid in ["", ";", "*/*"] {
            assert_eq!(content_type(unsaid), Some((None, None)), "{unsaid}");
        }
        assert_eq!(content_type("; charset=gbk"), Some((None, Some("gbk".to_owned()))));
        for other in ["image/png", "application/pdf", "text/css", "application/octet-stream"] {
            assert_eq!(content_type(other), None, "{other}");
        }
    }

    #[test]
    fn what_no_server_names_is_told_by_its_bytes() {
        for (bytes, kind) in [
            (&b"<!DOCTYPE html><p>x"[..], Some(Kind::Html)),
            (b"\xef\xbb\xbf\n <html>", Some(Kind::Html)),
            (b"<p>text", Some(Kind::Html)),
            (b"<?xml version='1.0'?><html>", Some(Kind::Html)),
            (b"\xff\xfe<\0p\0>\0", Some(Kind::Html)),
            (b"a < b and plain", Some(Kind::Plain)),
            (b"< not a tag", Some(Kind::Plain)),
            (b"", Some(Kind::Plain)),
            (b"\x89PNG\r\n\x1a\n", None),
            (b"%PDF-1.7\n\0\0", None),
            (b"PK\x03\x04", None),
        ] {
            assert_eq!(sniffed(bytes), kind, "{bytes:?}");
        }
    }

    #[test]
    fn which_answers_are_worth_another_try() {
        let worth = |status| answered(StatusCode::from_u16(status).unwrap()).map_err(Problem::may_pass);
        assert_eq!((worth(200), worth(404), worth(401)), (Ok(()), Err(false), Err(false)));
        assert_eq!((worth(503), worth(429)), (Err(true), Err(true)));
    }
}
