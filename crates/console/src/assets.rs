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

/// The style sheet. Later parts override earlier ones.
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

static ASSETS: LazyLock<[(&str, Asset); 6]> = LazyLock::new(|| {
    [
        ("console.css", Asset::new(CSS, STYLES)),
        ("chat.js", Asset::new(JS, &include_bytes!("../assets/chat.js")[..])),
        ("console.js", Asset::new(JS, &include_bytes!("../assets/console.js")[..])),
        ("leave.js", Asset::new(JS, &include_bytes!("../assets/leave.js")[..])),
        ("logo.svg", Asset::new(SVG, &include_bytes!("../assets/logo.svg")[..])),
        ("circles.svg", Asset::new(SVG, &include_bytes!("../assets/circles.svg")[..])),
    ]
});

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
