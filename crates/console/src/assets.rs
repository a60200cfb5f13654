//! Style sheet, script and pictures, compiled in and cached for good under an address that changes with
//! their content.

use std::sync::LazyLock;

use axum::{
    extract::{Path, RawQuery},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};
use web::{ApiError, Code};

/// Where the assets are.
pub(crate) const PATH: &str = "/assets/{*path}";

const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

struct Asset {
    name: &'static str,
    media: &'static str,
    bytes: &'static [u8],
    /// The first 16 hexadecimal digits of the content's SHA-256.
    hash: String,
}

impl Asset {
    fn new(name: &'static str, media: &'static str, bytes: &'static [u8]) -> Self {
        let digest = Sha256::digest(bytes);
        let hash = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { name, media, bytes, hash }
    }
}

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Later parts refine earlier ones.
const STYLES: &str = concat!(
    include_str!("../assets/css/base.css"),
    "\n",
    include_str!("../assets/css/frame.css"),
    "\n",
    include_str!("../assets/css/pages.css"),
    "\n",
    include_str!("../assets/css/plaza.css"),
    "\n",
    include_str!("../assets/css/chat.css"),
);

static ASSETS: LazyLock<[Asset; 5]> = LazyLock::new(|| {
    [
        Asset::new("console.css", CSS, STYLES.as_bytes()),
        Asset::new("chat.js", JS, include_bytes!("../assets/chat.js")),
        Asset::new("console.js", JS, include_bytes!("../assets/console.js")),
        Asset::new("logo.svg", SVG, include_bytes!("../assets/logo.svg")),
        Asset::new("circles.svg", SVG, include_bytes!("../assets/circles.svg")),
    ]
});

fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// The address of an asset, with the hash of its content.
pub(crate) fn href(name: &str) -> String {
    let hash = find(name).map(|asset| asset.hash.as_str()).unwrap_or_default();
    format!("/assets/{name}?v={hash}")
}

/// Serves an asset.
pub(crate) fn serve(
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> std::future::Ready<Result<Response, ApiError>> {
    std::future::ready(answer(&name, query.as_deref(), &headers))
}

fn answer(name: &str, query: Option<&str>, headers: &HeaderMap) -> Result<Response, ApiError> {
    let asset = find(name).ok_or(Code::NotFound)?;
    // Under an older address this is the newer content: good to show, but not to keep.
    let is_exact = query.and_then(|query| query.strip_prefix("v=")) == Some(asset.hash.as_str());
    let cache = if is_exact { FOREVER } else { ASK_AGAIN };
    let etag = format!("\"{}\"", asset.hash);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known =
        known.is_some_and(|list| list.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag));
    let head = [
        (header::CACHE_CONTROL, cache),
        (header::ETAG, HeaderValue::try_from(etag).map_err(ApiError::internal)?),
    ];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    Ok((head, [(header::CONTENT_TYPE, asset.media)], asset.bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_is_served_under_its_address() {
        for asset in ASSETS.iter() {
            let address = href(asset.name);
            let (path, query) = address.split_once('?').unwrap();
            let name = path.strip_prefix("/assets/").unwrap();
            let response = answer(name, Some(query), &HeaderMap::new()).unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()[header::CACHE_CONTROL], FOREVER);
            assert_eq!(response.headers()[header::CONTENT_TYPE], asset.media);
        }
    }

    #[test]
    fn an_old_address_is_not_kept_and_a_known_content_is_not_sent() {
        let response = answer("logo.svg", Some("v=0"), &HeaderMap::new()).unwrap();
        assert_eq!(response.headers()[header::CACHE_CONTROL], ASK_AGAIN);
        let mut headers = HeaderMap::new();
        let etag = format!("\"x\", W/{}", response.headers()[header::ETAG].to_str().unwrap());
        headers.insert(header::IF_NONE_MATCH, etag.parse().unwrap());
        assert_eq!(answer("logo.svg", None, &headers).unwrap().status(), StatusCode::NOT_MODIFIED);
        assert_eq!(answer("../Cargo.toml", None, &headers).unwrap_err().code(), Code::NotFound);
    }
}
