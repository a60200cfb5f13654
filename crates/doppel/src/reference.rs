//! The OpenAPI document and the pages to browse it by, from the binary, without outside assets.

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    body::Bytes,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
    routing::get,
};
use http::{HeaderValue, header};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};
use web::ApiError;

/// The pages bring their own styles and scripts; nothing else may run, and nothing may leave.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The document is made when it is first asked for: most servers are never asked, and it is large.
pub(crate) fn router(document: impl Fn() -> OpenApi + Clone + Send + Sync + 'static) -> Router {
    let made = Arc::new(OnceLock::<Bytes>::new());
    let document = get(async move || {
        let json = match made.get() {
            Some(json) => json.clone(),
            None => {
                let json = document().to_pretty_json().map_err(ApiError::internal)?;
                made.get_or_init(|| json.into()).clone()
            }
        };
        Ok::<_, ApiError>(([(header::CONTENT_TYPE, "application/json")], json))
    });
    let pages: Router = SwaggerUi::new("/reference")
        .config(Config::from("/openapi.json").persist_authorization(false))
        .into();
    Router::new().route("/openapi.json", document).merge(pages.layer(from_fn(policy)))
}

async fn policy(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
