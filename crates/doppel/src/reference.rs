//! The OpenAPI document and the pages to browse it, served from the binary without external assets.

use std::{collections::HashMap, fmt::Write, sync::Arc};

use axum::{
    Router,
    extract::{Path, RawQuery, Request, State},
    middleware::{Next, from_fn},
    response::{Redirect, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, header};
use tokio::sync::OnceCell;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;
use web::{ApiError, Code, asset::Asset};

/// The content security policy: the pages use their own styles and scripts, and nothing else may run or be
/// contacted.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The start page.
const INDEX: &str = "index.html";

/// The other files of the pages, with their media types.
const FILES: &[(&str, &str)] = &[
    ("favicon-16x16.png", "image/png"),
    ("favicon-32x32.png", "image/png"),
    ("index.css", "text/css"),
    ("swagger-initializer.js", "text/javascript"),
    ("swagger-ui-bundle.js", "text/javascript"),
    ("swagger-ui-standalone-preset.js", "text/javascript"),
    ("swagger-ui.css", "text/css"),
];

/// The document and the pages. They are created at the first request, because they are large and most servers
/// never serve them.
struct Reference {
    document: Box<dyn Fn() -> OpenApi + Send + Sync>,
    json: OnceCell<Asset>,
    pages: OnceCell<HashMap<&'static str, Asset>>,
}

/// Returns the routes of the document and the pages.
pub(crate) fn router(document: impl Fn() -> OpenApi + Send + Sync + 'static) -> Router {
    let reference = Reference { document: Box::new(document), json: OnceCell::new(), pages: OnceCell::new() };
    let reference = Arc::new(reference);
    let pages = Router::new()
        .route("/reference", get(|| std::future::ready(Redirect::to("/reference/"))))
        .route("/reference/", get(index))
        .route("/reference/{*rest}", get(page))
        .layer(from_fn(policy))
        .with_state(Arc::clone(&reference));
    Router::new().route("/openapi.json", get(json)).with_state(reference).merge(pages)
}

async fn json(State(reference): State<Arc<Reference>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let made = reference.json.get_or_try_init(|| {
        let reference = Arc::clone(&reference);
        off_the_async_threads(move || {
            let json = (reference.document)().to_pretty_json().map_err(ApiError::internal)?;
            Ok(Asset::new("application/json", json))
        })
    });
    Ok(made.await?.answer(None, &headers).await)
}

async fn index(
    state: State<Arc<Reference>>,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    page(state, Path(INDEX.to_owned()), query, headers).await
}

async fn page(
    State(reference): State<Arc<Reference>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let pages = reference.pages.get_or_try_init(|| off_the_async_threads(pages)).await?;
    let asset = pages.get(name.as_str()).ok_or(Code::NotFound)?;
    let version = query.as_deref().and_then(|query| query.strip_prefix("v="));
    Ok(asset.answer(version, &headers).await)
}

async fn off_the_async_threads<T: Send + 'static>(
    make: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(make).await.map_err(ApiError::internal)?
}

/// Loads the start page and its files. The links in the page contain the hash of each file.
fn pages() -> Result<HashMap<&'static str, Asset>, ApiError> {
    let mut pages = HashMap::new();
    for (name, media) in FILES {
        pages.insert(*name, Asset::new(media, file(name)?));
    }
    let index = String::from_utf8(file(INDEX)?).map_err(ApiError::internal)?;
    pages.insert(INDEX, Asset::new("text/html; charset=utf-8", with_versions(&index, &pages)));
    Ok(pages)
}

/// Returns a file of Swagger UI, configured with the URL of the document.
fn file(name: &str) -> Result<Vec<u8>, ApiError> {
    let config = Arc::new(Config::from("/openapi.json").persist_authorization(false));
    let file = utoipa_swagger_ui::serve(name, config).map_err(ApiError::internal)?;
    let file = file.filter(|file| !file.gzpipped);
    file.map(|file| file.bytes.into_owned()).ok_or_else(|| ApiError::internal(format!("no file {name}")))
}

/// Adds the hash of the content to each link to a file in a page.
fn with_versions(page: &str, files: &HashMap<&str, Asset>) -> String {
    let mut text = String::with_capacity(page.len() + 32 * files.len());
    for (at, part) in page.split('"').enumerate() {
        if at > 0 {
            text.push('"');
        }
        text.push_str(part);
        if let Some(file) = files.get(part.trim_start_matches("./")) {
            let _never_fails = write!(text, "?v={}", file.hash());
        }
    }
    text
}

async fn policy(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_linked_by_its_content() {
        let pages = pages().unwrap();
        let page = with_versions(&String::from_utf8(file(INDEX).unwrap()).unwrap(), &pages);
        for (name, _) in FILES {
            let link = format!("{name}?v={}\"", pages[name].hash());
            assert!(page.contains(&link), "{name}: {page}");
        }
        let links = page.matches("href=\"").count() + page.matches("src=\"").count();
        assert_eq!(links, FILES.len(), "a file is linked that is not served: {page}");
    }
}
