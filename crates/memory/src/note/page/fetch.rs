//! Fetching pages from untrusted servers.

use std::{io::Read, time::Duration};

use flate2::read::MultiGzDecoder;
use http::{Method, StatusCode, header};
use web::{
    Outgoing,
    outgoing::{self, Redirects, Refused},
};

use super::{Settings, extract, model::Problem};

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
    kind: Kind,
    charset: Option<String>,
    url: String,
    bytes: Vec<u8>,
}

impl Download {
    fn read(self) -> Result<Fetched, Problem> {
        let text = extract::decode(&self.bytes, self.charset.as_deref());
        let (title, text) = match self.kind {
            Kind::Html => extract::main_text(text, &self.url),
            Kind::Plain => (String::new(), text),
        };
        let (title, text) = (extract::tidy_title(&title), extract::tidy(&text));
        if text.is_empty() { Err(Problem::Empty) } else { Ok(Fetched { title, text }) }
    }
}

async fn download(outgoing: &Outgoing, url: &str, limit: usize) -> Result<Download, Problem> {
    let request = outgoing.request(Method::GET, url, Redirects::Follow).map_err(refused)?;
    let request = request.header(header::ACCEPT, ACCEPT).header(header::ACCEPT_ENCODING, "gzip");
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
    let packed = match text(header::CONTENT_ENCODING).trim().to_ascii_lowercase().as_str() {
        "" | "identity" => false,
        "gzip" | "x-gzip" => true,
        _ => return Err(Problem::Type),
    };
    let url = response.url().to_string();
    let bytes = outgoing::read(response, limit).await.map_err(refused)?;
    let bytes = if packed { unpack(&bytes, limit)? } else { bytes.into() };
    Ok(Download { kind, charset, url, bytes })
}

fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::Address | Refused::Network => Problem::Refused,
        Refused::TooLarge(_) => Problem::TooLarge,
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

/// Returns the kind and the charset of a `Content-Type`. `None` if it is not text.
fn content_type(value: &str) -> Option<(Kind, Option<String>)> {
    let mut parts = value.split(';').map(str::trim);
    let kind = match parts.next()?.to_ascii_lowercase().as_str() {
        "text/html" | "application/xhtml+xml" => Kind::Html,
        "text/plain" | "text/markdown" => Kind::Plain,
        _ => return None,
    };
    let charset = parts.filter_map(|part| part.split_once('='));
    let charset = charset.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    Some((kind, charset.map(|(_, value)| value.trim().trim_matches('"').to_owned()).next()))
}

/// Decompresses bytes, at most up to the limit.
fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, Problem> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    MultiGzDecoder::new(packed).take(most).read_to_end(&mut bytes).map_err(|_broken| Problem::Unreachable)?;
    if bytes.len() > limit { Err(Problem::TooLarge) } else { Ok(bytes) }
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
    use std::io::Write;

    #[test]
    fn kinds_and_charsets() {
        let some = |kind, charset: Option<&str>| Some((kind, charset.map(str::to_owned)));
        assert_eq!(content_type("text/html"), some(Kind::Html, None));
        assert_eq!(content_type("Text/HTML; Charset=\"GBK\""), some(Kind::Html, Some("GBK")));
        assert_eq!(content_type("text/plain;charset=utf-8"), some(Kind::Plain, Some("utf-8")));
        for other in ["", "image/png", "application/pdf", "text/css", "application/octet-stream", ";"] {
            assert_eq!(content_type(other), None, "{other}");
        }
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..64 {
            packer.write_all(&[b' '; 1 << 20]).unwrap();
        }
        let bomb = packer.finish().unwrap();
        assert!(bomb.len() < 100_000);
        assert_eq!(unpack(&bomb, 1 << 20), Err(Problem::TooLarge));
        assert_eq!(unpack(b"no gzip", 10), Err(Problem::Unreachable));
    }

    #[test]
    fn which_answers_are_worth_another_try() {
        let worth = |status| answered(StatusCode::from_u16(status).unwrap()).map_err(Problem::may_pass);
        assert_eq!((worth(200), worth(404), worth(401)), (Ok(()), Err(false), Err(false)));
        assert_eq!((worth(503), worth(429)), (Err(true), Err(true)));
    }
}
