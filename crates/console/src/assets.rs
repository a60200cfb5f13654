//! Style sheet, scripts and pictures. They are compiled in. Their addresses contain a hash of the content, so
//! browsers can cache them forever.

use std::sync::LazyLock;

use axum::{
    extract::{Path, RawQuery},
    response::Response,
};
use http::HeaderMap;
use web::{ApiError, Code, asset::Asset};

/// The route of the assets.
pub(crate) const PATH: &str = "/assets/{*path}";

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";
const ICO: &str = "image/x-icon";
const MANIFEST: &str = "application/manifest+json";

/// The path of the icon that browsers ask for unasked.
pub(crate) const FAVICON: &str = "/favicon.ico";
/// The path of the description for installing the pages as an app.
pub(crate) const WEB_MANIFEST: &str = "/manifest.webmanifest";

/// The style sheet. Later parts override earlier ones.
const STYLES: &str = concat!(
    include_str!("../assets/css/tokens.css"),
    "\n",
    include_str!("../assets/css/base.css"),
    "\n",
    include_str!("../assets/css/frame.css"),
    "\n",
    include_str!("../assets/css/components.css"),
    "\n",
    include_str!("../assets/css/data.css"),
    "\n",
    include_str!("../assets/css/pages.css"),
    "\n",
    include_str!("../assets/css/home.css"),
    "\n",
    include_str!("../assets/css/profile.css"),
    "\n",
    include_str!("../assets/css/plaza.css"),
    "\n",
    include_str!("../assets/css/chat.css"),
    "\n",
    include_str!("../assets/css/memories.css"),
    "\n",
    include_str!("../assets/css/admin.css"),
    "\n",
    include_str!("../assets/css/consent.css"),
    "\n",
    include_str!("../assets/css/hub.css"),
    "\n",
    include_str!("../assets/css/docs.css"),
    "\n",
    include_str!("../assets/css/visitors.css"),
);

static ASSETS: LazyLock<Vec<(&str, Asset)>> = LazyLock::new(|| {
    vec![
        ("console.css", Asset::new(CSS, compact(STYLES))),
        ("admin.js", Asset::new(JS, &include_bytes!("../assets/admin.js")[..])),
        ("chat-text.js", Asset::new(JS, &include_bytes!("../assets/chat-text.js")[..])),
        ("chat.js", Asset::new(JS, &include_bytes!("../assets/chat.js")[..])),
        ("console.js", Asset::new(JS, &include_bytes!("../assets/console.js")[..])),
        ("hub.js", Asset::new(JS, &include_bytes!("../assets/hub.js")[..])),
        ("plaza.js", Asset::new(JS, &include_bytes!("../assets/plaza.js")[..])),
        ("profile.js", Asset::new(JS, &include_bytes!("../assets/profile.js")[..])),
        ("memories.js", Asset::new(JS, &include_bytes!("../assets/memories.js")[..])),
        ("notes.js", Asset::new(JS, &include_bytes!("../assets/notes.js")[..])),
        ("listen.js", Asset::new(JS, &include_bytes!("../assets/listen.js")[..])),
        ("visit.js", Asset::new(JS, &include_bytes!("../assets/visit.js")[..])),
        ("visitors.js", Asset::new(JS, &include_bytes!("../assets/visitors.js")[..])),
        ("widget.js", Asset::new(JS, &include_bytes!("../assets/widget.js")[..])),
        ("leave.js", Asset::new(JS, &include_bytes!("../assets/leave.js")[..])),
        ("logo.svg", Asset::new(SVG, &include_bytes!("../assets/logo.svg")[..])),
        ("icons.svg", Asset::new(SVG, &include_bytes!("../assets/icons.svg")[..])),
        ("favicon.ico", Asset::new(ICO, &include_bytes!("../assets/favicon.ico")[..])),
        ("icon-192.png", Asset::new(PNG, &include_bytes!("../assets/icon-192.png")[..])),
        ("icon-512.png", Asset::new(PNG, &include_bytes!("../assets/icon-512.png")[..])),
        ("manifest.webmanifest", Asset::new(MANIFEST, &include_bytes!("../assets/manifest.webmanifest")[..])),
        ("circles.svg", Asset::new(SVG, &include_bytes!("../assets/circles.svg")[..])),
    ]
});

/// Returns a style sheet without comments and without whitespace that has no meaning.
fn compact(css: &str) -> String {
    let mut parts = css.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    let plain = parts.fold(first, |all, part| all + part.split_once("*/").map_or("", |(_, rest)| rest));
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    [
        (" { ", "{"),
        ("; }", "}"),
        (" }", "}"),
        ("} ", "}"),
        ("; ", ";"),
        (", ", ","),
        (": ", ":"),
        (" > ", ">"),
    ]
    .into_iter()
    .fold(line, |css, (long, short)| css.replace(long, short))
}

fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|(known, _)| *known == name).map(|(_, asset)| asset)
}

/// Returns the address of an asset, with the hash of its content.
pub(crate) fn href(name: &str) -> String {
    let hash = find(name).map(Asset::hash).unwrap_or_default();
    format!("/assets/{name}?v={hash}")
}

/// Serves an asset. An outdated address gets the current content, which is then not cacheable.
pub(crate) async fn serve(
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let asset = find(&name).ok_or(Code::NotFound)?;
    let version = query.as_deref().and_then(|query| query.strip_prefix("v="));
    Ok(asset.answer(version, &headers).await)
}

/// Serves an asset at an address without the hash of its content.
pub(crate) async fn plain(name: &str, headers: HeaderMap) -> Result<Response, ApiError> {
    serve(Path(name.to_owned()), RawQuery(None), headers).await
}

/// Serves the icon at the path where browsers look for one.
pub(crate) async fn favicon(headers: HeaderMap) -> Result<Response, ApiError> {
    plain("favicon.ico", headers).await
}

/// Serves the description for installing the pages as an app.
pub(crate) async fn web_manifest(headers: HeaderMap) -> Result<Response, ApiError> {
    plain("manifest.webmanifest", headers).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{StatusCode, header};
    use std::task::{Context, Poll, Waker};

    /// Returns the response for a client without compression, which is ready at once.
    fn get(address: &str) -> Result<Response, ApiError> {
        let (path, query) =
            address.split_once('?').map_or((address, None), |(path, query)| (path, Some(query)));
        let name = path.strip_prefix("/assets/").unwrap().to_owned();
        let answer = serve(Path(name), RawQuery(query.map(str::to_owned)), HeaderMap::new());
        match std::pin::pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer,
            Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn a_compact_style_sheet_means_the_same() {
        let css = "/* a */\n.a, .b > :is(p) { color: red; margin: 0 auto; }\n@media (x) { /* b */ .c .d { \
        top: 0; } }\n";
        assert_eq!(compact(css), ".a,.b>:is(p){color:red;margin:0 auto}@media (x){.c .d{top:0}}");
    }

    #[test]
    fn every_asset_is_served_under_its_address() {
        for (name, _) in ASSETS.iter() {
            let response = get(&href(name)).unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert!(
                response.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"),
                "{name}"
            );
        }
    }

    #[test]
    fn an_old_address_is_not_kept() {
        let response = get("/assets/logo.svg?v=0").unwrap();
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
        assert_eq!(get("/assets/../Cargo.toml").unwrap_err().code(), Code::NotFound);
    }
}
