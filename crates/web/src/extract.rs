//! Extractors that reject invalid input with 422, a `detail` for each error, and a readable message.

use std::{str::FromStr, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Request},
};
use http::{HeaderMap, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    error::{ApiError, Code},
    issues::Issues,
    strict::Strict,
};

/// Parses the id in a segment of a path or in a form. Any other text is treated as an unknown id.
///
/// # Errors
/// `missing` if the text is no id.
pub fn id_in<T: FromStr>(text: &str, missing: Code) -> Result<T, ApiError> {
    text.parse().map_err(|_no_number| missing.into())
}

/// Most characters of a parser's message that are repeated to the client.
const MAX_MESSAGE: usize = 200;

/// Time limit for reading and discarding the rest of a refused body.
const PATIENCE: Duration = Duration::from_secs(2);

/// Largest body in bytes that an extractor reads. The boundary adds it to the extensions of every request; a
/// route with a limit of its own replaces it.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(pub usize);

impl Default for BodyLimit {
    fn default() -> Self {
        Self(1 << 20)
    }
}

/// A JSON body. Unknown members are ignored. A body with a content type other than JSON gets 422, as from
/// SecondMe.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

/// A JSON body of up to many megabytes, which is parsed on a blocking thread.
#[derive(Debug, Clone, Copy)]
pub struct LargeJson<T>(pub T);

/// An `application/x-www-form-urlencoded` body. A body of another type is read as an empty form, so its
/// required fields are reported as missing (422 `Field required`).
#[derive(Debug, Clone, Copy)]
pub struct Form<T>(pub T);

/// The query string.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        check_json(request.headers())?;
        json(&body(request).await?).map(Self)
    }
}

impl<T: DeserializeOwned + Send + 'static, S: Send + Sync> FromRequest<S> for LargeJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        check_json(request.headers())?;
        let bytes = body(request).await?;
        let read = tokio::task::spawn_blocking(move || json(&bytes));
        read.await.map_err(ApiError::internal)?.map(Self)
    }
}

fn check_json(headers: &HeaderMap) -> Result<(), ApiError> {
    if !is_json(headers) {
        let mut issues = Issues::body();
        issues.add("model_attributes_type", "", "Input should be a JSON object sent as application/json");
        issues.finish()?;
    }
    Ok(())
}

/// Parses a JSON body.
fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(Strict(&mut reader))
        .map_err(|error| refuse(Issues::body(), &error))?;
    reader.end().map_err(|error| {
        let mut issues = Issues::body();
        issues.add("json_invalid", "", short(&error.to_string()));
        refusal(issues)
    })?;
    Ok(value)
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let is_form =
            content_type(request.headers()).is_some_and(|t| t == "application/x-www-form-urlencoded");
        let bytes = body(request).await?;
        // A body of another type has none of the fields, so each required one is reported as missing.
        let bytes = if is_form { bytes } else { Bytes::new() };
        urlencoded(&bytes, Issues::body()).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        urlencoded(parts.uri.query().unwrap_or_default().as_bytes(), Issues::query()).map(Self)
    }
}

fn urlencoded<T: DeserializeOwned>(bytes: &[u8], issues: Issues) -> Result<T, ApiError> {
    let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(bytes));
    serde_path_to_error::deserialize(reader).map_err(|error| refuse(issues, &error))
}

/// Reads the body up to the request's limit. A larger one is discarded and refused.
async fn body(request: Request) -> Result<Bytes, ApiError> {
    let BodyLimit(limit) = request.extensions().get().copied().unwrap_or_default();
    let declared =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let mut body = request.into_body();
    if declared.is_none_or(|length: usize| length <= limit) {
        match Limited::new(&mut body, limit).collect().await {
            Ok(whole) => return Ok(whole.to_bytes()),
            Err(error) if !error.is::<LengthLimitError>() => {
                return Err(ApiError::new(Code::InvalidParam).with("body").because(error));
            }
            Err(_too_large) => {}
        }
    }
    discard(body, limit as u64, PATIENCE).await;
    Err(ApiError::new(Code::BodyTooLarge).with(limit.to_string()))
}

/// Reads and discards the rest of a refused body, for at most `patience` and at most eight times `limit`
/// bytes (1 MiB at least). A client that is still sending would not read a response sent now; it would only
/// see a broken connection.
pub async fn discard(mut body: Body, limit: u64, patience: Duration) {
    let mut left = limit.saturating_mul(8).max(1 << 20);
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            let read = frame.data_ref().map_or(0, Bytes::len) as u64;
            left = left.saturating_sub(read);
            if left == 0 {
                return;
            }
        }
    };
    let _given_up = tokio::time::timeout(patience, reading).await;
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_none()
        || content_type(headers).is_some_and(|t| {
            t == "application/json" || (t.starts_with("application/") && t.ends_with("+json"))
        })
}

/// Turns a parser's error into one issue, at the place where the parser stopped.
fn refuse<E: std::fmt::Display>(mut issues: Issues, error: &serde_path_to_error::Error<E>) -> ApiError {
    let message = error.inner().to_string();
    let place = match error.path().to_string() {
        path if path == "." => String::new(),
        path => path,
    };
    if let Some(field) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        let field = if place.is_empty() { field.to_owned() } else { format!("{place}.{field}") };
        issues.missing(&field);
    } else {
        let kind = if message.starts_with("invalid type") || message.starts_with("invalid value") {
            "type_error"
        } else {
            "json_invalid"
        };
        issues.add_with(kind, &place, short(&message), Value::Null);
    }
    refusal(issues)
}

fn refusal(issues: Issues) -> ApiError {
    issues.finish().err().unwrap_or_else(|| ApiError::new(Code::Unprocessable))
}

fn short(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or_default();
    message.chars().take(MAX_MESSAGE).collect()
}
