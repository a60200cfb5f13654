//! The OpenAPI document, served from the binary, and the former address of its pages.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    response::{Redirect, Response},
    routing::get,
};
use http::HeaderMap;
use tokio::sync::OnceCell;
use utoipa::openapi::OpenApi;
use web::{ApiError, asset::Asset};

/// The page with all operations, which the console serves.
const PAGES: &str = "/docs/api";

/// The document. It is created at the first request, because it is large and most servers never serve it.
struct Document {
    make: Box<dyn Fn() -> OpenApi + Send + Sync>,
    json: OnceCell<Asset>,
}

/// Returns the routes of the document, and redirects to its pages.
pub(crate) fn router(make: impl Fn() -> OpenApi + Send + Sync + 'static) -> Router {
    let document = Arc::new(Document { make: Box::new(make), json: OnceCell::new() });
    let pages = get(|| std::future::ready(Redirect::permanent(PAGES)));
    Router::new()
        .route("/openapi.json", get(json))
        .route("/reference", pages.clone())
        .route("/reference/", pages.clone())
        .route("/reference/{*rest}", pages)
        .with_state(document)
}

async fn json(State(document): State<Arc<Document>>, headers: HeaderMap) -> Result<Response, ApiError> {
    let made = document.json.get_or_try_init(|| {
        let document = Arc::clone(&document);
        off_the_async_threads(move || {
            let json = (document.make)().to_pretty_json().map_err(ApiError::internal)?;
            Ok(Asset::new("application/json", json))
        })
    });
    Ok(made.await?.answer(None, &headers).await)
}

async fn off_the_async_threads<T: Send + 'static>(
    make: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(make).await.map_err(ApiError::internal)?
}
