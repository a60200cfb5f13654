//! The body of a message, read before the transport, so that every refusal is a JSON-RPC error.

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Value, json};

/// Maximum size of a message in bytes.
const MAX_BYTES: usize = 1 << 20;

/// A message and its bytes.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) value: Value,
    pub(super) bytes: Bytes,
}

/// Returns a JSON-RPC error without the id of a request.
pub(super) fn refusal(status: StatusCode, code: i32, message: &str) -> Response {
    let error = json!({"code": code, "message": message});
    web::envelope::json(status, &json!({"jsonrpc": "2.0", "id": null, "error": error}))
}

/// Reads a message.
///
/// # Errors
/// The response for a body that is too long, has another type, is not JSON, or is a batch.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Message, Response> {
    let too_long = || refusal(StatusCode::PAYLOAD_TOO_LARGE, -32600, "The message is longer than 1 MiB");
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > MAX_BYTES as u64) {
        return Err(too_long());
    }
    if !is_json(headers) {
        let text = "Content-Type has to be application/json";
        return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, -32600, text));
    }
    let bytes = match Limited::new(body, MAX_BYTES).collect().await {
        Ok(whole) => whole.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_long()),
        Err(_broken) => return Err(refusal(StatusCode::BAD_REQUEST, -32700, "Parse error")),
    };
    match serde_json::from_slice(&bytes) {
        Ok(Value::Array(_)) => {
            Err(refusal(StatusCode::BAD_REQUEST, -32600, "Batches are not supported: send one message"))
        }
        Ok(value) => Ok(Message { value, bytes }),
        Err(_error) => Err(refusal(StatusCode::BAD_REQUEST, -32700, "Parse error")),
    }
}

/// Reads the body of a request that is refused. If it were left unread, the connection would close, and the
/// client's next request on it would fail.
pub(super) async fn discard(body: Body) {
    let _unread = Limited::new(body, MAX_BYTES).collect().await;
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}

/// Gives every 400 and 404 of the transport a JSON-RPC body. A client of the present protocol that finds none
/// takes the server for an old one.
pub(super) fn explain(response: Response) -> Response {
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    match response.status() {
        // The transport says so of JSON that is no message.
        StatusCode::UNSUPPORTED_MEDIA_TYPE => refusal(StatusCode::BAD_REQUEST, -32600, "Invalid request"),
        status @ (StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND) if !is_json => {
            refusal(status, -32600, "Invalid request")
        }
        _ => response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[tokio::test]
    async fn bodies_are_refused_as_json_rpc() {
        for (kind, body, status) in [
            (Some("application/json"), "{}".to_owned(), 200),
            (Some("Application/JSON; charset=utf-8"), "{}".to_owned(), 200),
            (Some("text/plain"), "{}".to_owned(), 415),
            (None, "{}".to_owned(), 415),
            (Some("application/json"), "{".to_owned(), 400),
            (Some("application/json"), String::new(), 400),
            (Some("application/json"), "[]".to_owned(), 400),
            (Some("application/json"), format!("\"{}\"", "x".repeat(MAX_BYTES)), 413),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(kind) = kind {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            }
            let read = read(&headers, Body::from(body)).await;
            let found = read.map_or_else(|response| response.status().as_u16(), |_| 200);
            assert_eq!(found, status, "{kind:?}");
        }
    }
}
