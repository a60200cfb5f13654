//! Static files, which are the same for everybody. They are compressed once, away from the async threads, and
//! not sent again to a client that has them.

use std::io::{self, Write};

use axum::{body::Bytes, response::Response};
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

/// `Cache-Control` of a URL whose content never changes.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// `Cache-Control` of a URL whose content may change.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// The suffix of the entity tag of the compressed form.
const GZIP_TAG: &str = "-gzip";
/// Number of hexadecimal digits of a content hash.
const HASH_DIGITS: usize = 16;
/// Contents smaller than this many bytes are not compressed.
const MIN_COMPRESSED_BYTES: usize = 1024;

/// A static file.
#[derive(Debug)]
pub struct Asset {
    media: &'static str,
    bytes: Bytes,
    hash: String,
    /// The compressed form, made at the first request for it. `None` if it would not be smaller.
    gzip: OnceCell<Option<Bytes>>,
}

impl Asset {
    /// Creates a file with a media type.
    pub fn new(media: &'static str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let digest = Sha256::digest(&bytes);
        let hash = digest.iter().take(HASH_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
        Self { media, bytes, hash, gzip: OnceCell::new() }
    }

    /// Returns the hash of the content, 16 hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Creates the response to a request. `version` is the hash in the request's URL, if there is one. If it
    /// is the file's, clients may cache the response for good.
    pub async fn answer(&self, version: Option<&str>, headers: &HeaderMap) -> Response {
        let gzip = if accepts_gzip(headers) { self.compressed().await } else { None };
        let suffix = if gzip.is_some() { GZIP_TAG } else { "" };
        let etag = HeaderValue::try_from(format!("\"{}{suffix}\"", self.hash));
        let mut response = if self.is_known(headers) {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            let mut response = Response::new(gzip.clone().unwrap_or_else(|| self.bytes.clone()).into());
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media));
            if gzip.is_some() {
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            response
        };
        let cache = if version == Some(self.hash.as_str()) { FOREVER } else { ASK_AGAIN };
        response.headers_mut().insert(header::CACHE_CONTROL, cache);
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(etag) = etag {
            response.headers_mut().insert(header::ETAG, etag);
        }
        response
    }

    /// True if the client has this content, in either form.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let lists = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        lists.flat_map(|list| list.split(',')).any(|tag| {
            let tag = tag.trim().trim_start_matches("W/");
            let tag = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or_default();
            tag.strip_suffix(GZIP_TAG).unwrap_or(tag) == self.hash
        })
    }

    async fn compressed(&self) -> Option<Bytes> {
        if self.bytes.len() < MIN_COMPRESSED_BYTES || !is_text(self.media) {
            return None;
        }
        let made = self.gzip.get_or_init(|| async {
            let bytes = self.bytes.clone();
            let compressed = tokio::task::spawn_blocking(move || gzip(&bytes)).await;
            let compressed = compressed.ok()?.ok()?;
            (compressed.len() < self.bytes.len()).then(|| compressed.into())
        });
        made.await.clone()
    }
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// True for media types that compress well.
fn is_text(media: &str) -> bool {
    let media = media.split(';').next().unwrap_or_default();
    media.starts_with("text/") || ["json", "javascript", "xml"].iter().any(|ending| media.ends_with(ending))
}

/// True if `Accept-Encoding` names gzip or `*` with a weight above 0.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let weights = |name: &str| {
        let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        lists.flat_map(|list| list.split(',')).find_map(|coding| {
            let (coding, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
            coding.trim().eq_ignore_ascii_case(name).then(|| weight.unwrap_or(1.0))
        })
    };
    weights("gzip").or_else(|| weights("*")).is_some_and(|weight| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use std::io::Read;

    fn asked(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[tokio::test]
    async fn a_known_content_is_not_sent() {
        let text = "colour: red; ".repeat(1000);
        let asset = Asset::new("text/css; charset=utf-8", text.clone());
        let plain = asset.answer(None, &HeaderMap::new()).await;
        assert_eq!(plain.headers()[header::CACHE_CONTROL], ASK_AGAIN);
        assert_eq!(plain.headers()[header::VARY], "accept-encoding");
        let plain_tag = plain.headers()[header::ETAG].clone();
        assert_eq!(plain.into_body().collect().await.unwrap().to_bytes(), text);
        let gzip = asked(&[(header::ACCEPT_ENCODING, "br, gzip;q=0.5")]);
        let packed = asset.answer(Some(asset.hash()), &gzip).await;
        assert_eq!(packed.headers()[header::CACHE_CONTROL], FOREVER);
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
        let packed_tag = packed.headers()[header::ETAG].clone();
        assert_ne!(plain_tag, packed_tag, "two forms are two representations");
        let bytes = packed.into_body().collect().await.unwrap().to_bytes();
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, text);
        assert!(bytes.len() * 10 < text.len());
        for tag in [&plain_tag, &packed_tag] {
            let tag = tag.to_str().unwrap();
            for tag in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}")] {
                let known = asset.answer(None, &asked(&[(header::IF_NONE_MATCH, &tag)])).await;
                assert_eq!(known.status(), StatusCode::NOT_MODIFIED, "{tag}");
                assert!(known.headers().contains_key(header::ETAG));
            }
        }
        let other = asset.answer(Some("0"), &asked(&[(header::IF_NONE_MATCH, "\"x\"")])).await;
        assert_eq!((other.status(), &other.headers()[header::CACHE_CONTROL]), (StatusCode::OK, &ASK_AGAIN));
    }

    #[tokio::test]
    async fn pictures_and_small_files_are_sent_as_they_are() {
        let gzip = asked(&[(header::ACCEPT_ENCODING, "gzip")]);
        for asset in [Asset::new("image/png", vec![0; 5000]), Asset::new("text/css", "a{}")] {
            assert!(!asset.answer(None, &gzip).await.headers().contains_key(header::CONTENT_ENCODING));
        }
    }

    #[test]
    fn what_a_client_unpacks() {
        for (accept, expected) in [
            ("gzip", true),
            ("GZIP", true),
            ("deflate, gzip;q=1.0, *;q=0.5", true),
            ("*", true),
            ("br", false),
            ("gzip;q=0", false),
            ("gzip;q=0, *", false),
            ("", false),
        ] {
            assert_eq!(accepts_gzip(&asked(&[(header::ACCEPT_ENCODING, accept)])), expected, "{accept}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
