//! The lowest part of every JSON response.

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

/// Creates a response with a JSON text as its body. Responses may carry a secret or personal data, so each
/// one forbids caches to store it (`Cache-Control: no-store`).
pub(crate) fn json(status: StatusCode, text: Vec<u8>) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
