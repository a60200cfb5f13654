//! Content negotiation of the MCP servers.
//!
//! The transport refuses requests whose `Accept` header does not list both JSON and event streams. Many
//! clients send another one, or none, and understand the JSON response all the same. So the header is
//! replaced, and a client that accepts event streams alone gets the response as one event.

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, Method, header};
use http_body_util::{BodyExt, Limited};

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
/// Maximum size of a response that becomes an event, in bytes.
const MAX_BYTES: usize = 16 << 20;

/// The form of the response that a client accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// JSON, as the transport responds.
    Json,
    /// One event of an event stream.
    Event,
}

/// Replaces the headers of a request by those that the transport expects.
pub(crate) fn adapt(method: &Method, headers: &mut HeaderMap) -> Accepted {
    if *method != Method::POST {
        return Accepted::Json;
    }
    let accepted = accepted(headers);
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    accepted
}

fn accepted(headers: &HeaderMap) -> Accepted {
    let texts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let kinds = texts.flat_map(|text| text.split(',')).filter(|kind| !is_refused(kind));
    let kinds: Vec<String> =
        kinds.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()).collect();
    let accepts = |kind: &str| kinds.iter().any(|accepted| accepted == kind);
    let is_json = ["*/*", "application/*", JSON].into_iter().any(accepts);
    if accepts(EVENTS) && !is_json { Accepted::Event } else { Accepted::Json }
}

/// Returns true for a media type with the weight 0.
fn is_refused(kind: &str) -> bool {
    let mut parameters = kind.split(';').skip(1).filter_map(|parameter| parameter.trim().split_once('='));
    parameters.any(|(name, weight)| {
        name.trim().eq_ignore_ascii_case("q")
            && weight.trim().parse::<f32>().is_ok_and(|weight| weight == 0.0)
    })
}

impl Accepted {
    /// Converts a response to the accepted form.
    pub(crate) async fn apply(self, response: Response) -> Response {
        let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == JSON);
        if self == Self::Json || !is_json || !response.status().is_success() {
            return response;
        }
        let (mut parts, body) = response.into_parts();
        let Ok(whole) = Limited::new(body, MAX_BYTES).collect().await else {
            parts.status = http::StatusCode::INTERNAL_SERVER_ERROR;
            return Response::from_parts(parts, Body::empty());
        };
        let text = String::from_utf8_lossy(&whole.to_bytes()).replace(['\r', '\n'], " ");
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENTS));
        parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        parts.headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        parts.headers.remove(header::CONTENT_LENGTH);
        Response::from_parts(parts, Body::from(format!("event: message\ndata: {text}\n\n")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clients_of_event_streams_alone_get_one() {
        for (lines, expected) in [
            (vec![], Accepted::Json),
            (vec!["*/*"], Accepted::Json),
            (vec!["application/json"], Accepted::Json),
            (vec!["application/json, text/event-stream"], Accepted::Json),
            (vec!["text/event-stream", "application/json"], Accepted::Json),
            (vec!["text/html"], Accepted::Json),
            (vec![""], Accepted::Json),
            (vec!["text/event-stream"], Accepted::Event),
            (vec!["Text/Event-Stream;q=0.9"], Accepted::Event),
            (vec!["text/event-stream, */*"], Accepted::Json),
            (vec!["text/event-stream", "application/*;q=0.1"], Accepted::Json),
            (vec!["text/event-stream, text/plain"], Accepted::Event),
            (vec!["text/event-stream, application/json;q=0"], Accepted::Event),
            (vec!["text/event-stream; charset=utf-8; Q=0.000"], Accepted::Json),
            (vec!["text/event-stream;q=0, */*;q=0"], Accepted::Json),
        ] {
            let mut headers = HeaderMap::new();
            for line in &lines {
                headers.append(header::ACCEPT, HeaderValue::from_static(line));
            }
            assert_eq!(adapt(&Method::POST, &mut headers), expected, "{lines:?}");
            assert_eq!(headers.get(header::ACCEPT).unwrap(), "application/json, text/event-stream");
            assert_eq!(headers.get_all(header::ACCEPT).iter().count(), 1);
        }
    }
}
